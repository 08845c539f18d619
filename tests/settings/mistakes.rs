//! Mistakes in the configuration, and the message for each.

use loiter::config::Place;

use super::ask::*;

#[test]
fn a_mistake_in_a_file_is_reported_with_its_line() {
    for (name, text, said) in [
        ("word", "\n\nworker = 1\n", ":3: unknown key `worker`; did you mean `workers`?"),
        ("under", "max_bytes = 1", ":1: unknown key `max_bytes`; did you mean `max-bytes`?"),
        ("port", "port = 80", ":1: unknown key `port`; did you mean `listen`?"),
        ("zebra", "zebra = 1", "`zebra`; `loiter --print-config` shows every key"),
        ("table", "[server]\nworkers = 1", ":1: unknown key `server`; there are no tables"),
        ("value", "#\nworkers = \"many\"", ":2: workers: `many` is not a number; give a whole"),
        (
            "list",
            "workers = [1]",
            ":1: workers: a value of type array is not accepted; write it as in",
        ),
        ("item", "listen = [80]", "write it as in `listen = [\"http+https://127.0.0.1:8080\"]`"),
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
fn a_mistake_in_the_environment_is_reported_with_its_name() {
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
        ("PREFIX", "httpbin", "`httpbin` does not start with /; give a path"),
        ("USE_REAL_HOSTNAME", "maybe", "`maybe` is neither on nor off; give 1 or true for on"),
        ("SRV_READ_TIMEOUT", "0", "`0` would close every connection at once; give a time"),
        ("SRV_MAX_HEADER_BYTES", "lots", "`lots` is not a size; give bytes"),
        ("HTTPS_CERT_FILE", "c.pem", "the numbers of certificates (1) and keys (0) differ; give"),
        ("HTTPS_KEY_FILE", "k.pem", "the numbers of certificates (0) and keys (1) differ; give"),
        ("LOITER_WORKER", "1", "there is no such setting; did you mean `LOITER_WORKERS`?"),
        ("LOITER_PORT", "80", "there is no such setting; did you mean `LOITER_LISTEN`?"),
        ("LOITER_MAXBYTES", "1", "there is no such setting; did you mean `LOITER_MAX_BYTES`?"),
        ("LOITER_CONFIGS", "f", "there is no such setting; did you mean `LOITER_CONFIG`?"),
        ("LOITER_ZEBRA", "1", "there is no such setting; `loiter --help` lists them"),
    ] {
        let line = mistake("", &[(name, text)]);
        assert!(line.starts_with(&format!("loiter: {name}: {said}")), "{line}");
    }
    // A value that a stronger source overrides is checked all the same.
    assert!(ask("--workers 1", &[("LOITER_WORKERS", "many")]).is_err());
}

#[test]
fn a_mistake_on_the_command_line_says_what_to_do_next() {
    for (args, said) in [
        ("--compat go", "loiter: --compat: `go` is not one of its values; give httpbin or go-"),
        ("--prefix a", "loiter: --prefix: `a` does not start with /; give a path that starts"),
        ("--prefix /a/", "loiter: --prefix: `/a/` ends in /; give a path that starts with / and"),
        ("--prefix /a%20b", "loiter: --prefix: `/a%20b` has '%' in it; use letters, digits"),
        ("--exclude-headers x:", "loiter: --exclude-headers: `x:` is not a header field name"),
        (
            "--allowed-redirect-domains http://a.example:80",
            "loiter: --allowed-redirect-domains: `http://a.example:80` is not a host name \
             alone; write a.example",
        ),
        (
            "--allowed-redirect-domains *.example",
            "loiter: --allowed-redirect-domains: `*.example` is not a host name alone; \
             give host names",
        ),
        ("healthcheck --listen :80", "loiter: `--listen` is misplaced; write flags before the"),
        ("healthcheck --config f", "loiter: `--config` is misplaced; write flags before the"),
        ("--worker 1", "loiter: unknown flag `--worker`; did you mean `--workers`?"),
        ("--port=80", "loiter: unknown flag `--port`; did you mean `--listen`?"),
        ("--zebra", "loiter: unknown flag `--zebra`; `loiter --help` lists them"),
        (
            "--status 503",
            "loiter: unknown flag `--status`; for the modifier, write `--with 'status=",
        ),
        ("~last", "loiter: unknown argument `~last`; for the modifier, write `--with 'last'`"),
        ("-p 80", "loiter: unknown argument `-p`; flags have two dashes"),
        ("80", "loiter: unknown argument `80`; did you mean `--listen :80`?"),
        ("[::1]:80", "loiter: unknown argument `[::1]:80`; did you mean `--listen [::1]:80`?"),
        ("my.toml", "loiter: unknown argument `my.toml`; did you mean `--config my.toml`?"),
        ("healtcheck", "loiter: unknown argument `healtcheck`; did you mean `healthcheck`?"),
        ("hlep", "loiter: unknown argument `hlep`; did you mean `help`?"),
        (
            "help workrs",
            "loiter: there is no help on `workrs`; did you mean `loiter help workers`?",
        ),
        ("help dealy", "loiter: there is no help on `dealy`; did you mean `loiter help delay`?"),
        ("help zebra", "loiter: there is no help on `zebra`; topics are listed by"),
        (
            "--exclude-headers @flyy",
            "loiter: --exclude-headers: there is no list `@flyy`; did you mean",
        ),
        ("--workers", "loiter: --workers: has no value; give a whole number"),
        ("--workers many", "loiter: --workers: `many` is not a number; give a whole number"),
        ("--workers -1", "loiter: --workers: `-1` is not a number; give a whole number"),
        (
            "--max-connections 0",
            "loiter: --max-connections: `0` is too small; the least is 1; give",
        ),
        (
            "--head-timeout 0",
            "loiter: --head-timeout: `0` would close every connection at once; give",
        ),
        (
            "--linger-timeout 0",
            "loiter: --linger-timeout: `0` would close every connection at once;",
        ),
        ("--linger-bytes 0", "loiter: --linger-bytes: `0` is too small; the least is 1; give"),
        ("--max-bytes 1025GiB", "loiter: --max-bytes: `1025GiB` is too large; the most is"),
        (
            "--max-head-fields 4097",
            "loiter: --max-head-fields: `4097` is too large; the most is 4096",
        ),
        (
            "--log-level loud",
            "loiter: --log-level: `loud` is not one of its values; give off, error",
        ),
        ("--defer-accept maybe", "loiter: --defer-accept: `maybe` is neither on nor off; give on"),
        (
            "--server-header=",
            "loiter: --server-header: a field of 0 bytes cannot be sent; give 1 to",
        ),
        (
            "--server-header é",
            "loiter: --server-header: 'é' cannot be sent in a field; use printable",
        ),
        ("--server-header a\u{7f}", "loiter: --server-header: '\\u{7f}' cannot be sent in a"),
        ("--server-header a\0b", "loiter: --server-header: '\\0' cannot be sent in a field"),
        (
            "--listen unix:/s?mode=999",
            "loiter: --listen: `999` is not the mode of a socket file; give octal digits",
        ),
        (
            "--listen unix:/s?owner=no-such-user",
            "loiter: --listen: there is no user `no-such-user` in /etc/passwd; give the name of",
        ),
        (
            "--with dely=1s",
            "loiter: --with: modifier `dely=1s`: there is no such modifier; did you",
        ),
        (
            "--with last --with delay=abc",
            "loiter: --with: modifier `delay=abc`: `abc` is not a duration; write 50ms, 1.5s",
        ),
        ("--with delay", "loiter: --with: modifier `delay`: its value is missing; write delay="),
        ("--with last=1", "loiter: --with: modifier `last=1`: it takes no value; `loiter help mod"),
        ("--with status=503@2", "loiter: --with: modifier `status=503@2`: the chance"),
        (
            "--with times=2",
            "loiter: --with: modifier `times=2`: it counts the requests of a key; add one, such",
        ),
        (
            "--with delay=2h",
            "loiter: --with: modifier `delay=7200s`: 7200s is longer than 3600s (--max-wait); \
             shorten it, or raise",
        ),
        (
            "--profile public --listen http://:80/~delay=1ms@9,1m@1",
            "loiter: --listen: modifier `delay=1ms@9,60s`: 60s is longer than 10s (--max-",
        ),
        (
            "--listen http://:80/get",
            "loiter: --listen: `/get` is not a modifier; write http://[::]:80/~NAME=VALUE, such",
        ),
        (
            "--listen http://:80/~fault=rst",
            "loiter: --listen: modifier `fault=rst`: `rst` is not a fault; did you mean reset?",
        ),
        (
            "--listen http://:80/~handshake=hang",
            "loiter: --listen: modifier `handshake=hang`: http://[::]:80 has no TLS handshake; write \
             https:// before",
        ),
        (
            "--listen https://:80/~handshake=alert:unknown-ca",
            "loiter: --listen: modifier `handshake=alert:unknown-ca`: `unknown-ca` is not an alert; did you \
             mean unknown_ca?",
        ),
        (
            "--listen http://:80/~delay=1s,web:80",
            "loiter: --listen: modifier `delay=1s,web:80`: `web` is not a distribution; write \
             http://web:80 if a listener begins there",
        ),
        (
            "--listen unix:s?~dely=1s&mode=0600",
            "loiter: --listen: modifier `dely=1s`: there is no such modifier; did you mean delay?",
        ),
        ("--listen unix:s?delay=1s", "loiter: --listen: `delay=1s` is not an option of a socket"),
        (
            "--listen tcp-echo://:7/~status=503",
            "loiter: --listen: modifier `status=503`: it is not possible with TCP echo; it takes \
             delay, rate, fault=close|reset|abort|hang|stall|truncate, since, every, seed",
        ),
        (
            "--listen tcp-echo://:7/~fault=truncate",
            "loiter: --listen: modifier `fault=truncate:0.5`: `truncate:0.5` is not possible",
        ),
        (
            "--listen tcp-echo://:7/~fault=reset@0.5,reset:0.5",
            "loiter: --listen: modifier `fault=reset@0.5,reset:0.5`: `reset:0.5` is not possible",
        ),
        (
            "--listen udp-echo://:7/~fault=reset",
            "loiter: --listen: modifier `fault=reset`: `reset` is not possible with UDP echo; it \
             takes delay, fault=close|hang, since, every, seed",
        ),
        (
            "--listen udp-echo://:7/~fault=close:connect",
            "loiter: --listen: modifier `fault=close:connect`: `close:connect` is not possible",
        ),
        ("--modifiers maybe", "loiter: --modifiers: `maybe` is neither on nor off; give on or off"),
        ("--max-wait long", "loiter: --max-wait: `long` is not a duration; give seconds, or a"),
        ("--max-wait 9000h", "loiter: --max-wait: `9000h` is too long; the longest is 8760h"),
        (
            "--half-close drop",
            "loiter: --half-close: `drop` is not one of its values; give answer, as",
        ),
        (
            "--dialect envoy,fortoi",
            "loiter: --dialect: `fortoi` is not a dialect; did you mean `fortio`?",
        ),
        (
            "--dialect wiremock",
            "loiter: --dialect: `wiremock` is not a dialect; give fortio, envoy,",
        ),
        ("completions", "loiter: the following required arguments were not provided: <SHELL>; "),
        ("completions dos", "loiter: invalid value 'dos' for '<SHELL>' [possible values: bash, "),
        ("--check-config --print-config", "loiter: the argument '--check-config' cannot be used"),
    ] {
        let line = mistake(args, &[]);
        assert!(line.starts_with(said) && line.contains("; "), "{args}: {line}");
        assert!(!line.contains('\n'), "{line}");
    }
    let errors = ask("--workers many", &[]).unwrap_err().0;
    let [error] = errors.as_slice() else { panic!("{errors:?}") };
    assert_eq!((&error.place, error.key), (&Place::Flag("workers"), Some("workers")));
}

#[test]
fn a_bad_default_is_reported_where_it_was_given() {
    let text = "max-wait = 5\nwith = [\"last\", \"delay=6s\"]\nlisten = [\":1/~end=7s\"]\n";
    let path = file("bad-with.toml", text);
    let path = path.display();
    let args = format!("--config {path}");
    let at = format!("loiter: {path}:2: with: modifier `delay=6s`: 6s is longer than 5s (--max-");
    let line = mistake(&args, &[]);
    assert!(line.starts_with(&at) && !line.contains('\n'), "{line}");
    // What another source gives is at fault, if it wins.
    let line = mistake(&args, &[("LOITER_WITH", "body=8s")]);
    assert!(line.starts_with("loiter: LOITER_WITH: modifier `body=8s`: 8s is longer"), "{line}");
    let line = mistake(&format!("{args} --with delay=5s"), &[]);
    assert!(line.starts_with(&format!("loiter: {path}:3: listen: modifier `end=7s`: ")), "{line}");
    settings(&format!("{args} --max-wait 7"), &[]);
    settings(&format!("{args} --with= --listen :1"), &[]);
    // A listener's modifiers are checked together with the server's.
    assert!(mistake("--listen :1/~times=2", &[]).contains("add one, such as key=t42"));
    settings("--listen :1/~times=2 --with key=a", &[]);
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let path = file("many.toml", "worker = 1\nmax-bytes = \"many\"\nlog-level = \"debug\"\n");
    let args = format!("--config {} --head-timeout soon --workers 1", path.display());
    let env = [("PORT", "http"), ("LOITER_WORKRS", "1"), ("LOG_LEVEL", "loud")];
    let text = mistake(&args, &env);
    let lines: Vec<&str> = text.lines().collect();
    let path = path.display();
    for (line, start) in lines.iter().zip([
        "loiter: PORT: `http` is not a port".to_owned(),
        format!("loiter: {path}:1: unknown key `worker`"),
        format!("loiter: {path}:2: max-bytes: `many` is not a size"),
        "loiter: LOITER_WORKRS: there is no such setting".to_owned(),
        "loiter: LOG_LEVEL: `loud` is not one of its values".to_owned(),
        "loiter: --head-timeout: `soon` is not a duration".to_owned(),
    ]) {
        assert!(line.starts_with(&start), "{line}");
    }
    assert_eq!(lines.len(), 6, "{text}");
}

#[test]
fn variables_that_are_no_settings_are_left_alone() {
    let env = [
        ("LOITER_ENV_ANYTHING", "1"),
        ("HTTPBIN_ENV_ANYTHING", "1"),
        ("LOITER_WORKRS", " "),
        ("LOITER_PORT", "tcp://10.0.0.1:80"),
        ("LOITER_SERVICE_HOST", "10.0.0.1"),
        ("LOITERER", "1"),
        ("HTTPS_CERT_FILE", ""),
    ];
    settings("", &env);
}

#[test]
fn a_delay_as_long_as_the_shutdown_is_reported() {
    let line = mistake("--drain-delay 12s", &[]);
    assert!(
        line.starts_with(
            "loiter: --drain-delay: 12s leaves nothing of the --shutdown-timeout, 12s; "
        ),
        "{line}"
    );
    let line = mistake("--shutdown-timeout 1s --drain-delay 2s", &[]);
    assert!(line.contains("the --shutdown-timeout, 1s; give less, or a longer"), "{line}");
}

#[test]
fn a_journal_that_nobody_can_see_is_reported() {
    let expected = "loiter: --journal: nothing shows the 1000 requests that it keeps; give \
                    --admin 127.0.0.1:9090 too, whose GET /requests does";
    assert_eq!(mistake("--journal 1000", &[]), expected);
    let expected = expected.replace("--journal", "LOITER_JOURNAL");
    assert_eq!(mistake("", &[("LOITER_JOURNAL", "1000")]), expected);
    settings("--journal 0 --journal-bytes 1MiB", &[]);
    settings("--journal 1000 --admin :9090 --profile public", &[]);
}

#[test]
fn tls_settings_that_contradict_each_other_are_reported() {
    for (args, said) in [
        ("--tls-cert a,b --tls-key a", "--tls-cert: the numbers of certificates (2) and keys (1)"),
        ("--tls-key a", "--tls-key: the numbers of certificates (0) and keys (1) differ; give one"),
        ("--ca-seed x --ca-file f", "--ca-file: there are two CAs: --ca-file and --ca-seed; give"),
        ("--tls-client-auth optional", "--tls-client-auth: no CA is given that"),
        ("--tls-min 1.1", "--tls-min: `1.1` is not one of its values; give 1.2 or 1.3"),
        ("--alpn h2,h3", "--alpn: `h3` is not one of its values; give h2 and http/1.1"),
        ("--alpn h2,h2", "--alpn: `h2` is there twice; give h2 and"),
        ("--max-streams 0", "--max-streams: `0` is too small; the least is 1"),
    ] {
        let line = mistake(args, &[]);
        assert!(line.starts_with(&format!("loiter: {said}")), "{line}");
    }
}
