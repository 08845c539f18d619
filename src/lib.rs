//! loiter.

pub mod base;
pub mod config;
pub mod endpoint;
pub mod http;
pub mod proto;
pub mod server;

pub use server::Server;
