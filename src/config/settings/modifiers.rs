//! Modifiers: who may use them, and the server's defaults.

use super::*;
use crate::config::defaults::server;
use crate::config::suggest::nearest;
use crate::http::modifiers::{Dialect, Dialects};

pub(super) const ROWS: &[Setting] = &[
    Setting {
        name: "with",
        shape: Shape::List,
        value: "MODIFIERS",
        takes: "modifiers such as 'delay=20ms; status=503@0.1'; empty for none",
        help: "Modifiers of every response, unless the request or its listener has others of the \
               same name; can be repeated. `loiter help modifiers` lists them. The page at / is \
               not modified, so that health checks work. With --profile public, what clients \
               cannot use is allowed here",
        set: |s, text| server(text).map(|with| s.api.with = with),
        show: |s| s.api.with.to_string(),
        ..ROW
    },
    Setting {
        name: "modifiers",
        help: "Let clients modify responses, as with /~delay=2s/get; off is strict httpbin: ~ has \
               no meaning in a request, and the defaults of the server and its listeners have no \
               effect",
        ..switch!(api.modifiers)
    },
    Setting {
        name: "max-wait",
        help: "Longest time that all modifiers of one request together can make it wait, and that \
               a fault stays silent (with --profile public: --max-duration)",
        ..time!(api.limits.max_wait, duration)
    },
    Setting {
        name: "half-close",
        shape: Shape::Choice(&["answer", "cancel"]),
        value: "ACTION",
        takes: "answer, as RFC 9112 9.6 recommends, or cancel",
        help: "What happens to a waiting request when its client closes its side of the \
               connection: answer it, or cancel it at once, which frees its place under \
               --max-delayed",
        ..choice!(api.half_close, HALF_CLOSES)
    },
    Setting {
        name: "dialect",
        shape: Shape::List,
        value: "NAME",
        takes: "fortio, envoy, echo-server, http-https-echo, curltest; empty for none",
        help: "Other programs whose control words are accepted as modifiers too, such as Envoy's \
               field x-envoy-fault-delay-request; separated by commas",
        set: |s, text| dialects(text).map(|dialects| s.api.dialects = dialects),
        show: |s| s.api.dialects.names().collect::<Vec<_>>().join("\n"),
        ..ROW
    },
];

const HALF_CLOSES: [(&str, HalfClose); 2] =
    [("answer", HalfClose::Answer), ("cancel", HalfClose::Cancel)];

fn dialects(text: &str) -> Result<Dialects, BadValue> {
    let dialect = |name: &str| {
        Dialect::named(&name.to_ascii_lowercase()).ok_or_else(|| {
            let bad = BadValue::new(format!("`{name}` is not a dialect"));
            match nearest(name, Dialect::ALL.iter().map(|(name, _)| *name)) {
                Some(known) => bad.advise(format!("did you mean `{known}`?")),
                None => bad,
            }
        })
    };
    items(text).map(dialect).collect()
}
