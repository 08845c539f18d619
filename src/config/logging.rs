//! The choices for logs, and their names.

/// The lowest level that is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// What keeps the server from working.
    Error,
    /// What an operator should look at.
    Warn,
    /// The server's life cycle: start, drain, stop.
    Info,
    /// Each connection.
    Debug,
    /// Each turn of a connection.
    Trace,
}

/// The format of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Text, in colour when standard error is a terminal.
    Auto,
    /// Plain text.
    Text,
    /// One JSON object per line.
    Json,
}

/// The format of the access log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessLog {
    /// No access log.
    Off,
    /// NCSA common log format.
    Common,
    /// The common format with referrer and user agent.
    Combined,
    /// One JSON object per line.
    Json,
}

/// The names of the levels.
pub(crate) const LOG_LEVELS: [(&str, LogLevel); 6] = [
    ("off", LogLevel::Off),
    ("error", LogLevel::Error),
    ("warn", LogLevel::Warn),
    ("info", LogLevel::Info),
    ("debug", LogLevel::Debug),
    ("trace", LogLevel::Trace),
];
/// The names of the formats.
pub(crate) const LOG_FORMATS: [(&str, LogFormat); 3] =
    [("auto", LogFormat::Auto), ("text", LogFormat::Text), ("json", LogFormat::Json)];
/// The names of the access log's formats.
pub(crate) const ACCESS_LOGS: [(&str, AccessLog); 4] = [
    ("off", AccessLog::Off),
    ("common", AccessLog::Common),
    ("combined", AccessLog::Combined),
    ("json", AccessLog::Json),
];
