//! Every target in one program: nearly all of it is the server, which is built and linked once.
//! `FUZZ_TARGET` is the name of the one to run; the script `run` sets it.
#![no_main]

use std::env;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

/// Declares the modules of these targets, and a function that finds one by its name.
macro_rules! targets {
    ($($name:ident)*) => {
        mod targets {
            $(pub(crate) mod $name;)*
        }

        fn find(name: &str) -> Option<fn(&[u8])> {
            match name {
                $(stringify!($name) => Some(targets::$name::run),)*
                _ => None,
            }
        }
    };
}

targets! {
    body certificate conn fields form frame head hpack http2 json llm modifiers proxy_protocol
    settings sim target tls websocket
}

static TARGET: LazyLock<fn(&[u8])> = LazyLock::new(|| {
    let name = env::var("FUZZ_TARGET").unwrap_or_default();
    find(&name).unwrap_or_else(|| panic!("FUZZ_TARGET={name:?} is no target: use fuzz/run"))
});

fuzz_target!(|data: &[u8]| TARGET(data));
