//! The program: reads its orders, carries them out and ends with a status that says how it went:
//! 0 well, 1 something failed, 2 the orders cannot be followed.

use std::process::ExitCode;

use loiter::config::Invocation;
use loiter::server::{daemon, healthcheck, process, reload_command};

fn main() -> ExitCode {
    match process::own() {
        Ok(Invocation::Run(settings)) => daemon::run(*settings),
        Ok(Invocation::Healthcheck(check)) => healthcheck::run(&check),
        Ok(Invocation::Reload(server)) => reload_command::run(&server),
        Ok(Invocation::Checked(settings, text)) => daemon::check(&settings, &text),
        Ok(Invocation::Print(text)) => daemon::print(&text),
        Err(error) => daemon::fail(error, 2),
    }
}
