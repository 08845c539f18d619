//! What is printed instead of serving, and what a health check asks.

use loiter::config::{Invocation, Setting};

use super::ask::*;

#[test]
fn check_config_says_what_was_checked() {
    let path = file("fine.toml", "workers = 1");
    let checked = ask(&format!("--check-config --config {}", path.display()), &[]);
    let said = format!("loiter: {} is fine", path.display());
    assert_eq!(checked, Ok(Invocation::Checked(said)));
    assert!(matches!(ask("--check-config", &[]), Ok(Invocation::Checked(_))));
}

#[test]
fn help_version_and_completions_are_printed() {
    let help = printed("--help", &[]);
    for row in Setting::all() {
        assert!(help.contains(&format!("--{} ", row.name)), "{}", row.name);
        let default = if row.default.is_empty() { "none" } else { row.default };
        assert!(help.contains(&format!("[default: {default}]")), "{}", row.name);
        assert!(row.variables().all(|name| help.contains(&name)), "{}", row.name);
    }
    assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
    assert_eq!(printed("-h", &[]), help);
    assert_eq!(printed("-V", &[]), format!("loiter {}\n", env!("CARGO_PKG_VERSION")));
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = printed(&format!("completions {shell}"), &[]);
        assert!(Setting::all().all(|row| script.contains(row.name)), "{shell}");
        assert!(script.contains("combined"), "{shell} offers the words of a choice");
    }
}

#[test]
fn a_healthcheck_asks_where_the_settings_listen() {
    let url = |args: &str, env: &[(&str, &str)]| match ask(args, env) {
        Ok(Invocation::Healthcheck { url }) => url,
        other => panic!("{args}: {other:?}"),
    };
    assert_eq!(url("healthcheck", &[]), "http://127.0.0.1:8080/");
    assert_eq!(url("healthcheck", &[("PORT", "81")]), "http://127.0.0.1:81/");
    assert_eq!(url("healthcheck", &[("LOITER_LISTEN", "unix:s,[::1]:82")]), "http://[::1]:82/");
    assert_eq!(url("--listen :83 healthcheck", &[]), "http://127.0.0.1:83/");
    assert_eq!(url("healthcheck http://x/status/200", &[]), "http://x/status/200");
    assert_eq!(url("healthcheck", &[("PREFIX", "/a")]), "http://127.0.0.1:8080/a/");
    assert_eq!(url("--listen unix:s,udp-echo://:7 healthcheck", &[]), "unix:s:/");
    assert_eq!(url("--listen unix:/s --prefix /a healthcheck", &[]), "unix:/s:/a/");
    let said = mistake("healthcheck", &[("LOITER_LISTEN", "tcp-echo://:7,:0")]);
    assert!(said.contains("`loiter healthcheck http://HOST:PORT/`"), "{said}");
}
