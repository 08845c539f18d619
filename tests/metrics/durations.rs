//! How long requests took, in virtual time.

use std::time::Duration;

use loiter::base::time::Time;
use loiter::http::app::App;
use loiter::proto::Next;
use loiter::proto::conn::Protocol;
use loiter::proto::test_driver::Driver;

/// The number of requests and the time they took, in microseconds.
fn counted(driver: &Driver) -> Vec<(u16, u64, u64)> {
    let series = driver.worker.metrics.requests.series();
    let each = series.into_iter().map(|series| {
        let duration = &series.duration;
        (series.status.0, duration.count(), duration.sum())
    });
    each.collect()
}

fn at(driver: &mut Driver, us: u64) {
    driver.clock.now = Time::from_micros(us);
}

/// A request's duration begins with its head, whether the access log is on or not: the time of its
/// body, of its delay and of a paced answer are in it.
#[test]
fn a_duration_has_all_parts_of_an_exchange() {
    let head =
        |target: &str| format!("POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
    for records in [false, true] {
        for (target, delay_us, pace_us) in [
            ("/post", 0, 0),
            ("/~delay=2s/post", 2_000_000, 0),
            ("/~delay=2s/~status=418/post", 2_000_000, 0),
            ("/delay/2", 2_000_000, 0),
            ("/~body=3s/post", 0, 3_000_000),
        ] {
            let mut driver = Driver::new(App { records, ..App::default() }, Protocol::Http, 1);
            at(&mut driver, 1_000_000);
            driver.receive(head(target).as_bytes());
            at(&mut driver, 4_000_000);
            let mut next = driver.receive(b"hello");
            while let Next::Sleep(until) = next {
                driver.clock.now = until;
                next = driver.receive(b"");
            }
            let [(_, count, sum)] = counted(&driver)[..] else { panic!("{target}: one series") };
            let waited = u64::from(delay_us + pace_us > 0);
            assert_eq!((count, sum), (1, 3_000_000 + delay_us + pace_us + waited), "{target}");
            let delays = &driver.worker.metrics.delays;
            assert_eq!((delays.imposed.count(), delays.imposed.sum()), (waited, delay_us));
        }
    }
}

/// A head that comes in pieces begins with its first byte.
#[test]
fn a_refusal_has_the_time_of_its_head() {
    let mut driver = Driver::new(App::default(), Protocol::Http, 1);
    driver.receive(b"GET /get HTTP/1.1\r\n");
    driver.clock.now = Time::START.after(driver.app.limits.head_timeout);
    driver.receive(b"");
    let patience = driver.app.limits.head_timeout.as_micros() as u64;
    assert_eq!(counted(&driver), [(408, 1, patience)]);
}

/// A client that leaves while it waits has waited until then.
#[test]
fn a_client_that_leaves_has_the_time_until_then() {
    for records in [false, true] {
        let mut driver = Driver::new(App { records, ..App::default() }, Protocol::Http, 1);
        driver.receive(b"GET /delay/9 HTTP/1.1\r\nHost: a\r\n\r\n");
        driver.clock.now = Time::START.after(Duration::from_secs(4));
        driver.edge.eof_reported = true;
        driver.advance();
        driver.clock.now = Time::START.after(Duration::from_secs(20));
        driver.edge.read_eof = true;
        driver.advance();
        driver.edge.event = loiter::proto::Event::Reset;
        driver.advance();
        assert_eq!(counted(&driver), [(499, 1, 4_000_000)], "{records}");
        let metrics = &driver.worker.metrics;
        assert_eq!((metrics.half_closed, metrics.left), (1, [1, 0, 0]));
    }
}
