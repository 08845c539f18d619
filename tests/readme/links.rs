//! Links between the documents lead to files and headings that are there.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// What is built or fetched, and has no documents of ours.
const OTHERS: [&str; 3] = ["target", "node_modules", ".git"];

#[test]
fn links_lead_somewhere() -> io::Result<()> {
    let mut documents = Vec::new();
    find(Path::new(ROOT), &mut documents)?;
    assert!(documents.len() >= 10, "{documents:?}");
    let (mut broken, mut count) = (Vec::new(), 0);
    for document in &documents {
        for link in links(&prose(&fs::read_to_string(document)?)) {
            count += 1;
            if !leads_somewhere(document, &link) && !is_left_out(&link) {
                broken.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(count >= 50, "{count} links are too few to be all");
    Ok(())
}

/// Whether this is the package that is published, which has no results of measurements, and the link
/// leads to one.
fn is_left_out(link: &str) -> bool {
    !Path::new(ROOT).join("loadtest/results").exists() && link.contains("results/")
}

/// Adds the Markdown files below a folder.
fn find(folder: &Path, documents: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            if !OTHERS.iter().any(|other| entry.file_name() == *other) {
                find(&path, documents)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "md") {
            documents.push(path);
        }
    }
    Ok(())
}

/// A document without its code.
fn prose(document: &str) -> String {
    let lines = document.split("\n```").step_by(2).collect::<Vec<_>>().join("\n");
    lines.lines().map(|line| line.split('`').step_by(2).collect::<String>() + "\n").collect()
}

/// The targets of a text's links and pictures, other than those on the web.
fn links(text: &str) -> Vec<String> {
    let after = |mark: &str, end: char| {
        let rest = text.split(mark).skip(1).map(move |rest| rest.split(end).next().unwrap_or(rest));
        rest.map(str::to_owned).collect::<Vec<_>>()
    };
    let all = [after("](", ')'), after("src=\"", '"'), after("srcset=\"", '"')].concat();
    all.into_iter().filter(|link| !link.contains(':')).collect()
}

fn leads_somewhere(document: &Path, link: &str) -> bool {
    let (path, heading) = link.split_once('#').unwrap_or((link, ""));
    let folder = document.parent().unwrap_or(document);
    let target = if path.is_empty() { document.to_owned() } else { folder.join(path) };
    let has_heading =
        || fs::read_to_string(&target).is_ok_and(|text| headings(&text).contains(heading));
    target.exists() && (heading.is_empty() || has_heading())
}

/// The fragments of a document's headings, as GitHub makes them.
fn headings(document: &str) -> HashSet<String> {
    let outside = document.split("\n```").step_by(2).flat_map(str::lines);
    let titles = outside.filter(|line| line.starts_with('#'));
    let fragment = |title: &str| {
        let title = title.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        let kept = |char: &char| char.is_alphanumeric() || "-_".contains(*char);
        title.chars().filter(kept).collect()
    };
    titles.map(fragment).collect()
}

#[test]
fn a_broken_link_is_found() {
    let document = Path::new(ROOT).join("README.md");
    for (link, sound) in [
        ("config/README.md", true),
        ("config", true),
        ("config/README.md#tls-and-http2", true),
        ("#start-it", true),
        ("#nothing", false),
        ("config/README.md#nothing", false),
        ("nothing.md", false),
        ("nothing.md#start-it", false),
    ] {
        assert_eq!(leads_somewhere(&document, link), sound, "{link}");
    }
    let text = "[a](b.md#c) `[x](y)` <img src=\"d.svg\"> [e](https://f)\n```sh\n[g](h)\n```\n";
    assert_eq!(links(&prose(text)), ["b.md#c", "d.svg"]);
}
