//! `/stats`: the numbers that people ask for, as JSON.

use super::Report;
use super::families::{OTHER, active_requests, method_name, route_name};
use super::text::seconds;
use crate::base::histogram::Histogram;
use crate::http::metrics::{ConnectionState, Exact};
use crate::http::modifiers::ROWS;

/// The percentiles, in thousandths of a per cent, with their names.
const PERCENTILES: [(u64, &str); 6] = [
    (50_000, "p50"),
    (90_000, "p90"),
    (95_000, "p95"),
    (99_000, "p99"),
    (99_900, "p99.9"),
    (99_990, "p99.99"),
];

/// A report as JSON. The percentiles of how late delayed answers were are of those since the last
/// reset: exact below 65 ms, and at most 1/64 too great beyond; `max` is always exact.
pub fn stats(report: &Report) -> String {
    let Report { totals, metrics, gauges, server, .. } = report;
    let states = ConnectionState::ALL.iter().zip(metrics.connections);
    let states = object(states.map(|((_, name), count)| (*name, count.to_string())));
    let applied = ROWS.iter().zip(totals.applied).filter(|(_, count)| *count > 0);
    let applied = object(applied.map(|(row, count)| (row.name.text(), count.to_string())));
    let journal = [("dropped", server.journal.dropped()), ("bodies_cut", server.journal.cut)];
    let journal = object(journal.into_iter().map(|(name, count)| (name, count.to_string())));
    let fields = [
        ("late", late(&metrics.delays.exact, server.stats_age_s)),
        ("late_max_last_minute_seconds", seconds(metrics.delays.worst.max())),
        ("delayed_requests", gauges.delayed.to_string()),
        ("active_requests", active_requests(report).to_string()),
        ("finished_requests", metrics.requests.total().to_string()),
        ("requests", requests(report)),
        ("connections", states),
        ("accepted_connections", totals.connections.to_string()),
        ("received_bytes", metrics.received_bytes.to_string()),
        ("sent_bytes", metrics.sent_bytes.to_string()),
        ("modifiers", applied),
        ("journal", journal),
        ("longest_loop_last_minute_seconds", seconds(metrics.longest_loop.max())),
        ("workers", gauges.workers.to_string()),
        ("draining", gauges.draining.to_string()),
    ];
    let lines = fields.map(|(name, value)| format!("  \"{name}\": {value}"));
    format!("{{\n{}\n}}\n", lines.join(",\n"))
}

/// How late delayed answers were since the last reset, in seconds.
fn late(exact: &Exact, age_s: f64) -> String {
    let percentiles = PERCENTILES.map(|(thousandths, name)| {
        (name, exact.percentile(thousandths).map_or("null".to_owned(), seconds))
    });
    let max = (exact.count() > 0).then(|| seconds(exact.max_us()));
    let rest = [
        ("max", max.unwrap_or("null".to_owned())),
        ("answers", exact.count().to_string()),
        ("since_reset_seconds", format!("{age_s:.3}")),
    ];
    object(percentiles.into_iter().chain(rest))
}

/// Finished exchanges by route, method and status.
fn requests(report: &Report) -> String {
    let row = |(route, method, status): (&str, &str, String), duration: &Histogram<14>| {
        let fields = [
            ("route", format!("\"{route}\"")),
            ("method", format!("\"{method}\"")),
            ("status", status),
            ("count", duration.count().to_string()),
            ("seconds", seconds(duration.sum())),
        ];
        format!("    {}", object(fields.into_iter()))
    };
    let requests = &report.metrics.requests;
    let mut rows: Vec<String> = Vec::new();
    for series in requests.series() {
        let method = method_name(series.method);
        let names = (route_name(series.route), method, series.status.0.to_string());
        rows.push(row(names, &series.duration));
    }
    if requests.others().count() > 0 {
        rows.push(row((OTHER, OTHER, "null".to_owned()), requests.others()));
    }
    match rows.is_empty() {
        true => "[]".to_owned(),
        false => format!("[\n{}\n  ]", rows.join(",\n")),
    }
}

/// A JSON object in one line. Names and values need no escapes.
fn object<'a>(fields: impl Iterator<Item = (&'a str, String)>) -> String {
    let fields = fields.map(|(name, value)| format!("\"{name}\": {value}"));
    format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
}
