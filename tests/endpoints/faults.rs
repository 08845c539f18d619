//! What each kind of fault leaves of a route's own answer.

use loiter::http::modifiers::Row;

use super::modified_routes::{Case, is_refused};
use super::played::End;
use super::response::{Framing, Response};

/// The usual `--max-wait`.
pub(crate) const MAX_WAIT_US: u64 = 3_600_000_000;
/// The bytes of `garbage`.
const GARBAGE: usize = 1024;

/// Checks one answer with a fault.
pub(crate) fn check(row: &Row, case: &Case) {
    if case.value == "none" {
        return assert!(case.modified.bytes == case.plain.bytes, "{}", case.name);
    }
    if is_refused(row, case) {
        return;
    }
    let (kind, at) = case.value.split_once(':').unwrap_or((case.value, ""));
    let uploads = case.request.contains("Content-Length");
    match (kind, at) {
        (_, at) if at.starts_with("up:") && !uploads => is_spared(case),
        (_, at) if at.starts_with("up:") => is_nothing(case, End::Rst),
        ("close", _) => is_nothing(case, End::Fin),
        ("hang", _) => {
            is_nothing(case, End::Fin);
            assert!(case.modified.over_us > MAX_WAIT_US, "{}: early", case.name);
        }
        ("reset" | "abort", "") => is_nothing(case, End::Rst),
        ("garbage", _) => {
            assert_eq!((case.modified.bytes.len(), case.modified.end), (GARBAGE, End::Fin));
            assert!(!case.modified.bytes.starts_with(b"HTTP/"));
        }
        ("bad-head", _) => is_without_status(case),
        _ if case.own.framing == Framing::None => is_spared(case),
        ("dup-length", _) => has_two_lengths(case),
        _ => is_cut(case, kind, at),
    }
}

fn is_nothing(case: &Case, end: End) {
    let (bytes, over) = (&case.modified.bytes, case.modified.end);
    assert!(bytes.is_empty() && over == end, "{}: {over:?}", case.name);
}

/// The fault is impossible for this answer: it is not applied, and not shown.
fn is_spared(case: &Case) {
    let name = &case.name;
    let response = case.modified.response().unwrap_or_else(|why| panic!("{name}: {why}"));
    assert_eq!((response.status, &response.body), (case.own.status, &case.own.body), "{name}");
    let shown = response.field("Loiter").unwrap_or_default();
    assert!(!shown.contains("fault") && shown.contains("seed="), "{name}: {shown}");
    assert_eq!(case.modified.end, case.plain.end, "{name}");
}

fn is_without_status(case: &Case) {
    let (name, bytes) = (&case.name, &case.modified.bytes);
    let end = bytes.windows(2).position(|pair| pair == b"\r\n").expect("a line");
    assert!(!bytes.starts_with(b"HTTP/"), "{name}");
    let own_line = case.plain.bytes.split(|&byte| byte == b'\n').next().expect("a line");
    let repaired = [own_line, b"\n", &bytes[end + 2..]].concat();
    let (response, rest) = Response::read(&repaired, case.request.starts_with("HEAD"), true)
        .unwrap_or_else(|why| panic!("{name}: {why}"));
    assert_eq!((&response.body, rest.len()), (&case.own.body, 0), "{name}");
    assert_eq!(case.modified.end, End::Fin, "{name}");
    is_shown(case, &response);
}

fn has_two_lengths(case: &Case) {
    let (name, text) = (&case.name, String::from_utf8_lossy(&case.modified.bytes));
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    let lengths: Vec<&str> =
        head.lines().filter_map(|line| line.strip_prefix("Content-Length: ")).collect();
    let true_one = case.own.body.len().to_string();
    assert!(
        lengths.len() == 2 && lengths[0] == true_one && lengths[1] != lengths[0],
        "{name}: {head}"
    );
    assert!(case.modified.bytes.ends_with(&case.own.body), "{name}");
    assert_eq!(case.modified.end, End::Fin, "{name}");
}

/// The answer is the route's own up to a place in its body.
fn is_cut(case: &Case, kind: &str, at: &str) {
    let (name, played) = (&case.name, &case.modified);
    let (response, rest) =
        Response::cut(&played.bytes, false).unwrap_or_else(|why| panic!("{name}: {why}"));
    is_shown(case, &response);
    let whole = &case.own.body;
    let bytes = match at.parse::<usize>() {
        Ok(bytes) if kind != "extra" => Some(bytes.min(whole.len())),
        Ok(_) => Some(whole.len()),
        Err(_) if case.own.framing == Framing::Length => {
            let share = if at.is_empty() { 0.5 } else { at.parse().expect("a share") };
            Some((whole.len() as f64 * share) as usize)
        }
        Err(_) => None,
    };
    assert!(whole.starts_with(&response.body), "{name}: other bytes");
    assert!(bytes.is_none_or(|bytes| bytes == response.body.len()), "{name}: {bytes:?}");
    let less = response.body.len() < whole.len() || whole.is_empty() || bytes == Some(whole.len());
    assert!(less, "{name}: nothing is cut off");
    let rest = String::from_utf8_lossy(rest);
    match kind {
        "bad-chunk" => assert_eq!(rest, "loiter\r\n", "{name}"),
        "extra" => assert_eq!(rest.len().to_string(), at, "{name}"),
        _ => assert_eq!(rest, "", "{name}"),
    }
    let end = if matches!(kind, "reset" | "abort") { End::Rst } else { End::Fin };
    assert_eq!(played.end, end, "{name}");
    let silent_us = if kind == "stall" { MAX_WAIT_US } else { 0 };
    assert!(played.over_us >= case.plain.first_us() + silent_us, "{name}: early");
    let chunked = response.framing == Framing::Chunked;
    match kind {
        "bad-chunk" => assert!(chunked, "{name}"),
        "truncate" if case.old => assert_eq!(response.framing, Framing::Length, "{name}"),
        "extra" => assert_eq!(response.framing, Framing::Length, "{name}"),
        _ => assert_eq!(response.framing, case.own.framing, "{name}"),
    }
    if response.framing == Framing::Length {
        let length = response.field("Content-Length").unwrap_or_default();
        assert_eq!(length, whole.len().to_string(), "{name}: the length is not the true one");
    }
}

fn is_shown(case: &Case, response: &Response) {
    let shown = response.field("Loiter").unwrap_or_default();
    let place = if matches!(case.value, "stall" | "truncate" | "bad-chunk") { ":0.5" } else { "" };
    let fault = ["fault=", case.value, place].concat();
    assert!(shown.split("; ").any(|item| item == fault), "{}: {shown}", case.name);
}
