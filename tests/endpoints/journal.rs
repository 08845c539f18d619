//! The journal's endpoints on the admin listener, with a journal that the test fills.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use loiter::base::time::Time;
use loiter::http::app::App;
use loiter::http::journal::{Arrival, SharedJournal};
use loiter::http::record::{Details, Record};
use loiter::http::request::{Method, Params, Request, Target, Version};
use loiter::http::status::Status;
use loiter::proto::Next;
use loiter::proto::conn::Protocol;
use loiter::proto::test_driver::Driver;
use serde_json::Value;

use crate::admin::{MAY, app_with};
use crate::ask::*;

/// 2026-11-22 21:27:01.485.
const UNIX_US: u64 = 1_795_382_821_485_000;
pub(crate) const HOOK: &str = "POST /hook%2fa?x=1&y=a+b&z[]=%22 HTTP/1.1\r\nHost: a.example:80\r\nX-Id:  7 \r\n\
                    Cookie: k=v; l=w=x\r\nContent-Type: text/plain\r\n\r\n";
const HTTP2: &str = ":method: GET\r\n:path: /delay/2\r\n:authority: b.example\r\nx-id: 8\r\n\r\n";

const ANSWER: &[u8] = b"HTTP/1.1 302 Found\r\nContent-Type: text/plain\r\nLocation: /next\r\n\
                        Set-Cookie: a=b=c; Path=/\r\nSet-Cookie: d\r\n\r\n";

/// Enters a request, as a worker does.
pub(crate) fn enter(
    journal: &SharedJournal,
    head: &str,
    body: (&[u8], u64),
    status: u16,
    delay_us: u64,
) {
    let words: Vec<&str> = head.split_whitespace().collect();
    let (method, target, version) = match head.starts_with(':') {
        true => (words[1], words[3], Version::Http2),
        false => (words[0], words[1], Version::Http11),
    };
    let target = Target::parse(target.as_bytes()).unwrap().0;
    journal.begin(&Arrival {
        request: &Request {
            method: Method::parse(method.as_bytes()),
            version,
            loiter_field: false,
            query_modifiers: false,
            target,
            params: Params::default(),
            host: None,
            fields: &[],
            body: body.0,
            journaled: None,
            body_bytes: body.1,
            peer: Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            local: "",
            tls: None,
            proxy: None,
            seed: 1,
            unix_us: UNIX_US,
            head: head.as_bytes(),
        },
        unix_us: UNIX_US,
        peer_port: Some(53_122),
        listener: "127.0.0.1:8080",
        route: Some("/delay/{delay}"),
        status: Status(status),
        delay_us,
    });
}

/// A journal of four requests, of which the second still waits.
fn journal() -> SharedJournal {
    let journal = SharedJournal::default();
    journal.resize(10, 1 << 20);
    enter(&journal, HOOK, ("hé\"\n".as_bytes(), 5), 200, 2_000_000);
    enter(&journal, HTTP2, (b"", 0), 200, 2_000_000);
    enter(&journal, "PUT /hook HTTP/1.1\r\nX-Id: 7\r\n\r\n", (b"\xff\0", 9), 503, 0);
    enter(&journal, "nonsense /hook\r\nHo st: b\r\n\r\n", (b"", 0), 400, 0);
    let details = Details { late_us: Some(85), ..Details::default() };
    let details = Some(Box::new(details));
    let (duration_us, body_bytes) = (2_000_112, 341);
    let record = Record { journaled: 1, duration_us, body_bytes, details, ..Record::default() };
    journal.complete(&record);
    journal
}

/// The application of an admin listener with this journal.
pub(crate) fn app() -> App {
    app_with(Some(journal()))
}

