//! Patterns in which `*` matches any text.

/// Whether a text matches a pattern; `same` compares a byte of the pattern, which is no `*`, with
/// one of the text. It takes at most as many steps as the product of both lengths.
pub fn matches(pattern: &[u8], text: &[u8], same: impl Fn(u8, u8) -> bool) -> bool {
    let (mut pattern, mut text) = (pattern, text);
    // The pattern after the last `*`, and the rest of the text when it was reached.
    let mut retry: Option<(&[u8], &[u8])> = None;
    loop {
        match (pattern, text) {
            ([], []) => return true,
            ([b'*', after @ ..], _) => {
                retry = Some((after, text));
                pattern = after;
                continue;
            }
            ([wanted, after @ ..], [byte, rest @ ..]) if same(*wanted, *byte) => {
                (pattern, text) = (after, rest);
                continue;
            }
            _ => {}
        }
        let Some((after, [_, rest @ ..])) = retry else { return false };
        retry = Some((after, rest));
        (pattern, text) = (after, rest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_matches_any_text() {
        for (pattern, text, expected) in [
            ("/get", "/get", true),
            ("/get", "/get/", false),
            ("/get", "/GET", false),
            ("/status/*", "/status/200", true),
            ("/status/*", "/status/", true),
            ("/status/*", "/status", false),
            ("*/get", "/~delay=1s/get", true),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b*", "xxbxxaxx", false),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("*aab", "aaab", true),
        ] {
            let same = |wanted: u8, byte: u8| wanted == byte;
            let found = matches(pattern.as_bytes(), text.as_bytes(), same);
            assert_eq!(found, expected, "{pattern} {text}");
        }
    }
}
