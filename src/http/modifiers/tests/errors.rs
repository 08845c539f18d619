//! What is refused, and what the error says.

use super::Carrier::{Field, Listener, Path, Query, Server};
use super::*;
use crate::http::certificate::Certificate;
use crate::http::status::Status;

const PUBLIC: Bounds = Bounds { max_wait_us: 10_000_000, public: true, dangerous: false };

#[test]
fn an_error_names_carrier_modifier_value_and_what_to_write() {
    let unknown = "there is no such modifier; did you mean delay?";
    for (carrier, text, reason) in [
        (Path, "delay=abc", "`abc` is not a duration; write 50ms, 1.5s, 1m30s or 0.25"),
        (Field, "delay=-1", "`-1` is negative"),
        (Path, "delay=7200s", "7200s is longer than 3600s (--max-wait)"),
        (Query, "dealy=1s", unknown),
        (Query, "latency=1s", unknown),
        (Path, "delay", "its value is missing; write delay=DURATION or a distribution"),
        (Path, "last=1", "it takes no value"),
        (Server, "status=600", "`600` is not a status code; write 100 to 599"),
        (Listener, "piece=2MiB", "`2MiB` is out of range: 1 to 1MiB"),
        (Query, "fault=rst", "`rst` is not a fault; did you mean reset?"),
        (
            Path,
            "delay=1s;status=503",
            "`1s;status=503` is not a duration; write 50ms, 1.5s, 1m30s or 0.25; several are \
             written /~delay=1s/~status=503",
        ),
        (
            Query,
            "rate=9,status=503",
            "`status=503` is not a size; write bytes, or with a unit: 64KiB, 10MB; several are \
             written ?~delay=1s&~status=503",
        ),
        (
            Query,
            "fault=truncate:x",
            "`truncate:x` is not a fault; write truncate[:BYTES, :0.5 or :event:N], such as \
             truncate:0.5",
        ),
        (
            Path,
            "fault=bad-head:5",
            "`bad-head:5` has a place, and bad-head takes none; write bad-head",
        ),
        (Field, "every=5s:30s", "`30s` is longer than the period, `5s`; write PERIOD:TIME"),
        (Query, "status=503@2", "the chance `2` is not a number from 0 to 1, such as 0.5"),
        (Path, "header=TE:x", "`TE` is not to be replaced: the server frames the answer"),
    ] {
        let refused = carried(carrier, text).and_then(|modifiers| check(&modifiers)).unwrap_err();
        let message = format!("bad modifier `{text}` {}: {reason}", carrier.place());
        assert_eq!(refused.to_string(), message);
    }
    let unknown = Modifiers::parse("zebra=1", Path).unwrap_err();
    assert!(unknown.reason.contains("there are delay, head, body"), "{unknown}");
    let times = list(Path, "times=2");
    let refused = merge(&[&times]).check_values(&BOUNDS).unwrap_err();
    assert_eq!(refused.reason, "it counts the requests of a key; add one, such as key=t42");
    let long = Modifiers::parse(&format!("{}=1", "x".repeat(9000)), Path).unwrap_err();
    assert!(long.to_string().len() < 400, "{long}");
}

#[test]
fn what_a_protocol_cannot_do_is_refused_or_dropped() {
    use Protocol::{Http2, Http10, Http11, TcpEcho, UdpEcho};
    for (text, protocols) in [
        ("hint=x", vec![Http11, Http2]),
        ("head=1ms", vec![Http10, Http11]),
        ("status=102", vec![Http11, Http2]),
        ("status=200@9,103@1", vec![Http11, Http2]),
        ("status=503", vec![Http10, Http11, Http2]),
        ("frame=chunked@0.5", vec![Http11]),
        ("frame=length", vec![Http10, Http11]),
        ("fault=bad-chunk", vec![Http11]),
        ("fault=none@9,dup-length", vec![Http10, Http11]),
        ("fault=reset", vec![Http10, Http11, Http2, TcpEcho]),
        ("delay=1ms", vec![Http10, Http11, Http2, TcpEcho, UdpEcho]),
        ("rate=1", vec![Http10, Http11, Http2, TcpEcho]),
    ] {
        for protocol in [Http10, Http11, Http2, TcpEcho, UdpEcho] {
            let possible = protocols.contains(&protocol);
            for carrier in Carrier::ALL {
                let modifiers = list(carrier, text);
                let mut asked = merge(&[&modifiers]);
                let checked = asked.check(protocol, &BOUNDS);
                if possible || !carrier.is_request() {
                    assert_eq!(checked, Ok(usize::from(!possible)), "{text} {protocol:?}");
                    assert_eq!(asked.is_empty(), !possible, "{text} {protocol:?}");
                } else {
                    let refused = checked.unwrap_err();
                    assert_eq!(refused.status(), Status(400));
                    assert!(refused.reason.contains(protocol.name()), "{refused}");
                }
            }
        }
    }
    assert_eq!(Protocol::from(Version::Http10), Http10);
    assert_eq!(Protocol::from(Version::Http11), Http11);
}

