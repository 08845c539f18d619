//! Which bytes may stand where, in the words of a message.

/// Bytes of a token (RFC 9110 5.6.2): a look at a table, since there is no short way to say it.
pub fn in_token(byte: u8) -> bool {
    TOKEN[usize::from(byte)]
}

/// Bytes that a host's name and port are nearly always made of.
pub fn in_plain_host(byte: u8) -> bool {
    PLAIN_HOST[usize::from(byte)]
}

/// Bytes of a field's value (RFC 9110 5.5): no control character but TAB, and all beyond ASCII.
pub fn in_text(byte: u8) -> bool {
    (byte >= b' ') & (byte != 0x7f) | (byte == b'\t')
}

/// Bytes that are seen, of ASCII.
pub fn is_visible(byte: u8) -> bool {
    (byte > b' ') & (byte < 0x7f)
}

/// Whether all bytes are of a kind that is told by comparisons alone. Sixteen are looked at
/// together, or eight of a short text, which the compiler turns into wide instructions.
pub fn all(bytes: &[u8], fits: impl Fn(u8) -> bool) -> bool {
    match bytes.len() {
        16.. => all_wide::<16>(bytes, fits),
        8.. => all_wide::<8>(bytes, fits),
        _ => bytes.iter().all(|&byte| fits(byte)),
    }
}

/// The last so many may overlap those before them.
fn all_wide<const WIDTH: usize>(bytes: &[u8], fits: impl Fn(u8) -> bool) -> bool {
    let wide = |chunk: &[u8; WIDTH]| chunk.iter().fold(true, |all, &byte| all & fits(byte));
    bytes.as_chunks().0.iter().all(wide) && bytes.last_chunk().is_none_or(wide)
}

static TOKEN: [bool; 256] = table(b"!#$%&'*+-.^_`|~");
static PLAIN_HOST: [bool; 256] = table(b".-");

/// Letters, digits and these.
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
    fn all_looks_at_every_byte() {
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
