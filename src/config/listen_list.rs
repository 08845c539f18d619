//! Lists of listeners, separated by commas or line feeds.

use std::iter;

use super::defaults::is_token;
use super::listen::{Host, Listen};
use super::proxy;
use super::values::BadValue;
use crate::base::limits::MAX_LISTENERS;

/// Parses a list without duplicates: with SO_REUSEPORT the kernel would accept a duplicate and
/// distribute the connections over both.
pub(crate) fn listeners(text: &str) -> Result<Vec<Listen>, BadValue> {
    let mut all: Vec<Listen> = Vec::new();
    for part in text.split('\n').flat_map(parts) {
        let listen = part.parse::<Listen>().map_err(|bad| suggest_scheme(part, bad))?;
        if all.iter().any(|other| listen.bind.clashes(&other.bind)) {
            return Err(BadValue::new(format!("`{}` is listened on already", listen.bind))
                .advise("give each address once"));
        }
        if all.len() == MAX_LISTENERS {
            return Err(BadValue::new(format!("there are more than {MAX_LISTENERS} listeners"))
                .advise("start a second loiter for the others"));
        }
        all.push(listen);
    }
    Ok(all)
}

/// The listeners in a line. Values of modifiers have commas too: after a modifier, a comma begins
/// a listener only if [nothing else](is_distinct) can follow it.
fn parts(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(line);
    iter::from_fn(move || {
        let line = rest?;
        let begins_listener = |comma: &usize| {
            let (before, after) = line.split_at(*comma);
            !has_modifiers(before) || is_distinct(after[1..].trim_start())
        };
        let comma = line.match_indices(',').map(|(comma, _)| comma).find(begins_listener);
        rest = comma.map(|comma| &line[comma + 1..]);
        Some(line[..comma.unwrap_or(line.len())].trim())
    })
}

/// Whether a listener has modifiers; the path of a socket may contain `/~`.
fn has_modifiers(listener: &str) -> bool {
    let marks = if listener.trim_start().starts_with("unix:") { ['?', '&'] } else { ['/', '/'] };
    listener.split(marks).skip(1).any(is_token)
}

/// Whether this begins with a listener that cannot be an item of a modifier's list. `extra:5` can
/// be both, so a host name needs its scheme.
fn is_distinct(text: &str) -> bool {
    let in_scheme = |byte: u8| byte.is_ascii_lowercase() || b"+-".contains(&byte);
    let scheme = text.split_once("://").map_or("", |(scheme, _)| scheme);
    let has_scheme = !scheme.is_empty() && scheme.bytes().all(in_scheme);
    let host = text.split([',', '/']).next().unwrap_or_default().trim_end();
    let is_address = |host: Host| matches!(host, Host::Address(_)) || host.is_localhost();
    has_scheme
        || text.starts_with("unix:")
        || Host::parse(proxy::split(host).0).is_ok_and(is_address)
}

