//! A body that modifiers cut into pieces, slow down and cut off. All moments are in microseconds
//! after the head was due; nothing here waits.

use super::plan::{At, Fault, FaultKind, Pause, Plan};
use super::rate;
use crate::base::limits::{BODY_PIECE, RATE_BURST_US};
use crate::http::pace::{Pace, Source};

/// Pieces of a body in one piece that has a `gap` and no `piece`.
const PIECES: usize = 10;

/// A body being sent.
#[derive(Debug)]
pub struct Shape {
    content: Content,
    times: Times,
    stop: Stop,
    /// A fault of one part, and the number of parts before it.
    spoilt: Option<(FaultKind, u64)>,
    /// What the content gave last, and how far it has been sent.
    held: Vec<u8>,
    at: usize,
    /// Where the piece ends that is being sent.
    piece_end: usize,
    /// Parts that the content has given, and pieces begun.
    parts: u64,
    begun: u64,
    /// When the next bytes may be sent, were there no rate.
    due_us: u64,
    /// Pauses between pieces so far, which add to the content's own.
    paused_us: u64,
    sent: u64,
    /// Whether the pause before the last byte of a body in one piece was added.
    ended: bool,
}

/// Where the bytes come from, part by part.
#[derive(Debug)]
enum Content {
    /// A finished body is one part.
    Whole(Option<Vec<u8>>),
    /// A paced body has its pieces, the first of them due then.
    Paced(Box<Pace>, u64),
}

/// The values of a plan that time a body.
#[derive(Debug)]
struct Times {
    seed: u64,
    gap: Option<Pause>,
    /// What pauses between pieces may still take.
    gap_left_us: u64,
    /// Bytes of a piece; none: as it comes.
    piece: Option<usize>,
    rate: Option<u64>,
    /// When the rate ends, if it does; what is left then is sent at once.
    rate_end_us: u64,
    end_us: u64,
}

/// Where a body is cut off.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Stop {
    Never,
    /// After so many bytes.
    Bytes(u64),
    /// After so many parts, and this share of the next.
    Parts(u64, f64),
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Bytes, at this moment.
    At(u64),
    /// Nothing: it is cut off here.
    Stop,
    /// Nothing: it is complete.
    End,
}

impl Shape {
    /// A finished body under a plan.
    pub fn whole(bytes: Vec<u8>, plan: &Plan) -> Shape {
        let stop = Stop::of(plan.fault, Some(bytes.len() as u64), 1);
        let content = Content::Whole(Some(bytes).filter(|bytes| !bytes.is_empty()));
        Shape::new(content, stop, plan)
    }

    /// A paced body under a plan.
    pub fn paced(pace: Box<Pace>, plan: &Plan) -> Shape {
        let stop = Stop::of(plan.fault, pace.length, pace.pieces);
        Shape::new(Content::Paced(pace, body_us(plan)), stop, plan)
    }

    fn new(content: Content, stop: Stop, plan: &Plan) -> Shape {
        let piece = plan.piece.map(|bytes| bytes.max(1) as usize);
        let (seed, gap, rate, end_us) = (plan.seed, plan.gap.clone(), plan.rate, plan.end_us);
        let parts = if let Content::Paced(pace, _) = &content { pace.pieces } else { 1 };
        let rate_end_us = match plan.silence_us {
            0 => u64::MAX,
            most_us => body_us(plan).saturating_add(most_us),
        };
        let gap_left_us = gap.as_ref().map_or(0, |gap| gap.most_us);
        Shape {
            content,
            times: Times { seed, gap, gap_left_us, piece, rate, rate_end_us, end_us },
            stop,
            spoilt: plan.fault.and_then(|fault| spoilt(fault, parts)),
            held: Vec::new(),
            at: 0,
            piece_end: 0,
            parts: 0,
            begun: 0,
            due_us: body_us(plan),
            paused_us: 0,
            sent: 0,
            ended: false,
        }
    }

    /// The paced body, if it is one.
    pub fn pace(&self) -> Option<&Pace> {
        match &self.content {
            Content::Whole(_) => None,
            Content::Paced(pace, _) => Some(pace),
        }
    }

    /// What comes next, `elapsed_us` being over.
    pub fn due(&mut self, elapsed_us: u64) -> Due {
        if elapsed_us >= self.times.rate_end_us {
            self.times.rate = None;
        }
        loop {
            if self.is_stopped() {
                return Due::Stop;
            }
            if self.at < self.piece_end {
                let slice_us = self.times.slice_us(self.slice());
                return Due::At(self.due_us.saturating_add(slice_us));
            }
            if self.at < self.held.len() {
                self.begin_piece();
                continue;
            }
            match self.content.due_us() {
                None => return Due::End,
                Some(own_us) if own_us > elapsed_us => return Due::At(own_us.max(self.due_us)),
                Some(own_us) => self.take_part(elapsed_us, own_us),
            }
        }
    }

