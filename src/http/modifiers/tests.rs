//! Tests of the grammar as a whole: every row in every carrier, precedence, and what is shown.

mod draws;
mod errors;
mod precedence;
mod shown;

use super::row::Kind;
use super::rows::for_requests;
use super::*;
use crate::base::limits::*;

const BOUNDS: Bounds = Bounds { max_wait_us: 3_600_000_000, public: false, dangerous: false };

/// One modifier as this carrier has it: `token` has no `~`.
fn carried(carrier: Carrier, token: &str) -> Result<Modifiers, BadModifier> {
    let mut modifiers = Modifiers::new(carrier);
    match carrier {
        Carrier::Path => modifiers.add_segment(format!("~{token}").as_bytes())?,
        Carrier::Query => {
            modifiers.add_query(format!("a=1&~{token}&~~x=2&&%7E%7Ex").as_bytes())?;
        }
        _ => modifiers.add_list(token.as_bytes())?,
    }
    Ok(modifiers)
}

fn list(carrier: Carrier, text: &str) -> Modifiers {
    Modifiers::parse(text, carrier).unwrap_or_else(|bad| panic!("{bad}"))
}

/// The line of the plan that these carriers' lists make, without the seed.
fn shown(lists: &[(Carrier, &str)]) -> String {
    let layers: Vec<Modifiers> = lists.iter().map(|(carrier, text)| list(*carrier, text)).collect();
    let line = show::line(&merge(&layers.iter().collect::<Vec<_>>()).plan(1, 0, &BOUNDS));
    line.replace("seed=1", "").trim_end_matches("; ").to_owned()
}

fn token(row: &Row, value: &str) -> String {
    let equals = if row.kind == Kind::Flag && value.is_empty() { "" } else { "=" };
    [row.name.text(), equals, value].concat()
}

/// Checks a modifier, with a key where it needs one.
fn check(modifiers: &Modifiers) -> Result<(), BadModifier> {
    let key = Modifiers::parse("key=a", Carrier::Server)?;
    merge(&[&key, modifiers]).check(Protocol::Http11, &BOUNDS).map(drop)
}

#[test]
fn rows_are_in_the_order_of_their_names() {
    for (at, row) in ROWS.iter().enumerate() {
        assert_eq!((row.name as usize, row.name.row().name), (at, row.name));
        assert_eq!(Name::parse(row.name.text()), Some(row.name));
        assert!(
            !row.bad.is_empty()
                && (!row.good.is_empty() || row.kind == Kind::Flag || row.kind == Kind::With),
            "{row:?}"
        );
        let sample = row.good().any(|good| good == row.sample) || row.sample.is_empty();
        assert!(sample || carried(Carrier::Path, &token(row, row.sample)).is_ok(), "{row:?}");
    }
    assert_eq!(Name::parse("Delay"), None);
}

#[test]
fn every_carrier_accepts_the_good_values_and_refuses_the_bad_ones() {
    for (row, carrier) in for_requests().flat_map(|row| Carrier::ALL.map(|carrier| (row, carrier)))
    {
        for good in row.good() {
            let token = token(row, good);
            let modifiers = carried(carrier, &token).unwrap_or_else(|bad| panic!("{bad}"));
            check(&modifiers).unwrap_or_else(|bad| panic!("{bad}"));
            let again = Modifiers::parse(&modifiers.to_string(), carrier);
            assert_eq!(again, Ok(modifiers), "{token}");
        }
        for bad in row.bad() {
            let token = token(row, bad);
            let refused = carried(carrier, &token).and_then(|modifiers| check(&modifiers));
            let default = !carrier.is_request() && bad.ends_with(":connect");
            assert_eq!(refused.is_err(), !default, "{token} {}", carrier.place());
            let Err(refused) = refused else { continue };
            assert_eq!((refused.carrier, refused.status().0), (carrier, 400));
            let message = refused.to_string();
            assert!(
                message.starts_with(&format!("bad modifier `{}", row.name.text())),
                "{message}"
            );
            assert!(message.contains(carrier.place()) && refused.reason.len() > 10, "{message}");
        }
    }
}

