//! Layer 1, the vocabulary: what a request says, what a reply is made of, how texts are written.

pub mod app;
pub mod coding;
pub mod json;
pub mod record;
pub mod reply;
pub mod request;
pub mod status;
