//! Words of other programs that are read as modifiers: what each becomes, and what is refused.

use std::sync::Arc;

use loiter::http::app::App;
use loiter::http::modifiers::dialect::words;
use loiter::http::modifiers::{BadModifier, Dialect, Dialects, Modifiers};
use loiter::http::request::Field;
use loiter::http::uri::percent::percent_decode;

use super::played::{End, Played, play};
use Dialect::{Curltest, EchoServer, Envoy, Fortio, HttpHttpsEcho};

/// A dialect, its words as fields or as a query (with `?`), and what they become.
type Case = (Dialect, &'static str, &'static str);

const GOOD: &[Case] = &[
    (Fortio, "?delay=100ms", "delay=100ms"),
    (Fortio, "?delay=150us:10,2ms:5,0.5s:1", "delay=150us@10,2ms@5,500ms,none@84"),
    (Fortio, "?delay=1s:100", "delay=1s@100,none@0"),
    (Fortio, "?delay=1s:0.5%25", "delay=1s@0.5,none@99.5"),
    (Fortio, "?delay=1ms:33.3,2ms:33.3,3ms:33.4", "delay=1ms@33.3,2ms@33.3,3ms@33.4,none@0"),
    (Fortio, "?status=503", "status=503"),
    (Fortio, "?status=404:10,503:5.5", "status=404@10,503@5.5,none@84.5"),
    (Fortio, "?size=3", "header=Content-Type:application/octet-stream; text=xxx"),
    (Fortio, "?close=true", "last"),
    (Fortio, "?close=100", "last"),
    (Fortio, "?close=yes", "last"),
    (Fortio, "?close=false&close=&close=0", ""),
    (Fortio, "?header=A:1&header=B:%202", "header=A:1; header=B:2"),
    (Envoy, "x-envoy-fault-delay-request: 250", "delay=250ms"),
    (
        Envoy,
        "X-Envoy-Fault-Delay-Request: 250\nx-envoy-fault-delay-request-percentage: 7",
        "delay=250ms@0.07",
    ),
    (
        Envoy,
        "x-envoy-fault-abort-request: 429\nx-envoy-fault-abort-request-percentage: 100",
        "status=429",
    ),
    (Envoy, "x-envoy-fault-abort-request-percentage: 10", ""),
    (
        Envoy,
        "x-envoy-fault-throughput-response-percentage: 0\nx-envoy-fault-throughput-response: 2",
        "rate=2KiB@0",
    ),
    (Envoy, "?x-envoy-fault-delay-request=250", ""),
    (EchoServer, "X-ECHO-TIME: 1500", "delay=1.5s"),
    (EchoServer, "?echo_time=20", "delay=20ms"),
    (EchoServer, "?echo_code=200-404-503", "status=200,404,503"),
    (EchoServer, "X-ECHO-CODE: 418", "status=418"),
    (EchoServer, "X-ECHO-BODY: a \"b", "header=Content-Type:application/json; text=\"a \\\"b\""),
    (
        EchoServer,
        "?echo_body={%22a%22:+1}",
        "header=Content-Type:application/json; text={\"a\": 1}",
    ),
    (EchoServer, "X-ECHO-HEADER: One:1, Two: a:b", "header=One:1; header=Two:a:b"),
    (EchoServer, "?echo_header=One:1", "header=One:1"),
    (HttpHttpsEcho, "x-set-response-delay-ms: 30", "delay=30ms"),
    (HttpHttpsEcho, "?x-set-response-delay-ms=30", "delay=30ms"),
    (HttpHttpsEcho, "x-set-response-status-code: 404", "status=404"),
    (HttpHttpsEcho, "?x-set-response-content-type=text/csv", "header=Content-Type:text/csv"),
    (Curltest, "?status=404&delay=2", "delay=2s; status=404"),
    (Curltest, "?delay=90mi", "delay=5400s"),
    (Curltest, "?read_delay=1D", "delay=86400s"),
    (
        Curltest,
        "?chunks=2&chunk_size=3&chunk_delay=10ms",
        "body=10ms; gap=10ms; piece=3; header=Content-Type:application/octet-stream; text=XXXXXX; \
         frame=chunked",
    ),
    (
        Curltest,
        "?with_cl&chunks=1&chunk_size=1",
        "piece=1; header=Content-Type:application/octet-stream; text=X; frame=length",
    ),
    (Curltest, "?body_error=reset&chunk_size=9", "piece=9; fault=reset:9"),
    (Curltest, "?body_error=timeout", "fault=truncate:16384"),
    (Curltest, "?error=timeout", "status=408"),
    (Curltest, "?error=reset&id=7", "status=400; header=request-id:7"),
    (Curltest, "?x-hd=2048&x-hd1=3", "header=X-Mega-Header:YY; pad=2KiB"),
    (Curltest, "?close", "idle=0s"),
    (Curltest, "?close_delay=20ms&close", "idle=20ms"),
    (Curltest, "?just_die=1", "fault=close"),
    (Curltest, "?die_after_100=1", "fault=close:up:0"),
    (Curltest, "?die_after=100", "fault=truncate:100"),
];

