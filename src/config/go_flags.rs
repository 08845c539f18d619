//! go-httpbin's flags: words with one dash, each the stronger twin of its environment variable.
//!
//! `-host 0.0.0.0`, `-port=8080` and `-use-real-hostname` are taken out of the command line before
//! clap reads it, which would take them for clusters of short flags: `-host` for help.

use std::ffi::OsString;
use std::path::Path;

use super::command::close_to;
use super::environment::{Environment, HOST_AND_PORT, TLS, host_and_port, judged, variable};
use super::error::{ConfigError, Place};
use super::settings::{Setting, Shape};
use super::{Given, environment};

/// A command line without those words, and what they give: by the names of their variables.
pub(crate) fn split(
    args: impl Iterator<Item = OsString>,
) -> Result<(Vec<OsString>, Environment), ConfigError> {
    let (mut others, mut words) = (Vec::new(), Environment::new());
    let mut args = args.peekable();
    others.extend(args.next());
    args.next_if(names_the_program);
    while let Some(arg) = args.next() {
        let word = arg.to_str().and_then(word);
        match word {
            _ if arg == "--" => {
                others.push(arg);
                others.extend(args.by_ref());
            }
            None => others.push(arg),
            Some((name @ ("help" | "version"), None)) => others.push(format!("--{name}").into()),
            Some((name, value)) => {
                let variable = known(name)?;
                let text = match value {
                    Some(value) => value.to_owned(),
                    None if is_switch(&variable) => "1".to_owned(),
                    None => {
                        args.next().ok_or_else(|| no_value(name))?.to_string_lossy().into_owned()
                    }
                };
                words.insert(variable, text);
            }
        }
    }
    Ok((others, words))
}

/// Whether a first argument is the program that go-httpbin's image runs, or ours. A container's
/// command may begin with it where the image, like ours, names the program already.
fn names_the_program(arg: &OsString) -> bool {
    let name = Path::new(arg).file_name();
    name.is_some_and(|name| name == "go-httpbin" || name == "loiter")
}

/// The name and the value in `-name=value`; `None` for anything but a word with one dash.
fn word(arg: &str) -> Option<(&str, Option<&str>)> {
    let word = arg.strip_prefix('-').filter(|word| word.len() > 1)?;
    let starts = word.starts_with(|first: char| first.is_ascii_alphabetic());
    let pair = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
    starts.then_some(pair)
}

/// The variable of a flag, if it is one of go-httpbin's.
fn known(name: &str) -> Result<String, ConfigError> {
    let variable = name.replace('-', "_").to_ascii_uppercase();
    let is = |names: &[&str]| names.contains(&variable.as_str());
    let lower = !name.contains(|char: char| char == '_' || char.is_ascii_uppercase());
    if lower && (is(&HOST_AND_PORT) || is(&TLS) || row(&variable).is_some()) {
        return Ok(variable);
    }
    let advice = close_to(name).unwrap_or_else(|| {
        "flags have two dashes, but for go-httpbin's; `loiter --help` lists them".to_owned()
    });
    Err(ConfigError::new(Place::Usage, format!("unknown flag `-{name}`"), advice))
}

fn row(variable: &str) -> Option<&'static Setting> {
    Setting::all().find(|row| row.also.contains(&variable))
}

fn is_switch(variable: &str) -> bool {
    row(variable).is_some_and(|row| row.shape == Shape::Switch)
}

fn no_value(name: &str) -> ConfigError {
    let advice = format!("write `-{name} VALUE`");
    ConfigError::new(Place::GoFlag(format!("-{name}")), "has no value", advice)
}

/// What the words give. Of host and port the one that is not said comes from the environment.
pub(crate) fn given(
    words: &Environment,
    env: &Environment,
) -> impl Iterator<Item = Result<Given, ConfigError>> {
    let [host, port] =
        HOST_AND_PORT.map(|name| variable(words, name).or_else(|| variable(env, name)));
    let said: Vec<String> =
        HOST_AND_PORT.iter().filter(|name| variable(words, name).is_some()).map(flag).collect();
    let listen = match said.is_empty() {
        true => None,
        false => host_and_port(host, port, Place::GoFlag(said.join(" and "))),
    };
    let rows = Setting::all().filter_map(|row| {
        let name = row.also.iter().find(|name| variable(words, name).is_some())?;
        Some(judged(row, name, variable(words, name)?, Place::GoFlag(flag(name))))
    });
    let tls = TLS.iter().filter(|name| variable(words, name).is_some());
    let tls = tls.map(|name| Err(environment::no_tls(Place::GoFlag(flag(name)))));
    listen.into_iter().map(Ok).chain(rows).chain(tls)
}

/// A variable's flag, as it is written.
fn flag(variable: &&str) -> String {
    format!("-{}", variable.replace('_', "-").to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(args: &str) -> Result<(String, Environment), String> {
        let args = ["loiter"].into_iter().chain(args.split_whitespace());
        let (others, words) = split(args.map(OsString::from)).map_err(|error| error.to_string())?;
        let others: Vec<&str> = others[1..].iter().filter_map(|arg| arg.to_str()).collect();
        Ok((others.join(" "), words))
    }

    #[test]
    fn words_with_one_dash_are_taken_out() {
        let (others, words) = words(
            "--workers 1 -host ::1 -port=80 -use-full-version -log-level INFO --prefix /a \
             -use-real-hostname=0 healthcheck -h -- -port",
        )
        .unwrap();
        assert_eq!(others, "--workers 1 --prefix /a healthcheck -h -- -port");
        let words: Vec<_> = words.iter().map(|(name, text)| format!("{name}={text}")).collect();
        let given = "HOST=::1 LOG_LEVEL=INFO PORT=80 USE_FULL_VERSION=1 USE_REAL_HOSTNAME=0";
        assert_eq!(words.join(" "), given);
    }

    #[test]
    fn what_is_no_word_is_left_alone() {
        for args in ["", "-h", "-V", "-", "--max-bytes -1", "-1.5s", "--port", "x -é"] {
            assert_eq!(words(args).unwrap().0, args);
        }
        assert_eq!(words("-version -help").unwrap().0, "--version --help");
    }

    #[test]
    fn the_programs_name_is_passed_over_where_a_container_repeats_it() {
        for name in ["/bin/go-httpbin", "go-httpbin", "/go-httpbin", "loiter", "/loiter"] {
            let (others, words) = words(&format!("{name} -port 9000 --workers 1")).unwrap();
            assert_eq!(
                (others.as_str(), words["PORT"].as_str()),
                ("--workers 1", "9000"),
                "{name}"
            );
            assert_eq!(self::words(name).unwrap().0, "");
        }
        for args in ["/bin/go-httpbin/", "/bin/go-httpbin2", "--workers 1 go-httpbin"] {
            assert_eq!(words(args).unwrap().0.contains("go-httpbin"), !args.ends_with('/'));
        }
        assert_eq!(words("loiter loiter").unwrap().0, "loiter", "once");
    }

    #[test]
    fn no_word_is_a_cluster_of_short_flags() {
        for args in ["-hV", "-hx", "-Host a", "-max_body_size 1", "-foo", "-version=1"] {
            assert!(words(args).unwrap_err().contains("unknown flag `-"), "{args}");
        }
        assert!(words("-listen :80").unwrap_err().ends_with("did you mean `--listen`?"));
        assert_eq!(words("-port").unwrap_err(), "loiter: -port: has no value; write `-port VALUE`");
    }
}