#[test]
fn a_list_is_split_at_semicolons_and_before_known_names() {
    for (text, canonical) in [
        ("delay=1s; status=503", "delay=1s; status=503"),
        ("~delay=1s;~last", "delay=1s; last"),
        (" delay = 1s ;; last ; ", "delay=1s; last"),
        ("delay=1s, status=503", "delay=1s; status=503"),
        ("delay=1s,~status = 503", "delay=1s; status=503"),
        ("status=200@9,503@1,delay=1s@9,2s", "delay=1s@9,2s; status=200@9,503"),
        ("text=a, b", "text=a%2C%20b"),
        ("text=a, last", "text=a%2C%20last"),
        ("text=a%2C delay=1s", "text=a%2C%20delay=1s"),
        ("text=a%3Bb%25%20", "text=a%3Bb%25%20"),
        ("text=100%", "text=100%25"),
        ("text=", "text="),
        ("header=A:=b, c", "header=A:=b%2C%20c"),
        ("delay=1s; delay=2s", "delay=2s"),
        ("delay=1s; delay=none", "delay=none"),
        ("header=b:1; header=none; header=B:2;header=a:3", "header=none; header=B:2; header=a:3"),
        ("with=none; delay=0.05", "delay=50ms; with=none"),
        ("delay=1s; cut=delay", "delay=1s"),
        (
            "seed=0aF; times=1..1; since=60s..; every=1m:1000ms",
            "times=1; since=60s..; every=60s:1s; seed=af",
        ),
        (
            "rate=65536; read=hang@0.5; slots=2:exp:1; key=a/b",
            "rate=64KiB; read=hang@0.5; slots=2:exp:1s; key=a%2Fb",
        ),
        ("fault=stall,reset:1.0@.5", "fault=stall:0.5,reset:1.0@0.5"),
        ("", ""),
        (" ; ", ""),
    ] {
        let modifiers = list(Carrier::Field, text);
        assert_eq!(modifiers.to_string(), canonical, "{text}");
        assert_eq!(list(Carrier::Field, canonical), modifiers, "{text}");
        assert_eq!(modifiers.is_empty(), canonical.is_empty());
    }
}

#[test]
fn a_path_and_a_query_have_one_modifier_each_and_are_decoded_once() {
    for (segment, canonical) in [
        ("~text=a;b, delay=1s", "text=a%3Bb%2C%20delay=1s"),
        ("%7Edelay%3D1s", "delay=1s"),
        ("text=a+b", "text=a%2Bb"),
        ("~text=%252F", "text=%252F"),
        ("~last", "last"),
    ] {
        let mut modifiers = Modifiers::new(Carrier::Path);
        modifiers.add_segment(segment.as_bytes()).unwrap();
        assert_eq!(modifiers.to_string(), canonical, "{segment}");
    }
    for (query, canonical) in [
        ("a=1&~text=a+b%2B&~last", "text=a%20b%2B; last"),
        ("~last=&~~delay=1s&%7Edelay=2s", "delay=2s; last"),
        ("~text=a;b&delay=1s", "text=a%3Bb"),
        ("~delay=1s&~delay=2s&x=~delay", "delay=2s"),
        ("", ""),
    ] {
        let mut modifiers = Modifiers::new(Carrier::Query);
        modifiers.add_query(query.as_bytes()).unwrap();
        assert_eq!(modifiers.to_string(), canonical, "{query}");
    }
}

#[test]
fn the_number_of_values_and_fields_is_bounded() {
    let many = |n: usize| Modifiers::parse(&vec!["header=a:b"; n].join(";"), Carrier::Field);
    assert!(many(MAX_MODIFIER_HEADERS).is_ok() && many(MAX_MODIFIER_HEADERS + 1).is_err());
    // All carriers together add no more than one may, or an answer's line could not be sent back.
    let one = list(Carrier::Query, "header=c:d");
    for (fields, accepted) in [(MAX_MODIFIER_HEADERS - 1, true), (MAX_MODIFIER_HEADERS, false)] {
        let checked = merge(&[&many(fields).unwrap(), &one]).check_values(&BOUNDS);
        assert_eq!(checked.map_err(|bad| bad.carrier), accepted.then_some(()).ok_or(one.carrier));
    }
    let values = |n: usize| {
        Modifiers::parse(&format!("status={}", vec!["200"; n].join(",")), Carrier::Field)
    };
    assert!(values(MAX_MODIFIER_CHOICES).is_ok() && values(MAX_MODIFIER_CHOICES + 1).is_err());
    for (name, most) in [
        ("header=a:", MAX_MODIFIER_HEADER_BYTES - 2),
        ("hint=", MAX_MODIFIER_HEADER_BYTES),
        ("key=", MAX_KEY_BYTES),
        ("text=", MAX_MODIFIER_TEXT_BYTES),
    ] {
        let long = |n: usize| Modifiers::parse(&format!("{name}{}", "x".repeat(n)), Carrier::Field);
        assert!(long(most).is_ok() && long(most + 1).is_err(), "{name}");
    }
}