/// The same for what is refused, and a part of the reason.
const BAD: &[Case] = &[
    (Fortio, "?delay=2", "`2` is not a duration"),
    (Fortio, "?delay=abc:1", "`abc` is not a duration"),
    (Fortio, "?delay=1s:101", "from 0 to 100"),
    (Fortio, "?delay=1s:60,2s:41", "more than 100 together"),
    (Fortio, "?delay=1s:60,2s", "has a percentage"),
    (Fortio, "?status=700", "`700` is not"),
    (Fortio, "?size=1:10", "`1:10` is not a whole number"),
    (Fortio, "?size=65537", "at most 65536 bytes here; request /bytes/65537"),
    (Fortio, "?close=5.3", "no chance"),
    (Fortio, "?header=A", "`A`"),
    (Fortio, "?gzip=42.7", "request /gzip"),
    (Envoy, "x-envoy-fault-delay-request: 1.5", "`1.5` is not a whole number"),
    (
        Envoy,
        "x-envoy-fault-delay-request: 1\nx-envoy-fault-delay-request-percentage: 101",
        "more than 100",
    ),
    (Envoy, "x-envoy-fault-abort-request: 600", "`600` is not"),
    (Envoy, "x-envoy-fault-throughput-response: 0", "`0KiB` is out of range"),
    (Envoy, "x-envoy-fault-abort-grpc-request: 14", "gRPC is not available"),
    (EchoServer, "X-ECHO-TIME: 1s", "`1s` is not a whole number"),
    (EchoServer, "?echo_code=200-", "`` is not a whole number"),
    (EchoServer, "?echo_header=Connection:x", "Connection"),
    (EchoServer, "X-ECHO-ENV-BODY: HOME", "request /env"),
    (EchoServer, "?echo_file=/", "serves no files"),
    (HttpHttpsEcho, "x-set-response-delay-ms: -1", "`-1` is not a whole number"),
    (HttpHttpsEcho, "x-set-response-status-code: 101", "101"),
    (HttpHttpsEcho, "x-set-response-content-type: html", "`html` is not a media type"),
    (HttpHttpsEcho, "?response_body_only=true", "request /echo"),
    (Curltest, "?status=0", "`0` is not"),
    (Curltest, "?delay=1x", "not d, h, mi, s, ms or us"),
    (Curltest, "?delay=ms", "`` is not a whole number"),
    (Curltest, "?read_delay=1m", "not d, h, mi, s, ms or us"),
    (Curltest, "?chunk_delay=x", "not d, h, mi, s, ms or us"),
    (Curltest, "?chunk_size=0", "`0` is out of range"),
    (Curltest, "?chunks=5", "at most 65536 bytes here; request /bytes/81920"),
    (Curltest, "?chunks=1&chunk_size=16385", "at most 16384"),
    (Curltest, "?body_error=x", "`x` is not timeout or reset"),
    (Curltest, "?error=x", "`x` is not timeout or reset"),
    (Curltest, "?id=%00", "no control characters"),
    (Curltest, "?x-hd=1048577", "`1048577` is out of range"),
    (Curltest, "?x-hd1=8193", "use x-hd"),
    (Curltest, "?close&close_delay=1x", "not d, h, mi, s, ms or us"),
    (Curltest, "?die_after=x", "`truncate:x`"),
    (Curltest, "?max_upload=1", "status=413"),
];

/// Words for which no value is wrong.
const ALL_GOOD: [&str; 4] = ["echo_body", "with_cl", "just_die", "die_after_100"];

fn read(dialect: Dialect, given: &str) -> Result<Modifiers, BadModifier> {
    let dialects = Dialects::from_iter([dialect]);
    match given.strip_prefix('?') {
        Some(query) => words::of_query(dialects, query.as_bytes(), |_| false),
        None => {
            let pairs = given.lines().map(|line| line.split_once(": ").unwrap());
            let fields = pairs.map(|(name, value)| Field::of(name, value)).collect::<Vec<_>>();
            words::of_fields(dialects, &fields)
        }
    }
}

#[test]
fn every_word_becomes_its_modifiers() {
    for (dialect, given, becomes) in GOOD {
        let read = read(*dialect, given).unwrap_or_else(|bad| panic!("{given}: {bad}"));
        let text = read.to_string();
        assert_eq!(String::from_utf8_lossy(&percent_decode(text.as_bytes())), *becomes, "{given}");
        for (_, other) in Dialect::ALL.into_iter().filter(|(_, other)| other != dialect) {
            let known =
                ["status", "delay", "close"].iter().any(|word| given[1..].starts_with(word));
            let same =
                known && [*dialect, other].iter().all(|one| [Fortio, Curltest].contains(one));
            assert!(same || self::read(other, given).is_ok_and(|none| none.is_empty()), "{given}");
        }
    }
}

