//! Presets: groups of defaults for where a server runs.

/// Who can reach the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// One machine or a private network: generous limits.
    Local,
    /// Everyone: tight limits, unless set explicitly.
    Public,
}

/// Their names.
pub(crate) const PRESETS: [(&str, Preset); 2] =
    [("local", Preset::Local), ("public", Preset::Public)];

/// The settings that `--compat go-httpbin` changes by default. Those of [`PUBLIC`] win.
pub const GO_HTTPBIN: [(&str, &str); 1] = [("max-body-size", "1MiB")];

/// The settings that `--profile public` changes by default. It also makes `/env` show nothing.
pub const PUBLIC: [(&str, &str); 23] = [
    ("trusted-proxies", "none"),
    ("max-streams", "128"),
    ("max-connections-per-ip", "64"),
    ("max-delayed", "10000"),
    ("max-requests", "1000"),
    ("max-egress", "64MiB"),
    ("allowed-redirect-domains", "none"),
    // The default of --max-duration; with another one, that.
    ("max-wait", "10s"),
    // httpbin's own limit.
    ("max-bytes", "100KiB"),
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
