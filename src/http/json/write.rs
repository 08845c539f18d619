//! Writes JSON byte for byte as Python's `json.dumps` or Go's `encoding/json`.
//!
//! Python writes ASCII only: other characters and DEL become `\uXXXX` in lower-case hex, beyond the
//! BMP as a surrogate pair. Go escapes control characters only. Neither escapes `/ < > & '`.
//! Strings are written directly to the output.

use std::iter::repeat_n;

/// Whitespace between the tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `indent=2`, one item per line: httpbin's answers.
    Indented,
    /// One line, with a space after `,` and `:`: the lines of httpbin's `/stream`.
    Spaced,
    /// One line without spaces: the lines of go-httpbin's `/stream`.
    Compact,
}

/// How strings and floats are spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// ASCII only; bytes are ISO 8859-1.
    Python,
    /// UTF-8; U+FFFD for each byte of invalid UTF-8.
    Go,
}

impl Spelling {
    /// Appends the content of a string: `text` with escapes.
    pub fn escape(self, output: &mut Vec<u8>, text: &str) {
        match self {
            Spelling::Python => escape(output, text),
            Spelling::Go => escape_utf8(output, text.as_bytes()),
        }
    }

    /// The same for bytes of unknown charset, such as a field value.
    pub fn escape_bytes(self, output: &mut Vec<u8>, text: &[u8]) {
        match self {
            Spelling::Python => escape_latin1(output, text),
            Spelling::Go => escape_utf8(output, text),
        }
    }
}

/// Writes one JSON document. It has no stack: every `open` needs its `close`.
#[derive(Debug)]
pub struct Json<'a> {
    /// The destination.
    pub output: &'a mut Vec<u8>,
    /// How strings are spelled.
    pub spelling: Spelling,
    layout: Layout,
    depth: usize,
    bare: bool,
}

