//! The server's process: its log, its signals, its output and its exit status.
//!
//! The main thread receives events through one channel. A thread forwards the
//! signals, one waits for the workers, so that the process ends as soon as a drain is complete, one
//! reloads, and one waits for a new process to serve.
//!
//! ```text
//! SIGTERM, SIGINT, SIGQUIT   finish requests in progress, for --shutdown-timeout at most; exit 0,
//!                            or 1 if answers were cut off
//!   a second one             close all connections; exit 0 or 1 likewise
//!   a third one              exit 1 at once, whatever the workers do
//! SIGHUP                     read the configuration again, and reopen the access log; if the
//!                            terminal was closed, the same as SIGTERM
//! SIGUSR1                    reopen the access log
//! SIGUSR2                    start the program anew with the listeners; once it serves, finish
//!                            requests in progress, and end
//! SIGALRM, SIGPWR, …         ignored, but logged
//! ```
//!
//! Rust's runtime ignores SIGPIPE before `main`: writing to a closed connection is an error and
//! does not end the process.
//!
//! While the server runs, nothing here writes to a standard stream directly: on a pipe without a
//! reader the write would block, and this thread would not see signals.

mod activation;
mod exit;
mod notify;
mod pid_file;
mod reload;
mod signals;
mod supervisor;
mod upgrade;

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::iterator::Signals;

use super::log::subscriber::Level;
use super::log::{Output, Target, subscriber};
use super::{Address, Heritage, secure, start};
use crate::base::limits::LOG_FLUSH;
use crate::config::Settings;
use activation::Predecessor;
pub(super) use pid_file::read as pid_in;
pub(super) use reload::WRAP as RELOADS_WRAP;
use supervisor::{Event, Phase, Supervisor};

/// Serves until a signal ends it, and returns the exit status of the process.
pub fn run(settings: Settings) -> ExitCode {
    // Before anything opens a descriptor.
    let inherited = match activation::take() {
        Ok(inherited) => inherited,
        Err(wrong) => return fail(format_args!("loiter: {wrong}"), 1),
    };
    // Before any thread: a signal during the start is not lost, and every thread has the handler's
    // pipe in its descriptor table, on whichever of them the handler runs.
    let setup = signals::take().and_then(|signals| {
        Ok((signals, Output::start(Target::Stderr, settings.private_fd_tables)?))
    });
    let (signals, stderr) = match setup {
        Ok(setup) => setup,
        Err(error) => return fail(format_args!("loiter: {}", setup_failed(error)), 1),
    };
    let level = subscriber::install(&stderr, settings.log_level, settings.log_format);
    let (status, deadline) = match serve(settings, inherited, signals, &stderr, level) {
        Ok((status, deadline)) => (status, deadline),
        Err(failure) => {
            stderr.send(format!("loiter: {failure}\n").as_bytes());
            (ExitCode::FAILURE, Instant::now() + LOG_FLUSH)
        }
    };
    stderr.close(deadline.max(Instant::now() + LAST_FLUSH));
    status
}

/// Reads the files that the settings name for TLS, as a start does, and prints the text if nothing
/// is wrong with them. Otherwise the exit status is 2. The log has what a start would warn of.
pub fn check(settings: &Settings, text: &str) -> ExitCode {
    let stderr = match Output::start(Target::Stderr, false) {
        Ok(stderr) => stderr,
        Err(error) => return fail(format_args!("loiter: {}", setup_failed(error)), 1),
    };
    subscriber::install(&stderr, settings.log_level, settings.log_format);
    let checked = secure::check(settings);
    stderr.close(Instant::now() + LOG_FLUSH);
    match checked {
        Ok(()) => print(text),
        Err(wrong) => fail(format_args!("loiter: {wrong}"), 2),
    }
}

/// Prints a text on standard output, and ends its last line.
pub fn print(text: &str) -> ExitCode {
    let mut out = io::stdout().lock();
    let text = text.strip_suffix('\n').unwrap_or(text);
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        // A reader such as `head` may close the pipe; that is not a failure.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            fail(format_args!("loiter: cannot write to standard output: {error}"), 1)
        }
        _ => ExitCode::SUCCESS,
    }
}

/// Prints an error on standard error, and returns the exit status for it. It starts with `loiter:
/// `, as a [`ConfigError`](crate::config::ConfigError) does.
pub fn fail(wrong: impl fmt::Display, status: u8) -> ExitCode {
    // If standard error is closed, there is no other place for it.
    let _ = writeln!(io::stderr(), "{wrong}");
    ExitCode::from(status)
}

fn setup_failed(error: io::Error) -> String {
    format!("cannot set up the process: {error}; check its limits (ulimit -n, ulimit -u)")
}

