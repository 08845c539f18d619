//! Every metric: its name, what it means, and where its samples come from. The exposition, the
//! table in `config/README.md` and the tests of the dashboard read them.
//!
//! Names are OpenTelemetry's where it has one, written as Prometheus does; else they begin with
//! `loiter_`, or with `process_` as those of every client library.

use super::Report;
use super::text::{Samples, seconds};
use crate::endpoint::ROUTES;
use crate::http::metrics::{ConnectionState, Leaving, Refused, UNMATCHED};
use crate::http::modifiers::ROWS;
use crate::http::request::Method;

/// What stands for everything that has no label value of its own, as in OpenTelemetry.
pub const OTHER: &str = "_OTHER";

/// The kind of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only grows, until the process ends.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Counts by range.
    Histogram,
}

impl Kind {
    /// Its name in the text format.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        }
    }
}

/// A metric.
#[derive(Debug)]
pub struct Family {
    /// Its name.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// What it means, in one line without a backslash.
    pub help: &'static str,
    /// Writes its samples.
    pub samples: fn(&Report, &mut Samples),
}

const fn counter(
    name: &'static str,
    help: &'static str,
    samples: fn(&Report, &mut Samples),
) -> Family {
    Family { name, kind: Kind::Counter, labels: &[], help, samples }
}

const fn gauge(
    name: &'static str,
    help: &'static str,
    samples: fn(&Report, &mut Samples),
) -> Family {
    Family { kind: Kind::Gauge, ..counter(name, help, samples) }
}

const fn histogram(
    name: &'static str,
    help: &'static str,
    samples: fn(&Report, &mut Samples),
) -> Family {
    Family { kind: Kind::Histogram, ..counter(name, help, samples) }
}

impl Family {
    const fn by(self, labels: &'static [&'static str]) -> Family {
        Family { labels, ..self }
    }
}

/// The labels of a finished request.
const REQUEST: &[&str] = &["http_request_method", "http_route", "http_response_status_code"];

