//! The recipes are true: each command of their README runs against the real binary and prints what
//! is shown below it, and each row of its tables is requested, and must arrive as the row says.

mod arrival;
mod document;
mod server;

use std::collections::HashMap;
use std::process::Command;
use std::thread;

use arrival::arrivals;
use document::{commands, same, tables};
use server::Server;

const DOCUMENT: &str = include_str!("README.md");
/// The address used in the document.
const SHOWN: &str = "127.0.0.1:8080";

#[test]
fn every_recipe_prints_what_it_shows() {
    let mut servers = HashMap::from([(SHOWN.to_owned(), Server::start(&[]))]);
    let (commands, mut wrong) = (commands(DOCUMENT), Vec::new());
    assert!(commands.len() >= 10, "the document has recipes");
    for (command, shown) in commands {
        if let Some(arguments) = command.strip_prefix("loiter ") {
            let (address, server) = Server::shown(arguments);
            servers.insert(address, server);
            continue;
        }
        let here = |text: &str| {
            servers.iter().fold(text.to_owned(), |text, (address, server)| {
                text.replace(address.as_str(), &server.address)
            })
        };
        let output = Command::new("sh").args(["-c", &here(&command)]).output().expect("sh runs");
        let printed = String::from_utf8_lossy(&output.stdout);
        if !same(&here(&shown), &printed) {
            wrong.push(format!("{command}\nprints\n{printed}{output:?}"));
        }
    }
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
