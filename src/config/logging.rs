//! The choices for logs, and their names.

/// The lowest level that is logged. `INFO` is the server's life cycle, `DEBUG` each connection,
/// `TRACE` each turn of one.
pub use tracing::level_filters::LevelFilter as LogLevel;

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
pub enum AccessFormat {
    /// Apache's Common Log Format.
    Common,
    /// The same with Referer and User-Agent.
    Combined,
    /// One JSON object per line, with the duration.
    Json,
}

/// The names of the levels.
pub(crate) const LOG_LEVELS: [(&str, LogLevel); 6] = [
    ("off", LogLevel::OFF),
    ("error", LogLevel::ERROR),
    ("warn", LogLevel::WARN),
    ("info", LogLevel::INFO),
    ("debug", LogLevel::DEBUG),
    ("trace", LogLevel::TRACE),
];
/// The names of the formats.
pub(crate) const LOG_FORMATS: [(&str, LogFormat); 3] =
    [("auto", LogFormat::Auto), ("text", LogFormat::Text), ("json", LogFormat::Json)];
/// The names of the access log's formats.
pub(crate) const ACCESS_LOGS: [(&str, Option<AccessFormat>); 4] = [
    ("off", None),
    ("common", Some(AccessFormat::Common)),
    ("combined", Some(AccessFormat::Combined)),
    ("json", Some(AccessFormat::Json)),
];
