//! The text format of Prometheus, version 0.0.4.

use super::Report;
use super::families::FAMILIES;
use super::text::Samples;

/// The media type of [`prometheus`].
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A report in the text format of Prometheus. Every family of [`FAMILIES`] has a HELP and a TYPE
/// line, also when it has no samples.
pub fn prometheus(report: &Report) -> String {
    let mut samples = Samples::new();
    for family in FAMILIES {
        samples.begin(family.name, family.kind.name(), family.help);
        (family.samples)(report, &mut samples);
    }
    samples.finish()
}
