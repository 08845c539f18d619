//! The modifiers: one row each. Parser, page, API description, help and tests are made from them.

use super::Protocol::{self, Http2, Http10, Http11, TcpEcho, Tls, UdpEcho};
use super::row::{Group, Kind, Name, Public, Row};
use crate::base::limits::{
    MAX_KEY_BYTES, MAX_MODIFIER_HEADER_BYTES, MAX_MODIFIER_TEXT_BYTES, MAX_PAD_BYTES,
    MAX_PIECE_BYTES,
};

const TIME: &str = "DURATION or a distribution";
const ALL: &[Protocol] = &[Http10, Http11, Http2, TcpEcho, UdpEcho];
/// Where the whole is selected, the handshake before requests included.
const ANY: &[Protocol] = &[Http10, Http11, Http2, TcpEcho, UdpEcho, Tls];
const TCP: &[Protocol] = &[Http10, Http11, Http2, TcpEcho];
const HTTP: &[Protocol] = &[Http10, Http11, Http2];
const HTTP1: &[Protocol] = &[Http10, Http11];
const HINTS: &[Protocol] = &[Http11, Http2];
const ROW: Row = Row {
    name: Name::Delay,
    kind: Kind::Time,
    syntax: TIME,
    summary: "",
    sample: "",
    good: "",
    bad: "",
    group: Group::Time,
    on: HTTP,
    public: Public::Allowed,
};

