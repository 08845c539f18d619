//! Commands that print instead of serving, and the address of a health check.

use loiter::config::{Check, Invocation, Setting, Settings, Shape};
use loiter::http::modifiers::ROWS;
use loiter::http::modifiers::fault::FAULTS;

use super::ask::*;

#[test]
fn check_config_says_what_was_checked() {
    let path = file("fine.toml", "workers = 1");
    let checked = ask(&format!("--check-config --config {}", path.display()), &[]);
    let said = format!("loiter: {} is valid", path.display());
    let settings = Settings { workers: 1, ..Settings::default() };
    assert_eq!(checked, Ok(Invocation::Checked(settings.into(), said)));
    assert!(matches!(ask("--check-config", &[]), Ok(Invocation::Checked(..))));
}

#[test]
fn help_version_and_completions_are_printed() {
    let help = printed("--help", &[]);
    for row in Setting::all() {
        assert!(help.contains(&format!("--{} ", row.name)), "{}", row.name);
        let default = row.default_text().replace('\n', ",");
        let default = if default.is_empty() { "empty" } else { &default };
        assert!(help.contains(&format!("[default: {default}]")), "{}", row.name);
        assert!(row.variables().all(|name| help.contains(&name)), "{}", row.name);
    }
    assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
    assert_eq!(printed("help", &[]), help);
    assert_eq!(printed("help healthcheck", &[]), printed("healthcheck --help", &[]));
    for topic in ["listen", "--listen"] {
        let listen = printed(&format!("help {topic}"), &[]);
        assert!(listen.starts_with("--listen ADDRESS\n") && help.contains("loiter help TOPIC"));
        assert!(listen.contains("[LOITER_LISTEN]") && listen.contains("\nin a file: listen = "));
    }
    assert!(printed("help ~delay", &[]).starts_with("~delay="));
    assert!(printed("help with", &[]).contains("\nin a file: with = []\n\n~with=none\n"));
    assert!(printed("help truncate", &[]).starts_with("~fault=truncate"));
    let (fault, cert) = (printed("help fault", &[]), printed("help cert", &[]));
    assert!(FAULTS.iter().all(|row| fault.contains(row.summary)), "{fault}");
    assert!(cert.contains("self-signed") && cert.contains("loiter help modifiers"), "{cert}");
    assert!(help.contains("loiter help modifiers"));
    assert_eq!(printed("-V", &[]), format!("loiter {}\n", env!("CARGO_PKG_VERSION")));
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = printed(&format!("completions {shell}"), &[]);
        assert!(Setting::all().all(|row| script.contains(row.name)), "{shell}");
    }
}

#[test]
fn the_manual_page_has_every_flag() {
    let page = printed("man", &[]).replace("\\-", "-");
    assert!(page.starts_with(".TH LOITER 1"));
    for row in Setting::all() {
        let item = format!("\n.TP\n\\fB--{}\\fR \\fI{}\\fR\n{}.\n", row.name, row.value, row.help);
        assert!(page.contains(&item), "{item}");
        assert!(row.variables().all(|name| page.contains(&name)), "{}", row.name);
    }
    for word in ["--config", "--check-config", "--print-config", "healthcheck", "completions"] {
        assert!(page.contains(&format!("\\fB{word}")), "{word}");
    }
    let macros = ["TH", "ad l", "SH", "SS", "TP", "B ", "BR", "br", "nf", "fi", "RS", "RE"];
    let requests = page.lines().filter_map(|line| line.strip_prefix('.'));
    requests.for_each(|line| assert!(macros.iter().any(|name| line.starts_with(name)), "{line}"));
    assert!(page.lines().all(|line| !line.starts_with('\'')));
}

#[test]
fn the_help_on_modifiers_has_every_row() {
    let help = printed("help modifiers", &[]);
    for args in ["modifiers", "modifiers --help", "modifiers -h"] {
        assert_eq!(printed(args, &[]), help, "{args}");
    }
    assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
    for row in &ROWS {
        let name = row.name.text();
        let line = help.lines().find(|line| line.starts_with(&format!("  {name}")));
        let line = line.unwrap_or_else(|| panic!("{name}"));
        assert!(line.contains('=') || row.syntax.is_empty(), "{line}");
        assert!(help.contains(row.summary), "{name}");
    }
    for row in &FAULTS {
        assert!(help.contains(&format!("\n    {}", row.kind.name())), "{}", row.kind.name());
        assert!(help.contains(row.summary), "{}", row.summary);
    }
}

