//! How much load the server accepts, and from whom.

use super::*;
use crate::config::preset::PRESETS;
use crate::config::proxy;

/// A limit on a count that can be off.
const LIMIT: &str = "a whole number from 1, or off";

pub(super) const ROWS: &[Setting] = &[
    Setting {
        name: "profile",
        shape: Shape::Choice(&["local", "public"]),
        value: "PRESET",
        takes: "local or public",
        help: "Preset: public tightens most limits that are not set explicitly, allows \
               /redirect-to only within this server, empties /env and trusts no proxy",
        ..choice!(preset, PRESETS)
    },
    Setting {
        name: "trusted-proxies",
        shape: Shape::List,
        value: "NETWORK",
        takes: "addresses and networks such as 10.0.0.0/8, and unix: for Unix sockets; all; none",
        help: "Proxies that are believed when they report another client. With a list, the client \
               is the last address in X-Forwarded-For, or in Forwarded without it, that is not in \
               the list, and X-Forwarded-Proto, -Host and -Port count; all means everyone, by the \
               fields that the API reads. A listener with ?proxy=required or ?proxy=optional takes \
               PROXY protocol headers from these proxies only",
        set: |s, text| proxy::trusted(text).map(|proxies| s.api.trusted_proxies = proxies),
        show: |s| proxy::show_trusted(&s.api.trusted_proxies),
        ..ROW
    },
    Setting {
        name: "max-connections",
        takes: "a whole number from 1, or auto for what the descriptor limit allows",
        help: "Most connections at a time, divided equally among the workers and rounded up; \
               beyond it the connection that has been idle longest is closed, or the new one gets \
               a 503",
        set: |s, text| connections(text).map(|most| s.max_connections = most),
        show: |s| s.max_connections.map_or("auto".to_owned(), |most| most.to_string()),
        ..NUMBER
    },
    Setting {
        name: "max-connections-per-ip",
        takes: LIMIT,
        help: "Most connections from one IP address at a time; further ones get a 503",
        set: |s, text| {
            let most = limit(text, u64::from(u32::MAX))?;
            s.max_connections_per_ip = most.map(|most| most as u32);
            Ok(())
        },
        show: |s| show_limit(s.max_connections_per_ip.map(u64::from)),
        ..NUMBER
    },
    Setting {
        name: "max-delayed",
        takes: LIMIT,
        help: "Most delayed or paced responses at a time, such as those of /delay and /drip, \
               divided equally among the workers; further ones get a 503",
        ..limit!(api.limits.delayed, usize)
    },
    Setting {
        name: "max-requests",
        takes: LIMIT,
        help: "Most requests on one connection; it is closed after the last",
        ..limit!(api.limits.requests, u32)
    },
    Setting {
        name: "max-egress",
        value: "SIZE",
        takes: "bytes, or a number with a unit: 64KiB, 1MiB, 10MB; or off",
        help: "Most bytes sent per second, divided equally among the workers; responses \
               are slowed down to it",
        set: |s, text| {
            s.api.limits.egress = match text {
                "off" => u64::MAX,
                _ => size(text, 1024..=u64::MAX - 1)?,
            };
            Ok(())
        },
        show: |s| match s.api.limits.egress {
            u64::MAX => "off".to_owned(),
            bytes => show_size(bytes),
        },
        ..NUMBER
    },
];

fn connections(text: &str) -> Result<Option<usize>, BadValue> {
    match text {
        "auto" => Ok(None),
        _ => number(text, 1..=u64::from(u32::MAX)).map(|most| Some(most as usize)),
    }
}
