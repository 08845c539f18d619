//! The `Server` and `Date` fields, rendered once a second for all answers of that second.

use std::io::Write;
use std::time::{Duration, UNIX_EPOCH};

use crate::base::time::Time;

/// The fields of the current second.
#[derive(Debug)]
pub struct DateHeader {
    /// The fields, with their line ends.
    fields: Vec<u8>,
    /// How many of them are the `Server` field.
    server: usize,
    /// When the next second begins.
    next: Time,
    /// The Unix time of the worker's start, in microseconds, as the clock of this second has it.
    unix_start_us: u64,
}

impl DateHeader {
    /// Fields that are yet to be [updated](DateHeader::update).
    pub fn new(server: Option<&str>) -> DateHeader {
        let fields = server.map_or(Vec::new(), |text| format!("Server: {text}\r\n").into_bytes());
        DateHeader { server: fields.len(), fields, next: Time::START, unix_start_us: 0 }
    }

    /// The fields as of the last update.
    pub fn fields(&self) -> &[u8] {
        &self.fields
    }

    /// The Unix time of [`Time::START`], in microseconds, as of the last update.
    pub fn unix_start_us(&self) -> u64 {
        self.unix_start_us
    }

    /// Whether another second has begun.
    pub fn is_stale(&self, now: Time) -> bool {
        now >= self.next
    }

    /// Renders the fields for `now`, at which `unix` has passed since 1970 by the wall clock.
    pub fn update(&mut self, now: Time, unix: Duration) {
        let left = Duration::from_secs(1) - Duration::from_nanos(unix.subsec_nanos().into());
        self.unix_start_us = (unix.as_micros() as u64).saturating_sub(now.micros());
        self.next = now.after(left);
        self.fields.truncate(self.server);
        // Writing to a vector cannot fail.
        let _ = write!(self.fields, "Date: {}\r\n", httpdate::HttpDate::from(UNIX_EPOCH + unix));
    }
}
