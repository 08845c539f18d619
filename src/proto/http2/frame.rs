//! Frames (RFC 9113 4 and 6): their heads, the parts of their payloads, and small ones as a whole.

/// What a client sends first (RFC 9113 3.4); a SETTINGS frame follows.
pub const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Bytes of a frame's head.
pub const HEAD_BYTES: usize = 9;
/// Most bytes of a payload, unless the recipient allows more (RFC 9113 4.2). We do not.
pub const MAX_PAYLOAD: usize = 16 * 1024;
/// The largest stream identifier and window, 2³¹ − 1 (RFC 9113 5.1.1, 6.9.1).
pub const MAX_31_BITS: u32 = 0x7fff_ffff;

/// The flags of a frame's head. Which of them a frame can have depends on its kind.
pub mod flags {
    /// DATA, HEADERS: the last frame of the stream in this direction.
    pub const END_STREAM: u8 = 0x1;
    /// SETTINGS, PING: an acknowledgement.
    pub const ACK: u8 = 0x1;
    /// HEADERS, CONTINUATION: the last part of the field block.
    pub const END_HEADERS: u8 = 0x4;
    /// DATA, HEADERS: the payload is padded.
    pub const PADDED: u8 = 0x8;
    /// HEADERS: the payload begins with the priority fields of RFC 7540, which are ignored.
    pub const PRIORITY: u8 = 0x20;
}

/// The settings (RFC 9113 6.5.2, RFC 8441 3, RFC 9218 2.1).
pub mod setting {
    /// Bytes of the dynamic table that the sender's decoder allows.
    pub const HEADER_TABLE_SIZE: u16 = 0x1;
    /// Whether the sender accepts pushed streams, 0 or 1.
    pub const ENABLE_PUSH: u16 = 0x2;
    /// Most streams that the recipient may have open at a time.
    pub const MAX_CONCURRENT_STREAMS: u16 = 0x3;
    /// The window that streams begin with, in bytes.
    pub const INITIAL_WINDOW_SIZE: u16 = 0x4;
    /// Longest payload that the sender accepts, in bytes, 2¹⁴ to 2²⁴ − 1.
    pub const MAX_FRAME_SIZE: u16 = 0x5;
    /// Bytes of a field list that the sender accepts, with 32 for each field. Advisory.
    pub const MAX_HEADER_LIST_SIZE: u16 = 0x6;
    /// Whether the sender accepts CONNECT with `:protocol`, 0 or 1.
    pub const ENABLE_CONNECT_PROTOCOL: u16 = 0x8;
    /// Whether the sender does not use the priorities of RFC 7540, 0 or 1.
    pub const NO_RFC7540_PRIORITIES: u16 = 0x9;
}

/// The kinds of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// RFC 9113 6.1: a piece of a body.
    Data,
    /// RFC 9113 6.2: the start of a field block.
    Headers,
    /// RFC 9113 6.3: deprecated.
    Priority,
    /// RFC 9113 6.4: ends a stream at once.
    RstStream,
    /// RFC 9113 6.5: parameters of the sender.
    Settings,
    /// RFC 9113 6.6: an error if a client sends it.
    PushPromise,
    /// RFC 9113 6.7.
    Ping,
    /// RFC 9113 6.8: no new streams.
    GoAway,
    /// RFC 9113 6.9: room for more DATA.
    WindowUpdate,
    /// RFC 9113 6.10: a further part of a field block.
    Continuation,
    /// RFC 9218 7.1: another priority for a stream.
    PriorityUpdate,
    /// Any other: ignored (RFC 9113 4.1).
    Unknown(u8),
}

impl Kind {
    /// The kind with this code.
    pub const fn of(code: u8) -> Kind {
        match code {
            0x0 => Kind::Data,
            0x1 => Kind::Headers,
            0x2 => Kind::Priority,
            0x3 => Kind::RstStream,
            0x4 => Kind::Settings,
            0x5 => Kind::PushPromise,
            0x6 => Kind::Ping,
            0x7 => Kind::GoAway,
            0x8 => Kind::WindowUpdate,
            0x9 => Kind::Continuation,
            0x10 => Kind::PriorityUpdate,
            code => Kind::Unknown(code),
        }
    }

    /// Its code on the wire.
    pub const fn code(self) -> u8 {
        match self {
            Kind::Data => 0x0,
            Kind::Headers => 0x1,
            Kind::Priority => 0x2,
            Kind::RstStream => 0x3,
            Kind::Settings => 0x4,
            Kind::PushPromise => 0x5,
            Kind::Ping => 0x6,
            Kind::GoAway => 0x7,
            Kind::WindowUpdate => 0x8,
            Kind::Continuation => 0x9,
            Kind::PriorityUpdate => 0x10,
            Kind::Unknown(code) => code,
        }
    }
}

