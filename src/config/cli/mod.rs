//! The command line, the environment and the file (feature `cli`): [`read`] makes the settings.
//!
//! Arguments and environment are parameters, so nothing here depends on the process; the file is
//! the only input that is read from outside.
//!
//! ```text
//!  default < LOITER_DEFAULT_…, HOST, PORT < --config FILE < LOITER_… < -flag < --flag
//!     └──────────────────┴─── rows of SECTIONS, each `set` in turn ───┴─────────┴───> Settings
//! ```
//!
//! The last one wins. Every value is checked, even if another source overrides it: a mistake in a
//! file that appears only when a flag is removed would be worse. All mistakes are reported at once.

mod command;
mod environment;
mod error;
mod file;
mod go_flags;
mod health;
mod man;
mod modifiers_help;
mod topics;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::ArgMatches;

use crate::config::print::effective;
use crate::config::settings::{Setting, Settings};
use environment::variable;
pub use environment::{Environment, SOCKETS, UPGRADE, environment, without_foreign_sockets};
pub use error::{ConfigError, ConfigErrors, Place};
pub use health::{Check, NO_URL, urls as health_urls};

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Invocation {
    /// Run the server.
    Run(Box<Settings>),
    /// Print this text on standard output and exit 0: help, version, configuration, completions.
    Print(String),
    /// `--check-config` found no mistake in these settings: print this text and exit 0, unless
    /// there is one in a file that they name.
    Checked(Box<Settings>, String),
    /// Check the health of a running server.
    Healthcheck(Check),
    /// Make a running server reload its configuration.
    Reload(Running),
}

/// A running server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Running {
    /// Its process ID.
    Process(u32),
    /// The file that has its process ID.
    PidFile(PathBuf),
}

/// A value given for a setting, and where it was given.
pub(crate) struct Given {
    pub(crate) row: &'static Setting,
    pub(crate) text: String,
    pub(crate) place: Place,
}

/// Reads `args`, of which the first is the program's name, and the environment.
pub fn read(
    args: impl IntoIterator<Item = OsString>,
    env: &Environment,
) -> Result<Invocation, ConfigErrors> {
    read_in(Path::new(""), args, env)
}

/// The same for a process whose working directory is `folder`.
pub fn read_in(
    folder: &Path,
    args: impl IntoIterator<Item = OsString>,
    env: &Environment,
) -> Result<Invocation, ConfigErrors> {
    let (args, go_flags) = go_flags::split(args.into_iter())?;
    let matches = match command::parse(args)? {
        command::Parsed::Matches(matches) => matches,
        command::Parsed::Text(text) => return Ok(Invocation::Print(text)),
    };
    let sources = Sources { folder, matches: &matches, go_flags: &go_flags, env };
    match matches.subcommand() {
        Some(("completions", sub)) => Ok(Invocation::Print(command::completion_script(sub))),
        Some(("man", _)) => Ok(Invocation::Print(man::page())),
        Some(("modifiers", _)) => Ok(Invocation::Print(modifiers_help::text())),
        Some(("reload", sub)) => reload(&sources, sub),
        Some((_, sub)) => healthcheck(&sources, sub),
        None => serve(&sources),
    }
}

/// Where settings come from. A relative file name is resolved against `folder`.
struct Sources<'a> {
    folder: &'a Path,
    matches: &'a ArgMatches,
    go_flags: &'a Environment,
    env: &'a Environment,
}

fn serve(sources: &Sources) -> Result<Invocation, ConfigErrors> {
    let settings = merge(sources)?;
    if sources.matches.get_flag("print-config") {
        return Ok(Invocation::Print(effective(&settings)));
    }
    if sources.matches.get_flag("check-config") {
        let file = config_file(sources);
        let what = file.map_or("the configuration".to_owned(), |file| file.display().to_string());
        return Ok(Invocation::Checked(settings.into(), format!("loiter: {what} is valid")));
    }
    Ok(Invocation::Run(Box::new(settings)))
}

