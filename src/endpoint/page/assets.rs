//! What the pages are made of: style, script and icon within the document, so that it is the only
//! request.

use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// The form to try a route.
pub(super) static MAIN: Assets = Assets::new(
    &[STYLE],
    &[
        DOM,
        include_str!("login.js"),
        include_str!("curl.js"),
        include_str!("modifiers.js"),
        include_str!("request.js"),
        include_str!("ruler.js"),
        BODY,
        HISTOGRAM,
        include_str!("answer.js"),
        include_str!("many.js"),
        include_str!("link.js"),
        include_str!("script.js"),
    ],
);

const STYLE: &str = include_str!("style.css");
const DOM: &str = include_str!("dom.js");
const BODY: &str = include_str!("body.js");
const HISTOGRAM: &str = include_str!("histogram.js");
/// A clock. Without an icon, a browser would request `/favicon.ico`.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http:%2f%2fwww.w3.org/2000/svg' \
    viewBox='0 0 32 32'%3E%3Ccircle cx='16' cy='16' r='15' fill='%23e8590c'/%3E\
    %3Cpath d='M16 7v9h7' stroke='white' stroke-width='3' fill='none'/%3E%3C/svg%3E";

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
            "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n\
             <meta name=viewport content=\"width=device-width,initial-scale=1\">\n\
             <meta name=color-scheme content=\"light dark\">\n<title>{title}</title>\n\
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
