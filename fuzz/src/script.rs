//! A client's actions on one connection, as bytes that a fuzzer may change at will.
//!
//! The first byte selects the settings. The rest is sent as it is, except that 0xff starts a step:
//! 0xff is the byte itself, `e` the client's FIN, `r` its reset, `w` its reading on, `d` a drain,
//! 0x80 to 0x9f a pause (2 to that power, in microseconds); any other byte ends a piece: the bytes
//! before it arrive together.

use std::time::Duration;

use loiter::http::app::{App, HalfClose, Redirects};
use loiter::http::compat::GO_HTTPBIN;
use loiter::http::journal::SharedJournal;

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// These bytes arrive together.
    Arrive(Vec<u8>),
    /// This many microseconds pass.
    Pass(u64),
    /// The client sends no more (FIN).
    End,
    /// The client takes output that was blocked.
    Unblock,
    /// The connection breaks.
    Reset,
    /// The server begins to drain.
    Drain,
}

/// The steps that these bytes encode.
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
            b'r' => steps.push(Step::Reset),
            b'w' => steps.push(Step::Unblock),
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

/// A journal that is full soon.
pub fn journal() -> SharedJournal {
    let journal = SharedJournal::default();
    journal.resize(3, 2000);
    journal
}

/// The settings selected by this byte. Limits on time and size are low, so that a run is short.
pub fn app(byte: u8) -> App {
    let mut app = App::default();
    app.limits.max_duration = Duration::from_millis(50);
    app.limits.max_bytes = 5000;
    if byte & 1 != 0 {
        app.compat = &GO_HTTPBIN;
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
    if byte & 0x44 == 4 {
        app.journal = Some(journal());
        app.record_details = true;
    }
    if byte & 8 != 0 {
        app.prefix = "/p".into();
        app.exclude_headers = vec!["x-*".into()];
        app.redirects = Redirects::Hosts(vec!["a.example".into()]);
    }
    if byte & 16 != 0 {
        app.limits.delayed = 0;
    }
    if byte & 0x48 == 8 {
        app.half_close = HalfClose::Cancel;
        app.h2c_upgrade = true;
    }
    app
}
