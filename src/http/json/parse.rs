//! Parses JSON as Python's `json` module does, into a flat tree of positions in the text.
//!
//! Nothing is copied or converted: a number or string is its position in the text, so that it can
//! be written again without loss. The nodes are in the order of the text, and each knows where the
//! node after its children is. Depth is limited, so recursion is safe.

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
    /// A string; its span excludes the quotes.
    String,
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
    u32::try_from(text.len()).ok()?;
    let mut reader = Reader { text: text.as_bytes(), at: 0, nodes: Vec::new() };
    reader.blanks();
    reader.value(0)?;
    reader.blanks();
    (reader.at == reader.text.len()).then_some(reader.nodes)
}

/// The indices of the children of the node at this index.
pub(super) fn children(nodes: &[Node], place: usize) -> impl Iterator<Item = usize> {
    let next = |at: usize| nodes.get(at).map_or(usize::MAX, |node| node.next as usize);
    let end = next(place);
    std::iter::successors(Some(place + 1), move |&at| Some(next(at)))
        .take_while(move |&at| at < end)
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    nodes: Vec<Node>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
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
        let next = self.nodes.len() as u32 + 1;
        self.nodes.push(Node { kind, span: (start as u32, self.at as u32), next });
    }

    fn value(&mut self, depth: usize) -> Option<()> {
        match self.peek()? {
            b'{' => self.nested(Kind::Object, b'}', depth),
            b'[' => self.nested(Kind::List, b']', depth),
            b'"' => self.string(),
            b'-' | b'0'..=b'9' => self.number(),
            _ => self.word(),
        }
    }

    fn nested(&mut self, kind: Kind, close: u8, depth: usize) -> Option<()> {
        let (start, node) = (self.at, self.nodes.len());
        self.at += 1;
        self.leaf(kind, start);
        self.blanks();
        if depth == MAX_JSON_DEPTH {
            return None;
        }
        if self.take(close).is_none() {
            self.item(kind, depth)?;
            while self.take(close).is_none() {
                self.take(b',')?;
                self.blanks();
                self.item(kind, depth)?;
            }
        }
        let next = self.nodes.len() as u32;
        self.nodes.get_mut(node)?.next = next;
        Some(())
    }

    /// An item of a list or an object, and the blanks after it.
    fn item(&mut self, kind: Kind, depth: usize) -> Option<()> {
        if kind == Kind::Object {
            self.string()?;
            self.blanks();
            self.take(b':')?;
            self.blanks();
        }
        self.value(depth + 1)?;
        self.blanks();
        Some(())
    }

    fn string(&mut self) -> Option<()> {
        self.take(b'"')?;
        let start = self.at;
        loop {
            self.take_while(|byte| byte >= b' ' && byte != b'"' && byte != b'\\');
            if self.peek()? == b'"' {
                break;
            }
            self.take(b'\\')?;
            self.escape()?;
        }
        self.leaf(Kind::String, start);
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
        let (word, kind) =
            WORDS.iter().find(|(word, _)| self.rest().starts_with(word.as_bytes()))?;
        let start = self.at;
        self.at += word.len();
        self.leaf(*kind, start);
        Some(())
    }
}
