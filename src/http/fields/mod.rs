//! Header fields: those of a request read, and all of them written into an answer's body.

pub mod accept;
pub mod conditional;
pub mod cookies;
pub mod credentials;
pub mod name_case;
pub mod parameters;
pub mod render_headers;
