//! JSON: written, parsed, and re-encoded with sorted keys, as by Python or by Go.

mod float;
mod parse;
mod read;
pub mod reencode;
mod write;

pub use read::{Document, Value};
pub use write::{
    Json, Layout, Spelling, escape, escape_char, escape_char_utf8, escape_latin1, escape_unit,
    escape_utf8,
};
