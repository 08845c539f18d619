//! The recipes are true: each command of their README runs against the real binary and prints what
//! is shown below it, and each row of its tables is requested, and must arrive as the row says.

mod arrival;
#[path = "../readme/blocks.rs"]
mod blocks;
mod document;
#[path = "../readme/execute.rs"]
mod execute;
mod server;

use std::thread;

use arrival::arrivals;
use blocks::blocks;
use document::tables;
use server::Server;

const DOCUMENT: &str = include_str!("README.md");

#[test]
fn every_recipe_prints_what_it_shows() {
    let blocks = blocks(DOCUMENT);
    assert!(blocks.len() >= 10, "the document has recipes");
    let wrong = execute::wrong(&blocks);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_row_arrives_as_it_says() {
    let server = Server::start(&[]);
    let rows = tables(DOCUMENT);
    assert!(rows.len() >= 50, "the document has tables");
    let wrong = thread::scope(|scope| {
        let check = |row| {
            let server = &server;
            move || arrivals(server, row).err()
        };
        let checks = rows.iter().map(|row| scope.spawn(check(row))).collect::<Vec<_>>();
        let results = checks.into_iter().map(|check| check.join().expect("a check ends"));
        results.flatten().collect::<Vec<String>>()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
