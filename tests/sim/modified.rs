//! Requests with modifiers whose effect is known.

use std::time::Duration;

use loiter::base::random::Random;

use crate::reference::{Asked, End};
use crate::{MAX_WAIT, reference::chunked};

/// Bytes that `garbage` sends.
const GARBAGE: usize = 1024;

/// A modified request for a body of letters, with its known effect.
struct Sample {
    tokens: Vec<String>,
    /// The bytes of the answer's body.
    length: usize,
    /// The bytes that the request's body has, if it has one.
    upload: Option<usize>,
    asked: Asked,
}

/// A request with one to three modifiers, some of which end the connection; so may others if it is
/// the `last`.
pub(crate) fn request(random: &mut Random, last: bool) -> Asked {
    let length = 1 + random.below(2000) as usize;
    let mut sample = Sample { tokens: Vec::new(), length, upload: None, asked: Asked::default() };
    sample.asked.body = Some(letters(length));
    if random.below(2) == 0 {
        sample.delay(Duration::from_micros(random.below(200_000)));
    }
    if random.below(2) == 0 {
        sample.frame(random);
    }
    if random.below(3) == 0 {
        sample.fault(random);
    } else {
        sample.pace(random, last);
    }
    sample.tokens.push(format!("seed={:x}", random.next_u64()));
    sample.asked.bytes = sample.bytes(random);
    sample.asked
}

/// The body of `/range/N`.
fn letters(length: usize) -> Vec<u8> {
    (0..length).map(|at| b'a' + (at % 26) as u8).collect()
}

impl Sample {
    fn add(&mut self, token: impl Into<String>) {
        self.tokens.push(token.into());
    }

    fn delay(&mut self, delay: Duration) {
        self.add(format!("delay={}us", delay.as_micros()));
        self.asked.delay += delay;
        self.takes(delay);
    }

    /// The answer is not complete before so much more time.
    fn takes(&mut self, time: Duration) {
        self.asked.complete += time;
        self.asked.timed = true;
    }

    fn frame(&mut self, random: &mut Random) {
        match random.below(4) {
            0 => self.add("frame=chunked"),
            // A 503 would look like a refusal.
            1 => self.add("status=500"),
            2 => self.add("pad=5000"),
            _ => self.add("hint=x"),
        }
        // Each chunk has its size: the body is not compared.
        if self.tokens.iter().any(|token| token == "frame=chunked") {
            self.asked.body = None;
        }
        if self.tokens.iter().any(|token| token == "hint=x") {
            self.asked.delay = Duration::ZERO;
        }
    }

    /// Something that takes time, or ends the connection in order.
    fn pace(&mut self, random: &mut Random, last: bool) {
        let pause = Duration::from_micros(random.below(50_000));
        let us = pause.as_micros();
        match random.below(if last { 8 } else { 6 }) {
            0 => {
                self.add(format!("head={us}us"));
                self.takes(pause);
            }
            1 => {
                self.add(format!("body={us}us"));
                self.add(format!("end={us}us"));
                self.takes(2 * pause);
            }
            2 => {
                let piece = self.length.div_ceil(1 + random.below(5) as usize);
                self.add(format!("gap={us}us"));
                self.add(format!("piece={piece}"));
                let gaps = self.length.div_ceil(piece) - 1;
                self.takes(gaps as u32 * pause);
            }
            3 => {
                // A rate ends with the longest wait, and with it the sizes of the chunks.
                self.tokens.retain(|token| token != "frame=chunked");
                let rate = 5000 + random.below(50_000);
                self.add(format!("rate={rate}"));
                self.takes(Duration::from_secs_f64(self.length as f64 / rate as f64));
            }
            4 => {
                // Its time counts from the first byte, and not from the last.
                self.add(format!("read={}", 10_000 + random.below(100_000)));
                self.upload = Some(random.below(3000) as usize);
                (self.asked.body, self.asked.timed) = (None, true);
            }
            5 => self.add("text=other"),
            6 => {
                self.add("last");
                self.asked.end = End::Fin;
            }
            _ => {
                self.add(format!("idle={us}us"));
                (self.asked.end, self.asked.idle) = (End::Idle, pause);
            }
        }
        if self.tokens.iter().any(|token| token == "text=other") {
            self.asked.body = self.asked.body.as_ref().map(|_| b"other".to_vec());
        }
    }

    fn fault(&mut self, random: &mut Random) {
        let at = random.below(self.length as u64 + 10) as usize;
        let bytes = at.min(self.length);
        let (fault, sent, end) = match random.below(13) {
            0 => ("close".to_owned(), None, End::Fin),
            1 => ("reset".to_owned(), None, End::Rst),
            2 => ("abort".to_owned(), None, End::Rst),
            3 => ("hang".to_owned(), None, End::Silence),
            4 => ("garbage".to_owned(), None, End::Fin),
            5 => (format!("reset:{at}"), Some(bytes), End::Rst),
            6 => (format!("stall:{at}"), Some(bytes), End::Silence),
            7 => (format!("truncate:{at}"), Some(bytes), End::Fin),
            8 => (format!("extra:{}", 1 + at), Some(self.length), End::Fin),
            9 => ("bad-head".to_owned(), Some(self.length), End::Fin),
            10 => ("dup-length".to_owned(), Some(self.length), End::Fin),
            11 => (format!("bad-chunk:{at}"), Some(bytes), End::Fin),
            _ => {
                self.upload = Some(1 + random.below(3000) as usize);
                (format!("reset:up:{at}"), None, End::Rst)
            }
        };
        let nothing = sent.is_none() && fault != "garbage";
        self.asked.empty = nothing;
        // A delay comes before an answer, and so not before what breaks while the body arrives.
        if fault.contains(":up:") {
            (self.asked.delay, self.asked.complete) = (Duration::ZERO, Duration::ZERO);
            self.asked.early = true;
        }
        if end == End::Silence {
            self.takes(MAX_WAIT);
        }
        self.asked.end = end;
        let framed = fault.contains("chunk") || fault.starts_with("extra");
        let compared = self.asked.body.is_some() && !framed;
        self.asked.body = sent.filter(|_| compared).map(letters);
        if fault == "garbage" {
            self.asked.length = Some(GARBAGE);
        }
        self.add(format!("fault={fault}"));
        if nothing {
            // Nothing is sent before it either.
            self.tokens.retain(|token| token != "hint=x");
        }
    }

    /// The request, its modifiers in any carrier.
    fn bytes(&self, random: &mut Random) -> Vec<u8> {
        let target = match self.upload {
            Some(_) => "/post".to_owned(),
            None => format!("/range/{}", self.length),
        };
        let (mut path, mut query, mut field) = (String::new(), String::new(), String::new());
        for token in &self.tokens {
            match random.below(3) {
                0 => path += &format!("/~{token}"),
                1 => query += &format!("&~{token}"),
                _ => field += &format!("Loiter: {token}\r\n"),
            }
        }
        let query = query.replacen('&', "?", 1);
        let method = if self.upload.is_some() { "POST" } else { "GET" };
        let head = format!("{method} {path}{target}{query} HTTP/1.1\r\nHost: h\r\n{field}");
        let Some(bytes) = self.upload else { return format!("{head}\r\n").into_bytes() };
        let body = letters(bytes);
        let (framing, body) = match random.below(2) {
            0 => ("Transfer-Encoding: chunked".to_owned(), chunked(&body, random)),
            _ => (format!("Content-Length: {bytes}"), body),
        };
        [format!("{head}{framing}\r\n\r\n").into_bytes(), body].concat()
    }
}