impl<'a> Json<'a> {
    /// A writer that appends to `output`, with Python's spelling.
    pub fn new(output: &'a mut Vec<u8>, layout: Layout) -> Json<'a> {
        Json::spelled(output, layout, Spelling::Python)
    }

    /// A writer that appends to `output`.
    pub fn spelled(output: &'a mut Vec<u8>, layout: Layout, spelling: Spelling) -> Json<'a> {
        Json { output, layout, spelling, depth: 0, bare: true }
    }

    /// Writes a list; `fill` writes its items.
    pub fn list(&mut self, fill: impl FnOnce(&mut Self)) {
        self.open(b'[');
        fill(self);
        self.close(b']');
    }

    /// Writes an object; `fill` writes its members.
    pub fn object(&mut self, fill: impl FnOnce(&mut Self)) {
        self.open(b'{');
        fill(self);
        self.close(b'}');
    }

    /// Opens a list or an object.
    pub fn open(&mut self, bracket: u8) {
        self.output.push(bracket);
        self.depth += 1;
        self.bare = true;
    }

    /// Closes a list or an object. An empty one stays on one line.
    pub fn close(&mut self, bracket: u8) {
        self.depth = self.depth.saturating_sub(1);
        if !self.bare && self.layout == Layout::Indented {
            self.line(false);
        }
        self.output.push(bracket);
        self.bare = false;
    }

    /// Starts the next item of a list, or the next key of an object.
    pub fn item(&mut self) {
        match (self.bare, self.layout) {
            (true, Layout::Spaced | Layout::Compact) => {}
            (false, Layout::Spaced) => self.output.extend_from_slice(b", "),
            (false, Layout::Compact) => self.output.push(b','),
            (bare, Layout::Indented) => self.line(!bare),
        }
        self.bare = false;
    }

    /// Writes a key that needs no escapes; its value must follow.
    pub fn key(&mut self, name: &str) {
        self.item();
        self.output.push(b'"');
        self.output.extend_from_slice(name.as_bytes());
        self.output.push(b'"');
        self.colon();
    }

    /// Writes a key; its value must follow.
    pub fn text_key(&mut self, name: &str) {
        self.item();
        self.text(name);
        self.colon();
    }

    /// Writes a key and a string.
    #[inline(never)] // nearly 200 calls, none of them in the answer to a plain request
    pub fn text_at(&mut self, name: &str, text: &str) {
        self.key(name);
        self.text(text);
    }

    /// Writes a key and a text that is valid JSON.
    #[inline(never)] // as above
    pub fn raw_at(&mut self, name: &str, text: &str) {
        self.key(name);
        self.raw(text);
    }

    /// Writes a key and a list.
    pub fn list_at(&mut self, name: &str, fill: impl FnOnce(&mut Self)) {
        self.key(name);
        self.list(fill);
    }

    /// Writes a key and an object.
    pub fn object_at(&mut self, name: &str, fill: impl FnOnce(&mut Self)) {
        self.key(name);
        self.object(fill);
    }

    /// Writes an item that is a list of two strings of unknown charset: a field's name and value.
    pub fn pair(&mut self, name: &[u8], value: &[u8]) {
        self.item();
        self.list(|json| {
            for text in [name, value] {
                json.item();
                json.bytes(text);
            }
        });
    }

    /// Ends a key that was written by [`quoted`](Json::quoted).
    pub fn colon(&mut self) {
        self.output.extend_from_slice(if self.layout == Layout::Compact { b":" } else { b": " });
    }

    /// Writes what `fill` writes, or nothing if `fill` returns `None`.
    pub fn attempt(&mut self, fill: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        let (length, depth, bare) = (self.output.len(), self.depth, self.bare);
        let done = fill(self);
        if done.is_none() {
            self.output.truncate(length);
            (self.depth, self.bare) = (depth, bare);
        }
        done
    }

    /// Writes a string.
    pub fn text(&mut self, text: &str) {
        let spelling = self.spelling;
        self.quoted(|output| spelling.escape(output, text));
    }

    /// Writes a string from bytes of unknown charset, such as a field value.
    pub fn bytes(&mut self, text: &[u8]) {
        let spelling = self.spelling;
        self.quoted(|output| spelling.escape_bytes(output, text));
    }

    /// Writes a string; `fill` appends its content, with escapes.
    pub fn quoted(&mut self, fill: impl FnOnce(&mut Vec<u8>)) {
        self.output.push(b'"');
        fill(self.output);
        self.output.push(b'"');
    }

    /// Writes text that is valid JSON.
    pub fn raw(&mut self, text: &str) {
        self.output.extend_from_slice(text.as_bytes());
    }

    /// Starts an indented line, after a comma or not: in one copy unless it is deep.
    fn line(&mut self, comma: bool) {
        const START: &[u8; 34] = b",\n                                ";
        let (first, blanks) = (usize::from(!comma), 2 * self.depth);
        if let Some(start) = START.get(first..2 + blanks) {
            return self.output.extend_from_slice(start);
        }
        self.output.extend_from_slice(if comma { b",\n" } else { b"\n" });
        self.output.extend(repeat_n(b' ', blanks));
    }
}

/// Appends the content of a string: `text` with escapes.
pub fn escape(output: &mut Vec<u8>, text: &str) {
    if is_plain(text.as_bytes()) {
        return output.extend_from_slice(text.as_bytes());
    }
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| !plain(byte)) {
        // A byte that is not plain is ASCII or starts a character, so this is a char boundary.
        let (run, tail) = rest.split_at_checked(at).unwrap_or((rest, ""));
        output.extend_from_slice(run.as_bytes());
        let mut chars = tail.chars();
        if let Some(char) = chars.next() {
            escape_char(output, char);
        }
        rest = chars.as_str();
    }
    output.extend_from_slice(rest.as_bytes());
}

/// The same for bytes as ISO 8859-1, which is how Python's servers decode header fields.
pub fn escape_latin1(output: &mut Vec<u8>, text: &[u8]) {
    if is_plain(text) {
        return output.extend_from_slice(text);
    }
    for &byte in text {
        escape_char(output, char::from(byte));
    }
}

/// The same as Go: UTF-8 unchanged, U+FFFD for each byte of invalid UTF-8, escapes for control
/// characters and the two line ends of JavaScript.
pub fn escape_utf8(output: &mut Vec<u8>, text: &[u8]) {
    if is_plain(text) {
        return output.extend_from_slice(text);
    }
    for chunk in text.utf8_chunks() {
        chunk.valid().chars().for_each(|char| escape_char_utf8(output, char));
        for _ in chunk.invalid() {
            output.extend_from_slice(b"\\ufffd");
        }
    }
}

/// Appends one character of a string as Go does.
pub fn escape_char_utf8(output: &mut Vec<u8>, char: char) {
    match char {
        '\x7f'.. if !matches!(char, '\u{2028}' | '\u{2029}') => {
            output.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
        }
        _ => escape_char(output, char),
    }
}

/// Appends one character of a string.
pub fn escape_char(output: &mut Vec<u8>, char: char) {
    let short = match char {
        '"' => b'"',
        '\\' => b'\\',
        '\n' => b'n',
        '\r' => b'r',
        '\t' => b't',
        '\x08' => b'b',
        '\x0c' => b'f',
        ' '..='~' => return output.push(char as u8),
        _ => {
            return char
                .encode_utf16(&mut [0; 2])
                .iter()
                .for_each(|&unit| escape_unit(output, unit));
        }
    };
    output.extend_from_slice(&[b'\\', short]);
}

/// Appends `\uXXXX`, also for a lone surrogate.
pub fn escape_unit(output: &mut Vec<u8>, unit: u16) {
    output.extend_from_slice(b"\\u");
    for shift in [12, 8, 4, 0] {
        let digit = u32::from(unit >> shift & 15);
        output.push(char::from_digit(digit, 16).map_or(b'0', |digit| digit as u8));
    }
}

/// Whether a byte needs no escape.
const fn plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'
}

