//! Which bytes and characters are valid in the parts of a message.

/// Bytes of a token (RFC 9110 5.6.2). A table, since no comparison of ranges covers them.
pub fn in_token(byte: u8) -> bool {
    TOKEN_BYTES[usize::from(byte)]
}

/// Bytes that nearly every host and port consists of.
pub fn in_plain_host(byte: u8) -> bool {
    PLAIN_HOST[usize::from(byte)]
}

/// Bytes of a field value (RFC 9110 5.5): no control character but TAB; all bytes beyond ASCII.
pub fn in_text(byte: u8) -> bool {
    (byte >= b' ') & (byte != 0x7f) | (byte == b'\t')
}

/// Visible ASCII.
pub fn is_visible(byte: u8) -> bool {
    (byte > b' ') & (byte < 0x7f)
}

/// Whether all bytes fulfil a condition made of comparisons. They are tested 16 at a time, or 8 in
/// a short text, which the compiler vectorizes.
pub fn all(bytes: &[u8], fits: impl Fn(u8) -> bool) -> bool {
    match bytes.len() {
        16.. => all_wide::<16>(bytes, fits),
        8.. => all_wide::<8>(bytes, fits),
        _ => bytes.iter().all(|&byte| fits(byte)),
    }
}

/// The last chunk may overlap the one before it.
fn all_wide<const WIDTH: usize>(bytes: &[u8], fits: impl Fn(u8) -> bool) -> bool {
    let wide = |chunk: &[u8; WIDTH]| chunk.iter().fold(true, |all, &byte| all & fits(byte));
    bytes.as_chunks().0.iter().all(wide) && bytes.last_chunk().is_none_or(wide)
}

/// Regular expression for any text.
pub const ANY_TEXT: &str = r"^[\s\S]*$";

/// Regular expression for what [`is_token`] accepts.
pub const TOKEN: &str = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$";

/// Regular expression for what [`is_field_value`] accepts.
pub const FIELD_VALUE: &str = r"^[^\x00-\x08\x0a-\x1f\x7f]*$";

/// Whether a text is a valid field name (RFC 9110 5.6.2).
pub fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(in_token)
}

/// Whether a text is a valid field value: no control character but TAB (RFC 9110 5.5).
pub fn is_field_value(value: &str) -> bool {
    all(value.as_bytes(), in_text)
}

/// Whether a text from the client is safe in a field: recipients disagree about control characters.
pub fn has_no_controls(value: &str) -> bool {
    !value.contains(char::is_control)
}

static TOKEN_BYTES: [bool; 256] = table(b"!#$%&'*+-.^_`|~");
static PLAIN_HOST: [bool; 256] = table(b".-");

/// Letters, digits and these bytes.
const fn table(marks: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < table.len() {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut mark = 0;
    while mark < marks.len() {
        table[marks[mark] as usize] = true;
        mark += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_checked() {
        for length in 0..70 {
            let mut bytes = vec![b'a'; length];
            assert!(all(&bytes, in_text));
            for at in 0..length {
                bytes[at] = 0x1f;
                assert!(!all(&bytes, in_text), "{at} of {length}");
                bytes[at] = b'a';
            }
        }
    }

    #[test]
    fn kinds() {
        let of = |kind: fn(u8) -> bool| (0..=255).filter(|&byte| kind(byte)).collect::<Vec<u8>>();
        assert_eq!(of(in_token).len(), 26 + 26 + 10 + 15);
        assert_eq!(of(is_visible), (0x21..=0x7e).collect::<Vec<u8>>());
        let controls = (0..=255).filter(|&byte: &u8| !in_text(byte)).collect::<Vec<u8>>();
        assert_eq!(controls, (0..=0x1f).filter(|&b| b != 9).chain([0x7f]).collect::<Vec<u8>>());
    }
}
