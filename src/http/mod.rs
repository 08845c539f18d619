//! Layer 1, the vocabulary: what a request says, what a reply is made of, how texts are written.

pub mod accept;
pub mod app;
pub mod bytes;
pub mod coding;
pub mod conditional;
pub mod content_coding;
pub mod cookies;
pub mod credentials;
pub mod date_header;
pub mod document;
pub mod fields;
pub mod form;
pub mod html;
pub mod json;
mod jsontree;
pub mod multipart;
pub mod options;
pub mod pace;
pub mod profile;
pub mod query;
pub mod record;
pub mod reference;
pub mod reply;
pub mod request;
pub mod respell;
pub mod status;
pub mod strict;
pub mod target;
#[cfg(test)]
pub(crate) mod tests;
pub mod url;
