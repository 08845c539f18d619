//! The house rules, read off the sources: layers, lengths, and what may stand where.
//!
//! Each rule is a function from a source file to its breaches; `every_rule_can_fail` feeds each a
//! line that breaks it and one that does not. The rules count on rustfmt's layout: an item ends
//! with the first `}` that stands as far to the left as its first line.

use std::fs;
use std::ops::Range;
use std::path::Path;

type Rule = fn(&Source) -> Vec<String>;

/// The rules for `src/`.
const RULES: &[(&str, Rule)] = &[
    ("layers", layers),
    ("layer_roots", layer_roots),
    ("file_length", file_length),
    ("function_length", function_length),
    ("line_length", line_length),
    ("no_panic", no_panic),
    ("no_unsafe", no_unsafe),
    ("shell_only", shell_only),
    ("plain_core", plain_core),
    ("file_header", file_header),
    ("nothing_ignored", nothing_ignored),
    ("nothing_left_over", nothing_left_over),
    ("no_sleep", no_sleep),
];

/// Those of them that hold for `tests/` too.
const TEST_RULES: &[(&str, Rule)] = &[
    ("file_header", file_header),
    ("nothing_ignored", nothing_ignored),
    ("nothing_left_over", nothing_left_over),
    ("no_sleep", no_sleep),
];

/// The layers, from the bottom up.
const LAYERS: [&str; 6] = ["base", "http", "endpoint", "proto", "config", "server"];
/// Most lines of a file, its tests left out.
const FILE_LINES: usize = 450;
/// Most lines of a function, from its signature to its brace.
const FUNCTION_LINES: usize = 70;
/// Most lines of a function at the heart.
const HEART_LINES: usize = 30;
/// Most characters of a line.
const LINE_CHARS: usize = 100;

/// The functions at the heart: where they stand (a type or a file) and their names.
const HEART: [(&str, &str); 5] = [
    ("Worker", "run"),
    ("Session", "turn"),
    ("", "advance"),
    ("Exchange", "play"),
    ("src/endpoint/mod.rs", "answer"),
];

/// What belongs to the shell: clocks, sockets, threads and the environment.
const SHELL_WORDS: &[&str] = &[
    "Instant",
    "SystemTime",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "UnixStream",
    "UnixListener",
    "UnixDatagram",
    "mio",
    "thread",
    "std::env",
    "env::var",
    "env::args",
];

#[test]
fn the_sources_keep_the_house_rules() {
    let breaches = [("src", RULES), ("tests", TEST_RULES)]
        .into_iter()
        .flat_map(|(folder, rules)| sources(folder).into_iter().map(move |file| (file, rules)))
        .flat_map(|(file, rules)| {
            rules.iter().flat_map(|(_, rule)| rule(&file)).collect::<Vec<_>>()
        })
        .collect::<Vec<String>>();
    assert!(breaches.is_empty(), "{} breaches:\n{}", breaches.len(), breaches.join("\n"));
}

#[test]
fn every_heart_function_is_found() {
    let files = sources("src");
    for heart in HEART {
        let found = files.iter().any(|file| file.functions().iter().any(|f| f.is(file, heart)));
        assert!(found, "{heart:?} has moved: the rule for it must move with it");
    }
}

// --- the rules ------------------------------------------------------------------------------

/// Arrows point down: a layer names only itself and those below it.
fn layers(file: &Source) -> Vec<String> {
    let Some(own) = file.rank() else { return Vec::new() };
    let upward = |line: &str| {
        let named = line.split("crate::").skip(1);
        named.filter_map(|rest| rank(ident(rest))).any(|other| other > own)
    };
    file.code_breaches(upward, |_| format!("{} must not look up", LAYERS[own]))
}

/// No way round the rule above: through the root's `{…}`, or through its `super`.
fn layer_roots(file: &Source) -> Vec<String> {
    let depth = file.depth();
    let root = |line: &str| {
        line.contains("crate::{") || (depth > 0 && line.contains(&"super::".repeat(depth)))
    };
    file.code_breaches(root, |_| "name a layer as crate::layer, one in a use".into())
}

fn file_length(file: &Source) -> Vec<String> {
    let lines = file.tested.iter().filter(|tested| !**tested).count();
    let long = lines > FILE_LINES;
    let breach = || file.breach(1, format!("{lines} lines without tests, {FILE_LINES} at most"));
    long.then(breach).into_iter().collect()
}

