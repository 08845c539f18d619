//! The options of the command line.

use super::socket;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use std::net::{SocketAddr, SocketAddrV4, ToSocketAddrs};
use std::str::FromStr;
use std::time::Duration;

/// Descriptors reserved for epoll, the standard streams and inherited ones.
pub(crate) const SPARE_DESCRIPTORS: u64 = 32;

/// One run or, with `share`, one process's part of it.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) server: SocketAddrV4,
    /// Whether the URL is https.
    pub(crate) tls: bool,
    pub(crate) connections: usize,
    /// Requests over HTTP/2, on these connections; 0: one over HTTP/1 on each.
    pub(crate) streams: usize,
    pub(crate) vary: Vary,
    pub(crate) delay: f64,
    /// The modifier of each request to /get; empty: a request to /delay.
    pub(crate) with: String,
    pub(crate) ramp: f64,
    pub(crate) idle: bool,
    pub(crate) churn: f64,
    pub(crate) seconds: f64,
    pub(crate) processes: usize,
    pub(crate) sources: usize,
    pub(crate) timeout: Duration,
    pub(crate) pid: Option<u32>,
    pub(crate) json: bool,
    pub(crate) share: Option<usize>,
}

/// What differs between the requests of the streams: a number of eight digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vary {
    Nothing,
    /// The query of the path.
    Path,
    /// A field.
    Field,
}

/// The words of the option.
const VARY: [(&str, Vary); 3] =
    [("nothing", Vary::Nothing), ("path", Vary::Path), ("field", Vary::Field)];

impl Plan {
    pub(crate) fn from_arguments() -> Result<Plan, String> {
        let matches = command().get_matches();
        let churn = one(&matches, "churn");
        let url = one::<String>(&matches, "url");
        let vary = one::<String>(&matches, "vary");
        let mut plan = Plan {
            server: server(&url)?,
            tls: url.starts_with("https://"),
            connections: one(&matches, "connections"),
            streams: one(&matches, "streams"),
            vary: VARY.iter().find(|(word, _)| *word == vary).ok_or("no such --vary")?.1,
            delay: one(&matches, "delay"),
            with: one(&matches, "with"),
            ramp: one(&matches, "ramp"),
            idle: matches.get_flag("idle") || churn > 0.0,
            churn,
            seconds: one(&matches, "seconds"),
            processes: one(&matches, "processes"),
            sources: one(&matches, "sources"),
            timeout: Duration::from_secs_f64(one::<f64>(&matches, "timeout").clamp(1.0, 3600.0)),
            pid: matches.get_one("pid").copied(),
            json: matches.get_flag("json"),
            share: matches.get_one("share").copied(),
        };
        if plan.processes == 0 {
            let most = socket::raise_descriptor_limit().map_err(|error| error.to_string())?;
            let most = most.saturating_sub(SPARE_DESCRIPTORS).max(1);
            plan.processes = plan.connections.div_ceil(most as usize);
        }
        let counts = [plan.connections, plan.processes, plan.sources];
        let fine = counts.iter().all(|&n| n > 0) && plan.ramp > 0.0 && plan.delay >= 0.0;
        if !fine {
            return Err("counts and the ramp must be above zero".to_owned());
        }
        if plan.streams > 0 && (!plan.with.is_empty() || churn > 0.0) {
            return Err("--streams has neither --with nor --churn".to_owned());
        }
        if plan.streams > 0 && plan.streams < plan.connections
            || plan.idle && plan.streams > plan.connections
        {
            return Err(
                "--streams must be at least --connections, and with --idle equal".to_owned()
            );
        }
        Ok(plan)
    }

    /// The part of process `index`: an even share of connections and rate.
    pub(crate) fn share_of(&self, index: usize) -> Plan {
        let part = |all: usize| all / self.processes + usize::from(index < all % self.processes);
        Plan {
            connections: part(self.connections),
            streams: part(self.streams),
            ramp: self.ramp / self.processes as f64,
            churn: self.churn / self.processes as f64,
            share: Some(index),
            ..self.clone()
        }
    }

