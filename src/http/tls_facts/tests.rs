//! Fingerprints that are published with what they are made from.

use super::*;

fn bytes(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

/// A Chrome of 2023, from the description of JA4, with GREASE values among all that may have them.
fn chrome() -> ClientHello {
    let suites = [
        0x0a0a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013,
        0xc014, 0x009c, 0x009d, 0x002f, 0x0035,
    ];
    let extensions = [
        0x1a1a, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005, 0x0023,
        0x0012, 0x002b, 0xff01, 0x000b, 0x000a, 0x0015, 0xfafa,
    ];
    let signatures = [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601];
    let [suites, extensions, groups, signatures, versions] =
        [&suites[..], &extensions, &[0x2a2a, 29, 23, 24], &signatures, &[0xbaba, 0x0304, 0x0303]]
            .map(bytes);
    let lists: [&[u8]; LISTS] = [
        &suites,
        &extensions,
        &groups,
        &[0],
        &signatures,
        &versions,
        b"\x02h2\x08http/1.1",
        b"a.test",
    ];
    ClientHello::new(0x0303, lists).unwrap()
}

#[test]
fn what_was_offered_comes_back_in_its_order() {
    let hello = chrome();
    assert_eq!(hello.legacy_version(), 0x0303);
    assert_eq!(hello.suites().take(2).collect::<Vec<_>>(), [0x0a0a, 0x1301]);
    assert_eq!(hello.extensions().last(), Some(0xfafa));
    assert_eq!(hello.groups().collect::<Vec<_>>(), [0x2a2a, 29, 23, 24]);
    assert_eq!(hello.point_formats(), [0]);
    assert_eq!(hello.signature_algorithms().count(), 8);
    assert_eq!(hello.versions().collect::<Vec<_>>(), [0xbaba, 0x0304, 0x0303]);
    assert_eq!(hello.alpn().collect::<Vec<_>>(), [&b"h2"[..], b"http/1.1"]);
    assert_eq!(hello.server_name(), Some(&b"a.test"[..]));
    let empty = ClientHello::new(0x0301, [b""; LISTS]).unwrap();
    assert_eq!((empty.suites().count(), empty.alpn().count()), (0, 0));
    assert_eq!(empty.server_name(), None);
}

#[test]
fn a_hello_that_offers_too_much_is_not_kept() {
    let long = vec![0; MAX_OFFERED_BYTES - 2 * LISTS];
    let lists = |long| [long, &[][..], &[], &[], &[], &[], &[], &[]];
    assert!(ClientHello::new(0x0303, lists(&long)).is_some());
    assert!(ClientHello::new(0x0303, lists(&[&long[..], &[0]].concat())).is_none());
}

#[test]
fn fingerprints_are_those_that_are_published() {
    assert_eq!(chrome().ja4(), "t13d1516h2_8daaf6152771_e5627efa2ab1");
    let suites = [47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4];
    let [suites, extensions, groups] = [&suites[..], &[0, 10, 11], &[23, 24, 25]].map(bytes);
    let lists: [&[u8]; LISTS] = [&suites, &extensions, &groups, &[0], b"", b"", b"", b""];
    let hello = ClientHello::new(769, lists).unwrap();
    let text = "769,47-53-5-10-49161-49162-49171-49172-50-56-19-4,0-10-11,23-24-25,0";
    assert_eq!(hello.ja3_text(), text);
    assert_eq!(hello.ja3(), "ada70206e40642a3e4461f35503241d5");
}

#[test]
fn fingerprints_of_unusual_hellos_have_their_form() {
    let ja4 = |version, versions: &[u16], extensions: &[u16], alpn: &[u8]| {
        let (versions, extensions) = (bytes(versions), bytes(extensions));
        let lists: [&[u8]; LISTS] = [b"", &extensions, b"", b"", b"", &versions, alpn, b""];
        let ja4 = ClientHello::new(version, lists).unwrap().ja4();
        ja4.split_once('_').map(|(first, _)| first.to_owned()).unwrap()
    };
    assert_eq!(ja4(0x0303, &[], &[], b""), "t12i000000");
    assert_eq!(ja4(0x0303, &[0x0302, 0x2a2a], &[0, 0x0a0a], b"\x01x"), "t11d0001xx");
    assert_eq!(ja4(0x0300, &[], &[16], b"\x02\xab\x1c"), "ts3i0001ac");
    assert_eq!(ja4(0x0002, &[], &[1; 200], b"\x00"), "t00i009900");
    let empty = ClientHello::new(0x0303, [b""; LISTS]).unwrap();
    assert_eq!(empty.ja4(), "t12i000000_000000000000_000000000000");
}
