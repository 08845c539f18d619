//! Header fields of a reply.

use std::borrow::Cow;

use super::char_class::{is_field_value, is_token};

/// The fields beside those that every answer has. An empty list, the usual case, takes eight bytes.
#[derive(Clone, Debug, Default)]
#[expect(clippy::box_collection, reason = "a parked request holds 8 bytes instead of 24")]
pub struct Headers(Option<Box<Vec<HeaderField>>>);

/// A name and its value.
type HeaderField = (Cow<'static, str>, Cow<'static, str>);

impl Headers {
    /// No fields.
    pub const EMPTY: Headers = Headers(None);

    /// Adds a field, unless its name is not a token or its value has a control character: so a
    /// client cannot inject a field or split the response (RFC 9110 5.1 and 5.5).
    pub fn push(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<Cow<'static, str>>,
    ) {
        let (name, value) = (name.into(), value.into());
        if is_token(&name) && is_field_value(&value) {
            self.0.get_or_insert_default().push((name, value));
        }
    }

    /// Adds a field as Go's `net/http` writes one: left out if its name is not a token; CR and LF
    /// become spaces, the value is trimmed, other control characters stay. So no response can be
    /// split. Departure: NUL becomes a space as well (RFC 9110 5.5).
    pub fn push_as_go(&mut self, name: impl Into<Cow<'static, str>>, value: &str) {
        let (name, value) = (name.into(), value.replace(['\r', '\n', '\0'], " "));
        if is_token(&name) {
            let value = value.trim_matches([' ', '\t']).to_owned();
            self.0.get_or_insert_default().push((name, value.into()));
        }
    }

    /// Whether there are no fields.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// The fields, in the order of their addition.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let fields = self.0.iter().flat_map(|list| list.iter());
        fields.map(|(name, value)| (name.as_ref(), value.as_ref()))
    }
}
