//! The `Server` and `Date` fields, rendered once a second for all responses of that second.

use std::io::Write;
use std::time::{Duration, UNIX_EPOCH};

use httpdate::HttpDate;

use crate::base::time::Time;

/// The fields of the current second; none before the first [`update`](DateHeader::update).
#[derive(Debug, Default)]
pub struct DateHeader {
    /// Both fields, with their line ends.
    fields: Vec<u8>,
    /// When the next second begins.
    next: Time,
    /// The Unix time of [`Time::START`], in microseconds, by the wall clock at the last update.
    unix_start_us: u64,
}

impl DateHeader {
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

    /// Renders the fields for `now`. `unix` is the time since 1970 by the wall clock, `server` the
    /// value of the `Server` field, if there is one.
    pub fn update(&mut self, now: Time, unix: Duration, server: Option<&str>) {
        let left = Duration::from_secs(1) - Duration::from_nanos(unix.subsec_nanos().into());
        self.next = now.after(left);
        self.unix_start_us = (unix.as_micros() as u64).saturating_sub(now.micros());
        self.fields.clear();
        // Writing to a vector cannot fail. Once it has its length, nothing is allocated.
        if let Some(server) = server {
            let _ = write!(self.fields, "Server: {server}\r\n");
        }
        let _ = write!(self.fields, "Date: {}\r\n", HttpDate::from(UNIX_EPOCH + unix));
    }
}

/// A Unix time in microseconds as RFC 3339 has it, to the microsecond and in UTC:
/// `1994-11-06T08:49:37.000000Z`.
pub fn rfc_3339(unix_us: u64) -> String {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let seconds = Duration::from_secs(unix_us / 1_000_000);
    // Such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 5.6.7), all of ASCII.
    let date = HttpDate::from(UNIX_EPOCH + seconds).to_string();
    let part = |from: usize, to: usize| date.get(from..to).unwrap_or_default();
    let (day, year, time) = (part(5, 7), part(12, 16), part(17, 25));
    let month = MONTHS.find(part(8, 11)).map_or(0, |at| at / 3 + 1);
    format!("{year}-{month:02}-{day}T{time}.{:06}Z", unix_us % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_of_rfc_3339() {
        assert_eq!(rfc_3339(784_111_777_000_012), "1994-11-06T08:49:37.000012Z");
        assert_eq!(rfc_3339(0), "1970-01-01T00:00:00.000000Z");
    }

    #[test]
    fn each_second_has_its_date_and_the_server_field_as_set_then() {
        let (mut header, start) = (DateHeader::default(), Time::START);
        let fields = |header: &DateHeader| String::from_utf8_lossy(header.fields()).into_owned();
        assert!(header.is_stale(start));
        header.update(start, Duration::from_millis(784_111_777_900), Some("a"));
        assert_eq!(fields(&header), "Server: a\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
        assert_eq!(header.unix_start_us(), 784_111_777_900_000);
        let later = start.after(Duration::from_millis(100));
        assert!(!header.is_stale(start.after(Duration::from_millis(99))) && header.is_stale(later));
        header.update(later, Duration::from_secs(784_111_778), None);
        assert_eq!(fields(&header), "Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n");
    }
}
