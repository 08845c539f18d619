//! Frames (RFC 6455 5.2).

use crate::base::limits::GARBAGE_BYTES;
use crate::base::random::Random;

/// Bits that have a meaning in extensions alone.
const RESERVED_BITS: u8 = 0x70;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opcode {
    /// More of the message that an earlier frame began.
    Continuation,
    /// A message that is UTF-8.
    Text,
    /// A message of any bytes.
    Binary,
    /// The end of the connection.
    Close,
    /// To be answered with a pong of the same content.
    Ping,
    /// An answer to a ping, or nothing.
    Pong,
    /// Unknown.
    Reserved,
}

impl Opcode {
    const fn of(byte: u8) -> Opcode {
        match byte & 0x0f {
            0x0 => Opcode::Continuation,
            0x1 => Opcode::Text,
            0x2 => Opcode::Binary,
            0x8 => Opcode::Close,
            0x9 => Opcode::Ping,
            0xa => Opcode::Pong,
            _ => Opcode::Reserved,
        }
    }

    const fn byte(self) -> u8 {
        match self {
            Opcode::Continuation => 0x0,
            Opcode::Text => 0x1,
            Opcode::Binary => 0x2,
            Opcode::Close => 0x8,
            Opcode::Ping => 0x9,
            Opcode::Pong => 0xa,
            Opcode::Reserved => 0xf,
        }
    }

    /// Whether it is a control frame.
    pub(super) const fn is_control(self) -> bool {
        matches!(self, Opcode::Close | Opcode::Ping | Opcode::Pong)
    }
}

/// A frame whose payload is coming.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    /// What it is.
    pub(super) opcode: Opcode,
    /// Whether it is its message's last.
    pub(super) last: bool,
    /// Bytes of its payload still to come.
    pub(super) left: u64,
    /// The mask, its first byte for the next byte of the payload.
    mask: [u8; 4],
}

/// A frame's head, whole.
#[derive(Debug)]
pub(super) struct Head {
    /// How many bytes it is.
    pub(super) bytes: usize,
    /// The frame.
    pub(super) frame: Frame,
    /// Whether its payload is masked, as a client's must be.
    pub(super) masked: bool,
    /// Whether a bit is set that only an extension could have given a meaning.
    pub(super) reserved: bool,
}

/// The head that `bytes` starts with; `None` while a part of it is missing.
pub(super) fn head(bytes: &[u8]) -> Option<Head> {
    let (&[first, second], rest) = bytes.split_first_chunk()?;
    let (left, rest) = match second & 0x7f {
        126 => {
            let (length, rest) = rest.split_first_chunk()?;
            (u64::from(u16::from_be_bytes(*length)), rest)
        }
        127 => {
            let (length, rest) = rest.split_first_chunk()?;
            (u64::from_be_bytes(*length), rest)
        }
        length => (u64::from(length), rest),
    };
    let masked = second & 0x80 != 0;
    let (mask, rest) = match masked {
        true => rest.split_first_chunk()?,
        false => (&[0; 4], rest),
    };
    let frame = Frame { opcode: Opcode::of(first), last: first & 0x80 != 0, left, mask: *mask };
    Some(Head {
        bytes: bytes.len() - rest.len(),
        frame,
        masked,
        reserved: first & RESERVED_BITS != 0,
    })
}

impl Frame {
    /// Appends what there is of the payload, unmasked; returns how many bytes it was.
    pub(super) fn take(&mut self, input: &[u8], output: &mut Vec<u8>) -> usize {
        let bytes = usize::try_from(self.left).unwrap_or(usize::MAX).min(input.len());
        let payload = input.get(..bytes).unwrap_or_default();
        let mask = self.mask.iter().cycle();
        output.extend(payload.iter().zip(mask).map(|(byte, mask)| byte ^ mask));
        self.mask.rotate_left(bytes % 4);
        self.left -= bytes as u64;
        bytes
    }

    /// Whether all of the payload was taken.
    pub(super) fn is_whole(&self) -> bool {
        self.left == 0
    }
}

/// Appends a frame as a server sends it, unmasked.
pub(super) fn write(output: &mut Vec<u8>, opcode: Opcode, last: bool, payload: &[u8]) {
    output.push(u8::from(last) << 7 | opcode.byte());
    match payload.len() {
        length @ 0..=125 => output.push(length as u8),
        length @ 126..=0xffff => {
            output.push(126);
            output.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            output.push(127);
            output.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    output.extend_from_slice(payload);
}

/// Appends a message, in frames no longer than `most` bytes, which is not 0.
pub(super) fn write_message(output: &mut Vec<u8>, kind: Opcode, message: &[u8], most: usize) {
    let frames = message.len().div_ceil(most).max(1);
    for n in 0..frames {
        let payload = message.get(n * most..).unwrap_or_default();
        let payload = payload.get(..most).unwrap_or(payload);
        let opcode = if n == 0 { kind } else { Opcode::Continuation };
        write(output, opcode, n + 1 == frames, payload);
    }
}

/// Appends what no client can take for a frame: a reserved opcode, all the bits set that only an
/// extension could give a meaning, and random bytes.
pub(super) fn garbage(output: &mut Vec<u8>, seed: u64) {
    let start = output.len();
    let mut payload = Vec::new();
    Random::new(seed).fill(&mut payload, GARBAGE_BYTES);
    write(output, Opcode::Reserved, true, &payload);
    if let Some(first) = output.get_mut(start) {
        *first |= RESERVED_BITS;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_rfc() {
        // RFC 6455 5.7: "Hello", masked.
        let hello = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        let mut head = head(&hello).unwrap();
        assert!(head.masked && head.frame.last && !head.reserved);
        assert_eq!((head.bytes, head.frame.opcode, head.frame.left), (6, Opcode::Text, 5));
        let mut content = Vec::new();
        assert_eq!(head.frame.take(&hello[6..8], &mut content), 2);
        assert_eq!(head.frame.take(&hello[8..], &mut content), 3);
        assert!(head.frame.is_whole());
        assert_eq!(content, b"Hello");
        let mut output = Vec::new();
        write(&mut output, Opcode::Text, true, b"Hello");
        assert_eq!(output, [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
    }

    #[test]
    fn lengths_of_every_size() {
        for (length, bytes) in [(125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let mut output = Vec::new();
            write(&mut output, Opcode::Binary, false, &vec![0; length]);
            let head = head(&output).unwrap();
            assert_eq!((head.bytes, head.frame.left), (bytes, length as u64));
            assert!(!head.masked && !head.frame.last);
            assert!((0..bytes).all(|cut| super::head(&output[..cut]).is_none()));
        }
    }
}
