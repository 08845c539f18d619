//! What is opened, kept and closed when the settings change.

use super::*;
use crate::server::plan::Earlier;

/// What workers are sent for these `--listen`, one after another: how many sockets each listener
/// has, or `kept`, and how many are removed.
fn changes(all: &[&str]) -> Vec<String> {
    let mut registry = Registry::default();
    let mut shown = Vec::new();
    for listen in all {
        let settings = settings(listen);
        let plan = Plan::new(&settings, None, Earlier::Nothing).expect("a plan");
        let next = registry.next(&settings, 2, Heritage::default(), &[]).expect(listen);
        let listeners = next.listeners(&settings, &plan, &registry).expect(listen);
        let mut text = String::new();
        for configured in listeners {
            let sockets = [0, 1].map(|worker| configured.sockets(worker, 2).len());
            let kind = configured.listener.clone();
            let protocol = kind.protocol().map_or("Datagrams".into(), |p| format!("{p:?}"));
            match configured.is_new {
                true => text.push_str(&format!("{protocol}{sockets:?} ")),
                false => text.push_str(&format!("{protocol} kept ")),
            }
        }
        text.pop();
        let removed = registry.replace(next).len();
        shown.push(if removed > 0 { format!("{text} -{removed}") } else { text });
    }
    shown
}

fn settings(listen: &str) -> Settings {
    let listen = listen.split_whitespace().map(|listen| listen.parse().expect(listen)).collect();
    Settings { listen, workers: 2, ..Settings::default() }
}

#[test]
fn a_listener_that_stays_keeps_its_sockets() {
    let file = std::env::temp_dir().join(format!("loiter-registry-{}", std::process::id()));
    let name = format!("unix:{}", file.display());
    assert_eq!(
        changes(&["127.0.0.1:0", "127.0.0.1:0 tcp-echo://127.0.0.1:0", "tcp-echo://127.0.0.1:0"]),
        ["Http[1, 1]", "Http kept Echo[1, 1]", "Echo kept -1"]
    );
    let both = format!("udp-echo://127.0.0.1:0 {name}");
    assert_eq!(
        changes(&[&both, &format!("{name}?mode=0600"), &name]),
        ["Datagrams[1, 1] Http[1, 0]", "Http kept -1", "Http kept"]
    );
    assert_eq!(
        changes(&["127.0.0.1:0", "127.0.0.1:0/~delay=1s", "127.0.0.1:0 127.0.0.1:0"]),
        ["Http[1, 1]", "Http kept", "Http kept Http[1, 1]"]
    );
}

/// Another protocol at the same address gets the sockets that are there, so no connection in a
/// queue is lost.
#[test]
fn a_socket_is_kept_when_its_protocol_changes() {
    let mut registry = Registry::default();
    let next = registry
        .next(&settings("http://127.0.0.1:0"), 1, Heritage::default(), &[])
        .expect("a free port");
    registry.replace(next);
    let at = registry.addresses().next().and_then(Address::tcp).expect("an address");
    for listen in [format!("https://{at}"), format!("tcp-echo://{at}")] {
        let next = registry.next(&settings(&listen), 1, Heritage::default(), &[]).expect(&listen);
        assert!(registry.replace(next).is_empty());
        assert_eq!(registry.addresses().next().map(Address::to_string), Some(listen));
    }
    // A wider address may begin while the old one is still there.
    let next = registry.next(&settings(&format!(":{}", at.port())), 1, Heritage::default(), &[]);
    assert_eq!(registry.replace(next.expect("our own port is no obstacle")).len(), 1);
}

#[test]
fn an_address_that_is_given_twice_is_an_error() {
    let mut registry = Registry::default();
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let at = free.local_addr().expect("its address");
    drop(free);
    let error =
        registry.next(&settings(&format!("{at} https://{at}")), 1, Heritage::default(), &[]);
    let text = error.expect_err("given twice").to_string();
    assert!(text.contains(&format!("https://{at}, which is listened on already")), "{text}");
}

/// Accepting is deferred for HTTP only, and not if a connection may break at once.
#[cfg(target_os = "linux")]
#[test]
fn every_listener_has_its_modifiers_and_its_deferral() {
    use crate::http::modifiers::{Carrier, Modifiers};
    let with = |text| Modifiers::parse(text, Carrier::Server).expect(text);
    for (listen, server, defer_accept, deferred) in [
        ("127.0.0.1:0", "", true, true),
        ("127.0.0.1:0", "", false, false),
        ("tcp-echo://127.0.0.1:0/~rate=1KiB", "", true, false),
        ("https://127.0.0.1:0/~fault=reset:9", "", true, true),
        ("http://127.0.0.1:0/~fault=none@9,hang:connect@1", "", true, false),
        ("127.0.0.1:0", "fault=close:connect", true, false),
    ] {
        let mut settings = Settings { defer_accept, ..settings(listen) };
        settings.api.with = with(server);
        let mut registry = Registry::default();
        let plan = Plan::new(&settings, None, Earlier::Nothing).expect("a plan");
        let next = registry.next(&settings, 1, Heritage::default(), &[]).expect(listen);
        for configured in next.listeners(&settings, &plan, &registry).expect(listen) {
            let listener = &configured.listener;
            assert_eq!(listener.modifiers, settings.listen[0].shared_modifiers(), "{listen}");
            assert_eq!(listener.modifiers.is_some(), listen.contains('~'), "{listen}");
            assert_eq!(
                listener.tls.is_some(),
                !listen.contains("echo") && !listen.starts_with("http:")
            );
        }
        registry.replace(next);
        let socket = &registry.groups[0].all[0].sockets[0];
        assert_eq!(os::tests::deferral(socket) > 0, deferred, "{listen} {server} {defer_accept}");
    }
}
