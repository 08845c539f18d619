//! The modifiers that a path begins with, after the prefix: `/~delay=1s/delay/5/get`.
//!
//! A segment that begins with `~` is a modifier. `/delay/D` is one if anything but slashes follows;
//! otherwise it is the endpoint. Segments end at a `/` of the path as it was sent, so a `/` in a
//! value is sent as `%2F`.

use crate::http::app::App;
use crate::http::request::{Request, Target};
use crate::http::uri::percent::{percent_decode, printable, strip_tilde};

/// The modifiers of a path, of which the default has none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PathModifiers<'a> {
    /// All of them as they were sent: empty, or a part of the path that starts with `/`. If several
    /// slashes follow, it contains all but the last, with which the endpoint's path starts.
    pub raw: &'a [u8],
    /// Its length in bytes in [`Target::path`], where it follows the prefix.
    pub bytes: usize,
}

/// One modifier, as it was sent.
enum Modifier<'a> {
    /// A segment without its `~`.
    Token(&'a [u8]),
    /// The D of `/delay/D`.
    Delay(&'a [u8]),
}

impl<'a> PathModifiers<'a> {
    /// The modifiers of a target; none if they are off.
    pub fn of(app: &App, target: &Target<'a>) -> PathModifiers<'a> {
        let path = app.modifiers.then(|| strip_prefix(target.raw_path, app.prefix.as_bytes()));
        let Some(path) = path.flatten() else { return PathModifiers::default() };
        let mut rest = path;
        while let Some(next) = strip_modifier(rest) {
            rest = next;
        }
        let raw = path.get(..path.len() - rest.len()).unwrap_or_default();
        PathModifiers { raw, bytes: percent_decode(raw).len() }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }

    /// The segments that begin with `~`, without it, in order. They are not decoded, so a client
    /// may have escaped their `=` as well.
    pub fn tokens(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.all().filter_map(|modifier| match modifier {
            Modifier::Token(token) => Some(token),
            Modifier::Delay(_) => None,
        })
    }

    /// The D of each `/delay/D`, in order, not decoded.
    pub fn delays(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.all().filter_map(|modifier| match modifier {
            Modifier::Token(_) => None,
            Modifier::Delay(delay) => Some(delay),
        })
    }

    fn all(&self) -> impl Iterator<Item = Modifier<'a>> + use<'a> {
        let slash = |&byte: &u8| byte == b'/';
        let mut segments = self.raw.split(slash).filter(|segment| !segment.is_empty());
        std::iter::from_fn(move || {
            let segment = segments.next()?;
            match strip_tilde(segment) {
                Some(token) => Some(Modifier::Token(token)),
                None => segments.next().map(Modifier::Delay),
            }
        })
    }
}

impl App {
    /// One of our own paths as the client of this request must request it next: with the prefix,
    /// and with the modifiers of the request's own path.
    pub fn local_for(&self, request: &Request, path: &str) -> String {
        let modifiers = PathModifiers::of(self, &request.target);
        [&self.prefix, printable(modifiers.raw).trim_end_matches('/'), path].concat()
    }
}

/// The path after a prefix that the client may have escaped.
fn strip_prefix<'a>(path: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    if prefix.is_empty() {
        return Some(path);
    }
    path.strip_prefix(prefix).or_else(|| {
        let segments = prefix.iter().filter(|&&byte| byte == b'/').count();
        let mut slashes = memchr::memchr_iter(b'/', path).chain([path.len()]);
        let (start, rest) = path.split_at_checked(slashes.nth(segments)?)?;
        (*percent_decode(start) == *prefix).then_some(rest)
    })
}

/// The path after the modifier that it begins with: empty, or with one slash at its start, as at
/// the start of every path.
fn strip_modifier(path: &[u8]) -> Option<&[u8]> {
    let (name, rest) = segment(path)?;
    if strip_tilde(name).is_some() {
        return Some(one_slash(rest));
    }
    let is_delay = name == b"delay" || *percent_decode(name) == *b"delay";
    let (delay, rest) = segment(rest).filter(|_| is_delay)?;
    let rest = one_slash(rest);
    (!delay.is_empty() && rest.len() > 1).then_some(rest)
}

/// The first segment of a path, and the path after it.
fn segment(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let path = path.strip_prefix(b"/")?;
    path.split_at_checked(memchr::memchr(b'/', path).unwrap_or(path.len()))
}

