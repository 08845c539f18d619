//! A source file as the rules see it: lines, items and functions.

use std::fs;
use std::ops::Range;
use std::path::Path;

use super::blank::blank;
use super::rules::LAYERS;

/// A file, with what is in its strings and comments blanked out beside it.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) raw: Vec<String>,
    pub(crate) code: Vec<String>,
    /// Which lines belong to items that are compiled for tests alone.
    pub(crate) tested: Vec<bool>,
}

/// A function: its name, the `impl` line over it if any, and its lines, counted from 0.
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) owner: String,
    pub(crate) lines: Range<usize>,
}

impl Function {
    pub(crate) fn is(&self, file: &Source, (place, name): (&str, &str)) -> bool {
        let there = place.is_empty() || has_word(&self.owner, place) || file.path == place;
        self.name == name && there
    }
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Source {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<String>>();
        let mut source = Source {
            path: path.into(),
            raw: lines(text),
            code: lines(&blank(text)),
            tested: Vec::new(),
        };
        source.tested = match path.ends_with("/tests.rs") || path.contains("/tests/") {
            true => vec![true; source.code.len()],
            false => {
                let platform = source.marked("#[cfg(all(test,");
                let own = source.marked("#[cfg(test)]");
                own.into_iter().zip(platform).map(|(own, platform)| own || platform).collect()
            }
        };
        source
    }

    /// The layer's number; `None` for the files that stand above all layers.
    pub(crate) fn rank(&self) -> Option<usize> {
        rank(self.path.strip_prefix("src/")?.split('/').next()?)
    }

    /// How many `super` lead from this file's module to the root.
    pub(crate) fn depth(&self) -> usize {
        let names = self.path.split('/').skip(1);
        names.filter(|name| !["mod.rs", "lib.rs", "main.rs"].contains(name)).count()
    }

    pub(crate) fn within(&self, layers: &[&str]) -> bool {
        self.rank().is_some_and(|own| layers.contains(&LAYERS[own]))
    }

    pub(crate) fn breach(&self, line: usize, what: impl AsRef<str>) -> String {
        format!("{}:{line}: {}", self.path, what.as_ref())
    }

    /// The breaches in what is not a test.
    pub(crate) fn code_breaches(
        &self,
        is_breach: impl Fn(&str) -> bool,
        what: impl Fn(&str) -> String,
    ) -> Vec<String> {
        let lines = self.code.iter().enumerate().filter(|(at, _)| !self.tested[*at]);
        let breaches = lines.filter(|(_, line)| is_breach(line));
        breaches.map(|(at, line)| self.breach(at + 1, what(line))).collect()
    }

    /// Which lines belong to items with an attribute that starts so.
    pub(crate) fn marked(&self, attribute: &str) -> Vec<bool> {
        let mut marked = vec![false; self.code.len()];
        let starts = (0..self.code.len()).filter(|at| self.code[*at].trim().starts_with(attribute));
        for start in starts {
            let end = self.item_end(start);
            marked[start..end].fill(true);
        }
        marked
    }

    /// The line after the item that starts here, its attributes included.
    pub(crate) fn item_end(&self, start: usize) -> usize {
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
    pub(crate) fn functions(&self) -> Vec<Function> {
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

pub(crate) fn rank(layer: &str) -> Option<usize> {
    LAYERS.iter().position(|name| *name == layer)
}

/// The identifier at the start of `text`.
pub(crate) fn ident(text: &str) -> &str {
    let end = text.find(|c: char| !is_word_char(c)).unwrap_or(text.len());
    &text[..end]
}

/// The name of the function whose signature starts on this line.
pub(crate) fn function_name(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("fn ")?;
    let mut words = before.split_whitespace();
    let known = |word: &str| {
        ["const", "async", "unsafe", "extern"].contains(&word) || word.starts_with("pub")
    };
    let name = ident(after);
    (words.all(known) && !name.is_empty()).then_some(name)
}

pub(crate) fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether `word` stands in `line`, and not as a part of a longer word.
pub(crate) fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(is_word_char) && !after.is_some_and(is_word_char)
    })
}

/// Every Rust file in the folder, in order.
pub(crate) fn sources(folder: &str) -> Vec<Source> {
    files(folder, "rs")
}

/// Every file in the folder with this extension, in order.
pub(crate) fn files(folder: &str, extension: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    collect(&root.join(folder), extension, &mut paths);
    paths.sort();
    assert!(!paths.is_empty(), "{folder} has no .{extension} files");
    let read = |path: &String| {
        let text = fs::read_to_string(path).expect("a source file can be read");
        let name = Path::new(path).strip_prefix(root).expect("it is below the root");
        Source::new(&name.display().to_string(), &text)
    };
    paths.iter().map(read).collect()
}

fn collect(folder: &Path, extension: &str, paths: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a source folder can be read") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            collect(&path, extension, paths);
        } else if path.extension().is_some_and(|own| own == extension) {
            paths.push(path.display().to_string());
        }
    }
}