/// The settings from all sources, each overriding those before it.
fn merge(sources: &Sources) -> Result<Settings, ConfigErrors> {
    let Sources { folder, matches, go_flags, env } = *sources;
    let https = environment::is_https(go_flags, env);
    let mut given = Vec::new();
    // Not generic, so that it is compiled once.
    let mut add = |some: &mut dyn Iterator<Item = Result<Given, ConfigError>>| given.extend(some);
    add(&mut environment::defaults(env).map(Ok));
    add(&mut environment::listen(env, https).into_iter().map(Ok));
    add(&mut environment::inherited(env).into_iter().map(Ok));
    if let Some(path) = config_file(sources) {
        add(&mut file::read(&folder.join(path)).into_iter());
    }
    add(&mut environment::errors(env).map(Err));
    add(&mut environment::given(env));
    add(&mut go_flags::given(go_flags, env));
    add(&mut command::given(matches).map(Ok));

    let mut settings = Settings::default();
    settings.api.environment = environment::exposed(env);
    // As everywhere, the last value given wins.
    let last = |name: &str| {
        let given = given.iter().flatten().rfind(|given| given.row.name == name);
        given.map(|given| given.text.trim())
    };
    let waits_as_delays = settings.apply_presets(last);
    let mut places = BTreeMap::new();
    let mut set = |Given { row, text, place }: Given| {
        places.insert(row.name, place.clone());
        (row.set)(&mut settings, text.trim()).map_err(|bad| ConfigError::value(place, row, bad))
    };
    let given = given.into_iter();
    let mut errors: Vec<_> = given.filter_map(|given| given.and_then(&mut set).err()).collect();
    if waits_as_delays {
        settings.api.limits.max_wait = settings.api.limits.max_duration;
    }
    if errors.is_empty() {
        let wrong = settings.check().into_iter().chain(settings.check_program());
        errors.extend(wrong.map(|(row, bad)| {
            let place = places.get(row.name).cloned().unwrap_or(Place::Usage);
            ConfigError::value(place, row, bad)
        }));
    }
    if errors.is_empty() { Ok(settings) } else { Err(ConfigErrors(errors)) }
}

fn config_file(sources: &Sources) -> Option<PathBuf> {
    let flag = sources.matches.get_one::<PathBuf>("config").cloned();
    flag.or_else(|| variable(sources.env, command::CONFIG_VARIABLE).map(PathBuf::from))
}

fn reload(sources: &Sources, sub: &ArgMatches) -> Result<Invocation, ConfigErrors> {
    if let Some(number) = sub.get_one::<u32>("pid") {
        return Ok(Invocation::Reload(Running::Process(*number)));
    }
    match merge(sources)?.pid_file {
        Some(path) => Ok(Invocation::Reload(Running::PidFile(path))),
        None => {
            let (wrong, advice) = ("the settings have no pid-file", "give --pid N after `reload`");
            Err(ConfigError::new(Place::Usage, wrong, advice).into())
        }
    }
}

fn healthcheck(sources: &Sources, sub: &ArgMatches) -> Result<Invocation, ConfigErrors> {
    if let Some(url) = sub.get_one::<String>("url") {
        return Ok(Invocation::Healthcheck(Check::Url(url.clone())));
    }
    if let Some(number) = sub.get_one::<u32>("pid") {
        return Ok(Invocation::Healthcheck(Check::Process(*number)));
    }
    let Sources { folder, matches, go_flags, .. } = *sources;
    let urls = health_urls(&merge(sources)?, folder, &Vec::new);
    let by_flag = matches.contains_id("config") || command::given(matches).next().is_some();
    if !by_flag && go_flags.is_empty() {
        return Ok(Invocation::Healthcheck(Check::Container { otherwise: urls }));
    }
    match urls.into_iter().next() {
        Some(url) => Ok(Invocation::Healthcheck(Check::Url(url))),
        None => Err(ConfigError::new(Place::Usage, NO_URL.0, NO_URL.1).into()),
    }
}
