//! What the parts cost, without sockets: `cargo bench`, or `cargo bench -- head` for one group.
//!
//! Each benchmark takes at most a second. Figures are per request, or per item where the benchmark
//! counts items; an answer is rendered into a buffer and discarded.

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};

use loiter::base::random::Random;
use loiter::base::time::Time;
use loiter::http::app::App;
use loiter::proto::Next;
use loiter::proto::conn::Protocol;
use loiter::proto::http1::head::Origin;
use loiter::proto::test_driver::Driver;

fn main() {
    divan::main();
}

const STATUS: &[u8] = b"GET /status/200 HTTP/1.1\r\nHost: localhost:8080\r\n\r\n";
const GET: &[u8] = b"GET /get HTTP/1.1\r\nHost: localhost:8080\r\n\
    User-Agent: curl/8.14.1\r\nAccept: */*\r\n\r\n";
const BROWSER: &[u8] = b"GET /get?from=here&to=there HTTP/1.1\r\nHost: localhost:8080\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n\
    Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n\
    Referer: http://localhost:8080/\r\nConnection: keep-alive\r\n\
    Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; consent=all\r\n\
    Upgrade-Insecure-Requests: 1\r\nSec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\n\
    Sec-Fetch-Site: same-origin\r\nSec-Fetch-User: ?1\r\nPriority: u=0, i\r\n\r\n";

/// A head of 100 fields, about 8 KiB.
fn large() -> Vec<u8> {
    let field = |n| format!("X-Field-Number-{n}: {}\r\n", "value ".repeat(10).trim_end());
    let fields: String = (0..100).map(field).collect();
    format!("GET /get HTTP/1.1\r\nHost: localhost:8080\r\n{fields}\r\n").into_bytes()
}

const ORIGIN: Origin = Origin {
    peer: None,
    local: "127.0.0.1:8080",
    tls: None,
    proxy: None,
    unix_us: 0,
    modifiers: true,
};

/// One connection, without a socket.
struct Machine(Driver);

impl Machine {
    fn new() -> Machine {
        Machine(Driver::new(App::default(), Protocol::Http, 1))
    }

    /// Lets these bytes arrive at this time, and returns what the machine waits for.
    fn turn(&mut self, bytes: &[u8], now: Time) -> Next {
        let driver = &mut self.0;
        driver.input.tail().extend_from_slice(bytes);
        (driver.clock.now, driver.clock.fresh) = (now, true);
        let next = driver.advance();
        black_box(driver.output.unread());
        driver.output.clear();
        next
    }

    /// Plays the answer to `request`, which takes time, with a clock that jumps, and returns when
    /// it was over.
    fn play(&mut self, request: &[u8], now: Time) -> Time {
        let (mut now, mut next) = (now, self.turn(request, now));
        while let Next::Sleep(until) = next {
            now = until;
            next = self.turn(b"", now);
        }
        now
    }
}

/// From the first byte of a head to a parsed request.
#[divan::bench_group(min_time = 0.2, max_time = 1)]
mod head {
    use super::*;
    use loiter::base::limits::Limits;
    use loiter::proto::http1::head::{FieldTable, parse_unscanned};

    fn read(bencher: Bencher, bytes: &[u8]) {
        let limits = Limits::default();
        let origin = ORIGIN;
        bencher.counter(BytesCount::new(bytes.len())).bench(|| {
            let bytes = black_box(bytes);
            let mut table = FieldTable::empty();
            parse_unscanned(bytes, &mut table, &limits, origin).map(|head| head.bytes)
        });
    }

    #[divan::bench]
    fn small(bencher: Bencher) {
        read(bencher, STATUS);
    }

    #[divan::bench]
    fn browser(bencher: Bencher) {
        read(bencher, BROWSER);
    }

    #[divan::bench]
    fn large(bencher: Bencher) {
        read(bencher, &super::large());
    }
}

/// A whole turn of a keep-alive connection: a request in, its answer out.
#[divan::bench_group(min_time = 0.2, max_time = 1)]
mod turn {
    use super::*;

    fn answer(bencher: Bencher, request: &[u8], requests: usize) {
        let (mut machine, bytes) = (Machine::new(), request.repeat(requests));
        let items = ItemsCount::new(requests);
        bencher.counter(items).bench_local(|| machine.turn(black_box(&bytes), Time::START));
    }

    #[divan::bench]
    fn status(bencher: Bencher) {
        answer(bencher, STATUS, 1);
    }

    #[divan::bench]
    fn get(bencher: Bencher) {
        answer(bencher, GET, 1);
    }

    #[divan::bench]
    fn get_from_a_browser(bencher: Bencher) {
        answer(bencher, BROWSER, 1);
    }

    #[divan::bench]
    fn status_16_pipelined(bencher: Bencher) {
        answer(bencher, STATUS, 16);
    }

    #[divan::bench]
    fn get_16_pipelined(bencher: Bencher) {
        answer(bencher, GET, 16);
    }

