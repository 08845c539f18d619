//! Writes JSON byte for byte as Python's `json.dumps` or Go's `encoding/json`.
//!
//! Python writes ASCII only: other characters and DEL become `\uXXXX` in lower-case hex, beyond the
//! BMP as a surrogate pair. Go escapes control characters only. Neither escapes `/ < > & '`.
//! Strings are written directly to the output.

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
            Spelling::Go => escape_valid_utf8(output, text),
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

    /// Starts an indented line, after a comma or not. Copying many blanks and dropping some is
    /// faster than copying as many as are needed.
    fn line(&mut self, comma: bool) {
        if comma {
            self.output.push(b',');
        }
        let end = self.output.len() + 1 + 2 * self.depth;
        self.output.extend_from_slice(b"\n                               ");
        self.output.resize(end, b' ');
    }
}

/// Appends the content of a string: `text` with escapes.
pub fn escape(output: &mut Vec<u8>, text: &str) {
    escape_with(output, text, escape_char);
}

/// Appends a text; what is not plain by `special`.
#[inline(always)] // for each of two
fn escape_with(output: &mut Vec<u8>, text: &str, special: impl Fn(&mut Vec<u8>, char)) {
    if is_plain(text.as_bytes()) {
        return output.extend_from_slice(text.as_bytes());
    }
    let mut chars = text.chars();
    loop {
        chars = copy_plain(output, chars.as_str()).chars();
        // Where one character needs an escape, others near it often do.
        for _ in 0..WORD {
            let Some(char) = chars.next() else { return };
            special(output, char);
        }
    }
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
    for chunk in text.utf8_chunks() {
        escape_valid_utf8(output, chunk.valid());
        for _ in chunk.invalid() {
            output.extend_from_slice(b"\\ufffd");
        }
    }
}

fn escape_valid_utf8(output: &mut Vec<u8>, text: &str) {
    escape_with(output, text, escape_char_utf8);
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
    let digit = |shift: u32| {
        let digit = (unit >> shift & 15) as u8;
        digit + if digit < 10 { b'0' } else { b'a' - 10 }
    };
    output.extend_from_slice(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
}

/// Whether a byte needs no escape.
const fn plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'
}

/// Whether no byte needs an escape. Testing all is vectorized, and faster than stopping early.
fn is_plain(text: &[u8]) -> bool {
    text.iter().fold(true, |all, &byte| all & plain(byte))
}

/// Appends the plain bytes at the start of a text, and returns the rest.
pub(super) fn copy_plain<'a>(output: &mut Vec<u8>, text: &'a str) -> &'a str {
    let mut rest = text;
    while let Some(word) = rest.as_bytes().first_chunk() {
        let plain = plain_in_word(word);
        // Copying a whole word and dropping its end is faster than copying a part of it.
        output.extend_from_slice(word);
        rest = rest.get(plain..).unwrap_or_default();
        if plain < WORD {
            output.truncate(output.len() - (WORD - plain));
            return rest;
        }
    }
    while let Some(&byte) = rest.as_bytes().first().filter(|byte| plain(**byte)) {
        output.push(byte);
        rest = rest.get(1..).unwrap_or_default();
    }
    rest
}

/// The number of plain bytes at the start.
pub(super) fn plain_length(text: &[u8]) -> usize {
    let (words, rest) = text.as_chunks();
    for (n, word) in words.iter().enumerate() {
        let plain = plain_in_word(word);
        if plain < WORD {
            return WORD * n + plain;
        }
    }
    WORD * words.len() + rest.iter().take_while(|byte| plain(**byte)).count()
}

/// Bytes that are tested at once.
pub(super) const WORD: usize = 8;

/// The number of plain bytes at the start of a word. A bit of `odd` is set for the first byte that
/// is not plain, and perhaps for some after it.
fn plain_in_word(word: &[u8; WORD]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    let word = u64::from_le_bytes(*word);
    let is = |byte: u8| {
        let zero = word ^ (ONES * u64::from(byte));
        zero.wrapping_sub(ONES) & !zero
    };
    let control = word.wrapping_sub(ONES * u64::from(b' '));
    let odd = (word | control | is(b'"') | is(b'\\') | is(0x7f)) & (ONES << 7);
    odd.trailing_zeros() as usize / 8
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

    #[test]
    fn what_is_not_plain_is_found_at_every_place_of_a_word() {
        for odd in (0..=u8::MAX).filter(|byte| !plain(*byte)) {
            for (before, after) in [(b'a', b'b'), (b' ', odd), (b'~', b'!')] {
                for at in 0..20 {
                    let mut text = vec![after; 20];
                    text[..at].fill(before);
                    text[at] = odd;
                    assert_eq!(plain_length(&text), at, "{odd} after {before}");
                }
            }
        }
        for length in 0..20 {
            let (mut output, text) = (b"x".to_vec(), "a".repeat(length));
            assert_eq!(plain_length(text.as_bytes()), length);
            assert_eq!(copy_plain(&mut output, &(text.clone() + "é~")), "é~");
            assert_eq!(output, format!("x{text}").as_bytes());
        }
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
