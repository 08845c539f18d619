//! The command line: built from the rows, parsed by clap, with error messages of our own.

use std::ffi::OsString;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint};
use clap_complete::Shell;

use super::Given;
use super::error::{ConfigError, Place};
use super::{modifiers_help, topics};
use crate::config::listen::Listen;
use crate::config::print::wrapped;
use crate::config::settings::{SECTIONS, Section, Setting, Shape};
use crate::config::suggest::nearest;
use crate::config::values::BadValue;
use crate::http::modifiers::ROWS;

/// The variable that names the file if `--config` does not.
pub(crate) const CONFIG_VARIABLE: &str = "LOITER_CONFIG";

const ABOUT: &str = "An HTTP server that is fast, slow, odd or broken on command";

pub(crate) const AFTER: &str = "\
Flags override the environment, which overrides the file, which overrides the defaults.
HOST and PORT apply if nothing else sets an address to listen on; LOITER_DEFAULT_WORKERS and the
like, for images, rank below the file too. go-httpbin's flags are accepted with one dash, as in
go-httpbin (-host 0.0.0.0 -port 8080); they override the environment.

  loiter                              HTTP and HTTPS on 127.0.0.1:8080, for this machine only
  loiter --listen :8080               HTTP and HTTPS on every interface
  loiter help modifiers               what makes responses slow, odd or broken
  loiter help TOPIC                   a setting, modifier, fault or subcommand alone
  loiter --print-config > loiter.toml a file to start from
  loiter --config loiter.toml --check-config";

const AFTER_SHORT: &str =
    "`loiter --help` shows every setting, `loiter help TOPIC` one setting, modifier or fault";

/// The settings that `-h` shows, one line each.
const COMMON: [(&str, &str); 11] = [
    ("listen", "HOST:PORT or unix:PATH"),
    ("workers", "Worker threads; 0 for one per CPU"),
    ("admin", "Probes, metrics, journal: HOST:PORT or off"),
    ("profile", "Preset: local, or public for tight limits"),
    ("compat", "API to follow: httpbin or go-httpbin"),
    ("with", "Modifiers of every response, such as delay=20ms"),
    ("max-duration", "Longest delay a request can ask for"),
    ("max-bytes", "Largest response of /bytes/N and the like"),
    ("max-body-size", "Largest request body that is buffered"),
    ("log-level", "off, error, warn, info, debug or trace"),
    ("access-log", "off, common, combined or json"),
];

/// The words for something else than serving.
const SUBCOMMANDS: [&str; 6] = ["help", "healthcheck", "reload", "modifiers", "completions", "man"];

/// The whole command line.
pub(crate) fn command() -> Command {
    Command::new("loiter")
        .about(ABOUT)
        .version(env!("CARGO_PKG_VERSION"))
        .after_help(AFTER_SHORT)
        .after_long_help(AFTER)
        .args_override_self(true)
        .args(config_flags())
        .args(SECTIONS.iter().flat_map(flags))
        .subcommands([healthcheck(), reload(), modifiers(), completions(), man()])
}

/// Parses `args`, or returns the text that they ask for.
pub(crate) fn parse(args: Vec<OsString>) -> Result<Parsed, ConfigError> {
    if let [_, word, topic] = args.as_slice()
        && word == "help"
        && let Some(text) = topics::text(&topic.to_string_lossy(), &SUBCOMMANDS, help)?
    {
        return Ok(Parsed::Text(text));
    }
    // The short help has no headings and leaves out what packages contain, to fit on a screen.
    let command = match args.iter().any(|arg| arg == "-h") {
        true => command()
            .mut_args(|arg| arg.help_heading(None))
            .mut_subcommand("man", |man| man.hide(true)),
        false => command(),
    };
    match command.try_get_matches_from(args) {
        Ok(matches) => Ok(Parsed::Matches(matches)),
        Err(error) if !error.use_stderr() => Ok(Parsed::Text(error.render().to_string())),
        Err(error) => Err(usage_error(&error)),
    }
}

/// A valid command line.
pub(crate) enum Parsed {
    Matches(ArgMatches),
    Text(String),
}

/// The values given by flags.
pub(crate) fn given(matches: &ArgMatches) -> impl Iterator<Item = Given> {
    Setting::all().filter_map(|row| {
        let values = matches.get_many::<String>(row.name)?;
        let text = values.map(String::as_str).collect::<Vec<_>>().join("\n");
        Some(Given { row, text, place: Place::Flag(row.name) })
    })
}

