//! Modifiers as an operator gives them: for the server, and in the address of a listener.

use super::values::BadValue;
use crate::http::modifiers::fault::FAULTS;
use crate::http::modifiers::{
    BadModifier, Bounds, Carrier, Modifiers, Name, Protocol, ROWS, merge,
};

/// Parses the server's defaults: lists such as `delay=20ms; status=503@0.1`, one in each line.
pub(crate) fn server(text: &str) -> Result<Modifiers, BadValue> {
    let mut modifiers = Modifiers::new(Carrier::Server);
    text.lines().try_for_each(|list| modifiers.add_list(list.as_bytes())).map_err(bad)?;
    Ok(modifiers)
}

/// Parses the defaults of a listener, one in each token. On an echo, `echo` is its protocol, which
/// cannot do all of them.
pub(crate) fn listener(tokens: &[&str], echo: Option<Protocol>) -> Result<Modifiers, BadValue> {
    let mut modifiers = Modifiers::new(Carrier::Listener);
    let mut tokens = tokens.iter();
    tokens.try_for_each(|token| modifiers.add_segment(token.as_bytes())).map_err(bad)?;
    if let Some(protocol) = echo {
        let possible = merge(&[&modifiers]).check_possible(protocol);
        possible.map_err(|why| bad(why).advise(format!("it takes {}", all_of(protocol))))?;
    }
    Ok(modifiers)
}

/// Whether a segment of an address begins with the `~` of a modifier.
pub(crate) fn is_token(segment: &str) -> bool {
    ["~", "%7E", "%7e"].iter().any(|mark| segment.starts_with(mark))
}

/// The modifiers as tokens of an address.
pub(crate) fn tokens(modifiers: &Modifiers) -> Vec<String> {
    let list = modifiers.to_string();
    list.split("; ").filter(|one| !one.is_empty()).map(|one| format!("~{one}")).collect()
}

/// Checks defaults, in ascending order of precedence, as each request would.
pub(crate) fn check(layers: &[&Modifiers], bounds: &Bounds) -> Result<(), BadValue> {
    merge(layers).check_values(bounds).map_err(bad)
}

/// The error of a modifier, with its advice apart.
fn bad(bad: BadModifier) -> BadValue {
    let (wrong, advice) = match bad.reason.split_once("; ") {
        Some((wrong, advice)) => (wrong, advice),
        None if bad.reason.contains("--max-wait") => {
            (&*bad.reason, "shorten it, or raise --max-wait")
        }
        None => (&*bad.reason, "`loiter help modifiers` shows what it takes"),
    };
    BadValue::new(format!("modifier `{}`: {wrong}", bad.modifier)).advise(advice)
}

/// What an echo can do: `delay, fault=close|hang, …`.
fn all_of(echo: Protocol) -> String {
    let faults = FAULTS.iter().filter(|row| row.on.contains(&echo)).map(|row| row.kind.name());
    let faults = faults.collect::<Vec<_>>().join("|");
    let rows = ROWS.iter().filter(|row| row.on.contains(&echo));
    let names = rows.map(|row| match row.name {
        Name::Fault => format!("fault={faults}"),
        name => name.text().to_owned(),
    });
    names.filter(|name| !["with", "cut"].contains(&name.as_str())).collect::<Vec<_>>().join(", ")
}
