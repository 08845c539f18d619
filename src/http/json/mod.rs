//! JSON: written, parsed, and encoded again with sorted keys, as Python or Go does.

mod parse;
pub mod reencode;
mod write;

pub use write::{
    Json, Layout, Spelling, escape, escape_char, escape_char_utf8, escape_latin1, escape_unit,
    escape_utf8,
};
