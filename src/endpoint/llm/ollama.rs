//! Ollama: lines of JSON, streamed unless the request says otherwise.

use super::error::Provider;
use super::{Api, render};
use crate::base::limits::MAX_STOP_SEQUENCES;
use crate::http::completion::Form;
use crate::http::reply::Media;

/// A line: what it has besides the model and the date.
macro_rules! line {
    ($rest:expr) => {
        concat!(r#"{"model":"$m","created_at":"$d","#, $rest, "}\n")
    };
}

/// The last line.
#[rustfmt::skip]
macro_rules! last {
    ($text:expr) => {
        line!(concat!($text, r#","done":true,"done_reason":"$f","total_duration":$e,"load_duration":0,"prompt_eval_count":$p,"prompt_eval_duration":1000,"eval_count":$o,"eval_duration":$e"#))
    };
}

static CHAT_TEXT: Form = Form {
    opening: "",
    token: line!(r#""message":{"role":"assistant","content":"$t"},"done":false"#),
    closing: last!(r#""message":{"role":"assistant","content":""}"#),
    whole: last!(r#""message":{"role":"assistant","content":"$x"}"#),
};

/// A call, which comes in one line.
#[rustfmt::skip]
macro_rules! call {
    () => {
        r#""message":{"role":"assistant","content":"","tool_calls":[{"function":{"index":0,"name":"$k","arguments":$r}}]}"#
    };
}

static CHAT_TOOL: Form = Form {
    opening: line!(concat!(call!(), r#","done":false"#)),
    token: "",
    closing: last!(r#""message":{"role":"assistant","content":""}"#),
    whole: last!(call!()),
};

static GENERATED: Form = Form {
    opening: "",
    token: line!(r#""response":"$t","done":false"#),
    closing: last!(r#""response":"","context":[]"#),
    whole: last!(r#""response":"$x","context":[]"#),
};

/// `/api/chat`.
pub(super) static CHAT: Api = Api {
    provider: Provider::Ollama,
    prompt: "messages",
    limits: &["num_predict"],
    media: Media::NdJson,
    forms: [&CHAT_TEXT, &CHAT_TOOL],
    error: "{\"error\":\"a fault, as a modifier asks for it\"}\n",
    stop: ("stop", MAX_STOP_SEQUENCES),
    choices: 1,
    batch: false,
    finish: [("stop", ""), ("length", ""), ("stop", ""), ("stop", ""), ("load", "")],
    usage: ["", ""],
    render: |app, request, output| render(&CHAT, app, request, output),
};

/// `/api/generate`.
pub(super) static GENERATE: Api = Api {
    prompt: "prompt",
    forms: [&GENERATED, &GENERATED],
    render: |app, request, output| render(&GENERATE, app, request, output),
    ..CHAT
};
