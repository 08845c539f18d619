//! An HTTP server to test clients against, inside the test: fast by default, and slow, odd or
//! broken on command.
//!
//! ```
//! use std::io::{Read, Write};
//! use std::net::TcpStream;
//! use std::time::Duration;
//!
//! // The client under test: it gives up after 100 ms.
//! fn get(url: &str) -> std::io::Result<String> {
//!     let (host, path) = url["http://".len()..].split_once('/').unwrap();
//!     let mut stream = TcpStream::connect(host)?;
//!     stream.set_read_timeout(Some(Duration::from_millis(100)))?;
//!     write!(stream, "GET /{path} HTTP/1.0\r\n\r\n")?;
//!     let mut answer = String::new();
//!     stream.read_to_string(&mut answer)?;
//!     Ok(answer)
//! }
//!
//! let server = loiter::Server::builder().listen("127.0.0.1:0").start()?;
//! let url = |path: &str| format!("{}{path}", server.url());
//!
//! assert!(get(&url("/status/418"))?.starts_with("HTTP/1.0 418 "));
//! assert!(get(&url("/delay/5")).is_err(), "a slow answer");
//! assert!(get(&url("/~fault=reset/get")).is_err(), "no answer, but a reset");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The server runs on threads of its own, so the client may be blocking or async. It listens when
//! `start` returns; port 0 is a free port. It ends when it is dropped. Several servers in one
//! process are independent of each other. A server prints nothing, installs no signal handler, and
//! raises the process's soft limit on descriptors to the hard limit.
//!
//! - **What it answers**: httpbin's API, with go-httpbin's additions: `/get`, `/delay/{n}`,
//!   `/drip`, `/status/{codes}`, `/sse`, `/echo`, … A browser shows all of it at [`Server::url`].
//! - **How to break it**: one or more modifiers before any path, as in
//!   `/~delay=2s/~status=503/get`; `/~fault=truncate:0.5/bytes/1000` cuts the body off halfway.
//! - **What arrived**: with [`Builder::journal`], [`Server::requests`] returns the requests that
//!   the client under test has sent, and can wait until a number of them have come.
//! - **TLS**: the same port speaks `https://`, for a client that trusts [`Server::ca_pem`].
//! - **Settings**: [`Builder::setting`] does what the program's flag of that name does.
//!
//! ```
//! let server = loiter::Server::builder()
//!     .listen("127.0.0.1:0")
//!     .setting("max-body-size", "1MiB")
//!     .setting("with", "delay=20ms; status=503@0.1") // modifiers of every answer
//!     .start()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The command line, the configuration file, signals and the log are the feature `cli`. It is on by
//! default, but a test does not need it:
//!
//! ```toml
//! [dev-dependencies]
//! loiter = { path = "../loiter", default-features = false }
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
