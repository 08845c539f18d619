//! Header fields: parsing of those with a structure, and rendering of all into a body.

pub mod accept;
pub mod conditional;
pub mod cookies;
pub mod credentials;
pub mod forwarded;
pub mod name_case;
pub mod parameters;
pub mod render_headers;
pub mod trace_context;
