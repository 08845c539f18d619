//! Bodies under random plans, in virtual time: what is sent, and when.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::base::random::Random;
use crate::http::modifiers::{Bounds, Carrier, Modifiers, merge};
use crate::http::pace::Source;

const BOUNDS: Bounds = Bounds { max_wait_us: 3_600_000_000, public: false, dangerous: false };
/// Most pieces of a body here.
const MOST_STEPS: usize = 100_000;

/// What was sent, and when; and how it ended.
struct Sent {
    pieces: Vec<(u64, Vec<u8>)>,
    end: Due,
}

impl Sent {
    fn bytes(&self) -> Vec<u8> {
        self.pieces.iter().flat_map(|piece| piece.1.clone()).collect()
    }

    fn times(&self) -> Vec<(u64, usize)> {
        self.pieces.iter().map(|piece| (piece.0, piece.1.len())).collect()
    }
}

fn plan(text: &str) -> Plan {
    let modifiers = Modifiers::parse(text, Carrier::Path).unwrap();
    merge(&[&modifiers]).plan(1, 0, &BOUNDS)
}

fn whole(bytes: usize, text: &str) -> Sent {
    play(Shape::whole(body(bytes), &plan(text)), |_| 0)
}

fn body(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| (at * 7 % 251) as u8).collect()
}

/// Sends a body; each moment comes later than it is due by what `late` returns.
fn play(mut shape: Shape, mut late: impl FnMut(u64) -> u64) -> Sent {
    let (mut pieces, mut now_us) = (Vec::new(), 0);
    for _ in 0..MOST_STEPS {
        match shape.due(now_us) {
            Due::At(due_us) if due_us > now_us => now_us = due_us + late(due_us),
            Due::At(_) => {
                let mut output = Vec::new();
                shape.send(now_us, &mut output);
                assert!(!output.is_empty(), "nothing is sent at {now_us}");
                pieces.push((now_us, output));
            }
            end => return Sent { pieces, end },
        }
    }
    panic!("it does not end");
}

/// Checks that no window of time has more than its share and a tenth of a second's worth, or the
/// byte that is the least there is.
fn assert_rate(pieces: &[(u64, usize)], rate: u64) {
    for (at, (from_us, _)) in pieces.iter().enumerate() {
        let mut bytes = 0;
        for (to_us, count) in &pieces[at..] {
            bytes += *count as u64;
            let most = rate * (to_us - from_us + 100_000) / 1_000_000 + 1;
            assert!(bytes <= most, "{bytes} bytes from {from_us} to {to_us}, {rate} B/s");
        }
    }
}

#[test]
fn nothing_is_changed_without_a_reason() {
    let sent = whole(1000, "");
    assert_eq!((sent.times(), sent.end), (vec![(0, 1000)], Due::End));
    assert_eq!((whole(0, "gap=1s; end=1s; rate=1").times(), 0), (vec![], 0));
}

#[test]
fn pauses_are_where_they_were_asked_for() {
    let s = 1_000_000;
    for (bytes, text, expected) in [
        (10, "head=1s; body=2s", vec![(3 * s, 10)]),
        (10, "body=1s; end=2s", vec![(s, 9), (3 * s, 1)]),
        (1, "end=2s", vec![(2 * s, 1)]),
        (2, "end=2s", vec![(0, 1), (2 * s, 1)]),
        (5, "piece=2", vec![(0, 2), (0, 2), (0, 1)]),
        (5, "piece=2; gap=1s", vec![(0, 2), (s, 2), (2 * s, 1)]),
        (5, "piece=2; gap=1s; end=3s", vec![(0, 2), (s, 2), (5 * s, 1)]),
        (5, "piece=9; gap=1s; end=3s", vec![(0, 4), (3 * s, 1)]),
        (4, "gap=1s", vec![(0, 1), (s, 1), (2 * s, 1), (3 * s, 1)]),
        (3, "rate=1", vec![(s, 1), (2 * s, 1), (3 * s, 1)]),
        (3, "rate=1; end=1s", vec![(s, 1), (2 * s, 1), (4 * s, 1)]),
        (3, "piece=2; gap=1s; rate=1", vec![(s, 1), (2 * s, 1), (4 * s, 1)]),
        (40, "rate=400", vec![(s / 20, 20), (s / 10, 20)]),
    ] {
        assert_eq!(whole(bytes, text).times(), expected, "{bytes} bytes, {text}");
    }
    let ten = whole(95, "gap=1ms").times();
    assert_eq!((ten.len(), ten[0], ten[9]), (10, (0, 10), (9_000, 5)));
}

