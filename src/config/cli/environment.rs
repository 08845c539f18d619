//! Environment variables: our own, go-httpbin's, and mistakes in them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::IpAddr;

use super::Given;
use super::command::CONFIG_VARIABLE;
use super::error::{ConfigError, Place};
use crate::config::listen::ALL_INHERITED;
use crate::config::settings::{Setting, Shape};
use crate::config::suggest::nearest;
use crate::config::values::BadValue;

/// The variables of a process, by name.
pub type Environment = BTreeMap<String, String>;

/// The variables as text; invalid UTF-8 is replaced, so that they are checked and not ignored.
pub fn environment(variables: impl Iterator<Item = (OsString, OsString)>) -> Environment {
    let readable = |text: OsString| text.to_string_lossy().into_owned();
    variables.map(|(name, text)| (readable(name), readable(text))).collect()
}

/// The prefix of our own variables.
const OWN: &str = "LOITER_";
/// The prefix of an image's defaults, such as `LOITER_DEFAULT_SHUTDOWN_TIMEOUT`.
const DEFAULT: &str = "LOITER_DEFAULT_";
/// The prefixes of the variables that `/env` shows.
const EXPOSED: [&str; 2] = ["HTTPBIN_ENV_", "LOITER_ENV_"];
/// go-httpbin's variables for the address to listen on.
pub(crate) const HOST_AND_PORT: [&str; 2] = ["HOST", "PORT"];

/// The variable by which a server that restarts hands its sockets to the new process.
pub const UPGRADE: &str = "LOITER_UPGRADE";
/// How many sockets a service manager has opened for the process (sd_listen_fds(3)).
pub const SOCKETS: &str = "LISTEN_FDS";
/// The process that they are for.
const SOCKETS_FOR: &str = "LISTEN_PID";

/// go-httpbin's variable that makes it serve HTTPS in place of HTTP.
const CERTIFICATE: &str = "HTTPS_CERT_FILE";

/// Whether go-httpbin would serve HTTPS with these flags and variables.
pub(crate) fn is_https(flags: &Environment, env: &Environment) -> bool {
    [flags, env].iter().any(|given| variable(given, CERTIFICATE).is_some())
}

/// The text of a variable. An empty one counts as not set: `docker run -e PORT=` unsets it.
pub(crate) fn variable(env: &Environment, name: &str) -> Option<String> {
    env.get(name).filter(|text| !text.trim().is_empty()).cloned()
}

/// For every row, the value of the first of its variables that is set.
pub(crate) fn given(env: &Environment) -> impl Iterator<Item = Result<Given, ConfigError>> {
    Setting::all().filter_map(move |row| {
        let mut set = row.variables().filter_map(|name| Some((variable(env, &name)?, name)));
        let (text, name) = set.next()?;
        Some(checked(row, &name, text, Place::Environment(name.clone())))
    })
}

/// The defaults that an image has in place of the program's. They rank below the file, so that one
/// which is mounted into the container counts.
pub(crate) fn defaults(env: &Environment) -> impl Iterator<Item = Given> {
    Setting::all().filter_map(|row| {
        let name = row.variable().replacen(OWN, DEFAULT, 1);
        let text = variable(env, &name)?;
        Some(Given { row, text, place: Place::Environment(name) })
    })
}

/// The value of a variable. go-httpbin's switches accept what Go's `strconv.ParseBool` does. For
/// go-httpbin every other word means off; here it is an error, as `yes` would mean the opposite.
pub(crate) fn checked(
    row: &'static Setting,
    name: &str,
    text: String,
    place: Place,
) -> Result<Given, ConfigError> {
    let go_switch = row.shape == Shape::Switch && row.also.contains(&name);
    let text = match text.trim() {
        _ if !go_switch => text,
        "1" | "t" | "T" | "TRUE" | "true" | "True" => "true".to_owned(),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => "false".to_owned(),
        _ => {
            let bad = BadValue::new(format!("`{text}` is neither on nor off"));
            let bad = bad.advise("give 1 or true for on, 0 or false for off");
            return Err(ConfigError::value(place, row, bad));
        }
    };
    Ok(Given { row, text, place })
}

/// The address from HOST and PORT. Some shells export the machine's name as HOST, so a HOST that is
/// neither an IP address nor `localhost` counts only with PORT. Where go-httpbin would serve HTTPS,
/// our default address has it alone too: who gives a certificate must not get plain HTTP.
pub(crate) fn listen(env: &Environment, https: bool) -> Option<Given> {
    let port = variable(env, "PORT");
    let host = variable(env, "HOST")
        .map(|host| host.trim_matches(['[', ']']).to_owned())
        .filter(|host| port.is_some() || host == "localhost" || host.parse::<IpAddr>().is_ok());
    let name = match (&host, &port) {
        (None, None) if https => {
            let (host, place) = ("127.0.0.1".into(), Place::Environment(CERTIFICATE.into()));
            return host_and_port(Some(host), None, https, place);
        }
        (None, None) => return None,
        (Some(_), None) => "HOST",
        (None, Some(_)) => "PORT",
        (Some(_), Some(_)) => "HOST and PORT",
    };
    host_and_port(host, port, https, Place::Environment(name.to_owned()))
}

