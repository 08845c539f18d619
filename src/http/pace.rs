//! A body over time: pieces of a source, each due at some time after the head.

use super::completion::Completion;
use super::headers::Headers;
use super::journal::events::Events;
use super::journal::har::Archive;
use crate::base::go_rand::GoRand;
use crate::base::random::{Mersenne, Random};

/// Pieces spread over a time span.
#[derive(Clone, Debug)]
pub struct Pace {
    /// What makes the pieces.
    pub source: Source,
    /// The number of pieces.
    pub pieces: u64,
    /// How many of them have been produced; 0 at first.
    pub made: u64,
    /// Microseconds over which the pieces are spread. 0: as fast as the client accepts them.
    pub span_us: u64,
    /// Number of pauses in the span: piece `k` is due at `span_us * k / gaps`, rounded up. Equal to
    /// the number of pieces if a pause follows the last one, as in httpbin; one less if the last
    /// one is due at the end of the span, as in go-httpbin.
    pub gaps: u64,
    /// Random variation of the pauses, if any.
    pub jitter: Option<Jitter>,
    /// Length of the whole body for `Content-Length`; `None`: chunked, one chunk for each piece.
    pub length: Option<u64>,
    /// Fields after the last chunk (RFC 9110 6.5). The endpoint lists them in `Trailer`.
    pub trailers: Headers,
}

/// Random variation of pauses.
#[derive(Clone, Debug)]
pub struct Jitter {
    share: f64,
    random: Random,
    due_us: u64,
}

impl Jitter {
    /// Multiplies each pause by a random number between `1 - share` and `1 + share`, uniformly
    /// distributed; `share` is 0 to 1.
    pub fn new(share: f64, random: Random) -> Jitter {
        Jitter { share: share.clamp(0.0, 1.0), random, due_us: 0 }
    }

    fn advance(&mut self, pause_us: u64) {
        let factor = 1.0 + self.share * (2.0 * self.random.fraction() - 1.0);
        // The cast saturates.
        self.due_us = self.due_us.saturating_add((pause_us as f64 * factor).ceil() as u64);
    }
}

impl Pace {
    /// Pieces of a source, none produced yet, with as many pauses and no trailers.
    pub fn new(source: Source, pieces: u64, span_us: u64, length: Option<u64>) -> Pace {
        let (made, gaps) = (0, pieces);
        let (jitter, trailers) = (None, Headers::default());
        Pace { source, pieces, made, span_us, gaps, jitter, length, trailers }
    }

    /// When the next piece is due, in microseconds after the head; `None` after the last.
    pub fn due_us(&self) -> Option<u64> {
        let due = match &self.jitter {
            // Random pauses may add up to more than the span, which is the upper bound.
            Some(jitter) => jitter.due_us.min(self.span_us),
            None => {
                let due = u128::from(self.span_us) * u128::from(self.made);
                u64::try_from(due.div_ceil(u128::from(self.gaps.max(1)))).unwrap_or(u64::MAX)
            }
        };
        (self.made < self.pieces).then_some(due)
    }

    /// Appends pieces that are due `elapsed_us` after the head: at least one, and no further one
    /// once `room` bytes are filled.
    pub fn make(&mut self, elapsed_us: u64, room: usize, output: &mut Vec<u8>) {
        if let Some(jitter) = &mut self.jitter {
            jitter.advance(self.span_us.div_ceil(self.gaps.max(1)));
            self.source.pieces(1, elapsed_us, output);
            self.made += 1;
            return;
        }
        let due = match self.span_us {
            0 => self.pieces,
            span => {
                let whole = u128::from(elapsed_us) * u128::from(self.gaps) / u128::from(span);
                u64::try_from(whole).unwrap_or(u64::MAX).saturating_add(1).min(self.pieces)
            }
        };
        let fit = (room as u64).div_ceil(self.source.piece_bytes().max(1));
        let count = due.saturating_sub(self.made).min(fit).max(1);
        self.source.pieces(count, elapsed_us, output);
        self.made += count;
    }
}

/// The source of the pieces of a paced body.
#[derive(Clone, Debug)]
pub enum Source {
    /// One byte repeated, `piece` bytes at a time.
    Fill {
        /// The byte.
        byte: u8,
        /// Bytes in a piece.
        piece: u32,
    },
    /// The letters `a` to `z`, repeated.
    Letters {
        /// Offset of the next piece, counted from the first `a`.
        at: u64,
        /// Bytes remaining.
        left: u64,
        /// Bytes in a piece; the last may be shorter.
        piece: u32,
    },
    /// Random bytes.
    Random {
        /// Their generator.
        bytes: RandomBytes,
        /// Bytes remaining.
        left: u64,
        /// Bytes in a piece; the last may be shorter.
        piece: u32,
    },
    /// A text in a single piece.
    Text(Vec<u8>),
    /// Lines that differ only in a number: `before`, the number, `after`.
    Lines {
        /// The text before the number.
        before: Box<[u8]>,
        /// The next line's number.
        next: u64,
        /// The text after the number, with the line end.
        after: Box<[u8]>,
    },
    /// Server-sent events, named `ping`: `{"id":0,"timestamp":<milliseconds of Unix time>}`.
    Events {
        /// The next event's number.
        next: u64,
        /// Unix time when the head was sent, in microseconds.
        started_us: u64,
    },
    /// The changes of the journal since the last piece. Often there is none, and the piece is
    /// empty.
    Journal(Box<Events>),
    /// Requests of the journal as a HAR.
    Archive(Box<Archive>),
    /// An answer of a language model: a token in each piece.
    Completion(Box<Completion>),
}

