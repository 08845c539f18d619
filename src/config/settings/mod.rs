//! The settings at work, and the one table they all come from.
//!
//! [`SECTIONS`] has one row per knob. The flag, the environment variables, the key in the file,
//! `--help`, `--print-config`, the completions and `config/loiter.toml` are all made from the
//! row, so a new knob is one field and one row, and there is no second place to forget.

mod admission;
mod api;
mod limits;
mod logging;
mod serving;

use std::path::PathBuf;
use std::time::Duration;

use super::listen::Listen;
use super::logging::*;
use super::preset::Preset;
use super::values::*;
use crate::base::limits::Limits;
use crate::http::app::{App, Redirects};
use crate::http::compat::{Compat, HTTPBIN};
use crate::http::document::Documents;

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
    /// Whether a client must have spoken before it is accepted, or a second have passed (Linux).
    pub defer_accept: bool,
    /// Where it stands: what is not given is set for that.
    pub preset: Preset,
    /// Most connections of one address at a time.
    pub max_connections_per_ip: Option<u32>,
    /// Most connections at a time; what the descriptor limit allows when not given.
    pub max_connections: Option<usize>,
    /// The `Server` field of every answer.
    pub server_header: Option<String>,
    /// Time that answers under way are given when the server is told to stop.
    pub shutdown_timeout: Duration,
    /// Whose ways are followed.
    pub compat: &'static Compat,
    /// What stands before every path: empty, or a text that starts with `/` and ends without.
    pub prefix: String,
    /// Header fields that no answer tells, in lower case; `*` stands for any text.
    pub exclude_headers: Vec<String>,
    /// Where `/redirect-to` may send clients.
    pub redirects: Redirects,
    /// Whether `/hostname` tells the machine's name.
    pub real_hostname: bool,
    /// Whether `/version` tells more than the name.
    pub full_version: bool,
    /// Whether a client may choose a media type that a browser would run, with its own text in it.
    pub dangerous_responses: bool,
    /// What `/env` tells, by name. The one thing here that is no row: its names are the operator's.
    pub environment: Vec<(String, String)>,
    /// The bounds that requests are held to.
    pub limits: Limits,
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
    /// What the layers below the server may consult. The machine's name is not known here: in its
    /// place stands what `/hostname` tells when that is not to be told.
    pub fn app(&self) -> App {
        App {
            limits: self.limits.clone(),
            compat: self.compat,
            prefix: self.prefix.clone(),
            exclude_headers: self.exclude_headers.clone(),
            redirects: self.redirects.clone(),
            dangerous_responses: self.dangerous_responses,
            hostname: self.compat.service.to_owned(),
            environment: match self.preset {
                Preset::Local => self.environment.clone(),
                Preset::Public => Vec::new(),
            },
            full_version: self.full_version,
            server_header: self.server_header.clone(),
            records: self.access_log != AccessLog::Off,
            documents: Documents::default(),
        }
    }

    /// Takes defaults that a choice brings along, such as [`PUBLIC`](crate::config::PUBLIC).
    pub fn take(&mut self, defaults: &[(&str, &str)]) {
        for (name, value) in defaults {
            let row = Setting::named(name).expect("a default names its row");
            (row.set)(self, value).expect("a row takes its default");
        }
    }

    /// Something for each row to overwrite.
    fn blank() -> Settings {
        Settings {
            listen: Vec::new(),
            workers: 0,
            private_fd_tables: false,
            read_until_would_block: false,
            defer_accept: false,
            preset: Preset::Local,
            max_connections_per_ip: None,
            max_connections: None,
            server_header: None,
            shutdown_timeout: Duration::ZERO,
            compat: &HTTPBIN,
            prefix: String::new(),
            exclude_headers: Vec::new(),
            redirects: Redirects::All,
            real_hostname: false,
            full_version: false,
            dangerous_responses: false,
            environment: Vec::new(),
            limits: Limits::default(),
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
        for row in Setting::all() {
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
    /// Any text.
    Text,
    /// The name of a file.
    File,
    /// Any number of texts: an array in a file, a repeated flag, commas in one text.
    List,
}

impl Setting {
    /// Every row.
    pub fn all() -> impl Iterator<Item = &'static Setting> {
        SECTIONS.iter().flat_map(|section| section.rows)
    }

    /// The row called `name`.
    pub fn named(name: &str) -> Option<&'static Setting> {
        Setting::all().find(|row| row.name == name)
    }

    /// The environment variable of our own.
    pub fn variable(&self) -> String {
        format!("LOITER_{}", self.name.replace('-', "_").to_ascii_uppercase())
    }

    /// Its environment variables, the strongest first.
    pub fn variables(&self) -> impl Iterator<Item = String> + '_ {
        std::iter::once(self.variable()).chain(self.also.iter().map(|name| (*name).to_owned()))
    }
}

/// Settings that belong together.
pub struct Section {
    /// The heading they stand under.
    pub title: &'static str,
    /// One row per knob.
    pub rows: &'static [Setting],
}

/// Every knob, in the order `--help` and `config/loiter.toml` show them.
pub const SECTIONS: [Section; 5] = [
    Section { title: "Serving", rows: serving::ROWS },
    Section { title: "Admission", rows: admission::ROWS },
    Section { title: "API", rows: api::ROWS },
    Section { title: "Limits", rows: limits::ROWS },
    Section { title: "Logging", rows: logging::ROWS },
];

const ON_OR_OFF: &str = "on or off";
const SIZE: &str = "bytes, or a number with a unit: 64KiB, 1MiB, 10MB";
const TIME: &str = "seconds, or a number with a unit: 500ms, 1.5s, 2m, 1h30m";

fn on_off(on: bool) -> String {
    if on { "on" } else { "off" }.to_owned()
}