/// Every modifier, in the order of [`Name`].
pub static ROWS: [Row; 32] = [
    Row {
        name: Name::Delay,
        summary: "delays the answer, in addition to the endpoint's own delay",
        sample: "50ms..200ms",
        good: "0 0.25 50ms 1m30s 150us 1ms..2ms normal:20ms:5ms lognormal:20ms:0.5 exp:10ms \
            pareto:5ms:1.5 2ms@0.1 1ms@90,2s@10 none@9,1s",
        bad: "-1 abc 2s..1s inf 999h 1ms..2h 1s@2 1s@-1 1s@x 50ms@10%25 uniform:1s:2s normal:1s \
            lognormal:1s:11 pareto:1s:0 1s, 1s@0,2s@0 none@0.5",
        on: ALL,
        ..ROW
    },
    Row {
        name: Name::Head,
        summary: "pauses between the status line and the fields",
        sample: "100ms",
        good: "100ms 1ms..2ms@0.5",
        bad: "x 2h",
        on: HTTP1,
        ..ROW
    },
    Row {
        name: Name::Body,
        summary: "pauses between the head and the body",
        sample: "100ms",
        good: "100ms exp:10ms",
        bad: "x 2h",
        ..ROW
    },
    Row {
        name: Name::End,
        summary: "pauses before the last piece of the body, or its last byte",
        sample: "100ms",
        good: "100ms 1ms@9,1s@1",
        bad: "x 2h",
        ..ROW
    },
    Row {
        name: Name::Gap,
        summary: "pauses before each piece of the body but the first; drawn for each",
        sample: "10ms..20ms",
        good: "100ms 10ms..20ms 1ms@90,1s@10",
        bad: "x 2h",
        ..ROW
    },
    Row {
        name: Name::Piece,
        kind: Kind::Size(1, MAX_PIECE_BYTES),
        syntax: "SIZE",
        summary: "sends the body in pieces of this length",
        sample: "1KiB",
        good: "1 1KiB 1MiB 1@9,1KiB",
        bad: "0 2MiB x -1",
        ..ROW
    },
    Row {
        name: Name::Rate,
        kind: Kind::Size(1, u64::MAX),
        syntax: "SIZE",
        summary: "sends at most this many bytes of the body per second",
        sample: "64KiB",
        good: "1 64KiB 10MB 1KiB@0.5",
        bad: "0 x -1 99999999999GiB",
        on: TCP,
        ..ROW
    },
    Row {
        name: Name::Read,
        kind: Kind::Read,
        syntax: "SIZE or hang",
        summary: "reads at most this many bytes of the request's body per second, or none",
        sample: "hang",
        good: "1 64KiB hang hang@0.1",
        bad: "0 hung x",
        ..ROW
    },
    Row {
        name: Name::Status,
        kind: Kind::Status,
        syntax: "CODE or CODE@WEIGHT,…",
        summary: "replaces the status code and keeps the body; a 1xx goes before the answer",
        sample: "503@0.1",
        good: "200 503@0.1 200@9,503@1 200:9,503:1 none@9,599 102",
        bad: "99 600 101 abc 200, 503:1 200@9,101",
        group: Group::Answer,
        ..ROW
    },
    Row {
        name: Name::Header,
        kind: Kind::Header,
        syntax: "NAME:VALUE",
        summary: "replaces a field of the answer, or adds it; repeatable",
        sample: "Retry-After:5",
        good: "Retry-After:5 X-Empty: Link:%3Cx%3E%3B%20rel=y X-At:a@0.5",
        bad: "x X%20Y:1 :1 X:a%0D%0Ab Content-Length:1 transfer-encoding:chunked Loiter:x",
        group: Group::Answer,
        public: Public::Bounded("Retry-After, Cache-Control and Link"),
        ..ROW
    },
    Row {
        name: Name::Text,
        kind: Kind::Text(MAX_MODIFIER_TEXT_BYTES),
        syntax: "TEXT",
        summary: "sends this body, as text/plain unless header gives a type",
        sample: "out%20of%20stock",
        good: "hello out%20of%20stock a@0.5%3Bb %C3%A9",
        bad: "%FF",
        group: Group::Answer,
        public: Public::Off,
        ..ROW
    },
    Row {
        name: Name::Pad,
        kind: Kind::Size(0, MAX_PAD_BYTES),
        syntax: "SIZE",
        summary: "adds this many bytes of filler in header fields",
        sample: "16KiB",
        good: "0 100 16KiB 1KiB@0.5",
        bad: "2MiB x",
        group: Group::Answer,
        public: Public::Bounded("at most 16KiB"),
        ..ROW
    },
    Row {
        name: Name::Hint,
        kind: Kind::Line(MAX_MODIFIER_HEADER_BYTES),
        syntax: "LINK",
        summary: "sends a 103 with this Link at once",
        sample: "%3Cstyle.css%3E%3B%20rel=preload",
        good: "%3Cstyle.css%3E%3B%20rel=preload x@0.5",
        bad: "a%0D%0Ab %00",
        group: Group::Answer,
        on: HINTS,
        ..ROW
    },
    Row {
        name: Name::Frame,
        kind: Kind::Frame,
        syntax: "length, chunked or close",
        summary: "frames the body so",
        sample: "chunked",
        good: "length chunked close length@0.5 length@1,chunked@1",
        bad: "x Chunked",
        group: Group::Wire,
        on: HTTP1,
        ..ROW
    },
    Row {
        name: Name::Last,
        kind: Kind::Flag,
        syntax: "",
        summary: "closes the connection after the answer, announced by Connection: close",
        bad: "1 x 0.5",
        group: Group::Wire,
        ..ROW
    },
    Row {
        name: Name::Idle,
        summary: "closes the connection this long after the answer, unannounced",
        sample: "1s",
        good: "0 1s 1s..2s",
        bad: "x 2h",
        group: Group::Wire,
        ..ROW
    },
    Row {
        name: Name::Load,
        summary: "adds this delay for each other request being answered",
        sample: "1ms",
        good: "1ms 1us..2us",
        bad: "x 2h",
        public: Public::Off,
        ..ROW
    },
    Row {
        name: Name::Slots,
        kind: Kind::Slots,
        syntax: "N:DURATION or N:DISTRIBUTION",
        summary: "queues requests: N are served at a time, each this long",
        sample: "4:10ms",
        good: "1:10ms 4:exp:10ms 4:1ms@90,100ms@10 1024:0",
        bad: "4 0:10ms 1025:10ms x:10ms 4:x 4:2h 4:1ms,8:1ms",
        public: Public::Off,
        ..ROW
    },
    Row {
        name: Name::Limit,
        kind: Kind::Limit,
        syntax: "N:WINDOW or N:WINDOW:FIELD",
        summary: "answers N requests of a client or a FIELD's value in each window, others 429",
        sample: "5:10s",
        good: "5:10s 1:0.5 100:1m:X-Api-Key 1000000000:8760h",
        bad: "5 0:10s x:10s -1:10s 5:0 5:x 5:-1s 5:9000h 5:10s: 5:10s:a%20b 2000000000:1s \
            5:1ms..2s",
        group: Group::Answer,
        ..ROW
    },
    Row {
        name: Name::Trace,
        kind: Kind::Flag,
        syntax: "",
        summary: "answers traceparent (W3C Trace Context) with traceresponse",
        bad: "1 x 0.5",
        group: Group::Answer,
        ..ROW
    },
    Row {
        name: Name::Fault,
        kind: Kind::Fault,
        syntax: "KIND or KIND:AT",
        summary: "breaks the answer, at a place in its body or before it",
        sample: "reset@0.05",
        good: "close reset reset:0.5 reset:10 abort:event:2 abort:up:1000 hang stall:0.25 stall \
            truncate:100 garbage bad-head bad-chunk:1 dup-length extra:10 ws-close:4000 \
            ws-close:4000:event:2 close:event:1 reset@0.05 none@90,reset@5,truncate:0.5@5",
        bad: "x rest reset: reset:1.5 reset:x reset:connect hang:5 bad-head:1 extra extra:0 \
            extra:2000000 stall:up:5 ws-close:1005 ws-close ws-close:4000:5 reset:event:x reset@2",
        group: Group::Fault,
        on: ALL,
        ..ROW
    },
    Row {
        name: Name::Cert,
        kind: Kind::Certificate,
        syntax: "KIND",
        summary: "serves a certificate that clients must refuse",
        sample: "expired",
        good: "expired not-yet-valid wrong-host self-signed untrusted-root incomplete-chain \
            revoked weak-key no-name",
        bad: "x Expired expired@0.5",
        group: Group::Tls,
        on: &[Tls],
        ..ROW
    },
    Row {
        name: Name::Hello,
        summary: "delays the ServerHello",
        sample: "1s..2s",
        good: "0 100ms 1s..2s exp:10ms 1s@0.1 1s@9,none",
        bad: "x -1 2s..1s",
        group: Group::Tls,
        on: &[Tls],
        ..ROW
    },
    Row {
        name: Name::Handshake,
        kind: Kind::Handshake,
        syntax: "hang, close, reset, garbage or alert:CODE",
        summary: "breaks the handshake in place of the ServerHello, a reset just after it",
        sample: "alert:40",
        good: "hang close reset garbage alert:40 alert:unknown_ca hang@0.1 reset@9,none",
        bad: "x hung alert alert:256 alert:x hang:1 alert:-1",
        group: Group::Tls,
        on: &[Tls],
        ..ROW
    },
    Row {
        name: Name::Tls,
        kind: Kind::TlsVersion,
        syntax: "1.2 or 1.3",
        summary: "speaks this version alone",
        sample: "1.2",
        good: "1.2 1.3 1.2@0.5",
        bad: "1.1 x TLS1.2",
        group: Group::Tls,
        on: &[Tls],
        ..ROW
    },
    Row {
        name: Name::Key,
        kind: Kind::Line(MAX_KEY_BYTES),
        syntax: "NAME",
        summary: "counts the requests of this name, for times, since, every, limit and seed",
        sample: "t42",
        good: "t42 a%20b@c",
        bad: "%0A",
        group: Group::Selection,
        public: Public::Off,
        ..ROW
    },
    Row {
        name: Name::Times,
        kind: Kind::Times,
        syntax: "N, A.. or A..B",
        summary: "applies to the first N requests of the key, or to these",
        sample: "2",
        good: "1 2 3.. 2..5",
        bad: "0 x 0.. 5..2 -1",
        group: Group::Selection,
        ..ROW
    },
    Row {
        name: Name::Since,
        kind: Kind::Since,
        syntax: "A..B or A..",
        summary: "applies so long after the key's first request, or the server's start",
        sample: "10s..40s",
        good: "10s..40s 0s..1s 1m..",
        bad: "10s x..1s 2s..1s -1..1 ..5s 1s..9000h",
        group: Group::Selection,
        on: ANY,
        ..ROW
    },
    Row {
        name: Name::Every,
        kind: Kind::Every,
        syntax: "PERIOD:TIME",
        summary: "applies in the beginning of each period, counted likewise",
        sample: "30s:5s",
        good: "30s:5s 1:1",
        bad: "30s 5s:30s 0:0 x:1s 9000h:1s",
        group: Group::Selection,
        on: ANY,
        ..ROW
    },
    Row {
        name: Name::Seed,
        kind: Kind::Seed,
        syntax: "HEX",
        summary: "draws every value from this seed: the same answer again",
        sample: "8d2f",
        good: "0 8d2f FFFFFFFFFFFFFFFF 0123456789abcdef",
        bad: "x 0x1 12345678901234567 -1 8D2F%20",
        group: Group::Selection,
        on: ANY,
        ..ROW
    },
    Row {
        name: Name::With,
        kind: Kind::With,
        syntax: "none",
        summary: "drops all modifiers from places of lower precedence",
        sample: "none",
        bad: "x none,none",
        group: Group::Selection,
        on: ANY,
        ..ROW
    },
    Row {
        name: Name::Cut,
        kind: Kind::Cut,
        syntax: "NAME,…",
        summary: "has no effect: an answer names the modifiers whose values were cut to a bound",
        sample: "delay",
        good: "delay delay,body",
        bad: "x delay,",
        group: Group::Selection,
        on: ANY,
        ..ROW
    },
];

/// Those that a request can have.
pub fn for_requests() -> impl Iterator<Item = &'static Row> {
    ROWS.iter().filter(|row| row.is_for_requests())
}

impl Name {
    /// The modifier of this name.
    pub fn parse(text: &str) -> Option<Name> {
        ROWS.iter().map(|row| row.name).find(|name| name.text() == text)
    }

    /// Its row.
    pub fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }
}