/// A generator of random bytes.
#[derive(Clone, Debug)]
pub enum RandomBytes {
    /// Our own.
    Noise(Random),
    /// Python's, for a seed.
    Python(Box<Mersenne>),
    /// Go's, for a seed.
    Go(Box<GoRand>),
}

impl Source {
    /// Appends the next `count` pieces. Many at a time cost little more than one.
    fn pieces(&mut self, count: u64, elapsed_us: u64, output: &mut Vec<u8>) {
        if let Source::Fill { byte, piece } = self {
            let bytes = (*piece as usize).saturating_mul(count as usize);
            return output.resize(output.len() + bytes, *byte);
        }
        for _ in 0..count {
            self.piece(elapsed_us, output);
        }
    }

    /// Length of a line without its number; 0 for other sources.
    pub fn line_bytes(&self) -> u64 {
        match self {
            Source::Lines { before, after, .. } => (before.len() + after.len()) as u64,
            _ => 0,
        }
    }

    /// Length of a piece, except perhaps of the last.
    fn piece_bytes(&self) -> u64 {
        match self {
            Source::Fill { piece, .. }
            | Source::Letters { piece, .. }
            | Source::Random { piece, .. } => u64::from(*piece),
            // One at a time, since each is a chunk of its own.
            Source::Text(_)
            | Source::Lines { .. }
            | Source::Events { .. }
            | Source::Journal(_)
            | Source::Archive(_)
            | Source::Completion(_) => u64::MAX,
        }
    }

    /// Appends the next piece.
    fn piece(&mut self, elapsed_us: u64, output: &mut Vec<u8>) {
        match self {
            Source::Fill { byte, piece } => {
                output.resize(output.len() + *piece as usize, *byte);
            }
            Source::Letters { at, left, piece } => {
                let bytes = take(left, *piece) as u64;
                output.extend((*at..*at + bytes).map(|place| b'a' + (place % 26) as u8));
                *at += bytes;
            }
            Source::Random { bytes, left, piece } => match bytes {
                RandomBytes::Noise(random) => random.noise(output, take(left, *piece)),
                RandomBytes::Python(mersenne) => mersenne.fill(output, take(left, *piece)),
                RandomBytes::Go(generator) => generator.fill(output, take(left, *piece)),
            },
            Source::Text(text) => output.append(text),
            Source::Lines { before, next, after } => {
                output.extend_from_slice(before);
                number(output, *next);
                output.extend_from_slice(after);
                *next += 1;
            }
            Source::Events { next, started_us } => {
                output.extend_from_slice(b"event: ping\ndata: {\"id\":");
                number(output, *next);
                output.extend_from_slice(b",\"timestamp\":");
                number(output, (*started_us + elapsed_us) / 1000);
                output.extend_from_slice(b"}\n\n");
                *next += 1;
            }
            Source::Journal(events) => events.piece(output),
            Source::Archive(archive) => archive.piece(output),
            Source::Completion(completion) => completion.piece(elapsed_us, output),
        }
    }

    /// Whether its pieces are events or lines.
    pub fn has_events(&self) -> bool {
        match self {
            Source::Lines { .. } | Source::Events { .. } => true,
            Source::Completion(completion) => !completion.error.is_empty(),
            _ => false,
        }
    }

    /// Appends an event that reports an error in place of the next piece.
    pub fn fail(&mut self, output: &mut Vec<u8>) {
        match self {
            Source::Completion(completion) => completion.fail(output),
            Source::Events { .. } => {
                output.extend_from_slice(b"event: error\ndata: {\"error\":\"a fault\"}\n\n");
            }
            _ => output.extend_from_slice(b"{\"error\":\"a fault\"}\n"),
        }
    }
}

