//! (to be written)

pub mod access;
pub mod daemon;
pub mod healthcheck;
