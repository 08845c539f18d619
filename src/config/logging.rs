//! What there is to choose about logs, and how each choice is spelt.

/// How much is logged: this level and all before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// What keeps the server from doing its work.
    Error,
    /// What an operator should look at.
    Warn,
    /// The server's own life: start, reload, drain, stop.
    Info,
    /// Each connection.
    Debug,
    /// Each turn of a connection.
    Trace,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Text, in colour when standard error is a terminal.
    Auto,
    /// Plain text.
    Text,
    /// One JSON object per line.
    Json,
}

/// The form of the access log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessLog {
    /// None is kept.
    Off,
    /// NCSA common log format.
    Common,
    /// The common format with referrer and user agent.
    Combined,
    /// One JSON object per line.
    Json,
}

/// How the levels are spelt.
pub(crate) const LOG_LEVELS: [(&str, LogLevel); 6] = [
    ("off", LogLevel::Off),
    ("error", LogLevel::Error),
    ("warn", LogLevel::Warn),
    ("info", LogLevel::Info),
    ("debug", LogLevel::Debug),
    ("trace", LogLevel::Trace),
];
/// How the formats are spelt.
pub(crate) const LOG_FORMATS: [(&str, LogFormat); 3] =
    [("auto", LogFormat::Auto), ("text", LogFormat::Text), ("json", LogFormat::Json)];
/// How the forms are spelt.
pub(crate) const ACCESS_LOGS: [(&str, AccessLog); 4] = [
    ("off", AccessLog::Off),
    ("common", AccessLog::Common),
    ("combined", AccessLog::Combined),
    ("json", AccessLog::Json),
];
