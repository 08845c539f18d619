//! The plan of a TLS handshake.

use super::{Asked, drawn_us};
use crate::http::modifiers::HandshakePlan;
use crate::http::modifiers::draw::Draw;
use crate::http::modifiers::row::Name;
use crate::http::modifiers::value::Value;
use crate::http::tls_facts::TlsVersion;

impl Asked<'_> {
    /// The versions of which a connection may speak one alone.
    pub fn tls_versions(&self) -> impl Iterator<Item = TlsVersion> {
        let versions = self.given.iter().filter_map(|given| match given.value {
            Value::Tls(version) => Some(version.values().copied()),
            _ => None,
        });
        versions.flatten()
    }

    /// The plan of a handshake for this seed. It is not delayed for longer than `max_wait_us`.
    pub fn handshake(&self, seed: u64, max_wait_us: u64) -> HandshakePlan {
        let mut plan = HandshakePlan::default();
        for given in &self.given {
            let draw = Draw::new(seed, given.name.text(), 0);
            match given.value {
                Value::Time(time) if given.name == Name::Hello => {
                    let us = drawn_us(time, given.name, seed).unwrap_or_default();
                    plan.delay_us = us.min(max_wait_us);
                }
                Value::Handshake(fault) => plan.fault = fault.draw(draw).copied(),
                Value::Tls(version) => plan.only = version.draw(draw).copied(),
                _ => {}
            }
        }
        plan
    }
}
