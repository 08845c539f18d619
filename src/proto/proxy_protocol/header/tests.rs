//! Headers of both versions: valid, malformed, and in parts.

use super::*;

const PROXY: Option<IpAddr> = Some(IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)));

/// A header of version 2 with this command and version, family and transport, and block.
fn binary(command: u8, kind: u8, block: &[u8]) -> Vec<u8> {
    let length = u16::try_from(block.len()).unwrap().to_be_bytes();
    [SIGNATURE, &[command, kind], &length, block].concat()
}

/// One for TCP over IPv4 with these TLVs.
fn with_tlvs(tlvs: &[u8]) -> Vec<u8> {
    let ends = [192, 0, 2, 1, 192, 0, 2, 2, 0xdc, 0x04, 0x01, 0xbb];
    binary(0x21, 0x11, &[&ends, tlvs].concat())
}

/// What is read, however much follows; and nothing is decided before.
fn read_whole(header: &[u8]) -> Start {
    let start = read(header, PROXY);
    for more in [&b"GET"[..], b"\r\n", b"\0", header] {
        assert_eq!(read(&[header, more].concat(), PROXY), start, "{header:02x?} {more:?}");
    }
    for cut in 0..header.len() {
        let early = read(&header[..cut], PROXY);
        let same = early == start && !matches!(start, Start::Header(..));
        assert!(early == Start::Partial || same, "{header:02x?} at {cut}: {early:?}");
    }
    start
}

/// The protocol and addresses of a header.
fn shown(header: &[u8]) -> String {
    match read_whole(header) {
        Start::Header(length, facts) => {
            assert_eq!((length, facts.proxy), (header.len(), PROXY));
            assert_eq!(facts.version, if header[0] == b'P' { 1 } else { 2 });
            let ends = match &facts.route {
                ProxiedRoute::Unknown => String::new(),
                ProxiedRoute::Ip { source, destination, local, .. } => {
                    assert_eq!(destination.to_string(), **local);
                    format!(" {source} {destination}")
                }
                ProxiedRoute::Unix { source, destination, .. } => {
                    format!(" {} {}", source.escape_ascii(), destination.escape_ascii())
                }
            };
            let local = if facts.is_local { "LOCAL " } else { "" };
            format!("{local}{}{ends}", facts.route.name())
        }
        start => format!("{start:?}"),
    }
}

#[test]
fn lines_of_version_1() {
    let long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(PROXY_LINE_BYTES - 16));
    for (line, expected) in [
        (
            "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n",
            "TCP4 192.168.0.1:56324 192.168.0.11:443",
        ),
        ("PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n", "TCP4 255.255.255.255:65535 0.0.0.0:0"),
        ("PROXY TCP6 2001:DB8::1 ::1 1 2\r\n", "TCP6 [2001:db8::1]:1 [::1]:2"),
        ("PROXY UNKNOWN\r\n", "UNKNOWN"),
        ("PROXY UNKNOWN ffff::1 any\rthing 1\r\n", "UNKNOWN"),
        (&long, "UNKNOWN"),
    ] {
        assert_eq!(shown(line.as_bytes()), expected, "{line:?}");
    }
    let longer = format!("PROXY UNKNOWN {}\r\n", "x".repeat(PROXY_LINE_BYTES - 15));
    assert_eq!(read_whole(longer.as_bytes()), Start::Invalid("its line is too long"));
}

