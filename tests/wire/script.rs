//! Parses a transcript.

use loiter::base::time::Time;
use loiter::config::{Setting, Settings};

use crate::frames;
use crate::pattern::Pattern;

/// A line number, and what is wrong with the line.
pub(crate) type Failure = (usize, String);

/// A transcript of one connection.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) settings: Settings,
    /// Whether the input may be split.
    pub(crate) cuts: bool,
    /// Whether its lines are HTTP/2 frames.
    pub(crate) frames: bool,
    /// Whether bytes are expected that are no frames.
    pub(crate) garbled: bool,
    /// The events, each with its line number.
    pub(crate) steps: Vec<(usize, Step)>,
    /// The number of its last line.
    pub(crate) end: usize,
}

/// An event.
#[derive(Debug)]
pub(crate) enum Step {
    /// The client sends.
    Send(Vec<u8>),
    /// The client shuts down its sending side.
    SendEnd,
    /// The server has sent exactly this since the last such step.
    Said(Pattern),
    /// The server has shut down its sending side.
    SaidEnd,
    /// The server has closed the connection.
    Gone,
    /// The server has reset the connection.
    Reset,
    /// The time is now this.
    At(Time),
    /// The server begins to drain; what is idle ends at this time, or now.
    Drain(Time),
    /// The server has sent nothing, and sends nothing until this time.
    Silence(Time),
}

impl Script {
    /// Parses a file: connections separated by `---`. Settings also apply to later connections.
    pub(crate) fn parse(text: &str) -> Result<Vec<Script>, Failure> {
        let mut scripts = Vec::new();
        let mut script = Script {
            settings: Settings::default(),
            cuts: true,
            frames: false,
            garbled: false,
            steps: Vec::new(),
            end: 1,
        };
        for (line, number) in text.lines().zip(1..) {
            script.end = number;
            if line.starts_with("---") {
                let (settings, steps) = (script.settings.clone(), Vec::new());
                let next = Script { settings, steps, end: number, garbled: false, ..script };
                scripts.push(std::mem::replace(&mut script, next));
            } else {
                script.line(number, line).map_err(|what| (number, what))?;
            }
        }
        scripts.push(script);
        Ok(scripts)
    }

    /// The number of bytes that the client sends.
    pub(crate) fn bytes(&self) -> usize {
        let bytes = |step: &(usize, Step)| if let Step::Send(b) = &step.1 { b.len() } else { 0 };
        self.steps.iter().map(bytes).sum()
    }

    fn line(&mut self, number: usize, line: &str) -> Result<(), String> {
        let step = match line {
            ">|" => Step::SendEnd,
            "<|" => Step::SaidEnd,
            "<||" => Step::Gone,
            "<!" => Step::Reset,
            "" => return Ok(()),
            _ if line.starts_with('#') => return Ok(()),
            _ => return self.marked_line(number, line),
        };
        self.steps.push((number, step));
        Ok(())
    }

    /// Parses a line by its first character.
    fn marked_line(&mut self, number: usize, line: &str) -> Result<(), String> {
        let (mark, rest) = line.split_at(line.chars().next().map_or(0, char::len_utf8));
        if !"><@=!".contains(mark) {
            return Err("a line starts with one of > < @ = ! # ---".to_owned());
        }
        let Some(rest) = rest.strip_prefix(' ').or(rest.is_empty().then_some("")) else {
            return Err(format!("a space must follow {mark:?}"));
        };
        match mark {
            "!" => return self.setting(rest),
            ">" if self.frames => self.send(number, &frames::write(rest, &bytes)?),
            ">" => self.send(number, &text(rest)?),
            "<" => self.said(number, rest)?,
            "@" if rest == "drain" => self.steps.push((number, Step::Drain(Time::START))),
            "@" if rest.starts_with("drain ") => {
                self.steps.push((number, Step::Drain(time(&rest["drain ".len()..])?)));
            }
            "@" => self.steps.push((number, Step::At(time(rest)?))),
            _ if rest.is_empty() => self.steps.push((number, Step::Silence(Time::START))),
            _ => self.steps.push((number, Step::Silence(time(rest)?))),
        }
        Ok(())
    }

    fn setting(&mut self, line: &str) -> Result<(), String> {
        let (name, value) = line.split_once(' ').unwrap_or((line, ""));
        let own = match name {
            "cuts" => &mut self.cuts,
            "frames" => &mut self.frames,
            _ => return self.server_setting(name, value),
        };
        *own = match value {
            "on" => true,
            "off" => false,
            _ => return Err(format!("{name} takes on or off")),
        };
        Ok(())
    }

