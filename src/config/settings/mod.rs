//! The settings, and the one table they all come from.
//!
//! [`SECTIONS`] has one row per setting. The flag, the environment variables, the key in the file,
//! `--help`, `--print-config`, the completions and `config/loiter.toml` are all made from the row:
//! a new setting is one field and one row.

/// The part of a row that follows from the field it sets: a size in bytes within a range.
macro_rules! size {
    ($($field:ident).+, $range:expr) => {
        Setting {
            value: "SIZE",
            takes: SIZE,
            set: |s, text| size(text, $range).map(|bytes| s.$($field).+ = bytes as _),
            show: |s| show_size(s.$($field).+ as u64),
            ..NUMBER
        }
    };
}

/// The same for a number within a range.
macro_rules! count {
    ($($field:ident).+, $range:expr) => {
        Setting {
            set: |s, text| number(text, $range).map(|n| s.$($field).+ = n as _),
            show: |s| s.$($field).+.to_string(),
            ..NUMBER
        }
    };
}

/// The same for a limit on a count, in which the type's largest value means `off`.
macro_rules! limit {
    ($($field:ident).+, $type:ident) => {
        Setting {
            set: |s, text| {
                let most = limit(text, $type::MAX as u64 - 1)?;
                s.$($field).+ = most.map_or($type::MAX, |most| most as $type);
                Ok(())
            },
            show: |s| {
                show_limit(Some(s.$($field).+).filter(|n| *n != $type::MAX).map(|n| n as u64))
            },
            ..NUMBER
        }
    };
}

/// The same for a time, parsed by `duration` or `timeout`.
macro_rules! time {
    ($($field:ident).+, $parse:ident) => {
        Setting {
            value: "TIME",
            takes: TIME,
            set: |s, text| $parse(text).map(|time| s.$($field).+ = time),
            show: |s| show_duration(s.$($field).+),
            ..NUMBER
        }
    };
}

/// The same for a switch.
macro_rules! switch {
    ($($field:ident).+) => {
        Setting {
            shape: Shape::Switch,
            value: "on|off",
            takes: "on or off",
            set: |s, text| switch(text).map(|on| s.$($field).+ = on),
            show: |s| if s.$($field).+ { "on" } else { "off" }.to_owned(),
            ..ROW
        }
    };
}

/// The same for one of the words in a table.
macro_rules! choice {
    ($($field:ident).+, $table:ident) => {
        Setting {
            set: |s, text| choice(text, &$table).map(|value| s.$($field).+ = value),
            show: |s| show_choice(&s.$($field).+, &$table),
            ..ROW
        }
    };
}

mod admission;
mod api;
mod header_lists;
mod limits;
mod logging;
mod modifiers;
mod operations;
mod serving;
mod tls;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::defaults;
use super::listen::{Bind, Host, Listen};
use super::logging::*;
use super::preset::Preset;
use super::tls::TlsSettings;
use super::values::*;
use crate::base::limits::DRAIN_IDLE;
use crate::http::app::{App, HalfClose, Redirects};
use crate::http::modifiers::{Bounds, Modifiers};
use crate::http::trusted_proxies::TrustedProxies;
use crate::proto::proxy_protocol::ProxyMode;

/// Everything an operator can set.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// What to listen on; never empty.
    pub listen: Vec<Listen>,
    /// Worker threads; 0 means one per CPU.
    pub workers: usize,
    /// Whether each worker has its own descriptor table (Linux).
    pub private_fd_tables: bool,
    /// Whether a socket is read until it would block, instead of until the first short read.
    pub read_until_would_block: bool,
    /// Whether connections are accepted with their first bytes, or after a second (Linux).
    pub defer_accept: bool,
    /// The defaults of what is not given.
    pub preset: Preset,
    /// Most connections from one IP address at a time.
    pub max_connections_per_ip: Option<u32>,
    /// Most connections at a time; `None` for what the descriptor limit allows.
    pub max_connections: Option<usize>,
    /// The address of the admin listener, if there is one: `Http` or `Unix`.
    pub admin: Option<Bind>,
    /// Most requests in the journal; 0 if none is kept.
    pub journal: usize,
    /// Most bytes of the requests in the journal.
    pub journal_bytes: usize,
    /// When a shutdown cuts off what is still in progress, from the signal on.
    pub shutdown_timeout: Duration,
    /// The file for the process ID, if there is one.
    pub pid_file: Option<PathBuf>,
    /// How long a shutdown serves everything as before, from the signal on.
    pub drain_delay: Duration,
    /// How long after that an idle connection may still send a request.
    pub drain_idle: Duration,
    /// Whether `/hostname` shows the machine's host name.
    pub real_hostname: bool,
    /// What the TLS listeners use.
    pub tls: TlsSettings,
    /// What protocols and endpoints read, as given; [`Settings::app`] completes it.
    pub api: App,
    /// The lowest level that is logged.
    pub log_level: LogLevel,
    /// The format of the log.
    pub log_format: LogFormat,
    /// The format of the access log, if there is one.
    pub access_log: Option<AccessFormat>,
    /// The file of the access log; `None` for standard error.
    pub access_log_file: Option<PathBuf>,
}