#[test]
fn malformed_lines() {
    let addresses = Start::Invalid(BAD_ADDRESSES);
    for line in [
        "TCP4 1.1.1.1 2.2.2.2 1",
        "TCP4 1.1.1.1 2.2.2.2 1 2 3",
        "TCP4 1.1.1.1 2.2.2.2 1 2 ",
        "TCP4 1.1.1.1  2.2.2.2 1 2",
        "TCP4 1.1.1.1 2.2.2.2 1 65536",
        "TCP4 1.1.1.1 2.2.2.2 1 02",
        "TCP4 1.1.1.1 2.2.2.2 1 00",
        "TCP4 1.1.1.1 2.2.2.2 +1 2",
        "TCP4 1.1.1.1 2.2.2.2 -1 2",
        "TCP4 1.1.1.1 2.2.2.2 1 ",
        "TCP4 1.1.1.01 2.2.2.2 1 2",
        "TCP4 1.1.1.256 2.2.2.2 1 2",
        "TCP4 1.1.1 2.2.2.2 1 2",
        "TCP4 ::1 ::1 1 2",
        "TCP6 1.1.1.1 ::1 1 2",
        "TCP6 fe80::1%1 ::1 1 2",
        "TCP6 [::1] ::1 1 2",
        "TCP5 ::1 ::1 1 2",
        "tcp4 1.1.1.1 2.2.2.2 1 2",
        "TCP4\t1.1.1.1 2.2.2.2 1 2",
        "TCP4 1.1.1.1 2.2.2.2 1 2\r",
        "UNKNOWNS",
        "",
        " TCP4 1.1.1.1 2.2.2.2 1 2",
        "/ HTTP/1.1",
    ] {
        assert_eq!(read_whole(format!("PROXY {line}\r\n").as_bytes()), addresses, "{line:?}");
    }
    let end = Start::Invalid("its line does not end with CR LF");
    assert_eq!(read_whole(b"PROXY UNKNOWN\n"), end);
    assert_eq!(read_whole(b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n"), end);
    assert_eq!(read_whole(b"PROXY \n"), end);
}

#[test]
fn anything_else_is_recognized_at_its_first_byte() {
    for (bytes, length) in [
        ("GET / HTTP/1.1\r\n", 1),
        ("POST / HTTP/1.1\r\n", 2),
        ("PROXY\r\n", 6),
        ("PROXYING / HTTP/1.1\r\n", 6),
        ("\r\nGET", 3),
        ("\r\n\r\nGET", 5),
        ("\r\n\r\n\0\r\nQUIT\r", 12),
        ("\x16\x03\x01", 1),
        ("\0", 1),
    ] {
        for end in 0..bytes.len() {
            let expected = if end < length { Start::Partial } else { Start::Other };
            assert_eq!(read(&bytes.as_bytes()[..end], None), expected, "{bytes:?} {end}");
        }
    }
}

#[test]
fn blocks_of_version_2() {
    let six: Vec<u8> = (0..36).collect();
    let ends =
        " [1:203:405:607:809:a0b:c0d:e0f]:8225 [1011:1213:1415:1617:1819:1a1b:1c1d:1e1f]:8739";
    let mut unix = [0; 217];
    unix[..6].copy_from_slice(b"/run/a");
    unix[108..110].copy_from_slice(b"\0b");
    let reads = |header: Vec<u8>, expected: &str| assert_eq!(shown(&header), expected);
    reads(with_tlvs(b""), "TCP4 192.0.2.1:56324 192.0.2.2:443");
    reads(binary(0x21, 0x12, &[0; 12]), "UDP4 0.0.0.0:0 0.0.0.0:0");
    reads(binary(0x21, 0x21, &six), &format!("TCP6{ends}"));
    reads(binary(0x21, 0x22, &six), &format!("UDP6{ends}"));
    reads(binary(0x21, 0x31, &unix[..216]), "UNIX_STREAM /run/a \\x00b");
    reads(binary(0x21, 0x32, &[0; 216]), "UNIX_DGRAM  ");
    // What says that it knows no address is skipped, whatever it has.
    for (command, kind, expected) in [
        (0x20, 0x00, "LOCAL UNKNOWN"),
        (0x20, 0x11, "LOCAL UNKNOWN"),
        (0x20, 0xff, "LOCAL UNKNOWN"),
        (0x21, 0x00, "UNKNOWN"),
        (0x21, 0x10, "UNKNOWN"),
        (0x21, 0x01, "UNKNOWN"),
    ] {
        for block in [&b""[..], b"\x03", b"\x03\0\x04\0\0\0\0", &six] {
            reads(binary(command, kind, block), expected);
        }
    }
    reads(with_tlvs(&[4; 4096 - 28]), "Invalid(\"its length does not fit its contents\")");
    let fits = [&[4, 0x0f, 0xe1][..], &[0; 4096 - 31]].concat();
    reads(with_tlvs(&fits), "TCP4 192.0.2.1:56324 192.0.2.2:443");
}

#[test]
fn malformed_blocks() {
    let refuses = |header: &[u8], why| assert_eq!(read_whole(header), Start::Invalid(why));
    for kind in [0x13, 0x1f, 0x40, 0x41, 0xf1, 0x03] {
        refuses(&binary(0x21, kind, &[0; 216]), "its address family or transport is unknown");
    }
    for command in 0x22..=0x2f {
        refuses(&binary(command, 0x11, &[0; 12]), "its command is unknown");
    }
    for version in [0x01, 0x11, 0x31, 0xf1, 0x00] {
        refuses(&binary(version, 0x11, &[0; 12]), "its version is not 2");
    }
    for (kind, least) in [(0x11, 12), (0x12, 12), (0x21, 36), (0x22, 36), (0x31, 216)] {
        for length in [0, 1, least / 2, least - 1] {
            refuses(&binary(0x21, kind, &vec![0; length]), BAD_LENGTH);
        }
    }
    for tlvs in [
        &b"\x01"[..],
        b"\x01\0",
        b"\x01\0\x01",
        b"\x01\0\x02h2\x04\0\x01",
        b"\x03\0\x03abc",
        b"\x03\0\0",
        b"\x20\0\x04\0\0\0\0",
        b"\x20\0\x06\0\0\0\0\0\x21",
    ] {
        refuses(&with_tlvs(tlvs), BAD_LENGTH);
    }
    let too_long = [SIGNATURE, &[0x21, 0x11, 0x0f, 0xf1]].concat();
    refuses(&too_long, "it is too long");
}

#[test]
fn a_checksum_covers_the_whole_header() {
    let tlvs = b"\x01\0\x02h2\x03\0\x04\0\0\0\0\x04\0\x01x";
    let mut header = with_tlvs(tlvs);
    let at = header.len() - 8;
    let sum = crc32c(&[&header]).to_be_bytes();
    header[at..at + 4].copy_from_slice(&sum);
    let Start::Header(_, facts) = read_whole(&header) else { panic!("{:?}", read_whole(&header)) };
    let kinds = facts.tlvs().map(|tlv| (tlv.kind, tlv.value.len()));
    assert_eq!(kinds.collect::<Vec<_>>(), [(1, 2), (3, 4), (4, 1)]);
    // Each changed bit is found, wherever the header is still well-formed.
    let mut found = 0;
    for bit in 0..header.len() * 8 {
        let mut changed = header.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        match read(&changed, PROXY) {
            Start::Header(_, facts) => {
                let unsummed = facts.is_local || facts.route == ProxiedRoute::Unknown;
                let renamed = facts.tlvs().all(|tlv| tlv.kind != TLV_CRC32C);
                assert!(unsummed || renamed, "bit {bit}: {facts:?}");
            }
            start => found += usize::from(start == Start::Invalid("its checksum is wrong")),
        }
    }
    assert!(found > 150, "{found}");
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_alike_in_whatever_parts(
        bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..250),
        start in 0..4usize,
        kind in 0..0x34u8,
        tlvs in proptest::collection::vec(0..5u8, 0..40),
    ) {
        let text = b"PROXY TCP4 ".to_vec();
        let starts = [vec![], text, binary(0x21, kind, &bytes), with_tlvs(&tlvs)];
        let all = [&starts[start][..], &bytes].concat();
        let whole = read(&all, PROXY);
        for cut in 0..all.len() {
            let part = read(&all[..cut], PROXY);
            proptest::prop_assert!(part == Start::Partial || part == whole, "{}", cut);
        }
    }
}
