//! HPACK (RFC 7541): field blocks of requests are decoded to text, those of answers encoded.
//!
//! A decoded head is a text like one of HTTP/1: a line `name: value` for each field, pseudo-fields
//! too, and an empty line. Tables keep their entries as such lines, so that an indexed field, as
//! most are, is one copy. Answers use no dynamic table: all connections could not share an answer's
//! head otherwise, and each would need its own memory.

pub mod decode;
pub mod decoded;
pub mod encode;
mod static_table;
mod table;

#[cfg(test)]
mod tests;

/// A field in a table, as text.
#[derive(Clone, Copy, Debug)]
struct Entry<'a> {
    /// Its line: `name: value` and CR LF.
    line: &'a [u8],
    /// The length of its name.
    name: usize,
    /// Whether name and value are valid in a request. A table holds others too.
    valid: bool,
}
