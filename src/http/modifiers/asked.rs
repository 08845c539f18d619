//! What all carriers of one request ask for together, and the plan that follows from it.

mod handshake;

use super::choice::Choice;
use super::distribution::Distribution;
use super::draw::Draw;
use super::fault::FaultRow;
use super::plan::{At, Fault, FaultKind, Frame, Pause, Plan};
use super::row::{Name, Public};
use super::settings::Modifiers;
use super::value::Value;
use super::{BadModifier, Bounds, Carrier, Protocol};
use crate::base::duration::show_us;
use crate::base::limits::{MAX_MODIFIER_HEADERS, MAX_PUBLIC_PAD_BYTES};
use crate::http::certificate::Certificate;
use crate::http::html;
use crate::http::rate_limit::Limit;

/// What all carriers together ask for: each name from the carrier of highest precedence.
#[derive(Clone, Debug, Default)]
pub struct Asked<'a> {
    /// Each name once, in the order of the rows; `header` repeatedly.
    given: Vec<Given<'a>>,
}

#[derive(Clone, Copy, Debug)]
struct Given<'a> {
    carrier: Carrier,
    name: Name,
    value: &'a Value,
}

/// Which requests are modified, and the seed: what the caller resolves before it makes a plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Selection<'a> {
    /// The name of the counter.
    pub key: Option<&'a str>,
    /// The first and last number of the requests under the key, from 1; `u32::MAX`: no last.
    pub times: Option<(u32, u32)>,
    /// Since when and until when, in microseconds after the key's first request or the server's
    /// start; `u64::MAX`: it does not end.
    pub since_us: Option<(u64, u64)>,
    /// A period and its first part that counts, in microseconds from the same beginning.
    pub every_us: Option<(u64, u64)>,
    /// The seed that was asked for.
    pub seed: Option<u64>,
}

impl Selection<'_> {
    /// Whether modifiers apply to the `n`-th request under the key, from 1, or to any without one,
    /// when so much time has passed since the key's first request or the server's start.
    pub fn applies(&self, n: u64, age_us: u64) -> bool {
        let within = |n: u64, (from, to): (u32, u32)| {
            u64::from(from) <= n && (to == u32::MAX || n <= u64::from(to))
        };
        self.times.is_none_or(|times| within(n, times))
            && self.since_us.is_none_or(|(from, to)| (from..to).contains(&age_us))
            && self.every_us.is_none_or(|(period, part)| age_us % period.max(1) < part)
    }
}

/// A queueing server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slots {
    /// Requests served at a time.
    pub places: u32,
    /// Requests with the same identity share the queue: the value, and the key if there is one.
    pub identity: String,
}

/// Merges what the carriers have, in ascending order of precedence.
pub fn merge<'a>(layers: &[&'a Modifiers]) -> Asked<'a> {
    let mut asked = Asked::default();
    for &modifiers in layers {
        let carrier = modifiers.carrier;
        if modifiers.iter().any(|setting| setting.name == Name::With) {
            asked.given.clear();
        }
        for setting in modifiers.iter().filter(|setting| setting.name != Name::With) {
            let value = setting.value.as_ref();
            asked.given.retain(|old| !replaces(carrier, setting.name, value, old));
            if let Some(value) = value {
                let given = Given { carrier, name: setting.name, value };
                let at = asked.given.partition_point(|old| old.name <= given.name);
                asked.given.insert(at, given);
            }
        }
    }
    asked
}

/// Whether a setting of this carrier replaces one that was given before: a field replaces those of
/// the same name from other carriers.
fn replaces(carrier: Carrier, name: Name, value: Option<&Value>, old: &Given) -> bool {
    old.name == name
        && match (value, old.value) {
            (Some(Value::Header(field, _)), Value::Header(before, _)) => {
                old.carrier != carrier && before.eq_ignore_ascii_case(field)
            }
            _ => true,
        }
}

impl<'a> Asked<'a> {
    /// Whether nothing was asked for.
    pub fn is_empty(&self) -> bool {
        self.given.is_empty()
    }