fn function_length(file: &Source) -> Vec<String> {
    let long = file.functions().into_iter().filter_map(|function| {
        let heart = HEART.iter().any(|heart| function.is(file, *heart));
        let most = if heart { HEART_LINES } else { FUNCTION_LINES };
        let (name, lines) = (&function.name, function.lines.len());
        let breach = format!("fn {name} has {lines} lines, {most} at most");
        (lines > most).then(|| file.breach(function.lines.start + 1, breach))
    });
    long.collect()
}

/// Tables that rustfmt is told to skip may be wider.
fn line_length(file: &Source) -> Vec<String> {
    let skipped = file.marked("#[rustfmt::skip]");
    let lines = file.raw.iter().enumerate().filter(|(at, _)| !skipped[*at]);
    let long = lines.filter(|(_, line)| line.chars().count() > LINE_CHARS);
    long.map(|(at, _)| file.breach(at + 1, format!("more than {LINE_CHARS} characters"))).collect()
}

/// What a client sends must not be able to end a worker.
fn no_panic(file: &Source) -> Vec<String> {
    const PANICS: [&str; 6] =
        [".unwrap()", ".expect(", "panic!", "todo!", "unimplemented!", "unreachable!"];
    if !file.within(&["http", "endpoint", "proto"]) {
        return Vec::new();
    }
    let panics = |line: &str| PANICS.iter().any(|panic| line.contains(panic));
    file.code_breaches(panics, |_| "it could panic on what a client sends".into())
}

fn no_unsafe(file: &Source) -> Vec<String> {
    if file.path == "src/server/os.rs" || file.path.starts_with("src/server/os/") {
        return Vec::new();
    }
    let everywhere = file.code.iter().enumerate().filter(|(_, line)| has_word(line, "unsafe"));
    everywhere.map(|(at, _)| file.breach(at + 1, "unsafe belongs in server/os.rs")).collect()
}

/// Below the shell there is no clock, socket, thread or environment.
fn shell_only(file: &Source) -> Vec<String> {
    if file.within(&["server"]) || file.path == "src/main.rs" {
        return Vec::new();
    }
    let found = |line: &str| SHELL_WORDS.iter().find(|word| has_word(line, word)).copied();
    file.code_breaches(
        |line| found(line).is_some(),
        |line| format!("{} belongs in server/", found(line).unwrap_or_default()),
    )
}

/// Data is owned in one place and called by its name.
fn plain_core(file: &Source) -> Vec<String> {
    const WORDS: [&str; 4] = ["Rc", "RefCell", "Box<dyn", "Weak"];
    if !file.within(&["base", "http", "endpoint", "proto"]) {
        return Vec::new();
    }
    let shared = |line: &str| WORDS.iter().any(|word| has_word(line, word));
    file.code_breaches(shared, |_| "no shared or nameless owners in the core".into())
}

fn file_header(file: &Source) -> Vec<String> {
    let opens = file.raw.first().is_some_and(|line| line.starts_with("//! "));
    let breach = || file.breach(1, "a file opens with //! and what it is for");
    (!opens).then(breach).into_iter().collect()
}

fn nothing_ignored(file: &Source) -> Vec<String> {
    let ignored = file.code.iter().enumerate().filter(|(_, line)| line.contains("#[ignore"));
    ignored.map(|(at, _)| file.breach(at + 1, "a test runs, or it goes")).collect()
}

fn nothing_left_over(file: &Source) -> Vec<String> {
    // Joined here, so that this file does not break its own rule.
    let words = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["X", "XX"].concat()];
    let left = |line: &str| words.iter().any(|word| has_word(line, word));
    let lines = file.raw.iter().enumerate().filter(|(_, line)| left(line));
    lines.map(|(at, _)| file.breach(at + 1, "do it, or write an issue")).collect()
}

/// A test waits for what it wants to see, with a deadline.
fn no_sleep(file: &Source) -> Vec<String> {
    let sleeps = |line: &str| line.contains("thread::sleep") || has_word(line, "sleep_ms");
    let lines = file.code.iter().enumerate().filter(|(_, line)| sleeps(line));
    lines.map(|(at, _)| file.breach(at + 1, "wait for a condition, not for the clock")).collect()
}

// --- a source file --------------------------------------------------------------------------

/// A file, with what is in its strings and comments blanked out beside it.
struct Source {
    path: String,
    raw: Vec<String>,
    code: Vec<String>,
    /// Which lines belong to `#[cfg(test)]` items.
    tested: Vec<bool>,
}