    fn server_setting(&mut self, name: &str, value: &str) -> Result<(), String> {
        let row = Setting::named(name).ok_or_else(|| format!("no setting {name:?}"))?;
        (row.set)(&mut self.settings, value.trim())
            .map_err(|error| format!("{name}: {error:?}; give {}", row.takes))
    }

    /// Consecutive lines are sent together.
    fn send(&mut self, number: usize, bytes: &[u8]) {
        match self.steps.last_mut() {
            Some((_, Step::Send(before))) => before.extend_from_slice(bytes),
            _ => self.steps.push((number, Step::Send(bytes.to_owned()))),
        }
    }

    /// Consecutive lines are one expectation.
    fn said(&mut self, number: usize, rest: &str) -> Result<(), String> {
        if !matches!(self.steps.last(), Some((_, Step::Said(_)))) {
            self.steps.push((number, Step::Said(Pattern::default())));
        }
        self.garbled |= rest.starts_with("BYTES");
        match self.steps.last_mut() {
            Some((_, Step::Said(pattern))) => pattern.line(number, rest),
            _ => Ok(()),
        }
    }
}

/// A line's bytes: its text with the escapes resolved, and CR LF unless it ends with a backslash.
fn text(line: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let ends = units(line, |unit| bytes.push(unit.byte()))?;
    bytes.extend_from_slice(if ends { b"\r\n" } else { b"" });
    Ok(bytes)
}

/// The bytes of a part of a line.
fn bytes(part: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    units(part, |unit| bytes.push(unit.byte()))?;
    Ok(bytes)
}

/// A part of a line.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    Byte(u8),
    /// An unescaped `*`.
    Star,
    /// The escape for any byte.
    AnyByte,
}

impl Unit {
    /// As it is in what is sent.
    fn byte(self) -> u8 {
        match self {
            Unit::Byte(byte) => byte,
            Unit::Star => b'*',
            Unit::AnyByte => b'?',
        }
    }
}

/// Resolves a line's escapes; returns whether CR LF follows.
pub(crate) fn units(line: &str, mut take: impl FnMut(Unit)) -> Result<bool, String> {
    let (line, ends) = match line.strip_suffix('\\') {
        Some(rest) if !rest.ends_with('\\') => (rest, false),
        _ => (line, true),
    };
    let mut rest = line.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = match byte {
            b'\\' => escape(after, &mut take)
                .ok_or("an escape is one of \\r \\n \\t \\xHH \\* \\? \\\\ and \\{COUNT*TEXT}")?,
            b'*' => {
                take(Unit::Star);
                after
            }
            _ => {
                take(Unit::Byte(byte));
                after
            }
        };
    }
    Ok(ends)
}

/// Resolves the escape after a backslash, and returns the text after it.
fn escape<'a>(text: &'a [u8], take: &mut impl FnMut(Unit)) -> Option<&'a [u8]> {
    let (&mark, rest) = text.split_first()?;
    let byte = match mark {
        b'r' => b'\r',
        b'n' => b'\n',
        b't' => b'\t',
        b'\\' | b'*' => mark,
        b'?' => {
            take(Unit::AnyByte);
            return Some(rest);
        }
        b'x' => {
            let (digits, rest) = rest.split_at_checked(2)?;
            take(Unit::Byte(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?));
            return Some(rest);
        }
        b'{' => {
            let (inner, rest) = rest.split_at_checked(rest.iter().position(|&b| b == b'}')?)?;
            let (count, piece) = std::str::from_utf8(inner).ok()?.split_once('*')?;
            for _ in 0..count.parse().ok()? {
                units(piece, &mut *take as &mut dyn FnMut(Unit)).ok()?;
            }
            return rest.get(1..);
        }
        _ => return None,
    };
    take(Unit::Byte(byte));
    Some(rest)
}

/// A time since the connection was accepted: seconds with up to six decimals, and an `s`.
fn time(text: &str) -> Result<Time, String> {
    let error = || "a time is in seconds, like 3s or 2.999999s".to_owned();
    let seconds = text.strip_suffix('s').ok_or_else(error)?;
    let (whole, part) = seconds.split_once('.').unwrap_or((seconds, ""));
    let part = (part.len() <= 6).then(|| format!("{part:0<6}")).ok_or_else(error)?;
    format!("{whole}{part}").parse().map(Time::from_micros).map_err(|_| error())
}

/// Formats a time as [`time`] parses it.
pub(crate) fn spell(time: Time) -> String {
    let (whole, part) = (time.micros() / 1_000_000, time.micros() % 1_000_000);
    let text = format!("{whole}.{part:06}");
    format!("{}s", text.trim_end_matches('0').trim_end_matches('.'))
}
