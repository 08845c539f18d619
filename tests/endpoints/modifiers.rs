//! Every row of the table of modifiers on every carrier: its good values are accepted and shown,
//! its bad ones refused, at once and by name.

use std::sync::Arc;

use loiter::http::app::App;
use loiter::http::compat::{GO_HTTPBIN, HTTPBIN};
use loiter::http::modifiers::row::{Kind, Public};
use loiter::http::modifiers::rows::for_requests;
use loiter::http::modifiers::{Bounds, Carrier, Modifiers, Name, ROWS, Row, merge};

use super::played::{End, Played, play};

/// The modifier as it is written in a list, with what it needs beside it.
fn tokens(row: &Row, value: &str) -> Vec<String> {
    let equals = if value.is_empty() && row.kind == Kind::Flag { "" } else { "=" };
    let own = [row.name.text(), equals, value].concat();
    match row.name {
        Name::Times => vec!["key=k".to_owned(), own],
        _ => vec![own],
    }
}

/// A request with these modifiers in its field, path or query.
fn request(carrier: Carrier, tokens: &[String]) -> String {
    let list = |start: &str, between: &str| match tokens {
        [] => String::new(),
        _ => [start, &tokens.join(between)].concat(),
    };
    let (path, query, field) = match carrier {
        Carrier::Path => (list("/~", "/~"), String::new(), String::new()),
        Carrier::Query => (String::new(), list("?~", "&~"), String::new()),
        _ => (String::new(), String::new(), list("Loiter: ", "; ") + "\r\n"),
    };
    let field = if carrier == Carrier::Field { field } else { String::new() };
    format!("POST {path}/post{query} HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n{field}\r\nabc")
}

/// Whether a server starts with these as its own or a listener's defaults, and its settings.
fn defaults(app: &App, carrier: Carrier, tokens: &[String]) -> Result<Modifiers, String> {
    let mut modifiers = Modifiers::new(carrier);
    let added = match carrier {
        Carrier::Server => modifiers.add_list(tokens.join("; ").as_bytes()),
        _ => tokens.iter().try_for_each(|token| modifiers.add_segment(token.as_bytes())),
    };
    added.map_err(|bad| bad.to_string())?;
    let bounds = Bounds::new(&app.limits, app.public, app.dangerous_responses);
    merge(&[&modifiers]).check_values(&bounds).map_err(|bad| bad.to_string())?;
    Ok(modifiers)
}

/// Plays a request with these modifiers, which `carrier` has; the error is why no server starts
/// with them.
fn ask(app: &App, carrier: Carrier, tokens: &[String]) -> Result<Played, String> {
    let mut app = app.clone();
    let listener = match carrier {
        Carrier::Server => {
            app.with = defaults(&app, carrier, tokens)?;
            None
        }
        Carrier::Listener => Some(defaults(&app, carrier, tokens)?),
        _ => None,
    };
    let tokens = if carrier.is_request() { tokens } else { &[] };
    Ok(play(&Arc::new(app), listener.as_ref(), request(carrier, tokens).as_bytes()))
}

fn modes() -> [App; 2] {
    [&HTTPBIN, &GO_HTTPBIN].map(|compat| App { compat, ..App::default() })
}

/// What the text of a refusal must have: the carrier, the modifier and its value's beginning.
fn assert_named(text: &str, row: &Row, carrier: Carrier, case: &str) {
    assert!(text.contains(carrier.place()), "{case}: {text}");
    assert!(text.contains(&["modifier `", row.name.text()].concat()), "{case}: {text}");
    let reason = text.split(carrier.place()).nth(1).unwrap_or_default();
    assert!(reason.starts_with(": ") && reason.len() > 12, "{case} has no reason: {text}");
}

#[test]
fn every_row_has_good_and_bad_values_and_a_sample() {
    for row in &ROWS {
        let name = row.name.text();
        assert!(row.good().any(|value| value != "none") || row.name == Name::With, "{name}");
        assert!(row.bad().next().is_some(), "{name} has no bad value");
        let sampled = row.good().chain([""]).any(|value| value == row.sample);
        let parsed = defaults(&App::default(), Carrier::Server, &tokens(row, row.sample));
        assert!(sampled || parsed.is_ok(), "{name}: {parsed:?}");
        assert!(!row.syntax.is_empty() || row.sample.is_empty(), "{name}");
    }
}

/// `none` and what another name, seed or counter makes of an answer are not shown in it.
fn is_shown(row: &Row, value: &str) -> bool {
    use Name::{Cut, Every, Key, Load, Seed, Since, Slots, Times, Trace, With};
    // These requests have no trace.
    let untraced = row.name == Trace;
    let silent = matches!(row.name, Key | Times | Since | Every | With | Cut | Load | Slots | Seed);
    let zero = value == "0" && row.name != Name::Idle;
    let chance = ["@0.", "none@", "@90", "@9,"].iter().any(|text| value.contains(text));
    let chance = chance && !matches!(row.name, Name::Header | Name::Text | Name::Hint | Name::Gap);
    value != "none" && !untraced && !silent && !zero && !chance
}