    /// The length of the body, where it is known beforehand.
    pub fn length(&self) -> Option<u64> {
        match &self.content {
            Content::Whole(bytes) => Some(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Content::Paced(pace, _) => pace.length,
        }
    }

    /// The length of the body, for which it is made once if need be. That a fault spoils a part
    /// counts; that one cuts it off does not.
    pub fn measure(&self) -> u64 {
        let Content::Paced(pace, _) = &self.content else { return self.length().unwrap_or(0) };
        let mut content = Content::Paced(pace.clone(), 0);
        let (mut bytes, mut length) = (Vec::new(), 0);
        for parts in 0.. {
            let Some(due_us) = content.due_us().filter(|_| self.length().is_none()) else { break };
            bytes.clear();
            content.part(self.spoils(parts), due_us, 1, &mut bytes);
            length += bytes.len() as u64;
        }
        self.length().unwrap_or(length)
    }

    /// The fault of the part behind so many others, if it has one.
    fn spoils(&self, parts: u64) -> Option<FaultKind> {
        self.spoilt.filter(|spoilt| spoilt.1 == parts).map(|spoilt| spoilt.0)
    }

    /// Appends the bytes whose moment, which [`due`](Shape::due) returned, has come.
    pub fn send(&mut self, elapsed_us: u64, output: &mut Vec<u8>) {
        let slice = self.slice();
        let bytes = self.held.get(self.at..self.at + slice).unwrap_or_default();
        output.extend_from_slice(bytes);
        if self.times.rate.is_some() {
            // A client that did not read for a while may catch up with a little only.
            let due_us = self.due_us.saturating_add(self.times.slice_us(slice));
            self.due_us = due_us.max(elapsed_us.saturating_sub(RATE_BURST_US));
        }
        self.at += bytes.len();
        self.sent += bytes.len() as u64;
        self.pause_before_last_byte();
    }

    /// Takes the next part of the content, due at `own_us`.
    fn take_part(&mut self, elapsed_us: u64, own_us: u64) {
        self.held.clear();
        (self.at, self.piece_end) = (0, 0);
        let (room, fault) = (self.part_room(), self.spoils(self.parts));
        let at_us = elapsed_us.max(self.shown_us(own_us));
        self.content.part(fault, at_us, room, &mut self.held);
        self.parts += 1;
        if self.times.gap.is_some() && self.parts == 1 && self.content.due_us().is_none() {
            let tenth = self.held.len().div_ceil(PIECES).max(1);
            self.times.piece = self.times.piece.or(Some(tenth));
        }
        self.due_us = self.due_us.max(own_us.saturating_add(self.paused_us));
    }

    /// The time that a part shows which has its own in it: an answer of a language model has no
    /// times but those of modifiers, and the part is made when the one before it has been sent.
    fn shown_us(&self, own_us: u64) -> u64 {
        let Some(Source::Completion(_)) = self.pace().map(|pace| &pace.source) else { return 0 };
        let pause_us = self.begun.checked_sub(1).map_or(0, |n| self.times.next_gap_us(n));
        self.due_us.max(own_us.saturating_add(self.paused_us)).saturating_add(pause_us)
    }

    /// How many bytes of short parts are taken at once: they need not be kept apart where no pause
    /// comes between them, and a length shows where the body ends.
    fn part_room(&self) -> usize {
        let apart = self.times.gap.is_some() || self.times.end_us > 0;
        let sized = matches!(&self.content, Content::Paced(pace, _) if pace.length.is_some());
        if sized && !apart { BODY_PIECE as usize } else { 1 }
    }

    /// Begins the next piece of the part, after the pauses before it.
    fn begin_piece(&mut self) {
        let left = self.held.len() - self.at;
        self.piece_end = self.at + self.times.piece.unwrap_or(left).min(left);
        if self.begun > 0 {
            let gap_us = self.times.gap_us(self.begun - 1);
            let end_us = if self.ends_with_piece() { self.times.end_us } else { 0 };
            self.paused_us = self.paused_us.saturating_add(gap_us);
            self.due_us = self.due_us.saturating_add(gap_us).saturating_add(end_us);
        }
        self.begun += 1;
        self.pause_before_last_byte();
    }

    /// Whether the piece is the last of the body.
    fn ends_with_piece(&self) -> bool {
        self.piece_end == self.held.len() && self.content.due_us().is_none()
    }

    /// Whether the body is one piece, and its last byte waits for a pause.
    fn holds_last_byte(&self) -> bool {
        self.times.end_us > 0 && self.begun == 1 && !self.ended && self.ends_with_piece()
    }

    fn pause_before_last_byte(&mut self) {
        if self.holds_last_byte() && self.at + 1 == self.piece_end {
            self.ended = true;
            self.due_us = self.due_us.saturating_add(self.times.end_us);
        }
    }

    /// How many bytes of the piece are sent at once.
    fn slice(&self) -> usize {
        let mut end = self.piece_end;
        if self.holds_last_byte() {
            end -= 1;
        }
        if let Some(rate) = self.times.rate {
            end = end.min(self.at + rate::slice(rate));
        }
        match self.stop {
            Stop::Bytes(bytes) => {
                let left = usize::try_from(bytes.saturating_sub(self.sent)).unwrap_or(usize::MAX);
                end = end.min(self.at.saturating_add(left));
            }
            Stop::Parts(parts, share) if self.parts == parts + 1 => {
                end = end.min(share_of(self.held.len(), share));
            }
            _ => {}
        }
        end.saturating_sub(self.at)
    }

    fn is_stopped(&self) -> bool {
        match self.stop {
            Stop::Never => false,
            Stop::Bytes(bytes) => self.sent >= bytes,
            Stop::Parts(parts, share) => match self.parts.checked_sub(parts) {
                None => false,
                Some(0) => share == 0.0 && self.at == self.held.len(),
                Some(_) => self.at >= share_of(self.held.len(), share),
            },
        }
    }
}

impl Content {
    /// When the next part is due; `None` after the last.
    fn due_us(&self) -> Option<u64> {
        match self {
            Content::Whole(bytes) => bytes.as_ref().map(|_| 0),
            Content::Paced(pace, start_us) => {
                pace.due_us().map(|due_us| due_us.saturating_add(*start_us))
            }
        }
    }

