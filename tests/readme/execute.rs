//! Runs the commands of a document against the real binary.

use std::collections::HashMap;
use std::process::{Command, Output};

use crate::blocks::{Block, Expected, Run, same};
use crate::server::Server;

/// The address used in the documents; the real one has a free port.
const SHOWN: &str = "127.0.0.1:8080";

/// Lines and blocks that are run by `tests/readme/run`: its check, and how each begins.
const ELSEWHERE: &str = include_str!("elsewhere.txt");

/// How each line or block begins that is run elsewhere.
pub(crate) fn elsewhere() -> impl Iterator<Item = &'static str> {
    let lines = ELSEWHERE.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(' ')).map(|(_, beginning)| beginning.trim())
}

/// Whether another check runs it.
pub(crate) fn is_elsewhere(text: &str) -> bool {
    elsewhere().any(|beginning| text.starts_with(beginning))
}

/// Runs each command of the blocks that is run here; returns a sentence for each that does not do
/// what is shown.
pub(crate) fn wrong(blocks: &[Block]) -> Vec<String> {
    let mut servers = vec![Server::start(&[])];
    let mut here = HashMap::from([(SHOWN.to_owned(), servers[0].addresses[0].clone())]);
    let mut wrong = Vec::new();
    for Run { command, expected } in blocks.iter().flat_map(Block::runs) {
        if is_elsewhere(&command) {
            continue;
        }
        if let Some(arguments) = command.strip_prefix("loiter --listen") {
            let (shown, server) = Server::shown(&format!("--listen{arguments}"));
            here.extend(shown.into_iter().zip(server.addresses.clone()));
            servers.push(server);
            continue;
        }
        let here = |text: &str| {
            here.iter().fold(text.to_owned(), |text, (shown, real)| text.replace(shown, real))
        };
        let output = Command::new("sh").args(["-c", &here(&command)]).output().expect("sh runs");
        let right = match &expected {
            Expected::Output(shown) => {
                // curl fails where nothing comes, which is what these show.
                let breaks = command.contains("fault=") || shown == "000\n";
                prints(&here(shown), &output) && (breaks || output.status.success())
            }
            Expected::Comment(comment) => ends(comment, &output),
        };
        if !right {
            wrong.push(format!("{command}\n{output:?}"));
        }
    }
    wrong
}

/// Whether standard output is what is shown: line by line, and a line with `…` word by word. Blanks
/// and line ends at the end do not count: nobody sees them.
fn prints(shown: &str, output: &Output) -> bool {
    let printed = String::from_utf8_lossy(&output.stdout);
    let (shown, printed) = (without_version(shown.trim_end()), without_version(printed.trim_end()));
    let equal = |(shown, printed): (&str, &str)| match shown.contains('…') {
        true => same(shown, printed),
        false => shown == printed.trim_end(),
    };
    shown.lines().count() == printed.lines().count()
        && shown.lines().zip(printed.lines()).all(equal)
}

/// Whether the exit code is that of the comment (`exit 18: …`), and the answer begins with its status
/// (`503, …`).
fn ends(comment: &str, output: &Output) -> bool {
    let code = output.status.code().expect("it exits").to_string();
    let exits = match comment.strip_prefix("exit ") {
        Some(rest) => {
            let by_chance = rest.contains("times in ten") && code == "0";
            rest.split([':', ',']).next() == Some(code.as_str()) || by_chance
        }
        None => code == "0",
    };
    let status = comment.split(',').next().filter(|status| status.parse::<u16>().is_ok());
    let answers = status
        .is_none_or(|status| output.stdout.starts_with(format!("HTTP/1.1 {status} ").as_bytes()));
    exits && answers
}

/// curl prints its version, which differs between machines.
fn without_version(text: &str) -> String {
    let mut parts = text.split("curl/");
    let first = parts.next().unwrap_or_default().to_owned();
    let version = |c: char| c.is_ascii_digit() || c == '.';
    parts.fold(first, |text, part| text + "curl/" + part.trim_start_matches(version))
}
