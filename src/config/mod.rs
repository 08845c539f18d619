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
mod file;
mod go_flags;
mod health;
mod listen;
mod logging;
mod preset;
mod print;
mod settings;
mod suggest;
mod unix;
mod values;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::ArgMatches;

use environment::variable;
pub use environment::{Environment, environment};
pub use error::{ConfigError, ConfigErrors, Place};
pub use health::{Check, urls as health_urls};
pub use listen::{Host, Listen};
pub use logging::{AccessLog, LogFormat, LogLevel};
pub use preset::{GO_HTTPBIN, PUBLIC, Preset};
pub use print::{effective, example};
pub use settings::{SECTIONS, Section, Setting, Settings, Shape};
pub use unix::{Account, SocketName, UnixSocket};
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
    /// Ask a server whether it serves.
    Healthcheck(Check),
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
    read_in(Path::new(""), args, env)
}

/// The same for a process whose relative paths start in `folder`.
pub fn read_in(
    folder: &Path,
    args: impl IntoIterator<Item = OsString>,
    env: &Environment,
) -> Result<Invocation, ConfigErrors> {
    let (args, words) = go_flags::split(args.into_iter())?;
    let matches = match command::parse(args)? {
        command::Parsed::Matches(matches) => matches,
        command::Parsed::Text(text) => return Ok(Invocation::Print(text)),
    };
    match matches.subcommand() {
        Some(("completions", sub)) => Ok(Invocation::Print(command::completion_script(sub))),
        Some((_, sub)) => healthcheck(folder, &matches, sub, &words, env),
        None => serve(folder, &matches, &words, env),
    }
}

fn serve(
    folder: &Path,
    matches: &ArgMatches,
    words: &Environment,
    env: &Environment,
) -> Result<Invocation, ConfigErrors> {
    let settings = settle(folder, matches, words, env)?;
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
    folder: &Path,
    matches: &ArgMatches,
    words: &Environment,
    env: &Environment,
) -> Result<Settings, ConfigErrors> {
    let mut given = Vec::from_iter(environment::listen(env).map(Ok));
    if let Some(path) = config_file(matches, env) {
        given.extend(file::read(&folder.join(path)));
    }
    given.extend(environment::mistakes(env).map(Err));
    given.extend(environment::given(env));
    given.extend(go_flags::given(words, env));
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
    folder: &Path,
    matches: &ArgMatches,
    sub: &ArgMatches,
    words: &Environment,
    env: &Environment,
) -> Result<Invocation, ConfigErrors> {
    if let Some(url) = sub.get_one::<String>("url") {
        return Ok(Invocation::Healthcheck(Check::Url(url.clone())));
    }
    if let Some(number) = sub.get_one::<u32>("pid") {
        return Ok(Invocation::Healthcheck(Check::Process(*number)));
    }
    let urls = health_urls(&settle(folder, matches, words, env)?, folder, Vec::new);
    let by_flag = matches.contains_id("config") || command::given(matches).next().is_some();
    if !by_flag && words.is_empty() {
        return Ok(Invocation::Healthcheck(Check::Container { otherwise: urls }));
    }
    match urls.into_iter().next() {
        Some(url) => Ok(Invocation::Healthcheck(Check::Url(url))),
        None => {
            let wrong = "the settings name no address with a port, and no socket file, to ask";
            let advice = "give one: `loiter healthcheck http://HOST:PORT/`";
            Err(ConfigError::new(Place::Usage, wrong, advice).into())
        }
    }
}