    /// The command line for this plan.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let mut arguments = vec![
            format!("{}://{}", if self.tls { "https" } else { "http" }, self.server),
            format!("--connections={}", self.connections),
            format!("--streams={}", self.streams),
            format!(
                "--vary={}",
                VARY.iter().find(|(_, vary)| *vary == self.vary).map_or("", |v| v.0)
            ),
            format!("--delay={}", self.delay),
            format!("--with={}", self.with),
            format!("--ramp={}", self.ramp),
            format!("--churn={}", self.churn),
            format!("--seconds={}", self.seconds),
            format!("--sources={}", self.sources),
            format!("--timeout={}", self.timeout.as_secs_f64()),
        ];
        arguments.extend(self.idle.then(|| "--idle".to_owned()));
        arguments.extend(self.share.map(|index| format!("--share={index}")));
        arguments
    }

    /// How many are to be held at the same time: streams, or connections.
    pub(crate) fn held(&self) -> usize {
        if self.streams > 0 { self.streams } else { self.connections }
    }

    pub(crate) fn path(&self) -> String {
        match (self.idle, &*self.with) {
            (true, _) => "/status/200".to_owned(),
            (false, "") => format!("/delay/{}", self.delay),
            (false, with) => format!("/~{with}/get"),
        }
    }

    pub(crate) fn request(&self) -> Vec<u8> {
        let (path, host) = (self.path(), self.server);
        format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").into_bytes()
    }

    /// The delay of each request, in nanoseconds; 0 where the answer shows it.
    pub(crate) fn delay_ns(&self) -> i64 {
        if self.idle || !self.with.is_empty() { 0 } else { (self.delay * 1e9).round() as i64 }
    }
}

fn command() -> Command {
    let value = |name: &'static str, default: &'static str, help: &'static str| {
        Arg::new(name).long(name).default_value(default).help(help)
    };
    Command::new("hold")
        .about(
            "Hold many connections open: lateness, early and failed answers, memory per connection",
        )
        .arg(Arg::new("url").default_value("http://127.0.0.1:8080"))
        .arg(value("connections", "1000", "Connections in all").value_parser(number::<usize>))
        .arg(
            value("streams", "0", "HTTP/2 requests in all, on these connections; 0: HTTP/1")
                .value_parser(number::<usize>),
        )
        .arg(
            value("vary", "nothing", "What differs between the streams' requests")
                .value_parser(VARY.map(|(word, _)| word)),
        )
        .arg(value("delay", "5", "Seconds of each /delay/S").value_parser(number::<f64>))
        .arg(value("with", "", "A modifier in place of /delay/S, such as delay=lognormal:2s:0.4"))
        .arg(
            value("ramp", "10000", "Connections, or streams, opened per second")
                .value_parser(number::<f64>),
        )
        .arg(
            value("processes", "0", "Load processes; 0: as the descriptor limit requires")
                .value_parser(number::<usize>),
        )
        .arg(
            value("sources", "64", "Source addresses 127.x.y.z per process")
                .value_parser(number::<usize>),
        )
        .arg(value("timeout", "60", "Seconds for the whole run").value_parser(number::<f64>))
        .arg(
            Arg::new("idle")
                .long("idle")
                .action(ArgAction::SetTrue)
                .help("One quick request on each connection, then hold it idle"),
        )
        .arg(
            value("churn", "0", "Idle connections replaced per second").value_parser(number::<f64>),
        )
        .arg(value("seconds", "10", "How long, with --churn").value_parser(number::<f64>))
        .arg(
            Arg::new("pid")
                .long("pid")
                .value_parser(value_parser!(u32))
                .help("The server's process, to measure its memory"),
        )
        .arg(Arg::new("json").long("json").action(ArgAction::SetTrue).help("Report as JSON"))
        .arg(Arg::new("share").long("share").hide(true).value_parser(number::<usize>))
}

fn number<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| "not a number that fits".to_owned())
}

fn one<T: Clone + Send + Sync + 'static>(matches: &ArgMatches, name: &str) -> T {
    matches.get_one::<T>(name).expect("has a default").clone()
}

/// Loopback only: a tool that opens a million connections must not be pointed at other machines.
fn server(url: &str) -> Result<SocketAddrV4, String> {
    let plain = url.strip_prefix("http://").or(url.strip_prefix("https://")).unwrap_or(url);
    let authority = plain.trim_end_matches('/');
    let mut found = authority.to_socket_addrs().map_err(|error| format!("{url}: {error}"))?;
    let address = found.find_map(|address| match address {
        SocketAddr::V4(v4) if v4.ip().is_loopback() => Some(v4),
        _ => None,
    });
    address.ok_or_else(|| format!("{url}: not an IPv4 loopback address"))
}
