//! A header of the PROXY protocol: the same result for every part of the input, within its bounds;
//! and a connection that begins with one, from a `script.rs` script.

use loiter::base::limits::MAX_PROXY_HEADER_BYTES;
use loiter::http::proxy_facts::tlvs;
use loiter::proto::proxy_protocol::ProxyMode;
use loiter::proto::proxy_protocol::header::{Start, read};
use loiter_fuzz::{play, script};

pub(crate) fn run(data: &[u8]) {
    let Some((&first, rest)) = data.split_first() else { return };
    let whole = read(rest, None);
    for cut in 0..rest.len().min(600) {
        let part = read(&rest[..cut], None);
        assert!(part == Start::Partial || part == whole, "{cut}: {part:?} and {whole:?}");
    }
    if let Start::Header(length, facts) = &whole {
        assert!(*length <= rest.len().min(MAX_PROXY_HEADER_BYTES), "{length} bytes");
        let bytes: usize = facts.tlvs().map(|tlv| 3 + tlv.value.len()).sum();
        assert_eq!(bytes, facts.tlvs.len(), "each TLV is whole");
        for ssl in facts.tlvs().filter_map(|tlv| tlv.ssl()) {
            assert!(tlvs(ssl.subs).all(|sub| sub.is_ok()), "each TLV in one is whole");
        }
    }
    let mode = if first & 64 == 0 { ProxyMode::Required } else { ProxyMode::Optional };
    play::alike_behind(mode, &script::app(first & !64), &script::steps(rest));
}
