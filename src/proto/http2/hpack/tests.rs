//! The examples of RFC 7541 appendix C, every error, and the limits.

mod oracles;

use super::decode::{DecodeError, Decoder};
use super::decoded::{Decoded, Fault};
use super::encode::{compressed_field, field, status};
use crate::base::limits::Limits;
use crate::http::status::Status;

/// The bytes written as hexadecimal digits, with blanks.
fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

/// Decodes a block into the text of its fields; the lines and the text must agree.
fn decode_with(
    decoder: &mut Decoder,
    block: &[u8],
    limits: &Limits,
) -> Result<Decoded, DecodeError> {
    let mut decoded = Decoded::default();
    decoder.decode(block, &mut decoded, limits)?;
    let line = |line: &super::decoded::Line| {
        let (name, value) = (line.name(&decoded.text), line.value(&decoded.text));
        [name, b": ", value, b"\r\n"].concat()
    };
    let lines: Vec<u8> = decoded.lines.iter().flat_map(line).collect();
    assert_eq!([&lines[..], b"\r\n"].concat(), decoded.text);
    Ok(decoded)
}

fn text(decoder: &mut Decoder, block: &str) -> Result<String, &'static str> {
    let decoded = decode_with(decoder, &hex(block), &Limits::default()).map_err(|error| error.0)?;
    assert_eq!(decoded.fault, None);
    Ok(String::from_utf8(decoded.text).unwrap())
}

fn fault(block: &[u8], limits: &Limits) -> Option<Fault> {
    decode_with(&mut Decoder::new(), block, limits).unwrap().fault
}

/// C.2: one field of each representation.
#[test]
fn representations() {
    for (block, expected) in [
        (
            "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
            "custom-key: custom-header",
        ),
        ("040c 2f73 616d 706c 652f 7061 7468", ":path: /sample/path"),
        ("1008 7061 7373 776f 7264 0673 6563 7265 74", "password: secret"),
        ("82", ":method: GET"),
    ] {
        let mut decoder = Decoder::new();
        assert_eq!(text(&mut decoder, block).unwrap(), format!("{expected}\r\n\r\n"));
        let kept = block.starts_with("40");
        assert_eq!(text(&mut decoder, "be").is_ok(), kept, "{expected}");
    }
}

/// C.3 and C.4: three requests on one connection, without and with Huffman codes.
#[test]
fn requests() {
    const START: &str =
        ":method: GET\r\n:scheme: http\r\n:path: /\r\n:authority: www.example.com\r\n";
    for blocks in [
        [
            "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
            "8286 84be 5808 6e6f 2d63 6163 6865",
            "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
        ],
        [
            "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
            "8286 84be 5886 a8eb 1064 9cbf",
            "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
        ],
    ] {
        let decoder = &mut Decoder::new();
        assert_eq!(text(decoder, blocks[0]).unwrap(), format!("{START}\r\n"));
        let expected = format!("{START}cache-control: no-cache\r\n\r\n");
        assert_eq!(text(decoder, blocks[1]).unwrap(), expected);
        assert_eq!(
            text(decoder, blocks[2]).unwrap(),
            ":method: GET\r\n:scheme: https\r\n:path: /index.html\r\n\
             :authority: www.example.com\r\ncustom-key: custom-value\r\n\r\n"
        );
    }
}

/// C.5 and C.6: three answers with a table of 256 bytes, from which entries are evicted.
#[test]
fn answers() {
    let head = |status: &str, date: &str| {
        format!(
            ":status: {status}\r\ncache-control: private\r\n\
             date: Mon, 21 Oct 2013 20:13:{date} GMT\r\nlocation: https://www.example.com\r\n"
        )
    };
    for blocks in [
        [
            "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032
             303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63
             6f6d",
            "4803 3330 37c1 c0bf",
            "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0
             5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851
             5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31",
        ],
        [
            "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b
             ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
            "4883 640e ffc1 c0bf",
            "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad
             94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160
             65c0 03ed 4ee5 b106 3d50 07",
        ],
    ] {
        let decoder = &mut Decoder::new();
        let first = format!("3fe1 01 {}", blocks[0]);
        assert_eq!(text(decoder, &first).unwrap(), format!("{}\r\n", head("302", "21")));
        assert_eq!(text(decoder, blocks[1]).unwrap(), format!("{}\r\n", head("307", "21")));
        let cookie = "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1\r\n";
        let expected = format!("{}content-encoding: gzip\r\n{cookie}\r\n", head("200", "22"));
        assert_eq!(text(decoder, blocks[2]).unwrap(), expected);
        // Three entries are left: set-cookie, content-encoding and date.
        assert!(text(decoder, "c0").unwrap().starts_with("date: "));
        assert!(text(decoder, "c1").is_err());
    }
}

