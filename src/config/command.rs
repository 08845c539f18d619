//! The command line: made of the rows, read by clap, and its complaints put in our words.

use std::ffi::OsString;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, ArgMatches, Command, ValueHint};
use clap_complete::Shell;

use super::Given;
use super::error::{ConfigError, Place};
use super::listen::Listen;
use super::print::wrapped;
use super::settings::{SECTIONS, Section, Setting, Shape};
use super::suggest::nearest;

/// The variable that names the file where `--config` does not.
pub(crate) const CONFIG_VARIABLE: &str = "LOITER_CONFIG";

const ABOUT: &str = "An HTTP server that is fast, slow, odd or broken on command";

const AFTER: &str = "\
A flag wins over the environment, the environment over the file, the file over the default.
HOST and PORT are honoured where nothing else says where to listen. go-httpbin's own flags are
taken as it writes them, with one dash (-host 0.0.0.0 -port 8080): stronger than the environment.

  loiter                              HTTP on http://127.0.0.1:8080, this machine only
  loiter --listen :8080               HTTP on every interface
  loiter --print-config > loiter.toml a file to start from
  loiter --config loiter.toml --check-config";

const AFTER_SHORT: &str = "`loiter --help` shows every setting, with its variable and its default";

/// The settings that `-h` shows, in a line each.
const COMMON: [(&str, &str); 11] = [
    ("listen", "HOST:PORT, :PORT or unix:PATH"),
    ("workers", "Threads that serve; 0 is one per CPU"),
    ("shutdown-timeout", "Time that answers under way are given at the end"),
    ("profile", "local, or public: tight bounds for the internet"),
    ("compat", "Whose API to follow: httpbin or go-httpbin"),
    ("prefix", "Path under which everything is served"),
    ("max-duration", "Longest time an answer may be asked to take"),
    ("max-bytes", "Most bytes that /bytes/N and its like make"),
    ("max-body-size", "Largest request body that is kept"),
    ("log-level", "off, error, warn, info, debug or trace"),
    ("access-log", "off, common, combined or json"),
];

/// The whole command line.
pub(crate) fn command() -> Command {
    Command::new("loiter")
        .about(ABOUT)
        .version(env!("CARGO_PKG_VERSION"))
        .after_help(AFTER_SHORT)
        .after_long_help(AFTER)
        .args_override_self(true)
        .args(whole_flags())
        .args(SECTIONS.iter().flat_map(flags))
        .subcommands([healthcheck(), completions()])
}

/// What `args` says, or the text that it asks for.
pub(crate) fn parse(args: Vec<OsString>) -> Result<Parsed, ConfigError> {
    // Headings are for the long help: the short one is to be seen at a glance.
    let command = match args.iter().any(|arg| arg == "-h") {
        true => command().mut_args(|arg| arg.help_heading(None)),
        false => command(),
    };
    match command.try_get_matches_from(args) {
        Ok(matches) => Ok(Parsed::Matches(matches)),
        Err(error) if !error.use_stderr() => Ok(Parsed::Text(error.render().to_string())),
        Err(error) => Err(complaint(&error)),
    }
}

/// A command line that was understood.
pub(crate) enum Parsed {
    Matches(ArgMatches),
    Text(String),
}

/// What the flags give.
pub(crate) fn given(matches: &ArgMatches) -> impl Iterator<Item = Given> {
    Setting::all().filter_map(|row| {
        let values = matches.get_many::<String>(row.name)?;
        let text = values.map(String::as_str).collect::<Vec<_>>().join(",");
        Some(Given { row, text, place: Place::Flag(row.name) })
    })
}

/// The completion script for the shell that was asked for.
pub(crate) fn completion_script(matches: &ArgMatches) -> String {
    let mut script = Vec::new();
    let shell = matches.get_one::<Shell>("shell");
    if let Some(shell) = shell {
        clap_complete::generate(*shell, &mut command(), "loiter", &mut script);
    }
    let script = String::from_utf8_lossy(&script).into_owned();
    match shell {
        Some(Shell::Fish) => script.replace(FISH_GIVES_UP, FISH_GOES_ON) + FISH_SHELLS,
        _ => script,
    }
}

/// Where clap's script for fish reads the words before the cursor. A last one that still lacks its
/// value, as in `--profile <TAB>`, is an error to it, and then it offers nothing.
const FISH_GIVES_UP: &str = "2>/dev/null\n    or return\n";
/// A flag stands before any subcommand, so those are offered that go there.
const FISH_GOES_ON: &str = "2>/dev/null\n    or return 0\n";
/// clap's script for fish knows no arguments without a flag.
const FISH_SHELLS: &str = "complete -c loiter -n \"__fish_loiter_using_subcommand completions\" \
                           -f -a \"bash elvish fish powershell zsh\"\n";

/// The flags that are about the configuration as a whole.
fn whole_flags() -> [Arg; 3] {
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
            .help("Check the configuration and exit: 0 if it is fine, 2 if not"),
        flag("print-config")
            .action(ArgAction::SetTrue)
            .help("Print the settings in effect as a configuration file and exit"),
    ]
}

