//! The program: reads its orders, carries them out and ends with a status that says how it went:
//! 0 well, 1 something failed, 2 the orders cannot be followed.

use std::env;
use std::ffi::OsStr;
use std::process::ExitCode;

use loiter::config::{self, Invocation};
use loiter::server::{daemon, healthcheck};

fn main() -> ExitCode {
    let variables = env::vars_os().map(|(name, text)| (readable(&name), readable(&text))).collect();
    match config::read(env::args_os(), &variables) {
        Ok(Invocation::Run(settings)) => daemon::run(*settings),
        Ok(Invocation::Healthcheck { url }) => healthcheck::run(&url),
        Ok(Invocation::Print(text) | Invocation::Checked(text)) => daemon::say(&text),
        Err(error) => daemon::complain(error, 2),
    }
}

/// A variable that is no text is judged by what is left of it, instead of passed over.
fn readable(text: &OsStr) -> String {
    text.to_string_lossy().into_owned()
}