/// The path without all but one of the slashes at its start.
fn one_slash(path: &[u8]) -> &[u8] {
    let slashes = path.iter().take_while(|&&byte| byte == b'/').count();
    path.get(slashes.saturating_sub(1)..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::tests::ask;

    fn app(prefix: &str) -> App {
        App { prefix: prefix.to_owned(), ..App::default() }
    }

    /// The modifiers as `tokens | delays`, and the decoded path after them.
    fn parts(app: &App, raw: &str) -> (String, String) {
        let target = Target::parse(raw.as_bytes()).unwrap().0;
        let modifiers = PathModifiers::of(app, &target);
        let rest = &target.path[app.prefix.len() + modifiers.bytes..];
        let text = |bytes: Vec<&[u8]>| String::from_utf8(bytes.join(&b' ')).unwrap();
        let all = [text(modifiers.tokens().collect()), text(modifiers.delays().collect())];
        (all.join("|"), String::from_utf8(rest.to_vec()).unwrap())
    }

    #[test]
    fn segments_before_the_endpoint_are_modifiers() {
        for (raw, all, rest) in [
            ("/get", "|", "/get"),
            ("/~delay=1s/get", "delay=1s|", "/get"),
            ("/~delay=1s/~last/anything/~x", "delay=1s last|", "/anything/~x"),
            ("/%7Edelay=1s/%7elast", "delay=1s last|", ""),
            ("/~delay=1s", "delay=1s|", ""),
            ("/~delay=1s/", "delay=1s|", "/"),
            ("/~/get", "|", "/get"),
            ("/~~x/get", "~x|", "/get"),
            ("/~header=Link:a%2Fb%20c/get", "header=Link:a%2Fb%20c|", "/get"),
            ("/%2F~x/get", "|", "/~x/get"),
            ("/a/~x", "|", "/a/~x"),
            ("/%257Ex/get", "|", "/%7Ex/get"),
        ] {
            assert_eq!(parts(&app(""), raw), (all.to_owned(), rest.to_owned()), "{raw}");
        }
    }

    #[test]
    fn a_delay_before_a_path_is_a_modifier() {
        for (raw, all, rest) in [
            ("/delay/5/status/404", "|5", "/status/404"),
            ("/delay/1/delay/2/get", "|1 2", "/get"),
            ("/delay/1/delay/2", "|1", "/delay/2"),
            ("/delay/1/delay/2/", "|1", "/delay/2/"),
            ("/~last/delay/1%2e5/~x=1/delay/2/get", "last x=1|1%2e5 2", "/get"),
            ("/%64elay/1/get", "|1", "/get"),
            ("/delay/1/~x", "x|1", ""),
            ("/~x/delay/1", "x|", "/delay/1"),
            ("/delay/1", "|", "/delay/1"),
            ("/delay/1/", "|", "/delay/1/"),
            ("/delay/1//", "|", "/delay/1//"),
            ("/delay//get", "|", "/delay//get"),
            ("/delay/", "|", "/delay/"),
            ("/delay", "|", "/delay"),
            ("/delays/1/get", "|", "/delays/1/get"),
            ("/delay%2F1/get", "|", "/delay/1/get"),
        ] {
            assert_eq!(parts(&app(""), raw), (all.to_owned(), rest.to_owned()), "{raw}");
        }
    }

    #[test]
    fn slashes_after_a_modifier_count_as_one() {
        for (raw, all, rest) in [
            ("//~x//get", "x|", "/get"),
            ("/~x///~y//", "x y|", "/"),
            ("/delay/1//get", "|1", "/get"),
            ("/~x/anything//b", "x|", "/anything//b"),
        ] {
            assert_eq!(parts(&app(""), raw), (all.to_owned(), rest.to_owned()), "{raw}");
        }
    }

    #[test]
    fn modifiers_follow_the_prefix() {
        for (raw, all, rest) in [
            ("/a/b/~x/get", "x|", "/get"),
            ("/%61/b/delay/1/get", "|1", "/get"),
            ("/a/b/~x", "x|", ""),
            ("/a/b", "|", ""),
            ("/a/b//~x/get", "|", "//~x/get"),
        ] {
            assert_eq!(parts(&app("/a/b"), raw), (all.to_owned(), rest.to_owned()), "{raw}");
        }
        for raw in ["/~x/a/b/get", "/a/~x", "/c/b/~x", "/a/bc/~x", "*", "/a%2Fb/~x/get"] {
            let target = Target::parse(raw.as_bytes()).unwrap().0;
            assert!(PathModifiers::of(&app("/a/b"), &target).is_empty(), "{raw}");
        }
    }

    #[test]
    fn a_target_without_a_path_or_with_modifiers_off_has_none() {
        let off = App { modifiers: false, ..App::default() };
        let of = |app: &App, target| PathModifiers::of(app, &target);
        assert!(of(&off, Target::parse(b"/~x/get").unwrap().0).is_empty());
        assert!(of(&App::default(), Target::whole(b"~x:443")).is_empty());
        assert_eq!(of(&App::default(), Target::parse(b"http://h/~x/get").unwrap().0).raw, b"/~x");
    }

    #[test]
    fn our_own_paths_keep_the_modifiers() {
        for (raw, local) in [
            ("/a/get", "/a/b"),
            ("/a/~x=%2F%7E/delay/2/get?~y", "/a/~x=%2F%7E/delay/2/b"),
            ("/a/%7Ex=é\"//get", "/a/%7Ex=%C3%A9\"/b"),
            ("/a/~x", "/a/~x/b"),
            ("/%61/~x/", "/a/~x/b"),
        ] {
            ask(raw, &[], b"", |request| {
                assert_eq!(app("/a").local_for(request, "/b"), local, "{raw}");
            });
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_left_is_no_modifier(raw in "(/|~|%7E|%2F|delay|1|get){0,12}") {
            let raw = format!("/{raw}");
            let target = Target::parse(raw.as_bytes()).unwrap().0;
            let modifiers = PathModifiers::of(&App::default(), &target);
            let rest = &target.path[modifiers.bytes..];
            proptest::prop_assert!(rest.is_empty() || rest[0] == b'/');
            let count = modifiers.tokens().count() + modifiers.delays().count();
            proptest::prop_assert_eq!(count == 0, modifiers.is_empty());
        }
    }
}