fn number(output: &mut Vec<u8>, number: u64) {
    output.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Takes up to `piece` bytes off `left`.
fn take(left: &mut u64, piece: u32) -> usize {
    let bytes = (*left).min(u64::from(piece));
    *left -= bytes;
    bytes as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(pieces: u64, span_us: u64) -> Pace {
        Pace::new(Source::Fill { byte: b'*', piece: 1 }, pieces, span_us, Some(pieces))
    }

    fn dues(pace: &mut Pace) -> Vec<u64> {
        let mut output = Vec::new();
        let mut dues = Vec::new();
        while let Some(due_us) = pace.due_us() {
            dues.push(due_us);
            pace.make(due_us, 1, &mut output);
        }
        assert_eq!(output.len() as u64, pace.pieces);
        dues
    }

    #[test]
    fn the_last_piece_is_followed_by_a_pause_or_comes_with_the_end() {
        assert_eq!(dues(&mut pace(4, 100)), [0, 25, 50, 75]);
        assert_eq!(dues(&mut Pace { gaps: 3, ..pace(4, 100) }), [0, 34, 67, 100]);
        assert_eq!(dues(&mut Pace { gaps: 0, ..pace(1, 100) }), [0]);
    }

    #[test]
    fn jitter_varies_the_pauses_within_its_share() {
        let jitter = Some(Jitter::new(0.5, Random::new(1)));
        let mut dues = dues(&mut Pace { jitter, ..pace(100, 100_000) });
        // The rest is due at the end.
        dues.retain(|due_us| *due_us < 100_000);
        let pauses: Vec<u64> = dues.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(pauses.len() > 90);
        assert!(pauses.iter().all(|pause| (500..=1501).contains(pause)), "{pauses:?}");
        assert!(pauses.iter().any(|pause| *pause < 800));
        assert!(pauses.iter().any(|pause| *pause > 1200));
    }

    #[test]
    fn a_jittered_pause_is_rounded_up_and_counts_from_the_planned_one() {
        let jitter = || Some(Jitter::new(0.3, Random::new(9)));
        let (mut draws, mut due_us) = (Random::new(9), 0);
        let mut planned = Vec::new();
        for _ in 0..5 {
            planned.push(due_us.min(100));
            // 100 in three gaps: 34, which is 33.3 rounded up.
            due_us += (34.0 * (0.7 + 0.6 * draws.fraction())).ceil() as u64;
        }
        let mut on_time = Pace { gaps: 3, jitter: jitter(), ..pace(5, 100) };
        assert_eq!(dues(&mut on_time), planned);
        let mut late = Pace { gaps: 3, jitter: jitter(), ..pace(5, 100) };
        let (mut seen, mut output) = (Vec::new(), Vec::new());
        while let Some(due_us) = late.due_us() {
            seen.push(due_us);
            late.make(due_us + 1000, usize::MAX, &mut output);
        }
        assert_eq!(seen, planned, "a piece that goes out late does not put off the next");
    }

    #[test]
    fn no_jitter_goes_back_in_time() {
        let jitter = Some(Jitter::new(7.0, Random::new(2)));
        let dues = dues(&mut Pace { jitter, ..pace(200, 200_000) });
        assert!(dues.windows(2).all(|pair| pair[0] <= pair[1] && pair[1] <= pair[0] + 2000));
    }

    proptest::proptest! {
        #[test]
        fn a_piece_is_made_when_it_is_due_and_not_before(
            pieces in 1u64..50, span_us in 1u64..1 << 40, ends in 0u64..2,
        ) {
            let gaps = pieces - ends;
            let mut pace = Pace { gaps, ..pace(pieces, span_us) };
            for piece in 0..pieces {
                let due_us = pace.due_us().unwrap();
                // The exact moment is span * piece / gaps; a due one is the next whole microsecond.
                let (exact, gaps) = (u128::from(span_us * piece), u128::from(gaps.max(1)));
                assert!(u128::from(due_us) * gaps >= exact);
                assert!(due_us == 0 || u128::from(due_us - 1) * gaps < exact);
                let mut output = Vec::new();
                pace.make(due_us, 1, &mut output);
                assert_eq!((output.len(), pace.made), (1, piece + 1));
            }
            assert_eq!(pace.due_us(), None);
        }
    }

    #[test]
    fn texts_lines_and_gos_bytes() {
        let mut output = Vec::new();
        let mut pace = Pace::new(Source::Text(b"once".to_vec()), 1, 0, None);
        pace.make(0, 1, &mut output);
        assert_eq!((output.as_slice(), pace.due_us()), (b"once".as_slice(), None));
        output.clear();
        let (before, after) = (b"<".as_slice().into(), b">".as_slice().into());
        Source::Lines { before, next: 9, after }.pieces(2, 0, &mut output);
        assert_eq!(output, b"<9><10>");
        output.clear();
        let bytes = RandomBytes::Go(Box::new(GoRand::new(1_234_567_890)));
        Source::Random { bytes, left: 4, piece: 3 }.pieces(2, 0, &mut output);
        assert_eq!(output, [0xbf, 0xcd, 0x2a, 0xfa]);
    }

    #[test]
    fn letters_and_events() {
        let mut output = Vec::new();
        let mut source = Source::Letters { at: 24, left: 5, piece: 3 };
        source.pieces(2, 0, &mut output);
        assert_eq!(output, b"yzabc");
        output.clear();
        Source::Events { next: 7, started_us: 5_000 }.pieces(1, 2_999, &mut output);
        assert_eq!(output, b"event: ping\ndata: {\"id\":7,\"timestamp\":7}\n\n");
    }
}
