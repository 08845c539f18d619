//! What is logged, where and in which format.

use std::path::Path;

use super::*;

pub(super) const ROWS: &[Setting] = &[
    Setting {
        name: "log-level",
        also: &["LOG_LEVEL"],
        shape: Shape::Choice(&["off", "error", "warn", "info", "debug", "trace"]),
        value: "LEVEL",
        takes: "off, error, warn, info, debug or trace",
        help: "Lowest level of the events that are logged on standard error",
        ..choice!(log_level, LOG_LEVELS)
    },
    Setting {
        name: "log-format",
        also: &["LOG_FORMAT"],
        shape: Shape::Choice(&["auto", "text", "json"]),
        value: "FORMAT",
        takes: "auto (text on a terminal, JSON elsewhere), text or json",
        help: "Format of the log",
        ..choice!(log_format, LOG_FORMATS)
    },
    Setting {
        name: "access-log",
        shape: Shape::Choice(&["off", "common", "combined", "json"]),
        value: "FORMAT",
        takes: "off, common, combined or json",
        help: "Format of the access log, which has one line per request",
        ..choice!(access_log, ACCESS_LOGS)
    },
    Setting {
        name: "log-probes",
        help: "Log the requests of probes, /healthz and /readyz, in the access log too",
        ..switch!(api.log_probes)
    },
    Setting {
        name: "access-log-file",
        shape: Shape::File,
        value: "FILE",
        takes: "the name of a file, or - for standard error",
        help: "File of the access log; SIGHUP and SIGUSR1 reopen it",
        set: |s, text| file(text).map(|file| s.access_log_file = file),
        show: |s| {
            s.access_log_file.as_deref().map_or("-".into(), |f: &Path| f.display().to_string())
        },
        ..ROW
    },
];

fn file(text: &str) -> Result<Option<PathBuf>, BadValue> {
    match text {
        "" => Err(BadValue::new("the file name is empty")),
        "-" => Ok(None),
        _ => Ok(Some(PathBuf::from(text))),
    }
}
