//! go-httpbin's flags, which have one dash. Each overrides the environment variable of its name.
//!
//! `-host 0.0.0.0`, `-port=8080` and `-use-real-hostname` are removed from the command line before
//! clap parses it: clap would read them as groups of short flags, and `-host` as a request for
//! help.

use std::ffi::OsString;
use std::path::Path;

use super::Given;
use super::command::did_you_mean;
use super::environment::{Environment, HOST_AND_PORT, checked, host_and_port, is_https, variable};
use super::error::{ConfigError, Place};
use crate::config::settings::{Setting, Shape};
use crate::config::tls::KEY_LOG;

/// The arguments for clap, and the values of go-httpbin's flags by the names of their variables.
pub(crate) fn split(
    args: impl Iterator<Item = OsString>,
) -> Result<(Vec<OsString>, Environment), ConfigError> {
    let (mut others, mut flags) = (Vec::new(), Environment::new());
    let mut args = args.peekable();
    others.extend(args.next());
    args.next_if(names_the_program);
    while let Some(arg) = args.next() {
        match arg.to_str().and_then(parse) {
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
                    None if row(&variable).is_some_and(|row| row.shape == Shape::Switch) => {
                        "1".to_owned()
                    }
                    None => {
                        args.next().ok_or_else(|| no_value(name))?.to_string_lossy().into_owned()
                    }
                };
                flags.insert(variable, text);
            }
        }
    }
    Ok((others, flags))
}

/// Whether a first argument is the program in go-httpbin's image, or ours. The command of a
/// container may start with it although the image, as ours does, names the program already.
fn names_the_program(arg: &OsString) -> bool {
    let name = Path::new(arg).file_name();
    name.is_some_and(|name| name == "go-httpbin" || name == "loiter")
}

/// The name and the value in `-name=value`; `None` for anything but a flag with one dash.
fn parse(arg: &str) -> Option<(&str, Option<&str>)> {
    let flag = arg.strip_prefix('-').filter(|flag| flag.len() > 1)?;
    let is_name = flag.starts_with(|first: char| first.is_ascii_alphabetic());
    let pair = flag.split_once('=').map_or((flag, None), |(name, value)| (name, Some(value)));
    is_name.then_some(pair)
}

/// The variable of a flag; an error if go-httpbin does not have it.
fn known(name: &str) -> Result<String, ConfigError> {
    let variable = name.replace('-', "_").to_ascii_uppercase();
    let is = |names: &[&str]| names.contains(&variable.as_str());
    let lower = !name.contains(|char: char| char == '_' || char.is_ascii_uppercase());
    if lower && (is(&HOST_AND_PORT) || row(&variable).is_some()) {
        return Ok(variable);
    }
    let advice = did_you_mean(name).unwrap_or_else(|| {
        "flags have two dashes, except go-httpbin's; `loiter --help` lists them".to_owned()
    });
    Err(ConfigError::new(Place::Usage, format!("unknown flag `-{name}`"), advice))
}

fn row(variable: &str) -> Option<&'static Setting> {
    Setting::all().find(|row| row.also.contains(&variable) && variable != KEY_LOG)
}

fn no_value(name: &str) -> ConfigError {
    let advice = format!("write `-{name} VALUE`");
    ConfigError::new(Place::GoFlag(format!("-{name}")), "has no value", advice)
}

/// The values of go-httpbin's flags. A missing host or port comes from the environment.
pub(crate) fn given(
    flags: &Environment,
    env: &Environment,
) -> impl Iterator<Item = Result<Given, ConfigError>> {
    let [host, port] =
        HOST_AND_PORT.map(|name| variable(flags, name).or_else(|| variable(env, name)));
    let given: Vec<String> =
        HOST_AND_PORT.iter().filter(|name| variable(flags, name).is_some()).map(flag).collect();
    let listen = if given.is_empty() {
        None
    } else {
        host_and_port(host, port, is_https(flags, env), Place::GoFlag(given.join(" and ")))
    };
    let rows = Setting::all().filter_map(|row| {
        let name = row.also.iter().find(|name| variable(flags, name).is_some())?;
        Some(checked(row, name, variable(flags, name)?, Place::GoFlag(flag(name))))
    });
    listen.into_iter().map(Ok).chain(rows)
}

/// The flag of a variable, with its dash.
fn flag(variable: &&str) -> String {
    format!("-{}", variable.replace('_', "-").to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split_line(args: &str) -> Result<(String, Environment), String> {
        let args = ["loiter"].into_iter().chain(args.split_whitespace());
        let (others, flags) = split(args.map(OsString::from)).map_err(|error| error.to_string())?;
        let others: Vec<&str> = others[1..].iter().filter_map(|arg| arg.to_str()).collect();
        Ok((others.join(" "), flags))
    }

    #[test]
    fn flags_with_one_dash_are_removed() {
        let (others, flags) = split_line(
            "--workers 1 -host ::1 -port=80 -use-full-version -log-level INFO --prefix /a \
             -use-real-hostname=0 healthcheck -h -- -port",
        )
        .unwrap();
        assert_eq!(others, "--workers 1 --prefix /a healthcheck -h -- -port");
        let flags: Vec<_> = flags.iter().map(|(name, text)| format!("{name}={text}")).collect();
        let given = "HOST=::1 LOG_LEVEL=INFO PORT=80 USE_FULL_VERSION=1 USE_REAL_HOSTNAME=0";
        assert_eq!(flags.join(" "), given);
    }

    #[test]
    fn other_arguments_are_left_alone() {
        for args in ["", "-h", "-V", "-", "--max-bytes -1", "-1.5s", "--port", "x -é"] {
            assert_eq!(split_line(args).unwrap().0, args);
        }
        assert_eq!(split_line("-version -help").unwrap().0, "--version --help");
    }

    #[test]
    fn a_repeated_program_name_is_skipped() {
        for name in ["/bin/go-httpbin", "go-httpbin", "/go-httpbin", "loiter", "/loiter"] {
            let (others, flags) = split_line(&format!("{name} -port 9000 --workers 1")).unwrap();
            assert_eq!(
                (others.as_str(), flags["PORT"].as_str()),
                ("--workers 1", "9000"),
                "{name}"
            );
            assert_eq!(split_line(name).unwrap().0, "");
        }
        for args in ["/bin/go-httpbin/", "/bin/go-httpbin2", "--workers 1 go-httpbin"] {
            assert_eq!(split_line(args).unwrap().0.contains("go-httpbin"), !args.ends_with('/'));
        }
        assert_eq!(split_line("loiter loiter").unwrap().0, "loiter", "once");
    }

    #[test]
    fn no_flag_is_a_group_of_short_flags() {
        for args in ["-hV", "-hx", "-Host a", "-max_body_size 1", "-foo", "-version=1"] {
            assert!(split_line(args).unwrap_err().contains("unknown flag `-"), "{args}");
        }
        assert!(split_line("-listen :80").unwrap_err().ends_with("did you mean `--listen`?"));
        assert_eq!(
            split_line("-port").unwrap_err(),
            "loiter: -port: has no value; write `-port VALUE`"
        );
    }
}