const EVENTS: &str = "text/event-stream; charset=utf-8";
const HAS: Check = Has("\"id\":");

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("/requests", "GET /requests", &[], b"", 200, JSON, Has("],\"count\":4,\"matched\":4,\"dropped\":0}\n")),
    ("/requests", "HEAD /requests", &[], b"", 200, JSON, Any),
    ("/requests", "GET /requests?path=/hook/a", &[], b"", 200, JSON, Has("{\"id\":1,")),
    ("/requests", "GET /requests?limit=2", &[], b"", 200, JSON, Has("\"count\":2,\"matched\":4,")),
    ("/requests", "GET /requests?count=4", &[], b"", 200, JSON, HAS),
    ("/requests", "GET /requests?count=5", &[], b"", 504, JSON, Has("\"count\":4,\"matched\":4,")),
    ("/requests", "GET /requests?path=/nope&wait=0", &[], b"", 504, JSON, Is("{\"requests\":[],\"count\":0,\"matched\":0,\"dropped\":0}\n")),
    ("/requests", "GET /requests?count=11", &[], b"", 400, TEXT, Has("bad count \"11\": the journal keeps 10 requests; start loiter with a larger --journal")),
    ("/requests", "GET /requests?count=0", &[], b"", 400, TEXT, Has("bad count \"0\"")),
    ("/requests", "GET /requests?limit=0", &[], b"", 400, TEXT, Has("bad limit \"0\": it must be 1 to 100000")),
    ("/requests", "GET /requests?wait=61s", &[], b"", 400, TEXT, Has("it is longer than 60s")),
    ("/requests", "GET /requests?wait=soon", &[], b"", 400, TEXT, Has("bad wait \"soon\": expected seconds")),
    ("/requests", "GET /requests?path=hook", &[], b"", 400, TEXT, Has("bad path \"hook\": a path begins with `/` or `*`, such as /hook or */hook")),
    ("/requests", "GET /requests?method=PO%20ST", &[], b"", 400, TEXT, Has("bad method \"PO ST\": expected a method, such as POST")),
    ("/requests", "GET /requests?field=:method", &[], b"", 400, TEXT, Has("bad field \":method\": expected the name of a field, such as X-Id, or `X-Id: 7`")),
    ("/requests", "GET /requests?status=6x", &[], b"", 400, TEXT, Has("bad status \"6x\": expected a status, such as 503, or a class, such as 5xx")),
    ("/requests", "GET /requests?since=-1", &[], b"", 400, TEXT, Has("bad since \"-1\": expected a number, 0 or more")),
    ("/requests", "GET /requests?paht=/hook", &[], b"", 400, TEXT, Has("there is no parameter `paht`; did you mean path?")),
    ("/requests", "PUT /requests", &[MAY], b"", 405, TEXT, Any),
    ("/requests/{id}", "GET /requests/1", &[], b"", 200, JSON, Has("\\\"\\n\",\"body_cut\":false}\n")),
    ("/requests/{id}", "GET /requests/3", &[], b"", 200, JSON, Has("\"body\":null,\"body_base64\":\"/wA=\",\"body_cut\":true}\n")),
    ("/requests/{id}", "GET /requests/5", &[], b"", 404, TEXT, Is("there is no request 5 yet; the newest is 4\n")),
    ("/requests/{id}", "GET /requests/x", &[], b"", 400, TEXT, Has("bad id \"x\": expected an integer")),
    ("/requests/{id}", "GET /requests/1?path=/a", &[], b"", 400, TEXT, Has("there is none here")),
    ("/requests/{id}", "GET /requests/", &[], b"", 404, TEXT, Any),
    ("/requests/{id}", "GET /requests/1/2", &[], b"", 404, TEXT, Any),
    ("/requests/{id}/raw", "GET /requests/3/raw", &[], b"", 200, BYTES, Any),
    ("/requests/{id}/raw", "GET /requests/9/raw", &[], b"", 404, TEXT, Has("there is no request 9 yet")),
    ("/requests/{id}/raw", "GET /requests//raw", &[], b"", 404, TEXT, Any),
    ("/requests.har", "GET /requests.har", &[], b"", 200, JSON, Has("{\"log\":{\"version\":\"1.2\",\"creator\":{\"name\":\"loiter\",")),
    ("/requests.har", "GET /requests.har?count=1", &[], b"", 400, TEXT, Has("there is no parameter `count`")),
    ("/events", "HEAD /events", &[], b"", 200, EVENTS, Any),
    ("/events", "GET /events?since=soon", &[], b"", 400, TEXT, Has("bad since \"soon\": expected a number")),
];

#[test]
fn every_row() {
    let app = app();
    ROWS.iter().for_each(|row| check(&app, row));
}

#[test]
fn without_a_journal_each_names_the_flag() {
    let app = app_with(None);
    for line in ["/requests", "/requests/1", "/requests/1/raw", "/requests.har", "/events"] {
        let answer = ask_of(&app, &format!("GET {line}"), CURL, b"");
        let text = String::from_utf8(answer.body).unwrap();
        let expected = "no requests are kept; start loiter with --journal 1000\n";
        assert_eq!((answer.status, text.as_str()), (404, expected), "{line}");
    }
}

