//! ClientHellos, whole and cut, in one record and in many.

use super::*;
use crate::base::limits::MAX_OFFERED_BYTES;

/// A ClientHello's body with these extensions, each a type and its data.
fn body(extensions: &[(u16, &[u8])]) -> Vec<u8> {
    let mut body = [&[3, 3][..], &[7; 32], &[4, 1, 2, 3, 4], &[0, 4, 0x13, 1, 0x0a, 0x0a]].concat();
    body.extend([1, 0]);
    let mut all = Vec::new();
    for (kind, data) in extensions {
        all.extend(kind.to_be_bytes());
        all.extend((data.len() as u16).to_be_bytes());
        all.extend(*data);
    }
    body.extend((all.len() as u16).to_be_bytes());
    body.extend(all);
    body
}

/// The message in records of so many bytes.
fn records(body: &[u8], bytes: usize) -> Vec<u8> {
    let length = (body.len() as u32).to_be_bytes();
    let message = [&[CLIENT_HELLO], &length[1..], body].concat();
    let mut records = Vec::new();
    for piece in message.chunks(bytes) {
        records.extend([HANDSHAKE_RECORD, 3, 1]);
        records.extend((piece.len() as u16).to_be_bytes());
        records.extend(piece);
    }
    records
}

const EXTENSIONS: [(u16, &[u8]); 7] = [
    (0, b"\x00\x09\x00\x00\x06a.test"),
    (10, b"\x00\x04\x00\x1d\x00\x17"),
    (11, b"\x01\x00"),
    (13, b"\x00\x02\x04\x03"),
    (16, b"\x00\x0c\x02h2\x08http/1.1"),
    (43, b"\x04\x03\x04\x03\x03"),
    (0x1a1a, b""),
];

#[test]
fn a_hello_is_read_however_it_is_split_into_records() {
    let body = body(&EXTENSIONS);
    for bytes in [1, 2, 3, 4, 5, 40, 1000] {
        let records = records(&body, bytes);
        for end in 0..records.len() {
            assert_eq!(read(&records[..end]), Start::Partial, "{bytes} {end}");
        }
        for rest in [&b""[..], b"\x14\x03\x03\x00\x01\x01"] {
            let Start::Hello(Some(hello)) = read(&[&records, rest].concat()) else {
                panic!("{bytes}")
            };
            assert_eq!(hello.suites().collect::<Vec<_>>(), [0x1301, 0x0a0a]);
            let types = hello.extensions().collect::<Vec<_>>();
            assert_eq!(types, EXTENSIONS.map(|(kind, _)| kind));
            assert_eq!(hello.groups().collect::<Vec<_>>(), [29, 23]);
            assert_eq!(hello.point_formats(), [0]);
            assert_eq!(hello.signature_algorithms().collect::<Vec<_>>(), [0x0403]);
            assert_eq!(hello.versions().collect::<Vec<_>>(), [0x0304, 0x0303]);
            assert_eq!(hello.alpn().collect::<Vec<_>>(), [&b"h2"[..], b"http/1.1"]);
            assert_eq!(hello.server_name(), Some(&b"a.test"[..]));
        }
    }
}

#[test]
fn a_hello_without_extensions_is_one() {
    let body = body(&[]);
    for end in [body.len(), body.len() - 2] {
        let Start::Hello(Some(hello)) = read(&records(&body[..end], 1000)) else { panic!("{end}") };
        assert_eq!((hello.suites().count(), hello.extensions().count()), (2, 0));
    }
}

#[test]
fn what_is_malformed_or_unusually_long_is_left_to_rustls() {
    let whole = body(&EXTENSIONS);
    let cut = |end: usize| records(&whole[..end], 1000);
    let long = vec![0; MAX_OFFERED_BYTES];
    let offers = [&[(long.len() >> 8) as u8, long.len() as u8][..], &long].concat();
    for bytes in [
        cut(0),
        cut(10),
        cut(40),
        cut(whole.len() - 1),
        records(&body(&[(10, &offers)]), 20_000),
        records(&body(&[(10, b"\x00")]), 1000),
        // Another message, another record, an empty one, and a message without end.
        b"\x16\x03\x01\x00\x04\x02\x00\x00\x00".to_vec(),
        b"\x16\x03\x01\x00\x01\x01\x17\x03\x03".to_vec(),
        b"\x16\x03\x01\x00\x00".to_vec(),
        b"\x16\x03\x01\x40\x00\x01\x00\x40\x01".to_vec(),
    ] {
        assert_eq!(read(&bytes), Start::Hello(None), "{bytes:?}");
    }
}

#[test]
fn other_protocols_are_not_tls() {
    for bytes in [&b"GET / HTTP/1.1"[..], b"P", b"\x80\x2e\x01", b"\x15\x03\x01", b"\x00"] {
        assert_eq!(read(bytes), Start::Plain, "{bytes:?}");
    }
    assert_eq!(read(b""), Start::Partial);
    assert!(is_tls(b"\x16") && !is_tls(b""));
}

/// They would be read again with each packet.
#[test]
fn a_hello_in_very_many_records_is_left_to_rustls() {
    let body = body(&[(21, &[0; 300])]);
    let records = records(&body, 1);
    let most = MAX_HELLO_RECORDS * 6;
    assert_eq!(read(&records[..most - 1]), Start::Partial);
    assert_eq!(read(&records[..most]), Start::Hello(None));
    assert_eq!(read(&records), Start::Hello(None));
}
