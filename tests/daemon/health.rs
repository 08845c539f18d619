//! `loiter healthcheck` against running servers.

use std::fs;
use std::process::Stdio;

use super::process::*;

#[test]
fn a_health_check_reports_by_its_exit_status() {
    let daemon = Daemon::start(&[]);
    let check = |path: &str| run(&["healthcheck", &format!("http://{}{path}", daemon.address)]);
    assert_eq!(check("/").status.code(), Some(0));
    assert_eq!(check("/status/302").status.code(), Some(0));
    refused(&check("/status/503"), 1, &["answers with status 503"]);
    let address = daemon.address;
    daemon.stop();
    let gone = run(&["healthcheck", &format!("http://{address}/")]);
    refused(&gone, 1, &["does not answer", &address.to_string()]);
    refused(&run(&["healthcheck", "gopher://127.0.0.1/"]), 2, &["write http://HOST:PORT/"]);
}

#[test]
fn a_health_check_without_url_asks_where_the_settings_say() {
    let daemon = Daemon::start(&[]);
    let every = format!("0.0.0.0:{}", daemon.address.port());
    let output = command(BIN).arg("healthcheck").env("LOITER_LISTEN", every).output();
    assert_eq!(output.expect("the binary starts").status.code(), Some(0));
}

#[test]
fn a_health_check_asks_through_a_socket_file_and_under_the_prefix() {
    let folder = Folder::new("health");
    let socket = format!("unix:{}", folder.file("socket").display());
    let settings = ["--listen", "127.0.0.1:0", "--listen", &socket, "--prefix", "/a/b"];
    let daemon = Daemon::of(command(BIN).args(settings));
    let second = daemon.out.recv_timeout(DEADLINE).expect("a second line");
    assert_eq!(second, format!("listening {socket}"));
    let check = |args: &[&str]| run(args);
    let by_settings = ["--listen", &socket, "--prefix", "/a/b", "healthcheck"];
    assert_eq!(check(&by_settings).status.code(), Some(0));
    assert_eq!(check(&["healthcheck", &format!("{socket}:/a/b/get")]).status.code(), Some(0));
    refused(&check(&["healthcheck", &socket]), 1, &["answers with status 404"]);
    daemon.stop();
    refused(&check(&by_settings), 1, &["does not answer", &socket]);
    let late = ["healthcheck", "--listen", ":80"];
    refused(&check(&late), 2, &["`--listen` is misplaced", "healthcheck"]);
}

/// A health check of the process, without its settings.
fn check(daemon: &Daemon) -> std::process::Output {
    run(&["healthcheck", "--pid", &daemon.child.id().to_string()])
}

