//! The thread that reloads the configuration: names that have to be resolved, or files that cannot
//! be read at once, must not keep the main thread from its signals.
//!
//! Its name shows the last outcome, as in `top -H` or `/proc/PID/task/*/comm`, from which `loiter
//! reload` reads it: `reload 3 run`, then `reload 3 ok` or `reload 3 fail`.

use std::fs;
use std::io;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use crate::config::{Invocation, Setting, Settings};
use crate::server::Handle;
use crate::server::process;

/// The result of a reload.
#[derive(Debug)]
pub(super) enum Outcome {
    /// These settings are in effect; those with these names were to change, but did not.
    Done(Box<Settings>, Vec<&'static str>),
    /// Nothing has changed, for these reasons.
    Failed(Vec<String>),
}

/// Starts the thread. It reloads for every message, and passes the outcome to `done`.
pub(super) fn start(
    handle: Handle,
    done: impl Fn(Outcome) + Send + 'static,
) -> io::Result<Sender<()>> {
    let (asked, inbox) = channel();
    let run = move || {
        for number in 1u32.. {
            if inbox.recv().is_err() {
                return;
            }
            let number = number % WRAP;
            show(number, "run");
            let outcome = reload(&handle);
            show(number, if matches!(outcome, Outcome::Done(..)) { "ok" } else { "fail" });
            done(outcome);
        }
    };
    thread::Builder::new().name("reload 0 ok".into()).spawn(run)?;
    Ok(asked)
}

/// Names of threads have at most 15 bytes.
pub(in crate::server) const WRAP: u32 = 1000;

/// Shows how far a reload has come, where the system has such a file.
fn show(number: u32, state: &str) {
    let _ = fs::write("/proc/thread-self/comm", format!("reload {number} {state}"));
}

fn reload(handle: &Handle) -> Outcome {
    let settings = match process::own() {
        Ok(Invocation::Run(settings)) => settings,
        // The arguments are those that it was started with.
        Ok(_) => return Outcome::Failed(vec!["the arguments do not start a server".to_owned()]),
        Err(errors) => {
            let line = |error: &dyn ToString| error.to_string().replacen("loiter: ", "", 1);
            return Outcome::Failed(errors.0.iter().map(|error| line(error)).collect());
        }
    };
    match handle.reload(&settings) {
        Ok(kept) => Outcome::Done(Box::new(handle.settings()), kept),
        Err(error) => Outcome::Failed(vec![error.to_string()]),
    }
}

/// The names of the settings that differ.
pub(super) fn differences(one: &Settings, other: &Settings) -> Vec<&'static str> {
    let differs = |row: &&Setting| (row.show)(one) != (row.show)(other);
    Setting::all().filter(differs).map(|row| row.name).collect()
}
