//! The page in plain text, for terminals: a line for each route, by group.

use std::fmt::Write;

use super::{INTRO, MORE};
use crate::endpoint::route::{Group, Place};
use crate::endpoint::{GROUPS, ROUTES};
use crate::http::app::App;

pub(super) fn text(app: &App) -> Vec<u8> {
    let width = ROUTES.iter().map(|route| app.prefix.len() + route.path.len()).max();
    let mut text = format!("loiter {}\n\n{INTRO}\n{MORE}\n", env!("CARGO_PKG_VERSION"));
    for group in GROUPS {
        write_group(&mut text, app, group, width.unwrap_or_default());
    }
    text.push_str("\nBrowsers get a page to try each of them.\n");
    if app.modifiers {
        let path = app.local("/~delay=2s/~status=503@0.1/get");
        let _ =
            writeln!(text, "Each can be slow, odd or broken: {path}; see `loiter help modifiers`.");
    }
    text.into_bytes()
}

fn write_group(text: &mut String, app: &App, group: &Group, width: usize) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "\n{}: {}\n", group.name, group.about);
    for route in group.routes {
        let path = app.local(route.path);
        let methods: Vec<&str> = route.listed(app.compat).map(|method| method.name()).collect();
        let methods = if methods.len() > 5 { "any".to_owned() } else { methods.join(" ") };
        let _ = write!(text, "  {path:width$}  {}  [{methods}]", route.about);
        let query = route.params(app.compat).filter(|param| param.place == Place::Query);
        for (n, param) in query.enumerate() {
            let name = if param.name == "*" { "name" } else { param.name };
            let default = param.default.unwrap_or("\u{2026}");
            let _ = write!(text, "{}{name}={default}", if n == 0 { "  ?" } else { "&" });
        }
        text.push('\n');
    }
}