/// Why a stream or a connection ends (RFC 9113 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorCode(pub u32);

impl ErrorCode {
    /// No error.
    pub const NO_ERROR: ErrorCode = ErrorCode(0x0);
    /// The protocol is violated.
    pub const PROTOCOL_ERROR: ErrorCode = ErrorCode(0x1);
    /// The sender has a defect.
    pub const INTERNAL_ERROR: ErrorCode = ErrorCode(0x2);
    /// More bytes arrived than a window allowed.
    pub const FLOW_CONTROL_ERROR: ErrorCode = ErrorCode(0x3);
    /// Settings were not acknowledged in time.
    pub const SETTINGS_TIMEOUT: ErrorCode = ErrorCode(0x4);
    /// A frame arrived for a stream that is closed.
    pub const STREAM_CLOSED: ErrorCode = ErrorCode(0x5);
    /// A frame has a wrong length.
    pub const FRAME_SIZE_ERROR: ErrorCode = ErrorCode(0x6);
    /// Refused before anything was done: the client may try again.
    pub const REFUSED_STREAM: ErrorCode = ErrorCode(0x7);
    /// The stream is not needed any more.
    pub const CANCEL: ErrorCode = ErrorCode(0x8);
    /// A field block cannot be decoded.
    pub const COMPRESSION_ERROR: ErrorCode = ErrorCode(0x9);
    /// The connection of a CONNECT broke.
    pub const CONNECT_ERROR: ErrorCode = ErrorCode(0xa);
    /// The client behaves like an attacker.
    pub const ENHANCE_YOUR_CALM: ErrorCode = ErrorCode(0xb);
    /// TLS does not fulfil RFC 9113 9.2.
    pub const INADEQUATE_SECURITY: ErrorCode = ErrorCode(0xc);
    /// To be asked with HTTP/1.1.
    pub const HTTP_1_1_REQUIRED: ErrorCode = ErrorCode(0xd);

    /// Its name; empty for a code without one.
    pub const fn name(self) -> &'static str {
        match self.0 {
            0x0 => "NO_ERROR",
            0x1 => "PROTOCOL_ERROR",
            0x2 => "INTERNAL_ERROR",
            0x3 => "FLOW_CONTROL_ERROR",
            0x4 => "SETTINGS_TIMEOUT",
            0x5 => "STREAM_CLOSED",
            0x6 => "FRAME_SIZE_ERROR",
            0x7 => "REFUSED_STREAM",
            0x8 => "CANCEL",
            0x9 => "COMPRESSION_ERROR",
            0xa => "CONNECT_ERROR",
            0xb => "ENHANCE_YOUR_CALM",
            0xc => "INADEQUATE_SECURITY",
            0xd => "HTTP_1_1_REQUIRED",
            _ => "",
        }
    }
}

/// The head of a frame (RFC 9113 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Bytes of the payload, 24 bits.
    pub length: u32,
    /// What the payload is.
    pub kind: Kind,
    /// The [`flags`].
    pub flags: u8,
    /// The stream, 31 bits; 0 is the connection.
    pub stream: u32,
}

impl Head {
    /// The head that `bytes` start with; `None` if there are too few. The reserved bit is ignored.
    pub fn parse(bytes: &[u8]) -> Option<Head> {
        let &[a, b, c, kind, flags, d, e, f, g] = bytes.first_chunk::<HEAD_BYTES>()?;
        Some(Head {
            length: u32::from_be_bytes([0, a, b, c]),
            kind: Kind::of(kind),
            flags,
            stream: u32::from_be_bytes([d, e, f, g]) & MAX_31_BITS,
        })
    }

    /// Its bytes.
    pub const fn to_bytes(self) -> [u8; HEAD_BYTES] {
        let [_, a, b, c] = self.length.to_be_bytes();
        let [d, e, f, g] = self.stream.to_be_bytes();
        [a, b, c, self.kind.code(), self.flags, d, e, f, g]
    }

