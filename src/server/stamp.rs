//! The `Server` and `Date` fields, rendered once a second for all answers of that second.

use std::io::Write;
use std::time::{Duration, SystemTime};

use crate::base::time::Time;

/// The fields of the current second.
#[derive(Debug)]
pub(super) struct Stamp {
    /// The fields, with their line ends.
    fields: Vec<u8>,
    /// How many of them are the `Server` field.
    server: usize,
    /// When the next second begins.
    next: Time,
    /// The Unix time of the worker's start, in microseconds, as the clock of this second has it.
    unix_start_us: u64,
}

impl Stamp {
    /// Fields that are yet to be [renewed](Stamp::renew).
    pub(super) fn new(server: Option<&str>) -> Stamp {
        let fields = server.map_or(Vec::new(), |text| format!("Server: {text}\r\n").into_bytes());
        Stamp { server: fields.len(), fields, next: Time::START, unix_start_us: 0 }
    }

    /// The fields as of the last renewal.
    pub(super) fn fields(&self) -> &[u8] {
        &self.fields
    }

    /// The Unix time of [`Time::START`], in microseconds, as of the last renewal.
    pub(super) fn unix_start_us(&self) -> u64 {
        self.unix_start_us
    }

    /// Whether another second has begun.
    pub(super) fn is_old(&self, now: Time) -> bool {
        now >= self.next
    }

    /// Renders the fields of the second that `wall` shows at `now`.
    pub(super) fn renew(&mut self, now: Time, wall: SystemTime) {
        let past = wall.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let left = Duration::from_secs(1) - Duration::from_nanos(past.subsec_nanos().into());
        self.unix_start_us = (past.as_micros() as u64).saturating_sub(now.micros());
        self.next = now.after(left);
        self.fields.truncate(self.server);
        // Writing to a vector cannot fail.
        let _ = write!(self.fields, "Date: {}\r\n", httpdate::HttpDate::from(wall));
    }
}
