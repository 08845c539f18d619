//! (to be written)

pub mod access;
