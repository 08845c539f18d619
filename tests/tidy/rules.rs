//! The rules, and the numbers and words they go by.

use super::source::{Source, has_word, ident, rank};

/// The layers, from the bottom up.
pub(crate) const LAYERS: [&str; 6] = ["base", "http", "endpoint", "proto", "config", "server"];
/// Most lines of a file, its tests included.
const FILE_LINES: usize = 450;
/// Most lines of a function, from its signature to its brace.
const FUNCTION_LINES: usize = 70;
/// Most lines of a function that answers, or helps to: one is read at a glance.
const ENDPOINT_LINES: usize = 40;
/// Most lines of a function at the heart.
const HEART_LINES: usize = 30;
/// Most characters of a line.
const LINE_CHARS: usize = 100;

/// The functions at the heart: where they stand (a type or a file) and their names.
pub(crate) const HEART: [(&str, &str); 10] = [
    ("Worker", "run"),
    ("Session", "turn"),
    ("Session", "run"),
    ("", "advance"),
    ("Http1", "request"),
    ("Http1", "play"),
    ("Exchange", "open"),
    ("Exchange", "step"),
    ("src/proto/http1/play.rs", "play"),
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

/// Arrows point down: a layer names only itself and those below it.
pub(crate) fn layers(file: &Source) -> Vec<String> {
    let Some(own) = file.rank() else { return Vec::new() };
    let upward = |line: &str| {
        let named = line.split("crate::").skip(1);
        named.filter_map(|rest| rank(ident(rest))).any(|other| other > own)
    };
    file.code_breaches(upward, |_| format!("{} must not look up", LAYERS[own]))
}

/// No way round the rule above: through the root's `{…}`, or through its `super`.
pub(crate) fn layer_roots(file: &Source) -> Vec<String> {
    let depth = file.depth();
    let root = |line: &str| {
        line.contains("crate::{") || (depth > 0 && line.contains(&"super::".repeat(depth)))
    };
    file.code_breaches(root, |_| "name a layer as crate::layer, one in a use".into())
}

/// A file is read whole, so its tests count too.
pub(crate) fn file_length(file: &Source) -> Vec<String> {
    let lines = file.raw.len();
    let breach = || file.breach(1, format!("{lines} lines, {FILE_LINES} at most"));
    (lines > FILE_LINES).then(breach).into_iter().collect()
}

pub(crate) fn function_length(file: &Source) -> Vec<String> {
    let long = file.functions().into_iter().filter_map(|function| {
        let heart = HEART.iter().any(|heart| function.is(file, *heart));
        let most = match heart {
            true => HEART_LINES,
            false if file.within(&["endpoint"]) => ENDPOINT_LINES,
            false => FUNCTION_LINES,
        };
        let (name, lines) = (&function.name, function.lines.len());
        let breach = format!("fn {name} has {lines} lines, {most} at most");
        (lines > most).then(|| file.breach(function.lines.start + 1, breach))
    });
    long.collect()
}

/// Tables that rustfmt is told to skip may be wider.
pub(crate) fn line_length(file: &Source) -> Vec<String> {
    let skipped = file.marked("#[rustfmt::skip]");
    let lines = file.raw.iter().enumerate().filter(|(at, _)| !skipped[*at]);
    let long = lines.filter(|(_, line)| line.chars().count() > LINE_CHARS);
    long.map(|(at, _)| file.breach(at + 1, format!("more than {LINE_CHARS} characters"))).collect()
}

/// What a client sends must not be able to end a worker.
pub(crate) fn no_panic(file: &Source) -> Vec<String> {
    const PANICS: [&str; 6] =
        [".unwrap()", ".expect(", "panic!", "todo!", "unimplemented!", "unreachable!"];
    if !file.within(&["http", "endpoint", "proto"]) {
        return Vec::new();
    }
    let panics = |line: &str| PANICS.iter().any(|panic| line.contains(panic));
    file.code_breaches(panics, |_| "it could panic on what a client sends".into())
}

pub(crate) fn no_unsafe(file: &Source) -> Vec<String> {
    if file.path == "src/server/os.rs" || file.path.starts_with("src/server/os/") {
        return Vec::new();
    }
    let everywhere = file.code.iter().enumerate().filter(|(_, line)| has_word(line, "unsafe"));
    everywhere.map(|(at, _)| file.breach(at + 1, "unsafe belongs in server/os")).collect()
}

/// Below the shell there is no clock, socket, thread or environment.
pub(crate) fn shell_only(file: &Source) -> Vec<String> {
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
pub(crate) fn plain_core(file: &Source) -> Vec<String> {
    const WORDS: [&str; 4] = ["Rc", "RefCell", "Box<dyn", "Weak"];
    if !file.within(&["base", "http", "endpoint", "proto"]) {
        return Vec::new();
    }
    let shared = |line: &str| WORDS.iter().any(|word| has_word(line, word));
    file.code_breaches(shared, |_| "no shared or nameless owners in the core".into())
}

pub(crate) fn file_header(file: &Source) -> Vec<String> {
    let opens = file.raw.first().is_some_and(|line| line.starts_with("//! "));
    let breach = || file.breach(1, "a file opens with //! and what it is for");
    (!opens).then(breach).into_iter().collect()
}

pub(crate) fn nothing_ignored(file: &Source) -> Vec<String> {
    let ignored = file.code.iter().enumerate().filter(|(_, line)| line.contains("#[ignore"));
    ignored.map(|(at, _)| file.breach(at + 1, "a test runs, or it goes")).collect()
}

pub(crate) fn nothing_left_over(file: &Source) -> Vec<String> {
    // Joined here, so that this file does not break its own rule.
    let words = [["TO", "DO"].concat(), ["FIX", "ME"].concat(), ["X", "XX"].concat()];
    let left = |line: &str| words.iter().any(|word| has_word(line, word));
    let lines = file.raw.iter().enumerate().filter(|(_, line)| left(line));
    lines.map(|(at, _)| file.breach(at + 1, "do it, or write an issue")).collect()
}

/// A test waits for what it wants to see, with a deadline.
pub(crate) fn no_sleep(file: &Source) -> Vec<String> {
    let sleeps = |line: &str| line.contains("thread::sleep") || has_word(line, "sleep_ms");
    let lines = file.code.iter().enumerate().filter(|(_, line)| sleeps(line));
    lines.map(|(at, _)| file.breach(at + 1, "wait for a condition, not for the clock")).collect()
}