    /// Appends it to `out`.
    pub fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_bytes());
    }

    /// Whether it has this flag.
    pub const fn has(self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// The data in a DATA frame's payload. An error of the connection if it is not as its flags say
/// (RFC 9113 6.1); whether the stream and the length are valid is for the caller to check.
pub fn data(head: Head, payload: &[u8]) -> Result<&[u8], ErrorCode> {
    if !head.has(flags::PADDED) {
        return Ok(payload);
    }
    let (&padding, rest) = payload.split_first().ok_or(ErrorCode::FRAME_SIZE_ERROR)?;
    let length = rest.len().checked_sub(padding.into());
    length.and_then(|length| rest.get(..length)).ok_or(ErrorCode::PROTOCOL_ERROR)
}

/// The part of a field block in a HEADERS frame's payload, and the stream it depends on by the
/// priorities of RFC 7540, if given: a stream must not depend on itself (RFC 9113 5.3.1 refers to
/// RFC 7540 5.3.1). An error of the connection if it is not as its flags say (RFC 9113 6.2).
pub fn block(head: Head, payload: &[u8]) -> Result<(&[u8], Option<u32>), ErrorCode> {
    let fields = data(head, payload)?;
    if !head.has(flags::PRIORITY) {
        return Ok((fields, None));
    }
    let (priority, fields) = fields.split_first_chunk::<5>().ok_or(ErrorCode::FRAME_SIZE_ERROR)?;
    Ok((fields, Some(depends_on(priority))))
}

/// The stream named by the priority fields of a HEADERS or PRIORITY frame (RFC 7540 5.3.1).
pub fn depends_on(priority: &[u8; 5]) -> u32 {
    let [a, b, c, d, _weight] = *priority;
    u32::from_be_bytes([a, b, c, d]) & MAX_31_BITS
}

/// The settings in a SETTINGS frame's payload; an incomplete last one is left out. The caller has
/// checked the length.
pub fn settings(payload: &[u8]) -> impl Iterator<Item = (u16, u32)> {
    let of = |&[a, b, c, d, e, f]: &[u8; 6]| {
        (u16::from_be_bytes([a, b]), u32::from_be_bytes([c, d, e, f]))
    };
    payload.as_chunks().0.iter().map(of)
}

/// Appends a SETTINGS frame.
pub fn write_settings(out: &mut Vec<u8>, settings: &[(u16, u32)]) {
    let length = 6 * settings.len() as u32;
    Head { length, kind: Kind::Settings, flags: 0, stream: 0 }.write(out);
    for (name, value) in settings {
        out.extend_from_slice(&name.to_be_bytes());
        out.extend_from_slice(&value.to_be_bytes());
    }
}

/// Appends the acknowledgement of a SETTINGS frame.
pub fn write_settings_ack(out: &mut Vec<u8>) {
    Head { length: 0, kind: Kind::Settings, flags: flags::ACK, stream: 0 }.write(out);
}

/// Appends a PING frame, or with [`flags::ACK`] the answer to one.
pub fn write_ping(out: &mut Vec<u8>, flags: u8, data: &[u8; 8]) {
    Head { length: 8, kind: Kind::Ping, flags, stream: 0 }.write(out);
    out.extend_from_slice(data);
}

/// Appends a RST_STREAM frame.
pub fn write_rst_stream(out: &mut Vec<u8>, stream: u32, code: ErrorCode) {
    Head { length: 4, kind: Kind::RstStream, flags: 0, stream }.write(out);
    out.extend_from_slice(&code.0.to_be_bytes());
}

/// Appends a GOAWAY frame: streams above `last` are not served. `debug` is a text for the person
/// who reads the client's log; a frame holds [`MAX_PAYLOAD`] − 8 bytes of it.
pub fn write_goaway(out: &mut Vec<u8>, last: u32, code: ErrorCode, debug: &str) {
    let debug = debug.as_bytes();
    let debug = debug.get(..MAX_PAYLOAD - 8).unwrap_or(debug);
    Head { length: 8 + debug.len() as u32, kind: Kind::GoAway, flags: 0, stream: 0 }.write(out);
    out.extend_from_slice(&last.to_be_bytes());
    out.extend_from_slice(&code.0.to_be_bytes());
    out.extend_from_slice(debug);
}

/// Appends a WINDOW_UPDATE frame; `more` bytes, 1 to 2³¹ − 1.
pub fn write_window_update(out: &mut Vec<u8>, stream: u32, more: u32) {
    Head { length: 4, kind: Kind::WindowUpdate, flags: 0, stream }.write(out);
    out.extend_from_slice(&more.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(kind: Kind, flags: u8, stream: u32) -> Head {
        Head { length: 0, kind, flags, stream }
    }

    fn written(write: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
        let mut out = Vec::new();
        write(&mut out);
        let head = Head::parse(&out).unwrap();
        assert_eq!(head.length as usize + HEAD_BYTES, out.len());
        out
    }

    #[test]
    fn a_head_is_read_as_it_is_written() {
        for kind in 0..=255 {
            let bytes = [0xff, 0x01, 0x02, kind, 0x2d, 0xff, 0, 0, 7];
            let head = Head::parse(&bytes).unwrap();
            assert_eq!((head.length, head.flags, head.stream), (0xff_0102, 0x2d, 0x7f00_0007));
            assert_eq!(head.kind.code(), kind);
            let mut expected = bytes;
            expected[5] = 0x7f; // the reserved bit is sent as 0
            assert_eq!(head.to_bytes(), expected);
        }
        assert_eq!(Head::parse(&[0; 8]), None);
    }

    #[test]
    fn padding_is_removed() {
        let padded = head(Kind::Data, flags::PADDED, 1);
        assert_eq!(data(head(Kind::Data, 0, 1), &[2, b'a']), Ok(&[2, b'a'][..]));
        assert_eq!(data(padded, &[2, b'a', 0, 0]), Ok(&b"a"[..]));
        assert_eq!(data(padded, &[0]), Ok(&b""[..]));
        assert_eq!(data(padded, &[2, 0, 0]), Ok(&b""[..]));
        assert_eq!(data(padded, &[3, 0, 0]), Err(ErrorCode::PROTOCOL_ERROR));
        assert_eq!(data(padded, &[1]), Err(ErrorCode::PROTOCOL_ERROR));
        assert_eq!(data(padded, &[]), Err(ErrorCode::FRAME_SIZE_ERROR));
    }

    #[test]
    fn the_block_of_headers_follows_the_priority() {
        let both = head(Kind::Headers, flags::PADDED | flags::PRIORITY, 1);
        assert_eq!(block(both, &[1, 0x80, 0, 0, 3, 9, b'a', 0]), Ok((&b"a"[..], Some(3))));
        assert_eq!(block(both, &[0, 0, 0, 0, 3]), Err(ErrorCode::FRAME_SIZE_ERROR));
        assert_eq!(block(both, &[1, 0, 0, 0, 3, 9]), Err(ErrorCode::FRAME_SIZE_ERROR));
        assert_eq!(block(both, &[9, 0, 0, 0, 3, 9]), Err(ErrorCode::PROTOCOL_ERROR));
        assert_eq!(block(head(Kind::Headers, 0, 1), b"a"), Ok((&b"a"[..], None)));
    }

    #[test]
    fn small_frames() {
        let cases: [(Vec<u8>, &[u8]); 6] = [
            (
                written(|out| write_settings(out, &[(setting::MAX_FRAME_SIZE, 16384), (9, 1)])),
                b"\0\0\x0c\x04\0\0\0\0\0\0\x05\0\0\x40\0\0\x09\0\0\0\x01",
            ),
            (written(write_settings_ack), b"\0\0\0\x04\x01\0\0\0\0"),
            (
                written(|out| write_ping(out, flags::ACK, b"12345678")),
                b"\0\0\x08\x06\x01\0\0\0\x0012345678",
            ),
            (
                written(|out| write_rst_stream(out, 5, ErrorCode::CANCEL)),
                b"\0\0\x04\x03\0\0\0\0\x05\0\0\0\x08",
            ),
            (
                written(|out| write_goaway(out, 7, ErrorCode::PROTOCOL_ERROR, "why")),
                b"\0\0\x0b\x07\0\0\0\0\0\0\0\0\x07\0\0\0\x01why",
            ),
            (
                written(|out| write_window_update(out, 3, 65535)),
                b"\0\0\x04\x08\0\0\0\0\x03\0\0\xff\xff",
            ),
        ];
        for (written, expected) in cases {
            assert_eq!(written, expected);
        }
        let long = written(|out| write_goaway(out, 0, ErrorCode::NO_ERROR, &"x".repeat(20_000)));
        assert_eq!(long.len(), HEAD_BYTES + MAX_PAYLOAD);
    }

    #[test]
    fn settings_are_read_in_order() {
        let bytes = written(|out| write_settings(out, &[(1, 4096), (1, 0), (0x99, u32::MAX)]));
        let read: Vec<_> = settings(&bytes[HEAD_BYTES..]).collect();
        assert_eq!(read, [(1, 4096), (1, 0), (0x99, u32::MAX)]);
        assert_eq!(settings(&bytes[HEAD_BYTES..][..17]).count(), 2);
    }

    #[test]
    fn codes_have_names() {
        assert_eq!(ErrorCode::HTTP_1_1_REQUIRED.name(), "HTTP_1_1_REQUIRED");
        assert_eq!(ErrorCode(0xe).name(), "");
        assert!((0..=0xd).all(|code| !ErrorCode(code).name().is_empty()));
    }
}