/// Every metric, in the order of the exposition.
pub static FAMILIES: &[Family] = &[
    histogram(
        "http_server_request_duration_seconds",
        "Time from a request's head to the end of its answer, by the clock of the worker's loop. \
         Status 499: the client left; 444: nothing was sent.",
        requests,
    )
    .by(REQUEST),
    gauge(
        "http_server_active_requests",
        "Requests under way: their body arrives, or their answer waits or is being sent.",
        |report, samples| samples.one(active_requests(report)),
    ),
    gauge(
        "loiter_delayed_requests",
        "Requests whose answers take time: what a load balancer should scale on.",
        |report, samples| samples.one(report.gauges.delayed),
    ),
    histogram(
        "loiter_delay_error_seconds",
        "How late the head of a delayed answer went out, measured when it had been written.",
        |report, samples| samples.histogram(&[], &report.metrics.delays.late),
    ),
    gauge(
        "loiter_delay_error_max_seconds",
        "The greatest delay error of the last minute.",
        |report, samples| samples.one(seconds(report.metrics.delays.worst.max())),
    ),
    histogram(
        "loiter_imposed_delay_seconds",
        "The delays that answers were given before their head.",
        |report, samples| samples.histogram(&[], &report.metrics.delays.imposed),
    ),
    counter(
        "loiter_modifiers_applied_total",
        "How often each modifier was applied.",
        |report, samples| {
            for (row, count) in ROWS.iter().zip(report.totals.applied) {
                samples.sample(&[("modifier", row.name.text())], count);
            }
        },
    )
    .by(&["modifier"]),
    counter(
        "loiter_modifiers_skipped_total",
        "Default modifiers that were left out because a request's protocol has no such thing.",
        |report, samples| samples.one(report.totals.skipped),
    ),
    counter(
        "loiter_requests_overloaded_total",
        "Requests refused with 503 because as many answers were delayed as may be, or no memory is \
         left.",
        |report, samples| samples.one(report.metrics.overloaded),
    ),
    gauge("loiter_connections", "Connections by what they do.", |report, samples| {
        for ((_, state), count) in ConnectionState::ALL.iter().zip(report.metrics.connections) {
            samples.sample(&[("state", state)], count);
        }
    })
    .by(&["state"]),
    gauge(
        "loiter_connections_capacity",
        "Most connections at a time, by the descriptor limit and the settings.",
        |report, samples| samples.one(report.server.capacity),
    ),
    counter(
        "loiter_connections_accepted_total",
        "Connections accepted, those that were then refused included.",
        |report, samples| samples.one(report.totals.connections),
    ),
    counter(
        "loiter_connections_refused_total",
        "Connections that were accepted to be refused: the server is full, their address has as \
         many as it may, or they began without a valid PROXY protocol header.",
        |report, samples| {
            for ((_, reason), count) in Refused::ALL.iter().zip(report.metrics.refused) {
                samples.sample(&[("reason", reason)], count);
            }
        },
    )
    .by(&["reason"]),
    counter(
        "loiter_connections_evicted_total",
        "Idle connections that were closed to make room for another.",
        |report, samples| samples.one(report.metrics.evicted),
    ),
    counter(
        "loiter_connections_broken_total",
        "Connections that their client reset, or to which a write failed.",
        |report, samples| samples.one(report.metrics.broken),
    ),
    counter(
        "loiter_accept_failures_total",
        "Failed calls that accept or register a connection. exhausted: EMFILE, ENFILE, ENOBUFS, \
         ENOMEM or ENOSPC.",
        |report, samples| {
            samples.sample(&[("reason", "exhausted")], report.metrics.exhausted);
            samples.sample(&[("reason", "other")], report.metrics.accept_errors);
        },
    )
    .by(&["reason"]),
    counter(
        "loiter_clients_left_total",
        "Requests whose client left before their answer was out. reset: it reset the connection; \
         closed: it closed its side in a request's head or body, or with --half-close cancel; \
         cancelled: its HTTP/2 stream or connection ended.",
        |report, samples| {
            for ((_, how), count) in Leaving::ALL.iter().zip(report.metrics.left) {
                samples.sample(&[("how", how)], count);
            }
        },
    )
    .by(&["how"]),
    counter(
        "loiter_clients_half_closed_total",
        "Clients that closed their side (FIN) while their answer was delayed: they may be gone, \
         or read on.",
        |report, samples| samples.one(report.metrics.half_closed),
    ),
    counter("loiter_received_bytes_total", "Bytes read from connections.", |report, samples| {
        samples.one(report.metrics.received_bytes);
    }),
    counter("loiter_sent_bytes_total", "Bytes written to connections.", |report, samples| {
        samples.one(report.metrics.sent_bytes);
    }),
    counter("loiter_tls_handshakes_total", "TLS handshakes that ended.", |report, samples| {
        samples.sample(&[("result", "done")], report.metrics.handshakes);
        samples.sample(&[("result", "failed")], report.metrics.handshakes_failed);
    })
    .by(&["result"]),
    counter("loiter_http2_connections_total", "HTTP/2 connections.", |report, samples| {
        samples.one(report.metrics.http2_connections);
    }),
    counter("loiter_http2_streams_total", "HTTP/2 streams opened.", |report, samples| {
        samples.one(report.metrics.http2_streams);
    }),
    gauge("loiter_http2_streams", "HTTP/2 streams that are open.", |report, samples| {
        samples.one(report.gauges.streams);
    }),
    gauge(
        "loiter_collected_bytes",
        "Bytes of echoes kept for clients that send and do not read.",
        |report, samples| samples.one(report.gauges.collected_bytes),
    ),
    gauge("loiter_timers", "Timers that are armed.", |report, samples| {
        samples.one(report.gauges.timers);
    }),
    counter("loiter_timers_fired_total", "Timers that fired.", |report, samples| {
        samples.one(report.metrics.timers_fired);
    }),
    counter("loiter_loop_turns_total", "Turns of the workers' loops.", |report, samples| {
        samples.one(report.metrics.loops);
    }),
    gauge(
        "loiter_loop_longest_seconds",
        "The longest turn of a loop in the last minute, of those that read the clock at their \
         end: with a delayed answer, a TLS handshake, an access log, or eight connections or more.",
        |report, samples| samples.one(seconds(report.metrics.longest_loop.max())),
    ),
    counter(
        "loiter_log_lines_lost_total",
        "Lines that the logs have lost because their output was blocked or failed.",
        |report, samples| samples.one(report.server.log_lines_lost),
    ),
    counter(
        "loiter_journal_dropped_total",
        "Requests that the journal has dropped because of --journal (number) or --journal-bytes \
         (bytes).",
        |report, samples| {
            samples.sample(&[("bound", "number")], report.server.journal.over_number);
            samples.sample(&[("bound", "bytes")], report.server.journal.over_bytes);
        },
    )
    .by(&["bound"]),
    counter(
        "loiter_journal_cut_total",
        "Answered requests of whose body the journal kept only the beginning.",
        |report, samples| samples.one(report.server.journal.cut),
    ),
    gauge("loiter_workers", "Workers that serve.", |report, samples| {
        samples.one(report.gauges.workers);
    }),
    gauge("loiter_draining", "1 once the server has begun to end.", |report, samples| {
        samples.one(u8::from(report.gauges.draining));
    }),
    gauge("loiter_build_info", "1; the labels have the build.", |_, samples| {
        samples.sample(&[("version", env!("CARGO_PKG_VERSION"))], 1);
    })
    .by(&["version"]),
    gauge(
        "process_start_time_seconds",
        "When the process started, in seconds since 1970.",
        |report, samples| known(samples, report.process.start_s),
    ),
    counter(
        "process_cpu_seconds_total",
        "Time on a processor, user and system.",
        |report, samples| known(samples, report.process.cpu_s),
    ),
    gauge("process_resident_memory_bytes", "Memory in use.", |report, samples| {
        known(samples, report.process.resident_bytes);
    }),
    gauge("process_virtual_memory_bytes", "Memory reserved.", |report, samples| {
        known(samples, report.process.virtual_bytes);
    }),
    gauge("process_threads", "Threads.", |report, samples| {
        known(samples, report.process.threads);
    }),
    gauge(
        "process_open_fds",
        "Open descriptors of the thread that has most (Linux 6.2 or newer): each worker may have \
         a table of its own, and the limit is for each.",
        |report, samples| known(samples, report.process.open_fds),
    ),
    gauge("process_max_fds", "Most descriptors of a table.", |report, samples| {
        known(samples, report.process.max_fds);
    }),
];

