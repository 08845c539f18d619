//! loiter: an HTTP server that is fast, slow, odd or broken on command.
//!
//! It serves the API of httpbin and go-httpbin, WebSocket, HTTP/2, TLS, and raw TCP and UDP echo.
//! Any answer can be made slow, odd or broken: `/~delay=2s/get`, `/~reset=0.5/bytes/10000`.
//!
//! # In a test
//!
//! ```
//! use std::io::{Read, Write};
//!
//! let server = loiter::Server::builder().listen("127.0.0.1:0").start()?;
//! let url = server.url(); // for an HTTP client: http://127.0.0.1:PORT
//! let mut client = std::net::TcpStream::connect(server.address())?;
//! client.write_all(b"GET /status/418 HTTP/1.0\r\n\r\n")?;
//! let mut answer = String::new();
//! client.read_to_string(&mut answer)?;
//! assert!(answer.starts_with("HTTP/1.0 418 I'M A TEAPOT\r\n"));
//! # assert_eq!(url, format!("http://{}", server.address()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Builder::setting`] takes what the program's flags do. The server ends when it is dropped. The
//! program's own parts (command line, configuration file, signals, log) are the feature `cli`,
//! which is on by default and which a test does without:
//!
//! ```toml
//! [dev-dependencies]
//! loiter = { version = "0.1", default-features = false }
//! ```
//!
//! [`Server`], [`Builder`], [`Handle`], [`Address`], [`StartError`] and, for what was received,
//! [`Requests`], [`ReceivedRequest`] and [`TooFew`] are the whole API. The modules are public for
//! loiter's tests, benchmarks and fuzz targets, and any version may change them.

// Without the program, what only it calls is not used.
#![cfg_attr(not(feature = "cli"), allow(dead_code))]

#[cfg_attr(all(doc, not(internals)), doc(hidden))]
pub mod base;
#[cfg_attr(all(doc, not(internals)), doc(hidden))]
pub mod config;
#[cfg_attr(all(doc, not(internals)), doc(hidden))]
pub mod endpoint;
#[cfg_attr(all(doc, not(internals)), doc(hidden))]
pub mod http;
#[cfg_attr(all(doc, not(internals)), doc(hidden))]
pub mod proto;
#[cfg_attr(all(doc, not(internals)), doc(hidden))]
pub mod server;

/// # The layers
///
/// A request that waits costs a slot in a table, a timer and a copy of the request (about 250 bytes
/// in all): no thread, no task, no coroutine.
///
/// ```text
///   server/    L5  sockets, clocks, threads       daemon Server Worker Session Net ── Os, Sim
///   config/    L4  flag > environment > file      read  SECTIONS
///   proto/     L3  machines: bytes in, bytes out  Conn ── Http1 ── Intake, Exchange
///                                                      Echo  WebSocket
///   endpoint/  L2  fn(&App, &Request) -> Reply    ROUTES  find  answer
///   http/      L1  the vocabulary                 Request  Reply  Body  Pace  Status
///   base/      L0  no network, no clock           Time  Wheel  Slab  Buf  Random  limits
/// ```
///
/// Calls go down, values come back up; a test reads the sources and fails on an import that points
/// upward. Three ideas hold it together:
///
/// 1. **Time is data.** An endpoint never waits. It returns a [`Reply`](http::reply::Reply) with
///    the delay and the pace as values; an [`Exchange`](proto::exchange::Exchange) plays it.
/// 2. **One verb, one question.** Every protocol has two methods. `advance(cx, input, output)` is
///    given the time and returns what the connection waits for; `standing` returns what it is
///    doing. Below `server/` there is no socket and no clock.
/// 3. **Derived, not stored.** What a connection waits for is what `advance` returned last, and
///    what it is doing is its [`Standing`](proto::Standing); there is no flag that could disagree.
///
/// # One request in twelve steps
///
/// 1. [`Worker::run`](server::worker::Worker::run) sleeps in `net.wait`, until something happens or
///    its [`Wheel`](base::wheel::Wheel) has a timer due.
/// 2. A listener wakes. `Worker::accept`, the only place of admission, takes connections until
///    there is none left or no slot.
/// 3. Each becomes a [`Session`](server::session::Session) in the [`Slab`](base::slab::Slab), and
///    has its first turn at once. When it first must wait its socket is registered, edge-triggered,
///    for both directions, and never again; one that is answered and closed at once never is.
/// 4. Bytes arrive. Arrivals, events, timers and commands all put a token on the ready list, and
///    each token is one [`Session::turn`](server::session::Session::turn): flush, settle, feed,
///    advance, until the session waits.
/// 5. The turn reads into a buffer that all sessions of the worker share; a session owns bytes only
///    between turns, and only unprocessed ones.
/// 6. [`Conn::advance`](proto::conn::Conn::advance) calls its machine.
///    [`Http1`](proto::http1::Http1) parses the head with `head::parse_unscanned` if it is
///    complete; if not, `head::scan` looks for its end as it arrives.
/// 7. [`endpoint::find`] finds the row of [`ROUTES`](endpoint::ROUTES), which has what becomes of a
///    body: the [`Intake`](proto::intake::Intake) keeps it, discards it, or streams it back.
/// 8. [`Exchange::open`](proto::exchange::Exchange::open) calls the endpoint, which returns "after
///    3 s, 200, this JSON", and admits the delayed answer.
/// 9. The exchange waits: its request is parked in an allocation of its own, the machine returns
///    `Next::Sleep`, and the wheel is armed.
/// 10. The wheel fires: the *same* turn, the *same* advance. The request is parsed again, and
///     `http1/encode.rs` writes head and body into the shared output.
/// 11. One write hands it to the kernel. Above the high-water mark `advance` stops producing until
///     the kernel has taken everything: this is the only back-pressure mechanism.
/// 12. The connection waits for its next request; what was sent behind the first is in its input
///     already. Or it closes: the slot is free, its generation is incremented, so a late event of
///     the former session finds nothing.
#[cfg_attr(all(doc, not(internals)), doc(hidden))]
pub mod architecture {}

pub use server::{Address, Builder, Handle, ReceivedRequest, Requests, Server, StartError, TooFew};