    fn take(&mut self, elapsed_us: u64, room: usize, into: &mut Vec<u8>) {
        match self {
            Content::Whole(bytes) => *into = bytes.take().unwrap_or_default(),
            Content::Paced(pace, start_us) => {
                pace.make(elapsed_us.saturating_sub(*start_us), room, into);
            }
        }
    }
}

impl Content {
    /// Takes the next part, as a fault leaves it.
    fn part(&mut self, fault: Option<FaultKind>, elapsed_us: u64, room: usize, into: &mut Vec<u8>) {
        match fault {
            Some(FaultKind::ErrorEvent) => self.fail(into),
            Some(_) => self.take_half(elapsed_us, into),
            None => self.take(elapsed_us, room, into),
        }
    }

    /// Takes a part without its second half, but with its line ends.
    fn take_half(&mut self, elapsed_us: u64, into: &mut Vec<u8>) {
        self.take(elapsed_us, 1, into);
        let end = into.iter().rposition(|&byte| byte != b'\n').map_or(0, |last| last + 1);
        into.drain(end / 2..end);
    }

    /// Ends it with an event that reports an error.
    fn fail(&mut self, into: &mut Vec<u8>) {
        if let Content::Paced(pace, _) = self {
            pace.source.fail(into);
            pace.made = pace.pieces;
        }
    }
}

impl Times {
    /// The pause of this number, from 0, within what all may take.
    fn gap_us(&mut self, n: u64) -> u64 {
        let gap_us = self.next_gap_us(n);
        self.gap_left_us -= gap_us;
        gap_us
    }

    fn next_gap_us(&self, n: u64) -> u64 {
        let gap_us = self.gap.as_ref().map_or(0, |gap| gap.us(self.seed, n));
        gap_us.min(self.gap_left_us)
    }

    /// How long so many bytes take at the rate.
    fn slice_us(&self, bytes: usize) -> u64 {
        self.rate.map_or(0, |rate| rate::time_us(bytes, rate))
    }
}

impl Stop {
    /// Where a fault cuts a body of this length, or of unknown length in so many parts.
    fn of(fault: Option<Fault>, length: Option<u64>, parts: u64) -> Stop {
        let Some(fault) = fault else { return Stop::Never };
        let at = match (fault.kind, fault.at) {
            (FaultKind::Truncate | FaultKind::Stall | FaultKind::BadChunk, None) => At::Share(0.5),
            (FaultKind::BadEvent | FaultKind::ErrorEvent, _) | (_, None) => return Stop::Never,
            (_, Some(at)) => at,
        };
        match (at, length) {
            (At::Byte(bytes), _) => Stop::Bytes(bytes),
            (At::Share(share), Some(length)) => Stop::Bytes((length as f64 * share) as u64),
            (At::Share(share), None) => {
                let parts = parts as f64 * share;
                Stop::Parts(parts as u64, parts.fract())
            }
            (At::Event(events), _) => Stop::Parts(events, 0.0),
            (At::Upload(_) | At::Connect, _) => Stop::Never,
        }
    }
}

/// Which of so many parts a fault of one of them is for, and how many are before that.
fn spoilt(fault: Fault, parts: u64) -> Option<(FaultKind, u64)> {
    let kind = fault.kind;
    let before = match fault.at {
        _ if !matches!(kind, FaultKind::BadEvent | FaultKind::ErrorEvent) => return None,
        Some(At::Event(events)) => events,
        Some(At::Share(share)) => (parts as f64 * share) as u64,
        _ => return None,
    };
    Some((kind, before.min(parts.saturating_sub(1))))
}

/// When the body begins.
fn body_us(plan: &Plan) -> u64 {
    plan.head_us.saturating_add(plan.body_us)
}

fn share_of(bytes: usize, share: f64) -> usize {
    (bytes as f64 * share) as usize
}

#[cfg(test)]
mod tests;
