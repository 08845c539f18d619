//! A strict reader of Prometheus' text format 0.0.4: what the format allows and no scraper needs
//! (timestamps, comments, blank lines, a family without TYPE) is refused as well as what it forbids,
//! because promtool accepts most of that.

use std::collections::{BTreeMap, BTreeSet};

/// A family, as it was read.
#[derive(Debug)]
pub(crate) struct Family {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) samples: Vec<Sample>,
}

/// A sample.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

type Result<T> = std::result::Result<T, String>;

/// The families of an exposition, or the first error.
pub(crate) fn parse(text: &str) -> Result<Vec<Family>> {
    let text = text.strip_suffix('\n').ok_or("the last line has no end")?;
    let mut families: Vec<Family> = Vec::new();
    let mut lines = text.split('\n').peekable();
    while let Some(line) = lines.next() {
        let (name, help) = comment(line, "# HELP ").ok_or(format!("no HELP line: {line}"))?;
        check_name(name, true)?;
        unescape(help, "\\n")?;
        let line = lines.next().unwrap_or_default();
        let (typed, kind) = comment(line, "# TYPE ").ok_or(format!("no TYPE line: {line}"))?;
        if typed != name {
            return Err(format!("{name} has the TYPE of {typed}"));
        }
        if families.iter().any(|family| family.name == name) {
            return Err(format!("{name} is there twice"));
        }
        let mut samples = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
            samples.push(sample(line)?);
        }
        let (name, kind) = (name.to_owned(), kind.to_owned());
        let family = Family { name, kind, samples };
        check(&family)?;
        families.push(family);
    }
    Ok(families)
}

fn comment<'a>(line: &'a str, begin: &str) -> Option<(&'a str, &'a str)> {
    line.strip_prefix(begin)?.split_once(' ').filter(|(_, text)| !text.is_empty())
}

fn check_name(name: &str, colon: bool) -> Result<()> {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_' || (colon && c == ':');
    let is_name = name.starts_with(first) && name.chars().all(|c| first(c) || c.is_ascii_digit());
    if is_name { Ok(()) } else { Err(format!("not a name: {name:?}")) }
}

/// Replaces the escapes, of which these are allowed.
fn unescape(text: &str, allowed: &str) -> Result<String> {
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => match chars.next().filter(|escaped| allowed.contains(*escaped)) {
                Some('n') => plain.push('\n'),
                Some(escaped) => plain.push(escaped),
                None => return Err(format!("a bad escape: {text}")),
            },
            char if char.is_control() => return Err(format!("a control character: {text:?}")),
            char => plain.push(char),
        }
    }
    Ok(plain)
}

fn sample(line: &str) -> Result<Sample> {
    let bad = || format!("a bad sample: {line:?}");
    let end = line.find(['{', ' ']).ok_or_else(bad)?;
    let (name, mut rest) = line.split_at(end);
    check_name(name, true)?;
    let mut labels = BTreeMap::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        loop {
            let (label, after) = rest.split_once("=\"").ok_or_else(bad)?;
            check_name(label, false)?;
            let mut escaped = false;
            let end = after.find(|c| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            });
            let (value, after) = after.split_at(end.ok_or_else(bad)?);
            if label.starts_with("__")
                || labels.insert(label.to_owned(), unescape(value, "\\\"n")?).is_some()
            {
                return Err(format!("a reserved label, or one twice: {line}"));
            }
            rest = &after[1..];
            match rest.strip_prefix(',') {
                Some(more) => rest = more,
                None => break,
            }
        }
        rest = rest.strip_prefix('}').ok_or_else(bad)?;
    }
    let number = rest.strip_prefix(' ').ok_or_else(bad)?;
    let digits = number.strip_prefix('-').unwrap_or(number);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) || digits.contains(['_', 'x']) {
        return Err(format!("not a finite number: {line:?}"));
    }
    let value = number.parse().map_err(|_| format!("not a number: {line:?}"))?;
    Ok(Sample { name: name.to_owned(), labels, value })
}

