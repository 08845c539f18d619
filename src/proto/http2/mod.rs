//! HTTP/2 (RFC 9113).

pub mod frame;
pub mod hpack;
pub mod huffman;
pub mod kept;
pub mod priority;
pub mod request;
mod request_fields;