pub(crate) fn json(line: &str) -> Value {
    let answer = ask_of(&app(), line, CURL, b"");
    serde_json::from_slice(&answer.body).expect(line)
}

#[test]
fn each_filter_and_all_together() {
    for (query, expected) in [
        ("", vec![1, 2, 3, 4]),
        ("method=put", vec![3]),
        ("method=POST", vec![1]),
        ("path=/hook", vec![3, 4]),
        ("path=/hook*", vec![1, 3, 4]),
        ("path=*/2", vec![2]),
        ("path=/Hook", vec![]),
        ("field=x-id", vec![1, 2, 3]),
        ("field=X-ID:7", vec![1, 3]),
        ("field=X-Id:%208", vec![2]),
        ("field=X-Id:*", vec![1, 2, 3]),
        ("field=Cookie:%20*l%3Dw*&field=X-Id:7", vec![1]),
        ("field=Cookie&field=X-Id:8", vec![]),
        ("status=503", vec![3]),
        ("status=2xx", vec![1, 2]),
        ("target=/hook*", vec![1, 3, 4]),
        ("target=*x%3D1*", vec![1]),
        ("target=/hook", vec![3, 4]),
        ("until=2", vec![1, 2]),
        ("since=1&until=3&limit=1", vec![2]),
        ("since=2", vec![3, 4]),
        ("since=0&limit=1", vec![1]),
        ("since=1&limit=2", vec![2, 3]),
        ("limit=2", vec![3, 4]),
        ("path=/hook*&method=POST&field=X-Id&status=200&since=0", vec![1]),
    ] {
        let list = json(&format!("GET /requests?{query}"));
        let ids: Vec<u64> = list["requests"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|entry| entry["id"].as_u64().expect("a number"))
            .collect();
        assert_eq!(ids, expected, "{query}");
    }
}

#[test]
fn a_request_is_shown_whole() {
    let expected = serde_json::json!({
        "id": 1, "started": 1_795_382_821_485.0, "method": "POST",
        "target": "/hook%2fa?x=1&y=a+b&z[]=%22", "version": "HTTP/1.1",
        "peer": "127.0.0.1:53122", "listener": "127.0.0.1:8080", "tls": null,
        "route": "/delay/{delay}", "state": "done", "status": 200, "delay_us": 2_000_000,
        "late_us": 85, "duration_us": 2_000_112, "request_bytes": 5, "response_bytes": 341,
        "modifiers": null, "error": null, "response_line": null, "response_headers": [],
        "response_body": "", "response_body_cut": true,
        "headers": [["Host", "a.example:80"], ["X-Id", "7"], ["Cookie", "k=v; l=w=x"],
                    ["Content-Type", "text/plain"]],
        "body": "hé\"\n", "body_cut": false,
    });
    assert_eq!(json("GET /requests/1"), expected);
    let waiting = json("GET /requests/2");
    assert_eq!(waiting["headers"], serde_json::json!([["x-id", "8"]]));
    let state = [&waiting["state"], &waiting["late_us"], &waiting["duration_us"]];
    assert_eq!(state, [&"waiting".into(), &Value::Null, &Value::Null]);
}

