//! The results, as JSON or as text.

use super::plan::Plan;
use super::spent::Spent;
use super::tally::{FAILURES, Tally};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// The reported percentiles and their names.
const SHARES: [(&str, f64); 6] =
    [("min", 0.0), ("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)];
/// The bounds of the histogram, in microseconds.
const BOUNDS_US: [i64; 12] =
    [50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 1_000_000];

/// The tallies of all load processes, and the server's memory and CPU: at first, with all requests
/// waiting, after the churn, and with all requests answered.
pub(crate) struct Report {
    pub(crate) tally: Tally,
    pub(crate) before: Option<Spent>,
    pub(crate) waiting: Option<Spent>,
    pub(crate) held: Option<Spent>,
    pub(crate) after: Option<Spent>,
    pub(crate) load_cpu_s: (f64, f64),
    pub(crate) churned: u64,
    pub(crate) took: Duration,
}

impl Report {
    pub(crate) fn print(&mut self, plan: &Plan) {
        let report = self.values(plan);
        if plan.json {
            return println!("{report}");
        }
        let at = |name: &str| &report[name];
        println!(
            "{}: {}{} connections from {} processes in {:.3} s",
            mode(plan),
            if plan.streams > 0 { format!("{} streams on ", plan.streams) } else { String::new() },
            plan.connections,
            plan.processes,
            number(at("took_s"))
        );
        println!("sent {}, answered {}, early {}", at("sent"), at("answered"), at("early"));
        println!("failed {} {}", at("failed"), at("failures"));
        let late = SHARES.map(|(name, _)| {
            format!("{name} {:.3}", number(&report["lateness_us"][name]) / 1000.0)
        });
        println!("lateness in ms: {}", late.join(", "));
        println!("answers by lateness: {}", self.histogram());
        let all = if self.tally.holding == plan.held() as u64 { "all" } else { "NOT ALL" };
        println!("held at the same time: {}, {all}", at("waiting"));
        if plan.streams > 0 {
            println!("most at the same time: {}", at("most"));
        }
        if plan.churn > 0.0 {
            println!("replaced: {}", self.churned);
        }
        if let Some(memory) = report["memory"].as_object() {
            let bytes = |name: &str| number(&memory[name]);
            println!(
                "server memory (Anonymous): {} B after one request, {} B waiting, {} B at the end",
                memory["before_bytes"], memory["waiting_bytes"], memory["held_bytes"]
            );
            println!(
                "{:.1} B per waiting {}; kernel, both ends: {:.0} B",
                bytes("bytes_per_connection"),
                if plan.streams > 0 { "stream" } else { "connection" },
                bytes("kernel_bytes_per_connection")
            );
        }
        if let Some(cpu) = report["cpu"].as_object() {
            let cpu = |name: &str| number(&cpu[name]);
            println!(
                "CPU: server {:.2} s user, {:.2} s system; load {:.2} s user, {:.2} s system",
                cpu("server_user_s"),
                cpu("server_system_s"),
                cpu("load_user_s"),
                cpu("load_system_s")
            );
        }
    }

    pub(crate) fn missed(&self, plan: &Plan) -> bool {
        let tally = &self.tally;
        tally.failures() + tally.early > 0 || tally.holding != plan.held() as u64
    }

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
            "mode": mode(plan),
            "connections": plan.connections,
            "streams": plan.streams,
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
            "most": self.tally.most,
            "churned": self.churned,
            "memory": self.memory(),
            "cpu": self.cpu(),
            "took_s": self.took.as_secs_f64(),
        })
    }

    fn memory(&self) -> Value {
        let (Some(before), Some(waiting), Some(held)) = (self.before, self.waiting, self.held)
        else {
            return Value::Null;
        };
        let growth = waiting.server as i64 - before.server as i64;
        let kernel = waiting.kernel as i64 - before.kernel as i64;
        let count = self.tally.holding;
        let each = |bytes: i64| (count > 0).then(|| bytes as f64 / count as f64);
        json!({
            "before_bytes": before.server,
            "waiting_bytes": waiting.server,
            "waiting_private_dirty_bytes": waiting.private_dirty,
            "held_bytes": held.server,
            "growth_bytes": growth,
            "bytes_per_connection": each(growth),
            "kernel_bytes_per_connection": each(kernel),
        })
    }

    /// The server's CPU time until the last answer, the load's until its exit.
    fn cpu(&self) -> Value {
        let (Some(before), Some(after)) = (self.before, self.after) else { return Value::Null };
        json!({
            "server_user_s": after.user_s - before.user_s,
            "server_system_s": after.system_s - before.system_s,
            "load_user_s": self.load_cpu_s.0,
            "load_system_s": self.load_cpu_s.1,
        })
    }

    /// `≤ 0.1 ms 97, ≤ 0.2 ms 3`: only the classes that are not empty.
    fn histogram(&self) -> String {
        let counts = self.tally.histogram_us(&BOUNDS_US);
        let name = |at: usize| match BOUNDS_US.get(at) {
            Some(&bound) => format!("≤ {} ms", bound as f64 / 1000.0),
            None => "more".to_owned(),
        };
        let classes = counts.iter().enumerate().filter(|(_, count)| **count > 0);
        classes.map(|(at, count)| format!("{} {count}", name(at))).collect::<Vec<_>>().join(", ")
    }
}

fn mode(plan: &Plan) -> &'static str {
    match (plan.churn > 0.0, plan.idle) {
        (true, _) => "churn",
        (false, true) => "idle",
        (false, false) => "delay",
    }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}
