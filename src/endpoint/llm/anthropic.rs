//! Anthropic's messages: named events.

use super::error::Provider;
use super::{Api, render};
use crate::base::limits::MAX_STOP_SEQUENCES;
use crate::http::completion::Form;
use crate::http::reply::Media;

/// The events before the first token; `$block` is what the content is at first.
#[rustfmt::skip]
macro_rules! opening {
    ($block:literal) => {
        concat!(r#"event: message_start
data: {"type":"message_start","message":{"id":"msg_$i","type":"message","role":"assistant","model":"$m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":$p,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":1}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":"#, $block, r#"}

event: ping
data: {"type":"ping"}

"#)
    };
}

/// The event of a token.
macro_rules! delta {
    ($delta:literal) => {
        concat!(
            "event: content_block_delta\n",
            r#"data: {"type":"content_block_delta","index":0,"delta":"#,
            $delta,
            "}\n\n"
        )
    };
}

/// The events after the last token.
#[rustfmt::skip]
const CLOSING: &str = r#"event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"$f","stop_sequence":$g},"usage":{"output_tokens":$o}}

event: message_stop
data: {"type":"message_stop"}

"#;

/// The whole message; `$block` is its content.
#[rustfmt::skip]
macro_rules! whole {
    ($block:literal) => {
        concat!(r#"{"id":"msg_$i","type":"message","role":"assistant","model":"$m","content":["#, $block, r#"],"stop_reason":"$f","stop_sequence":$g,"usage":{"input_tokens":$p,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":$o}}"#)
    };
}

static TEXT: Form = Form {
    opening: opening!(r#"{"type":"text","text":""}"#),
    token: delta!(r#"{"type":"text_delta","text":"$t"}"#),
    closing: CLOSING,
    whole: whole!(r#"{"type":"text","text":"$x"}"#),
};

static TOOL: Form = Form {
    opening: opening!(r#"{"type":"tool_use","id":"toolu_$i","name":"$k","input":{}}"#),
    token: delta!(r#"{"type":"input_json_delta","partial_json":"$t"}"#),
    closing: CLOSING,
    whole: whole!(r#"{"type":"tool_use","id":"toolu_$i","name":"$k","input":$r}"#),
};

/// `/v1/messages`.
#[rustfmt::skip]
pub(super) static MESSAGES: Api = Api {
    provider: Provider::Anthropic,
    prompt: "messages",
    limits: &["max_tokens"],
    media: Media::EventStream,
    forms: [&TEXT, &TOOL],
    error: r#"event: error
data: {"type":"error","error":{"type":"overloaded_error","message":"a fault, as a modifier asks for it"},"request_id":"req_$i"}

"#,
    stop: ("stop_sequences", MAX_STOP_SEQUENCES),
    choices: 1,
    batch: false,
    finish: [("end_turn", "null"), ("max_tokens", "null"), ("tool_use", "null"), ("stop_sequence", ""), ("", "")],
    usage: ["", ""],
    render: |app, request, output| render(&MESSAGES, app, request, output),
};
