//! What is left of an exchange when it has ended: the source of the access log and the metrics.

use std::net::IpAddr;

use super::request::{Method, Version};
use super::status::Status;
use crate::base::time::Time;

/// One finished exchange.
#[derive(Clone, Debug)]
pub struct Record {
    /// When its head had arrived.
    pub started: Time,
    /// From then to the last byte handed to the kernel, in microseconds.
    pub duration_us: u64,
    /// Who asked; `None` on a socket file.
    pub peer: Option<IpAddr>,
    /// What was asked; `None` when the head could not be read.
    pub method: Option<Method>,
    /// In which version.
    pub version: Version,
    /// What was answered.
    pub status: Status,
    /// Bytes of the body sent.
    pub body_bytes: u64,
    /// The target as sent; empty when the head could not be read.
    pub target: Box<[u8]>,
    /// The Referer field, if any.
    pub referer: Option<Box<[u8]>>,
    /// The User-Agent field, if any.
    pub agent: Option<Box<[u8]>>,
}
