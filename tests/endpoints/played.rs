//! Requests played through the machine of a connection, in virtual time.

use std::sync::Arc;
use std::time::Duration;

use loiter::base::time::Time;
use loiter::http::app::App;
use loiter::http::modifiers::Modifiers;
use loiter::proto::Next;
use loiter::proto::conn::Protocol;
use loiter::proto::test_driver::Driver;

use super::response::Response;

/// Most calls of the machine for one answer.
const MOST_CALLS: usize = 400_000;

/// How an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The connection is kept for the next request.
    Kept,
    /// The server has closed its side.
    Fin,
    Rst,
}

/// What came of a request.
#[derive(Debug)]
pub(crate) struct Played {
    pub(crate) bytes: Vec<u8>,
    /// When bytes came, in microseconds after the request, and how many.
    pub(crate) pieces: Vec<(u64, usize)>,
    pub(crate) end: End,
    /// When that was.
    pub(crate) over_us: u64,
    head_only: bool,
}

impl Played {
    /// The one answer that came, read strictly.
    pub(crate) fn response(&self) -> Result<Response, String> {
        let over = self.end == End::Fin;
        let (response, rest) = Response::read(&self.bytes, self.head_only, over)?;
        match rest {
            [] => Ok(response),
            _ => Err(format!("{} bytes too many", rest.len())),
        }
    }

    /// When the first byte came.
    pub(crate) fn first_us(&self) -> u64 {
        self.pieces.first().map_or(self.over_us, |piece| piece.0)
    }
}

/// A connection of a server with these settings, on 22 November 2026.
pub(crate) fn driver(app: &Arc<App>) -> Driver {
    let mut driver = Driver::new(app.clone(), Protocol::Http, 7);
    driver.worker.date_header.update(Time::START, Duration::from_secs(1_795_364_801), None);
    driver
}

/// Plays a request on a new connection of a listener with these modifiers.
pub(crate) fn play(app: &Arc<App>, listener: Option<&Modifiers>, request: &[u8]) -> Played {
    let mut driver = driver(app);
    driver.modifiers = listener.cloned().map(Arc::new);
    let played = play_on(&mut driver, request);
    assert!(driver.worker.delayed <= 1);
    assert!(played.end == End::Kept || driver.conn.standing().delayed == 0);
    played
}

/// Plays a request on this connection until its answer is over; whoever waits, waits no longer than
/// it must.
pub(crate) fn play_on(driver: &mut Driver, request: &[u8]) -> Played {
    let (began, mut bytes, mut pieces) = (driver.clock.now, Vec::new(), Vec::new());
    let us = |now: Time| now.since(began).as_micros() as u64;
    let mut next = driver.receive(request);
    for _ in 0..MOST_CALLS {
        let now = driver.clock.now;
        let came = driver.output.unread();
        if !came.is_empty() {
            pieces.push((us(now), came.len()));
            bytes.extend_from_slice(came);
        }
        driver.output.clear();
        let end = match next {
            Next::Sleep(until) => {
                assert!(until > now, "it waits for {until:?} at {now:?}");
                driver.clock.now = until;
                None
            }
            Next::Read(_) => Some(End::Kept),
            Next::Linger(_) | Next::Close => Some(End::Fin),
            Next::Reset => Some(End::Rst),
            _ => None,
        };
        if let Some(end) = end {
            let head_only = request.starts_with(b"HEAD ");
            return Played { bytes, pieces, end, over_us: us(now), head_only };
        }
        next = driver.receive(b"");
    }
    panic!("it does not end: {}", String::from_utf8_lossy(request));
}
