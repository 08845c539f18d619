//! How modifiers slow the reading of a request's body, or break it off.

use std::time::Duration;

use crate::base::limits::{PACE_TICK, RATE_BURST_US};
use crate::base::time::Time;
use crate::http::modifiers::plan::{At, FaultKind, Plan, ReadSpeed};
use crate::http::modifiers::rate;
use crate::proto::Cx;
use crate::proto::exchange::{Break, garbage};

/// The plan of a request whose body is arriving, and how far it has been read.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) plan: Box<Plan>,
    /// When the next bytes may be taken, were there no time that they take themselves;
    /// [`Time::NEVER`] until a clock has been read after the head.
    due: Time,
    /// Since when nothing is read.
    held: Option<Time>,
    /// Whether nothing is read any more.
    silent: bool,
}

/// How much of a body may be taken now.
#[derive(Debug, PartialEq, Eq)]
pub enum Allowance {
    /// So many bytes.
    Bytes(usize),
    /// None before a clock was read after the head.
    Clock,
    /// None until this moment.
    Wait(Time),
    /// None any more: these bytes are sent, then the connection breaks.
    Break(Vec<u8>, Break),
}

impl Reading {
    pub(super) fn new(plan: Box<Plan>) -> Reading {
        Reading { plan, due: Time::NEVER, held: None, silent: false }
    }

    /// Whether it takes time.
    pub(super) fn is_slow(&self) -> bool {
        self.plan.reads_slowly()
    }

    /// Whether nothing is read for now.
    pub(super) fn is_held(&self) -> bool {
        self.held.is_some()
    }

    /// Whether nothing is read any more.
    pub(super) fn is_silent(&self) -> bool {
        self.silent
    }

    /// For how many microseconds nothing was read just now.
    pub(super) fn held_us(&mut self, now: Time) -> u64 {
        self.held.take().map_or(0, |held| now.since(held).as_micros() as u64)
    }

    /// How much may be taken of a body of which `content` bytes were taken and `there` further ones
    /// have arrived; `None` for these at its end. Its head came at `began`.
    pub(super) fn allowance(
        &mut self,
        cx: &Cx,
        began: Time,
        content: u64,
        there: Option<usize>,
    ) -> Allowance {
        let mut most = there.unwrap_or(0);
        if let Some(fault) = self.plan.fault
            && let Some(At::Upload(bytes)) = fault.at
        {
            let left = bytes.saturating_sub(content);
            if left == 0 || there.is_none() {
                return self.break_off(cx, began, fault.kind);
            }
            most = most.min(usize::try_from(left).unwrap_or(usize::MAX));
        }
        match self.plan.read {
            Some(ReadSpeed::Hang) => self.break_off(cx, began, FaultKind::Hang),
            // What is left when its time is over is read at once.
            Some(ReadSpeed::Rate(rate))
                if most > 0 && cx.clock.now < began.after_us(self.plan.silence_us) =>
            {
                self.paced(cx, began, rate, most)
            }
            _ => Allowance::Bytes(most),
        }
    }

    /// A twentieth of a second's worth at most, when the time that it takes is over.
    fn paced(&mut self, cx: &Cx, began: Time, rate: u64, most: usize) -> Allowance {
        let now = cx.clock.now;
        if self.due == Time::NEVER {
            if !cx.clock.fresh {
                return Allowance::Clock;
            }
            // `now` is cut to whole microseconds, so one more is waited: never early.
            self.due = now.after_us(1);
        }
        let bytes = most.min(rate::slice(rate));
        let due = self.due.after_us(rate::time_us(bytes, rate));
        if now < due {
            let end = began.after_us(self.plan.silence_us);
            return self.hold(now, due.max(now.after(PACE_TICK)).min(end));
        }
        // After a time in which its client sent nothing, it may catch up with a little only.
        self.due = due.max(now.before(Duration::from_micros(RATE_BURST_US)));
        Allowance::Bytes(bytes)
    }