/// A function: its name, the `impl` line over it if any, and its lines, counted from 0.
struct Function {
    name: String,
    owner: String,
    lines: Range<usize>,
}

impl Function {
    fn is(&self, file: &Source, (place, name): (&str, &str)) -> bool {
        let there = place.is_empty() || has_word(&self.owner, place) || file.path == place;
        self.name == name && there
    }
}

impl Source {
    fn new(path: &str, text: &str) -> Source {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<String>>();
        let mut source = Source {
            path: path.into(),
            raw: lines(text),
            code: lines(&blank(text)),
            tested: Vec::new(),
        };
        source.tested = match path.ends_with("/tests.rs") {
            true => vec![true; source.code.len()],
            false => source.marked("#[cfg(test)]"),
        };
        source
    }

    /// The layer's number; `None` for the files that stand above all layers.
    fn rank(&self) -> Option<usize> {
        rank(self.path.strip_prefix("src/")?.split('/').next()?)
    }

    /// How many `super` lead from this file's module to the root.
    fn depth(&self) -> usize {
        let names = self.path.split('/').skip(1);
        names.filter(|name| !["mod.rs", "lib.rs", "main.rs"].contains(name)).count()
    }

    fn within(&self, layers: &[&str]) -> bool {
        self.rank().is_some_and(|own| layers.contains(&LAYERS[own]))
    }

    fn breach(&self, line: usize, what: impl AsRef<str>) -> String {
        format!("{}:{line}: {}", self.path, what.as_ref())
    }

    /// The breaches in what is not a test.
    fn code_breaches(
        &self,
        is_breach: impl Fn(&str) -> bool,
        what: impl Fn(&str) -> String,
    ) -> Vec<String> {
        let lines = self.code.iter().enumerate().filter(|(at, _)| !self.tested[*at]);
        let breaches = lines.filter(|(_, line)| is_breach(line));
        breaches.map(|(at, line)| self.breach(at + 1, what(line))).collect()
    }

    /// Which lines belong to items with this attribute.
    fn marked(&self, attribute: &str) -> Vec<bool> {
        let mut marked = vec![false; self.code.len()];
        let starts = (0..self.code.len()).filter(|at| self.code[*at].trim() == attribute);
        for start in starts {
            let end = self.item_end(start);
            marked[start..end].fill(true);
        }
        marked
    }

    /// The line after the item that starts here, its attributes included.
    fn item_end(&self, start: usize) -> usize {
        let is_attribute = |line: &String| line.trim().starts_with("#[");
        let attributes = self.code[start..].iter().take_while(|line| is_attribute(line)).count();
        let item = start + attributes;
        let Some(first) = self.code.get(item) else { return self.code.len() };
        let indent = &first[..first.len() - first.trim_start().len()];
        let is_whole = |line: &str| line.ends_with(';') || line.ends_with('}');
        if is_whole(first.trim_end()) {
            return item + 1;
        }
        let closes = |line: &String| {
            let rest = line.strip_prefix(indent).unwrap_or_default();
            rest.starts_with(['}', ']', ')']) && is_whole(line.trim_end())
        };
        let length = self.code[item..].iter().position(closes);
        length.map_or(self.code.len(), |length| item + length + 1)
    }

    /// The functions outside tests.
    fn functions(&self) -> Vec<Function> {
        let mut owner = "";
        let mut functions = Vec::new();
        for (at, line) in self.code.iter().enumerate().filter(|(at, _)| !self.tested[*at]) {
            if line.starts_with("impl") {
                owner = line;
            } else if line.starts_with('}') {
                owner = "";
            }
            if let Some(name) = function_name(line) {
                let lines = at..self.item_end(at);
                functions.push(Function { name: name.into(), owner: owner.into(), lines });
            }
        }
        functions
    }
}

fn rank(layer: &str) -> Option<usize> {
    LAYERS.iter().position(|name| *name == layer)
}

/// The identifier at the start of `text`.
fn ident(text: &str) -> &str {
    let end = text.find(|c: char| !is_word_char(c)).unwrap_or(text.len());
    &text[..end]
}

/// The name of the function whose signature starts on this line.
fn function_name(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("fn ")?;
    let mut words = before.split_whitespace();
    let known = |word: &str| {
        ["const", "async", "unsafe", "extern"].contains(&word) || word.starts_with("pub")
    };
    let name = ident(after);
    (words.all(known) && !name.is_empty()).then_some(name)
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether `word` stands in `line`, and not as a part of a longer word.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(is_word_char) && !after.is_some_and(is_word_char)
    })
}

