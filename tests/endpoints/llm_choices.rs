//! Several choices of an answer of a language model, and where each ends.

use loiter::http::app::App;
use serde_json::Value;

use crate::ask::*;
use crate::llm::{CHAT, MESSAGES, json, objects, post};

#[test]
fn a_stop_sequence_ends_the_text_before_it() {
    let ask = |path: &str, text: &str, more: &str| {
        let escaped = Value::from(text);
        json(&post(
            path,
            &format!(
                r#"{{"model":"echo","stream":false,"prompt":{escaped},"messages":[{{"content":{escaped}}}],{more}}}"#
            ),
        ))
    };
    for (text, stops, left, tokens) in [
        ("one two three", r#"" three""#, "one two", 2),
        ("one two three", r#"["ee", "wo"]"#, "one t", 2),
        ("one two three", r#"["three", " three", ""]"#, "one two", 2),
        ("one two three", r#""one""#, "", 0),
        ("a\n\nb", r#"["\n"]"#, "a", 1),
        ("one two three", r#""four""#, "one two three", 3),
        ("one two three", "null", "one two three", 3),
    ] {
        let chat = ask(CHAT, text, &format!(r#""stop":{stops}"#));
        assert_eq!(chat.pointer("/choices/0/message/content"), Some(&left.into()), "{stops}");
        assert_eq!(chat.pointer("/choices/0/finish_reason"), Some(&"stop".into()));
        assert_eq!(chat.pointer("/usage/completion_tokens"), Some(&tokens.into()));
        let completion = ask("/v1/completions", text, &format!(r#""stop":{stops}"#));
        assert_eq!(completion.pointer("/choices/0/text"), Some(&left.into()));
        let lines = ask("/api/generate", text, &format!(r#""options":{{"stop":{stops}}}"#));
        assert_eq!((&lines["response"], &lines["done_reason"]), (&left.into(), &"stop".into()));
    }
    let message = |more: &str| {
        let message = ask(MESSAGES, "a \"b\" c", more);
        (message["stop_reason"].clone(), message["stop_sequence"].clone())
    };
    assert_eq!(
        message(r#""max_tokens":9,"stop_sequences":["z", "\"b"]"#),
        ("stop_sequence".into(), "\"b".into())
    );
    // The limit comes first.
    assert_eq!(
        message(r#""max_tokens":1,"stop_sequences":["c"]"#),
        ("max_tokens".into(), Value::Null)
    );
    let body = r#"{"model":"echo","max_tokens":9,"stream":true,"stop_sequences":["c"],
        "messages":[{"content":"a b c"}]}"#;
    let events = objects(&post(MESSAGES, body));
    assert!(events.iter().any(|it| it.1.pointer("/delta/stop_sequence") == Some(&"c".into())));
    let deltas = events.iter().filter_map(|it| it.1.pointer("/delta/text")?.as_str());
    assert_eq!(deltas.collect::<String>(), "a b ");
}

#[test]
fn each_choice_has_its_words_and_its_end() {
    let body =
        |more: &str| format!(r#"{{"model":"m","seed":1,"messages":[{{"content":"x"}}],{more}}}"#);
    let whole = json(&post(CHAT, &body(r#""n":3,"stop":[" the"]"#)));
    let texts: Vec<&str> = (0..3)
        .map(|n| whole.pointer(&format!("/choices/{n}/message/content")).unwrap().as_str().unwrap())
        .collect();
    assert!(texts[0] != texts[1] && texts[1] != texts[2] && texts[0] != texts[2]);
    assert!(whole["choices"].as_array().unwrap().iter().zip(0..).all(|(it, n)| it["index"] == n));
    let count: usize = texts.iter().map(|text| text.split_whitespace().count()).sum();
    assert_eq!(whole.pointer("/usage/completion_tokens"), Some(&count.into()));
    let streamed = post(CHAT, &body(r#""n":3,"stop":[" the"],"stream":true"#));
    let mut joined = [String::new(), String::new(), String::new()];
    let mut ends = Vec::new();
    for (_, chunk) in objects(&streamed) {
        let choice = chunk.pointer("/choices/0").unwrap();
        let n = choice["index"].as_u64().unwrap() as usize;
        assert!(!ends.contains(&n), "a choice goes on after its end");
        joined[n].push_str(choice.pointer("/delta/content").and_then(Value::as_str).unwrap_or(""));
        if choice["finish_reason"] == "stop" {
            ends.push(n);
        }
    }
    assert_eq!(
        (joined.each_ref().map(|it| it.as_str()).as_slice(), ends),
        (&*texts, vec![0, 1, 2])
    );
}

/// As OpenAI numbers them: those of the first prompt, then those of the second.
#[test]
fn each_prompt_of_a_batch_has_its_choices() {
    let body = |model: &str, more: &str| {
        format!(r#"{{"model":"{model}","prompt":["a b","c","d e f"],"seed":1,{more}}}"#)
    };
    let texts = |answer: &Value| {
        let choices = answer["choices"].as_array().unwrap();
        assert!(choices.iter().zip(0..).all(|(choice, n)| choice["index"] == n));
        let text = |choice: &Value| choice["text"].as_str().unwrap().to_owned();
        choices.iter().map(text).collect::<Vec<_>>()
    };
    let whole = json(&post("/v1/completions", &body("echo", r#""n":2,"max_tokens":2"#)));
    assert_eq!(texts(&whole), ["a b", "a b", "c", "c", "d e", "d e"]);
    let ends = whole["choices"].as_array().unwrap().iter().map(|it| it["finish_reason"].as_str());
    assert_eq!(
        ends.flatten().collect::<Vec<_>>(),
        ["stop", "stop", "stop", "stop", "length", "length"]
    );
    let usage = serde_json::json!([6, 10, 16]);
    let counted = ["prompt_tokens", "completion_tokens", "total_tokens"];
    assert_eq!(Value::from(counted.map(|name| whole["usage"][name].clone()).to_vec()), usage);
    let words = texts(&json(&post("/v1/completions", &body("m", r#""max_tokens":9"#))));
    assert!(words[0] != words[1] && words[1] != words[2] && words[0] != words[2]);
    let more = r#""max_tokens":9,"stream":true,"stream_options":{"include_usage":true}"#;
    let mut joined = vec![String::new(); 3];
    let events = objects(&post("/v1/completions", &body("m", more)));
    for (_, chunk) in &events {
        if let Some(choice) = chunk.pointer("/choices/0") {
            let n = choice["index"].as_u64().unwrap() as usize;
            joined[n].push_str(choice["text"].as_str().unwrap());
        }
    }
    assert_eq!(joined, words);
    assert_eq!(events.last().unwrap().1.pointer("/usage/completion_tokens"), Some(&27.into()));
    // The choices share what a batch may have.
    let long = Value::from(vec!["x".repeat(40_000); 64]);
    let body = format!(r#"{{"model":"echo","prompt":{long}}}"#);
    let shared =
        texts(&json(&ask_of(&App::default(), "POST /v1/completions", CURL, body.as_bytes())));
    assert!(shared.len() == 64 && shared.iter().all(|text| text.len() == 4096));
}
