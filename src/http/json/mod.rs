//! JSON: written, parsed, and re-encoded with sorted keys, as by Python or by Go.

mod parse;
pub mod reencode;
mod write;

pub use write::{
    Json, Layout, Spelling, escape, escape_char, escape_char_utf8, escape_latin1, escape_unit,
    escape_utf8,
};