/// Every Rust file in the folder, in order.
fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    collect(&root.join(folder), &mut paths);
    paths.sort();
    assert!(!paths.is_empty(), "{folder} holds no sources");
    let read = |path: &String| {
        let text = fs::read_to_string(path).expect("a source file can be read");
        let name = Path::new(path).strip_prefix(root).expect("it is below the root");
        Source::new(&name.display().to_string(), &text)
    };
    paths.iter().map(read).collect()
}

fn collect(folder: &Path, paths: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a source folder can be read") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path.display().to_string());
        }
    }
}

// --- reading Rust, as far as it is needed ---------------------------------------------------

/// The text with comments and the insides of literals turned into blanks, line for line.
fn blank(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = opaque_length(rest, out.chars().next_back());
        if length == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            let (opaque, after) = rest.split_at(length);
            out.extend(opaque.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = after;
        }
    }
    out
}

/// The length of the comment or literal that starts here; 0 when none does.
fn opaque_length(rest: &str, before: Option<char>) -> usize {
    let in_word = before.is_some_and(is_word_char);
    let hashes = rest[1.min(rest.len())..].bytes().take_while(|byte| *byte == b'#').count();
    match rest.as_bytes() {
        [b'/', b'/', ..] => rest.find('\n').unwrap_or(rest.len()),
        [b'/', b'*', ..] => comment_length(rest),
        [b'"', ..] => quoted_length(rest, '"'),
        [b'r', ..] if rest[1 + hashes..].starts_with('"') && (!in_word || before == Some('b')) => {
            let close = format!("\"{}", "#".repeat(hashes));
            let open = hashes + 2;
            rest[open..].find(&close).map_or(rest.len(), |at| open + at + close.len())
        }
        [b'\'', b'\\', ..] => quoted_length(rest, '\''),
        [b'\'', ..] => {
            // A quote two characters on makes it a literal; otherwise it is a lifetime.
            let mut chars = rest.char_indices().skip(2);
            chars.next().filter(|(_, c)| *c == '\'').map_or(0, |(at, _)| at + 1)
        }
        _ => 0,
    }
}

