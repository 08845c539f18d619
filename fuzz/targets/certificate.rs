//! A certificate: no panic, and what is shown of it has no control characters.

use loiter::http::x509::{Certificate, key_bits};

pub(crate) fn run(data: &[u8]) {
    let Some(read) = Certificate::read(data) else { return };
    for name in [read.subject, read.issuer] {
        let shown = name.to_string();
        assert!(!shown.contains(char::is_control), "a control character in {shown:?}");
        assert!(name.attributes().all(|attribute| attribute.kind().len() <= data.len() + 1));
    }
    assert!(read.public_key.len() < data.len());
    assert!(key_bits(read.public_key).is_none_or(|bits| bits.len() < read.public_key.len()));
    assert!(read.alternatives.len() < data.len());
    let again = Certificate::read(data).expect("what was read once");
    assert_eq!(again.alternatives, read.alternatives);
}
