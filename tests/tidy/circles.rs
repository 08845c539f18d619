//! Circles between the files of a layer: a file that depends on itself through another.
//!
//! A file is a module. It depends on another if a `crate::` or `super::` path outside its tests
//! names that module or an item of it. A module and its own submodules may name each other.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Source, is_word_char, sources};

/// A module's path below the crate's root.
type Module = Vec<String>;

#[test]
fn no_file_depends_on_itself_through_another() {
    let circles = circles(&sources("src"));
    assert!(circles.is_empty(), "circles between files: {circles:?}");
}

/// The circles, each as the names of its modules, in order.
fn circles(files: &[Source]) -> Vec<Vec<String>> {
    let modules: BTreeSet<Module> = files.iter().map(module).collect();
    let edges: BTreeMap<Module, BTreeSet<Module>> =
        files.iter().map(|file| (module(file), dependencies(file, &modules))).collect();
    let reached: BTreeMap<&Module, BTreeSet<&Module>> =
        modules.iter().map(|from| (from, reachable(&edges, from))).collect();
    let circle = |own: &Module| {
        let both = modules
            .iter()
            .filter(|other| reached[own].contains(other) && reached[other].contains(own));
        both.map(|module| module.join("::")).collect::<Vec<String>>()
    };
    let circles: BTreeSet<Vec<String>> = modules.iter().map(circle).collect();
    circles.into_iter().filter(|circle| !circle.is_empty()).collect()
}

/// The modules that can be reached from this one in one step or more.
fn reachable<'a>(
    edges: &'a BTreeMap<Module, BTreeSet<Module>>,
    from: &Module,
) -> BTreeSet<&'a Module> {
    let mut reached = BTreeSet::new();
    let mut next: Vec<&Module> = edges[from].iter().collect();
    while let Some(module) = next.pop() {
        if reached.insert(module) {
            next.extend(&edges[module]);
        }
    }
    reached
}

fn module(file: &Source) -> Module {
    let path = file.path.strip_prefix("src/").and_then(|path| path.strip_suffix(".rs"));
    let names = path.unwrap_or_default().split('/');
    names.filter(|name| !["mod", "lib", "main"].contains(name)).map(str::to_owned).collect()
}

/// The modules of the same layer that a file names, but for its parents and its own submodules.
fn dependencies(file: &Source, modules: &BTreeSet<Module>) -> BTreeSet<Module> {
    let own = module(file);
    let code: Vec<&str> = file
        .code
        .iter()
        .enumerate()
        .filter(|(at, _)| !file.tested[*at])
        .map(|(_, line)| line.as_str())
        .collect();
    let named =
        paths(&code.join("\n")).into_iter().filter_map(|path| resolve(&own, &path, modules));
    named
        .filter(|other| other.first() == own.first())
        .filter(|other| !own.starts_with(other) && !other.starts_with(&own))
        .collect()
}

/// Every `crate::` or `super::` path in this code; a `use` with braces is one for each item.
fn paths(code: &str) -> Vec<String> {
    let starts = code.match_indices("crate::").chain(code.match_indices("super::"));
    let whole = starts.filter(|(at, _)| !code[..*at].ends_with(|c| is_word_char(c) || c == ':'));
    whole.flat_map(|(at, _)| expand("", &code[at..])).collect()
}

/// The paths that start here, behind `prefix`: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn expand(prefix: &str, text: &str) -> Vec<String> {
    let end = text.find(|c| !is_word_char(c) && c != ':').unwrap_or(text.len());
    let (path, rest) = text.split_at(end);
    let path = [prefix, path].concat();
    let Some(inner) = rest.strip_prefix('{').filter(|_| path.ends_with("::")) else {
        return vec![path];
    };
    items(inner).into_iter().flat_map(|item| expand(&path, item)).collect()
}

/// The items between an open brace and the one that closes it.
fn items(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut items) = (0, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                items.push(text[start..at].trim());
                start = at + 1;
                if c == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    items.retain(|item| !item.is_empty());
    items
}

/// The module that a path names, or that holds the item it names.
fn resolve(own: &Module, path: &str, modules: &BTreeSet<Module>) -> Option<Module> {
    let mut base = own.clone();
    let mut names = path.split("::").peekable();
    if names.next_if_eq(&"crate").is_some() {
        base.clear();
    }
    while names.next_if_eq(&"super").is_some() {
        base.pop();
    }
    base.extend(names.map(str::to_owned));
    while !base.is_empty() && !modules.contains(&base) {
        base.pop();
    }
    (!base.is_empty()).then_some(base)
}

#[test]
fn circles_are_found() {
    let of = |files: &[(&str, &str)]| {
        let files: Vec<Source> = files.iter().map(|(path, text)| Source::new(path, text)).collect();
        circles(&files).into_iter().map(|circle| circle.join(" ")).collect::<Vec<String>>()
    };
    let a = ("src/http/a.rs", "use super::b::B;");
    assert_eq!(of(&[a, ("src/http/b.rs", "fn f(a: crate::http::a::A) {}")]), ["http::a http::b"]);
    let through = ("src/http/b.rs", "use crate::http::{json::{Json, d}, x};");
    let d = ("src/http/json/d.rs", "use crate::http::a::A;");
    let json = ("src/http/json/mod.rs", "mod d;\nuse d::D;");
    assert_eq!(of(&[a, through, d, json]), ["http::a http::b http::json::d"]);
    for fine in [
        "use crate::base::a::A;",
        "// crate::http::a",
        "let text = \"crate::http::a\";",
        "#[cfg(test)]\nmod tests {\n    use super::a::A;\n}",
        "use super::abc::C;",
    ] {
        assert_eq!(of(&[a, ("src/http/b.rs", fine)]), [""; 0], "{fine}");
    }
    let parent = ("src/http/json/mod.rs", "use crate::http::json::d::D;");
    assert_eq!(of(&[("src/http/json/d.rs", "use super::Json;"), parent]), [""; 0]);
}
