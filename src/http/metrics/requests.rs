//! Finished exchanges by route, method and status code, and how long they took.
//!
//! A table has the most recent series of each route and method, and each series the next one of
//! another status code. So a request whose status is that of the last one on its route, as nearly
//! all are, finds its series without a search.

use crate::base::histogram::Histogram;
use crate::base::limits::MAX_REQUEST_SERIES;
use crate::base::sort::sort_by;
use crate::http::request::Method;
use crate::http::status::Status;

/// In place of a route's index: the request was refused before it had a route.
pub const UNMATCHED: u8 = u8::MAX;

/// Bounds of `http.server.request.duration` in OpenTelemetry's conventions, in microseconds.
static BOUNDS: [u64; 14] = [
    5_000, 10_000, 25_000, 50_000, 75_000, 100_000, 250_000, 500_000, 750_000, 1_000_000,
    2_500_000, 5_000_000, 7_500_000, 10_000_000,
];

/// Room for the methods in the table: a power of two.
const METHODS: usize = 16;
/// Routes and methods.
const KEYS: usize = 256 * METHODS;
/// No series.
const NONE: u16 = u16::MAX;

/// Finished exchanges.
#[derive(Clone, Debug)]
pub struct Requests {
    /// The most recent series of each route and method.
    recent: Box<[u16; KEYS]>,
    series: Vec<Series>,
    /// Those for which there was no further series.
    others: Histogram<14>,
}

/// The exchanges of a route, method and status code.
#[derive(Clone, Debug)]
pub struct Series {
    /// The index of the route in `endpoint::ROUTES`, or [`UNMATCHED`].
    pub route: u8,
    /// The method.
    pub method: Method,
    /// The status code; as in the access log, 499 if the client left, and 444 if nothing was sent.
    pub status: Status,
    /// How long they took, from the head of the request to the end of the answer, by the clock of
    /// the worker's loop, in microseconds.
    pub duration: Histogram<14>,
    /// The next series of the same route and method.
    next: u16,
}

impl Default for Requests {
    fn default() -> Requests {
        Requests {
            recent: Box::new([NONE; KEYS]),
            series: Vec::new(),
            others: Histogram::new(&BOUNDS),
        }
    }
}

impl Requests {
    /// Counts a finished exchange.
    #[inline(always)] // for every request
    pub fn count(&mut self, route: u8, method: Method, status: Status, took_us: u64) {
        let recent = self.recent.get(key(route, method)).copied().unwrap_or(NONE);
        match self.series.get_mut(usize::from(recent)) {
            Some(series) if series.status == status => series.duration.record(took_us),
            _ => {
                let duration = self.find(route, method, status, MAX_REQUEST_SERIES);
                duration.record(took_us);
            }
        }
    }

    /// The histogram of a series, which becomes the most recent one and is made if there are fewer
    /// than `most`; otherwise that of all others.
    #[cold]
    fn find(
        &mut self,
        route: u8,
        method: Method,
        status: Status,
        most: usize,
    ) -> &mut Histogram<14> {
        let Requests { recent, series, others } = self;
        let Some(recent) = recent.get_mut(key(route, method)) else { return others };
        let (first, mut before, mut at) = (*recent, NONE, *recent);
        while let Some(found) = series.get(usize::from(at)).filter(|one| one.status != status) {
            (before, at) = (at, found.next);
        }
        let room = series.len() < most.min(usize::from(NONE));
        match series.get(usize::from(at)).map(|found| found.next) {
            Some(after) => {
                if let Some(before) = series.get_mut(usize::from(before)) {
                    before.next = after;
                }
            }
            None if room => {
                at = series.len() as u16;
                let duration = Histogram::new(&BOUNDS);
                series.push(Series { route, method, status, duration, next: NONE });
            }
            None => return others,
        }
        *recent = at;
        match series.get_mut(usize::from(at)) {
            Some(found) => {
                found.next = if at == first { found.next } else { first };
                &mut found.duration
            }
            None => others,
        }
    }

    /// Adds those of another worker.
    pub fn add(&mut self, other: &Requests) {
        for series in &other.series {
            let Series { route, method, status, duration, .. } = series;
            self.find(*route, *method, *status, usize::MAX).add(duration);
        }
        self.others.add(&other.others);
    }

    /// The series in a fixed order.
    pub fn series(&self) -> Vec<&Series> {
        let mut all: Vec<&Series> = self.series.iter().collect();
        let key = |series: &Series| (series.route, series.method as u8, series.status);
        sort_by(&mut all, |one, other| key(one).cmp(&key(other)));
        all
    }

    /// The exchanges for which there was no further series.
    pub fn others(&self) -> &Histogram<14> {
        &self.others
    }

    /// Number of exchanges.
    pub fn total(&self) -> u64 {
        let each = self.series.iter().map(|series| series.duration.count());
        each.sum::<u64>() + self.others.count()
    }
}

fn key(route: u8, method: Method) -> usize {
    usize::from(route) * METHODS + method as usize % METHODS
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::base::random::Random;

    fn counts(requests: &Requests) -> BTreeMap<(u8, u8, u16), (u64, u64)> {
        let each = requests.series().into_iter().map(|series| {
            let duration = &series.duration;
            let key = (series.route, series.method as u8, series.status.0);
            (key, (duration.count(), duration.sum()))
        });
        each.collect()
    }

    /// Against a map, with statuses in every order.
    #[test]
    fn each_request_counts_in_its_own_series() {
        let mut random = Random::new(1);
        let mut wanted: BTreeMap<_, (u64, u64)> = BTreeMap::new();
        let [mut requests, mut other] = [(); 2].map(|()| Requests::default());
        for n in 0..20_000 {
            let route = [0, 7, UNMATCHED][random.next_u64() as usize % 3];
            let method = [Method::Get, Method::Other][random.next_u64() as usize % 2];
            let status = Status([200, 404, 499, 503][random.next_u64() as usize % 4]);
            let took = random.next_u64() % 20_000_000;
            let into = if n % 3 == 0 { &mut other } else { &mut requests };
            into.count(route, method, status, took);
            let sum = wanted.entry((route, method as u8, status.0)).or_default();
            *sum = (sum.0 + 1, sum.1 + took);
        }
        requests.add(&other);
        assert_eq!(counts(&requests), wanted);
        assert_eq!(requests.total(), 20_000);
    }

    #[test]
    fn there_are_no_more_series_than_the_bound() {
        let mut requests = Requests::default();
        for code in 100..1000 {
            requests.count(3, Method::Get, Status(code), 0);
        }
        assert_eq!(counts(&requests).len(), MAX_REQUEST_SERIES);
        let known = MAX_REQUEST_SERIES as u64;
        assert_eq!((requests.total(), requests.others().count()), (900, 900 - known));
        requests.count(3, Method::Get, Status(100), 0);
        assert_eq!(counts(&requests)[&(3, 0, 100)], (2, 0));
        assert_eq!(requests.others().count(), 900 - known);
    }
}
