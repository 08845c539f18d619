//! The metrics: that they are what a client did, in a text that every scraper can read, and that
//! documentation, dashboard and alerts name no other.

mod client;
mod counters;
mod durations;
mod exposition;
mod files;
mod http2;
