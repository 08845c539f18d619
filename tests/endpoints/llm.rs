//! The APIs of language models.

use loiter::http::app::App;
use serde_json::Value;

use crate::ask::*;

const EVENTS: &str = "text/event-stream; charset=utf-8";
const LINES: &str = "application/x-ndjson; charset=utf-8";
const ECHO: &[u8] = br#"{"model": "echo", "max_tokens": 9, "stream": true,
    "messages": [{"role": "user", "content": "a \"b\""}, {"role": "assistant", "content": "c"}]}"#;
pub(crate) const CHAT: &str = "/v1/chat/completions";
pub(crate) const MESSAGES: &str = "/v1/messages";

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    (CHAT, "POST /v1/chat/completions", &[], ECHO, 200, EVENTS, Has("\"delta\":{\"content\":\" \\\"b\\\"\"}")),
    (CHAT, "POST /v1/chat/completions?text=x", &[], br#"{"model":"m","messages":[{"content":"a"}]}"#, 200, JSON, Has("\"content\":\"x\"")),
    (CHAT, "POST /v1/chat/completions?tokens=", &[], br#"{"model":"m","messages":[{"content":"a"}]}"#, 200, JSON, Has("\"completion_tokens\":64,")),
    (CHAT, "POST /v1/chat/completions?tokens=0", &[], br#"{"model":"m","messages":[{"content":"a"}]}"#, 400, JSON, Has("bad tokens")),
    (CHAT, "POST /v1/chat/completions", &[], b"", 400, JSON, Is("{\"error\":{\"message\":\"the body is not a JSON object\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":null}}")),
    (CHAT, "POST /v1/chat/completions", &[], b"[]", 400, JSON, Has("not a JSON object")),
    (CHAT, "POST /v1/chat/completions", &[], br#"{"model":"m"}"#, 400, JSON, Has("`messages` is missing; write a list such as")),
    (CHAT, "POST /v1/chat/completions", &[], br#"{"model":"m","messages":[]}"#, 400, JSON, Has("\"param\":\"messages\"")),
    (CHAT, "POST /v1/chat/completions", &[], br#"{"model":"","messages":[{}]}"#, 400, JSON, Has("\"param\":\"model\"")),
    (CHAT, "POST /v1/chat/completions", &[], br#"{"model":"m","messages":[{}],"max_tokens":0}"#, 400, JSON, Has("`max_tokens` must be an integer of at least 1")),
    (CHAT, "POST /v1/chat/completions", &[], br#"{"model":"m","messages":[{}],"tool_choice":"required"}"#, 400, JSON, Has("`tools` has no tool")),
    (CHAT, "GET /v1/chat/completions", &[], b"", 405, JSON, Is("{\"error\":{\"message\":\"The method is not allowed for the requested URL.\",\"type\":\"invalid_request_error\",\"param\":null,\"code\":\"method_not_supported\"}}")),
    (MESSAGES, "GET /v1/messages", &[], b"", 405, JSON, Has("{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"The method")),
    ("/api/chat", "GET /api/chat", &[], b"", 405, JSON, Is("{\"error\":\"The method is not allowed for the requested URL.\"}")),
    ("/v1/completions", "POST /v1/completions", &[], br#"{"model":"echo","prompt":["a b"]}"#, 200, JSON, Has("\"text\":\"a b\"")),
    ("/v1/completions", "POST /v1/completions", &[], br#"{"model":"m","prompt":[[1,2],[3]],"max_tokens":1}"#, 200, JSON, Has("\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,")),
    ("/v1/completions", "POST /v1/completions", &[], br#"{"model":"m","prompt":["a","b","c","d","e","f","g","h","i"],"n":8}"#, 400, JSON, Has("`prompt` times `n` is more than 64 choices")),
    ("/v1/completions", "POST /v1/completions", &[], br#"{"model":"m"}"#, 400, JSON, Has("`prompt` is missing")),
    ("/v1/responses", "POST /v1/responses", &[], br#"{"model":"echo","input":"a b","max_output_tokens":1}"#, 200, JSON, Has("\"reason\":\"max_output_tokens\"")),
    ("/v1/responses", "POST /v1/responses", &[], br#"{"model":"m","input":7}"#, 400, JSON, Has("`input` is not valid")),
    (MESSAGES, "POST /v1/messages", &[], ECHO, 200, EVENTS, Has("\"stop_reason\":\"end_turn\"")),
    (MESSAGES, "POST /v1/messages", &[], br#"{"model":"m","messages":[{"content":"a"}]}"#, 400, JSON, Has("`max_tokens` is missing")),
    (MESSAGES, "POST /v1/messages", &[], b"{", 400, JSON, Has("{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",")),
    ("/v1/messages/count_tokens", "POST /v1/messages/count_tokens", &[], br#"{"system":"a b","messages":[{"content":[{"text":"c d"}]}]}"#, 200, JSON, Is("{\"input_tokens\":4}")),
    ("/v1/messages/count_tokens", "POST /v1/messages/count_tokens", &[], b"", 400, JSON, Has("invalid_request_error")),
    ("/api/chat", "POST /api/chat", &[], br#"{"model":"echo","messages":[{"content":"a"}]}"#, 200, LINES, Has("\"content\":\"a\"},\"done\":false}\n")),
    ("/api/chat", "POST /api/chat", &[], br#"{"messages":[]}"#, 400, JSON, Is("{\"error\":\"`model` is missing; write a name, such as `echo`\"}")),
    ("/api/generate", "POST /api/generate", &[], br#"{"model":"m"}"#, 200, LINES, Has("\"done_reason\":\"load\"")),
    ("/api/generate", "POST /api/generate", &[], br#"{"model":"m","prompt":"","stream":false,"options":{"num_predict":-1}}"#, 200, JSON, Has("\"eval_count\":64,")),
    ("/api/generate", "POST /api/generate", &[], br#"{"model":"m","prompt":[]}"#, 400, JSON, Has("`prompt` is not valid")),
    ("/api/chat", "POST /api/chat", &[], br#"{"model":"m","messages":[],"stream":false}"#, 200, JSON, Has("\"done_reason\":\"load\"")),
    ("/api/chat", "POST /api/chat", &[], br#"{"model":"m","messages":[1]}"#, 400, JSON, Has("`messages` is not valid")),
    ("/v1/responses", "POST /v1/responses", &[], br#"{"model":"tool","input":"x","tools":[{"type":"web_search"}]}"#, 200, JSON, Has("\"output_tokens\":64,")),
    (CHAT, "POST /v1/chat/completions", &[], br#"{"model":"m","messages":[{}],"n":9}"#, 400, JSON, Has("`n` must be an integer of 1 to 8")),
    (CHAT, "POST /v1/chat/completions", &[], br#"{"model":"m","messages":[{}],"stop":["a","b","c","d","e"]}"#, 400, JSON, Has("`stop` must be a text, or a list of at most 4 texts")),
    (MESSAGES, "POST /v1/messages", &[], br#"{"model":"m","messages":[{}],"max_tokens":9,"stop_sequences":[1]}"#, 400, JSON, Has("`stop_sequences` must be a text, or a list of at most 16 texts")),
    ("/v1/embeddings", "POST /v1/embeddings", &[], br#"{"model":"m","input":"a b","dimensions":1}"#, 200, JSON, Is("{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,\"embedding\":[0.99999999]}],\"model\":\"m\",\"usage\":{\"prompt_tokens\":2,\"total_tokens\":2}}")),
    ("/v1/embeddings", "POST /v1/embeddings", &[], br#"{"model":"m","input":[]}"#, 400, JSON, Has("\"param\":\"input\"")),
    ("/v1/embeddings", "POST /v1/embeddings", &[], br#"{"model":"m","input":["a",""]}"#, 400, JSON, Has("`input` must be a text that is not empty, or a list of up to 2048 of them")),
    ("/v1/embeddings", "POST /v1/embeddings", &[], br#"{"model":"m","input":"a","dimensions":0}"#, 400, JSON, Has("`dimensions` must be an integer of 1 to 4096")),
    ("/v1/embeddings", "POST /v1/embeddings", &[], br#"{"model":"m","input":"a","encoding_format":"int8"}"#, 400, JSON, Has("write `float` or `base64`")),
    ("/v1/embeddings", "GET /v1/embeddings", &[], b"", 405, JSON, Has("method_not_supported")),
    ("/api/embed", "POST /api/embed", &[], br#"{"model":"m","input":"a","dimensions":2}"#, 200, JSON, Has("{\"model\":\"m\",\"embeddings\":[[")),
    ("/api/embed", "POST /api/embed", &[], br#"{"input":"a"}"#, 400, JSON, Has("{\"error\":\"`model` is missing")),
    ("/v1/models", "GET /v1/models", &[], b"", 200, JSON, Has("{\"object\":\"list\",\"data\":[{\"id\":\"loiter\"")),
    ("/v1/models", "POST /v1/models", &[], b"", 405, JSON, Has("method_not_supported")),
    ("/v1/models/{id*}", "GET /v1/models/a/b", &[], b"", 200, JSON, Has("{\"id\":\"a/b\",")),
    ("/v1/models/{id*}", "GET /v1/models/", &[], b"", 404, HTML, Any),
    ("/api/tags", "GET /api/tags", &[], b"", 200, JSON, Has("{\"models\":[{\"name\":\"loiter\"")),
    ("/api/tags", "POST /api/tags", &[], b"", 405, JSON, Has("{\"error\":\"The method")),
    ("/api/ps", "GET /api/ps", &[], b"", 200, JSON, Has("{\"models\":[{\"name\":\"loiter\"")),
    ("/api/ps", "POST /api/ps", &[], b"", 405, JSON, Has("{\"error\":\"The method")),
    ("/api/version", "POST /api/version", &[], b"", 405, JSON, Has("{\"error\":\"The method")),
    ("/api/version", "GET /api/version", &[], b"", 200, JSON, Has("{\"version\":\"0.")),
    ("/api/show", "POST /api/show", &[], br#"{"model":"any"}"#, 200, JSON, Has("\"loiter.context_length\":")),
    ("/api/show", "POST /api/show", &[], b"{}", 400, JSON, Has("{\"error\":\"`model` is missing")),
    ("/health", "GET /health", &[], b"", 200, "", Is("")),
    ("/health", "POST /health", &[], b"", 405, HTML, Any),
];

pub(crate) fn post(path: &str, body: &str) -> Answer {
    ask(&format!("POST {path}"), CURL, body.as_bytes())
}

/// The objects of a stream, with the names of its events.
pub(crate) fn objects(answer: &Answer) -> Vec<(String, Value)> {
    let text = String::from_utf8(answer.body.clone()).unwrap();
    let (mut name, mut objects) = (String::new(), Vec::new());
    for line in text.lines().filter(|line| !line.is_empty() && *line != "data: [DONE]") {
        match line.strip_prefix("event: ") {
            Some(event) => name = event.to_owned(),
            None => {
                let data = line.strip_prefix("data: ").unwrap_or(line);
                objects.push((name.clone(), serde_json::from_str(data).expect(line)));
            }
        }
    }
    objects
}

pub(crate) fn json(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

/// Requests for a text in all APIs: path, body without its braces, where the text is in a whole
/// answer, and where in an event.
const TEXTS: [(&str, &str, &str, &str); 6] = [
    (
        CHAT,
        r#""messages":[{"content":"x"}]"#,
        "/choices/0/message/content",
        "/choices/0/delta/content",
    ),
    ("/v1/completions", r#""prompt":"x""#, "/choices/0/text", "/choices/0/text"),
    ("/v1/responses", r#""input":"x""#, "/output/0/content/0/text", "/delta"),
    (
        MESSAGES,
        r#""max_tokens":1000,"messages":[{"content":"x"}]"#,
        "/content/0/text",
        "/delta/text",
    ),
    ("/api/chat", r#""messages":[{"content":"x"}]"#, "/message/content", "/message/content"),
    ("/api/generate", r#""prompt":"x""#, "/response", "/response"),
];

#[test]
fn a_stream_has_the_text_of_the_whole_answer_and_a_piece_for_each_token() {
    for (path, body, whole, part) in TEXTS {
        let answer = post(path, &format!("{{\"model\":\"m\",\"stream\":false,{body}}}"));
        let text = json(&answer).pointer(whole).unwrap().as_str().unwrap().to_owned();
        assert_eq!(text.split(' ').count(), 64, "{path}");
        let streamed = post(path, &format!("{{\"model\":\"m\",\"stream\":true,{body}}}"));
        let all = objects(&streamed);
        let parts = all.iter().filter_map(|(_, object)| object.pointer(part)?.as_str());
        assert_eq!(parts.collect::<String>(), text, "{path}");
        assert_eq!(streamed.pace, Some((0, 65)), "{path}");
        assert!(!streamed.body.contains(&b'$') && !answer.body.contains(&b'$'), "{path}");
    }
}

#[test]
fn max_tokens_cuts_and_ignore_eos_fills() {
    let count = |more: &str| {
        let body = format!(r#"{{"model":"m","messages":[{{"content":"x"}}],{more}}}"#);
        let answer = post(CHAT, &body);
        let object = json(&answer);
        let count = object.pointer("/usage/completion_tokens").unwrap().as_u64().unwrap();
        let finish = object.pointer("/choices/0/finish_reason").unwrap().as_str().unwrap();
        (count, finish.to_owned(), answer.field("X-Clamped").map(str::to_owned))
    };
    let is = |count: u64, finish: &str| (count, finish.to_owned(), None);
    assert_eq!(count(r#""max_tokens":5"#), is(5, "length"));
    assert_eq!(count(r#""max_completion_tokens":64"#), is(64, "stop"));
    assert_eq!(count(r#""max_tokens":500"#), is(64, "stop"));
    assert_eq!(count(r#""max_tokens":500,"min_tokens":300"#), is(300, "stop"));
    assert_eq!(count(r#""max_tokens":500,"ignore_eos":true"#), is(500, "length"));
    let most = (16_384, "length".to_owned(), Some("tokens=16384".to_owned()));
    assert_eq!(count(r#""max_tokens":20000,"ignore_eos":true"#), most);
    // All choices together.
    let most = (16_384, "length".to_owned(), Some("tokens=2048".to_owned()));
    assert_eq!(count(r#""max_tokens":20000,"ignore_eos":true,"n":8"#), most);
}

#[test]
fn a_seed_repeats_the_words_and_the_ids() {
    let body = |seed: u64| format!(r#"{{"model":"m","prompt":"x","stream":false,"seed":{seed}}}"#);
    let text =
        |seed| json(&post("/v1/completions", &body(seed))).pointer("/choices/0/text").cloned();
    assert_eq!(text(1), text(1));
    assert_ne!(text(1), text(2));
    let id = |path: &str| post(path, &body(1)).field("x-request-id").map(str::to_owned);
    assert_eq!(id("/v1/completions"), Some("req_bdd732262feb6e9528efe333".to_owned()));
}

#[test]
fn events_come_in_the_order_of_each_provider() {
    let body = r#"{"model":"echo","input":"a","messages":[{"content":"a"}],"max_tokens":1,
        "stream":true,"stream_options":{"include_usage":true}}"#;
    let names = |path| objects(&post(path, body)).into_iter().map(|it| it.0).collect::<Vec<_>>();
    assert_eq!(
        names(MESSAGES),
        [
            "message_start",
            "content_block_start",
            "ping",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop"
        ]
    );
    let events = objects(&post("/v1/responses", body));
    let types = events.iter().map(|(_, object)| object["type"].as_str().unwrap());
    let named = events.iter().map(|(name, _)| name.strip_prefix("response.").unwrap());
    assert_eq!(
        named.collect::<Vec<_>>(),
        [
            "created",
            "in_progress",
            "output_item.added",
            "content_part.added",
            "output_text.delta",
            "output_text.done",
            "content_part.done",
            "output_item.done",
            "completed"
        ]
    );
    assert!(types.zip(&events).all(|(kind, event)| kind == event.0));
    let numbers = events.iter().map(|(_, object)| object["sequence_number"].as_u64().unwrap());
    assert!(numbers.eq(0..9));
    let chunks = objects(&post(CHAT, body));
    assert_eq!(chunks.len(), 4);
    assert!(chunks[..3].iter().all(|(_, chunk)| chunk["usage"].is_null()));
    assert_eq!(
        (&chunks[3].1["choices"], &chunks[3].1["usage"]["total_tokens"]),
        (&Value::Array(Vec::new()), &2.into())
    );
    assert!(post(CHAT, body).body.ends_with(b"\n\ndata: [DONE]\n\n"));
}

#[test]
fn probabilities_are_those_of_the_tokens() {
    let body = |stream: bool| {
        format!(
            r#"{{"model":"echo","logprobs":true,"stream":{stream},"messages":[{{"content":"a b"}}]}}"#
        )
    };
    let whole = json(&post(CHAT, &body(false)));
    let content = whole.pointer("/choices/0/logprobs/content").unwrap().as_array().unwrap();
    let tokens = content.iter().map(|it| it["token"].as_str().unwrap());
    assert_eq!(tokens.collect::<Vec<_>>(), ["a", " b"]);
    let events = objects(&post(CHAT, &body(true)));
    let tokens = events.iter().filter_map(|it| {
        it.1.pointer("/choices/0/logprobs/content/0/token").and_then(Value::as_str)
    });
    assert_eq!(tokens.collect::<Vec<_>>(), ["a", " b"]);
}

#[test]
fn an_embedding_follows_from_model_and_text() {
    let ask = |model: &str, input: &str| {
        json(&post("/v1/embeddings", &format!(r#"{{"model":"{model}","input":{input}}}"#)))
    };
    let data = ask("m", r#"["a", "b", "a"]"#);
    let vector = |n: usize| data.pointer(&format!("/data/{n}/embedding")).unwrap();
    assert_eq!(vector(0).as_array().unwrap().len(), 1536);
    assert!(vector(0) == vector(2) && vector(0) != vector(1));
    assert_eq!(ask("m", r#""a""#).pointer("/data/0/embedding"), Some(vector(0)));
    assert_ne!(ask("n", r#""a""#).pointer("/data/0/embedding"), Some(vector(0)));
    let tokens = ask("m", "[[1, 23], [12, 3]]");
    assert_ne!(tokens.pointer("/data/0/embedding"), tokens.pointer("/data/1/embedding"));
    assert_eq!(tokens.pointer("/usage/total_tokens"), Some(&4.into()));
    assert_eq!(ask("m", "[1, 23]").pointer("/data/0"), tokens.pointer("/data/0"));
    let embed = json(&post("/api/embed", r#"{"model":"m","input":["b", "a"]}"#));
    assert_eq!(embed.pointer("/embeddings/1"), Some(vector(0)));
    let input = vec!["a"; 2049];
    let many = |count: usize| {
        let body = serde_json::json!({"model": "m", "input": input[..count], "dimensions": 1});
        post("/v1/embeddings", &body.to_string())
    };
    assert_eq!((many(2048).status, many(2049).status), (200, 400));
    let mut app = App::default();
    app.limits.max_bytes = 12 * 9;
    let of = |dimensions: u8| {
        let body = format!(r#"{{"model":"m","input":["a","b","c"],"dimensions":{dimensions}}}"#);
        ask_of(&app, "POST /v1/embeddings", CURL, body.as_bytes())
    };
    assert_eq!((of(3).status, of(4).status), (200, 400));
    assert!(String::from_utf8(of(4).body).unwrap().contains("more than 108 bytes"));
}

const SCHEMA: &str =
    r#"{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"}}}"#;

#[test]
fn a_tool_is_called_if_it_is_forced_or_by_its_model() {
    let function = format!(r#"{{"name":"weather","parameters":{SCHEMA}}}"#);
    let tools = format!(r#""tools":[{{"type":"function","function":{function}}}]"#);
    let call = |model: &str, more: &str| {
        let body = format!(r#"{{"model":"{model}","messages":[{{"content":"x"}}{more},{tools}}}"#);
        json(&post(CHAT, &body)).pointer("/choices/0/message/tool_calls/0/function").cloned()
    };
    let arguments = r#"{"city": "text", "days": 1}"#;
    let called = Some(serde_json::json!({"name": "weather", "arguments": arguments}));
    assert_eq!(call("m", r#"],"tool_choice":"required""#), called);
    assert_eq!(
        call("m", r#"],"tool_choice":{"type":"function","function":{"name":"weather"}}"#),
        called
    );
    assert_eq!(call("tool", "]"), called);
    assert_eq!(call("m", r#"],"tool_choice":"auto""#), None);
    assert_eq!(call("tool", r#"],"tool_choice":"none""#), None);
    assert_eq!(call("tool", r#",{"role":"tool","content":"y"}]"#), None);
    let messages = format!(
        r#"{{"model":"m","max_tokens":99,"messages":[{{"content":"x"}}],"stream":true,
            "tool_choice":{{"type":"any"}},"tools":[{{"name":"weather","input_schema":{SCHEMA}}}]}}"#
    );
    let events = objects(&post(MESSAGES, &messages));
    let parts = events.iter().filter_map(|it| it.1.pointer("/delta/partial_json")?.as_str());
    assert_eq!(parts.collect::<String>(), arguments);
    assert!(events.iter().any(|it| it.1.pointer("/delta/stop_reason") == Some(&"tool_use".into())));
    let input = format!(
        r#"{{"model":"tool","input":"x","tools":[{{"type":"function","name":"weather","parameters":{SCHEMA}}}]}}"#
    );
    assert_eq!(
        json(&post("/v1/responses", &input)).pointer("/output/0/arguments"),
        Some(&arguments.into())
    );
    let lines = objects(&post(
        "/api/chat",
        &format!(r#"{{"model":"tool","messages":[{{"content":"x"}}],{tools}}}"#),
    ));
    let call = lines[0].1.pointer("/message/tool_calls/0/function/arguments").unwrap();
    assert_eq!((call, lines.len()), (&serde_json::json!({"city": "text", "days": 1}), 2));
}

#[test]
fn an_answer_fits_the_schema_that_is_asked_for() {
    let sample = r#"{"city": "text", "days": 1}"#;
    for (path, format, place) in [
        (
            CHAT,
            format!(
                r#""response_format":{{"type":"json_schema","json_schema":{{"schema":{SCHEMA}}}}}"#
            ),
            "/choices/0/message/content",
        ),
        (
            "/v1/responses",
            format!(r#""text":{{"format":{{"type":"json_schema","schema":{SCHEMA}}}}}"#),
            "/output/0/content/0/text",
        ),
        (
            MESSAGES,
            format!(r#""output_config":{{"format":{{"type":"json_schema","schema":{SCHEMA}}}}}"#),
            "/content/0/text",
        ),
        ("/api/chat", format!(r#""stream":false,"format":{SCHEMA}"#), "/message/content"),
    ] {
        let body = format!(
            r#"{{"model":"m","max_tokens":99,"input":"x","messages":[{{"content":"x"}}],{format}}}"#
        );
        assert_eq!(json(&post(path, &body)).pointer(place), Some(&sample.into()), "{path}");
    }
    let body = r#"{"model":"m","stream":false,"format":"json","messages":[{}]}"#;
    assert_eq!(json(&post("/api/chat", body)).pointer("/message/content"), Some(&"{}".into()));
}

/// However long a text is, what is made at once is bounded.
#[test]
fn a_long_text_is_cut() {
    let text = "\\u0001".repeat(100_000);
    let body = format!(r#"{{"model":"echo","input":"{text}","stream":true}}"#);
    assert!(post("/v1/responses", &body).body.len() < 6 * 6 * 32 * 1024);
    let app = App::default();
    let long = "a ".repeat(50_000);
    let body = format!(r#"{{"model":"echo","messages":[{{"content":"{long}"}}]}}"#);
    let answer = ask_of(&app, "POST /v1/chat/completions", CURL, body.as_bytes());
    assert!(answer.body.len() < 40_000);
}

/// What the clients of providers show of an error is in their own form, wherever it is found.
#[test]
fn an_unknown_path_has_an_error_in_the_form_of_the_client() {
    let ask = |target: &str, fields: &[(&str, &str)]| ask(target, fields, b"{}");
    let openai = ask("POST /v1/chat/completion", &[("User-Agent", "OpenAI/Python 1")]);
    let error = &json(&openai)["error"];
    assert_eq!((openai.status, &error["code"]), (404, &"unknown_url".into()));
    assert!(error["message"].as_str().unwrap().ends_with("Did you mean /v1/chat/completions?"));
    let anthropic = ask("GET /v1/files", &[("anthropic-version", "2023-06-01")]);
    assert_eq!(json(&anthropic).pointer("/error/type"), Some(&"not_found_error".into()));
    let ollama = ask("POST /api/pull", &[("User-Agent", "ollama-python/0")]);
    assert!(json(&ollama)["error"].as_str().unwrap().starts_with("The requested URL"));
    // Of a route by its path, whoever asks: here with too much before it.
    let doubled = ask("POST /v1/v1/messages", CURL);
    let message = json(&doubled).pointer("/error/message").cloned();
    assert!(message.unwrap().as_str().unwrap().ends_with("Did you mean /v1/messages?"));
    assert_eq!(ask("POST /v1/nope", CURL).media, HTML);
    assert_eq!(ask("POST /a/health", CURL).media, HTML);
    assert_eq!(ask("GET /v1/messages", CURL).field("Allow"), Some("POST, OPTIONS"));
}

/// Each event repeats them.
#[test]
fn a_long_name_is_refused() {
    let body = |model: &str, tool: &str| {
        format!(
            r#"{{"model":"{model}","max_tokens":9,"messages":[{{"content":"a"}}],
                "tool_choice":"any","tools":[{{"name":"{tool}"}}]}}"#
        )
    };
    let longest = "m".repeat(256);
    assert_eq!(post(MESSAGES, &body(&longest, &longest)).status, 200);
    let longer = format!("{longest}m");
    for (model, tool, member) in [(&longer, &longest, "model"), (&longest, &longer, "tools")] {
        let answer = post(MESSAGES, &body(model, tool));
        let text = String::from_utf8(answer.body).expect("it is UTF-8");
        assert_eq!(answer.status, 400, "{text}");
        assert!(text.contains(&format!("`{member}` has more than 256 bytes")), "{text}");
    }
}