fn flags(section: &'static Section) -> impl Iterator<Item = Arg> {
    section.rows.iter().map(|row| flag(row).help_heading(section.title))
}

fn flag(row: &'static Setting) -> Arg {
    let common = COMMON.iter().find(|(name, _)| *name == row.name);
    let brief = common.map_or(row.help.to_owned(), |(_, brief)| match row.default {
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
        Shape::Choice(words) => arg.value_parser(Offered(words)).hide_possible_values(true),
        Shape::Switch => arg
            .num_args(0..=1)
            .default_missing_value("on")
            .value_parser(Offered(&["on", "off"]))
            .hide_possible_values(true),
    }
}

/// The whole of what there is to say.
fn help(row: &Setting) -> String {
    let names: Vec<String> = row.variables().collect();
    let about = wrapped("", row.help);
    let takes = match row.shape {
        Shape::Switch => "without a value: on".to_owned(),
        _ => format!("{}: {}", row.value, row.takes),
    };
    let default = if row.default.is_empty() { "empty" } else { row.default };
    format!("{about}{takes}\n[default: {default}] [{}]", names.join(", "))
}

fn healthcheck() -> Command {
    Command::new("healthcheck")
        .about("Ask a running loiter whether it serves; exit 0 when it does")
        .arg(Arg::new("url").value_name("URL").conflicts_with("pid").help(
            "What to ask: http://HOST:PORT/PATH, unix:SOCKET:/PATH, tcp-echo://HOST:PORT or\n\
             udp-echo://HOST:PORT\n\
             [default: the server of this container, or where the settings listen]",
        ))
        .arg(
            Arg::new("pid")
                .long("pid")
                .value_name("N")
                .value_parser(clap::value_parser!(u32))
                .help("Ask the loiter that is this process, wherever it listens (Linux)"),
        )
}

fn completions() -> Command {
    Command::new("completions").about("Print a completion script for a shell").arg(
        Arg::new("shell")
            .value_name("SHELL")
            .required(true)
            .value_parser(clap::value_parser!(Shell)),
    )
}

/// Offers words to the completion scripts, and leaves the judging to the row, which is where
/// values from files and the environment are judged too.
#[derive(Clone)]
struct Offered(&'static [&'static str]);

impl TypedValueParser for Offered {
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

/// clap's error as one line that says what to do next.
fn complaint(error: &clap::Error) -> ConfigError {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.as_str(),
        _ => "",
    };
    let arg = context(ContextKind::InvalidArg);
    let row = arg.split_whitespace().next().and_then(|arg| Setting::named(arg.trim_matches('-')));
    match (error.kind(), row) {
        (ErrorKind::UnknownArgument, _) => unknown(arg),
        (ErrorKind::InvalidSubcommand, _) => unknown(context(ContextKind::InvalidSubcommand)),
        (ErrorKind::InvalidValue, Some(row)) => ConfigError {
            key: Some(row.name),
            ..ConfigError::new(Place::Flag(row.name), "has no value", format!("give {}", row.takes))
        },
        _ => ConfigError::new(Place::Usage, said_by(error), "`loiter --help` shows the usage"),
    }
}

fn unknown(word: &str) -> ConfigError {
    let Some(name) = word.strip_prefix("--") else {
        return unknown_word(word);
    };
    let name = name.split('=').next().unwrap_or(name);
    if Setting::named(name).is_some() || name == "config" {
        // A subcommand has none of the flags, and stood before this one.
        let advice = "flags stand before the subcommand, as in `loiter --config FILE healthcheck`";
        return ConfigError::new(Place::Usage, format!("`--{name}` comes too late"), advice);
    }
    let advice = close_to(name).unwrap_or_else(|| "`loiter --help` lists them".to_owned());
    ConfigError::new(Place::Usage, format!("unknown flag `--{name}`"), advice)
}

/// Asks whether the flag most like this name was meant, if one is.
pub(crate) fn close_to(name: &str) -> Option<String> {
    let all = command();
    let known = all.get_arguments().filter_map(Arg::get_long).chain(["help", "version"]);
    nearest(name, known).map(|known| format!("did you mean `--{known}`?"))
}

/// Neither a flag nor a subcommand: perhaps an address, or a short flag.
fn unknown_word(word: &str) -> ConfigError {
    let is_port = word.parse::<u16>().is_ok();
    let advice = match nearest(word, ["healthcheck", "completions"].into_iter()) {
        Some(known) => format!("did you mean `{known}`?"),
        None if is_port => format!("did you mean `--listen :{word}`?"),
        None if word.parse::<Listen>().is_ok() => format!("did you mean `--listen {word}`?"),
        None if word.starts_with('-') => "flags have two dashes; `loiter --help` lists them".into(),
        None if word.ends_with(".toml") => format!("did you mean `--config {word}`?"),
        None => "`loiter --help` shows the usage".to_owned(),
    };
    ConfigError::new(Place::Usage, format!("unknown argument `{word}`"), advice)
}

/// What clap says in its first paragraph, without its heading and without the usage below.
fn said_by(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let lines: Vec<&str> =
        text.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    let said = lines.join(" ");
    said.strip_prefix("error: ").unwrap_or(&said).to_owned()
}