/// Whether no byte needs an escape. Testing all is vectorized, and faster than stopping early.
fn is_plain(text: &[u8]) -> bool {
    text.iter().fold(true, |all, &byte| all & plain(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> String {
        let mut output = Vec::new();
        Json::new(&mut output, Layout::Indented).text(text);
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn strings_are_spelled_as_python_spells_them() {
        assert_eq!(text("plain /<>&'"), r#""plain /<>&'""#);
        assert_eq!(text("\"\\\n\r\t\u{8}\u{c}"), r#""\"\\\n\r\t\b\f""#);
        assert_eq!(text("\0\u{1f}\u{7f}"), r#""\u0000\u001f\u007f""#);
        assert_eq!(text("aé\u{2028}b😀c"), r#""a\u00e9\u2028b\ud83d\ude00c""#);
        let mut output = Vec::new();
        escape_latin1(&mut output, "é".as_bytes());
        assert_eq!(output, br"\u00c3\u00a9");
    }

    #[test]
    fn strings_are_spelled_as_go_spells_them() {
        let mut output = Vec::new();
        escape_utf8(&mut output, "<\"\\\n\0\x08\u{7f}é\u{2028}😀".as_bytes());
        escape_utf8(&mut output, b"\xffa\xc3");
        let text = String::from_utf8(output).unwrap();
        assert_eq!(text, "<\\\"\\\\\\n\\u0000\\b\u{7f}é\\u2028😀\\ufffda\\ufffd");
    }

    fn sample(layout: Layout) -> String {
        let mut output = Vec::new();
        Json::new(&mut output, layout).object(|json| {
            json.key("a");
            json.object(|_| {});
            json.key("b");
            json.open(b'[');
            json.item();
            json.raw("1");
            json.item();
            json.object(|json| {
                json.text_key("\"");
                json.raw("null");
            });
            json.close(b']');
        });
        String::from_utf8(output).unwrap()
    }

    #[test]
    fn both_layouts() {
        let tall =
            "{\n  \"a\": {},\n  \"b\": [\n    1,\n    {\n      \"\\\"\": null\n    }\n  ]\n}";
        assert_eq!(sample(Layout::Indented), tall);
        assert_eq!(sample(Layout::Spaced), r#"{"a": {}, "b": [1, {"\"": null}]}"#);
        assert_eq!(sample(Layout::Compact), r#"{"a":{},"b":[1,{"\"":null}]}"#);
    }

    #[test]
    fn deep_lines_are_indented_in_full() {
        let mut output = Vec::new();
        let mut json = Json::new(&mut output, Layout::Indented);
        for _ in 0..40 {
            json.open(b'[');
        }
        json.item();
        assert_eq!(output.len(), 40 + 1 + 80);
    }
}
