//! OpenAI's chat completions, completions of a prompt, and responses.

use super::error::Provider;
use super::{Api, render};
use crate::base::limits::MAX_CHOICES;
use crate::http::completion::Form;
use crate::http::reply::Media;

/// The event of a chunk, whose choices are `$choices`.
#[rustfmt::skip]
macro_rules! chunk {
    ($object:literal, $choices:expr) => {
        concat!(r#"data: {"id":"chatcmpl-$i","object":""#, $object, r#"","created":$c,"model":"$m","service_tier":"default","system_fingerprint":"fp_loiter","choices":["#, $choices, "]$u}\n\n")
    };
}

/// A chunk of a chat.
macro_rules! delta {
    ($delta:literal, $logprobs:literal, $finish:literal) => {
        chunk!(
            "chat.completion.chunk",
            concat!(
                r#"{"index":$h,"delta":{"#,
                $delta,
                r#"},"logprobs":"#,
                $logprobs,
                r#","finish_reason":"#,
                $finish,
                "}"
            )
        )
    };
}

/// The usage, without a brace at its end.
#[rustfmt::skip]
macro_rules! usage {
    () => {
        r#""usage":{"prompt_tokens":$p,"completion_tokens":$o,"total_tokens":$s,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0}}"#
    };
}

/// The chunk with the usage, which has no choices.
#[rustfmt::skip]
macro_rules! usage_chunk {
    ($object:literal) => {
        concat!(r#"data: {"id":"chatcmpl-$i","object":""#, $object, r#"","created":$c,"model":"$m","service_tier":"default","system_fingerprint":"fp_loiter","choices":[],"#, usage!(), "}\n\n")
    };
}

/// A chunk of a chat for each choice.
macro_rules! repeated {
    ($delta:literal, $finish:literal) => {
        concat!("$[", delta!($delta, "null", $finish), "$]")
    };
}

const CLOSING: &str = concat!(repeated!("", r#""$f""#), "$vdata: [DONE]\n\n");

/// The whole answer.
#[rustfmt::skip]
macro_rules! whole {
    ($object:literal, $choice:literal) => {
        concat!(r#"{"id":"chatcmpl-$i","object":""#, $object, r#"","created":$c,"model":"$m","choices":[$[$,{"index":$h,"#, $choice, r#","finish_reason":"$f"}$]],"#, usage!(), r#","service_tier":"default","system_fingerprint":"fp_loiter"}"#)
    };
}

#[rustfmt::skip]
static CHAT_TEXT: Form = Form {
    opening: repeated!(r#""role":"assistant","content":"","refusal":null"#, "null"),
    token: delta!(r#""content":"$t""#, "$l", "null"),
    closing: CLOSING,
    whole: whole!(
        "chat.completion",
        r#""message":{"role":"assistant","content":"$x","refusal":null,"annotations":[]},"logprobs":$L"#
    ),
};

#[rustfmt::skip]
static CHAT_TOOL: Form = Form {
    opening: repeated!(r#""role":"assistant","content":null,"tool_calls":[{"index":0,"id":"call_$i","type":"function","function":{"name":"$k","arguments":""}}]"#, "null"),
    token: delta!(r#""tool_calls":[{"index":0,"function":{"arguments":"$t"}}]"#, "null", "null"),
    closing: CLOSING,
    whole: whole!(
        "chat.completion",
        r#""message":{"role":"assistant","content":null,"refusal":null,"annotations":[],"tool_calls":[{"id":"call_$i","type":"function","function":{"name":"$k","arguments":"$x"}}]},"logprobs":null"#
    ),
};

/// What a chunk has in addition if the usage is asked for.
const NO_USAGE: &str = r#","usage":null"#;
const FAULT: &str = "data: {\"error\":{\"message\":\"a fault, as a modifier asks for it\",\
    \"type\":\"server_error\",\"param\":null,\"code\":null}}\n\n";

/// `/v1/chat/completions`.
pub(super) static CHAT: Api = Api {
    provider: Provider::OpenAi,
    prompt: "messages",
    limits: &["max_completion_tokens", "max_tokens"],
    media: Media::EventStream,
    forms: [&CHAT_TEXT, &CHAT_TOOL],
    error: FAULT,
    stop: ("stop", 4),
    choices: MAX_CHOICES,
    batch: false,
    finish: [("stop", ""), ("length", ""), ("tool_calls", ""), ("stop", ""), ("", "")],
    usage: [NO_USAGE, usage_chunk!("chat.completion.chunk")],
    render: |app, request, output| render(&CHAT, app, request, output),
};

/// A chunk of a completion.
macro_rules! text {
    ($text:literal, $finish:literal) => {
        chunk!(
            "text_completion",
            concat!(
                r#"{"index":$h,"text":""#,
                $text,
                r#"","logprobs":null,"finish_reason":"#,
                $finish,
                "}"
            )
        )
    };
}

static COMPLETION: Form = Form {
    opening: "",
    token: text!("$t", "null"),
    closing: concat!("$[", text!("", r#""$f""#), "$]$vdata: [DONE]\n\n"),
    whole: whole!("text_completion", r#""text":"$x","logprobs":null"#),
};

/// `/v1/completions`.
pub(super) static COMPLETIONS: Api = Api {
    prompt: "prompt",
    batch: true,
    forms: [&COMPLETION, &COMPLETION],
    usage: [NO_USAGE, usage_chunk!("text_completion")],
    render: |app, request, output| render(&COMPLETIONS, app, request, output),
    ..CHAT
};

/// An event of `/v1/responses`: its name twice, and its other members.
macro_rules! event {
    ($name:literal, $rest:expr) => {
        concat!(
            "event: ",
            $name,
            "\ndata: {\"type\":\"",
            $name,
            "\",\"sequence_number\":$n,",
            $rest,
            "}\n\n"
        )
    };
}

/// The response, with its status, output and usage.
#[rustfmt::skip]
macro_rules! response {
    ($status:literal, $details:literal, $output:expr, $usage:expr) => {
        concat!(r#"{"id":"resp_$i","object":"response","created_at":$c,"status":""#, $status, r#"","background":false,"error":null,"incomplete_details":"#, $details, r#","instructions":null,"max_output_tokens":null,"metadata":{},"model":"$m","output":["#, $output, r#"],"parallel_tool_calls":true,"previous_response_id":null,"reasoning":{"effort":null,"summary":null},"store":false,"temperature":1.0,"text":{"format":{"type":"text"}},"tool_choice":"auto","tools":[],"top_p":1.0,"truncation":"disabled","usage":"#, $usage, r#","user":null}"#)
    };
}

/// The response before the first token.
macro_rules! begun {
    () => {
        concat!("\"response\":", response!("in_progress", "null", "", "null"))
    };
}

/// The response after the last token, of which `$output` is the only item.
#[rustfmt::skip]
macro_rules! ended {
    ($output:expr) => {
        response!("$f", "$g", $output, r#"{"input_tokens":$p,"input_tokens_details":{"cached_tokens":0,"cache_write_tokens":0},"output_tokens":$o,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":$s}"#)
    };
}

/// The item that is a text.
macro_rules! message {
    ($status:literal, $content:expr) => {
        concat!(
            r#"{"id":"msg_$i","type":"message","status":""#,
            $status,
            r#"","role":"assistant","content":["#,
            $content,
            "]}"
        )
    };
}

macro_rules! part {
    ($text:literal) => {
        concat!(r#"{"type":"output_text","annotations":[],"logprobs":[],"text":""#, $text, r#""}"#)
    };
}

/// The item that calls a tool.
#[rustfmt::skip]
macro_rules! call {
    ($status:literal, $arguments:literal) => {
        concat!(r#"{"id":"fc_$i","type":"function_call","status":""#, $status, r#"","arguments":""#, $arguments, r#"","call_id":"call_$i","name":"$k"}"#)
    };
}

macro_rules! item {
    ($item:expr) => {
        concat!(r#""output_index":0,"item":"#, $item)
    };
}

/// What an event has that is about a part of the text.
macro_rules! of_part {
    ($rest:expr) => {
        concat!(r#""item_id":"msg_$i","output_index":0,"content_index":0,"#, $rest)
    };
}

static RESPONSE_TEXT: Form = Form {
    opening: concat!(
        event!("response.created", begun!()),
        event!("response.in_progress", begun!()),
        event!("response.output_item.added", item!(message!("in_progress", ""))),
        event!("response.content_part.added", of_part!(concat!("\"part\":", part!("")))),
    ),
    token: event!("response.output_text.delta", of_part!(r#""delta":"$t","logprobs":[]"#)),
    closing: concat!(
        event!("response.output_text.done", of_part!(r#""text":"$x","logprobs":[]"#)),
        event!("response.content_part.done", of_part!(concat!("\"part\":", part!("$x")))),
        event!("response.output_item.done", item!(message!("$f", part!("$x")))),
        event!("response.$f", concat!("\"response\":", ended!(message!("$f", part!("$x"))))),
    ),
    whole: ended!(message!("$f", part!("$x"))),
};

static RESPONSE_TOOL: Form = Form {
    opening: concat!(
        event!("response.created", begun!()),
        event!("response.in_progress", begun!()),
        event!("response.output_item.added", item!(call!("in_progress", ""))),
    ),
    token: event!(
        "response.function_call_arguments.delta",
        r#""item_id":"fc_$i","output_index":0,"delta":"$t""#
    ),
    closing: concat!(
        event!(
            "response.function_call_arguments.done",
            r#""item_id":"fc_$i","output_index":0,"arguments":"$x""#
        ),
        event!("response.output_item.done", item!(call!("$f", "$x"))),
        event!("response.$f", concat!("\"response\":", ended!(call!("$f", "$x")))),
    ),
    whole: ended!(call!("$f", "$x")),
};

/// `/v1/responses`.
#[rustfmt::skip]
pub(super) static RESPONSES: Api = Api {
    prompt: "input",
    limits: &["max_output_tokens"],
    forms: [&RESPONSE_TEXT, &RESPONSE_TOOL],
    error: r#"event: error
data: {"type":"error","sequence_number":$n,"error":{"type":"server_error","code":"server_error","message":"a fault, as a modifier asks for it","param":null}}

"#,
    stop: ("", 0),
    choices: 1,
    finish: [("completed", "null"), ("incomplete", r#"{"reason":"max_output_tokens"}"#), ("completed", "null"), ("", ""), ("", "")],
    usage: ["", ""],
    render: |app, request, output| render(&RESPONSES, app, request, output),
    ..CHAT
};