fn quoted_length(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn comment_length(rest: &str) -> usize {
    let mut depth = 0usize;
    let mut at = 0;
    while at < rest.len() {
        let (step, change) = match &rest.as_bytes()[at..] {
            [b'/', b'*', ..] => (2, 1),
            [b'*', b'/', ..] => (2, -1),
            _ => (1, 0),
        };
        at += step;
        depth = depth.saturating_add_signed(change);
        if depth == 0 {
            break;
        }
    }
    at
}

// --- the rules' own tests -------------------------------------------------------------------

/// A function of this many lines.
fn long_function(signature: &str, lines: usize) -> String {
    format!("//! x\nimpl<N: Net> Worker<N> {{\n    {signature} {{\n{}    }}\n}}\n", {
        "        step();\n".repeat(lines - 2)
    })
}

/// A rule, a path, a text that breaks it and one that does not.
fn examples() -> Vec<(&'static str, &'static str, String, String)> {
    let own = |rows: &[(&'static str, &'static str, &str, &str)]| {
        let row = |r: &(&'static str, &'static str, &str, &str)| (r.0, r.1, r.2.into(), r.3.into());
        rows.iter().map(row).collect::<Vec<_>>()
    };
    let mut all = own(&[
        ("layers", "src/http/a.rs", "use crate::proto::Cx;", "use crate::base::time::Time;"),
        ("layers", "src/base/a.rs", "fn f(a: crate::http::A) {}", "// crate::http is above"),
        ("layers", "src/proto/h/a.rs", "use crate::server::S;", "use crate::endpoint::answer;"),
        ("layer_roots", "src/http/a.rs", "use crate::{base, proto};", "use crate::http::a::{B};"),
        ("layer_roots", "src/http/a.rs", "use super::super::proto;", "use super::json;"),
        ("layer_roots", "src/http/mod.rs", "use super::proto;", "use crate::base::time;"),
        ("no_panic", "src/http/a.rs", "a.unwrap();", "a.unwrap_or(1); // not .unwrap()"),
        ("no_panic", "src/proto/a.rs", "a.expect(x);", "#[cfg(test)]\nmod t {\n    panic!();\n}"),
        ("no_panic", "src/endpoint/a.rs", "todo!()", "\"todo!()\""),
        ("no_panic", "src/endpoint/a.rs", "unreachable!()", "assert!(a)"),
        ("no_unsafe", "src/server/net.rs", "unsafe { f() }", "#![deny(unsafe_code)]"),
        ("shell_only", "src/proto/a.rs", "use std::time::Instant;", "use std::time::Duration;"),
        ("shell_only", "src/base/a.rs", "t: SystemTime", "// SystemTime"),
        ("shell_only", "src/config/a.rs", "std::env::var(x)", "env!(\"CARGO_PKG_VERSION\")"),
        ("shell_only", "src/http/a.rs", "use std::net::TcpStream;", "use std::net::IpAddr;"),
        ("shell_only", "src/proto/a.rs", "use mio::Token;", "let mio_like = 1;"),
        ("shell_only", "src/base/a.rs", "std::thread::spawn(f)", "let threads = 1;"),
        ("plain_core", "src/base/a.rs", "a: Rc<A>", "a: Arc<A>"),
        ("plain_core", "src/http/a.rs", "a: RefCell<A>", "a: Cell<A>"),
        ("plain_core", "src/proto/a.rs", "a: Box<dyn A>", "a: Box<A>"),
        ("file_header", "src/a.rs", "use std::fmt;", "//! What it is for."),
        ("nothing_ignored", "tests/a.rs", "#[ignore = \"slow\"]", "#[test]"),
        ("no_sleep", "tests/a.rs", "std::thread::sleep(d);", "thread::yield_now();"),
    ]);
    let tested = format!("{}\n#[cfg(test)]\nmod tests {{\n{}}}\n", "x\n".repeat(449), {
        "    y\n".repeat(99)
    });
    let wide = "x".repeat(101);
    let skipped = format!("#[rustfmt::skip]\nconst A: [u8; 1] = [\n    {wide}\n];\n");
    let fine = |lines| long_function("pub fn run(&mut self)", lines);
    let plain = |lines| long_function("pub(super) const fn other(&self) -> u8", lines);
    all.push(("file_length", "src/a.rs", "x\n".repeat(451), tested));
    all.push(("function_length", "src/server/worker.rs", fine(31), fine(30)));
    all.push(("function_length", "src/server/worker.rs", plain(71), plain(70)));
    all.push(("line_length", "src/a.rs", wide, skipped));
    all.push(("nothing_left_over", "src/a.rs", ["// TO", "DO: x"].concat(), "// DOTO".into()));
    all
}

#[test]
fn every_rule_can_fail() {
    let examples = examples();
    for (name, rule) in RULES {
        let own: Vec<_> = examples.iter().filter(|example| example.0 == *name).collect();
        assert!(!own.is_empty(), "{name} has no example");
        for (_, path, bad, good) in own {
            assert_eq!(rule(&Source::new(path, bad)).len(), 1, "{name} lets pass:\n{bad}");
            assert_eq!(
                rule(&Source::new(path, good)),
                [""; 0],
                "{name} does not let pass:\n{good}"
            );
        }
    }
}

#[test]
fn a_breach_names_file_and_line() {
    let file = Source::new("src/http/a.rs", "//! x\n\nlet a = b.unwrap();\n");
    assert_eq!(no_panic(&file), ["src/http/a.rs:3: it could panic on what a client sends"]);
}

#[test]
fn strings_and_comments_are_no_code() {
    for (text, code) in [
        ("a // b\nc", "a     \nc"),
        ("a /* /* b */ */ c", "a               c"),
        ("a(\"b\\\"c\", d)", "a(      , d)"),
        ("a(r#\"b\"c\"#, d)", "a(        , d)"),
        ("a(br\"b\\\", d)", "a(b     , d)"),
        ("'\"' 'é' '\\'' b", "             b"),
        ("fn a<'b>(c: &'b C)", "fn a<'b>(c: &'b C)"),
        ("var(\"x\")", "var(   )"),
    ] {
        assert_eq!(blank(text), code, "{text}");
    }
}

#[test]
fn functions_are_measured_to_their_brace() {
    let text = "//! x\ntrait A {\n    fn a(\n        &self,\n    ) -> u8;\n    fn b(&self) {}\n}\n\
                fn c(f: fn(u8)) -> u8\nwhere\n    A: B,\n{\n    1\n}\n";
    let file = Source::new("src/a.rs", text);
    let found: Vec<_> = file.functions().into_iter().map(|f| (f.name, f.lines)).collect();
    assert_eq!(found, [("a".into(), 2..5), ("b".into(), 5..6), ("c".into(), 7..13)]);
}
