//! Where a server stands: among friends, or on the open internet.

/// Who may reach it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// A machine or a network of one's own: bounds that are in nobody's way.
    Local,
    /// Everybody: bounds for whatever the operator does not give himself.
    Public,
}

/// How they are spelt.
pub(crate) const PRESETS: [(&str, Preset); 2] =
    [("local", Preset::Local), ("public", Preset::Public)];

/// The defaults of `--compat go-httpbin` that differ: a setting and its value. Those of
/// [`PUBLIC`] win.
pub const GO_HTTPBIN: [(&str, &str); 1] = [("max-body-size", "1MiB")];

/// The defaults of `--profile public` that differ: a setting and its value. `/env` tells nothing
/// then, whatever the environment holds.
pub const PUBLIC: [(&str, &str); 19] = [
    ("max-connections-per-ip", "64"),
    ("max-delayed", "10000"),
    ("max-requests", "1000"),
    ("max-egress", "64MiB"),
    ("allowed-redirect-domains", "none"),
    ("max-body-size", "256KiB"),
    ("max-echo-buffer", "1MiB"),
    ("max-echo-buffers", "64MiB"),
    ("max-head-line", "8KiB"),
    ("max-head-size", "16KiB"),
    ("max-head-fields", "100"),
    ("head-timeout", "5s"),
    ("body-timeout", "10s"),
    ("min-body-rate", "1KiB"),
    ("request-timeout", "1m"),
    ("send-timeout", "15s"),
    ("min-send-rate", "1KiB"),
    ("linger-bytes", "1MiB"),
    ("keep-alive-timeout", "15s"),
];
