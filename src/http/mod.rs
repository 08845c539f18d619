//! Layer 1, the vocabulary of HTTP: requests, replies, and the formats of their parts.

pub mod app;
pub mod body;
pub mod certificate;
pub mod char_class;
pub mod compat;
pub mod completion;
pub mod content_coding;
pub mod control;
pub mod date_header;
pub mod document;
pub mod fields;
pub mod headers;
pub mod html;
pub mod ip;
pub mod journal;
pub mod json;
pub mod metrics;
pub mod modifiers;
pub mod pace;
pub mod proxy_facts;
pub mod rate_limit;
pub mod record;
pub mod reply;
pub mod request;
pub mod status;
pub mod target;
#[cfg(test)]
pub(crate) mod tests;
pub mod tls_facts;
pub mod trusted_proxies;
pub mod uri;
pub mod x509;
