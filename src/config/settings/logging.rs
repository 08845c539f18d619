//! What is logged, how and where.

use std::path::Path;

use super::*;

pub(super) const ROWS: &[Setting] = &[
    Setting {
        name: "log-level",
        also: &["LOG_LEVEL"],
        shape: Shape::Choice(&["off", "error", "warn", "info", "debug", "trace"]),
        value: "LEVEL",
        default: "info",
        takes: "off, error, warn, info, debug or trace",
        help: "How much is logged on standard error",
        set: |s, text| choice(text, &LOG_LEVELS).map(|level| s.log_level = level),
        show: |s| show_choice(&s.log_level, &LOG_LEVELS),
    },
    Setting {
        name: "log-format",
        also: &["LOG_FORMAT"],
        shape: Shape::Choice(&["auto", "text", "json"]),
        value: "FORMAT",
        default: "auto",
        takes: "auto (text on a terminal, JSON elsewhere), text or json",
        help: "How the log is written",
        set: |s, text| choice(text, &LOG_FORMATS).map(|format| s.log_format = format),
        show: |s| show_choice(&s.log_format, &LOG_FORMATS),
    },
    Setting {
        name: "access-log",
        also: &[],
        shape: Shape::Choice(&["off", "common", "combined", "json"]),
        value: "FORMAT",
        default: "off",
        takes: "off, common, combined or json",
        help: "Write a line for every request",
        set: |s, text| choice(text, &ACCESS_LOGS).map(|format| s.access_log = format),
        show: |s| show_choice(&s.access_log, &ACCESS_LOGS),
    },
    Setting {
        name: "access-log-file",
        also: &[],
        shape: Shape::File,
        value: "FILE",
        default: "-",
        takes: "the name of a file, or - for standard error",
        help: "Where the access log goes; opened again on SIGHUP or SIGUSR1",
        set: |s, text| file(text).map(|file| s.access_log_file = file),
        show: |s| {
            s.access_log_file.as_deref().map_or("-".into(), |f: &Path| f.display().to_string())
        },
    },
];

fn file(text: &str) -> Result<Option<PathBuf>, BadValue> {
    match text {
        "" => Err(BadValue::new("the name of the file is empty")),
        "-" => Ok(None),
        _ => Ok(Some(PathBuf::from(text))),
    }
}
