//! The configuration as an operator meets it: every source, every row, every mistake.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use loiter::config::{
    AccessLog, ConfigError, Invocation, Place, SETTINGS, Settings, Shape, effective, example, read,
};

/// For every row a value that is not its default, as `show` spells it.
const SAMPLES: [(&str, &str); 21] = [
    ("listen", "http://[::1]:0,tcp-echo://0.0.0.0:7,udp-echo://0.0.0.0:7,unix:/run/l.sock"),
    ("workers", "3"),
    ("max-connections", "1000"),
    ("private-fd-tables", "off"),
    ("read-until-would-block", "on"),
    ("server-header", "off"),
    ("shutdown-timeout", "1500ms"),
    ("max-duration", "90m"),
    ("max-bytes", "1000"),
    ("max-body-size", "64KiB"),
    ("max-head-line", "1KiB"),
    ("max-head-size", "8KiB"),
    ("max-head-fields", "32"),
    ("head-timeout", "1s"),
    ("body-timeout", "2s"),
    ("send-timeout", "3s"),
    ("keep-alive-timeout", "4s"),
    ("log-level", "trace"),
    ("log-format", "json"),
    ("access-log", "combined"),
    ("access-log-file", "/var/log/a \"quoted\\\" name.log"),
];

/// Asks for what `args`, split at spaces, say in an environment of `vars`.
fn ask(args: &str, vars: &[(&str, &str)]) -> Result<Invocation, ConfigError> {
    ask_with(args.split_whitespace().map(str::to_owned).collect(), vars)
}

fn ask_with(args: Vec<String>, vars: &[(&str, &str)]) -> Result<Invocation, ConfigError> {
    let vars: BTreeMap<&str, &str> = vars.iter().copied().collect();
    let args = std::iter::once("loiter".to_owned()).chain(args).map(OsString::from);
    read(args, &|name| vars.get(name).map(|text| (*text).to_owned()))
}

fn settings(args: &str, vars: &[(&str, &str)]) -> Settings {
    match ask(args, vars) {
        Ok(Invocation::Run(settings)) => *settings,
        other => panic!("{args} {vars:?}: {other:?}"),
    }
}

fn printed(args: &str, vars: &[(&str, &str)]) -> String {
    match ask(args, vars) {
        Ok(Invocation::Print(text)) => text,
        other => panic!("{args} {vars:?}: {other:?}"),
    }
}

/// The line an operator reads.
fn mistake(args: &str, vars: &[(&str, &str)]) -> String {
    ask(args, vars).expect_err(args).to_string()
}

/// A file of this name, which must be a test's own, holding `text`.
fn file(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).expect("a file for the test");
    path
}