fn requests(report: &Report, samples: &mut Samples) {
    let mut write = |values: [&str; 3], duration: &_| {
        let labels: Vec<_> = REQUEST.iter().copied().zip(values).collect();
        samples.histogram(&labels, duration);
    };
    let requests = &report.metrics.requests;
    for series in requests.series() {
        let (route, method) = (route_name(series.route), method_name(series.method));
        write([method, route, &series.status.0.to_string()], &series.duration);
    }
    if requests.others().count() > 0 {
        write([OTHER; 3], requests.others());
    }
}

/// A sample that the system may not show.
fn known(samples: &mut Samples, value: Option<impl ToString>) {
    if let Some(value) = value {
        samples.one(value);
    }
}

/// Requests under way.
pub fn active_requests(report: &Report) -> u64 {
    let of = |state: ConnectionState| report.metrics.connections[state as usize];
    of(ConnectionState::Active) + of(ConnectionState::Delayed) + report.gauges.streams
}

/// The template of a route.
pub fn route_name(route: u8) -> &'static str {
    match route {
        UNMATCHED => OTHER,
        route => ROUTES.get(usize::from(route)).map_or(OTHER, |route| route.path),
    }
}

/// The name of a method.
pub fn method_name(method: Method) -> &'static str {
    if method == Method::Other { OTHER } else { method.name() }
}
