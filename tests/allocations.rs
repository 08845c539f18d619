//! A plain keep-alive request costs no allocation, from its first byte to its last: in the state
//! machine alone, and in a whole worker with its sockets.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};

use loiter::base::time::Time;
use loiter::http::app::App;
use loiter::proto::Next;
use loiter::proto::conn::Protocol;
use loiter::proto::test_driver::Driver;

/// The system allocator, which counts allocations.
struct Counting;

thread_local! {
    /// Allocations of this thread.
    static MINE: Cell<u64> = const { Cell::new(0) };
    /// Whether this thread belongs to a test, not to the server.
    static TEST: Cell<bool> = const { Cell::new(false) };
}

/// Allocations of all threads that do not belong to a test.
static OTHERS: AtomicU64 = AtomicU64::new(0);

impl Counting {
    fn count(&self) {
        MINE.set(MINE.get() + 1);
        if !TEST.get() {
            OTHERS.fetch_add(1, Ordering::SeqCst);
        }
    }
}

// SAFETY: each call is passed unchanged to the system allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.count();
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.count();
        unsafe { System.realloc(block, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Requests before counting begins, in which buffers grow to their size.
const WARM_UP: usize = 50;
/// Requests that are counted.
const COUNTED: usize = 1000;

const STATUS: &[u8] = b"GET /status/200 HTTP/1.1\r\nHost: localhost:8080\r\n\r\n";
const GET: &[u8] = b"GET /get HTTP/1.1\r\nHost: localhost:8080\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n\
    Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n\
    Upgrade-Insecure-Requests: 1\r\nPriority: u=0, i\r\n\r\n";

/// Allocations of the state machine for [`COUNTED`] successive requests, including their access log
/// records if `logged`.
fn in_the_machine(request: &[u8], logged: bool) -> u64 {
    let app = App { records: logged, ..App::default() };
    let mut driver = Driver::new(app, Protocol::Http, 1);
    let mut before = 0;
    for n in 0..WARM_UP + COUNTED {
        if n == WARM_UP {
            before = MINE.get();
        }
        driver.input.tail().extend_from_slice(request);
        driver.clock.now = Time::from_micros(n as u64);
        let next = driver.advance();
        assert!(matches!(next, Next::Read(_)), "{next:?}");
        assert!(driver.output.unread().starts_with(b"HTTP/1.1 200 OK\r\n"));
        driver.output.clear();
        let mut recorded = 0;
        driver.worker.records.drain(|_| recorded += 1);
        assert_eq!(recorded, u32::from(logged));
    }
    assert_eq!(driver.worker.served as usize, WARM_UP + COUNTED);
    MINE.get() - before
}

/// Allocations of a server for the same number of requests, including sockets and timers.
fn in_a_server(request: &[u8]) -> u64 {
    let server = loiter::Server::builder().listen("127.0.0.1:0").start().expect("a server");
    let mut client = TcpStream::connect(server.address()).expect("a connection");
    let mut before = 0;
    for n in 0..WARM_UP + COUNTED {
        if n == WARM_UP {
            before = OTHERS.load(Ordering::SeqCst);
        }
        client.write_all(request).expect("the request is sent");
        read_answer(&mut client);
    }
    OTHERS.load(Ordering::SeqCst) - before
}

/// Reads one answer: its head, and a body of Content-Length bytes.
fn read_answer(client: &mut TcpStream) {
    let (mut bytes, mut have) = ([0; 4096], 0);
    loop {
        let read = client.read(&mut bytes[have..]).expect("an answer");
        assert!(read > 0, "the server has closed");
        have += read;
        let head = bytes[..have].windows(4).position(|window| window == b"\r\n\r\n");
        if head.is_some_and(|head| head + 4 + length(&bytes[..head]) == have) {
            return;
        }
    }
}

fn length(head: &[u8]) -> usize {
    let head = std::str::from_utf8(head).expect("a head in ASCII");
    let length = head.split("Content-Length: ").nth(1).and_then(|rest| rest.lines().next());
    length.and_then(|digits| digits.parse().ok()).expect("a length")
}

/// One test only: the harness allocates when a test ends, on a thread that is counted.
#[test]
fn a_plain_request_allocates_nothing() {
    TEST.set(true);
    let before = MINE.get();
    drop(std::hint::black_box(Box::new(7)));
    assert_eq!(MINE.get() - before, 1, "the allocator counts");
    for request in [STATUS, GET] {
        let line = request.split(|&byte| byte == b'\r').next().unwrap_or_default();
        let line = line.escape_ascii();
        for logged in [false, true] {
            let count = in_the_machine(request, logged);
            assert_eq!(count, 0, "allocations for {COUNTED} times {line}, logged: {logged}");
        }
        assert_eq!(in_a_server(request), 0, "allocations in a server for {COUNTED} times {line}");
    }
}