fn listening(settings: &Settings) -> String {
    settings.listen.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_table_agrees_with_the_code() {
    let settings = Settings::default();
    assert_eq!(settings.limits, loiter::base::limits::Limits::default());
    assert_eq!(settings.app(), loiter::http::app::App::default());
    for row in SETTINGS {
        assert_eq!((row.show)(&settings), row.default, "{}", row.name);
        assert!(!row.help.ends_with('.') && !row.help.contains(['{', '\n']), "{}", row.name);
        let Shape::Choice(words) = row.shape else { continue };
        for word in words {
            let mut settings = Settings::default();
            (row.set)(&mut settings, word).expect(word);
            assert_eq!((row.show)(&settings), *word);
        }
    }
    let names: Vec<&str> = SETTINGS.iter().map(|row| row.name).collect();
    assert_eq!(names, SAMPLES.map(|(name, _)| name), "every row has a sample, in order");
}

#[test]
fn every_row_is_set_by_flag_by_environment_and_by_file_and_is_printed() {
    for (row, (name, sample)) in SETTINGS.iter().zip(SAMPLES) {
        assert_ne!(row.default, sample, "{name}: a sample is not the default");
        let mut expected = Settings::default();
        (row.set)(&mut expected, sample).expect(name);

        let flag = vec![format!("--{name}"), sample.to_owned()];
        assert_eq!(ask_with(flag, &[]), Ok(Invocation::Run(Box::new(expected.clone()))));
        for variable in row.variables() {
            assert_eq!(settings("", &[(&variable, sample)]), expected, "{variable}");
        }
        let text = effective(&expected);
        let line = text.lines().find(|line| line.starts_with(&format!("{name} = "))).expect(name);
        let path = file(&format!("row-{name}.toml"), line);
        assert_eq!(settings(&format!("--config {}", path.display()), &[]), expected, "{line}");
    }
}

#[test]
fn what_is_printed_reads_back_as_the_same_settings() {
    let mut all = Settings::default();
    for (row, (_, sample)) in SETTINGS.iter().zip(SAMPLES) {
        (row.set)(&mut all, sample).expect(sample);
    }
    for (name, expected) in [("all.toml", all), ("none.toml", Settings::default())] {
        let path = file(name, &effective(&expected));
        let args = format!("--config {}", path.display());
        assert_eq!(settings(&args, &[]), expected);
        assert_eq!(printed(&format!("{args} --print-config"), &[]), effective(&expected));
    }
}

#[test]
fn a_flag_wins_over_the_environment_that_over_the_file_that_over_the_default() {
    let path = file("precedence.toml", "workers = 1\nlisten = [\":1\"]\n");
    let config = format!("--config {}", path.display());
    let env = [("LOITER_WORKERS", "2"), ("LOITER_LISTEN", ":2"), ("PORT", "9")];

    assert_eq!(settings("", &[]).workers, 0);
    assert_eq!(settings(&config, &[]).workers, 1);
    assert_eq!(settings(&config, &env).workers, 2);
    assert_eq!(settings(&format!("{config} --workers 3"), &env).workers, 3);

    let at = |args: &str, env: &[(&str, &str)]| listening(&settings(args, env));
    assert_eq!(at("", &[]), "http://127.0.0.1:8080");
    assert_eq!(at("", &env[2..]), "http://0.0.0.0:9");
    assert_eq!(at(&config, &env[2..]), "http://[::]:1");
    assert_eq!(at(&config, &env), "http://[::]:2");
    assert_eq!(at(&format!("{config} --listen :3"), &env), "http://[::]:3");

    let ours = [("LOITER_MAX_BODY_SIZE", "1"), ("MAX_BODY_SIZE", "2")];
    assert_eq!(settings("", &ours).limits.body_bytes, 1, "our own name is the stronger");
    assert_eq!(settings("", &[("LOITER_CONFIG", path.to_str().unwrap())]).workers, 1);
    assert_eq!(settings("", &[("LOITER_WORKERS", ""), ("PORT", " ")]), Settings::default());
}

#[test]
fn a_flag_for_one_value_counts_where_it_stands_last_and_listen_adds_up() {
    assert_eq!(settings("--workers 1 --workers 2", &[]).workers, 2);
    let all = settings("--listen 127.0.0.1:0 --listen 127.0.0.1:0 --listen [::1]:80,unix:s", &[]);
    assert_eq!(listening(&all), "http://127.0.0.1:0 http://127.0.0.1:0 http://[::1]:80 unix:s");
    assert!(mistake("--listen :80 --listen tcp-echo://:80", &[]).contains("once"));
    settings("--listen tcp-echo://:7 --listen udp-echo://:7", &[]);
}

#[test]
fn go_httpbins_variables_are_honoured() {
    let at = |env: &[(&str, &str)]| listening(&settings("", env));
    assert_eq!(at(&[("HOST", "127.0.0.1")]), "http://127.0.0.1:8080");
    assert_eq!(at(&[("HOST", "::1"), ("PORT", "80")]), "http://[::1]:80");
    assert_eq!(at(&[("HOST", "localhost"), ("PORT", "0")]), "http://127.0.0.1:0");
    // Some shells export the machine's name as HOST: alone it means nothing, beside PORT it does.
    assert_eq!(at(&[("HOST", "build-7")]), "http://127.0.0.1:8080");
    let said = mistake("", &[("HOST", "build-7"), ("PORT", "80")]);
    assert!(said.starts_with("loiter: HOST and PORT: `build-7` is not an IP address"), "{said}");

    let env = [("MAX_BODY_SIZE", "10"), ("MAX_DURATION", "1m30s"), ("LOG_LEVEL", "ERROR")];
    let settings = settings("", &env);
    assert_eq!(settings.limits.body_bytes, 10);
    assert_eq!(settings.limits.max_duration, Duration::from_secs(90));
    assert_eq!(settings.log_level, loiter::config::LogLevel::Error);
}

#[test]
fn a_switch_without_value_is_on() {
    assert!(settings("--read-until-would-block", &[]).read_until_would_block);
    assert!(settings("--read-until-would-block --workers 1", &[]).read_until_would_block);
    assert!(!settings("--server-header=no", &[]).server_header);
    assert!(!settings("--server-header off", &[]).server_header);
    let path = file("switch.toml", "server-header = false\nprivate-fd-tables = \"off\"\n");
    let settings = settings(&format!("--config {}", path.display()), &[]);
    assert!(!settings.server_header && !settings.private_fd_tables);
}

#[test]
fn records_are_kept_only_for_an_access_log() {
    assert!(!settings("", &[]).app().records);
    let settings = settings("--access-log json --max-bytes 5 --server-header off", &[]);
    assert_eq!(settings.access_log, AccessLog::Json);
    let app = settings.app();
    assert!(app.records && !app.server_header && app.limits.max_bytes == 5);
}

#[test]
fn a_file_takes_numbers_texts_booleans_and_lists() {
    let text = "\u{feff}max-body-size = 1_000\r\nshutdown-timeout = 1.5\nworkers = 0x10\n\
                listen = [\n  \"127.0.0.1:0\", # first\n  \"unix:/s\",\n]\nlog-level = 'off'\n";
    let settings = settings(&format!("--config {}", file("kinds.toml", text).display()), &[]);
    assert_eq!(settings.limits.body_bytes, 1000);
    assert_eq!(settings.shutdown_timeout, Duration::from_millis(1500));
    assert_eq!(settings.workers, 16);
    assert_eq!(listening(&settings), "http://127.0.0.1:0 unix:/s");
}

#[test]
fn a_mistake_in_a_file_is_told_with_its_line() {
    for (name, text, said) in [
        ("word", "\n\nworker = 1\n", ":3: unknown key `worker`; did you mean `workers`?"),
        ("under", "max_bytes = 1", ":1: unknown key `max_bytes`; did you mean `max-bytes`?"),
        ("port", "port = 80", ":1: unknown key `port`; did you mean `listen`?"),
        ("zebra", "zebra = 1", "`zebra`; `loiter --print-config` shows every key"),
        ("table", "[server]\nworkers = 1", ":1: unknown key `server`; there are no tables"),
        ("value", "#\nworkers = \"many\"", ":2: workers: `many` is not a number; give a whole"),
        ("list", "workers = [1]", ":1: workers: array is not a value it takes; write it as in"),
        ("item", "listen = [80]", "write it as in `listen = [\"http://127.0.0.1:8080\"]`"),
        ("twice", "workers = 1\nworkers = 2", ":2: duplicate key; give each key once"),
        ("syntax", "#\nworkers 1", ":2: "),
        ("order", "zebra = 1\nalpha = 1", ":1: unknown key `zebra`"),
    ] {
        let path = file(&format!("bad-{name}.toml"), text);
        let line = mistake(&format!("--check-config --config {}", path.display()), &[]);
        assert!(line.starts_with(&format!("loiter: {}:", path.display())), "{line}");
        assert!(line.contains(said) && line.contains("; "), "{line}");
    }
    let line = mistake("--config /nowhere/loiter.toml", &[]);
    assert!(line.starts_with("loiter: /nowhere/loiter.toml: cannot be read: "), "{line}");
    assert!(line.ends_with("writes a file to start from"), "{line}");
}

#[test]
fn a_mistake_in_the_environment_is_told_with_its_name() {
    for (name, text, said) in [
        (
            "LOITER_WORKERS",
            "many",
            "`many` is not a number; give a whole number, 0 for one per CPU",
        ),
        ("LOITER_LISTEN", "8080", "`8080` has no host; write 127.0.0.1:8080"),
        ("MAX_BODY_SIZE", "1 elephant", "`1 elephant` is not a size; give bytes, or"),
        ("MAX_DURATION", "soon", "`soon` is not a duration; give seconds, or"),
        ("PORT", "http", "`http` is not a port; a port is a number"),
    ] {
        let line = mistake("", &[(name, text)]);
        assert!(line.starts_with(&format!("loiter: {name}: {said}")), "{line}");
    }
    // What a stronger source overrules is judged all the same.
    assert!(ask("--workers 1", &[("LOITER_WORKERS", "many")]).is_err());
}

#[test]
fn a_mistake_on_the_command_line_says_what_to_do_next() {
    for (args, said) in [
        ("--worker 1", "loiter: unknown flag `--worker`; did you mean `--workers`?"),
        ("--port=80", "loiter: unknown flag `--port`; did you mean `--listen`?"),
        ("--zebra", "loiter: unknown flag `--zebra`; `loiter --help` lists them"),
        ("-port 80", "loiter: unknown argument `-p`; flags have two dashes"),
        ("80", "loiter: unknown argument `80`; did you mean `--listen :80`?"),
        ("[::1]:80", "loiter: unknown argument `[::1]:80`; did you mean `--listen [::1]:80`?"),
        ("my.toml", "loiter: unknown argument `my.toml`; did you mean `--config my.toml`?"),
        ("healtcheck", "loiter: unknown argument `healtcheck`; did you mean `healthcheck`?"),
        ("--workers", "loiter: --workers: has no value; give a whole number"),
        ("--workers many", "loiter: --workers: `many` is not a number; give a whole number"),
        ("--workers -1", "loiter: --workers: `-1` is not a number; give a whole number"),
        (
            "--max-connections 0",
            "loiter: --max-connections: `0` is too small; the least is 1; give",
        ),
        (
            "--head-timeout 0",
            "loiter: --head-timeout: `0` would cut every client off at once; give",
        ),
        ("--max-head-fields 129", "loiter: --max-head-fields: `129` is too large; the most is 128"),
        (
            "--log-level loud",
            "loiter: --log-level: `loud` is not one of its values; give off, error",
        ),
        (
            "--server-header maybe",
            "loiter: --server-header: `maybe` is neither on nor off; give on",
        ),
        ("completions", "loiter: the following required arguments were not provided: <SHELL>; "),
        ("completions dos", "loiter: invalid value 'dos' for '<SHELL>' [possible values: bash, "),
        ("--check-config --print-config", "loiter: the argument '--check-config' cannot be used"),
    ] {
        let line = mistake(args, &[]);
        assert!(line.starts_with(said) && line.contains("; "), "{args}: {line}");
        assert!(!line.contains('\n'), "{line}");
    }
    let error = ask("--workers many", &[]).unwrap_err();
    assert_eq!((error.place, error.key), (Place::Flag("workers"), Some("workers")));
}

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
    for row in SETTINGS {
        assert!(help.contains(&format!("--{} ", row.name)), "{}", row.name);
        assert!(help.contains(&format!("[default: {}]", row.default)), "{}", row.name);
        assert!(row.variables().all(|name| help.contains(&name)), "{}", row.name);
    }
    assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
    assert_eq!(printed("-h", &[]), help);
    assert_eq!(printed("-V", &[]), format!("loiter {}\n", env!("CARGO_PKG_VERSION")));
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = printed(&format!("completions {shell}"), &[]);
        assert!(SETTINGS.iter().all(|row| script.contains(row.name)), "{shell}");
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
    let said = mistake("healthcheck", &[("LOITER_LISTEN", "unix:s")]);
    assert!(said.contains("`loiter healthcheck http://HOST:PORT/`"), "{said}");
}

/// `LOITER_BLESS=1 cargo test --test settings` writes the file anew.
#[test]
fn the_example_file_is_made_from_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/loiter.toml");
    if std::env::var_os("LOITER_BLESS").is_some() {
        fs::write(&path, example()).expect("config/loiter.toml can be written");
    }
    let written = fs::read_to_string(&path).expect("config/loiter.toml is there");
    assert!(written == example(), "LOITER_BLESS=1 cargo test --test settings writes it anew");
    let args = format!("--config {}", path.display());
    assert_eq!(settings(&args, &[]), Settings::default(), "everything is commented out");

    let keys = |line: &&str| line.starts_with('#') && !line.starts_with("# ") && line.len() > 1;
    let given: String =
        written.lines().filter(keys).map(|line| format!("{}\n", &line[1..])).collect();
    assert_eq!(given.lines().count(), SETTINGS.len());
    let args = format!("--config {}", file("uncommented.toml", &given).display());
    assert_eq!(settings(&args, &[]), Settings::default(), "uncommented, each is the default");
}