#[test]
fn blocks_that_cannot_be_decoded() {
    for (block, reason) in [
        ("80", "index that no table has"),
        ("be", "index that no table has"),
        ("ff80 01", "index that no table has"),
        ("7f00 00", "index that no table has"),
        ("0f80 01 00", "index that no table has"),
        ("ff", "ends within a field"),
        ("ff80", "ends within a field"),
        ("40", "ends within a field"),
        ("4001 61", "ends within a field"),
        ("4001 6101", "ends within a field"),
        ("4002 61", "ends within a field"),
        ("007f", "ends within a field"),
        ("ff80 8080 8001", "too large"),
        ("ffff ffff ffff ff7f", "too large"),
        ("007f ffff ffff ffff ff7f", "too large"),
        ("0001 6181 06", "Huffman"),
        ("0001 6184 ffff ffff", "Huffman"),
        ("0081 ff00", "Huffman"),
        ("3fe2 1f", "not allowed"),
        ("2020 20", "not allowed"),
        ("8220", "follows a field"),
        ("3f", "ends within a field"),
    ] {
        let error = text(&mut Decoder::new(), block).unwrap_err();
        assert!(error.contains(reason), "{block}: {error}");
    }
}

#[test]
fn size_updates_evict() {
    let decoder = &mut Decoder::new();
    assert_eq!(text(decoder, "4001 6101 62").unwrap(), "a: b\r\n\r\n");
    assert_eq!(text(decoder, "3fe1 1f be").unwrap(), "a: b\r\n\r\n"); // 4096
    assert_eq!(text(decoder, "3f03 be").unwrap(), "a: b\r\n\r\n"); // 34, its size
    assert!(text(decoder, "3f02 be").is_err()); // 33
    assert_eq!(text(decoder, "203f e11f 4001 6101 62").unwrap(), "a: b\r\n\r\n");
    assert_eq!(text(decoder, "be").unwrap(), "a: b\r\n\r\n");
    assert_eq!(text(decoder, "").unwrap(), "\r\n");
}

#[test]
fn a_new_entry_may_be_named_by_one_that_it_evicts() {
    let decoder = &mut Decoder::new();
    let value = |length: usize| {
        format!("7f{:02x}{:02x}", 0x80 | ((length - 127) % 128), (length - 127) / 128)
    };
    let long = format!("{}{}", value(4000), "61".repeat(4000));
    text(decoder, &format!("4002 6e6e {long}")).unwrap();
    let again = text(decoder, &format!("7e {long}")).unwrap();
    assert_eq!(again, format!("nn: {}\r\n\r\n", "a".repeat(4000)));
    assert_eq!(text(decoder, "be").unwrap(), again);
    assert!(text(decoder, "bf").is_err());
}

#[test]
fn fields_that_are_not_valid_are_left_out_but_kept_in_the_table() {
    for (name, value, reason) in [
        ("A", "b", "lower case"),
        ("", "b", "token"),
        (":", "b", "token"),
        ("a b", "b", "token"),
        ("a:", "b", "token"),
        ("a\r\nb", "c", "token"),
        ("a", "b\r\nc: d", "control"),
        ("a", "b\0", "control"),
        ("a", "b\n", "control"),
        ("a", "\x7f", "control"),
        ("a", " b", "blank"),
        ("a", "b\t", "blank"),
    ] {
        let decoder = &mut Decoder::new();
        let (length, value_length) = (name.len() as u8, value.len() as u8);
        let literal = [&[0x82, 0x40, length], name.as_bytes(), &[value_length], value.as_bytes()];
        let block = [&literal.concat()[..], &[0x84]].concat();
        let first = decode_with(decoder, &block, &Limits::default()).unwrap();
        // The second time it comes from the table, then its name does.
        let second = decode_with(decoder, &[0x82, 0xbe], &Limits::default()).unwrap();
        let third = decode_with(decoder, &[0x82, 0x7e, 1, b'v'], &Limits::default()).unwrap();
        for decoded in [&first, &second] {
            let Some(Fault::Malformed(why)) = decoded.fault else { panic!("{name:?}: {value:?}") };
            assert!(why.contains(reason), "{name:?}: {value:?}: {why}");
            assert_eq!(decoded.text, b":method: GET\r\n\r\n");
        }
        assert_eq!(third.fault.is_some(), name != "a", "{name:?}");
    }
    assert_eq!(fault(b"\x00\x02:a\x03b c\x00\x01a\x00", &Limits::default()), None);
    assert_eq!(fault(b"\x00\x01a\x03b\tc\x00\x01a\x02\xff\x80", &Limits::default()), None);
}

