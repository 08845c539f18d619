//! HTML: escaping, and which media types a browser would execute.

/// How each page begins: it fits the width of a phone, and is dark if the browser prefers that.
pub const HEAD: &str = "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n\
    <meta name=viewport content=\"width=device-width,initial-scale=1\">\n\
    <meta name=color-scheme content=\"light dark\">\n";

/// Media types that no browser treats as a page or a script.
const HARMLESS: [&str; 3] = ["application/json", "text/plain", "application/octet-stream"];

/// The text with the characters replaced that are markup or end an attribute in HTML.
pub fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut output, char| {
        match u8::try_from(char).ok().and_then(entity) {
            Some(entity) => output.push_str(entity),
            None => output.push(char),
        }
        output
    })
}

/// The same for bytes, which need not be UTF-8.
pub fn escape_bytes(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().fold(Vec::with_capacity(bytes.len()), |mut output, byte| {
        match entity(*byte) {
            Some(entity) => output.extend_from_slice(entity.as_bytes()),
            None => output.push(*byte),
        }
        output
    })
}

fn entity(byte: u8) -> Option<&'static str> {
    Some(match byte {
        b'&' => "&amp;",
        b'<' => "&lt;",
        b'>' => "&gt;",
        b'"' => "&#34;",
        b'\'' => "&#39;",
        _ => return None,
    })
}

/// Whether a browser would execute content of this media type, by go-httpbin's rule. A list with
/// commas counts as dangerous, as browsers use the last type in it.
pub fn is_dangerous(media: &str) -> bool {
    let essence = media.split(';').next().unwrap_or_default().trim_matches([' ', '\t']);
    media.contains(',') || !HARMLESS.iter().any(|harmless| essence.eq_ignore_ascii_case(harmless))
}

/// Whether a browser reads content of this media type as markup, in which scripts run: HTML, any
/// XML, parts of either, or a list, of which browsers use the last type.
pub fn is_markup(media: &str) -> bool {
    let essence = media.split(';').next().unwrap_or_default().trim_ascii().to_ascii_lowercase();
    let [html, xml] = ["html", "xml"].map(|end| essence.ends_with(end));
    media.contains(',') || html || xml || essence.starts_with("multipart/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped() {
        assert_eq!(escape("<a href=\"é'&\">"), "&lt;a href=&#34;é&#39;&amp;&#34;&gt;");
        assert_eq!(escape_bytes(b"\xff<\x00"), b"\xff&lt;\x00");
    }

    #[test]
    fn media_types_of_markup() {
        for media in ["text/plain", "text/morse; a=html", "application/json", "image/png", ""] {
            assert!(!is_markup(media), "{media}");
        }
        for media in ["text/html", "Image/SVG+XML;a", "application/xhtml+xml", "a/b, text/html"] {
            assert!(is_markup(media), "{media}");
        }
    }

    #[test]
    fn media_types_that_browsers_execute() {
        for media in ["text/plain", "Text/Plain;charset=x", " application/json ; a=b"] {
            assert!(!is_dangerous(media), "{media}");
        }
        for media in [
            "",
            "text/html",
            "image/svg+xml",
            "text/plain,text/html",
            "text/plain;a=b, text/html",
            "text/plain text/html",
            "text/plainx",
            "text/plain\u{b}",
            "text/plain\u{a0}",
        ] {
            assert!(is_dangerous(media), "{media}");
        }
    }
}