/// The completion script for the requested shell.
pub(crate) fn completion_script(matches: &ArgMatches) -> String {
    let mut script = Vec::new();
    let shell = matches.get_one::<Shell>("shell");
    if let Some(shell) = shell {
        clap_complete::generate(*shell, &mut command(), "loiter", &mut script);
    }
    let script = String::from_utf8_lossy(&script).into_owned();
    match shell {
        Some(Shell::Fish) => script.replace(FISH_RETURNS, FISH_CONTINUES) + FISH_SHELLS,
        _ => script,
    }
}

/// Where clap's script for fish parses the words before the cursor. If the last flag has no value
/// yet, as in `--profile <TAB>`, that fails, and the script returns and completes nothing.
const FISH_RETURNS: &str = "2>/dev/null\n    or return\n";
/// A flag comes before any subcommand, so the script then completes what can come there.
const FISH_CONTINUES: &str = "2>/dev/null\n    or return 0\n";
/// clap's script for fish does not complete positional arguments.
const FISH_SHELLS: &str = "complete -c loiter -n \"__fish_loiter_using_subcommand completions\" \
                           -f -a \"bash elvish fish powershell zsh\"\n";

/// The flags for the configuration as a whole.
fn config_flags() -> [Arg; 3] {
    let flag = |name| Arg::new(name).long(name).help_heading("Configuration");
    [
        flag("config")
            .value_name("FILE")
            .value_parser(clap::value_parser!(std::path::PathBuf))
            .value_hint(ValueHint::FilePath)
            .help(format!("Read settings from this TOML file [{CONFIG_VARIABLE}]")),
        flag("check-config")
            .action(ArgAction::SetTrue)
            .conflicts_with("print-config")
            .help("Check the configuration and exit: 0 if it is valid, 2 if not"),
        flag("print-config")
            .action(ArgAction::SetTrue)
            .help("Print the effective settings as a configuration file and exit"),
    ]
}

fn flags(section: &'static Section) -> impl Iterator<Item = Arg> {
    section.rows.iter().map(|row| flag(row).help_heading(section.title))
}

fn flag(row: &'static Setting) -> Arg {
    let common = COMMON.iter().find(|(name, _)| *name == row.name);
    let brief =
        common.map_or(row.help.to_owned(), |(_, brief)| match row.default_text().as_str() {
            "" => (*brief).to_owned(),
            default => format!("{brief} [default: {default}]"),
        });
    let arg = Arg::new(row.name)
        .long(row.name)
        .value_name(row.value)
        .help(brief)
        .long_help(help(row))
        .hide_short_help(common.is_none())
        .allow_negative_numbers(true);
    match row.shape {
        Shape::Number | Shape::Text => arg,
        Shape::File => arg.value_hint(ValueHint::FilePath),
        Shape::List => arg.action(ArgAction::Append),
        Shape::Choice(words) => arg.value_parser(Completed(words)).hide_possible_values(true),
        Shape::Switch => arg
            .num_args(0..=1)
            .default_missing_value("on")
            .value_parser(Completed(&["on", "off"]))
            .hide_possible_values(true),
    }
}

/// The long help: description, values, default and environment variables.
fn help(row: &Setting) -> String {
    let names: Vec<String> = row.variables().collect();
    let about = wrapped("", row.help);
    let takes = match row.shape {
        Shape::Switch => "without a value: on".to_owned(),
        _ => format!("{}: {}", row.value, row.takes),
    };
    let default = row.default_text().replace('\n', ",");
    let default = if default.is_empty() { "empty" } else { &default };
    format!("{about}{}[default: {default}] [{}]", wrapped("", &takes), names.join(", "))
}

fn healthcheck() -> Command {
    Command::new("healthcheck")
        .about("Check the health of a running loiter; exit 0 if it serves")
        .arg(Arg::new("url").value_name("URL").conflicts_with("pid").help(
            "Its address: http://HOST:PORT/PATH, https://HOST:PORT/PATH (the certificate is not\n\
             verified), unix:SOCKET:/PATH, tcp-echo://HOST:PORT or udp-echo://HOST:PORT\n\
             [default: the server of this container, or the address in the settings]",
        ))
        .arg(
            Arg::new("pid")
                .long("pid")
                .value_name("N")
                .value_parser(clap::value_parser!(u32))
                .help("Check the loiter with this process ID, wherever it listens (Linux)"),
        )
}

