//! Reading Rust as far as the rules need it: what is code, and what is a comment or a literal.

use super::source::is_word_char;

/// The text with comments and the insides of literals turned into blanks, line for line.
pub(crate) fn blank(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = opaque_length(rest, out.chars().next_back());
        if length == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            let (opaque, after) = rest.split_at(length);
            out.extend(opaque.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = after;
        }
    }
    out
}

/// The length of the comment or literal that starts here; 0 when none does.
fn opaque_length(rest: &str, before: Option<char>) -> usize {
    let in_word = before.is_some_and(is_word_char);
    let hashes = rest[1.min(rest.len())..].bytes().take_while(|byte| *byte == b'#').count();
    match rest.as_bytes() {
        [b'/', b'/', ..] => rest.find('\n').unwrap_or(rest.len()),
        [b'/', b'*', ..] => comment_length(rest),
        [b'"', ..] => quoted_length(rest, '"'),
        [b'r', ..] if rest[1 + hashes..].starts_with('"') && (!in_word || before == Some('b')) => {
            let close = format!("\"{}", "#".repeat(hashes));
            let open = hashes + 2;
            rest[open..].find(&close).map_or(rest.len(), |at| open + at + close.len())
        }
        [b'\'', b'\\', ..] => quoted_length(rest, '\''),
        [b'\'', ..] => {
            // A quote two characters on makes it a literal; otherwise it is a lifetime.
            let mut chars = rest.char_indices().skip(2);
            chars.next().filter(|(_, c)| *c == '\'').map_or(0, |(at, _)| at + 1)
        }
        _ => 0,
    }
}

fn quoted_length(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn comment_length(rest: &str) -> usize {
    let mut depth = 0usize;
    let mut at = 0;
    while at < rest.len() {
        let (step, change) = match &rest.as_bytes()[at..] {
            [b'/', b'*', ..] => (2, 1),
            [b'*', b'/', ..] => (2, -1),
            _ => (1, 0),
        };
        at += step;
        depth = depth.saturating_add_signed(change);
        if depth == 0 {
            break;
        }
    }
    at
}

#[test]
fn strings_and_comments_are_no_code() {
    for (text, code) in [
        ("a // b\nc", "a     \nc"),
        ("a /* /* b */ */ c", "a               c"),
        ("a(\"b\\\"c\", d)", "a(      , d)"),
        ("a(r#\"b\"c\"#, d)", "a(        , d)"),
        ("a(br\"b\\\", d)", "a(b     , d)"),
        ("'\"' 'é' '\\'' b", "             b"),
        ("fn a<'b>(c: &'b C)", "fn a<'b>(c: &'b C)"),
        ("var(\"x\")", "var(   )"),
    ] {
        assert_eq!(blank(text), code, "{text}");
    }
}