    /// Which requests are modified, and the seed.
    pub fn selection(&self) -> Selection<'a> {
        let mut selection = Selection::default();
        for given in &self.given {
            match (given.name, given.value) {
                (Name::Key, Value::Text(key)) => selection.key = Some(key),
                (_, Value::Times(from, to)) => selection.times = Some((*from, *to)),
                (_, Value::Since(from, to)) => selection.since_us = Some((*from, *to)),
                (_, Value::Every(period, part)) => selection.every_us = Some((*period, *part)),
                (_, Value::Seed(seed)) => selection.seed = Some(*seed),
                _ => {}
            }
        }
        selection
    }

    /// Every fault that may be drawn.
    pub fn faults(&self) -> impl Iterator<Item = &'a Fault> {
        let faults = self.given.iter().filter_map(|given| match given.value {
            Value::Fault(faults) => Some(faults.values()),
            _ => None,
        });
        faults.flatten()
    }

    /// The certificate of a TLS listener.
    pub fn certificate(&self) -> Option<Certificate> {
        self.given.iter().find_map(|given| match given.value {
            Value::Certificate(certificate) => Some(*certificate),
            _ => None,
        })
    }

    /// Checks each value against the settings, and that they make sense together. What a public
    /// server refuses, it refuses of requests alone.
    pub fn check_values(&self, bounds: &Bounds) -> Result<(), BadModifier> {
        self.given.iter().try_for_each(|given| given.check(bounds))?;
        let mut fields = self.given.iter().filter(|given| given.name == Name::Header);
        if let Some(given) = fields.nth(MAX_MODIFIER_HEADERS) {
            return Err(given.bad(format!("more than {MAX_MODIFIER_HEADERS} fields are added")));
        }
        let find = |name| self.given.iter().find(|given| given.name == name);
        match (find(Name::Times), find(Name::Key)) {
            (Some(times), None) => {
                Err(times.bad("it counts the requests of a key; add one, such as key=t42"))
            }
            _ => Ok(()),
        }
    }

    /// The same, for a request that is answered with this protocol. What the protocol cannot do is
    /// refused if the request asked for it. If a default did, it is dropped: returns how many were.
    pub fn check(&mut self, protocol: Protocol, bounds: &Bounds) -> Result<usize, BadModifier> {
        self.check_values(bounds)?;
        for given in &self.given {
            match given.impossible(protocol) {
                Some(reason) if given.carrier.is_request() => return Err(given.bad(reason)),
                _ => {}
            }
        }
        let mut dropped = 0;
        self.given.retain(|given| {
            let is_possible = given.impossible(protocol).is_none();
            // What modifies the handshake has done so before.
            dropped += usize::from(!is_possible && given.name.row().is_for_requests());
            is_possible
        });
        Ok(dropped)
    }

    /// Checks that the protocol can do all of it, also what is a default.
    pub fn check_possible(&self, protocol: Protocol) -> Result<(), BadModifier> {
        self.given.iter().try_for_each(|given| match given.impossible(protocol) {
            Some(reason) => Err(given.bad(reason)),
            None => Ok(()),
        })
    }

    /// Checks every fault that may be drawn: `reason` is why it has no meaning for the answer. It
    /// is refused or dropped as by [`check`](Asked::check).
    pub fn check_faults(
        &mut self,
        reason: impl Fn(Fault) -> Option<String>,
    ) -> Result<usize, BadModifier> {
        let before = self.given.len();
        let misplaced = |given: &Given| match given.value {
            Value::Fault(faults) => faults.values().find_map(|fault| reason(*fault)),
            _ => None,
        };
        for given in self.given.iter().filter(|given| given.carrier.is_request()) {
            if let Some(reason) = misplaced(given) {
                return Err(given.bad(reason));
            }
        }
        self.given.retain(|given| misplaced(given).is_none());
        Ok(before - self.given.len())
    }

    /// The rate limit that the request is counted under.
    pub fn limit(&self) -> Option<&'a Limit> {
        self.given.iter().find_map(|given| match given.value {
            Value::Limit(limit) => Some(limit),
            _ => None,
        })
    }

    /// The queueing server that the request passes.
    pub fn slots(&self) -> Option<Slots> {
        let key = self.selection().key.unwrap_or_default();
        let slots = self.given.iter().find_map(|given| match given.value {
            Value::Slots(places, _) => Some((*places, given.value)),
            _ => None,
        });
        slots.map(|(places, value)| Slots { places, identity: format!("{value} {key}") })
    }

    /// How long the request takes a place of the queueing server, in microseconds; `None` if it
    /// does not take one.
    pub fn service_us(&self, seed: u64) -> Option<u64> {
        let time = self.given.iter().find_map(|given| match given.value {
            Value::Slots(_, time) => Some(time),
            _ => None,
        });
        drawn_us(time?, Name::Slots, seed)
    }

    /// The delay for this number of other requests, in microseconds: `load`.
    pub fn load_us(&self, seed: u64, others: u64) -> u64 {
        self.wait_us(Name::Load, seed).unwrap_or_default().saturating_mul(others)
    }

    /// Whether this modifier was asked for.
    pub fn has(&self, name: Name) -> bool {
        self.given.iter().any(|given| given.name == name)
    }

    fn time(&self, name: Name) -> Option<&'a Choice<Distribution>> {
        self.given.iter().find_map(|given| match given.value {
            Value::Time(time) if given.name == name => Some(time),
            _ => None,
        })
    }

    /// What a WebSocket connection delays each of its messages by.
    pub fn messages(&self, bounds: &Bounds) -> Option<Pause> {
        self.pauses(Name::Delay, bounds.max_wait_us)
    }

    fn pauses(&self, name: Name, most_us: u64) -> Option<Pause> {
        self.time(name).map(|time| Pause { name, time: time.clone(), most_us })
    }

    fn wait_us(&self, name: Name, seed: u64) -> Option<u64> {
        drawn_us(self.time(name)?, name, seed)
    }

    /// The plan for this seed. `queued_us` is what `slots` and `load` add to the delay. No wait is
    /// longer than the bound, nor are all together: the last ones are shortened.
    pub fn plan(&self, seed: u64, queued_us: u64, bounds: &Bounds) -> Plan {
        let mut plan = Plan::spared(seed);
        let mut left = bounds.max_wait_us;
        let mut wait = |name: Name, more_us: u64| {
            let asked = self.wait_us(name, seed).unwrap_or_default().saturating_add(more_us);
            let given = asked.min(left);
            left -= given;
            if given < asked {
                plan.cut.push(name.text());
            }
            given
        };
        plan.delay_us = wait(Name::Delay, queued_us);
        plan.head_us = wait(Name::Head, 0);
        plan.body_us = wait(Name::Body, 0);
        plan.end_us = wait(Name::End, 0);
        plan.gap = self.pauses(Name::Gap, left);
        if let Some(asked) = self.wait_us(Name::Idle, seed) {
            plan.idle_us = Some(asked.min(bounds.max_wait_us));
            if asked > bounds.max_wait_us {
                plan.cut.push(Name::Idle.text());
            }
        }
        self.given.iter().for_each(|given| given.apply(&mut plan));
        if plan.fault.is_some() || plan.read.is_some() || plan.rate.is_some() {
            plan.silence_us = bounds.max_wait_us;
        }
        plan
    }
}

