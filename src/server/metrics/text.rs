//! Samples in the text format of Prometheus.

use crate::base::histogram::Histogram;

/// Writes the samples of a family.
#[derive(Debug)]
pub struct Samples {
    out: String,
    family: &'static str,
}

/// Names and values of labels. A value is escaped.
pub type Labels<'a> = &'a [(&'a str, &'a str)];

impl Samples {
    /// Nothing.
    pub(super) fn new() -> Samples {
        Samples { out: String::new(), family: "" }
    }

    /// All that has been written.
    pub(super) fn finish(self) -> String {
        self.out
    }

    /// Begins a family.
    pub(super) fn begin(&mut self, name: &'static str, kind: &str, help: &str) {
        self.family = name;
        self.line(&["# HELP ", name, " ", help]);
        self.line(&["# TYPE ", name, " ", kind]);
    }

    /// A sample without labels.
    pub fn one(&mut self, value: impl ToString) {
        self.sample(&[], value);
    }

    /// A sample with these labels.
    pub fn sample(&mut self, labels: Labels, value: impl ToString) {
        self.write("", labels, &[], &value.to_string());
    }

    /// A histogram of microseconds, in seconds.
    pub fn histogram<const N: usize>(&mut self, labels: Labels, histogram: &Histogram<N>) {
        let count = histogram.count().to_string();
        for (bound, count) in histogram.cumulative() {
            self.write("_bucket", labels, &[("le", &seconds(bound))], &count.to_string());
        }
        self.write("_bucket", labels, &[("le", "+Inf")], &count);
        self.write("_sum", labels, &[], &seconds(histogram.sum()));
        self.write("_count", labels, &[], &count);
    }

    fn write(&mut self, suffix: &str, labels: Labels, more: Labels, value: &str) {
        self.out.push_str(self.family);
        self.out.push_str(suffix);
        for (n, (name, value)) in labels.iter().chain(more).enumerate() {
            self.out.push(if n == 0 { '{' } else { ',' });
            self.out.push_str(name);
            self.out.push_str("=\"");
            self.out.push_str(&escaped(value));
            self.out.push('"');
        }
        if !labels.is_empty() || !more.is_empty() {
            self.out.push('}');
        }
        self.line(&[" ", value]);
    }

    fn line(&mut self, parts: &[&str]) {
        self.out.extend(parts.iter().copied());
        self.out.push('\n');
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// Microseconds in seconds, exactly: `0.00025`, `10`.
pub fn seconds(us: u64) -> String {
    let (whole, rest) = (us / 1_000_000, us % 1_000_000);
    if rest == 0 {
        return whole.to_string();
    }
    format!("{whole}.{rest:06}").trim_end_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_exact() {
        for (us, text) in
            [(0, "0"), (1, "0.000001"), (250, "0.00025"), (1_500_000, "1.5"), (10_000_000, "10")]
        {
            assert_eq!(seconds(us), text);
        }
        assert_eq!(seconds(u64::MAX), "18446744073709.551615");
    }

    #[test]
    fn labels_are_escaped() {
        let mut samples = Samples { family: "a", ..Samples::new() };
        samples.sample(&[("b", "\"\\\n"), ("c", "/x/{y}")], 7);
        assert_eq!(samples.out, "a{b=\"\\\"\\\\\\n\",c=\"/x/{y}\"} 7\n");
    }
}
