//! The real binary as a process: its output, its signals, and its exit.
//!
//! No test waits for a fixed time: every wait is for a line, an answer or an exit, with a deadline
//! that only a failure reaches.

#![cfg(unix)]

#[cfg(target_os = "linux")]
mod activation;
mod admin;
mod admission;
mod broken;
mod bulk;
mod command_line;
mod details;
mod drain;
mod faults;
mod gone;
mod health;
mod journal;
mod lifetime;
mod listen;
mod logs;
mod mistakes;
mod modifiers;
#[cfg(target_os = "linux")]
mod notify;
#[cfg(target_os = "linux")]
mod pid_file;
mod process;
#[cfg(target_os = "linux")]
mod reload;
mod signals;
mod stuck;
mod swap;
mod tls;
#[cfg(target_os = "linux")]
mod upgrade;
