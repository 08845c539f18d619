//! `loiter reload`: makes a running server read its configuration again, and reports the outcome.
//!
//! The configuration is checked first, from the arguments, the environment and the working
//! directory of that process, so that a mistake is shown here as well as in its log.

use std::fmt;
use std::fs;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use super::daemon::{RELOADS_WRAP, fail, pid_in};
use super::os::process::signal;
use super::process::invocation;
use crate::config::{Invocation, Running};

/// Longest wait for the outcome.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Time between two looks.
const INTERVAL: Duration = Duration::from_millis(5);

/// Reloads a server. The exit status is 0 if its new settings are in effect, 1 if it refuses them
/// or cannot be reached, 2 if they are invalid.
pub fn run(server: &Running) -> ExitCode {
    let process = match server {
        Running::Process(process) => *process,
        Running::PidFile(path) => match pid_in(path) {
            Ok(process) => process,
            Err(error) => {
                return wrong(format_args!("cannot read the PID file {}: {error}", path.display()));
            }
        },
    };
    match invocation(process) {
        Ok(Ok(Invocation::Run(_))) => {}
        Ok(Ok(_)) => return wrong(format_args!("process {process} does not serve")),
        Ok(Err(errors)) => return fail(errors, 2),
        Err(error) => return wrong(error),
    }
    let before = last(process);
    if let Err(error) = signal(process, libc::SIGHUP) {
        return wrong(format_args!("cannot signal process {process}: {error}"));
    }
    match before.map(|before| outcome(process, before)) {
        // Without /proc nothing more is known.
        None | Some(Some(true)) => ExitCode::SUCCESS,
        Some(Some(false)) => {
            wrong(format_args!("process {process} has kept its settings; its log has the reason"))
        }
        Some(None) => wrong(format_args!(
            "process {process} has not reloaded within {TIMEOUT:?}; its log may have the reason"
        )),
    }
}

fn wrong(wrong: impl fmt::Display) -> ExitCode {
    fail(format_args!("loiter: {wrong}"), 1)
}

/// Waits for the reload after the one of this number: whether it has succeeded.
fn outcome(process: u32, before: u32) -> Option<bool> {
    let deadline = Instant::now() + TIMEOUT;
    while Instant::now() < deadline {
        let (number, state) = last_with_state(process)?;
        let ahead = (number + RELOADS_WRAP - before) % RELOADS_WRAP;
        if (1..RELOADS_WRAP / 2).contains(&ahead) && state != "run" {
            return Some(state == "ok");
        }
        thread::park_timeout(INTERVAL);
    }
    None
}

/// The number of the last reload, which may not be over yet.
fn last(process: u32) -> Option<u32> {
    last_with_state(process).map(|(number, _)| number)
}

/// The same, and its state.
fn last_with_state(process: u32) -> Option<(u32, String)> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).ok()?;
    let name = |thread: fs::DirEntry| fs::read_to_string(thread.path().join("comm")).ok();
    threads.filter_map(Result::ok).filter_map(name).find_map(|name| parse(&name))
}

/// `reload NUMBER STATE`.
fn parse(name: &str) -> Option<(u32, String)> {
    let mut words = name.trim().strip_prefix("reload ")?.split(' ');
    Some((words.next()?.parse().ok()?, words.next()?.to_owned()))
}