/// What a family must have beside its syntax.
fn check(family: &Family) -> Result<()> {
    let Family { name, kind, samples, .. } = family;
    let mut series = BTreeSet::new();
    for sample in samples {
        if !series.insert((&sample.name, &sample.labels)) {
            return Err(format!("a series is there twice: {sample:?}"));
        }
    }
    let reserved = ["_total", "_count", "_sum", "_bucket"].iter().find(|end| name.ends_with(**end));
    match (kind.as_str(), reserved) {
        ("counter", Some(&"_total")) | ("gauge" | "histogram", None) => {}
        ("counter" | "gauge" | "histogram", _) => return Err(format!("{name} is a {kind}")),
        _ => return Err(format!("an unknown TYPE: {kind}")),
    }
    if kind == "histogram" {
        return check_histogram(name, samples);
    }
    for sample in samples {
        if sample.name != *name {
            return Err(format!("{} is in the family {name}", sample.name));
        }
        if kind == "counter" && sample.value < 0.0 {
            return Err(format!("a counter is negative: {sample:?}"));
        }
        if sample.labels.contains_key("le") || sample.labels.contains_key("quantile") {
            return Err(format!("a label of histograms or summaries: {sample:?}"));
        }
    }
    Ok(())
}

/// Each set of labels has its buckets, in order, then `_sum` and `_count`.
fn check_histogram(name: &str, samples: &[Sample]) -> Result<()> {
    let mut samples = samples.iter().peekable();
    let mut seen = BTreeSet::new();
    while let Some(first) = samples.peek() {
        let mut own = first.labels.clone();
        own.remove("le");
        let bad = |what: &str| Err(format!("{name}{own:?}: {what}"));
        if !seen.insert(own.clone()) {
            return bad("its samples are apart");
        }
        let mut last = (f64::NEG_INFINITY, 0.0);
        while let Some(bucket) = samples.next_if(|sample| sample.name == format!("{name}_bucket")) {
            let mut labels = bucket.labels.clone();
            let bound = labels.remove("le");
            let bound = bound.as_deref().and_then(|bound| match bound {
                "+Inf" => Some(f64::INFINITY),
                bound => bound.parse().ok().filter(|bound: &f64| bound.is_finite()),
            });
            let Some(bound) = bound else { return bad("a bucket has no bound") };
            if labels != own || bound <= last.0 || bucket.value < last.1 {
                return bad("buckets are not in order, or not cumulative");
            }
            if bucket.value.fract() != 0.0 {
                return bad("a count is not whole");
            }
            last = (bound, bucket.value);
        }
        let mut next = |end: &str| {
            let sample = samples.next().filter(|sample| sample.name == format!("{name}{end}"));
            sample.filter(|sample| sample.labels == own).map(|sample| sample.value)
        };
        match (next("_sum"), next("_count")) {
            _ if last.0 != f64::INFINITY => return bad("no bucket +Inf"),
            (Some(sum), Some(count)) if count == last.1 => {
                if sum < 0.0 || (count == 0.0 && sum != 0.0) {
                    return bad("the sum is impossible");
                }
            }
            _ => return bad("no _sum and _count behind the buckets, or another count than +Inf"),
        }
    }
    Ok(())
}

