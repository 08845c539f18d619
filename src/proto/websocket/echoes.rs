//! Echoes under modifiers: delayed, slowed down, in pieces, and cut off. Each is played as a body
//! of its own is, and in the order in which the messages came.

use std::collections::VecDeque;

use crate::base::limits::{HELD_ECHO_BYTES, HELD_ECHO_READS, PACE_TICK};
use crate::base::time::Time;
use crate::http::modifiers::draw::nth_seed;
use crate::http::modifiers::plan::{At, Fault, FaultKind, Plan};
use crate::http::modifiers::shape::{Due, Shape};

/// The echoes of one connection.
#[derive(Debug)]
pub(super) struct Echoes {
    plan: Box<Plan>,
    /// Those that wait, each with the moment from which it may be sent.
    waiting: VecDeque<(Time, Vec<u8>)>,
    /// How many bytes these are.
    waiting_bytes: usize,
    /// The one that is being sent, and since when.
    sending: Option<(Time, Shape)>,
    /// Messages that came.
    messages: u64,
    /// Echoes that are complete, and bytes of echo sent.
    complete: u64,
    sent: u64,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Play {
    /// Another call: bytes were appended.
    Again,
    /// This moment.
    Wait(Time),
    /// Another message.
    Message,
    /// A fault.
    Break(FaultKind),
}

impl Echoes {
    /// None yet, under this plan. What it does to a head was done to the handshake.
    pub(super) fn new(plan: Box<Plan>) -> Echoes {
        let conversation = |fault: &Fault| fault.kind != FaultKind::BadHead;
        let fault = plan.fault.filter(conversation);
        Echoes {
            plan: Box::new(Plan { head_us: 0, fault, ..*plan }),
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            sending: None,
            messages: 0,
            complete: 0,
            sent: 0,
        }
    }

    /// The seed in effect.
    pub(super) fn seed(&self) -> u64 {
        self.plan.seed
    }

    /// Whether an echo waits, or is being sent.
    pub(super) fn are_left(&self) -> bool {
        self.sending.is_some() || !self.waiting.is_empty()
    }

    /// Whether no further message is read until some have been sent.
    pub(super) fn are_many(&self) -> bool {
        self.waiting_bytes >= HELD_ECHO_BYTES || self.waiting.len() >= HELD_ECHO_READS
    }

    /// A message came by `now`, which was read after it: `frames` go back.
    pub(super) fn push(&mut self, frames: Vec<u8>, now: Time) {
        self.messages += 1;
        let delay = self.plan.messages.as_ref();
        let due = match delay.map_or(0, |delay| delay.us(self.plan.seed, self.messages)) {
            0 => now,
            // `now` is cut to whole microseconds, so one more is waited: never early.
            delay_us => now.after_us(delay_us).after_us(1),
        };
        self.waiting_bytes += frames.len();
        self.waiting.push_back((due, frames));
    }

    /// Appends what is due.
    pub(super) fn play(&mut self, now: Time, output: &mut Vec<u8>) -> Play {
        if let Some(kind) = self.breaks_here() {
            return Play::Break(kind);
        }
        let (since, shape) = match &mut self.sending {
            Some((since, shape)) => (*since, shape),
            None => match self.waiting.front() {
                None => return Play::Message,
                Some((due, _)) if now < *due => return Play::Wait(*due),
                Some(_) => return self.begin(now),
            },
        };
        let elapsed_us = now.since(since).as_micros() as u64;
        match shape.due(elapsed_us) {
            Due::At(due_us) if due_us > elapsed_us => {
                return Play::Wait(since.after_us(due_us).max(now.after(PACE_TICK)));
            }
            Due::At(_) => {
                let before = output.len();
                shape.send(elapsed_us, output);
                self.sent += (output.len() - before) as u64;
            }
            Due::Stop => return self.plan.fault.map_or(Play::Message, |it| Play::Break(it.kind)),
            Due::End => {
                self.sending = None;
                self.complete += 1;
            }
        }
        Play::Again
    }

    /// Begins to send the echo that waited longest.
    fn begin(&mut self, now: Time) -> Play {
        let Some((_, frames)) = self.waiting.pop_front() else { return Play::Message };
        self.waiting_bytes -= frames.len();
        let plan = &self.plan;
        let plan = Plan {
            // Pauses between pieces differ from echo to echo.
            seed: nth_seed(plan.seed, self.complete + 1),
            fault: self.cut(frames.len() as u64),
            body_us: plan.body_us,
            gap: plan.gap.clone(),
            piece: plan.piece,
            rate: plan.rate,
            end_us: plan.end_us,
            ..Plan::default()
        };
        self.sending = Some((now, Shape::whole(frames, &plan)));
        Play::Again
    }

    /// Where in the next echo, of this length, the fault is.
    fn cut(&self, length: u64) -> Option<Fault> {
        let fault = self.plan.fault?;
        let first = self.complete == 0;
        let at = match (fault.kind, fault.at) {
            (_, None) => Some(At::Byte(0)).filter(|_| first),
            (_, Some(At::Share(share))) => Some(At::Share(share)).filter(|_| first),
            (_, Some(At::Byte(bytes))) => {
                let left = bytes.saturating_sub(self.sent);
                Some(At::Byte(left)).filter(|_| left <= length)
            }
            (FaultKind::Truncate, Some(At::Event(echoes))) => {
                Some(At::Share(0.5)).filter(|_| echoes == self.complete)
            }
            _ => None,
        };
        at.map(|at| Fault { at: Some(at), ..fault })
    }

    /// The fault that is between two echoes, if it is here.
    fn breaks_here(&self) -> Option<FaultKind> {
        let fault = self.plan.fault?;
        let Some(At::Event(echoes)) = fault.at else { return None };
        let here = fault.kind != FaultKind::Truncate && self.complete >= echoes;
        here.then_some(fault.kind)
    }
}
