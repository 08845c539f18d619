//! What is logged, where and in which format.

use std::path::Path;

use super::*;
use crate::base::limits::MAX_UNRECORDED_PATHS;

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
    Setting {
        name: "access-log-exclude",
        shape: Shape::List,
        value: "PATH",
        takes: "paths separated by commas; * matches any text, as in /status/*",
        help: "Paths that the access log leaves out, compared with the request's target as it was \
               sent, before the ?",
        set: |s, text| patterns(text).map(|paths| s.api.unrecorded = paths),
        show: |s| s.api.unrecorded.join("\n"),
        ..ROW
    },
];

fn patterns(text: &str) -> Result<Vec<String>, BadValue> {
    let paths: Result<Vec<String>, _> = items(text).map(pattern).collect();
    paths.and_then(|paths| match paths.len() {
        ..=MAX_UNRECORDED_PATHS => Ok(paths),
        _ => Err(BadValue::new(format!("more than {MAX_UNRECORDED_PATHS} paths"))
            .advise("write * for what they differ in")),
    })
}

fn pattern(text: &str) -> Result<String, BadValue> {
    let bad = match () {
        () if !text.starts_with(['/', '*']) => "does not begin with / or *",
        () if !text.bytes().all(|byte| byte.is_ascii_graphic()) => "is not as a client sends it",
        () if text.contains(['?', '#']) => "has more than a path",
        () => return Ok(text.to_owned()),
    };
    Err(BadValue::new(format!("`{text}` {bad}"))
        .advise("give the path alone, percent-encoded, such as /status/*"))
}

fn file(text: &str) -> Result<Option<PathBuf>, BadValue> {
    match text {
        "" => Err(BadValue::new("the file name is empty")),
        "-" => Ok(None),
        _ => Ok(Some(PathBuf::from(text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_to_leave_out() {
        let read = |text: &str| patterns(text).map(|paths| paths.join(" "));
        assert_eq!(read(" /healthz, */get,/status/*,").as_deref(), Ok("/healthz */get /status/*"));
        assert_eq!(read("").as_deref(), Ok(""));
        for bad in ["status/200", "/get?a=1", "/a b", "/é", "/x,http://a/", "/a#b"] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!(read(&"/x,".repeat(MAX_UNRECORDED_PATHS)).is_ok());
        assert!(read(&"/x,".repeat(MAX_UNRECORDED_PATHS + 1)).is_err());
    }
}
