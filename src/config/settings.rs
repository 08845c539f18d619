//! The settings at work, and the one table they all come from.
//!
//! [`SETTINGS`] has one row per knob. The flag, the environment variables, the key in the file,
//! `--help`, `--print-config`, the completions and `config/loiter.toml` are all made from the
//! row, so a new knob is one field and one row, and there is no second place to forget.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::listen::{Listen, listeners};
use super::logging::*;
use super::values::*;
use crate::base::limits::{Limits, MAX_FIELDS};
use crate::http::app::App;

/// Everything an operator can decide.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Where to listen; never empty.
    pub listen: Vec<Listen>,
    /// Threads that serve; 0 is one per CPU.
    pub workers: usize,
    /// Whether each worker has a descriptor table of its own (Linux).
    pub private_fd_tables: bool,
    /// Whether a socket is read until it would block, instead of until the first short read.
    pub read_until_would_block: bool,
    /// Most connections at a time; what the descriptor limit allows when not given.
    pub max_connections: Option<usize>,
    /// The bounds that requests are held to.
    pub limits: Limits,
    /// Whether answers carry `Server: loiter/VERSION`.
    pub server_header: bool,
    /// Time that answers under way are given when the server is told to stop.
    pub shutdown_timeout: Duration,
    /// How much is logged.
    pub log_level: LogLevel,
    /// How the log is written.
    pub log_format: LogFormat,
    /// The form of the access log.
    pub access_log: AccessLog,
    /// Where the access log goes; standard error when not given.
    pub access_log_file: Option<PathBuf>,
}

impl Settings {
    /// What the layers below the server may consult.
    pub fn app(&self) -> App {
        App {
            limits: self.limits.clone(),
            server_header: self.server_header,
            records: self.access_log != AccessLog::Off,
            ..App::default()
        }
    }

    /// Something for each row to overwrite.
    fn blank() -> Settings {
        Settings {
            listen: Vec::new(),
            workers: 0,
            private_fd_tables: false,
            read_until_would_block: false,
            max_connections: None,
            limits: Limits::default(),
            server_header: false,
            shutdown_timeout: Duration::ZERO,
            log_level: LogLevel::Off,
            log_format: LogFormat::Auto,
            access_log: AccessLog::Off,
            access_log_file: None,
        }
    }
}

impl Default for Settings {
    /// Every row's default.
    fn default() -> Settings {
        let mut settings = Settings::blank();
        for row in SETTINGS {
            (row.set)(&mut settings, row.default).expect("a row takes its own default");
        }
        settings
    }
}

/// One knob: how it is called, what it takes, how it is set and shown.
pub struct Setting {
    /// The flag without its dashes, and the key in the file.
    pub name: &'static str,
    /// Environment variables beside `LOITER_…`, go-httpbin's where it has the same knob.
    pub also: &'static [&'static str],
    /// The heading it stands under.
    pub section: &'static str,
    /// How it is written in a file and on the command line.
    pub shape: Shape,
    /// The value's name in `--help`.
    pub value: &'static str,
    /// The default, spelt as [`Setting::show`] spells it.
    pub default: &'static str,
    /// What it takes, as the end of "give …".
    pub takes: &'static str,
    /// What it does: a sentence without its full stop.
    pub help: &'static str,
    /// Reads a value into the settings.
    pub set: fn(&mut Settings, &str) -> Result<(), BadValue>,
    /// Spells the value in the settings so that [`Setting::set`] takes it.
    pub show: fn(&Settings) -> String,
}

/// How a setting is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A number, or text that stands for one: `1048576`, `"1MiB"`, `"auto"`.
    Number,
    /// On or off; a flag without value is on.
    Switch,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// The name of a file.
    File,
    /// Any number of texts: an array in a file, a repeated flag, commas in one text.
    List,
}

impl Setting {
    /// The row called `name`.
    pub fn named(name: &str) -> Option<&'static Setting> {
        SETTINGS.iter().find(|row| row.name == name)
    }

    /// Its environment variables, the strongest first.
    pub fn variables(&self) -> impl Iterator<Item = String> + '_ {
        let own = format!("LOITER_{}", self.name.replace('-', "_").to_ascii_uppercase());
        std::iter::once(own).chain(self.also.iter().map(|name| (*name).to_owned()))
    }
}

const SERVING: &str = "Serving";
const LIMITS: &str = "Limits";
const LOGGING: &str = "Logging";

const ON_OR_OFF: &str = "on or off";
const SIZE: &str = "bytes, or a number with a unit: 64KiB, 1MiB, 10MB";
const TIME: &str = "seconds, or a number with a unit: 500ms, 1.5s, 2m, 1h30m";