#[test]
fn what_cannot_be_done_is_refused_by_name() {
    for (dialect, given, reason) in BAD {
        let error = read(*dialect, given).expect_err(given).to_string();
        let name = given.trim_start_matches('?').split(['=', ':', '&']).next().unwrap();
        assert!(error.contains(reason), "{given}: {error}");
        let named = error.contains(&format!("modifier `{}=", name.to_ascii_lowercase()));
        assert!(named && error.contains("of a dialect"), "{given}: {error}");
    }
}

#[test]
fn every_word_has_good_and_bad_values() {
    for (dialect, field, argument) in words::all() {
        let word = |case: &&Case| {
            let given = case.1.to_ascii_lowercase();
            let names = given.split(['?', '&', '\n']).map(|pair| pair.split([':', '=']).next());
            let has = |name: &str| names.clone().any(|one| one == Some(name) && !name.is_empty());
            case.0 == dialect && (has(field) || has(argument))
        };
        let refused = BAD.iter().any(|case| word(&case)) || ALL_GOOD.contains(&argument);
        assert!(refused, "{field} {argument} has no bad value");
        let only_bad = |case: &Case| {
            ["gzip", "grpc", "env-body", "file", "_only", "max_"]
                .iter()
                .any(|part| case.1.to_ascii_lowercase().contains(part))
        };
        let good = GOOD.iter().any(|case| word(&case));
        let never = BAD.iter().filter(word).all(only_bad);
        assert!(good || never, "{field} {argument} has no good value");
    }
}

fn ask(dialects: &[Dialect], request: &str) -> Played {
    let dialects = Dialects::from_iter(dialects.iter().copied());
    let app = Arc::new(App { dialects, ..App::default() });
    play(&app, None, format!("{request}\r\n\r\n").as_bytes())
}

fn shown(played: &Played) -> (u16, String) {
    let response = played.response().unwrap();
    let shown = response.field("Loiter").unwrap_or_default().to_owned();
    (response.status, shown.split("; seed=").next().unwrap_or_default().to_owned())
}

#[test]
fn an_answer_is_modified_as_by_the_modifiers_own_names() {
    let get = "GET /get?delay=2s&status=503 HTTP/1.1\r\nHost: a";
    let played = ask(&[Fortio], get);
    assert_eq!(shown(&played), (503, "delay=2s; status=503".to_owned()));
    assert!(played.first_us() >= 2_000_000);
    let off = ask(&[], get).response().unwrap();
    assert_eq!((off.status, off.field("Loiter")), (200, None));
    let body = String::from_utf8_lossy(&played.bytes).into_owned();
    assert!(body.contains("\"delay\": \"2s\""), "the words stay arguments: {body}");
    let dead = ask(&[Curltest], "GET /get?just_die=1 HTTP/1.1\r\nHost: a");
    assert_eq!((dead.bytes.len(), dead.end), (0, End::Fin));
    let bad = ask(&[Envoy], "GET /get HTTP/1.1\r\nHost: a\r\nx-envoy-fault-delay-request: x");
    assert_eq!(shown(&bad).0, 400);
}

#[test]
fn own_names_rank_above_a_dialects_of_the_same_place() {
    let asked = |path: &str, fields: &str| {
        shown(&ask(
            &[EchoServer, HttpHttpsEcho],
            &format!("GET {path} HTTP/1.1\r\nHost: a\r\n{fields}"),
        ))
        .1
    };
    let theirs = "X-ECHO-TIME: 1";
    assert_eq!(asked("/get", theirs), "delay=1ms");
    assert_eq!(asked("/get", &[theirs, "\r\nLoiter: delay=2ms"].concat()), "delay=2ms");
    assert_eq!(asked("/~delay=3ms/get", theirs), "delay=3ms");
    assert_eq!(asked("/~delay=3ms/get?echo_time=4", theirs), "delay=4ms");
    assert_eq!(asked("/~delay=3ms/get?echo_time=4&~delay=5ms", theirs), "delay=5ms");
    assert_eq!(asked("/~with=none/get", theirs), "");
}

#[test]
fn an_endpoints_own_parameter_is_not_a_word() {
    let drip = "GET /drip?delay=1&duration=0&numbytes=1 HTTP/1.1\r\nHost: a";
    assert_eq!(shown(&ask(&[Fortio], drip)), (200, String::new()));
    // A word of both is the first dialect's.
    let both = ask(&[Curltest, Fortio], "GET /get?delay=2 HTTP/1.1\r\nHost: a");
    assert_eq!(shown(&both).0, 400);
}
