//! What the repository says of metrics: the table in config/README.md, the dashboard and the alerts.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use loiter::server::metrics::families::{FAMILIES, Family, Kind};

fn file(name: &str) -> (PathBuf, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    (path, text)
}

const BEGIN: &str = "<!-- metrics: begin -->\n";
const END: &str = "<!-- metrics: end -->\n";

/// The table of all metrics.
fn table() -> String {
    let mut table = "| Metric | Kind | Labels | Meaning |\n|---|---|---|---|\n".to_owned();
    for Family { name, kind, labels, help, .. } in FAMILIES {
        let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
        table += &format!("| `{name}` | {} | {} | {help} |\n", kind.name(), labels.join(", "));
    }
    table
}

/// `LOITER_BLESS=1 cargo test --test metrics` rewrites the table.
#[test]
fn the_table_of_metrics_is_made_from_the_code() {
    let (path, text) = file("README.md");
    let (before, rest) = text.split_once(BEGIN).expect("a table");
    let (written, after) = rest.split_once(END).expect("its end");
    if std::env::var_os("LOITER_BLESS").is_some() {
        let text = [before, BEGIN, &table(), END, after].concat();
        return fs::write(path, text).expect("it can be written");
    }
    assert!(written == table(), "LOITER_BLESS=1 cargo test --test metrics rewrites it");
}

#[test]
fn every_metric_has_a_name_of_its_own_and_is_explained() {
    let names: BTreeSet<&str> = FAMILIES.iter().map(|family| family.name).collect();
    assert_eq!(names.len(), FAMILIES.len());
    for Family { name, kind, help, .. } in FAMILIES {
        let known = ["loiter_", "http_server_", "process_"];
        assert!(known.iter().any(|begin| name.starts_with(begin)), "{name}");
        assert_eq!(name.ends_with("_total"), *kind == Kind::Counter, "{name}");
        assert!(help.ends_with('.') && !help.contains(['\\', '\n', '|']), "{name}: {help}");
        assert!(!["_ms", "_us", "_milliseconds", "_kb"].iter().any(|unit| name.contains(unit)));
    }
}

/// The names of the samples of all metrics.
fn samples() -> BTreeSet<String> {
    let ends = |kind| match kind {
        Kind::Histogram => &["_bucket", "_sum", "_count"][..],
        Kind::Counter | Kind::Gauge => &[""],
    };
    let names = |family: &Family| {
        let name = family.name;
        ends(family.kind).iter().map(move |end| format!("{name}{end}"))
    };
    FAMILIES.iter().flat_map(names).chain(["up".to_owned()]).collect()
}

/// The words of an expression that are not in quotes.
fn words(expression: &str) -> Vec<String> {
    let unquoted: String = expression.split('"').step_by(2).collect::<Vec<_>>().join(" ");
    let words = unquoted.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words
        .filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase()))
        .map(str::to_owned)
        .collect()
}

/// What an expression names that does not exist. Words of the query language are known.
fn unknown(expression: &str) -> Vec<String> {
    const LANGUAGE: [&str; 9] =
        ["sum", "max", "by", "rate", "increase", "histogram_quantile", "label_values", "m", "s"];
    let mut known = samples();
    known.extend(LANGUAGE.map(str::to_owned));
    let labels = FAMILIES.iter().flat_map(|family| family.labels).copied();
    known.extend(labels.chain(["le", "job", "instance", "__rate_interval"]).map(str::to_owned));
    let words = words(expression).into_iter();
    words.filter(|word| !known.contains(word)).collect()
}

#[test]
fn unknown_names_are_found() {
    let expression = "sum by (le, of) (rate(loiter_delays_total{job=\"anything\",how=~\"x\"}[5m]))";
    assert_eq!(unknown(expression), ["of", "loiter_delays_total"]);
    assert!(unknown("rate(loiter_delay_error_seconds_bucket[5m])").is_empty());
    assert_eq!(unknown("loiter_delay_error_seconds"), ["loiter_delay_error_seconds"]);
}

/// Every expression of the dashboard, also those of its variables.
fn expressions(value: &serde_json::Value, all: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str() {
                    Some(text) if name == "expr" => all.push(text.to_owned()),
                    Some(text) if name == "query" && text.contains('(') => {
                        all.push(text.to_owned())
                    }
                    _ => expressions(value, all),
                }
            }
        }
        serde_json::Value::Array(values) => values.iter().for_each(|one| expressions(one, all)),
        _ => {}
    }
}

#[test]
fn the_dashboard_names_metrics_that_exist() {
    let dashboard: serde_json::Value =
        serde_json::from_str(&file("grafana/loiter.json").1).expect("JSON");
    let mut all = Vec::new();
    expressions(&dashboard, &mut all);
    assert!(all.len() > 20, "{all:?}");
    for expression in &all {
        assert!(unknown(expression).is_empty(), "{expression}: {:?}", unknown(expression));
    }
    let panels = dashboard["panels"].as_array().expect("panels");
    let ids: BTreeSet<u64> = panels.iter().filter_map(|panel| panel["id"].as_u64()).collect();
    assert_eq!(ids.len(), panels.len());
}

#[test]
fn the_alerts_name_metrics_that_exist() {
    let (_, rules) = file("prometheus/loiter.rules.yml");
    let all: Vec<&str> =
        rules.lines().filter_map(|line| line.trim().strip_prefix("expr: ")).collect();
    assert_eq!(all.len(), rules.matches("- alert: ").count());
    assert!(all.len() >= 8);
    let known = samples();
    for expression in all {
        assert!(unknown(expression).is_empty(), "{expression}: {:?}", unknown(expression));
        assert!(words(expression).iter().any(|word| known.contains(word)), "{expression}");
    }
}
