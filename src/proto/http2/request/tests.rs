//! What is malformed, what is refused, and what a request looks like.

use super::*;
use crate::proto::http2::hpack::decode::Decoder;
use crate::proto::http2::hpack::encode::field;

const ORIGIN: Origin = Origin {
    peer: None,
    local: "127.0.0.1:80",
    tls: None,
    proxy: None,
    unix_us: 7,
    modifiers: true,
};

const START: &str = ":method: GET\n:scheme: http\n:authority: a.example\n:path: /get?a=1\n";

/// Decodes a head with these lines.
fn decoded(lines: &str) -> Decoded {
    let mut block = Vec::new();
    for line in lines.lines() {
        let colon = line[1..].find(':').unwrap() + 1;
        let (name, value) = line.split_at(colon);
        field(&mut block, name.as_bytes(), value[1..].trim_start().as_bytes());
    }
    let mut decoded = Decoded::default();
    Decoder::new().decode(&block, &mut decoded, &Limits::default()).unwrap();
    decoded
}

/// Calls `run` with the head of these lines, and checks that it is read again as the same request.
fn with<R>(lines: &str, run: impl FnOnce(Head) -> R) -> R {
    let decoded = decoded(lines);
    let mut table = FieldTable::empty();
    let head = parse(&decoded, &mut table, ORIGIN).unwrap();
    let bytes = [&decoded.text[..], b"body\r\n\r\n"].concat();
    let mut again = FieldTable::empty();
    let mut again = reparse(&bytes, &mut again, ORIGIN).unwrap();
    assert_eq!((again.body, again.body_bytes), (&b"body\r\n\r\n"[..], 8));
    (again.body, again.body_bytes) = (&[], 0);
    again.loiter_field = head.request.loiter_field;
    assert_eq!(format!("{again:?}"), format!("{:?}", head.request));
    run(head)
}

/// 0 if the head is valid, 1 if it is malformed, else the status of its refusal; and why.
fn fault(lines: &str) -> (u16, String) {
    let decoded = decoded(lines);
    let mut table = FieldTable::empty();
    match parse(&decoded, &mut table, ORIGIN) {
        Ok(_) => (0, String::new()),
        Err(Fault::Malformed(reason)) => (1, reason.into()),
        Err(Fault::Refused(refusal)) => (refusal.status.0, refusal.reason.into()),
    }
}

fn names<'a>(request: &Request<'a>) -> Vec<&'a str> {
    request.fields.iter().map(|field| std::str::from_utf8(field.name).unwrap()).collect()
}

#[test]
fn a_request() {
    let lines = format!("{START}accept: */*\nloiter: delay=1\npriority: u=1\ncontent-length: 3\n");
    with(&lines, |head| {
        let request = &head.request;
        assert_eq!((request.method, request.version), (Method::Get, Version::Http2));
        assert_eq!(request.target, Target::parse(b"/get?a=1").unwrap().0);
        assert_eq!(request.host, Some(&b"a.example"[..]));
        assert_eq!(request.head, [lines.replace('\n', "\r\n").as_bytes(), b"\r\n"].concat());
        assert_eq!(names(request), ["host", "accept", "loiter", "priority", "content-length"]);
        assert_eq!(request.field("host"), Some(&b"a.example"[..]));
        assert!(request.loiter_field && !head.expects_continue && !head.websocket);
        assert_eq!((head.length, head.priority.urgency), (Some(3), 1));
        assert_eq!((request.unix_us, request.local), (7, "127.0.0.1:80"));
    });
    with(&START.replace("GET", "BREW").replace("?a", "?~delay"), |head| {
        assert_eq!((head.request.method, head.request.method_name()), (Method::Other, "BREW"));
        assert!(head.request.query_modifiers);
    });
}

#[test]
fn the_authority_is_shown_as_host() {
    let rest = ":method: GET\n:scheme: https\n:path: /\n";
    for (lines, host, count) in [
        (format!("{rest}:authority: a\n"), Some("a"), 1),
        (format!("{rest}:authority: a\nhost: A\n"), Some("a"), 1),
        (format!("{rest}x: y\nhost: a:8080\n"), Some("a:8080"), 2),
        (format!("{rest}:authority:\nhost: a\n"), Some("a"), 1),
        (format!("{rest}:authority:\n"), None, 0),
        (format!("{rest}host:\n"), None, 1),
        (format!("{rest}:authority: :80\n"), None, 1),
    ] {
        with(&lines, |head| {
            assert_eq!(head.request.host, host.map(str::as_bytes), "{lines}");
            assert_eq!(head.request.fields.len(), count, "{lines}");
        });
    }
}