    /// Breaks, or is silent as long as that may last: a drain ends it.
    fn break_off(&mut self, cx: &Cx, began: Time, kind: FaultKind) -> Allowance {
        let (now, end) = (cx.clock.now, began.after_us(self.plan.silence_us));
        match kind {
            FaultKind::Hang if now < end && !cx.ends_idle() => {
                self.silent = true;
                self.hold(now, end)
            }
            FaultKind::Reset | FaultKind::Abort => Allowance::Break(Vec::new(), Break::Reset),
            FaultKind::Garbage => Allowance::Break(garbage(self.plan.seed), Break::Close),
            _ => Allowance::Break(Vec::new(), Break::Close),
        }
    }

    fn hold(&mut self, now: Time, until: Time) -> Allowance {
        self.held = Some(now);
        Allowance::Wait(until)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;
    use crate::base::random::Random;
    use crate::http::app::App;
    use crate::proto::Next;
    use crate::proto::conn::Protocol;
    use crate::proto::test_driver::Driver;

    const HEAD: usize = 90;

    /// A connection that has received the head of a body of so many bytes.
    fn driver(app: App, modifiers: &str, bytes: usize) -> (Driver, Next) {
        let mut driver = Driver::new(app, Protocol::Http, 1);
        let head =
            format!("POST /upload?{modifiers} HTTP/1.1\r\nHost: a\r\nContent-Length: {bytes}\r\n");
        let fill = "x".repeat(HEAD - 7 - head.len());
        let next = driver.receive(format!("{head}X: {fill}\r\n\r\n").as_bytes());
        (driver, next)
    }

    /// Lets the time of what it waits for come.
    fn wake(driver: &mut Driver, next: &Next) -> Next {
        let (Next::Sleep(until) | Next::Read(until)) = next else { panic!("{next:?}") };
        assert!(*until > driver.clock.now, "it waits for what is over");
        driver.clock.now = *until;
        driver.receive(b"")
    }

    /// Sends a body in pieces, some of them late, and returns when each byte was taken, in
    /// microseconds; and the connection.
    fn upload(
        app: App,
        rate: u64,
        bytes: usize,
        late_us: u64,
        seed: u64,
    ) -> (Vec<(u64, usize)>, Driver) {
        let (mut random, mut taken) = (Random::new(seed), Vec::new());
        let (mut driver, mut next) = driver(app, &format!("~read={rate}"), bytes);
        let (mut sent, mut held) = (0, 0);
        while driver.output.is_empty() {
            match next {
                Next::Read(_) => {
                    driver.clock.now = driver.clock.now.after_us(random.below(late_us + 1));
                    let piece = (1 + random.below(bytes as u64) as usize).min(bytes - sent);
                    sent += piece;
                    held += piece;
                    next = driver.receive(&vec![b'x'; piece]);
                }
                _ => next = wake(&mut driver, &next),
            }
            let now_us = driver.clock.now.micros();
            let left = driver.input.len();
            taken.extend((held > left).then_some((now_us, held - left)));
            held = left;
        }
        assert_eq!(sent, bytes);
        (taken, driver)
    }

    proptest! {
        #[test]
        fn a_body_is_read_at_its_rate(
            rate in select(vec![1u64, 7, 1000, 20_480, 1_000_000]),
            late_us in select(vec![0u64, 1000, 400_000, 3_000_000]),
            seed in any::<u64>(),
        ) {
            // A client that is kept waiting is not too slow.
            let mut app = App::default();
            app.limits.body_timeout = Duration::from_secs(4);
            app.limits.request_timeout = Duration::from_secs(1000);
            app.limits.body_rate = 1;
            let bytes = (rate * 3).min(100_000) as usize;
            let (taken, driver) = upload(app, rate, bytes, late_us, seed);
            let text = String::from_utf8_lossy(driver.output.unread()).into_owned();
            prop_assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{}", text);
            prop_assert!(text.contains(&format!("\"bytes_received\": {bytes}")), "{}", text);
            let mut sum = 0;
            for (at, (from_us, count)) in taken.iter().enumerate() {
                sum += *count as u64;
                prop_assert!(sum * 1_000_000 <= rate * from_us, "{} at {}", sum, from_us);
                let mut bytes = 0;
                for (to_us, count) in &taken[at..] {
                    bytes += *count as u64;
                    let most = rate * (to_us - from_us + 100_000) / 1_000_000 + 1;
                    prop_assert!(bytes <= most, "{bytes} from {from_us} to {to_us}");
                }
            }
            // And not much more slowly.
            let exact_us = rate::time_us(bytes, rate);
            let rounded_us = 2 * taken.len() as u64 + 1000;
            if late_us == 0 {
                let now_us = driver.clock.now.micros();
                prop_assert!(now_us <= exact_us + rounded_us, "{now_us}, {exact_us}");
            }
        }
    }

    #[test]
    fn the_receive_buffer_is_small_before_anything_is_read() {
        for (modifiers, narrow) in
            [("~read=9", true), ("~read=hang", true), ("~fault=reset:up:5", false), ("", false)]
        {
            let mut driver = Driver::new(App::default(), Protocol::Http, 1);
            let head = format!(
                "POST /post?{modifiers} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab"
            );
            driver.input.tail().extend_from_slice(head.as_bytes());
            assert_eq!(driver.advance() == Next::Narrow, narrow, "{modifiers}");
            assert_ne!(driver.advance(), Next::Narrow, "{modifiers}");
        }
    }

    #[test]
    fn silence_counts_as_delayed_and_ends_with_its_bound_the_client_or_a_drain() {
        for end in ["bound", "client", "drain", "reset"] {
            let (mut driver, next) = driver(App::default(), "~read=hang", 1000);
            let bound = Time::START.after(driver.app.limits.max_wait);
            assert_eq!(next, Next::Sleep(bound), "{end}");
            let standing = driver.conn.standing();
            assert_eq!((standing.delayed, standing.reads, driver.worker.delayed), (1, false, 1));
            assert_eq!(driver.receive(b""), next, "{end}: something new without news");
            let next = match end {
                "bound" => wake(&mut driver, &next),
                "client" => {
                    driver.edge.eof_reported = true;
                    driver.receive(b"")
                }
                "drain" => {
                    driver.worker.drain(driver.clock.now);
                    driver.receive(b"")
                }
                _ => {
                    driver.edge.event = crate::proto::Event::Reset;
                    driver.receive(b"")
                }
            };
            assert!(matches!(next, Next::Linger(_) | Next::Close), "{end}: {next:?}");
            assert_eq!((driver.worker.delayed, driver.output.len()), (0, 0), "{end}");
        }
    }

    #[test]
    fn what_is_read_slowly_needs_a_place() {
        let mut app = App::default();
        app.limits.delayed = 0;
        for (modifiers, refused) in [
            ("~read=1", true),
            ("~read=hang", true),
            ("~fault=hang:up:1", true),
            ("~fault=reset:up:1", false),
        ] {
            let (driver, _) = driver(app.clone(), modifiers, 5);
            let text = String::from_utf8_lossy(driver.output.unread()).into_owned();
            assert_eq!(text.starts_with("HTTP/1.1 503 "), refused, "{modifiers}: {text}");
            assert_eq!(driver.worker.delayed, 0, "{modifiers}");
        }
    }

    #[test]
    fn a_client_that_has_sent_all_and_closed_its_side_is_read_and_answered() {
        let (mut driver, next) = driver(App::default(), "~read=10", 4);
        assert!(matches!(next, Next::Read(_)));
        let mut next = driver.receive(b"abcd");
        (driver.edge.eof_reported, driver.edge.read_eof) = (true, true);
        for _ in 0..3 {
            assert!(matches!(next, Next::Sleep(_)), "{next:?}");
            assert!(driver.output.is_empty());
            next = wake(&mut driver, &next);
        }
        wake(&mut driver, &next);
        assert_eq!(driver.clock.now.micros(), 400_001);
        assert!(driver.output.unread().starts_with(b"HTTP/1.1 200 OK\r\n"));
    }
}
