//! Reads values of a JSON text by their names.

use std::borrow::Cow;

use super::Spelling;
use super::parse::{Kind, Node, parse};
use super::reencode::points;

/// A JSON text that has been parsed.
#[derive(Debug)]
pub struct Document<'a> {
    text: &'a str,
    nodes: Vec<Node>,
}

/// A value in a document.
#[derive(Clone, Copy, Debug)]
pub struct Value<'a> {
    document: &'a Document<'a>,
    place: usize,
}

/// The items of a list.
#[derive(Clone, Debug)]
pub struct Items<'a> {
    next: Value<'a>,
    /// The place after the last one.
    end: usize,
}

impl<'a> Iterator for Items<'a> {
    type Item = Value<'a>;

    #[inline(never)] // for a smaller program: it is called from many places
    fn next(&mut self) -> Option<Value<'a>> {
        let item = Some(self.next).filter(|item| item.place < self.end)?;
        self.next.place = self.next.document.nodes.get(item.place)?.next as usize;
        Some(item)
    }
}

impl<'a> Document<'a> {
    /// The document of a text; `None` if it is not JSON in UTF-8.
    pub fn parse(text: &'a [u8]) -> Option<Document<'a>> {
        let text = std::str::from_utf8(text).ok()?;
        parse(text).map(|nodes| Document { text, nodes })
    }

    /// Its value.
    pub fn root(&'a self) -> Value<'a> {
        Value { document: self, place: 0 }
    }
}

impl<'a> Value<'a> {
    fn kind(self) -> Kind {
        self.document.nodes.get(self.place).map_or(Kind::Null, |node| node.kind)
    }

    /// The text of a scalar as it is in the document; a string's without its quotes.
    fn span(self) -> &'a str {
        let span = self.document.nodes.get(self.place).map_or((0, 0), |node| node.span);
        self.document.text.get(span.0 as usize..span.1 as usize).unwrap_or_default()
    }

    /// Its length in the document in bytes, without the brackets at its end.
    pub fn bytes(self) -> usize {
        let node = |place: usize| self.document.nodes.get(place);
        let last = node(self.place).and_then(|own| node((own.next as usize).checked_sub(1)?));
        let (start, end) = (node(self.place).map(|own| own.span.0), last.map(|last| last.span.1));
        end.unwrap_or_default().saturating_sub(start.unwrap_or_default()) as usize
    }

    /// Its children, if it is of this kind.
    fn children(self, kind: Kind) -> Items<'a> {
        let node = self.document.nodes.get(self.place).filter(|node| node.kind == kind);
        let end = node.map_or(0, |node| node.next as usize);
        Items { next: Value { place: self.place + 1, ..self }, end }
    }

    /// Whether it is at the same place of the same document.
    pub fn is_same(self, other: Value) -> bool {
        std::ptr::eq(self.document, other.document) && self.place == other.place
    }

    /// Whether it is an object.
    pub fn is_object(self) -> bool {
        self.kind() == Kind::Object
    }

    /// Whether it is a list.
    pub fn is_list(self) -> bool {
        self.kind() == Kind::List
    }

    /// Whether it is `true`.
    pub fn is_true(self) -> bool {
        self.kind() == Kind::Literal && self.span() == "true"
    }

    /// The members of an object, as name and value; none of any other value.
    pub fn members(self) -> impl Iterator<Item = (Cow<'a, str>, Value<'a>)> {
        self.keys().map(|key| (key.string(), key.member()))
    }

    fn keys(self) -> impl Iterator<Item = Value<'a>> {
        self.children(Kind::Object).step_by(2)
    }

    /// The value of this key.
    fn member(self) -> Value<'a> {
        Value { place: self.place + 1, ..self }
    }

    /// The member of an object with this name: the last of several, as in Python. `null` counts as
    /// missing.
    pub fn get(self, name: &str) -> Option<Value<'a>> {
        let key = self.keys().filter(|key| key.is_name(name)).last()?;
        Some(key.member()).filter(|value| value.kind() != Kind::Null)
    }

    /// Whether this key is the name.
    fn is_name(self, name: &str) -> bool {
        let span = self.span();
        span == name || (self.kind() == Kind::Escaped && self.string() == name)
    }

    /// The items of a list; none of any other value.
    pub fn items(self) -> Items<'a> {
        self.children(Kind::List)
    }

    /// The text of a string; `None` for any other value. A lone surrogate becomes U+FFFD.
    pub fn text(self) -> Option<Cow<'a, str>> {
        let is_string = matches!(self.kind(), Kind::Plain | Kind::String | Kind::Escaped);
        is_string.then(|| self.string())
    }

    fn string(self) -> Cow<'a, str> {
        let span = self.span();
        match self.kind() {
            Kind::Escaped => points(Spelling::Go, span).filter_map(char::from_u32).collect(),
            _ => Cow::Borrowed(span),
        }
    }

    /// An integer of 64 bits; `None` for any other value.
    pub fn integer(self) -> Option<i64> {
        (self.kind() == Kind::Integer).then(|| self.span().parse().ok())?
    }

    /// A number, `true` or `false` as it is in the document; `None` for any other value.
    pub fn scalar(self) -> Option<&'a str> {
        matches!(self.kind(), Kind::Literal | Kind::Integer | Kind::Float).then(|| self.span())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_their_names() {
        let text = r#"{"a": {"b": [1, "x\n\u00e9\ud83d\ude00\ud800", true, 1.5, null]}, "n": null,
            "t": 1, "t": 2, "\u0061b": -3}"#;
        let document = Document::parse(text.as_bytes()).unwrap();
        let root = document.root();
        let list = root.get("a").and_then(|a| a.get("b")).unwrap();
        let items: Vec<Value> = list.items().collect();
        assert!(root.is_object() && list.is_list() && items.len() == 5);
        assert!(list.is_same(root.get("a").unwrap().get("b").unwrap()) && !list.is_same(root));
        assert_eq!(items[0].integer(), Some(1));
        assert_eq!(items[1].text().as_deref(), Some("x\né😀\u{fffd}"));
        assert!(items[2].is_true() && !items[0].is_true());
        assert_eq!((items[3].scalar(), items[3].integer()), (Some("1.5"), None));
        assert_eq!((items[4].scalar(), items[4].text()), (None, None));
        assert_eq!(root.get("n").map(Value::integer), None);
        assert_eq!(root.get("t").and_then(Value::integer), Some(2));
        assert_eq!(root.get("ab").and_then(Value::integer), Some(-3));
        assert!(list.members().next().is_none() && root.items().next().is_none());
        assert!(root.get("t").unwrap().get("x").is_none());
        assert_eq!((root.bytes(), items[0].bytes()), (text.len() - 1, 1));
        let names: Vec<String> = root.members().map(|member| member.0.into_owned()).collect();
        assert_eq!(names, ["a", "n", "t", "t", "ab"]);
    }

    #[test]
    fn what_is_no_json_has_no_document() {
        for text in ["", "{", "{\"a\":1,}", "\u{feff}{}"] {
            assert!(Document::parse(text.as_bytes()).is_none(), "{text}");
        }
        assert!(Document::parse(b"\"\xff\"").is_none());
    }
}
