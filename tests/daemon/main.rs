//! The real binary as a process: what it says, how it takes signals, and how it ends.
//!
//! Nothing here waits for the clock alone: every wait is for a line, an answer or an end, with a
//! deadline that only a failure meets.

#![cfg(unix)]

mod admission;
mod bulk;
mod command_line;
mod gone;
mod health;
mod lifetime;
mod listen;
mod logs;
mod mistakes;
mod process;
mod signals;
mod stuck;
mod swap;