#[test]
fn a_public_server_refuses_what_is_off_and_allows_its_own_defaults() {
    for (text, allowed) in [
        ("delay=10s", true),
        ("text=a", false),
        ("key=a", false),
        ("slots=1:1s", false),
        ("load=1s", false),
        ("header=retry-after:1", true),
        ("header=Link:x; header=Cache-Control:no-cache", true),
        ("header=Set-Cookie:a", false),
        ("pad=16KiB", true),
        ("pad=1@9,17KiB@1", false),
        ("fault=hang", true),
        ("read=hang", true),
    ] {
        for carrier in Carrier::ALL {
            let modifiers = list(carrier, text);
            let checked = merge(&[&modifiers]).check_values(&PUBLIC);
            assert_eq!(checked.is_ok(), allowed || !carrier.is_request(), "{text} {carrier:?}");
            if let Err(refused) = checked {
                assert_eq!(refused.status(), Status(403));
                assert!(refused.to_string().starts_with("modifier `"), "{refused}");
                assert!(refused.reason.ends_with("(--profile public)"), "{refused}");
            }
            assert!(merge(&[&modifiers]).check_values(&BOUNDS).is_ok());
        }
    }
    // Beyond the bound on waits it is a bad value, for a default too.
    let refused = merge(&[&list(Server, "delay=11s")]).check_values(&PUBLIC).unwrap_err();
    assert_eq!(refused.status(), Status(400));
}

#[test]
fn what_modifies_a_handshake_is_for_defaults_alone() {
    for row in ROWS.iter().filter(|row| !row.is_for_requests()) {
        for (value, carrier) in row.good().flat_map(|good| Carrier::ALL.map(|one| (good, one))) {
            let modifiers = list(carrier, &token(row, value));
            let layers = [&modifiers];
            let mut asked = merge(&layers);
            if value == "none" {
                assert!(asked.is_empty());
                continue;
            }
            assert_eq!(asked.check_possible(Protocol::Tls), Ok(()));
            match asked.check(Protocol::Http11, &BOUNDS) {
                Err(refused) => {
                    assert!(carrier.is_request() && refused.reason.contains("before any request"));
                }
                Ok(dropped) => assert!(dropped == 0 && asked.is_empty() && !carrier.is_request()),
            }
        }
        for bad in row.bad() {
            assert!(carried(Listener, &token(row, bad)).is_err(), "{bad}");
        }
    }
    for certificate in Certificate::ALL {
        let modifiers = list(Listener, &format!("cert={certificate}"));
        assert_eq!(merge(&[&modifiers]).certificate(), Some(certificate));
        assert!(Name::Cert.row().good().any(|good| good == certificate.name()));
    }
    let near = Modifiers::parse("cert=self-sign", Listener).unwrap_err();
    assert_eq!(near.reason, "`self-sign` is not a certificate; did you mean self-signed?");
}

#[test]
fn connect_is_for_defaults_alone() {
    for carrier in Carrier::ALL {
        let modifiers = list(carrier, "fault=none@9,reset:connect@1");
        let checked = merge(&[&modifiers]).check_values(&BOUNDS);
        assert_eq!(checked.is_err(), carrier.is_request());
        let faults: Vec<String> = merge(&[&modifiers]).faults().map(Fault::to_string).collect();
        assert_eq!(faults, ["reset:connect"]);
    }
}