/// Least time to flush standard error after the other logs have used up [`LOG_FLUSH`]: it reports
/// those that could not be written.
const LAST_FLUSH: Duration = Duration::from_millis(200);

/// Serves until the end, and returns the exit status and the deadline for writing the logs. An
/// error is a sentence.
fn serve(
    settings: Settings,
    (heritage, predecessor): (Heritage, Option<Predecessor>),
    mut signals: Signals,
    stderr: &Arc<Output>,
    level: Level,
) -> Result<(ExitCode, Instant), String> {
    let private = settings.private_fd_tables;
    let within = settings.shutdown_timeout;
    let mut server = start::start(settings.clone(), Some(stderr), heritage)
        .map_err(|error| error.to_string())?;
    let handle = server.handle();
    // Before clients know of the admin listener.
    exit::install(&handle, stderr);
    let stdout = Output::start(Target::Stdout, private).map_err(setup_failed)?;
    let addresses = (server.addresses(), &*handle.admin_addresses());
    stdout.send(announcement(&settings, addresses).as_bytes());
    stdout.finish();
    tracing::info!(
        capacity = server.capacity.all,
        bound = %server.capacity.bound,
        "connection limit"
    );
    let (sender, events) = channel();
    let (forwarded, ended) = (sender.clone(), sender.clone());
    let supervisor =
        Supervisor::new(handle.clone(), settings, level, (sender, events), predecessor)?;
    spawn("signals", move || {
        let mut forward = |signal| forwarded.send(Event::Signal(signal)).is_ok();
        signals.forever().all(&mut forward);
    })?;
    spawn("join", move || {
        let totals = server.wait_for_workers();
        // The main thread drops it: its drop would wait for the access log here.
        let _ = ended.send(Event::Ended(Box::new((server, totals))));
    })?;
    let (phase, ended) = supervisor.run();
    if phase != Phase::Serving {
        log_end(&ended.1, phase, within);
    }
    let deadline = Instant::now() + LOG_FLUSH;
    handle.close_log(deadline);
    stdout.close(deadline);
    match phase {
        Phase::Draining | Phase::Stopping => {
            Ok((ExitCode::from(u8::from(ended.1.cut_off > 0)), deadline))
        }
        Phase::Serving => Err("the server ended unexpectedly".to_owned()),
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), String> {
    let thread = thread::Builder::new().name(name.into()).spawn(run);
    thread.map(drop).map_err(setup_failed)
}

/// Why connections were closed in the middle of an answer.
fn cut_off_text(count: u64, phase: Phase, within: Duration) -> String {
    let what = if count == 1 { "1 answer was" } else { &format!("{count} answers were") };
    match phase {
        Phase::Stopping => format!("{what} cut off by the second signal"),
        _ => format!(
            "{what} cut off after {within:?}: raise --shutdown-timeout, and the time that Docker, \
             systemd or Kubernetes gives"
        ),
    }
}

fn log_end(totals: &super::WorkerStats, phase: Phase, within: Duration) {
    let super::WorkerStats { connections, requests, cut_off, clients_gone, skipped, .. } = *totals;
    if cut_off > 0 {
        tracing::warn!("{}", cut_off_text(cut_off, phase, within));
    }
    let applied = totals.applied_text();
    match (applied.is_empty(), skipped) {
        (true, 0) => tracing::info!(connections, requests, cut_off, clients_gone, "stopped"),
        _ => tracing::info!(
            connections, requests, cut_off, clients_gone, %applied, skipped, "stopped"
        ),
    }
}

/// How many of the standard streams are terminals; a terminal that was closed does not count.
fn terminals() -> usize {
    let all = [io::stdin().is_terminal(), io::stdout().is_terminal(), io::stderr().is_terminal()];
    all.into_iter().filter(|terminal| *terminal).count()
}

/// One line per listener, and on a terminal commands to try. Programs parse the lines, so each has
/// one URL: the one without TLS where both are served.
fn announcement(settings: &Settings, (addresses, admin): (&[Address], &[Address])) -> String {
    let mut text = String::new();
    for address in addresses {
        text.push_str(&format!("listening {address}\n"));
    }
    for address in admin {
        text.push_str(&format!("admin {address}\n"));
    }
    let http = addresses.iter().find_map(|address| Some((address.url()?, address.https_url())));
    if let (Some((url, https)), true) = (http, io::stdout().is_terminal()) {
        let tls = https.filter(|https| *https != url);
        let live = admin.iter().find_map(Address::url).filter(|_| settings.journal > 0);
        text.push_str(&suggestions(settings, &url, tls, live));
    }
    text
}

/// Where to begin, with a loopback address for the unspecified one; `live` is the server of the
/// journal's page. URLs are quoted because `?` and `[` are patterns to a shell, for which zsh runs
/// nothing.
fn suggestions(
    settings: &Settings,
    url: &str,
    tls: Option<String>,
    live: Option<String>,
) -> String {
    let api = &settings.api;
    let reachable =
        |url: &str| url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:");
    let curl = if url.starts_with("https:") { "curl -k" } else { "curl" };
    let tls = tls.map(|tls| format!("  curl -k '{}{}'\n", reachable(&tls), api.local("/get")));
    let live = live.map(|url| format!(", {}/ to watch requests", reachable(&url)));
    let odd = if api.modifiers { "/~delay=1s/~status=503/get" } else { "/get?a=1" };
    let [page, slow, odd, load] =
        ["/", "/delay/3", odd, "/delay/1"].map(|path| reachable(url) + &api.local(path));
    // More than one address may have would be refused.
    let connections = settings.max_connections_per_ip.unwrap_or(1000).min(1000);
    format!(
        "\nOpen {page} in a browser{live}, or try:\n  {curl} '{slow}'\n  {curl} '{odd}'\n{tls}  \
         wrk -t1 -c{connections} -d10s '{load}'\n\n",
        live = live.unwrap_or_default(),
        tls = tls.unwrap_or_default(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In a shell that is installed; `?`, `[`, `~` and `&` must be left alone.
    #[test]
    fn a_shell_passes_on_the_urls_of_suggestions_as_they_are() {
        let tls = Some("https://[::1]:80".to_owned());
        let text = suggestions(&Settings::default(), "http://[::1]:80", tls, None);
        let lines = text.lines().filter(|line| line.starts_with("  "));
        let script = lines.map(|line| format!("{line};")).collect::<String>();
        let print = "curl() { printf '%s\\n' \"$@\"; }; wrk() { curl \"$@\"; };";
        for (shell, options) in [("bash", "--norc"), ("zsh", "-f"), ("sh", "-e")] {
            let mut command = std::process::Command::new(shell);
            let Ok(output) = command.args([options, "-c", &[print, &script].concat()]).output()
            else {
                continue;
            };
            let passed = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success(), "{shell}: {output:?}");
            for path in ["/delay/3", "/~delay=1s/~status=503/get", "/delay/1"] {
                let url = format!("http://[::1]:80{path}");
                assert!(passed.lines().any(|line| line == url), "{shell}: {passed}");
            }
        }
    }

    #[test]
    fn suggestions_have_an_address_to_connect_to() {
        let suggestions = |url: &str| {
            let address = url.replace("http+s", "https");
            let tls = (address != url).then_some(address);
            let url = url.replace("http+s", "http");
            suggestions(&Settings::default(), &url, tls, Some("http://[::]:90".to_owned()))
        };
        assert!(suggestions("http://0.0.0.0:80").contains("curl 'http://127.0.0.1:80/delay/3'\n"));
        assert!(suggestions("http://[::]:80").contains("Open http://[::1]:80/ in"));
        assert!(suggestions("http://[::]:80").contains(", http://[::1]:90/ to watch requests, or"));
        assert!(suggestions("http://192.0.2.1:80").contains("'http://192.0.2.1:80/delay/1'\n"));
        assert!(!suggestions("http://[::]:80").contains("https"));
        let both = suggestions("http+s://[::]:80");
        assert!(both.contains("curl 'http://[::1]:80/delay/3'\n"), "{both}");
        assert!(both.contains("curl -k 'https://[::1]:80/get'\n"), "{both}");
        let tls = suggestions("https://[::]:80");
        assert!(tls.contains("curl -k 'https://[::1]:80/delay/3'\n"), "{tls}");
    }

    #[test]
    fn suggestions_are_paths_that_the_server_has() {
        let suggestions = |given: &[(&str, &str)]| {
            let mut settings = Settings::default();
            settings.apply(given);
            suggestions(&settings, "http://[::1]:80", Some("https://[::1]:80".to_owned()), None)
        };
        let text = suggestions(&[("prefix", "/a")]);
        assert_eq!(text.matches(":80/a/").count(), 5, "{text}");
        assert!(suggestions(&[]).contains(":80/~delay=1s/~status=503/get'\n"));
        assert!(suggestions(&[]).contains("wrk -t1 -c1000 "));
        assert!(suggestions(&[("max-connections-per-ip", "64")]).contains("wrk -t1 -c64 "));
        let text = suggestions(&[("modifiers", "off")]);
        assert!(!text.contains('~') && text.contains(":80/get?a=1'\n"), "{text}");
    }
}
