//! The README is true: its commands run against the real binary and do what is shown. Here, or in
//! `tests/readme/run`, if they need Docker or the like; `elsewhere.txt` lists those.

mod blocks;
mod execute;
mod in_a_test;
mod links;
#[path = "../recipes/server.rs"]
mod server;

use blocks::blocks;
use execute::{elsewhere, is_elsewhere, wrong};

const README: &str = include_str!("../../README.md");
const RECIPES: &str = include_str!("../recipes/README.md");
const ARCHITECTURE: &str = include_str!("../../ARCHITECTURE.md");

#[test]
fn the_readme_shows_what_happens() {
    let wrong = wrong(&blocks(README));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A new block is run here, or it is named with the check that runs it.
#[test]
fn every_block_is_run() {
    let blocks: Vec<_> = [README, RECIPES].into_iter().flat_map(blocks).collect();
    let runs = blocks.iter().flat_map(|block| block.runs()).collect::<Vec<_>>();
    assert!(runs.len() >= 30, "the documents have commands");
    let missing = blocks.iter().filter(|block| {
        let ours = matches!(block.language.as_str(), "console" | "sh");
        !ours && !is_elsewhere(&block.text) && block.text != in_a_test::shown()
    });
    let missing = missing.map(|block| block.text.as_str()).collect::<Vec<_>>();
    assert!(missing.is_empty(), "neither run nor in elsewhere.txt: {}", missing.join("\n"));
    let texts = runs.iter().map(|run| &run.command).chain(blocks.iter().map(|block| &block.text));
    let texts = texts.collect::<Vec<_>>();
    let shown = |start: &str| {
        texts.iter().any(|text| text.starts_with(start)) || ARCHITECTURE.contains(start)
    };
    let stale = elsewhere().filter(|start| !shown(start));
    assert_eq!(stale.collect::<Vec<_>>(), [""; 0], "elsewhere.txt names what no document has");
}

#[test]
fn the_readme_names_every_modifier() {
    let names = loiter::http::modifiers::ROWS.iter().map(|row| row.name.text());
    let kinds = loiter::http::modifiers::fault::FAULTS.iter().map(|row| row.kind.name());
    for name in names.chain(kinds).filter(|name| *name != "fault") {
        assert!(README.contains(&format!("`{name}`")), "{name} is not in the README");
    }
}

#[test]
fn the_readme_names_every_route() {
    for route in loiter::endpoint::ROUTES.iter().skip(1) {
        let path = route.path.split("/{").next().unwrap_or(route.path);
        assert!(README.contains(path), "{} is not in the README", route.path);
    }
}

#[test]
fn the_readme_is_short() {
    let lines = README.lines().count();
    assert!(lines <= 150, "{lines} lines; move what few readers need");
}
