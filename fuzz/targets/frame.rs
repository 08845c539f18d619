//! A frame: its head is written as it was read, the parts of a payload are parts of it, and small
//! frames are read as they were written.

use loiter::proto::http2::frame::{self, ErrorCode, HEAD_BYTES, Head, Kind, flags};

/// Reads a frame that was written as a whole.
fn read(frame: &[u8], kind: Kind) -> (Head, &[u8]) {
    let head = Head::parse(frame).expect("a frame has a head");
    assert_eq!((head.kind, head.length as usize), (kind, frame.len() - HEAD_BYTES));
    (head, &frame[HEAD_BYTES..])
}

fn settings_come_back(payload: &[u8]) {
    let settings: Vec<(u16, u32)> = frame::settings(payload).collect();
    let mut written = Vec::new();
    frame::write_settings(&mut written, &settings);
    let (_, again) = read(&written, Kind::Settings);
    assert_eq!(again, &payload[..payload.len() / 6 * 6]);
}

fn parts(head: Head, payload: &[u8]) {
    let padded = head.has(flags::PADDED);
    let padding = if padded { payload.first().map(|&bytes| usize::from(bytes)) } else { Some(0) };
    let most = payload.len().checked_sub(usize::from(padded) + padding.unwrap_or_default());
    match frame::data(head, payload) {
        Ok(data) => assert_eq!(Some(data.len()), most),
        Err(ErrorCode::FRAME_SIZE_ERROR) => assert_eq!(padding, None),
        Err(code) => assert_eq!((code, most), (ErrorCode::PROTOCOL_ERROR, None)),
    }
    if let Ok((fields, on)) = frame::block(head, payload) {
        let priority = if head.has(flags::PRIORITY) { 5 } else { 0 };
        assert_eq!(Some(fields.len() + priority), most);
        assert_eq!(on.is_some(), priority > 0);
    }
}

pub(crate) fn run(data: &[u8]) {
    let Some(head) = Head::parse(data) else {
        return assert!(data.len() < HEAD_BYTES);
    };
    let mut same = data[..HEAD_BYTES].to_vec();
    same[5] &= 0x7f; // the reserved bit
    assert_eq!(head.to_bytes()[..], same);
    let payload = &data[HEAD_BYTES..];
    parts(head, payload);
    settings_come_back(payload);
    let mut goaway = Vec::new();
    let text = String::from_utf8_lossy(payload);
    frame::write_goaway(&mut goaway, head.stream, ErrorCode(head.length), &text);
    assert!(read(&goaway, Kind::GoAway).1.len() <= frame::MAX_PAYLOAD);
}