impl Settings {
    /// What the layers below the server read, with the fixed host name instead of the machine's.
    pub fn app(&self) -> App {
        let mut app = self.api.clone();
        app.hostname = app.compat.service.to_owned();
        app.records = self.access_log.is_some();
        app.record_details = self.access_log == Some(AccessFormat::Json);
        app.public = self.preset == Preset::Public;
        if app.public {
            app.environment.clear();
        }
        app
    }

    /// The mistakes that depend on several settings: the row of each, and what is wrong.
    pub fn check(&self) -> Vec<(&'static Setting, BadValue)> {
        let tls = self.tls.check();
        let tls = tls.into_iter().filter_map(|(name, bad)| Some((Setting::named(name)?, bad)));
        tls.chain(self.check_admin())
            .chain(self.check_proxies())
            .chain(self.check_drain())
            .chain(self.check_modifiers())
            .collect()
    }

    /// The mistakes that are none inside a program, which has other means.
    pub(crate) fn check_program(&self) -> Option<(&'static Setting, BadValue)> {
        if self.journal == 0 || self.admin.is_some() {
            return None;
        }
        let bad =
            BadValue::new(format!("nothing shows the {} requests that it keeps", self.journal));
        let advice = "give --admin 127.0.0.1:9090 too, whose GET /requests does";
        Some((Setting::named("journal")?, bad.advise(advice)))
    }

    fn check_admin(&self) -> Option<(&'static Setting, BadValue)> {
        let admin = self.admin.as_ref()?;
        let taken = self.listen.iter().find(|listen| listen.bind.clashes(admin))?;
        let bad =
            BadValue::new(format!("`{admin}` is {}, which is listened on already", taken.bind));
        Some((Setting::named("admin")?, bad.advise("give --admin an address of its own")))
    }

    fn check_drain(&self) -> Option<(&'static Setting, BadValue)> {
        let (delay, timeout) = (self.drain_delay, self.shutdown_timeout);
        if delay.is_zero() || delay < timeout {
            return None;
        }
        let (delay, timeout) = (show_duration(delay), show_duration(timeout));
        let wrong = format!("{delay} leaves nothing of the --shutdown-timeout, {timeout}");
        let advice = "give less, or a longer --shutdown-timeout, which contains it";
        Some((Setting::named("drain-delay")?, BadValue::new(wrong).advise(advice)))
    }

    /// A header that nobody may send would close a port, or be read as a request.
    fn check_proxies(&self) -> Option<(&'static Setting, BadValue)> {
        let none = self.api.trusted_proxies == TrustedProxies::None;
        let listen = self.listen.iter().find(|listen| none && listen.proxy != ProxyMode::Off)?;
        let wrong = format!("`{listen}` takes PROXY protocol headers, and no proxy is trusted");
        let bad = BadValue::new(wrong).advise("name the proxies with --trusted-proxies");
        Some((Setting::named("listen")?, bad))
    }

    fn check_modifiers(&self) -> Vec<(&'static Setting, BadValue)> {
        let bounds = Bounds::new(&self.api.limits, false, self.api.dangerous_responses);
        let with = &self.api.with;
        let check = |name, layers: &[&Modifiers]| {
            let bad = defaults::check(layers, &bounds).err()?;
            Some((Setting::named(name)?, bad))
        };
        if let Some(server) = check("with", &[with]) {
            return vec![server];
        }
        let listeners = self.listen.iter().map(|listen| &listen.modifiers);
        listeners.filter_map(|modifiers| check("listen", &[with, modifiers])).collect()
    }

