//! loiter.

pub mod base;
pub mod http;
pub mod endpoint;
pub mod proto;
pub mod config;
pub mod server;

pub use server::Server;