/// The error of a listener, if its modifier has a value such as `web:80`, with advice for that.
fn suggest_scheme(part: &str, bad: BadValue) -> BadValue {
    let is_wrong = |item: &&str| {
        let name = item.split(':').next().unwrap_or_default();
        Host::parse(item).is_ok() && bad.wrong.contains(&format!(": `{name}"))
    };
    let mut items = part.split(',').skip(1).filter_map(|item| item.split('/').next());
    match items.find(is_wrong) {
        Some(item) => bad.advise(format!("write http://{item} if a listener begins there")),
        None => bad,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::modifiers::Name;
    use crate::http::modifiers::rows::for_requests;

    /// The listeners as they are shown, or what is wrong.
    fn shown(text: &str) -> String {
        match listeners(text) {
            Ok(all) => all.iter().map(Listen::to_string).collect::<Vec<_>>().join(" "),
            Err(bad) => bad.to_string(),
        }
    }

    #[test]
    fn an_address_is_given_once() {
        for (text, fine) in [
            (":80,:81,unix:a,unix:b", true),
            ("tcp-echo://:7,udp-echo://:7", true),
            (":0,:0,udp-echo://:0,udp-echo://:0", true),
            (":80,127.0.0.1:80", true),
            ("http://:80,https://:81,http+https://:82", true),
            ("http://:80,https://:80", false),
            ("localhost:80,web:80,web:81,udp-echo://web:80", true),
            ("localhost:0,localhost:0,web:0,web:0", true),
            ("localhost:80,127.0.0.1:80", false),
            ("tcp-echo://[::1]:80,localhost:80", false),
            ("localhost:80,a.localhost:80", false),
            ("web:80,WEB.:80", false),
            ("unix:a,unix:a?mode=0600", false),
            (":80,:80", false),
            (":80,tcp-echo://:80", false),
            ("udp-echo://:7,udp-echo://:7", false),
            ("unix:a,unix:a", false),
            ("fd:a,fd:b,fd:*,udp-echo://fd:a", true),
            ("fd:a,tcp-echo://fd:a", false),
            (":80,", false),
        ] {
            assert_eq!(listeners(text).is_ok(), fine, "{text}");
        }
    }

    #[test]
    fn a_comma_in_a_modifier_begins_a_listener_only_if_that_is_distinct() {
        let first = "http+https://[::]:81/~delay=1ms@90,2s@10";
        for (after, second) in [
            (",:82", "http+https://[::]:82"),
            (", *:82", "http+https://[::]:82"),
            (",127.0.0.1:82", "http+https://127.0.0.1:82"),
            (",[::1]:82/", "http+https://[::1]:82"),
            (",localhost:82", "http+https://localhost:82"),
            (",http+https://web:82", "http+https://web:82"),
            (",https://web:82", "https://web:82"),
            (",http://web:82", "http://web:82"),
            ("/ ,tcp-echo://web:82/~delay=1s,2s", "tcp-echo://web:82/~delay=1s,2s"),
            (",udp-echo://:82,unix:s", "udp-echo://[::]:82 unix:s"),
            (
                ",unix:s?~delay=1s,2s&mode=0600,:83",
                "unix:s?mode=0600&~delay=1s,2s http+https://[::]:83",
            ),
            ("\nweb:82", "http+https://web:82"),
            (",:82?proxy=required/~last", "http+https://[::]:82?proxy=required/~last"),
            (",localhost:82?proxy=optional", "http+https://localhost:82?proxy=optional"),
        ] {
            let text = format!(":81/~delay=1ms@90,2s@10{after}");
            assert_eq!(shown(&text), format!("{first} {second}"), "{text}");
            assert_eq!(shown(&shown(&text).replace(' ', ",")), shown(&text), "{text}");
        }
        for (text, read) in [
            (":81/~fault=none@9,extra:5", "http+https://[::]:81/~fault=none@9,extra:5"),
            (":81/~status=200:9,503:1", "http+https://[::]:81/~status=200@9,503"),
            (":81/~text=a%2C:82", "http+https://[::]:81/~text=a%2C:82"),
            (":81/~text=a,b:82", "http+https://[::]:81/~text=a%2Cb:82"),
            (":81/%7Edelay=1s,2s", "http+https://[::]:81/~delay=1s,2s"),
            (":80,web:81/~last,web:82", "modifier `last,web:82`: "),
            ("unix:/~a/s,web:82", "unix:/~a/s http+https://web:82"),
            ("unix:s?mode=0600,web:82/~last", "unix:s?mode=0600 http+https://web:82/~last"),
        ] {
            assert!(shown(text).starts_with(read), "{text}: {}", shown(text));
        }
    }

    #[test]
    fn every_modifier_stays_apart_from_the_next_listener() {
        for row in for_requests().filter(|row| row.name != Name::Cut) {
            for value in row.good() {
                let token = format!("~{}={}", row.name.text(), value.replace('/', "%2F"));
                let text = match row.is_for_requests() {
                    true => format!(":1/{token},unix:s?{token}&mode=0600,:2/{token}/"),
                    false => format!(":1/{token},https://:3/{token},:2/{token}/"),
                };
                let all = listeners(&text).expect(&text);
                assert_eq!(all.len(), 3, "{text}");
                let modifiers: Vec<_> = all.iter().map(|listen| &listen.modifiers).collect();
                assert_eq!([modifiers[0]; 3], modifiers[..], "{text}");
                let again = shown(&text).replace(' ', ",");
                assert_eq!(listeners(&again).as_ref(), Ok(&all), "{again}");
            }
        }
    }

    #[test]
    fn a_host_name_after_a_modifier_needs_its_scheme() {
        for (text, said) in [
            (":81/~delay=1s,web:82", "; write http://web:82 if a listener begins there"),
            (":81/~fault=reset,web:82/", "; write http://web:82 if a listener begins there"),
            (":81/~fault=extra:5,rest", "`rest` is not a fault; did you mean reset?"),
            (":81/~delay=1s,", "``"),
            (":81/~delay=1s,ftp://web:82", "`ftp://` is not supported; write http://"),
        ] {
            assert!(shown(text).contains(said), "{text}: {}", shown(text));
        }
    }

    /// Lists of listeners with modifiers, most of them valid.
    fn lists() -> impl proptest::strategy::Strategy<Value = String> {
        let one = "((http(s|[+]https|)://|)(web|):0([?]proxy=(required|optional|off)|)\
                   (/~delay=1s(,2s@9|)|/%7Elast|/~text=[,:;&?%2C ]{0,4}|\
                   /~header=a:[,;b ]{0,2}|/){0,3}|unix:[a-z]{3}[?](~last|mode=0600|proxy=required|\
                   ~text=[,:/;? ]{0,4})(&~delay=1s(,2s|)){0,1})";
        let list = format!("{one}([,\n]{one}){{0,2}}");
        proptest::string::string_regex(&list).expect("an expression")
    }

    proptest::proptest! {
        #[test]
        fn what_is_shown_reads_back(text in lists()) {
            if let Ok(all) = listeners(&text) {
                let shown = all.iter().map(Listen::to_string).collect::<Vec<_>>();
                proptest::prop_assert_eq!(&listeners(&shown.join(",")), &Ok(all.clone()));
                proptest::prop_assert_eq!(listeners(&shown.join("\n")), Ok(all));
            }
        }
    }
}
