//! The process's environment: our own variables, go-httpbin's, and what is wrong among them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::IpAddr;

use super::Given;
use super::command::CONFIG_VARIABLE;
use super::error::{ConfigError, Place};
use super::settings::{Setting, Shape};
use super::suggest::nearest;
use super::values::BadValue;

/// The variables of a process, by name.
pub type Environment = BTreeMap<String, String>;

/// The variables as text. One that is no text is judged by what is left of it, instead of passed
/// over.
pub fn environment(variables: impl Iterator<Item = (OsString, OsString)>) -> Environment {
    let readable = |text: OsString| text.to_string_lossy().into_owned();
    variables.map(|(name, text)| (readable(name), readable(text))).collect()
}

/// How our own variables begin.
const OWN: &str = "LOITER_";
/// How the names of variables that `/env` tells begin.
const TOLD: [&str; 2] = ["HTTPBIN_ENV_", "LOITER_ENV_"];
/// Where go-httpbin listens.
pub(crate) const HOST_AND_PORT: [&str; 2] = ["HOST", "PORT"];
/// What go-httpbin serves TLS with.
pub(crate) const TLS: [&str; 2] = ["HTTPS_CERT_FILE", "HTTPS_KEY_FILE"];

/// A variable's text. An empty variable is one that is not set: `docker run -e PORT=` unsets it.
pub(crate) fn variable(env: &Environment, name: &str) -> Option<String> {
    env.get(name).filter(|text| !text.trim().is_empty()).cloned()
}

/// The strongest variable of every row that has one set.
pub(crate) fn given(env: &Environment) -> impl Iterator<Item = Result<Given, ConfigError>> {
    Setting::all().filter_map(move |row| {
        let mut set = row.variables().filter_map(|name| Some((variable(env, &name)?, name)));
        let (text, name) = set.next()?;
        Some(judged(row, &name, text, Place::Environment(name.clone())))
    })
}

/// A variable's value. go-httpbin's switches are written as Go's `strconv.ParseBool` reads them.
/// go-httpbin itself takes any other word for off: who writes `yes` means the contrary, so that is
/// refused.
pub(crate) fn judged(
    row: &'static Setting,
    name: &str,
    text: String,
    place: Place,
) -> Result<Given, ConfigError> {
    let theirs = row.shape == Shape::Switch && row.also.contains(&name);
    let text = match text.trim() {
        _ if !theirs => text,
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

/// Where HOST and PORT say to listen. Some shells export the machine's name as HOST; alone, and no
/// address, it was not meant for us.
pub(crate) fn listen(env: &Environment) -> Option<Given> {
    let port = variable(env, "PORT");
    let host = variable(env, "HOST")
        .filter(|host| port.is_some() || host == "localhost" || host.parse::<IpAddr>().is_ok());
    let name = match (&host, &port) {
        (None, None) => return None,
        (Some(_), None) => "HOST",
        (None, Some(_)) => "PORT",
        (Some(_), Some(_)) => "HOST and PORT",
    };
    host_and_port(host, port, Place::Environment(name.to_owned()))
}

/// Where go-httpbin listens with this host and port.
pub(crate) fn host_and_port(
    host: Option<String>,
    port: Option<String>,
    place: Place,
) -> Option<Given> {
    let (host, port) = (host.unwrap_or("0.0.0.0".into()), port.unwrap_or("8080".into()));
    let ipv6 = host.contains(':') && !host.starts_with('[');
    let text = if ipv6 { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    Some(Given { row: Setting::named("listen")?, text, place })
}

/// The variables that `/env` tells, in order: none but those whose names say that they are meant
/// for it.
pub(crate) fn told(env: &Environment) -> Vec<(String, String)> {
    let told = env.iter().filter(|(name, _)| TOLD.iter().any(|start| name.starts_with(start)));
    told.map(|(name, text)| (name.clone(), text.clone())).collect()
}

/// The variables that ask for what there is not.
pub(crate) fn mistakes(env: &Environment) -> impl Iterator<Item = ConfigError> {
    let set = env.iter().filter(|(_, text)| !text.trim().is_empty());
    set.filter_map(|(name, text)| tls(name).or_else(|| misspelt(name, text)))
}

fn tls(name: &str) -> Option<ConfigError> {
    TLS.contains(&name).then(|| no_tls(Place::Environment(name.to_owned())))
}

/// Who gives a certificate must not be served without it.
pub(crate) fn no_tls(place: Place) -> ConfigError {
    let wrong = "there is no TLS yet, and plain HTTP would be a surprise";
    ConfigError::new(place, wrong, "leave it out, and let a proxy in front speak TLS")
}

fn misspelt(name: &str, text: &str) -> Option<ConfigError> {
    let word = name.strip_prefix(OWN)?;
    let known = Setting::all().any(|row| row.variable() == name) || name == CONFIG_VARIABLE;
    let told = TOLD.iter().any(|start| name.starts_with(start));
    if known || told || is_service_link(word, text) {
        return None;
    }
    let names = Setting::all().map(|row| row.name).chain(["config"]);
    let advice = match nearest(word, names) {
        Some(meant) => {
            format!("did you mean `{OWN}{}`?", meant.replace('-', "_").to_ascii_uppercase())
        }
        None => "`loiter --help` lists them".to_owned(),
    };
    Some(ConfigError::new(Place::Environment(name.to_owned()), "there is no such setting", advice))
}

/// Kubernetes tells every container where services are: for one called `loiter` or `loiter-a` by
/// LOITER_PORT=tcp://…, LOITER_A_SERVICE_HOST, LOITER_PORT_80_TCP_ADDR and the like.
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
    fn what_kubernetes_says_of_services_is_no_mistake() {
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
        assert_eq!(mistakes(&links).collect::<Vec<_>>(), []);
        assert_eq!(mistakes(&env(&[("LOITER_PORT", "80")])).count(), 1);
    }

    #[test]
    fn env_tells_what_is_named_for_it() {
        let env = env(&[
            ("HOME", "/root"),
            ("LOITER_ENV_B", "2"),
            ("LOITER_ENVY", "no"),
            ("HTTPBIN_ENV_A", ""),
            ("httpbin_env_a", "no"),
            ("HTTPBIN_ENV_", "bare"),
        ]);
        let expected = [("HTTPBIN_ENV_", "bare"), ("HTTPBIN_ENV_A", ""), ("LOITER_ENV_B", "2")];
        assert_eq!(told(&env), expected.map(|(name, text)| (name.into(), text.into())));
    }
}
