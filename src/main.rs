//! The program: reads its orders, carries them out and ends with a status that says how it went:
//! 0 well, 1 something failed, 2 the orders cannot be followed.

use std::env;
use std::process::ExitCode;

use loiter::config::{self, Invocation};
use loiter::server::{daemon, healthcheck};

fn main() -> ExitCode {
    match config::read(env::args_os(), &config::environment(env::vars_os())) {
        Ok(Invocation::Run(settings)) => daemon::run(*settings),
        Ok(Invocation::Healthcheck(check)) => healthcheck::run(&check),
        Ok(Invocation::Print(text) | Invocation::Checked(text)) => daemon::print(&text),
        Err(error) => daemon::fail(error, 2),
    }
}
