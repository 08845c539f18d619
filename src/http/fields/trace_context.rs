//! W3C Trace Context: the answer to a `traceparent` field.

use crate::base::random::Random;

/// The value of a `traceresponse` field for a valid `traceparent`: its trace and flags, and an id
/// of this request that follows from `seed`. The field is of the Editor's Draft of Trace Context 2.
///
/// What follows the flags is of a later version and ignored, as its version 00 requires.
pub fn response(traceparent: &[u8], seed: u64) -> Option<String> {
    let text = std::str::from_utf8(traceparent).ok()?;
    let mut parts = text.splitn(5, '-');
    let version = hex(parts.next()?, 2).filter(|version| *version != "ff")?;
    let trace = hex(parts.next()?, 32).filter(is_id)?;
    let _parent = hex(parts.next()?, 16).filter(is_id)?;
    let flags = hex(parts.next()?, 2)?;
    if version == "00" && parts.next().is_some() {
        return None;
    }
    // Not zero, which is no id.
    let child = Random::new(seed).next_u64().max(1);
    Some(format!("00-{trace}-{child:016x}-{flags}"))
}

/// So many hexadecimal digits in lower case.
fn hex(text: &str, digits: usize) -> Option<&str> {
    let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (text.len() == digits && text.bytes().all(is_digit)).then_some(text)
}

fn is_id(digits: &&str) -> bool {
    digits.bytes().any(|digit| digit != b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

    #[test]
    fn the_trace_comes_back_with_an_id_of_the_request() {
        for (sent, flags) in [
            (format!("00-{TRACE}-b7ad6b7169203331-01"), "01"),
            (format!("00-{TRACE}-0000000000000001-00"), "00"),
            (format!("cc-{TRACE}-b7ad6b7169203331-03"), "03"),
            (format!("cc-{TRACE}-b7ad6b7169203331-01-what-the-future-will-be"), "01"),
        ] {
            let answer = response(sent.as_bytes(), 7).expect(&sent);
            let parts: Vec<&str> = answer.split('-').collect();
            assert_eq!((parts[0], parts[1], parts[3]), ("00", TRACE, flags), "{sent}");
            assert!(hex(parts[2], 16).is_some_and(|id| is_id(&id)) && !sent.contains(parts[2]));
            assert_eq!(response(sent.as_bytes(), 7), Some(answer.clone()));
            assert_ne!(response(sent.as_bytes(), 8), Some(answer));
        }
    }

    #[test]
    fn what_is_not_valid_has_no_answer() {
        let zeros = "0".repeat(32);
        for sent in [
            "".to_owned(),
            format!("00-{TRACE}-b7ad6b7169203331"),
            format!("00-{TRACE}-b7ad6b7169203331-1"),
            format!("00-{TRACE}-b7ad6b7169203331-01-"),
            format!("00-{TRACE}-b7ad6b7169203331-01-x"),
            format!("ff-{TRACE}-b7ad6b7169203331-01"),
            format!("cc-{TRACE}-b7ad6b7169203331-01x"),
            format!("0-{TRACE}-b7ad6b7169203331-01"),
            format!("00-{}-b7ad6b7169203331-01", TRACE.to_uppercase()),
            format!("00-{zeros}-b7ad6b7169203331-01"),
            format!("00-{TRACE}-{}-01", &zeros[..16]),
            format!("00-{TRACE}é-b7ad6b7169203331-01"),
        ] {
            assert_eq!(response(sent.as_bytes(), 7), None, "{sent}");
        }
        assert_eq!(response(b"00-\xff", 7), None);
    }
}
