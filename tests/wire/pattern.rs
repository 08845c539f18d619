//! Matches the server's output against `<` lines.

use crate::script::{Unit, units};

/// A block of `<` lines, as a state machine that consumes one byte at a time.
#[derive(Debug, Default)]
pub(crate) struct Pattern {
    parts: Vec<Part>,
    /// The lines: number, text, and the index of the first part.
    lines: Vec<(usize, String, usize)>,
}

#[derive(Clone, Copy, Debug)]
enum Part {
    /// This byte.
    Byte(u8),
    /// Any byte.
    One,
    /// Any number of bytes other than CR, so it does not go beyond a line of a head.
    Any,
    /// The start of a line that may be skipped if it is not empty, the rest of that line, and its
    /// LF.
    LineStart,
    LineRest,
    LineFeed,
}

/// How far the output matches.
pub(crate) enum Verdict {
    Same,
    /// Up to this byte, where this line was expected, if any was left.
    Differs {
        at: usize,
        line: usize,
        text: Option<String>,
    },
}

impl Pattern {
    /// Adds a line. `*` alone matches any number of lines that are not empty.
    pub(crate) fn line(&mut self, number: usize, text: &str) -> Result<(), String> {
        self.lines.push((number, text.to_owned(), self.parts.len()));
        if text == "*" {
            self.parts.extend([Part::LineStart, Part::LineRest, Part::LineFeed]);
            return Ok(());
        }
        let ends = units(text, |unit| {
            self.parts.push(match unit {
                Unit::Byte(byte) => Part::Byte(byte),
                Unit::Star => Part::Any,
                Unit::AnyByte => Part::One,
            });
        })?;
        if ends {
            self.parts.extend([Part::Byte(b'\r'), Part::Byte(b'\n')]);
        }
        Ok(())
    }

    /// Compares all of `said`, the server's output.
    pub(crate) fn verdict(&self, said: &[u8]) -> Verdict {
        let (mut places, mut reached) = (Vec::new(), (0, 0));
        self.enter(0, &mut places);
        for (at, &byte) in said.iter().enumerate() {
            reached = furthest(reached, &places, at);
            let mut next = Vec::new();
            places.iter().for_each(|&place| self.step(place, byte, &mut next));
            places = next;
        }
        match places.contains(&self.parts.len()) {
            true => Verdict::Same,
            false => self.differs(furthest(reached, &places, said.len())),
        }
    }

    /// Enters a state and all states that are reachable from it without a byte.
    fn enter(&self, place: usize, places: &mut Vec<usize>) {
        if places.contains(&place) {
            return;
        }
        places.push(place);
        match self.parts.get(place) {
            Some(Part::Any) => self.enter(place + 1, places),
            Some(Part::LineStart) => self.enter(place + 3, places),
            _ => {}
        }
    }

    fn step(&self, place: usize, byte: u8, next: &mut Vec<usize>) {
        match self.parts.get(place) {
            Some(&Part::Byte(wanted)) if byte == wanted => self.enter(place + 1, next),
            Some(Part::One) => self.enter(place + 1, next),
            Some(Part::Any) if byte != b'\r' => self.enter(place, next),
            Some(Part::LineStart) if byte != b'\r' => self.enter(place + 1, next),
            Some(Part::LineRest) if byte != b'\r' => self.enter(place, next),
            Some(Part::LineRest) => self.enter(place + 1, next),
            Some(Part::LineFeed) if byte == b'\n' => self.enter(place - 2, next),
            _ => {}
        }
    }

    fn differs(&self, (place, at): (usize, usize)) -> Verdict {
        let line = self.lines.iter().rev().find(|line| line.2 <= place);
        let (line, text) = line.map_or((0, ""), |(line, text, _)| (*line, text));
        let text = (place < self.parts.len()).then(|| text.to_owned());
        Verdict::Differs { at, line, text }
    }
}

/// The furthest state so far, and the number of bytes after which it was entered.
fn furthest(reached: (usize, usize), places: &[usize], at: usize) -> (usize, usize) {
    match places.iter().max() {
        Some(&place) if place > reached.0 => (place, at),
        _ => reached,
    }
}
