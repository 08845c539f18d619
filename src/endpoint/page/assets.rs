//! What the pages are made of: style, script and icon within the document, so that it is the only
//! request.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::http::html::HEAD;

/// A file of this folder without what is only for its readers: indentation, blank lines, and
/// comments that are lines of their own. It is a seventh smaller.
macro_rules! asset {
    ($file:literal) => {{
        const TEXT: &[u8] = include_bytes!($file);
        const BYTES: [u8; compact::<0>(TEXT).1] = compact(TEXT).0;
        const COMPACT: &str = match std::str::from_utf8(&BYTES) {
            Ok(text) => text,
            Err(_) => "",
        };
        COMPACT
    }};
}

/// The form to try a route.
pub(super) static MAIN: Assets = Assets::new(
    &[STYLE],
    &[
        DOM,
        asset!("login.js"),
        asset!("curl.js"),
        asset!("modifiers.js"),
        asset!("request.js"),
        asset!("ruler.js"),
        BODY,
        HISTOGRAM,
        asset!("answer.js"),
        asset!("many.js"),
        asset!("link.js"),
        asset!("script.js"),
    ],
);

/// The journal's requests as they come.
pub(super) static LIVE: Assets =
    Assets::new(&[STYLE, asset!("live.css")], &[DOM, BODY, HISTOGRAM, asset!("live.js")]);

const STYLE: &str = asset!("style.css");
const DOM: &str = asset!("dom.js");
const BODY: &str = asset!("body.js");
const HISTOGRAM: &str = asset!("histogram.js");
/// A clock. Without an icon, a browser would request `/favicon.ico`.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http:%2f%2fwww.w3.org/2000/svg' \
    viewBox='0 0 32 32'%3E%3Ccircle cx='16' cy='16' r='15' fill='%23e8590c'/%3E\
    %3Cpath d='M16 7v9h7' stroke='white' stroke-width='3' fill='none'/%3E%3C/svg%3E";

/// The first `N` bytes of the compact text, and its length.
const fn compact<const N: usize>(text: &[u8]) -> ([u8; N], usize) {
    let (mut output, mut length, mut at) = ([0; N], 0, 0);
    while at < text.len() {
        while at < text.len() && text[at] == b' ' {
            at += 1;
        }
        let comment =
            at + 1 < text.len() && text[at] == b'/' && matches!(text[at + 1], b'/' | b'*');
        let kept = !comment && at < text.len() && text[at] != b'\n';
        let mut in_line = true;
        while in_line && at < text.len() {
            if kept && length < N {
                output[length] = text[at];
            }
            length += kept as usize;
            in_line = text[at] != b'\n';
            at += 1;
        }
    }
    (output, length)
}

/// The style and the script of a page, in parts: those that pages share are in the program once.
pub(super) struct Assets {
    style: &'static [&'static str],
    script: &'static [&'static str],
    policy: OnceLock<String>,
}

impl Assets {
    const fn new(style: &'static [&'static str], script: &'static [&'static str]) -> Assets {
        Assets { style, script, policy: OnceLock::new() }
    }

    /// The page's Content-Security-Policy: its own style, script and server.
    pub(super) fn policy(&self) -> &str {
        let hash = |parts: &[&str]| STANDARD.encode(Sha256::digest(parts.concat().as_bytes()));
        self.policy.get_or_init(|| {
            format!(
                "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; \
                 connect-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; \
                 frame-ancestors 'none'",
                hash(self.style),
                hash(self.script)
            )
        })
    }

    /// The document: what is before the script, and the script.
    pub(super) fn document(&self, title: &str, before: &str) -> Vec<u8> {
        format!(
            "{HEAD}<title>{title}</title>\n\
             <link rel=icon href=\"{ICON}\">\n<style>{style}</style>\n\
             {before}<script>{script}</script>\n",
            style = self.style.concat(),
            script = self.script.concat(),
        )
        .into_bytes()
    }
}

/// The name, as a heading whose letters are spaced.
pub(super) fn heading() -> String {
    let letters: String = "loiter".chars().map(|char| format!("<span>{char}</span>")).collect();
    format!("<h1 aria-label=loiter>{letters}</h1>\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compact_text_has_neither_indentation_nor_comments() {
        let text = b"// About a.\n\na {\n  b: c; // d\n\n  /* e */\n}\nf";
        let (output, length) = compact::<100>(text);
        assert_eq!(&output[..length], b"a {\nb: c; // d\n}\nf");
        assert_eq!(compact::<0>(text).1, length);
    }

    /// Comments and template literals of several lines would be cut in two.
    #[test]
    fn no_comment_is_longer_than_its_line() {
        for part in [MAIN.style, MAIN.script, LIVE.style, LIVE.script].concat() {
            assert!(!part.is_empty());
            for line in part.lines() {
                assert!(!line.contains("/*") || line.contains("*/"), "{line}");
                assert!(line.matches('`').count() % 2 == 0, "{line}");
            }
        }
    }
}