/// Removes what another process than `number` has inherited: a shell may pass its environment on.
/// A server that restarts cannot name its new process in advance, so there [`UPGRADE`] counts.
pub fn without_foreign_sockets(mut env: Environment, number: u32) -> Environment {
    let is_for = |text: &String| text.trim().parse() == Ok(number);
    if !env.contains_key(UPGRADE) && !env.get(SOCKETS_FOR).is_some_and(is_for) {
        env.remove(SOCKETS);
    }
    env
}

/// The listeners if sockets are inherited and no other setting names them: all of them.
pub(crate) fn inherited(env: &Environment) -> Option<Given> {
    variable(env, SOCKETS)?;
    let place = Place::Environment(SOCKETS.to_owned());
    let text = format!("fd:{ALL_INHERITED},udp-echo://fd:{ALL_INHERITED}");
    Some(Given { row: Setting::named("listen")?, text, place })
}

/// The address that go-httpbin listens on with this host and port.
pub(crate) fn host_and_port(
    host: Option<String>,
    port: Option<String>,
    https: bool,
    place: Place,
) -> Option<Given> {
    let (host, port) = (host.unwrap_or("0.0.0.0".into()), port.unwrap_or("8080".into()));
    let ipv6 = host.contains(':') && !host.starts_with('[');
    let text = if ipv6 { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let text = if https { format!("https://{text}") } else { text };
    Some(Given { row: Setting::named("listen")?, text, place })
}

/// The variables that `/env` shows, in order: only those with a prefix for it.
pub(crate) fn exposed(env: &Environment) -> Vec<(String, String)> {
    env.clone().into_iter().filter(|(name, _)| is_exposed(name)).collect()
}

fn is_exposed(name: &str) -> bool {
    EXPOSED.iter().any(|prefix| name.starts_with(prefix))
}

/// Errors for variables of settings that do not exist.
pub(crate) fn errors(env: &Environment) -> impl Iterator<Item = ConfigError> {
    let set = env.iter().filter(|(_, text)| !text.trim().is_empty());
    set.filter_map(|(name, text)| unknown(name, text))
}

fn unknown(name: &str, text: &str) -> Option<ConfigError> {
    let with = |prefix: &'static str| name.strip_prefix(prefix).map(|word| (prefix, word));
    let (prefix, word) = with(DEFAULT).or_else(|| with(OWN))?;
    let known = Setting::all().any(|row| row.variable().strip_prefix(OWN) == Some(word))
        || [CONFIG_VARIABLE, UPGRADE].contains(&name);
    if known || is_exposed(name) || is_service_link(word, text) {
        return None;
    }
    let config = (prefix == OWN).then_some("config");
    let names = Setting::all().map(|row| row.name).chain(config);
    let advice = match nearest(word, names) {
        Some(meant) => {
            format!("did you mean `{prefix}{}`?", meant.replace('-', "_").to_ascii_uppercase())
        }
        None => "`loiter --help` lists them".to_owned(),
    };
    Some(ConfigError::new(Place::Environment(name.to_owned()), "there is no such setting", advice))
}

/// Whether Kubernetes sets this variable for a service. For one called `loiter` or `loiter-a`,
/// there are LOITER_PORT=tcp://…, LOITER_A_SERVICE_HOST, LOITER_PORT_80_TCP_ADDR and the like.
fn is_service_link(word: &str, text: &str) -> bool {
    let of_port = word.ends_with("PORT") && text.contains("://") || word.contains("PORT_");
    of_port || word.ends_with("SERVICE_HOST") || word.contains("SERVICE_PORT")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(vars: &[(&str, &str)]) -> Environment {
        vars.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn variables_that_kubernetes_sets_are_no_errors() {
        let links = env(&[
            ("LOITER_PORT", "tcp://10.0.0.1:80"),
            ("LOITER_PORT_80_TCP", "tcp://10.0.0.1:80"),
            ("LOITER_PORT_80_TCP_ADDR", "10.0.0.1"),
            ("LOITER_PORT_53_UDP_PORT", "53"),
            ("LOITER_SERVICE_HOST", "10.0.0.1"),
            ("LOITER_SERVICE_PORT", "80"),
            ("LOITER_SERVICE_PORT_HTTP", "80"),
            ("LOITER_STAGE_SERVICE_HOST", "10.0.0.2"),
            ("LOITER_STAGE_PORT", "udp://10.0.0.2:53"),
        ]);
        assert_eq!(errors(&links).collect::<Vec<_>>(), []);
        assert_eq!(errors(&env(&[("LOITER_PORT", "80")])).count(), 1);
    }

    #[test]
    fn env_shows_variables_with_a_prefix_for_it() {
        let env = env(&[
            ("HOME", "/home/app"),
            ("LOITER_ENV_B", "2"),
            ("LOITER_ENVY", "no"),
            ("HTTPBIN_ENV_A", ""),
            ("httpbin_env_a", "no"),
            ("HTTPBIN_ENV_", "bare"),
        ]);
        let expected = [("HTTPBIN_ENV_", "bare"), ("HTTPBIN_ENV_A", ""), ("LOITER_ENV_B", "2")];
        assert_eq!(exposed(&env), expected.map(|(name, text)| (name.into(), text.into())));
    }
}