#[test]
fn crumbs_are_one_cookie() {
    let joined = |crumbs: &str| {
        with(&format!("{START}a: b\n{crumbs}c: d\n"), |head| {
            let cookies: Vec<&[u8]> = head.request.fields_named("Cookie").collect();
            assert_eq!(head.request.fields.len(), 3 + cookies.len());
            assert_eq!(cookies.len(), usize::from(!crumbs.is_empty()));
            String::from_utf8(cookies.concat()).unwrap()
        })
    };
    assert_eq!(joined(""), "");
    assert_eq!(joined("cookie: a=1\n"), "a=1");
    assert_eq!(joined("cookie: a=1\ncookie: b=2\ncookie: c=3; d=4\n"), "a=1; b=2; c=3; d=4");
    let many: String = (0..100).map(|n| format!("x-{n}: y\n")).collect();
    let crumbs = format!("{START}{many}cookie: a\ncookie: b\n");
    with(&crumbs, |head| assert_eq!(head.request.field("cookie"), Some(&b"a; b"[..])));
}

#[test]
fn malformed_requests() {
    let with_field = |field: &str| format!("{START}{field}\n");
    let without = |name: &str| -> String {
        START.lines().filter(|line| !line.contains(name)).flat_map(|line| [line, "\n"]).collect()
    };
    for (lines, reason) in [
        (String::new(), ":method"),
        (without("method"), ":method"),
        (START.replace("GET", ""), ":method"),
        (START.replace("GET", "G T"), ":method"),
        (without("scheme"), ":scheme"),
        (START.replace(" http", ""), ":scheme"),
        (without("path"), ":path"),
        (START.replace("/get?a=1", ""), ":path"),
        (format!("{START}:path: /"), "repeated"),
        (format!("{START}:method: GET"), "repeated"),
        (format!("{START}:status: 200"), "not known"),
        (format!("{START}:other: a"), "not known"),
        (with_field("a: b\n:path: /"), "follows"),
        (with_field("a: b\n:status: 200"), "follows"),
        (with_field("connection: close"), "about the connection"),
        (with_field("keep-alive: 1"), "about the connection"),
        (with_field("proxy-connection: a"), "about the connection"),
        (with_field("transfer-encoding: chunked"), "about the connection"),
        (with_field("upgrade: h2c"), "about the connection"),
        (with_field("te: gzip"), "te can"),
        (with_field("te: trailers, gzip"), "te can"),
        (with_field("content-length: x"), "number of bytes"),
        (with_field("content-length: +1"), "number of bytes"),
        (with_field("content-length:"), "number of bytes"),
        (with_field("content-length: 18446744073709551616"), "number of bytes"),
        (with_field("content-length: 1\ncontent-length: 1"), "two"),
        (with_field("host: b.example"), "differ"),
        (with_field("host: a.example:80"), "differ"),
        (START.replace("a.ex", "user@a.ex"), "user"),
        (START.replace(":path", ":protocol: websocket\n:path"), "for CONNECT"),
        (START.replace("GET", "CONNECT"), "neither"),
        (":method: CONNECT\n".into(), ":authority"),
        (":method: CONNECT\n:authority: a:1\n:scheme: http\n".into(), "neither"),
        (":method: CONNECT\n:protocol: websocket\n:authority: a\n".into(), ":scheme"),
    ] {
        let (status, why) = fault(&lines);
        assert!(status == 1 && why.contains(reason), "{lines:?}: {status} {why}");
    }
}

