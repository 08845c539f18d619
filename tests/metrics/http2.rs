//! Streams of HTTP/2 count as requests of HTTP/1 do.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::client::*;

const END_STREAM: u8 = 1;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = payload.len() as u32;
    let head = [&length.to_be_bytes()[1..], &[kind, flags], &stream.to_be_bytes()].concat();
    [&head, payload].concat()
}

/// A request without a body: `:method`, `:scheme` and `:authority` by the static table.
fn request(stream: u32, method: u8, path: &str) -> Vec<u8> {
    let path = [&[0x04, path.len() as u8], path.as_bytes()].concat();
    let block = [&[method, 0x86][..], &path, &[0x41, 1, b'a']].concat();
    frame(HEADERS, END_STREAM | 4, stream, &block)
}

const GET: u8 = 0x82;

/// Reads frames until this many streams have ended.
fn read_ends(client: &mut TcpStream, mut streams: usize) {
    while streams > 0 {
        let mut head = [0; 9];
        client.read_exact(&mut head).expect("a frame");
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        client.read_exact(&mut vec![0; length as usize]).expect("its payload");
        let ends = head[3] <= HEADERS && head[4] & END_STREAM != 0;
        streams -= usize::from(ends);
    }
}

#[test]
fn streams_are_counted() {
    let server = start(|_| {});
    let mut client = connect(server.address());
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(4, 0, 0, b""));
    for n in 0..10 {
        bytes.extend(request(2 * n + 1, GET, "/get"));
    }
    for n in 10..15 {
        bytes.extend(request(2 * n + 1, GET, "/delay/1ms"));
    }
    client.write_all(&bytes).expect("it takes them");
    read_ends(&mut client, 15);
    client.write_all(&request(31, GET, "/delay/10")).expect("it takes them");
    let streams = "loiter_http2_streams";
    let samples = eventually(&server, |samples| samples.get(streams, &[]) == 1.0);
    assert_eq!(samples.get("loiter_connections", &[("state", "streams")]), 1.0);
    let gauges = ["http_server_active_requests", "loiter_delayed_requests"];
    assert_eq!(gauges.map(|name| samples.get(name, &[])), [1.0, 1.0]);
    client.write_all(&frame(RST_STREAM, 0, 31, &8u32.to_be_bytes())).expect("it takes them");
    let samples = eventually(&server, |samples| samples.get(streams, &[]) == 0.0);
    assert_eq!(samples.get("loiter_connections", &[("state", "idle")]), 1.0);
    let keys = [("GET /delay/{delay} 200", 5), ("GET /delay/{delay} 499", 1), ("GET /get 200", 10)];
    assert_eq!(samples.requests(), keys.map(|(key, count)| (key.to_owned(), count)));
    let left = [("reset", 0.0), ("closed", 0.0), ("cancelled", 1.0)];
    for (how, count) in left {
        assert_eq!(samples.get("loiter_clients_left_total", &[("how", how)]), count, "{how}");
    }
    assert_eq!(samples.get("loiter_delay_error_seconds_count", &[]), 5.0);
    let totals = ["loiter_http2_streams_total", "loiter_http2_connections_total"];
    assert_eq!(totals.map(|name| samples.get(name, &[])), [16.0, 1.0]);
}