fn refusal(fault: Option<Fault>) -> u16 {
    match fault {
        Some(Fault::Refused(refusal)) => refusal.status.0,
        None => 0,
        Some(Fault::Malformed(_)) => 1,
    }
}

#[test]
fn a_head_beyond_a_limit_is_refused_and_the_table_stays_in_step() {
    let limits =
        Limits { head_fields: 3, head_line_bytes: 20, head_bytes: 100, ..Limits::default() };
    let status_of = |block: &[u8]| refusal(fault(block, &limits));
    // Pseudo-fields do not count as fields; crumbs of a cookie do.
    assert_eq!(status_of(b"\x82\x84\x86\xa0\xa0\xa0"), 0);
    assert_eq!(status_of(b"\x82\x84\x86\xa0\xa0\xa0\xa0"), 431);
    assert_eq!(status_of(b"\x82\x82\x82\x82\x82"), 0);
    assert_eq!(status_of(b"\x82\x82\x82\x82\x82\x82"), 1);
    assert_eq!(status_of(b"\x00\x01a\x13bbbbbbbbbbbbbbbbbbb"), 0);
    assert_eq!(status_of(b"\x00\x01a\x14bbbbbbbbbbbbbbbbbbbb"), 431);
    assert_eq!(status_of(b"\x04\x0f/bbbbbbbbbbbbbb"), 0);
    assert_eq!(status_of(b"\x04\x10/bbbbbbbbbbbbbbb"), 414);
    // Four lines of 24 bytes and the empty line are 98.
    let lines = b"\x00\x01a\x13bbbbbbbbbbbbbbbbbbb".repeat(3);
    assert_eq!(status_of(&[b"\x00\x04:abc\x10bbbbbbbbbbbbbbbb", &lines[..]].concat()), 0);
    assert_eq!(status_of(&[b"\x00\x06:abcde\x0ebbbbbbbbbbbbbb\x82", &lines[..]].concat()), 431);

    let decoder = &mut Decoder::new();
    let block = [&b"\xa0".repeat(5)[..], b"\x40\x01a\x01b"].concat();
    let decoded = decode_with(decoder, &block, &limits).unwrap();
    assert_eq!((refusal(decoded.fault), decoded.lines.len()), (431, 3));
    assert_eq!(text(decoder, "be").unwrap(), "a: b\r\n\r\n");
}

/// A kilobyte names one large entry again and again: the text is never larger than its limit.
#[test]
fn an_hpack_bomb_is_bounded() {
    let decoder = &mut Decoder::new();
    let mut block = vec![0x40, 1, b'a', 0x7f, 0x81, 0x1e];
    block.extend([b'b'; 3968]);
    block.extend([0xbe; 16_000]);
    let decoded = decode_with(decoder, &block, &Limits::default()).unwrap();
    assert_eq!(refusal(decoded.fault), 431);
    assert!(decoded.text.len() <= Limits::default().head_bytes);
    assert!(decoded.text.capacity() <= 2 * Limits::default().head_bytes);
}

#[test]
fn answers_are_encoded() {
    let encoded = |write: fn(&mut Vec<u8>)| {
        let mut out = Vec::new();
        write(&mut out);
        out
    };
    assert_eq!(encoded(|out| status(out, Status(200))), hex("88"));
    assert_eq!(encoded(|out| status(out, Status(302))), hex("0803 3330 32"));
    assert_eq!(
        encoded(|out| compressed_field(out, b":status", b"302")),
        hex("0085 b884 8d36 a3 8264 02")
    );
    assert_eq!(encoded(|out| field(out, b"Date", b"now")), hex("0f12 036e 6f77"));
    assert_eq!(encoded(|out| field(out, b"X-A", b"")), hex("0003 782d 6100"));
    let key = encoded(|out| compressed_field(out, b"Custom-Key", b"custom-value"));
    assert_eq!(key, hex("0088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf"));
    let long = encoded(|out| field(out, b"a", &[b'b'; 300]));
    assert_eq!(long[..6], hex("0001 617f ad01"));
    for code in 100..=999 {
        let mut out = Vec::new();
        status(&mut out, Status(code));
        let decoded = decode_with(&mut Decoder::new(), &out, &Limits::default()).unwrap();
        assert_eq!(decoded.text, format!(":status: {code}\r\n\r\n").into_bytes());
    }
}