    /// The same head, one byte per turn.
    #[divan::bench]
    fn status_byte_by_byte(bencher: Bencher) {
        let mut machine = Machine::new();
        bencher.bench_local(|| {
            for byte in STATUS.chunks(1) {
                machine.turn(black_box(byte), Time::START);
            }
        });
    }
}

/// Delayed answers, on a virtual clock.
#[divan::bench_group(min_time = 0.2, max_time = 1)]
mod exchange {
    use super::*;

    fn play(bencher: Bencher, line: &str) {
        let request = format!("GET {line} HTTP/1.1\r\nHost: localhost:8080\r\n\r\n").into_bytes();
        let (mut machine, mut now) = (Machine::new(), Time::START);
        bencher.bench_local(|| now = machine.play(black_box(&request), now));
    }

    #[divan::bench]
    fn delay(bencher: Bencher) {
        play(bencher, "/delay/1");
    }

    /// A hundred pieces, each at its due time.
    #[divan::bench]
    fn drip(bencher: Bencher) {
        play(bencher, "/drip?duration=1&numbytes=100");
    }

    #[divan::bench]
    fn stream(bencher: Bencher) {
        play(bencher, "/stream/100");
    }
}

/// Timers, by their number.
#[divan::bench_group(min_time = 0.2, max_time = 1)]
mod wheel {
    use super::*;
    use loiter::base::wheel::Wheel;

    const TIMERS: [u32; 2] = [10_000, 1_000_000];
    /// The deadlines are spread over this time.
    const SPREAD_US: u64 = 10_000_000;

    /// A wheel with this many timers, at random deadlines after `from_us`.
    fn armed(mut wheel: Wheel, timers: u32, from_us: u64) -> Wheel {
        let mut random = Random::new(1);
        for index in 0..timers {
            wheel.arm(index, Time::from_micros(from_us + random.below(SPREAD_US)));
        }
        wheel
    }

    #[divan::bench(args = TIMERS)]
    fn arm(bencher: Bencher, timers: u32) {
        bencher
            .counter(ItemsCount::new(timers))
            .with_inputs(Wheel::default)
            .bench_local_values(|wheel| armed(wheel, timers, 0));
    }

    /// Each is moved to an earlier deadline.
    #[divan::bench(args = TIMERS)]
    fn rearm(bencher: Bencher, timers: u32) {
        bencher
            .counter(ItemsCount::new(timers))
            .with_inputs(|| armed(Wheel::default(), timers, SPREAD_US))
            .bench_local_values(|wheel| armed(wheel, timers, 0));
    }

    /// All fire; the wheel is polled every millisecond.
    #[divan::bench(args = TIMERS)]
    fn fire(bencher: Bencher, timers: u32) {
        bencher
            .counter(ItemsCount::new(timers))
            .with_inputs(|| (armed(Wheel::default(), timers, 0), Vec::new()))
            .bench_local_values(|(mut wheel, mut fired)| {
                for now_us in (0..=SPREAD_US).step_by(1000) {
                    fired.clear();
                    wheel.expire(Time::from_micros(now_us), usize::MAX, &mut fired);
                }
                assert_eq!(wheel.next(), Time::NEVER);
                wheel
            });
    }
}

/// The JSON writer.
#[divan::bench_group(min_time = 0.2, max_time = 1)]
mod json {
    use super::*;
    use loiter::http::json::{Json, Layout, escape, reencode};

    /// About the size of the answer to `/get`, without reading a request.
    #[divan::bench]
    fn document(bencher: Bencher) {
        let mut output = Vec::with_capacity(4096);
        bencher.bench_local(|| {
            output.clear();
            Json::new(&mut output, Layout::Indented).object(|json| {
                json.key("args");
                json.object(|_| {});
                json.key("headers");
                json.object(|json| {
                    for (name, value) in
                        [("Accept", "*/*"), ("Host", "localhost"), ("User-Agent", "curl/8.14.1")]
                    {
                        json.text_key(name);
                        json.text(black_box(value));
                    }
                });
                json.key("origin");
                json.text(black_box("127.0.0.1"));
                json.key("url");
                json.text(black_box("http://localhost/get"));
            });
            black_box(output.as_slice()).len()
        });
    }

    fn escapes(bencher: Bencher, text: &str) {
        let mut output = Vec::with_capacity(8 * text.len());
        bencher.counter(BytesCount::new(text.len())).bench_local(|| {
            output.clear();
            escape(&mut output, black_box(text));
            black_box(output.as_slice()).len()
        });
    }

    #[divan::bench]
    fn plain_text(bencher: Bencher) {
        escapes(bencher, &"A plain text without escapes. ".repeat(100));
    }

    #[divan::bench]
    fn quotes_and_accents(bencher: Bencher) {
        escapes(bencher, &"Ein \"Text\" für\n\u{1f600} Escapes. ".repeat(100));
    }

    /// The JSON of a body, which is parsed and written with sorted keys.
    fn reencodes(bencher: Bencher, item: impl Fn(usize) -> String) {
        let items: Vec<String> = (0..1000).map(item).collect();
        let text = format!("[{}]", items.join(","));
        let mut output = Vec::with_capacity(16 * text.len());
        bencher.counter(BytesCount::new(text.len())).bench_local(|| {
            output.clear();
            reencode::write(&mut Json::new(&mut output, Layout::Indented), black_box(&text));
            black_box(output.as_slice()).len()
        });
    }