    /// Applies the defaults of a preset, such as [`PUBLIC`](crate::config::PUBLIC).
    pub fn apply(&mut self, defaults: &[(&str, &str)]) {
        for (name, value) in defaults {
            let row = Setting::named(name).expect("a preset names its row");
            (row.set)(self, value).expect("a row accepts the value of a preset");
        }
    }
}

impl Default for Settings {
    fn default() -> Settings {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080));
        Settings {
            listen: vec![Listen::from(Bind::HttpAndHttps(Host::Address(address)))],
            workers: 0,
            private_fd_tables: true,
            read_until_would_block: false,
            defer_accept: true,
            preset: Preset::Local,
            max_connections_per_ip: None,
            max_connections: None,
            admin: None,
            journal: 0,
            journal_bytes: 16 << 20,
            shutdown_timeout: Duration::from_secs(12),
            drain_delay: Duration::ZERO,
            drain_idle: DRAIN_IDLE,
            pid_file: None,
            real_hostname: false,
            tls: TlsSettings::default(),
            api: App::default(),
            log_level: LogLevel::INFO,
            log_format: LogFormat::Auto,
            access_log: None,
            access_log_file: None,
        }
    }
}

/// One setting: its names, its values, and how they are read and printed.
pub struct Setting {
    /// The flag without its dashes, and the key in the file.
    pub name: &'static str,
    /// Other environment variables for the same setting, nearly all of them go-httpbin's, in
    /// addition to `LOITER_…`.
    pub also: &'static [&'static str],
    /// How its value is written in a file and on the command line.
    pub shape: Shape,
    /// The name of the value in `--help`.
    pub value: &'static str,
    /// The values it accepts, as the end of "give …".
    pub takes: &'static str,
    /// What it does: a sentence without a full stop.
    pub help: &'static str,
    /// Whether its value is hidden where a running server shows its settings.
    pub secret: bool,
    /// Parses a value into the settings.
    pub set: fn(&mut Settings, &str) -> Result<(), BadValue>,
    /// Writes the value in the settings so that [`Setting::set`] reads it back.
    pub show: fn(&Settings) -> String,
}

/// How a setting is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A number, or a text for one: `1048576`, `"1MiB"`, `"auto"`.
    Number,
    /// On or off; a flag without a value means on.
    Switch,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Any text.
    Text,
    /// A file name.
    File,
    /// Any number of texts: an array in a file, a repeated flag, or one text with commas. Between
    /// the elements of an array, and of a repeated flag, `set` and `show` have a line feed.
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

    /// The default value, as text.
    pub fn default_text(&self) -> String {
        (self.show)(&Settings::default())
    }

    /// Its own environment variable, `LOITER_…`.
    pub fn variable(&self) -> String {
        format!("LOITER_{}", self.name.replace('-', "_").to_ascii_uppercase())
    }

    /// Its environment variables; the first that is set wins.
    pub fn variables(&self) -> impl Iterator<Item = String> + '_ {
        std::iter::once(self.variable()).chain(self.also.iter().map(|name| (*name).to_owned()))
    }
}

/// Settings that belong together.
pub struct Section {
    /// Their heading.
    pub title: &'static str,
    /// One row per setting.
    pub rows: &'static [Setting],
}

/// Every setting, in the order of `--help` and `config/loiter.toml`.
pub const SECTIONS: [Section; 8] = [
    Section { title: "Serving", rows: serving::ROWS },
    Section { title: "Operations", rows: operations::ROWS },
    Section { title: "TLS and HTTP/2", rows: tls::ROWS },
    Section { title: "Admission", rows: admission::ROWS },
    Section { title: "API", rows: api::ROWS },
    Section { title: "Modifiers", rows: modifiers::ROWS },
    Section { title: "Limits", rows: limits::ROWS },
    Section { title: "Logging", rows: logging::ROWS },
];

const SIZE: &str = "bytes, or a number with a unit: 64KiB, 1MiB, 10MB";
const TIME: &str = "seconds, or a number with a unit: 500ms, 1.5s, 2m, 1h30m";

/// What a row does not set otherwise.
const ROW: Setting = Setting {
    name: "",
    also: &[],
    shape: Shape::Text,
    value: "",
    takes: "",
    help: "",
    secret: false,
    set: |_, _| Ok(()),
    show: |_| String::new(),
};
/// The same for a number.
const NUMBER: Setting = Setting { shape: Shape::Number, value: "N", ..ROW };