#[test]
fn an_answer_is_shown_once_it_was_written() {
    let journal = journal();
    journal.begin_sending(2, None, ANSWER, ("né".as_bytes(), 3));
    journal.begin_sending(
        3,
        None,
        b"HTTP/1.1 503 \r\nContent-Encoding: gzip\r\n\r\n",
        (b"\x1f", 9),
    );
    journal.begin_sending(4, None, b":status: 400\r\nx-a: b\r\n\r\n", (b"\0", 1));
    let app = app_with(Some(journal));
    let json = |line: &str| -> Value {
        serde_json::from_slice(&ask_of(&app, line, CURL, b"").body).expect(line)
    };
    let shown = |id: u64| {
        let one = json(&format!("GET /requests/{id}"));
        (one["response_line"].clone(), one["response_headers"].clone())
    };
    let fields = serde_json::json!([
        ["Content-Type", "text/plain"],
        ["Location", "/next"],
        ["Set-Cookie", "a=b=c; Path=/"],
        ["Set-Cookie", "d"]
    ]);
    assert_eq!(shown(1), (Value::Null, serde_json::json!([])));
    assert_eq!(shown(2), ("HTTP/1.1 302 Found".into(), fields));
    assert_eq!(shown(4), (Value::Null, serde_json::json!([["x-a", "b"]])), "HTTP/2");
    let body = |id: u64| {
        let one = json(&format!("GET /requests/{id}"));
        ["response_body", "response_body_base64", "response_body_cut"].map(|name| one[name].clone())
    };
    assert_eq!(body(2), ["né".into(), Value::Null, false.into()]);
    assert_eq!(body(3), [Value::Null, "Hw==".into(), true.into()]);
    let har = json("GET /requests.har");
    let answer = |at: usize| &har["log"]["entries"][at]["response"];
    let pair = |name: &str, value: &str| serde_json::json!({ "name": name, "value": value });
    assert_eq!(answer(1)["headers"][1], pair("Location", "/next"));
    assert_eq!(answer(1)["cookies"], serde_json::json!([pair("a", "b=c"), pair("d", "")]));
    let facts = |at: usize| {
        let answer = answer(at);
        [&answer["redirectURL"], &answer["headersSize"], &answer["content"]["mimeType"]]
    };
    assert_eq!(facts(1), [&"/next".into(), &Value::from(ANSWER.len()), &"text/plain".into()]);
    assert_eq!(facts(3), [&"".into(), &Value::from(-1), &"x-unknown".into()]);
    let content = |at: usize| ["text", "encoding"].map(|name| answer(at)["content"][name].clone());
    assert_eq!(content(1), ["né".into(), Value::Null]);
    assert_eq!(content(2), [Value::Null, Value::Null], "HAR has decoded bodies");
    assert_eq!(content(3), ["AA==", "base64"].map(Value::from));
}

#[test]
fn raw_is_what_arrived() {
    let answer = ask_of(&app(), "GET /requests/1/raw", CURL, b"");
    assert_eq!(answer.body, [HOOK.as_bytes(), "hé\"\n".as_bytes()].concat());
    let saved = "attachment; filename=\"request-1.http\"";
    assert_eq!(answer.field("Content-Disposition"), Some(saved));
    let refused = ask_of(&app(), "GET /requests/4/raw", CURL, b"");
    assert_eq!(refused.body, b"nonsense /hook\r\nHo st: b\r\n\r\n");
}

#[test]
fn a_delete_needs_the_field_and_takes_what_matches() {
    let (app, fields) = (app(), [CURL, &[MAY]].concat());
    assert_eq!(ask_of(&app, "DELETE /requests", CURL, b"").status, 403);
    let delete = |line: &str| {
        let answer = ask_of(&app, line, &fields, b"");
        (answer.status, String::from_utf8(answer.body).unwrap())
    };
    assert_eq!(delete("DELETE /requests?path=/hook&until=2").1, "{\"deleted\":0}\n");
    assert_eq!(delete("DELETE /requests?path=/hook&until=4").1, "{\"deleted\":2}\n");
    assert_eq!(delete("DELETE /requests?path=hook").0, 400);
    assert_eq!(delete("DELETE /requests?limit=1").0, 400);
    assert_eq!(delete("DELETE /requests/1").0, 405);
    let answer = ask_of(&app, "GET /requests/3", CURL, b"");
    let gone = "request 3 was dropped or deleted; a larger --journal keeps more\n";
    assert_eq!((answer.status, &*answer.body), (404, gone.as_bytes()));
    assert_eq!(delete("DELETE /requests"), (200, "{\"deleted\":2}\n".to_owned()));
    let list = ask_of(&app, "GET /requests", CURL, b"").body;
    assert_eq!(list, b"{\"requests\":[],\"count\":0,\"matched\":0,\"dropped\":4}\n");
}

/// What a connection to the admin listener has answered so many microseconds after its start.
fn answered(driver: &mut Driver, micros: u64) -> String {
    driver.clock.now = Time::from_micros(micros);
    driver.receive(b"");
    String::from_utf8(driver.output.unread().to_vec()).unwrap()
}

#[test]
fn a_wait_ends_when_enough_are_there() {
    let journal = journal();
    let mut driver = Driver::new(app_with(Some(journal.clone())), Protocol::Http, 1);
    driver.receive(b"GET /requests?path=/hook&count=3&wait=5s HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(answered(&mut driver, 4_000_000), "");
    enter(&journal, "GET /hook HTTP/1.1\r\n\r\n", (b"", 0), 200, 0);
    let answer = answered(&mut driver, 4_020_000);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.ends_with("],\"count\":3,\"matched\":3,\"dropped\":0}\n"), "{answer}");
}

