//! The filter around machines; `tests/wire/x01-proxy-protocol.wire` has what a client sees.

use super::*;
use crate::http::app::App;
use crate::proto::conn::{Conn, Protocol};
use crate::proto::test_driver::Driver;

const LINE: &[u8] = b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n";

/// A connection that has to begin with a header.
fn required(protocol: Protocol) -> Driver {
    let mut driver = Driver::new(App::default(), protocol, 1);
    driver.proxy = ProxyMode::Required;
    driver.accept(protocol);
    driver
}

#[test]
fn a_client_is_identified_before_its_request_is_read() {
    let mut driver = required(Protocol::Http);
    assert_eq!(driver.conn.client(), Driver::ENDS.peer);
    driver.input.tail().extend_from_slice(LINE);
    driver.input.tail().extend_from_slice(b"GET /status/204 HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(driver.advance(), Next::Identified);
    assert_eq!(driver.conn.client(), Some([192, 0, 2, 1].into()));
    assert!(driver.input.unread().starts_with(b"GET ") && driver.output.is_empty());
    assert!(matches!(driver.advance(), Next::Read(_)));
    assert!(driver.output.unread().starts_with(b"HTTP/1.1 204 "));
    assert_eq!(driver.worker.metrics.refused[Refused::ProxyHeader as usize], 0);
}

#[test]
fn a_client_for_which_there_is_no_room_gets_a_503() {
    let mut driver = required(Protocol::Http);
    driver.input.tail().extend_from_slice(LINE);
    assert_eq!(driver.advance(), Next::Identified);
    driver.conn.refuse();
    assert!(matches!(driver.advance(), Next::Linger(_)));
    assert!(driver.output.unread().starts_with(b"HTTP/1.1 503 "));
}

#[test]
fn a_header_is_not_echoed_unread() {
    let mut driver = required(Protocol::Echo);
    assert_eq!(driver.conn.standing().splice_budget, 0);
    assert!(matches!(driver.receive(&LINE[..9]), Next::Read(_)));
    assert_eq!(driver.conn.standing().splice_budget, 0);
    driver.receive(&LINE[9..]);
    assert_eq!(driver.conn.standing().splice_budget, u64::MAX);
    assert!(driver.output.is_empty());
}

#[test]
fn what_is_refused_is_counted() {
    for (protocol, bytes, count) in [
        (Protocol::Http, &b"GET / HTTP/1.1\r\n"[..], 1),
        (Protocol::Http, b"PROXY x\r\n", 1),
        (Protocol::Http, b"\x16\x03", 1),
        (Protocol::Https, b"PROXY x\r\n", 1),
        (Protocol::Echo, b"x", 1),
        (Protocol::Http, b"PROX", 1),
        (Protocol::Http, b"", 0),
    ] {
        let mut driver = required(protocol);
        driver.edge.read_eof = bytes.len() < 5;
        let next = driver.receive(bytes);
        assert_eq!(
            driver.worker.metrics.refused[Refused::ProxyHeader as usize],
            count,
            "{}",
            bytes.escape_ascii()
        );
        let answers = protocol == Protocol::Http && count == 1 && bytes.len() > 5;
        assert_eq!(driver.output.is_empty(), !answers, "{}", bytes.escape_ascii());
        assert_eq!(next == Next::Close, !answers, "{}: {next:?}", bytes.escape_ascii());
    }
}

#[test]
fn a_connection_that_is_broken_at_once_needs_no_header() {
    let mut driver = required(Protocol::Http);
    let app = App::default();
    let broken = Conn::Broken(crate::proto::broken::Broken::Begins(
        crate::http::modifiers::FaultKind::Reset,
    ));
    let peer = Driver::ENDS.peer;
    let conn = broken.behind_proxy(ProxyMode::Required, Protocol::Http, &app, peer, Time::START);
    assert!(matches!(conn, Conn::Broken(_)));
    driver.conn = conn;
    assert_eq!(driver.receive(b""), Next::Reset);
}

#[test]
fn who_has_to_begin_with_a_header() {
    let peer = Driver::ENDS.peer;
    let [all, none] = [TrustedProxies::All, TrustedProxies::None];
    for (mode, trusted, demand) in [
        (ProxyMode::Off, &all, None),
        (ProxyMode::Off, &none, None),
        (ProxyMode::Optional, &all, Some(Demand::Maybe)),
        (ProxyMode::Optional, &none, None),
        (ProxyMode::Required, &all, Some(Demand::Header)),
        (ProxyMode::Required, &none, Some(Demand::Refusal)),
    ] {
        assert_eq!(mode.demand(trusted, peer), demand, "{mode:?} {trusted:?}");
    }
}