fn drawn_us(time: &Choice<Distribution>, name: Name, seed: u64) -> Option<u64> {
    let draw = Draw::new(seed, name.text(), 0);
    time.draw(draw).map(|time| time.draw_us(draw))
}

/// Why a request cannot have what modifies a handshake.
const BEFORE_REQUESTS: &str =
    "it is before any request: only a TLS listener or the server can have it";

/// Whether a fault sends more than a public server allows.
fn is_long(fault: &Fault) -> bool {
    matches!(fault.kind, FaultKind::Extra(bytes) if u64::from(bytes) > MAX_PUBLIC_PAD_BYTES)
}

/// Whether a field lets browsers execute a body that the client chose.
fn lets_browsers_execute(name: &str, value: &str) -> bool {
    let is = |other: &str| name.eq_ignore_ascii_case(other);
    is("X-Content-Type-Options") || is("Content-Type") && html::is_markup(value)
}

impl Given<'_> {
    /// Puts into the plan what is no time.
    fn apply(&self, plan: &mut Plan) {
        let draw = Draw::new(plan.seed, self.name.text(), 0);
        match (self.name, self.value) {
            (Name::Piece, Value::Size(size)) => {
                plan.piece = size.draw(draw).and_then(|size| u32::try_from(size.0).ok());
            }
            (Name::Rate, Value::Size(size)) => plan.rate = size.draw(draw).map(|size| size.0),
            (Name::Pad, Value::Size(size)) => {
                let pad = size.draw(draw).and_then(|size| u32::try_from(size.0).ok());
                plan.pad = pad.unwrap_or_default();
            }
            (_, Value::Read(speed)) => plan.read = speed.draw(draw).copied(),
            (_, Value::Status(code)) => plan.status = code.draw(draw).map(|code| code.0),
            (_, Value::Header(name, value)) => plan.headers.push((name.clone(), value.clone())),
            (Name::Text, Value::Text(text)) => plan.text = Some(text.clone()),
            (Name::Hint, Value::Text(link)) => plan.hint = Some(link.clone()),
            (_, Value::Frame(frame)) => {
                plan.frame = frame.draw(draw).copied();
                plan.given_by.frame = plan.frame.map(|_| self.carrier).unwrap_or_default();
            }
            (Name::Last, _) => plan.last = true,
            (_, Value::Fault(fault)) => {
                plan.fault = fault.draw(draw).copied();
                plan.given_by.fault = plan.fault.map(|_| self.carrier).unwrap_or_default();
            }
            _ => {}
        }
    }

    fn bad(&self, reason: impl Into<String>) -> BadModifier {
        BadModifier::new(self.carrier, &self.shown(), reason)
    }

    fn shown(&self) -> String {
        match self.value {
            Value::Flag => self.name.text().to_owned(),
            value => format!("{}={value}", self.name.text()),
        }
    }

    fn check(&self, bounds: &Bounds) -> Result<(), BadModifier> {
        let longest = self.value.longest_us();
        if longest > bounds.max_wait_us {
            let (longest, most) = (show_us(longest), show_us(bounds.max_wait_us));
            return Err(self.bad(format!("{longest} is longer than {most} (--max-wait)")));
        }
        if !self.carrier.is_request() {
            return Ok(());
        }
        if let Value::Fault(faults) = self.value
            && faults.values().any(|fault| fault.at == Some(At::Connect))
        {
            let reason =
                "`connect` is before any request: only a listener or the server can have it";
            return Err(self.bad(reason));
        }
        if let Value::Header(name, value) = self.value
            && !bounds.dangerous
            && lets_browsers_execute(name, value)
        {
            return Err(self.forbidden(
                "a browser could execute the answer; --unsafe-allow-dangerous-responses allows it"
                    .to_owned(),
            ));
        }
        if let Value::Fault(faults) = self.value
            && bounds.public
            && faults.values().any(is_long)
        {
            return Err(self.forbidden("this server allows extra:16384 at most".to_owned()));
        }
        match self.name.row().public {
            Public::Off if bounds.public => {
                Err(self.forbidden("it is off on this server (--profile public)".to_owned()))
            }
            Public::Bounded(values) if bounds.public && !self.is_harmless() => {
                Err(self.forbidden(format!("this server allows {values} alone (--profile public)")))
            }
            _ => Ok(()),
        }
    }

    fn forbidden(&self, reason: String) -> BadModifier {
        BadModifier { forbidden: true, ..self.bad(reason) }
    }

    /// Whether a public server accepts this value of a modifier that it bounds.
    fn is_harmless(&self) -> bool {
        const FIELDS: [&str; 3] = ["Retry-After", "Cache-Control", "Link"];
        match self.value {
            Value::Header(name, _) => FIELDS.iter().any(|field| field.eq_ignore_ascii_case(name)),
            Value::Size(size) => size.values().all(|size| size.0 <= MAX_PUBLIC_PAD_BYTES),
            _ => true,
        }
    }

    /// Why a protocol cannot do this, if so.
    fn impossible(&self, protocol: Protocol) -> Option<String> {
        let name = protocol.name();
        let sentence = |what: &str| Some(format!("{name} has no {what}"));
        let row = self.name.row();
        if !row.is_for_requests() && protocol != Protocol::Tls {
            return Some(BEFORE_REQUESTS.to_owned());
        }
        if !row.on.contains(&protocol) {
            return Some(format!("it is not possible with {name}"));
        }
        let old = protocol == Protocol::Http10;
        match self.value {
            Value::Status(codes) if old && codes.values().any(|code| code.0.0 < 200) => {
                sentence("1xx responses")
            }
            Value::Frame(frames) if old && frames.values().any(|f| *f == Frame::Chunked) => {
                sentence("chunked coding")
            }
            Value::Fault(faults) => {
                let off = |fault: &&Fault| {
                    let is_on = |row: &FaultRow| row.on.contains(&protocol);
                    !FaultRow::of(fault.kind).is_some_and(is_on) || !protocol.has(fault.at)
                };
                let fault = faults.values().find(off)?;
                Some(format!("`{fault}` is not possible with {name}"))
            }
            _ => None,
        }
    }
}
