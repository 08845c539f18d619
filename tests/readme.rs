//! The README is true: each command in its console blocks runs against the real binary and must
//! print the output shown below it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// The address used in the README.
const SHOWN: &str = "127.0.0.1:8080";

struct Running {
    child: Child,
    address: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start() -> Running {
    let mut child = Command::new(env!("CARGO_BIN_EXE_loiter"))
        .args(["--listen", "127.0.0.1:0", "--log-level", "error"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("it was piped"))
        .read_line(&mut line)
        .expect("it prints its address");
    let address = line.trim().strip_prefix("listening http://").expect(&line).to_owned();
    Running { child, address }
}

/// Each command of the README's console blocks, with its output.
fn commands(readme: &str) -> Vec<(String, String)> {
    let blocks = readme.split("```").skip(1).step_by(2);
    let mut commands: Vec<(String, String)> = Vec::new();
    for block in blocks.filter_map(|block| block.strip_prefix("console\n")) {
        for line in block.lines() {
            match line.strip_prefix("$ ") {
                Some(command) => commands.push((command.into(), String::new())),
                None => {
                    let (_, output) = commands.last_mut().expect("a block starts with a command");
                    output.push_str(line);
                    output.push('\n');
                }
            }
        }
    }
    commands
}

/// curl prints its version, which differs between machines.
fn without_version(text: &str) -> String {
    let mut parts = text.split("curl/");
    let first = parts.next().unwrap_or_default().to_owned();
    let version = |c: char| c.is_ascii_digit() || c == '.';
    parts.fold(first, |text, part| text + "curl/" + part.trim_start_matches(version))
}

#[test]
fn the_readme_shows_what_happens() {
    let server = start();
    let commands = commands(include_str!("../README.md"));
    assert!(commands.len() >= 4, "the README shows something");
    for (command, shown) in commands {
        let here = command.replace(SHOWN, &server.address);
        let output = Command::new("sh").args(["-c", &here]).output().expect("sh runs");
        assert!(output.status.success(), "{command}: {output:?}");
        let printed = String::from_utf8_lossy(&output.stdout).replace(&server.address, SHOWN);
        // A shell starts its prompt on a new line, so trailing line ends do not count.
        let printed = without_version(printed.trim_end_matches('\n'));
        assert_eq!(printed, without_version(shown.trim_end_matches('\n')), "{command}");
    }
}

/// Each line of the block "Break it", and the exit codes that its comment allows.
#[test]
fn the_readme_breaks_what_it_says() {
    let server = start();
    let block = include_str!("../README.md").split("```").find_map(|b| b.strip_prefix("sh\n"));
    let lines: Vec<&str> = block.expect("there is a block").lines().collect();
    assert_eq!(lines.len(), 4);
    for line in lines {
        let (command, comment) = line.split_once('#').expect("each line has a comment");
        let here = command.replace(SHOWN, &server.address);
        let output = Command::new("sh").args(["-c", &here]).output().expect("sh runs");
        let code = output.status.code().expect("curl exits");
        match comment.rsplit_once("exit ") {
            Some((rest, exit)) => {
                let by_chance = rest.contains("times in ten") && code == 0;
                assert!(exit.trim() == code.to_string() || by_chance, "{line}: {code}");
            }
            None => assert_eq!(code, 0, "{line}"),
        }
        if let Some(status) = comment.trim().split(',').next().filter(|text| text.len() == 3) {
            let head = format!("HTTP/1.1 {status} ");
            assert!(output.stdout.starts_with(head.as_bytes()), "{line}");
        }
    }
}

#[test]
fn the_readme_names_every_modifier() {
    let readme = include_str!("../README.md");
    let names = loiter::http::modifiers::ROWS.iter().map(|row| row.name.text());
    let kinds = loiter::http::modifiers::fault::FAULTS.iter().map(|row| row.kind.name());
    for name in names.chain(kinds).filter(|name| *name != "fault") {
        assert!(readme.contains(&format!("`{name}`")), "{name} is not in the README");
    }
}

#[test]
fn the_readme_names_every_route() {
    let readme = include_str!("../README.md");
    for route in loiter::endpoint::ROUTES.iter().skip(1) {
        let path = route.path.split("/{").next().unwrap_or(route.path);
        assert!(readme.contains(path), "{} is not in the README", route.path);
    }
}
