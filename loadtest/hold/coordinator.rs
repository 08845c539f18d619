//! Starts the load processes, measures the server while they wait, adds up and reports.

mod answer;
mod http2;
mod link;
mod load;
mod plan;
mod report;
mod socket;
mod spent;
mod streams;
pub(crate) mod tally;

use plan::Plan;
use report::Report;
use spent::Spent;
use std::io::{self, BufReader, Write};
use std::net::TcpStream;
use std::os::fd::IntoRawFd;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use tally::Tally;

/// Exits with 0 if nothing failed, nothing was early and all waited at the same time; with 1 if
/// not, with 2 if it could not be run.
pub(crate) fn main() -> ExitCode {
    let plan = match Plan::from_arguments() {
        Ok(plan) => plan,
        Err(error) => return unable(&error),
    };
    if plan.share.is_some() {
        let run = if plan.streams > 0 { streams::run } else { load::run };
        return run(plan).map_or_else(|error| unable(&error.to_string()), |()| 0.into());
    }
    match coordinate(&plan) {
        Ok(mut report) => {
            report.print(&plan);
            ExitCode::from(u8::from(report.missed(&plan)))
        }
        Err(error) => unable(&error.to_string()),
    }
}

fn unable(error: &str) -> ExitCode {
    eprintln!("hold: {error}");
    ExitCode::from(2)
}

fn coordinate(plan: &Plan) -> io::Result<Report> {
    warm_up(plan)?;
    let look = || plan.pid.map(Spent::by).transpose();
    let before = look()?;
    let started = Instant::now();
    let mut processes = (0..plan.processes)
        .map(|index| Process::start(&plan.share_of(index)))
        .collect::<io::Result<Vec<_>>>()?;
    each(&mut processes, |process| process.expect("waiting").map(drop))?;
    let waiting = look()?;
    let mut churned = 0;
    if plan.churn > 0.0 {
        each(&mut processes, |process| process.send(tally::CHURN))?;
        for process in &mut processes {
            churned += process.expect("churned")?;
        }
    }
    let held = look()?;
    each(&mut processes, |process| process.send(tally::COUNT))?;
    let mut tally = Tally::with_room(plan.held());
    each(&mut processes, |process| process.adds(&mut tally))?;
    let (took, after) = (started.elapsed(), look()?);
    // Connections end only now: closing them costs both sides more than an answer.
    processes.iter_mut().for_each(|process| process.input = None);
    each(&mut processes, |process| process.child.wait().map(drop))?;
    let load_cpu_s = socket::children_cpu_s()?;
    Ok(Report { tally, before, waiting, held, after, load_cpu_s, churned, took })
}

/// One request, so that memory for the server's first request is not charged to the connections.
fn warm_up(plan: &Plan) -> io::Result<()> {
    if plan.streams > 0 {
        return streams::warm_up(plan);
    }
    let stream = TcpStream::connect(plan.server)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let config = if plan.tls { Some(link::config("http/1.1")?) } else { None };
    let mut link = link::Link::new(stream.into_raw_fd(), config.as_ref())?;
    if !link.is_open()? {
        return Err(io::Error::other("the TLS handshake took too long"));
    }
    let host = plan.server;
    let request = format!("GET /status/200 HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    link.write(request.as_bytes())?;
    let mut answer = [0; 1024];
    let n = link.read(&mut answer)?;
    socket::close(link.fd);
    if answer[..n].starts_with(b"HTTP/1.1 2") {
        return Ok(());
    }
    Err(io::Error::other("the server did not answer /status/200 with a 2xx"))
}

fn each(
    processes: &mut [Process],
    step: impl FnMut(&mut Process) -> io::Result<()>,
) -> io::Result<()> {
    processes.iter_mut().try_for_each(step)
}

/// A load process, which runs and holds its connections while its input is open.
struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    saw_tally: Option<(String, i64)>,
}

impl Process {
    fn start(share: &Plan) -> io::Result<Process> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(share.arguments())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("it is a pipe"));
        Ok(Process { child, input, output, saw_tally: None })
    }

    fn send(&mut self, word: u8) -> io::Result<()> {
        self.input.as_mut().map_or(Ok(()), |input| input.write_all(&[word]))
    }

    /// Blocks until it writes this word, and returns the number. After a timeout it writes only its
    /// tally.
    fn expect(&mut self, word: &str) -> io::Result<u64> {
        if self.saw_tally.is_some() {
            return Ok(0);
        }
        match tally::line(&mut self.output)? {
            (line, number) if line == word => Ok(number.unsigned_abs()),
            other => {
                self.saw_tally = Some(other);
                Ok(0)
            }
        }
    }

    fn adds(&mut self, tally: &mut Tally) -> io::Result<()> {
        if let Some((_, sent)) = self.saw_tally.take() {
            tally.sent += sent.unsigned_abs();
        }
        tally.add(&mut self.output)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