#[cfg(target_os = "linux")]
#[test]
fn a_health_check_finds_a_process_however_its_address_was_set() {
    let folder = Folder::new("found");
    // Unused loopback addresses: the port must be known beforehand.
    let mut last = 0;
    let mut host = || {
        last += 1;
        let own = std::process::id();
        format!("127.{}.{}.{last}", 1 + (own >> 8) % 254, own % 256)
    };
    let in_folder = || {
        let mut command = command(BIN);
        command.current_dir(folder.file("."));
        command
    };
    let at = |host: &str| format!("{host}:7001");
    let overruled = folder.with("overruled.toml", "listen = ['127.0.0.1:1']");
    folder.with("a.toml", &format!("listen = ['{}']\nprefix = '/a'", at(&host())));
    folder.with("b.toml", &format!("listen = ['{}']", at(&host())));
    let daemons = [
        // A flag, which overrides the environment and the file.
        Daemon::of(in_folder().args(["--listen", &at(&host())])),
        Daemon::of(in_folder().args(["-host", &host(), "-port", "7001"])),
        Daemon::of(in_folder().args(["--config", &overruled, "--listen", &at(&host())]).envs([
            ("LOITER_LISTEN", "127.0.0.1:2"),
            ("PORT", "3"),
            ("HOST", "127.0.0.1"),
        ])),
        // The environment.
        Daemon::of(in_folder().env("LOITER_LISTEN", at(&host()))),
        Daemon::of(in_folder().env("HOST", host()).env("PORT", "7001")),
        // A file, relative to its folder, by flag and by variable.
        Daemon::of(in_folder().args(["--config", "a.toml"])),
        Daemon::of(in_folder().env("LOITER_CONFIG", "b.toml")),
        // Any free port, on a name, and next to listeners of other kinds.
        Daemon::of(in_folder().args(["--listen", "127.0.0.1:0", "--prefix", "/p"])),
        Daemon::of(in_folder().args(["--listen", "localhost:0", "--listen", "tcp-echo://:0"])),
        Daemon::of(in_folder().args(["go-httpbin", "-host", "127.0.0.1", "-port", "0"])),
        // Every interface; a proxy is not used.
        Daemon::of(
            in_folder().args(["--listen", "0.0.0.0:0"]).env("http_proxy", "http://127.0.0.1:1"),
        ),
    ];
    for daemon in daemons {
        let output = check(&daemon);
        let wrong = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{}: {wrong}", daemon.address);
        let number = daemon.child.id().to_string();
        drop(daemon);
        refused(&run(&["healthcheck", "--pid", &number]), 1, &["there is no process"]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_health_check_finds_a_process_that_speaks_no_http_over_tcp() {
    let folder = Folder::new("no-http");
    let abstract_name = format!("unix:@loiter-test-health-{}", std::process::id());
    for args in [
        &["--listen", "unix:socket?mode=0600"][..],
        &["--listen", "unix:socket", "--prefix", "/a"],
        &["--listen", "tcp-echo://127.0.0.1:0"],
        &["--listen", &abstract_name],
    ] {
        let mut child = command(BIN)
            .args(args)
            .current_dir(folder.file("."))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let said = lines(child.stdout.take().expect("piped")).recv_timeout(DEADLINE);
        let output = run(&["healthcheck", "--pid", &child.id().to_string()]);
        let _ = child.kill();
        let _ = child.wait();
        let _ = fs::remove_file(folder.file("socket"));
        assert_eq!(output.status.code(), Some(0), "{said:?}: {output:?}");
    }
}

#[test]
fn a_health_check_asks_an_echo_for_what_it_returns() {
    let echoes = ["--listen", "tcp-echo://127.0.0.1:0", "--listen", "udp-echo://127.0.0.1:0"];
    let daemon = Daemon::start(&echoes);
    let next = || daemon.out.recv_timeout(DEADLINE).expect("a line");
    let urls = [next(), next()].map(|line| line.replace("listening ", ""));
    for url in &urls {
        assert_eq!(run(&["healthcheck", url]).status.code(), Some(0), "{url}");
        let by_settings = run(&["--listen", url, "healthcheck"]);
        assert_eq!(by_settings.status.code(), Some(0), "{url}");
    }
    // An echo returns the HTTP request, which is not an answer; HTTP does not return the echo's
    // bytes.
    let http = urls[0].replace("tcp-echo", "http");
    refused(&run(&["healthcheck", &http]), 1, &["the response is not HTTP"]);
    let echo = format!("tcp-echo://{}", daemon.address);
    refused(&run(&["healthcheck", &echo]), 1, &["the response is not an echo"]);
    daemon.stop();
    for url in &urls {
        refused(&run(&["healthcheck", url]), 1, &["does not answer", url]);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_process_that_cannot_be_asked_is_explained() {
    let other = run(&["healthcheck", "--pid", &std::process::id().to_string()]);
    refused(&other, 1, &["is another program"]);
    refused(&run(&["healthcheck", "--pid", "4194305"]), 1, &["there is no process 4194305"]);
    refused(&run(&["healthcheck", "--pid", "0"]), 1, &["there is no process 0"]);
    let folder = Folder::new("changed");
    let file = folder.with("changed.toml", "listen = ['127.0.0.1:0']");
    let daemon = Daemon::of(command(BIN).args(["--config", &file]));
    folder.with("changed.toml", "listen = ['127.0.0.1']");
    refused(&check(&daemon), 1, &["has invalid settings", "has no port"]);
    daemon.stop();
}