    #[divan::bench]
    fn integers(bencher: Bencher) {
        reencodes(bencher, |n| n.to_string());
    }

    #[divan::bench]
    fn short_floats(bencher: Bencher) {
        reencodes(bencher, |n| format!("{n}.5"));
    }

    #[divan::bench]
    fn long_floats(bencher: Bencher) {
        reencodes(bencher, |n| (n as f64).sqrt().to_string());
    }

    #[divan::bench]
    fn objects(bencher: Bencher) {
        let member = |n| format!("\"name\": \"User {n}\", \"id\": {n}, \"note\": \"a\\n\\u00e9\"");
        reencodes(bencher, |n| format!("{{{}}}", member(n)));
    }
}

/// Heads of HTTP/2: a block decoded and made a request of, an answer's head encoded.
#[divan::bench_group(min_time = 0.2, max_time = 1)]
mod http2 {
    use super::*;
    use loiter::base::limits::Limits;
    use loiter::http::status::Status;
    use loiter::proto::http2::hpack::decode::Decoder;
    use loiter::proto::http2::hpack::decoded::Decoded;
    use loiter::proto::http2::hpack::encode::{compressed_field, field, status};
    use loiter::proto::http2::huffman;
    use loiter::proto::http2::request::{self, FieldTable};

    const AGENT: &[u8] = b"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

    /// The first block of a connection, whose fields get into the dynamic table, and the next one,
    /// which repeats them: seven fields, as curl and h2load have.
    fn blocks() -> [Vec<u8>; 2] {
        let mut first = vec![0x82, 0x86];
        for (index, value) in [
            (1, &b"localhost:8080"[..]),
            (4, b"/status/200"),
            (58, b"h2load nghttp2/1.64.0"),
            (19, b"*/*"),
            (16, b"gzip, deflate, br"),
        ] {
            let mut coded = Vec::new();
            huffman::encode(value, &mut coded);
            first.extend([0x40 | index, 0x80 | coded.len() as u8]);
            first.extend(coded);
        }
        [first, vec![0x82, 0x86, 0xc2, 0xc1, 0xc0, 0xbf, 0xbe]]
    }

    /// A connection that has had its first block.
    fn begun() -> (Decoder, Decoded, Limits) {
        let (mut decoder, mut head, limits) =
            (Decoder::new(), Decoded::default(), Limits::default());
        assert_eq!(decoder.decode(&blocks()[0], &mut head, &limits), Ok(()));
        (decoder, head, limits)
    }

    #[divan::bench]
    fn decode_first(bencher: Bencher) {
        let ((_, mut head, limits), block) = (begun(), &blocks()[0]);
        bencher.bench_local(|| Decoder::new().decode(black_box(block), &mut head, &limits));
    }

    #[divan::bench]
    fn decode_repeated(bencher: Bencher) {
        let ((mut decoder, mut head, limits), block) = (begun(), &blocks()[1]);
        bencher.bench_local(|| decoder.decode(black_box(block), &mut head, &limits));
    }

    #[divan::bench]
    fn parse(bencher: Bencher) {
        let (_, head, _) = begun();
        bencher.bench_local(|| {
            let mut table = FieldTable::empty();
            request::parse(black_box(&head), &mut table, ORIGIN).map(|head| head.length).is_ok()
        });
    }

    #[divan::bench]
    fn reparse(bencher: Bencher) {
        let (_, head, _) = begun();
        bencher.bench_local(|| {
            let mut table = FieldTable::empty();
            request::reparse(black_box(&head.text), &mut table, ORIGIN).is_some()
        });
    }

    fn answer(bencher: Bencher, field: fn(&mut Vec<u8>, &[u8], &[u8])) {
        let mut out = Vec::with_capacity(1024);
        bencher.bench_local(|| {
            out.clear();
            status(&mut out, black_box(Status(200)));
            field(&mut out, b"Server", b"loiter");
            field(&mut out, b"Date", black_box(b"Sun, 29 Nov 2026 21:34:41 GMT"));
            field(&mut out, b"Content-Type", b"application/json");
            field(&mut out, b"Content-Length", black_box(b"1234"));
            field(&mut out, b"Access-Control-Allow-Origin", b"*");
            field(&mut out, b"Access-Control-Allow-Credentials", b"true");
            out.len()
        });
    }

    #[divan::bench]
    fn encode(bencher: Bencher) {
        answer(bencher, field);
    }

    #[divan::bench]
    fn encode_compressed(bencher: Bencher) {
        answer(bencher, compressed_field);
    }

    #[divan::bench]
    fn huffman_decode(bencher: Bencher) {
        let (mut coded, mut out) = (Vec::new(), Vec::with_capacity(1024));
        huffman::encode(AGENT, &mut coded);
        bencher.counter(BytesCount::new(AGENT.len())).bench_local(|| {
            out.clear();
            huffman::decode(black_box(&coded), &mut out)
        });
    }
}
