//! `loiter healthcheck` against running servers.

use super::process::*;

#[test]
fn a_health_check_tells_by_its_status() {
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
    refused(&check(&late), 2, &["`--listen` comes too late", "healthcheck"]);
}
