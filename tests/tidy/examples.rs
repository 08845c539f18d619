//! The rules' own tests: what each finds, and what it lets pass.

use super::RULES;
use super::rules::no_panic;
use super::source::Source;

/// A function of this many lines.
fn long_function(signature: &str, lines: usize) -> String {
    format!("//! x\nimpl<N: Net> Worker<N> {{\n    {signature} {{\n{}    }}\n}}\n", {
        "        step();\n".repeat(lines - 2)
    })
}

/// A rule, a path, a text that breaks it and one that does not.
fn examples() -> Vec<(&'static str, &'static str, String, String)> {
    let own = |rows: &[(&'static str, &'static str, &str, &str)]| {
        let row = |r: &(&'static str, &'static str, &str, &str)| (r.0, r.1, r.2.into(), r.3.into());
        rows.iter().map(row).collect::<Vec<_>>()
    };
    let mut all = own(&[
        ("layers", "src/http/a.rs", "use crate::proto::Cx;", "use crate::base::time::Time;"),
        ("layers", "src/base/a.rs", "fn f(a: crate::http::A) {}", "// crate::http is above"),
        ("layers", "src/proto/h/a.rs", "use crate::server::S;", "use crate::endpoint::answer;"),
        ("layer_roots", "src/http/a.rs", "use crate::{base, proto};", "use crate::http::a::{B};"),
        ("layer_roots", "src/http/a.rs", "use super::super::proto;", "use super::json;"),
        ("layer_roots", "src/http/mod.rs", "use super::proto;", "use crate::base::time;"),
        ("no_panic", "src/http/a.rs", "a.unwrap();", "a.unwrap_or(1); // not .unwrap()"),
        ("no_panic", "src/proto/a.rs", "a.expect(x);", "#[cfg(test)]\nmod t {\n    panic!();\n}"),
        ("no_panic", "src/endpoint/a.rs", "todo!()", "\"todo!()\""),
        ("no_panic", "src/endpoint/a.rs", "unreachable!()", "assert!(a)"),
        ("no_unsafe", "src/server/net.rs", "unsafe { f() }", "#![deny(unsafe_code)]"),
        ("shell_only", "src/proto/a.rs", "use std::time::Instant;", "use std::time::Duration;"),
        ("shell_only", "src/base/a.rs", "t: SystemTime", "// SystemTime"),
        ("shell_only", "src/config/a.rs", "std::env::var(x)", "env!(\"CARGO_PKG_VERSION\")"),
        ("shell_only", "src/http/a.rs", "use std::net::TcpStream;", "use std::net::IpAddr;"),
        ("shell_only", "src/proto/a.rs", "use mio::Token;", "let mio_like = 1;"),
        ("shell_only", "src/base/a.rs", "std::thread::spawn(f)", "let threads = 1;"),
        ("plain_core", "src/base/a.rs", "a: Rc<A>", "a: Arc<A>"),
        ("plain_core", "src/http/a.rs", "a: RefCell<A>", "a: Cell<A>"),
        ("plain_core", "src/proto/a.rs", "a: Box<dyn A>", "a: Box<A>"),
        ("file_header", "src/a.rs", "use std::fmt;", "//! What it is for."),
        ("nothing_ignored", "tests/a.rs", "#[ignore = \"slow\"]", "#[test]"),
        ("plain_words", "src/http/a.rs", "//! The request told again.", "//! The request shown."),
        (
            "plain_words",
            "src/endpoint/a.rs",
            "/// Bytes that is\n/// none.",
            "/// That is no\n/// one.",
        ),
        ("plain_words", "src/http/a.rs", "let told = 1;", "let teller = 1;"),
        ("no_sleep", "tests/a.rs", "std::thread::sleep(d);", "thread::yield_now();"),
    ]);
    let tested =
        |lines: usize| format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "    y\n".repeat(lines - 3));
    let wide = "x".repeat(101);
    let skipped = format!("#[rustfmt::skip]\nconst A: [u8; 1] = [\n    {wide}\n];\n");
    let fine = |lines| long_function("pub fn run(&mut self)", lines);
    let plain = |lines| long_function("pub(super) const fn other(&self) -> u8", lines);
    all.push(("file_length", "src/a.rs", tested(451), tested(450)));
    all.push(("function_length", "src/server/worker.rs", fine(31), fine(30)));
    all.push(("function_length", "src/server/worker.rs", plain(71), plain(70)));
    all.push(("function_length", "src/endpoint/a.rs", plain(41), plain(40)));
    all.push(("line_length", "src/a.rs", wide, skipped));
    all.push(("nothing_left_over", "src/a.rs", ["// TO", "DO: x"].concat(), "// DOTO".into()));
    all
}

#[test]
fn every_rule_can_fail() {
    let examples = examples();
    for (name, rule) in RULES {
        let own: Vec<_> = examples.iter().filter(|example| example.0 == *name).collect();
        assert!(!own.is_empty(), "{name} has no example");
        for (_, path, bad, good) in own {
            assert_eq!(rule(&Source::new(path, bad)).len(), 1, "{name} lets pass:\n{bad}");
            assert_eq!(
                rule(&Source::new(path, good)),
                [""; 0],
                "{name} does not let pass:\n{good}"
            );
        }
    }
}

#[test]
fn a_breach_names_file_and_line() {
    let file = Source::new("src/http/a.rs", "//! x\n\nlet a = b.unwrap();\n");
    assert_eq!(no_panic(&file), ["src/http/a.rs:3: it could panic on what a client sends"]);
}

#[test]
fn functions_are_measured_to_their_brace() {
    let text = "//! x\ntrait A {\n    fn a(\n        &self,\n    ) -> u8;\n    fn b(&self) {}\n}\n\
                fn c(f: fn(u8)) -> u8\nwhere\n    A: B,\n{\n    1\n}\n";
    let file = Source::new("src/a.rs", text);
    let found: Vec<_> = file.functions().into_iter().map(|f| (f.name, f.lines)).collect();
    assert_eq!(found, [("a".into(), 2..5), ("b".into(), 5..6), ("c".into(), 7..13)]);
}
