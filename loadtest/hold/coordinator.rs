//! Starts the load processes, measures the server while they wait, adds up and reports.

mod answer;
mod load;
mod memory;
mod plan;
mod socket;
pub(crate) mod tally;

use plan::Plan;
use serde_json::{Map, Value, json};
use std::io::{self, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};
use tally::{FAILURES, Tally};

/// The percentiles that are reported, and their names.
const SHARES: [(&str, f64); 6] =
    [("min", 0.0), ("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)];

/// What was seen of the server's memory, in bytes.
#[derive(Default)]
struct Memory {
    before: Option<u64>,
    waiting: Option<u64>,
}

struct Report {
    tally: Tally,
    memory: Memory,
    took: Duration,
}

/// Exits 0 if nothing failed and nothing was early, 1 if something was, 2 if it could not be run.
pub(crate) fn main() -> ExitCode {
    let plan = match Plan::from_arguments() {
        Ok(plan) => plan,
        Err(error) => return unable(&error),
    };
    if plan.share.is_some() {
        return load::run(plan).map_or_else(|error| unable(&error.to_string()), |()| 0.into());
    }
    match coordinate(&plan) {
        Ok(mut report) => {
            let failed = report.tally.failures() + report.tally.early;
            print(&plan, &report.values(&plan));
            ExitCode::from(u8::from(failed > 0))
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
    let mut memory = Memory::default();
    memory.before = plan.pid.map(memory::anonymous_bytes).transpose()?;
    let started = Instant::now();
    let mut processes = (0..plan.processes)
        .map(|index| Process::start(&plan.share_of(index)))
        .collect::<io::Result<Vec<_>>>()?;
    for process in &mut processes {
        process.waiting()?;
    }
    memory.waiting = plan.pid.map(memory::anonymous_bytes).transpose()?;
    processes.iter_mut().for_each(|process| process.input = None);
    let mut tally = Tally::with_room(plan.connections);
    for process in &mut processes {
        process.finish(&mut tally)?;
    }
    Ok(Report { tally, memory, took: started.elapsed() })
}

/// One request, so that what a server sets up at its first is not charged to the connections.
fn warm_up(plan: &Plan) -> io::Result<()> {
    let limit = Some(Duration::from_secs(5));
    let mut stream = TcpStream::connect(plan.server)?;
    stream.set_read_timeout(limit)?;
    let host = plan.server;
    write!(stream, "GET /status/200 HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
    let mut answer = [0; 1024];
    let n = stream.read(&mut answer)?;
    if answer[..n].starts_with(b"HTTP/1.1 2") {
        return Ok(());
    }
    Err(io::Error::other("the server did not answer /status/200 with a 2xx"))
}

/// A load process: its standard input is held open for as long as it is to hold its connections.
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

    /// Blocks until all its requests are sent. Out of time, it says nothing but its tally.
    fn waiting(&mut self) -> io::Result<()> {
        match tally::line(&mut self.output)? {
            (name, _) if name == "waiting" => {}
            other => self.saw_tally = Some(other),
        }
        Ok(())
    }

    fn finish(&mut self, tally: &mut Tally) -> io::Result<()> {
        if let Some((_, sent)) = self.saw_tally.take() {
            tally.sent += sent.unsigned_abs();
        }
        tally.add(&mut self.output)?;
        self.child.wait().map(drop)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Report {
    fn values(&mut self, plan: &Plan) -> Value {
        let shares = SHARES.map(|(_, share)| share);
        let late = self.tally.percentiles_us(&shares);
        let names = SHARES.map(|(name, _)| name.to_owned());
        let late: Map<_, _> = names.into_iter().zip(late.into_iter().map(Value::from)).collect();
        let failures: Map<_, _> = FAILURES
            .iter()
            .zip(self.tally.failed)
            .filter(|(_, count)| *count > 0)
            .map(|(name, count)| ((*name).to_owned(), count.into()))
            .collect();
        json!({
            "mode": if plan.idle { "idle" } else { "delay" },
            "connections": plan.connections,
            "delay_s": if plan.idle { 0.0 } else { plan.delay },
            "ramp_per_s": plan.ramp,
            "processes": plan.processes,
            "sent": self.tally.sent,
            "answered": self.tally.lateness_ns.len(),
            "early": self.tally.early,
            "failed": self.tally.failures(),
            "failures": failures,
            "lateness_us": late,
            "waiting": self.tally.holding,
            "memory": self.memory(),
            "took_s": self.took.as_secs_f64(),
        })
    }

    fn memory(&self) -> Value {
        let (Some(before), Some(waiting)) = (self.memory.before, self.memory.waiting) else {
            return Value::Null;
        };
        let growth = waiting as i64 - before as i64;
        let each = (self.tally.holding > 0).then(|| growth as f64 / self.tally.holding as f64);
        json!({
            "before_bytes": before,
            "waiting_bytes": waiting,
            "growth_bytes": growth,
            "bytes_per_connection": each,
        })
    }
}

fn print(plan: &Plan, report: &Value) {
    if plan.json {
        println!("{report}");
        return;
    }
    let at = |name: &str| &report[name];
    println!("connections {} {} in {:.3} s", plan.connections, at("mode"), number(at("took_s")));
    println!("sent {}, answered {}, early {}", at("sent"), at("answered"), at("early"));
    println!("failed {} {}", at("failed"), at("failures"));
    let late = SHARES
        .map(|(name, _)| format!("{name} {:.3}", number(&report["lateness_us"][name]) / 1000.0));
    println!("lateness in ms: {}", late.join(", "));
    println!("waiting at the same time: {}", at("waiting"));
    if let Some(memory) = report["memory"].as_object() {
        let each = number(&memory["bytes_per_connection"]);
        let (before, waiting) = (&memory["before_bytes"], &memory["waiting_bytes"]);
        println!("server memory (Anonymous): {before} B after one request, {waiting} B waiting");
        println!("{each:.1} B per waiting connection");
    }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}
