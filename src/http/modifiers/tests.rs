//! Tests of the grammar as a whole: every row in every carrier, precedence, and what is shown.

use super::row::Kind;
use super::*;

const BOUNDS: Bounds = Bounds { max_wait_us: 3_600_000_000, public: false };

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
    for (row, carrier) in ROWS.iter().flat_map(|row| Carrier::ALL.map(|carrier| (row, carrier))) {
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