#[test]
fn a_wait_that_is_over_is_a_504_with_what_there_is() {
    let mut driver = Driver::new(app(), Protocol::Http, 1);
    driver.receive(
        b"GET /requests?path=/delay/*&count=2&wait=5s HTTP/1.1\r\nHost: localhost\r\n\r\n",
    );
    assert_eq!(answered(&mut driver, 4_999_999), "");
    let answer = answered(&mut driver, 5_000_001);
    assert!(answer.starts_with("HTTP/1.1 504 "), "{answer}");
    assert!(answer.contains("{\"id\":2,"), "{answer}");
    assert!(answer.ends_with("],\"count\":1,\"matched\":1,\"dropped\":0}\n"), "{answer}");
}

/// A client of HTTP/2 that has asked for this, 40 ms ago.
fn over_http2(journal: &SharedJournal, path: &str) -> Driver {
    let mut app = app_with(Some(journal.clone()));
    app.limits.send_timeout = Duration::from_secs(10);
    let mut driver = Driver::new(app, Protocol::Http, 1);
    let length = [path.len() as u8];
    let fields = b"\x82\x86\x01\x09localhost\x04".as_slice();
    let block = [fields, &length, path.as_bytes()].concat();
    let head = [0, 0, block.len() as u8, 1, 5, 0, 0, 0, 1];
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice();
    driver.receive(&[preface, &settings, &head, &block].concat());
    frames(&mut driver, 20_001);
    frames(&mut driver, 40_001);
    driver
}

/// The types of the frames that it is sent so many microseconds after its start, and their bytes.
fn frames(driver: &mut Driver, micros: u64) -> (Vec<u8>, String) {
    driver.output.clear();
    driver.clock.now = Time::from_micros(micros);
    driver.fire();
    while driver.receive(b"") == Next::Write {}
    let (mut rest, mut types) = (driver.output.unread(), Vec::new());
    while let [_, high, low, kind, ..] = *rest {
        types.push(kind);
        rest = &rest[9 + usize::from(u16::from_be_bytes([high, low]))..];
    }
    (types, String::from_utf8_lossy(driver.output.unread()).into_owned())
}

/// A server that was stopped for a while, as a laptop is, has not sent the comment in time.
#[test]
fn events_go_on_over_http2_while_nothing_changes() {
    const DATA: u8 = 0;
    let mut driver = over_http2(&journal(), "/events?since=5");
    assert!(frames(&mut driver, 9_000_000).0.is_empty());
    let (types, text) = frames(&mut driver, 12_000_000);
    assert_eq!(types, [DATA], "{text}");
    assert!(text.ends_with(":\n\n"), "{text}");
}

#[test]
fn a_wait_over_http2_ends_with_the_request_or_a_drain() {
    for drains in [false, true] {
        let journal = journal();
        let mut driver = over_http2(&journal, "/requests?path=/x&wait=9s");
        assert!(frames(&mut driver, 60_001).0.is_empty());
        if drains {
            driver.worker.drain(driver.clock.now);
        } else {
            enter(&journal, "GET /x HTTP/1.1\r\n\r\n", (b"", 0), 200, 0);
        }
        let text = frames(&mut driver, 100_000).1;
        let found = u8::from(!drains);
        let end = format!("],\"count\":{found},\"matched\":{found},\"dropped\":0}}\n");
        assert!(text.ends_with(&end), "{text:?}");
    }
}

#[test]
fn events_begin_after_the_last_that_the_client_had() {
    for (target, field, first) in [
        ("/events", "", "event: request\nid: 2\ndata: {\"id\":2,"),
        ("/events?since=3", "", "event: request\nid: 4\ndata: {\"id\":4,"),
        ("/events", "Last-Event-ID: 4\r\n", "event: request\nid: 5\ndata: {\"id\":1,"),
    ] {
        let mut driver = Driver::new(app(), Protocol::Http, 1);
        let request = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n{field}\r\n");
        driver.receive(request.as_bytes());
        let answer = answered(&mut driver, 40_000);
        assert!(answer.contains("\r\nContent-Type: text/event-stream; charset=utf-8\r\n"));
        let (_, events) = answer.split_once("event: ").expect("an event");
        assert!(format!("event: {events}").starts_with(first), "{target} {field}: {answer}");
    }
}
