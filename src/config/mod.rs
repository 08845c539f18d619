//! Layer 4, the configuration: what the command line, the environment and a file ask for.
//!
//! [`read`] is the verb. Arguments and environment come in as values, so nothing here depends on
//! the process it runs in; the file is the only thing that is read from outside.
//!
//! ```text
//!  default  <  HOST, PORT  <  --config FILE  <  LOITER_…  <  -flag  <  --flag   the last one wins
//!      └───────────┴───── rows of SECTIONS, each `set` in turn ─────┴──────> Settings
//! ```
//!
//! Every value that is given is judged, also one that a stronger source overrules: a mistake that
//! sleeps in a file until a flag is removed is the worse one. All mistakes are told at once.

mod command;
mod environment;
mod error;
mod exposure;
mod file;
mod listen;
mod logging;
mod print;
mod settings;
mod suggest;
mod values;
mod words;

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::ArgMatches;

pub use environment::Environment;
use environment::variable;
pub use error::{ConfigError, ConfigErrors, Place};
pub use exposure::{Exposure, GO_HTTPBIN, PUBLIC};
pub use listen::Listen;
pub use logging::{AccessLog, LogFormat, LogLevel};
pub use print::{effective, example};
pub use settings::{SECTIONS, Section, Setting, Settings, Shape};
pub use values::BadValue;

/// What the operator asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Invocation {
    /// Serve.
    Run(Box<Settings>),
    /// Print this on standard output and exit 0: help, version, a configuration, completions.
    Print(String),
    /// `--check-config` found nothing wrong: say this and exit 0.
    Checked(String),
    /// Ask the server at `url` whether it serves.
    Healthcheck {
        /// What to ask.
        url: String,
    },
}

/// A value that was given for a setting.
struct Given {
    row: &'static Setting,
    text: String,
    place: Place,
}

/// What `args`, the program's name first, ask for in this environment.
pub fn read(
    args: impl IntoIterator<Item = OsString>,
    env: &Environment,
) -> Result<Invocation, ConfigErrors> {
    let (args, words) = words::split(args.into_iter())?;
    let matches = match command::parse(args.into_iter())? {
        command::Parsed::Matches(matches) => matches,
        command::Parsed::Text(text) => return Ok(Invocation::Print(text)),
    };
    match matches.subcommand() {
        Some(("completions", sub)) => Ok(Invocation::Print(command::completion_script(sub))),
        Some((_, sub)) => healthcheck(&matches, sub, &words, env),
        None => serve(&matches, &words, env),
    }
}

fn serve(
    matches: &ArgMatches,
    words: &Environment,
    env: &Environment,
) -> Result<Invocation, ConfigErrors> {
    let settings = settle(matches, words, env)?;
    if matches.get_flag("print-config") {
        return Ok(Invocation::Print(effective(&settings)));
    }
    if matches.get_flag("check-config") {
        let file = config_file(matches, env);
        let what = file.map_or("the configuration".to_owned(), |file| file.display().to_string());
        return Ok(Invocation::Checked(format!("loiter: {what} is fine")));
    }
    Ok(Invocation::Run(Box::new(settings)))
}

/// The defaults, and over them what each source gives, the weakest first.
fn settle(
    matches: &ArgMatches,
    words: &Environment,
    env: &Environment,
) -> Result<Settings, ConfigErrors> {
    let mut given = Vec::from_iter(environment::listen(env).map(Ok));
    if let Some(path) = config_file(matches, env) {
        given.extend(file::read(&path));
    }
    given.extend(environment::mistakes(env).map(Err));
    given.extend(environment::given(env));
    given.extend(words::given(words, env));
    given.extend(command::given(matches).map(Ok));

    let mut settings = Settings { environment: environment::told(env), ..Settings::default() };
    // The last one that is given wins here as everywhere.
    let is = |name, value| {
        let mut named = given.iter().flatten().filter(|given| given.row.name == name);
        named.next_back().is_some_and(|given| given.text.trim().eq_ignore_ascii_case(value))
    };
    if is("compat", "go-httpbin") {
        settings.take(&GO_HTTPBIN);
    }
    if is("profile", "public") {
        settings.take(&PUBLIC);
    }
    let mut set = |Given { row, text, place }: Given| {
        (row.set)(&mut settings, text.trim()).map_err(|bad| ConfigError::value(place, row, bad))
    };
    let given = given.into_iter();
    let mistakes: Vec<_> = given.filter_map(|given| given.and_then(&mut set).err()).collect();
    if mistakes.is_empty() { Ok(settings) } else { Err(ConfigErrors(mistakes)) }
}

fn config_file(matches: &ArgMatches, env: &Environment) -> Option<PathBuf> {
    let flag = matches.get_one::<PathBuf>("config").cloned();
    flag.or_else(|| variable(env, command::CONFIG_VARIABLE).map(PathBuf::from))
}

fn healthcheck(
    matches: &ArgMatches,
    sub: &ArgMatches,
    words: &Environment,
    env: &Environment,
) -> Result<Invocation, ConfigErrors> {
    if let Some(url) = sub.get_one::<String>("url") {
        return Ok(Invocation::Healthcheck { url: url.clone() });
    }
    let Settings { listen, prefix, .. } = settle(matches, words, env)?;
    let http = listen.iter().find_map(|listen| match listen {
        Listen::Http(address) if address.port() != 0 => Some(reachable(*address)),
        _ => None,
    });
    let file = listen.iter().find(|listen| matches!(listen, Listen::Unix(_)));
    let url = match (http, file) {
        (Some(address), _) => format!("http://{address}{prefix}/"),
        (None, Some(file)) => format!("{file}:{prefix}/"),
        (None, None) => {
            let wrong = "the settings name neither an http:// address with a port nor a socket \
                         file to ask";
            let advice = "give one: `loiter healthcheck http://HOST:PORT/`";
            return Err(ConfigError::new(Place::Usage, wrong, advice).into());
        }
    };
    Ok(Invocation::Healthcheck { url })
}

/// Every interface is reached through the loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    let every = address.ip().is_unspecified();
    if every { SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port()) } else { address }
}