/// Texts that must be refused, each by one change to this one.
const GOOD: &str = "\
# HELP a_total One.
# TYPE a_total counter
a_total{b=\"c\"} 1
a_total{b=\"d\"} 2
# HELP g Two.
# TYPE g gauge
g -1.5
# HELP h_seconds Three.
# TYPE h_seconds histogram
h_seconds_bucket{le=\"0.1\"} 1
h_seconds_bucket{le=\"1\"} 1
h_seconds_bucket{le=\"+Inf\"} 2
h_seconds_sum 7.5
h_seconds_count 2
";

/// What is replaced in [`GOOD`], and by what.
const BROKEN: [(&str, &str); 36] = [
    ("h_seconds_count 2\n", "h_seconds_count 2"),
    ("h_seconds_count 2\n", "h_seconds_count 3\n"),
    ("h_seconds_count 2\n", ""),
    ("h_seconds_sum 7.5\n", ""),
    ("h_seconds_sum 7.5", "h_seconds_sum -7.5"),
    ("h_seconds_sum 7.5", "h_seconds_sum NaN"),
    ("h_seconds_bucket{le=\"+Inf\"} 2\n", ""),
    ("h_seconds_bucket{le=\"1\"} 1", "h_seconds_bucket{le=\"1\"} 0"),
    ("h_seconds_bucket{le=\"1\"} 1", "h_seconds_bucket{le=\"1\"} 3"),
    ("h_seconds_bucket{le=\"1\"} 1", "h_seconds_bucket{le=\"1\"} 1.5"),
    ("h_seconds_bucket{le=\"1\"} 1", "h_seconds_bucket{le=\"0.1\"} 1"),
    ("h_seconds_bucket{le=\"1\"} 1", "h_seconds_bucket{le=\"0.10\"} 1"),
    ("h_seconds_bucket{le=\"1\"} 1", "h_seconds_bucket{le=\"0.01\"} 1"),
    ("h_seconds_bucket{le=\"1\"} 1", "h_seconds_bucket{le=\"one\"} 1"),
    ("h_seconds_bucket{le=\"1\"} 1", "h_seconds_bucket 1"),
    ("h_seconds_bucket{le=\"1\"} 1", "h_seconds_bucket{le=\"1\",b=\"c\"} 1"),
    ("# TYPE a_total counter", "# TYPE a_total count"),
    ("# TYPE a_total counter", "# TYPE a_total gauge"),
    ("# TYPE a_total counter\n", ""),
    (
        "# TYPE a_total counter\na_total{b=\"c\"} 1\n",
        "a_total{b=\"c\"} 1\n# TYPE a_total counter\n",
    ),
    ("# HELP a_total One.\n", ""),
    ("# HELP a_total One.", "# HELP a_total O\\ne \\t."),
    ("# HELP g Two.", "# HELP g Two.\n# HELP g Two."),
    ("# HELP g Two.\n", "# a comment\n# HELP g Two.\n"),
    ("# HELP g Two.\n", "\n# HELP g Two.\n"),
    ("g -1.5\n", "g -1.5\n# HELP a_total One.\n# TYPE a_total counter\na_total 1\n"),
    ("g -1.5\n", "g -1.5\na_total{b=\"e\"} 1\n"),
    ("g -1.5", "g -1.5 1395066363000"),
    ("g -1.5", "g\t-1.5"),
    ("g -1.5", "g +Inf"),
    ("a_total{b=\"c\"} 1", "a_total{b=\"d\"} 1"),
    ("a_total{b=\"c\"} 1", "a_total{b=\"c\"} -1"),
    ("a_total{b=\"c\"} 1", "a_total{b=\"\\c\"} 1"),
    ("a_total{b=\"c\"} 1", "a_total{b=\"c\",b=\"d\"} 1"),
    ("a_total{b=\"c\"} 1", "a_total{b=\"c\",} 1"),
    ("a_total{b=\"c\"} 1", "a_total{b-b=\"c\"} 1"),
];

#[test]
fn broken_texts_are_refused() {
    let families = parse(GOOD).expect("it is valid");
    assert_eq!(families.iter().map(|family| family.samples.len()).collect::<Vec<_>>(), [2, 1, 5]);
    let others = ["a_total{b=\"c\" } 1\n", "a_total {b=\"c\"} 1\r\n", "9a_total 1\n", ""];
    for other in others {
        assert!(parse(other).is_err(), "{other:?}");
    }
    for (old, new) in BROKEN {
        assert_eq!(GOOD.matches(old).count(), 1, "{old}");
        let broken = GOOD.replace(old, new);
        assert!(parse(&broken).is_err(), "accepted:\n{broken}");
    }
}
