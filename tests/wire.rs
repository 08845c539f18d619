//! Wire transcripts: what a client sends, when, and what it receives, byte for byte.
//!
//! `tests/wire/README.md` describes the format. Every transcript is played whole, split in two at
//! every byte, and one byte at a time, with the same result each time: a server cannot choose how
//! its input arrives (RFC 9112 2.2). There are no sockets and no real waits: the clock is virtual.

#[path = "http2/frames.rs"]
mod frames;
#[path = "wire/pattern.rs"]
mod pattern;
#[path = "wire/player.rs"]
mod player;
#[path = "http2/referee.rs"]
mod referee;
#[path = "wire/script.rs"]
mod script;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, thread};

use player::{Cut, Player};
use script::Script;

/// A longer transcript is split at about this many places instead of at every byte.
const MOST_CUTS: usize = 2048;

#[test]
fn transcripts() {
    let mut files = files(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire").as_path());
    if let Ok(start) = std::env::var("LOITER_WIRE") {
        let named = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with(&start);
        files.retain(|file| file.file_name().is_some_and(named));
    }
    assert!(!files.is_empty(), "there are no transcripts");
    let next = AtomicUsize::new(0);
    let check_some = || {
        let files = std::iter::from_fn(|| files.get(next.fetch_add(1, Ordering::Relaxed)));
        files.filter_map(|file| check(file).err()).collect::<Vec<String>>()
    };
    let failures: Vec<String> = thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(check_some)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    assert!(failures.is_empty(), "\n\n{}\n", failures.join("\n\n"));
}

/// The requirements of RFC 9110, 9112, 9113 and 6455 and loiter's own, each tested by a file of its
/// name.
#[test]
fn every_requirement_has_a_transcript() {
    let files = files(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire").as_path());
    let names: Vec<_> = files.iter().filter_map(|file| file.file_name()?.to_str()).collect();
    for (letter, last) in [('p', 12), ('f', 7), ('c', 9), ('r', 5), ('w', 1), ('m', 5), ('h', 13)] {
        for number in 1..=last {
            let id = format!("{letter}{number:02}-");
            assert!(names.iter().any(|name| name.starts_with(&id)), "no transcript for {id}");
        }
    }
}

/// Plays each connection of a file in every split; reports the first failure of each.
fn check(file: &Path) -> Result<(), String> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let at = |(line, what): (usize, String)| format!("{name}:{line}: {what}");
    let mut failures = Vec::new();
    for script in Script::parse(&text).map_err(at)? {
        failures.extend(cuts(&script).find_map(|cut| {
            let failure = Player::play(&script, cut).map_err(at).err()?;
            Some(format!("{failure}\n  {cut}"))
        }));
    }
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}

/// How a transcript's input is split.
fn cuts(script: &Script) -> impl Iterator<Item = Cut> {
    let bytes = if script.cuts { script.bytes() } else { 0 };
    let places = (1..bytes).step_by(bytes.div_ceil(MOST_CUTS).max(1)).map(Cut::At);
    let bytewise = script.cuts.then_some(Cut::Everywhere);
    std::iter::once(Cut::Nowhere).chain(bytewise).chain(places)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the transcripts' folder");
    let paths = entries.map(|entry| entry.expect("an entry of the folder").path());
    let mut files: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|e| e == "wire")).collect();
    files.sort();
    files
}

/// The message of a transcript that fails.
fn failure(text: &str) -> String {
    let failed = match Script::parse(text) {
        Ok(scripts) => scripts
            .iter()
            .find_map(|script| cuts(script).find_map(|cut| Player::play(script, cut).err())),
        Err(failure) => Some(failure),
    };
    let (line, what) = failed.expect("the transcript fails");
    format!("{line}: {what}")
}

const ASKED: &str = "> GET /status/200 HTTP/1.1\n> Host: a\n>\n";

#[test]
fn a_transcript_that_is_wrong_fails() {
    for (rest, message) in [
        ("< HTTP/1.1 404 NOT FOUND\n< *\n<\n", "4: expected"),
        ("< HTTP/1.1 200 OK\n< Server: *\n<\n", "6: expected"),
        ("< HTTP/1.1 200 OK\n< *\n<\n< more\\\n", "7: expected"),
        ("< HTTP/1.1 200 OK\n< *\n", "5: got more"),
        ("=\n", "4: expected silence until 0s"),
        ("@ 1s\n", "4: unexpected output"),
        ("", "3: unexpected output"),
        ("< HTTP/1.1 200 OK\n< *\n<\n<|\n", "7: expected the connection to be closed"),
        ("< HTTP/1.1 200 OK\n< *\n<\n@ 80s\n", "7: unexpected close"),
        ("---\n", "4: unexpected output"),
        ("< HTTP/1.1 200 OK\n< *\n<\n---\n> x\n>\n", "9: unexpected output"),
        ("< HTTP/1.1 200 OK\n< *\n<\n= 80s\n", "7: expected silence until 80s"),
    ] {
        let failure = failure(&format!("{ASKED}{rest}"));
        assert!(failure.starts_with(message), "{rest:?} fails with {failure:?}");
    }
}

#[test]
fn a_malformed_line_is_reported() {
    for (line, message) in [
        ("GET / HTTP/1.1", "a line starts with"),
        (">GET / HTTP/1.1", "a space must follow"),
        ("@ 3", "a time is"),
        ("@ 0.0000001s", "a time is"),
        ("> \\q", "an escape is"),
        ("> \\xg0", "an escape is"),
        ("> \\{3*", "an escape is"),
        ("! nothing 3", "no setting"),
        ("! max-body-size lots", "max-body-size"),
        ("! cuts never", "cuts takes on or off"),
    ] {
        let failure = failure(line);
        assert!(failure.starts_with("1: ") && failure.contains(message), "{line:?}: {failure:?}");
    }
}