fn reload() -> Command {
    Command::new("reload")
        .about("Make a running loiter reload its configuration, if that is valid")
        .arg(
            Arg::new("pid")
                .long("pid")
                .value_name("N")
                .value_parser(clap::value_parser!(u32).range(1..))
                .help(
                    "The process ID [default: the one in the file that --pid-file names] (Linux)",
                ),
        )
}

fn modifiers() -> Command {
    Command::new("modifiers")
        .about("Show what makes a response slow, odd or broken: ~delay=2s and the like")
        .override_help(modifiers_help::text())
}

fn completions() -> Command {
    Command::new("completions").about("Print a completion script for a shell").arg(
        Arg::new("shell")
            .value_name("SHELL")
            .required(true)
            .value_parser(clap::value_parser!(Shell)),
    )
}

fn man() -> Command {
    Command::new("man").about("Print the manual page: loiter man | man -l -")
}

/// Passes words to the completion scripts and accepts any text: the row checks all values.
#[derive(Clone)]
struct Completed(&'static [&'static str]);

impl TypedValueParser for Completed {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        arg: Option<&Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.0.iter().map(|word| PossibleValue::new(*word))))
    }
}

/// clap's error in one line, with advice.
fn usage_error(error: &clap::Error) -> ConfigError {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.as_str(),
        _ => "",
    };
    let arg = context(ContextKind::InvalidArg);
    let row = arg.split_whitespace().next().and_then(|arg| Setting::named(arg.trim_matches('-')));
    match (error.kind(), row) {
        (ErrorKind::UnknownArgument, _) => unknown(arg),
        (ErrorKind::InvalidSubcommand, _) => unknown(context(ContextKind::InvalidSubcommand)),
        (ErrorKind::InvalidValue, Some(row)) => {
            ConfigError::value(Place::Flag(row.name), row, BadValue::new("has no value"))
        }
        _ => ConfigError::new(Place::Usage, clap_message(error), "`loiter --help` shows the usage"),
    }
}

fn unknown(word: &str) -> ConfigError {
    let Some(name) = word.strip_prefix("--") else {
        return unknown_word(word);
    };
    let name = name.split('=').next().unwrap_or(name);
    if Setting::named(name).is_some() || name == "config" {
        // It is known, so it came after a subcommand, which has no settings.
        let advice = "write flags before the subcommand, as in `loiter --config FILE healthcheck`";
        return ConfigError::new(Place::Usage, format!("`--{name}` is misplaced"), advice);
    }
    let advice = did_you_mean(name)
        .or_else(|| as_modifier(name))
        .unwrap_or_else(|| "`loiter --help` lists them".to_owned());
    ConfigError::new(Place::Usage, format!("unknown flag `--{name}`"), advice)
}

/// Suggests the modifier of this name, if there is one.
fn as_modifier(name: &str) -> Option<String> {
    let row = ROWS.iter().find(|row| row.name.text() == name)?;
    let equals = if row.sample.is_empty() { "" } else { "=" };
    Some(format!("for the modifier, write `--with '{name}{equals}{}'`", row.sample))
}

/// Suggests the flag whose name is most like this one, if any is.
pub(crate) fn did_you_mean(name: &str) -> Option<String> {
    let all = command();
    let known = all.get_arguments().filter_map(Arg::get_long).chain(["help", "version"]);
    nearest(name, known).map(|known| format!("did you mean `--{known}`?"))
}

/// For a word that is neither a flag nor a subcommand: it may be an address, or a short flag.
fn unknown_word(word: &str) -> ConfigError {
    let is_port = word.parse::<u16>().is_ok();
    let modifier = word.trim_start_matches('~').split('=').next().and_then(as_modifier);
    let known = nearest(word, SUBCOMMANDS.into_iter());
    let advice = match known.map(|known| format!("did you mean `{known}`?")).or(modifier) {
        Some(advice) => advice,
        None if is_port => format!("did you mean `--listen :{word}`?"),
        None if word.parse::<Listen>().is_ok() => format!("did you mean `--listen {word}`?"),
        None if word.starts_with('-') => "flags have two dashes; `loiter --help` lists them".into(),
        None if word.ends_with(".toml") => format!("did you mean `--config {word}`?"),
        None => "`loiter --help` shows the usage".to_owned(),
    };
    ConfigError::new(Place::Usage, format!("unknown argument `{word}`"), advice)
}

/// The first paragraph of clap's message, without its heading and the usage below it.
fn clap_message(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let lines: Vec<&str> =
        text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let message = lines.join(" ");
    message.strip_prefix("error: ").unwrap_or(&message).to_owned()
}
