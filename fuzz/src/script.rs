//! What a client does on one connection, as bytes that a fuzzer may change at will.
//!
//! The first byte says how the server is set. What follows is sent as it is, but for 0xff, which
//! stands before a step: 0xff for the byte itself, `e` for the client's end, `d` for a server that
//! begins to stop, 0x80 to 0x9f for time that passes (2 to that power, in microseconds); anything
//! else: what was sent so far has arrived by now.

use std::time::Duration;

use loiter::http::app::{App, Redirects};
use loiter::http::profile::Profile;

/// One thing that happens.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// These bytes arrive together.
    Arrive(Vec<u8>),
    /// So many microseconds pass.
    Pass(u64),
    /// The client sends no more.
    End,
    /// The server begins to stop.
    Drain,
}

/// The steps that these bytes spell.
pub fn steps(bytes: &[u8]) -> Vec<Step> {
    let (mut steps, mut piece) = (Vec::new(), Vec::new());
    let mut bytes = bytes.iter().copied();
    while let Some(byte) = bytes.next() {
        let step = match byte {
            0xff => bytes.next().unwrap_or(0),
            plain => {
                piece.push(plain);
                continue;
            }
        };
        if step == 0xff {
            piece.push(0xff);
            continue;
        }
        if !piece.is_empty() {
            steps.push(Step::Arrive(std::mem::take(&mut piece)));
        }
        match step {
            b'e' => steps.push(Step::End),
            b'd' => steps.push(Step::Drain),
            power @ 0x80..0xa0 => steps.push(Step::Pass(1 << (power - 0x80))),
            _ => {}
        }
    }
    if !piece.is_empty() {
        steps.push(Step::Arrive(piece));
    }
    steps
}

/// A server set as this byte says. What takes time or room takes little, so that a run is short.
pub fn app(byte: u8) -> App {
    let mut app = App::default();
    app.limits.max_duration = Duration::from_millis(50);
    app.limits.max_bytes = 5000;
    if byte & 1 != 0 {
        app.profile = Profile::named("go-httpbin").unwrap_or(app.profile);
    }
    if byte & 2 != 0 {
        app.limits.head_line_bytes = 100;
        app.limits.head_bytes = 300;
        app.limits.head_fields = 5;
        app.limits.body_bytes = 40;
        app.limits.chunk_extensions = 20;
        app.limits.trailers = 30;
        app.limits.requests = 3;
        app.limits.body_rate = 100;
    }
    app.records = byte & 4 != 0;
    if byte & 8 != 0 {
        app.prefix = "/p".into();
        app.exclude_headers = vec!["x-*".into()];
        app.redirects = Redirects::Hosts(vec!["a.example".into()]);
    }
    if byte & 16 != 0 {
        app.limits.delayed = 0;
    }
    app
}