#[test]
fn good_values_are_accepted_on_every_carrier() {
    for app in modes() {
        for (row, carrier) in for_requests().flat_map(|row| Carrier::ALL.map(|one| (row, one))) {
            for value in row.good() {
                let case = format!("{}={value} {}", row.name.text(), carrier.place());
                let played = ask(&app, carrier, &tokens(row, value));
                check_good(
                    row,
                    value,
                    &played.unwrap_or_else(|why| panic!("{case}: {why}")),
                    &case,
                );
            }
        }
    }
}

fn check_good(row: &Row, value: &str, played: &Played, case: &str) {
    let text = String::from_utf8_lossy(&played.bytes);
    if row.name == Name::Fault {
        let needs = ["event:", "ws-close"].iter().any(|part| value.contains(part));
        assert!(!text.contains("modifier") || needs, "{case}: {text}");
        return;
    }
    if played.bytes.is_empty() {
        return assert!(value.starts_with("hang") && row.name == Name::Read, "{case}");
    }
    let response = played.response().unwrap_or_else(|why| panic!("{case}: {why}: {text}"));
    assert!(!text.contains("modifier `") && response.status != 400, "{case}: {text}");
    let shown = response.field("Loiter").unwrap_or_default();
    let item = [row.name.text(), "="].concat();
    let is_there = shown.split("; ").any(|one| one.starts_with(&item) || one == row.name.text());
    assert!(is_there || !is_shown(row, value), "{case}: {shown}");
    // What nothing is asked by is not modified.
    let nothing = matches!(row.name, Name::With | Name::Cut) || value == "none";
    let nothing = nothing && row.name != Name::Times;
    assert_eq!(response.field("Loiter").is_none(), nothing, "{case}: {text}");
    assert!(shown.is_empty() || shown.contains("seed="), "{case}: {shown}");
    assert!(shown.is_empty() || response.all("Cache-Control").count() == 1, "{case}");
}

#[test]
fn bad_values_are_refused_at_once_and_by_name() {
    for app in modes() {
        for (row, carrier) in for_requests().flat_map(|row| Carrier::ALL.map(|one| (row, one))) {
            for value in row.bad() {
                let case = format!("{}={value} {}", row.name.text(), carrier.place());
                let all = [vec!["delay=1s".to_owned()], tokens(row, value)].concat();
                match ask(&app, carrier, &all) {
                    Err(why) => assert_named(&why, row, carrier, &case),
                    // As soon as a connection is accepted is what defaults alone can have.
                    Ok(_) if value.contains("connect") && !carrier.is_request() => {}
                    Ok(played) => check_bad(row, carrier, &played, 400, &case),
                }
            }
        }
    }
}

fn check_bad(row: &Row, carrier: Carrier, played: &Played, status: u16, case: &str) {
    let response = played.response().unwrap_or_else(|why| panic!("{case}: {why}"));
    assert!(carrier.is_request(), "{case}: a server starts with it");
    assert_eq!(response.status, status, "{case}: {}", response.text());
    assert_eq!((played.over_us, played.end), (0, End::Kept), "{case}");
    assert_eq!(response.field("Loiter"), None, "{case}");
    assert_named(&response.text(), row, carrier, case);
}

#[test]
fn a_public_server_refuses_what_its_rows_say() {
    let app = App { public: true, ..App::default() };
    for (row, carrier) in for_requests().flat_map(|row| Carrier::ALL.map(|one| (row, one))) {
        // A counter needs a key, which is off.
        for value in row.good().filter(|value| *value != "none" && row.name != Name::Times) {
            let case = format!("{}={value} {}", row.name.text(), carrier.place());
            let played = ask(&app, carrier, &tokens(row, value));
            let played = played.unwrap_or_else(|why| panic!("{case}: {why}"));
            let allowed = match row.public {
                Public::Allowed => true,
                Public::Off => false,
                Public::Bounded(_) => !["X-", "1MiB"].iter().any(|part| value.starts_with(part)),
            };
            if allowed || !carrier.is_request() {
                check_good(row, value, &played, &case);
            } else {
                check_bad(row, carrier, &played, 403, &case);
                let text = String::from_utf8_lossy(&played.bytes);
                assert!(text.contains("--profile public"), "{case}: {text}");
            }
        }
    }
}

#[test]
fn an_unknown_name_is_refused_with_a_suggestion() {
    for carrier in Carrier::ALL.into_iter().filter(|carrier| carrier.is_request()) {
        for (name, near) in [
            ("dealy=1s", "delay"),
            ("latency=1s", "delay"),
            ("stat=200", "status"),
            ("zzz", "there are"),
        ] {
            let played = ask(&App::default(), carrier, &[name.to_owned()]).expect("it is asked");
            let text = played.response().expect("an answer").text();
            assert!(text.contains(carrier.place()) && text.contains(near), "{text}");
        }
    }
}