#[test]
fn a_body_stops_where_its_fault_is() {
    for (text, bytes, end) in [
        ("fault=truncate:3", 3, Due::Stop),
        ("fault=truncate", 5, Due::Stop),
        ("fault=stall:0.0", 0, Due::Stop),
        ("fault=reset:0", 0, Due::Stop),
        ("fault=reset:0.99", 9, Due::Stop),
        ("fault=reset:1.0", 10, Due::Stop),
        ("fault=reset:10", 10, Due::Stop),
        ("fault=reset:11", 10, Due::End),
        ("fault=bad-chunk:7; piece=2", 7, Due::Stop),
        ("fault=bad-chunk:7; gap=1ms", 7, Due::Stop),
        ("fault=stall:7; rate=1", 7, Due::Stop),
        ("fault=stall:9; end=1s", 9, Due::Stop),
        ("fault=extra:7", 10, Due::End),
        ("fault=dup-length", 10, Due::End),
    ] {
        let sent = whole(10, text);
        assert_eq!((sent.bytes(), sent.end), (body(10)[..bytes].to_vec(), end), "{text}");
    }
}

/// Five lines of 5 bytes over four seconds.
fn lines(text: &str) -> Shape {
    let (before, after) = (b"<<".as_slice().into(), b">\n".as_slice().into());
    let source = Source::Lines { before, next: 0, after };
    let pace = Pace { gaps: 4, ..Pace::new(source, 5, 4_000_000, None) };
    Shape::paced(Box::new(pace), &plan(text))
}

#[test]
fn a_paced_body_keeps_its_own_times() {
    let s = 1_000_000;
    for (text, expected) in [
        ("", vec![(0, 5), (s, 5), (2 * s, 5), (3 * s, 5), (4 * s, 5)]),
        ("body=1s", vec![(s, 5), (2 * s, 5), (3 * s, 5), (4 * s, 5), (5 * s, 5)]),
        ("end=9s", vec![(0, 5), (s, 5), (2 * s, 5), (3 * s, 5), (13 * s, 5)]),
        ("gap=2s", vec![(0, 5), (3 * s, 5), (6 * s, 5), (9 * s, 5), (12 * s, 5)]),
        ("gap=1ms", vec![(0, 5), (1_001_000, 5), (2_002_000, 5), (3_003_000, 5), (4_004_000, 5)]),
        ("fault=reset:event:2", vec![(0, 5), (s, 5)]),
        ("fault=reset:event:0", vec![]),
        ("fault=reset:7", vec![(0, 5), (s, 2)]),
        // Of unknown length, in so many pieces.
        ("fault=truncate", vec![(0, 5), (s, 5), (2 * s, 2)]),
        ("fault=truncate:0.2", vec![(0, 5)]),
        ("fault=truncate:0.0", vec![]),
    ] {
        assert_eq!(play(lines(text), |_| 0).times(), expected, "{text}");
    }
    let all = play(lines("fault=reset:event:9"), |_| 0);
    assert_eq!((all.bytes(), all.end), (b"<<0>\n<<1>\n<<2>\n<<3>\n<<4>\n".to_vec(), Due::End));
    let pieces = play(lines("piece=3"), |_| 0).times();
    assert_eq!(pieces[..4], [(0, 3), (0, 2), (s, 3), (s, 2)]);
    let single = Pace::new(Source::Text(b"text".to_vec()), 1, 0, Some(4));
    let sent = play(Shape::paced(Box::new(single), &plan("end=1s")), |_| 0);
    assert_eq!(sent.times(), [(0, 3), (s, 1)]);
    let single = Pace::new(Source::Fill { byte: b'x', piece: 25 }, 1, 0, Some(25));
    let times = play(Shape::paced(Box::new(single), &plan("gap=1s")), |_| 0).times();
    assert_eq!((times.len(), times[1], times[8]), (9, (s, 3), (8 * s, 1)), "a tenth each");
}

#[test]
fn a_length_that_is_not_known_is_measured() {
    assert_eq!((lines("").length(), lines("").measure()), (None, 25));
    assert_eq!(Shape::whole(body(9), &plan("gap=1s")).measure(), 9);
    let known = Pace::new(Source::Fill { byte: b'x', piece: 3 }, 4, 9, Some(12));
    assert_eq!(Shape::paced(Box::new(known), &plan("")).measure(), 12);
    // Else a client would wait for more, or take the next answer for it.
    for (fault, bytes) in
        [("bad-event:event:1", 23), ("bad-event", 23), ("error-event:event:2", 30)]
    {
        let text = format!("fault={fault}");
        let sent = play(lines(&text), |_| 0).bytes().len() as u64;
        assert_eq!((lines(&text).measure(), sent), (bytes, bytes), "{fault}");
    }
}

