//! Modifiers in every carrier: what parses is written so that it reads back the same, and the plan
//! is within its bounds and shown so that it repeats.

use loiter::http::modifiers::dialect::words;
use loiter::http::modifiers::{
    Bounds, Carrier, Dialect, Dialects, Modifiers, Plan, Protocol, merge, show,
};
use loiter::http::request::Field;

const MAX_WAIT_US: u64 = 3_600_000_000;

pub(crate) fn run(data: &[u8]) {
    let (seed, data) = data.split_at(data.len().min(1));
    let seed = seed.first().map_or(0, |&byte| u64::from(byte));
    let mut layers = Vec::new();
    for carrier in Carrier::ALL {
        let mut modifiers = Modifiers::new(carrier);
        let parsed = match carrier {
            Carrier::Path => data.split(|&b| b == b'/').try_for_each(|s| modifiers.add_segment(s)),
            Carrier::Query => modifiers.add_query(data),
            _ => modifiers.add_list(data),
        };
        match parsed {
            Ok(()) => layers.push(modifiers),
            Err(bad) => {
                assert_eq!(bad.carrier, carrier);
                assert!(bad.to_string().len() < 2000, "a long error: {bad}");
            }
        }
    }
    layers.extend(words::of_query(all_dialects(), data, |_| false));
    layers.extend(words::of_fields(all_dialects(), &fields(data)));
    for public in [false, true] {
        let bounds = Bounds { max_wait_us: MAX_WAIT_US, public, dangerous: public };
        layers.iter().for_each(|modifiers| check(modifiers, seed, &bounds));
        let all: Vec<&Modifiers> = layers.iter().collect();
        let _ = merge(&all).check(Protocol::Http10, &bounds);
    }
}

fn all_dialects() -> Dialects {
    Dialect::ALL.into_iter().map(|(_, dialect)| dialect).collect()
}

fn fields(data: &[u8]) -> Vec<Field<'_>> {
    let split = |line: &'_ [u8]| line.iter().position(|&byte| byte == b':');
    let lines = data.split(|&byte| byte == b'\n');
    lines
        .filter_map(|line| line.split_at_checked(split(line)?))
        .map(|(name, value)| Field { name, value: value[1..].trim_ascii() })
        .collect()
}

fn check(modifiers: &Modifiers, seed: u64, bounds: &Bounds) {
    let text = modifiers.to_string();
    let again = Modifiers::parse(&text, modifiers.carrier);
    assert_eq!(again.as_ref(), Ok(modifiers), "written as {text}");
    let mut asked = merge(&[modifiers]);
    let refused = asked.check(Protocol::Http11, bounds).is_err();
    let plan = asked.plan(seed, 0, bounds);
    let waits = [plan.delay_us, plan.head_us, plan.body_us, plan.end_us];
    let gaps = plan.gap.as_ref().map_or(0, |gap| gap.most_us);
    assert!(waits.iter().sum::<u64>() + gaps <= MAX_WAIT_US, "{plan:?}");
    assert!(plan.idle_us.is_none_or(|us| us <= MAX_WAIT_US), "{plan:?}");
    let line = show::line(&plan);
    if refused || line.contains("cut=") {
        return;
    }
    let shown = Modifiers::parse(&line, Carrier::Field).expect("what is shown parses");
    let asked = merge(&[&shown]);
    let seed = asked.selection().seed.expect("the seed is shown");
    // What is pasted back comes in another way.
    let repeated = Plan { given_by: plan.given_by, ..asked.plan(seed, 0, bounds) };
    assert_eq!(repeated, Plan { cut: Vec::new(), ..plan }, "{text}: {line}");
}