#[test]
fn the_short_help_is_seen_at_a_glance() {
    let help = printed("-h", &[]);
    assert!(help.lines().count() <= 30, "{help}");
    assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
    let known = |word: &str| word.strip_prefix("--").is_some_and(|n| Setting::named(n).is_some());
    assert_eq!(help.split_whitespace().filter(|word| known(word)).count(), 11, "{help}");
    assert!(help.ends_with(
        "`loiter --help` shows every setting, `loiter help TOPIC` one setting, modifier or fault\n"
    ));
}

/// Each shell's script has the words of every choice and switch.
#[test]
fn completions_offer_the_words_of_a_choice() {
    let script = |shell: &str| printed(&format!("completions {shell}"), &[]);
    let (bash, zsh, fish) = (script("bash"), script("zsh"), script("fish"));
    for row in Setting::all() {
        let (words, name) = match row.shape {
            Shape::Choice(words) => (words, row.name),
            Shape::Switch => (["on", "off"].as_slice(), row.name),
            _ => continue,
        };
        let all = words.join(" ");
        let case = format!("--{name})\n                    COMPREPLY=($(compgen -W \"{all}\"");
        assert!(bash.contains(&case), "{name}");
        let line = zsh.lines().find(|line| line.starts_with(&format!("'--{name}=")));
        assert!(line.is_some_and(|line| line.contains(&format!("({all})"))), "{name}: {line:?}");
        let offered = words.join("\\t''\n");
        let line = format!("-l {name} -d ");
        let at = fish.find(&line).expect(name);
        let end = format!("-a \"{offered}\\t''\"");
        assert!(
            fish[at..].split("\ncomplete").next().is_some_and(|line| line.ends_with(&end)),
            "{name}"
        );
    }
    // A flag without a value must not suppress all completions.
    assert!(fish.contains("2>/dev/null\n    or return 0\n"), "clap's script has changed");
}

/// The URLs that a health check without a process checks.
fn health(args: &str, env: &[(&str, &str)]) -> String {
    match ask(args, env) {
        Ok(Invocation::Healthcheck(Check::Url(url))) => url,
        Ok(Invocation::Healthcheck(Check::Container { otherwise })) => {
            format!("container {}", otherwise.join(" ")).trim_end().to_owned()
        }
        other => panic!("{args}: {other:?}"),
    }
}

#[test]
fn a_healthcheck_asks_where_the_settings_listen() {
    assert_eq!(health("--listen :83 healthcheck", &[]), "http://127.0.0.1:83/healthz");
    assert_eq!(health("-port 84 healthcheck", &[("HOST", "web")]), "http://web:84/healthz");
    assert_eq!(health("healthcheck http://x/status/200", &[]), "http://x/status/200");
    assert_eq!(health("--listen unix:s,udp-echo://:7 healthcheck", &[]), "unix:s:/healthz");
    assert_eq!(
        health("--listen unix:/s?mode=0600 --prefix /a healthcheck", &[]),
        "unix:/s:/a/healthz"
    );
    assert_eq!(health("--listen :0,localhost:81 healthcheck", &[]), "http://localhost:81/healthz");
    assert_eq!(health("--listen tcp-echo://:7 healthcheck", &[]), "tcp-echo://127.0.0.1:7");
    let file = file("health.toml", "listen = ['[::1]:85']");
    let args = format!("--config {} healthcheck", file.display());
    assert_eq!(health(&args, &[]), "http://[::1]:85/healthz");
    let said = mistake("--listen :0 healthcheck", &[]);
    assert!(said.contains("`loiter healthcheck http://HOST:PORT/`"), "{said}");
}

#[test]
fn a_healthcheck_without_flags_asks_the_containers_server_first() {
    assert_eq!(health("healthcheck", &[]), "container http://127.0.0.1:8080/healthz");
    assert_eq!(health("healthcheck", &[("PORT", "81")]), "container http://127.0.0.1:81/healthz");
    let env = [("LOITER_LISTEN", "unix:s,[::1]:82")];
    assert_eq!(health("healthcheck", &env), "container http://[::1]:82/healthz");
    assert_eq!(
        health("healthcheck", &[("PREFIX", "/a")]),
        "container http://127.0.0.1:8080/a/healthz"
    );
    assert_eq!(health("healthcheck", &[("LOITER_LISTEN", "udp-echo://:0,:0")]), "container");
}

#[test]
fn a_healthcheck_of_a_process_needs_no_settings() {
    let process = Ok(Invocation::Healthcheck(Check::Process(7)));
    assert_eq!(ask("healthcheck --pid 7", &[("PORT", "81")]), process);
    for (args, said) in [
        ("healthcheck --pid 7 http://x/", "loiter: the argument '--pid <N>' cannot be used with"),
        ("healthcheck --pid x", "loiter: invalid value 'x' for '--pid <N>': "),
        ("healthcheck --pid -1", "loiter: "),
    ] {
        let line = mistake(args, &[]);
        assert!(line.starts_with(said), "{line}");
    }
}
