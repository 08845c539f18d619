//! Who is let in, and how much of it at a time.

use super::*;
use crate::config::preset::PRESETS;

/// The bounds of counts; none is `off`.
const COUNT: &str = "a whole number from 1, or off";

pub(super) const ROWS: &[Setting] = &[
    Setting {
        name: "profile",
        also: &[],
        shape: Shape::Choice(&["local", "public"]),
        value: "PROFILE",
        default: "local",
        takes: "local or public",
        help: "Where it stands: public sets tight bounds for whatever is not given, lets \
               /redirect-to lead nowhere else and tells no environment",
        set: |s, text| choice(text, &PRESETS).map(|preset| s.preset = preset),
        show: |s| show_choice(&s.preset, &PRESETS),
    },
    Setting {
        name: "max-connections",
        also: &[],
        shape: Shape::Number,
        value: "N",
        default: "auto",
        takes: "a whole number from 1, or auto for what the descriptor limit allows",
        help: "Most connections at a time, in equal shares for the workers, rounded up; beyond \
               them the longest idle is closed, or the new one answered 503",
        set: |s, text| connections(text).map(|most| s.max_connections = most),
        show: |s| s.max_connections.map_or("auto".to_owned(), |most| most.to_string()),
    },
    Setting {
        name: "max-connections-per-ip",
        also: &[],
        shape: Shape::Number,
        value: "N",
        default: "off",
        takes: COUNT,
        help: "Most connections of one address at a time; another one is answered 503",
        set: |s, text| {
            bound(text, u64::from(u32::MAX))
                .map(|most| s.max_connections_per_ip = most.map(|most| most as u32))
        },
        show: |s| show_bound(s.max_connections_per_ip.map(u64::from)),
    },
    Setting {
        name: "max-delayed",
        also: &[],
        shape: Shape::Number,
        value: "N",
        default: "off",
        takes: COUNT,
        help: "Most answers that take time, as of /delay and /drip, at a time, in equal shares \
               for the workers; another one is answered 503",
        set: |s, text| {
            bound(text, usize::MAX as u64 - 1)
                .map(|most| s.limits.delayed = most.map_or(usize::MAX, |most| most as usize))
        },
        show: |s| show_bound((s.limits.delayed != usize::MAX).then_some(s.limits.delayed as u64)),
    },
    Setting {
        name: "max-requests",
        also: &[],
        shape: Shape::Number,
        value: "N",
        default: "off",
        takes: COUNT,
        help: "Most requests of one connection; it is closed after the last",
        set: |s, text| {
            bound(text, u64::from(u32::MAX - 1))
                .map(|most| s.limits.requests = most.map_or(u32::MAX, |most| most as u32))
        },
        show: |s| {
            show_bound((s.limits.requests != u32::MAX).then_some(u64::from(s.limits.requests)))
        },
    },
    Setting {
        name: "max-egress",
        also: &[],
        shape: Shape::Number,
        value: "SIZE",
        default: "off",
        takes: "bytes, or a number with a unit: 64KiB, 1MiB, 10MB; or off",
        help: "Most bytes sent a second, in equal shares for the workers; answers wait for more",
        set: |s, text| {
            if text == "off" {
                s.limits.egress = u64::MAX;
                return Ok(());
            }
            size(text, 1024..=u64::MAX - 1).map(|bytes| s.limits.egress = bytes)
        },
        show: |s| match s.limits.egress {
            u64::MAX => "off".to_owned(),
            bytes => show_size(bytes),
        },
    },
];

fn connections(text: &str) -> Result<Option<usize>, BadValue> {
    match text {
        "auto" => Ok(None),
        _ => number(text, 1..=u64::from(u32::MAX)).map(|most| Some(most as usize)),
    }
}