#[test]
fn refused_requests() {
    let path = |path: &str| START.replace("/get?a=1", path);
    for (lines, status, reason) in [
        (path("get"), 400, ":path"),
        (path("http://a.example/"), 400, ":path"),
        (path("/a b"), 400, ":path"),
        (path("*"), 400, "OPTIONS"),
        (path("*#"), 400, "OPTIONS"),
        (path("/\u{7f}"), 1, "control"),
        (path("/\u{e9}"), 0, ""),
        (path("*").replace("GET", "OPTIONS"), 0, ""),
        (START.replace("a.example", "a/b"), 400, ":authority"),
        (START.replace(":authority: a.example\n", ""), 400, ":authority"),
        (START.replace(":authority: a.example\n", "") + "host: a b\n", 400, "malformed"),
        (format!("{START}host: a.example\nhost: a.example\n"), 400, "several"),
        (format!("{START}expect: 100-continue\n"), 0, ""),
        (format!("{START}expect: a\n"), 417, "100-continue"),
        (format!("{START}te: trailers\n"), 0, ""),
        (":method: CONNECT\n:authority: a\n".into(), 400, "CONNECT"),
        (":method: CONNECT\n:authority: a:443\n".into(), 0, ""),
        (START.replace("GET", "CONNECT").replace(":path", ":protocol: x\n:path"), 501, "websocket"),
    ] {
        let found = fault(&lines);
        assert!(found.0 == status && found.1.contains(reason), "{lines:?}: {found:?}");
    }
    assert!(matches!(target(b"GET", b"/\xff"), Err(Fault::Refused(_))));
}

#[test]
fn connect_and_its_extension() {
    with(":method: CONNECT\n:authority: a:443\n", |head| {
        assert_eq!((head.request.method, head.websocket), (Method::Connect, false));
        assert_eq!(
            (head.request.target.raw, head.request.host),
            (&b"a:443"[..], Some(&b"a:443"[..]))
        );
    });
    let lines = START.replace("GET", "CONNECT").replace(":path", ":protocol: websocket\n:path");
    with(&lines, |head| {
        assert_eq!((head.request.method, head.websocket), (Method::Get, true));
        assert_eq!(*head.request.target.path, *b"/get");
    });
}

#[test]
fn a_fault_of_the_decoder_is_passed_on() {
    let decoded =
        decoded(&format!("{START}A: b\n").replace("A: b", &format!("a: {}", "b".repeat(20_000))));
    let mut table = FieldTable::empty();
    let Err(Fault::Refused(refusal)) = parse(&decoded, &mut table, ORIGIN) else { panic!() };
    assert_eq!(refusal.status, Status(431));
    assert!(matches!(check_trailers(&decoded, &Limits::default()), Err(Fault::Refused(_))));
    // Its answer and the log need a request.
    let mut table = FieldTable::empty();
    let request = placeholder(&decoded, &mut table, ORIGIN);
    assert_eq!((request.method, request.target.raw), (Method::Get, &b"/get?a=1"[..]));
    assert_eq!((request.version, request.fields.len()), (Version::Http2, 0));
}

#[test]
fn a_placeholder_has_a_method_whatever_came() {
    for (lines, method, path) in [
        ("", "GET", ""),
        (":method: a b\n:path: x\n:path: y\nx: y\n", "GET", "y"),
        (":method: HEAD\n", "HEAD", ""),
        (":method: BREW\n:path: get\n", "BREW", "get"),
    ] {
        let decoded = decoded(lines);
        let mut table = FieldTable::empty();
        let request = placeholder(&decoded, &mut table, ORIGIN);
        assert_eq!((request.method_name(), request.target.raw), (method, path.as_bytes()));
    }
}

#[test]
fn trailers() {
    let check = |lines: &str, trailers: usize| {
        let limits = Limits { trailers, ..Limits::default() };
        match check_trailers(&decoded(lines), &limits) {
            Ok(()) => 0,
            Err(Fault::Malformed(_)) => 1,
            Err(Fault::Refused(refusal)) => refusal.status.0,
        }
    };
    assert_eq!(check("a: b\n", 8), 0);
    assert_eq!(check("a: b\n", 7), 400);
    assert_eq!(check("a: b\n:path: /\n", 100), 1);
    assert_eq!(check("connection: close\n", 100), 1);
    assert_eq!(check("", 2), 0);
}

#[test]
fn what_is_not_a_head_is_not_read_again() {
    for text in ["", "\r\n", "a", ":method: GET\r\n", ":method: GET\r\n\r\n", "a: b\r\nc\r\n\r\n"] {
        let mut table = FieldTable::empty();
        assert!(reparse(text.as_bytes(), &mut table, ORIGIN).is_none(), "{text:?}");
    }
}

#[test]
fn the_place_of_the_path() {
    let head = decoded(START);
    assert_eq!(head.text[head.path()], *b"/get?a=1");
    assert_eq!(decoded(":method: CONNECT\n").path(), 0..0);
}
