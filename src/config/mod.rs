//! Layer 4, the configuration: what the command line, the environment and a file ask for.
//!
//! [`read`] is the verb. Arguments and environment come in as values, so nothing here depends on
//! the process it runs in; the file is the only thing that is read from outside.
//!
//! ```text
//!  default  <  HOST, PORT  <  --config FILE  <  LOITER_…  <  --flag      the last one wins
//!      └───────────┴───── rows of SETTINGS, each `set` in turn ─┴──> Settings
//! ```
//!
//! Every value that is given is judged, also one that a stronger source overrules: a mistake that
//! sleeps in a file until a flag is removed is the worse one.

mod command;
mod error;
mod file;
mod listen;
mod logging;
mod print;
mod settings;
mod suggest;
mod values;

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::ArgMatches;

pub use error::{ConfigError, Place};
pub use listen::Listen;
pub use logging::{AccessLog, LogFormat, LogLevel};
pub use print::{effective, example};
pub use settings::{SETTINGS, Setting, Settings, Shape};
pub use values::BadValue;

/// Looks up an environment variable.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

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
    env: Environment,
) -> Result<Invocation, ConfigError> {
    let matches = match command::parse(args.into_iter())? {
        command::Parsed::Matches(matches) => matches,
        command::Parsed::Text(text) => return Ok(Invocation::Print(text)),
    };
    match matches.subcommand() {
        Some(("completions", sub)) => Ok(Invocation::Print(command::completion_script(sub))),
        Some((_, sub)) => healthcheck(&matches, sub, env),
        None => serve(&matches, env),
    }
}

fn serve(matches: &ArgMatches, env: Environment) -> Result<Invocation, ConfigError> {
    let settings = settle(matches, env)?;
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
fn settle(matches: &ArgMatches, env: Environment) -> Result<Settings, ConfigError> {
    let mut given: Vec<Given> = host_and_port(env).into_iter().collect();
    if let Some(path) = config_file(matches, env) {
        given.extend(file::read(&path)?);
    }
    given.extend(environment(env));
    given.extend(command::given(matches));

    let mut settings = Settings::default();
    for Given { row, text, place } in given {
        let set = (row.set)(&mut settings, text.trim());
        set.map_err(|bad| ConfigError::value(place, row, bad))?;
    }
    Ok(settings)
}

fn config_file(matches: &ArgMatches, env: Environment) -> Option<PathBuf> {
    let flag = matches.get_one::<PathBuf>("config").cloned();
    flag.or_else(|| variable(env, command::CONFIG_VARIABLE).map(PathBuf::from))
}

/// The strongest variable of every row that has one set.
fn environment(env: Environment) -> impl Iterator<Item = Given> {
    SETTINGS.iter().filter_map(move |row| {
        let mut set = row.variables().filter_map(|name| Some((variable(env, &name)?, name)));
        set.next().map(|(text, name)| Given { row, text, place: Place::Environment(name) })
    })
}

/// An empty variable is one that is not set: `docker run -e PORT=` unsets it.
fn variable(env: Environment, name: &str) -> Option<String> {
    env(name).filter(|text| !text.trim().is_empty())
}

/// Where go-httpbin's HOST and PORT say to listen: they stand for the default, so anything of
/// ours is stronger. Some shells export the machine's name as HOST; alone, and no address, it
/// was not meant for us.
fn host_and_port(env: Environment) -> Option<Given> {
    let port = variable(env, "PORT");
    let host = variable(env, "HOST")
        .filter(|host| port.is_some() || host == "localhost" || host.parse::<IpAddr>().is_ok());
    let name = match (&host, &port) {
        (None, None) => return None,
        (Some(_), None) => "HOST",
        (None, Some(_)) => "PORT",
        (Some(_), Some(_)) => "HOST and PORT",
    };
    let (host, port) = (host.unwrap_or("0.0.0.0".into()), port.unwrap_or("8080".into()));
    let ipv6 = host.contains(':') && !host.starts_with('[');
    let text = if ipv6 { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    Some(Given { row: Setting::named("listen")?, text, place: Place::Environment(name.to_owned()) })
}

fn healthcheck(
    matches: &ArgMatches,
    sub: &ArgMatches,
    env: Environment,
) -> Result<Invocation, ConfigError> {
    if let Some(url) = sub.get_one::<String>("url") {
        return Ok(Invocation::Healthcheck { url: url.clone() });
    }
    let settings = settle(matches, env)?;
    let address = settings.listen.iter().find_map(|listen| match listen {
        Listen::Http(address) if address.port() != 0 => Some(reachable(*address)),
        _ => None,
    });
    let address = address.ok_or_else(|| {
        let wrong = "the settings name no http:// address with a port to ask";
        ConfigError::new(Place::Usage, wrong, "give one: `loiter healthcheck http://HOST:PORT/`")
    })?;
    Ok(Invocation::Healthcheck { url: format!("http://{address}/") })
}

/// Every interface is reached through the loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    let every = address.ip().is_unspecified();
    if every { SocketAddr::new(Ipv4Addr::LOCALHOST.into(), address.port()) } else { address }
}
