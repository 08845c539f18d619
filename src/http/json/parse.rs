//! Parses JSON as Python's `json` module does, into a flat tree of positions in the text.
//!
//! Nothing is copied or converted: a number or string is its position in the text, so that it can
//! be written again without loss. The nodes are in the order of the text, and each knows where the
//! node after its children is. Depth is limited, so recursion is safe.

use super::float;
use super::write::plain_length;
use crate::base::limits::{MAX_INTEGER_DIGITS, MAX_JSON_DEPTH};

/// The type of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `null`, or a number that JSON cannot express.
    Null,
    /// `true` or `false`.
    Literal,
    /// A number without fraction and exponent.
    Integer,
    /// Any other number.
    Float,
    /// A string of printable ASCII without escapes, which is written as it is. The spans of strings
    /// exclude the quotes.
    Plain,
    /// Any other string without escapes.
    String,
    /// A string with escapes.
    Escaped,
    /// A list: its children are its items.
    List,
    /// An object: its children are keys, each followed by its value.
    Object,
}

/// One value, or one key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    /// Its type.
    pub(super) kind: Kind,
    /// Its start and end in the text.
    pub(super) span: (u32, u32),
    /// Index of the next node that is not inside this one.
    pub(super) next: u32,
}

/// The nodes of a text, its value first; `None` if it is not JSON.
pub(super) fn parse(text: &str) -> Option<Vec<Node>> {
    let mut reader = Reader::new(text)?;
    reader.whole(|reader| reader.value(0))?;
    Some(reader.nodes)
}

/// Whether the text is valid JSON by RFC 8259, and all its numbers fit a float.
pub fn is_json(text: &str) -> bool {
    let strict = |reader| Reader { strict: true, ..reader };
    let read = |mut reader: Reader| reader.whole(|reader| reader.value(0));
    Reader::new(text).map(strict).and_then(read).is_some()
}

/// Reads a text from its beginning.
pub(super) struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    /// The nodes of the values that were read.
    pub(super) nodes: Vec<Node>,
    /// Numbers must be valid and finite, and no nodes are kept.
    strict: bool,
}

impl<'a> Reader<'a> {
    /// `None` if the text is too long for a node.
    pub(super) fn new(text: &'a str) -> Option<Reader<'a>> {
        u32::try_from(text.len()).ok()?;
        Some(Reader { text: text.as_bytes(), at: 0, nodes: Vec::new(), strict: false })
    }

    /// Reads the whole text; `value` reads the one value in it.
    pub(super) fn whole(&mut self, value: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        self.blanks();
        value(self)?;
        self.blanks();
        (self.at == self.text.len()).then_some(())
    }

    /// The next byte.
    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// Consumes this byte if it is the next.
    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Consumes bytes while they match, and returns how many.
    fn take_while(&mut self, kind: impl Fn(u8) -> bool) -> usize {
        let start = self.at;
        while self.peek().is_some_and(&kind) {
            self.at += 1;
        }
        self.at - start
    }

    fn blanks(&mut self) {
        self.take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    }

    /// Adds a node for the text from `start` to here.
    fn leaf(&mut self, kind: Kind, start: usize) {
        if !self.strict {
            let next = self.nodes.len() as u32 + 1;
            self.nodes.push(Node { kind, span: (start as u32, self.at as u32), next });
        }
    }

    /// Reads a value in so many lists and objects, and adds its nodes.
    pub(super) fn value(&mut self, depth: usize) -> Option<()> {
        match self.peek()? {
            b'{' => self.nested(Kind::Object, depth),
            b'[' => self.nested(Kind::List, depth),
            b'"' => self.string(),
            b'-' | b'0'..=b'9' => self.number(),
            _ => self.word(),
        }
    }

    fn nested(&mut self, kind: Kind, depth: usize) -> Option<()> {
        let node = self.nodes.len();
        self.leaf(kind, self.at);
        match kind {
            Kind::Object => self.items(b'}', depth, |reader| {
                reader.string()?;
                reader.blanks();
                reader.take(b':')?;
                reader.blanks();
                reader.value(depth + 1)
            })?,
            _ => self.items(b']', depth, |reader| reader.value(depth + 1))?,
        }
        let next = self.nodes.len() as u32;
        if let Some(node) = self.nodes.get_mut(node) {
            node.next = next;
        }
        Some(())
    }

    /// Reads a list or an object; `item` reads an item of it.
    pub(super) fn items(
        &mut self,
        close: u8,
        depth: usize,
        mut item: impl FnMut(&mut Self) -> Option<()>,
    ) -> Option<()> {
        self.at += 1;
        self.blanks();
        if depth == MAX_JSON_DEPTH {
            return None;
        }
        if self.take(close).is_some() {
            return Some(());
        }
        loop {
            item(self)?;
            self.blanks();
            if self.take(close).is_some() {
                return Some(());
            }
            self.take(b',')?;
            self.blanks();
        }
    }

    fn string(&mut self) -> Option<()> {
        self.take(b'"')?;
        let (start, mut kind) = (self.at, Kind::Plain);
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => {
                    kind = Kind::Escaped;
                    self.at += 1;
                    self.escape()?;
                }
                0x7f.. => {
                    kind = if kind == Kind::Plain { Kind::String } else { kind };
                    self.take_while(|byte| byte >= 0x7f);
                }
                b' '.. => self.at += plain_length(self.rest()),
                _ => return None,
            }
        }
        self.leaf(kind, start);
        self.take(b'"')
    }

    /// The rest of an escape, after the backslash.
    fn escape(&mut self) -> Option<()> {
        let byte = self.peek()?;
        self.at += 1;
        match byte {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            b'u' => {
                let digits = self.text.get(self.at..self.at + 4)?;
                self.at += 4;
                digits.iter().all(u8::is_ascii_hexdigit).then_some(())
            }
            _ => None,
        }
    }

    fn number(&mut self) -> Option<()> {
        let start = self.at;
        if self.take(b'-').is_some() && self.rest().starts_with(b"Infinity") {
            return self.word();
        }
        if self.take(b'0').is_none() {
            let digits = self.take_while(|byte| byte.is_ascii_digit());
            (1..=MAX_INTEGER_DIGITS).contains(&digits).then_some(())?;
        }
        let whole = self.at;
        if self.take(b'.').is_some() {
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        let kind = if self.at == whole { Kind::Integer } else { Kind::Float };
        if self.strict && kind == Kind::Float {
            float::is_finite(self.text.get(start..self.at)?).then_some(())?;
        }
        self.leaf(kind, start);
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        (self.take_while(|byte| byte.is_ascii_digit()) > 0).then_some(())
    }

    fn rest(&self) -> &[u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Python accepts three words that are not JSON, and writes them again, so that no other parser
    /// accepts its answer. We write `null`.
    fn word(&mut self) -> Option<()> {
        const WORDS: [(&str, Kind); 5] = [
            ("true", Kind::Literal),
            ("false", Kind::Literal),
            ("null", Kind::Null),
            ("NaN", Kind::Null),
            ("Infinity", Kind::Null),
        ];
        let words = WORDS.get(..if self.strict { 3 } else { WORDS.len() })?;
        let (word, kind) =
            words.iter().find(|(word, _)| self.rest().starts_with(word.as_bytes()))?;
        let start = self.at;
        self.at += word.len();
        self.leaf(*kind, start);
        Some(())
    }
}