#[test]
fn all_pauses_together_are_bounded() {
    let mut plan = plan("piece=1; gap=1s");
    plan.gap.as_mut().unwrap().most_us = 2_500_000;
    let sent = play(Shape::whole(body(5), &plan), |_| 0);
    let times: Vec<u64> = sent.times().iter().map(|piece| piece.0).collect();
    assert_eq!(times, [0, 1_000_000, 2_000_000, 2_500_000, 2_500_000]);
}

/// Some of the modifiers of a body, and what they ask for.
fn modifiers() -> impl Strategy<Value = String> {
    let one = |name: &'static str, values: &'static [&'static str]| {
        prop::option::of(select(values))
            .prop_map(move |value| value.map_or(String::new(), |value| format!("{name}={value};")))
    };
    (
        one("body", &["1ms", "0", "3s"]),
        one("end", &["1ms", "2s"]),
        one("gap", &["1ms", "10ms..20ms", "exp:1s", "0", "1ms@0.5"]),
        one("piece", &["1", "7", "1000", "1MiB"]),
        one("rate", &["1", "3", "19", "1000", "99999", "100MB"]),
        one("fault", &["stall:0.3", "reset:10", "truncate", "reset:0", "truncate:1.0"]),
    )
        .prop_map(|(body, end, gap, piece, rate, fault)| {
            [body, end, gap, piece, rate, fault].concat()
        })
}

/// When byte number `at` may be sent at the earliest.
fn earliest_us(shape: &Plan, bytes: usize, at: usize) -> u64 {
    let piece = shape.piece.map_or(bytes, |piece| piece as usize);
    let piece = match (&shape.gap, shape.piece) {
        (Some(_), None) => bytes.div_ceil(PIECES),
        _ => piece,
    };
    let gap_us = |n: usize| shape.gap.as_ref().map_or(0, |gap| gap.us(shape.seed, n as u64));
    let gaps_us: u64 = (0..at / piece).map(gap_us).sum();
    let rate_us = shape.rate.map_or(0, |rate| rate::time_us(at + 1, rate));
    let last = if bytes <= piece { at + 1 == bytes } else { at / piece == (bytes - 1) / piece };
    body_us(shape) + gaps_us + rate_us + if last { shape.end_us } else { 0 }
}

proptest! {
    #[test]
    fn all_is_sent_in_order_and_nothing_early(
        text in modifiers(),
        bytes in 1usize..400,
        late_us in select(vec![0u64, 100, 60_000, 5_000_000]),
        seed in any::<u64>(),
    ) {
        let (plan, mut random) = (Plan { seed, ..plan(&text) }, Random::new(seed));
        let late = |_| if late_us == 0 { 0 } else { random.below(late_us) };
        let sent = play(Shape::whole(body(bytes), &plan), late);
        let all = sent.bytes();
        prop_assert!(body(bytes).starts_with(&all), "{text}");
        if plan.fault.is_none() {
            prop_assert_eq!((all.len(), sent.end), (bytes, Due::End), "{}", &text);
        }
        let mut at = 0;
        for (us, piece) in sent.times() {
            // The last byte of what goes out together is the latest.
            for byte in at..at + piece {
                let earliest_us = earliest_us(&plan, bytes, byte);
                prop_assert!(us >= earliest_us, "{text}: byte {byte} at {us}, not {earliest_us}");
            }
            at += piece;
            if late_us == 0 && plan.rate.is_none() {
                prop_assert_eq!(us, earliest_us(&plan, bytes, at - 1), "{}: late", &text);
            }
        }
        if let Some(rate) = plan.rate {
            assert_rate(&sent.times(), rate);
        }
    }

    #[test]
    fn a_rate_is_kept_and_used(
        rate in select(vec![1u64, 10, 999, 1000, 65_536, 10_000_000]),
        late_us in select(vec![0u64, 1000, 30_000, 2_000_000]),
        seed in any::<u64>(),
    ) {
        let bytes = (rate * 3).min(400_000) as usize;
        let mut random = Random::new(seed);
        let late = |_| if late_us == 0 { 0 } else { random.below(late_us) };
        let sent = play(Shape::whole(body(bytes), &plan(&format!("rate={rate}"))), late);
        prop_assert_eq!(sent.bytes().len(), bytes);
        assert_rate(&sent.times(), rate);
        let over_us = sent.times().last().unwrap().0;
        let exact_us = rate::time_us(bytes, rate);
        // A slice is rounded up to a microsecond, and what is later than a twentieth of a second
        // is not made up for.
        let slices = sent.pieces.len() as u64;
        let lost_us = slices * (1 + late_us.saturating_sub(RATE_BURST_US)) + late_us;
        prop_assert!((exact_us..=exact_us + lost_us).contains(&over_us), "{over_us}, {exact_us}");
    }
}