/// Longest head that may be allowed: each worker keeps room for one.
const MOST_HEAD: u64 = 16 << 20;
/// Largest body that may be allowed: a waiting request, head and body, is counted in 32 bits.
const MOST_BODY: u64 = 1 << 30;
/// Most threads that may be asked for.
const MOST_WORKERS: u64 = 1024;

/// Every knob, in the order `--help` and `config/loiter.toml` show them.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "listen",
        also: &[],
        section: SERVING,
        shape: Shape::List,
        value: "ADDRESS",
        default: "http://127.0.0.1:8080",
        takes: "HOST:PORT, with http://, tcp-echo:// or udp-echo:// before it, or unix:PATH",
        help: "Where to listen, and what is spoken there; may be given more than once. No host is \
               every interface, port 0 any free port",
        set: |s, text| listeners(text).map(|listen| s.listen = listen),
        show: |s| s.listen.iter().map(Listen::to_string).collect::<Vec<_>>().join(","),
    },
    Setting {
        name: "workers",
        also: &[],
        section: SERVING,
        shape: Shape::Number,
        value: "N",
        default: "0",
        takes: "a whole number, 0 for one per CPU",
        help: "Threads that serve, each with an event loop of its own",
        set: |s, text| number(text, 0..=MOST_WORKERS).map(|n| s.workers = n as usize),
        show: |s| s.workers.to_string(),
    },
    Setting {
        name: "max-connections",
        also: &[],
        section: SERVING,
        shape: Shape::Number,
        value: "N",
        default: "auto",
        takes: "a whole number from 1, or auto for what the descriptor limit allows",
        help: "Most connections at a time, in equal shares for the workers, rounded up; more \
               wait in the listen queue",
        set: |s, text| connections(text).map(|most| s.max_connections = most),
        show: |s| s.max_connections.map_or("auto".to_owned(), |most| most.to_string()),
    },
    Setting {
        name: "private-fd-tables",
        also: &[],
        section: SERVING,
        shape: Shape::Switch,
        value: "on|off",
        default: "on",
        takes: ON_OR_OFF,
        help: "Give each worker a descriptor table of its own, so that the descriptor limit \
               counts per worker (Linux)",
        set: |s, text| switch(text).map(|on| s.private_fd_tables = on),
        show: |s| on_off(s.private_fd_tables),
    },
    Setting {
        name: "read-until-would-block",
        also: &[],
        section: SERVING,
        shape: Shape::Switch,
        value: "on|off",
        default: "off",
        takes: ON_OR_OFF,
        help: "Read each socket until it has no more, instead of stopping after a short read: \
               one system call more, and right on every system",
        set: |s, text| switch(text).map(|on| s.read_until_would_block = on),
        show: |s| on_off(s.read_until_would_block),
    },
    Setting {
        name: "server-header",
        also: &[],
        section: SERVING,
        shape: Shape::Switch,
        value: "on|off",
        default: "on",
        takes: ON_OR_OFF,
        help: "Send `Server: loiter/VERSION` with every answer",
        set: |s, text| switch(text).map(|on| s.server_header = on),
        show: |s| on_off(s.server_header),
    },
    Setting {
        name: "shutdown-timeout",
        also: &[],
        section: SERVING,
        shape: Shape::Number,
        value: "TIME",
        default: "8s",
        takes: TIME,
        help: "Time that answers under way are given when the server is told to stop",
        set: |s, text| duration(text).map(|time| s.shutdown_timeout = time),
        show: |s| show_duration(s.shutdown_timeout),
    },
    Setting {
        name: "max-duration",
        also: &["MAX_DURATION"],
        section: LIMITS,
        shape: Shape::Number,
        value: "TIME",
        default: "10s",
        takes: TIME,
        help: "Longest time an answer may be asked to take, as with /delay and /drip",
        set: |s, text| duration(text).map(|time| s.limits.max_duration = time),
        show: |s| show_duration(s.limits.max_duration),
    },
    Setting {
        name: "max-bytes",
        also: &[],
        section: LIMITS,
        shape: Shape::Number,
        value: "SIZE",
        default: "100KiB",
        takes: SIZE,
        help: "Most bytes /bytes/N makes",
        set: |s, text| size(text, 0..=u64::MAX).map(|n| s.limits.max_bytes = n),
        show: |s| show_size(s.limits.max_bytes),
    },
    Setting {
        name: "max-body-size",
        also: &["MAX_BODY_SIZE"],
        section: LIMITS,
        shape: Shape::Number,
        value: "SIZE",
        default: "1MiB",
        takes: SIZE,
        help: "Largest request body that is kept; a larger one is answered 413",
        set: |s, text| size(text, 0..=MOST_BODY).map(|n| s.limits.body_bytes = n),
        show: |s| show_size(s.limits.body_bytes),
    },
    Setting {
        name: "max-head-line",
        also: &[],
        section: LIMITS,
        shape: Shape::Number,
        value: "SIZE",
        default: "16KiB",
        takes: SIZE,
        help: "Longest request line or header field; a longer one is answered 414 or 431",
        set: |s, text| size(text, 1..=MOST_HEAD).map(|n| s.limits.head_line_bytes = n as usize),
        show: |s| show_size(s.limits.head_line_bytes as u64),
    },
    Setting {
        name: "max-head-size",
        also: &["SRV_MAX_HEADER_BYTES"],
        section: LIMITS,
        shape: Shape::Number,
        value: "SIZE",
        default: "64KiB",
        takes: SIZE,
        help: "Longest request head in all; a longer one is answered 431",
        set: |s, text| size(text, 1..=MOST_HEAD).map(|n| s.limits.head_bytes = n as usize),
        show: |s| show_size(s.limits.head_bytes as u64),
    },
    Setting {
        name: "max-head-fields",
        also: &[],
        section: LIMITS,
        shape: Shape::Number,
        value: "N",
        default: "128",
        takes: "a whole number from 1 to 128",
        help: "Most header fields in one request head; more are answered 431",
        set: |s, text| {
            number(text, 1..=MAX_FIELDS as u64).map(|n| s.limits.head_fields = n as usize)
        },
        show: |s| s.limits.head_fields.to_string(),
    },
    Setting {
        name: "head-timeout",
        also: &["SRV_READ_HEADER_TIMEOUT"],
        section: LIMITS,
        shape: Shape::Number,
        value: "TIME",
        default: "10s",
        takes: TIME,
        help: "Time for a whole request head; answered 408 after it",
        set: |s, text| timeout(text).map(|time| s.limits.head_timeout = time),
        show: |s| show_duration(s.limits.head_timeout),
    },
    Setting {
        name: "body-timeout",
        also: &[],
        section: LIMITS,
        shape: Shape::Number,
        value: "TIME",
        default: "1m",
        takes: TIME,
        help: "Longest gap between two pieces of a request body; answered 408 after it",
        set: |s, text| timeout(text).map(|time| s.limits.body_timeout = time),
        show: |s| show_duration(s.limits.body_timeout),
    },
    Setting {
        name: "send-timeout",
        also: &[],
        section: LIMITS,
        shape: Shape::Number,
        value: "TIME",
        default: "1m",
        takes: TIME,
        help: "Longest time a client may take nothing of an answer that is ready; closed after it",
        set: |s, text| timeout(text).map(|time| s.limits.send_timeout = time),
        show: |s| show_duration(s.limits.send_timeout),
    },
    Setting {
        name: "keep-alive-timeout",
        also: &[],
        section: LIMITS,
        shape: Shape::Number,
        value: "TIME",
        default: "75s",
        takes: TIME,
        help: "Longest idle time between two requests of a connection",
        set: |s, text| timeout(text).map(|time| s.limits.keep_alive_timeout = time),
        show: |s| show_duration(s.limits.keep_alive_timeout),
    },
    Setting {
        name: "log-level",
        also: &["LOG_LEVEL"],
        section: LOGGING,
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
        section: LOGGING,
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
        section: LOGGING,
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
        section: LOGGING,
        shape: Shape::File,
        value: "FILE",
        default: "-",
        takes: "the name of a file, or - for standard error",
        help: "Where the access log goes; opened again on SIGUSR1",
        set: |s, text| file(text).map(|file| s.access_log_file = file),
        show: |s| {
            s.access_log_file.as_deref().map_or("-".into(), |f: &Path| f.display().to_string())
        },
    },
];

fn connections(text: &str) -> Result<Option<usize>, BadValue> {
    match text {
        "auto" => Ok(None),
        _ => number(text, 1..=u64::from(u32::MAX)).map(|most| Some(most as usize)),
    }
}

fn file(text: &str) -> Result<Option<PathBuf>, BadValue> {
    match text {
        "" => Err(BadValue::new("the name of the file is empty")),
        "-" => Ok(None),
        _ => Ok(Some(PathBuf::from(text))),
    }
}

fn on_off(on: bool) -> String {
    if on { "on" } else { "off" }.to_owned()
}
