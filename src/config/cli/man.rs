//! `loiter man`: the manual page, made from the command line and the rows.

use clap::{Arg, Command};

use super::command::{self, AFTER, CONFIG_VARIABLE};
use super::modifiers_help;
use crate::config::settings::{SECTIONS, Setting};

const DESCRIPTION: &str = "\
loiter serves the API of httpbin and go-httpbin, WebSocket, HTTP/2, TLS, and raw TCP and UDP echo.
Every answer can be made slow, odd or broken: by its path, its query, a header field, or
by default.";

/// Signal, and what it does.
const SIGNALS: [(&str, &str); 4] = [
    (
        "SIGTERM, SIGINT, SIGQUIT",
        "Finish the requests in progress and end. A second one closes all connections, a third \
         ends the process at once.",
    ),
    (
        "SIGHUP",
        "Read the configuration again, and reopen the log files. It ends the process if its \
         terminal was closed.",
    ),
    ("SIGUSR1", "Reopen the log files, after log rotation."),
    ("SIGUSR2", "Start the program's file again, hand all listeners over to it, and end."),
];

const STATUS: [(&str, &str); 3] = [
    ("0", "It served until a signal, and every request was answered; or it printed a text."),
    ("1", "It could not start, an answer was cut off, or the checked server is not healthy."),
    ("2", "The arguments, the environment or the file have mistakes; each is named."),
];

/// The page, in the macros of man(7).
pub(crate) fn page() -> String {
    let command = command::command();
    let mut page = Page(String::new());
    page.line(&format!(".TH LOITER 1 \"\" \"loiter {}\"", env!("CARGO_PKG_VERSION")));
    page.line(".ad l");
    page.section("NAME");
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    page.line(&format!("loiter \\- {}", escaped(&about)));
    page.section("SYNOPSIS");
    page.line(".B loiter\n[\\fIOPTION\\fR]...");
    for sub in command.get_subcommands() {
        page.line(&format!(".br\n.B loiter\n[\\fIOPTION\\fR]...\n.B {}", escaped(&usage(sub))));
    }
    page.section("DESCRIPTION");
    page.text(DESCRIPTION);
    page.section("COMMANDS");
    page.line("Without a command, loiter serves.");
    for sub in command.get_subcommands() {
        page.item(&bold(&usage(sub)), &sub.get_about().unwrap_or_default().to_string());
        for arg in sub.get_arguments().filter(|arg| arg.get_long().is_some()) {
            page.line(".RS");
            page.flag(arg);
            page.line(".RE");
        }
    }
    page.options(&command);
    page.section("MODIFIERS");
    page.example(&modifiers_help::text());
    page.section("SIGNALS");
    SIGNALS.iter().for_each(|(name, text)| page.item(&bold(name), text));
    page.section("EXIT STATUS");
    STATUS.iter().for_each(|(name, text)| page.item(&bold(name), text));
    page.section("EXAMPLES");
    page.example(AFTER);
    page.section("SEE ALSO");
    page.line(".BR curl (1),\n.BR systemd.socket (5)");
    page.0
}

/// A subcommand with its arguments.
fn usage(sub: &Command) -> String {
    let mut usage = sub.get_name().to_owned();
    for arg in sub.get_positionals() {
        let name = arg.get_value_names().and_then(|names| names.first()).map_or("", |name| name);
        usage += &if arg.is_required_set() { format!(" {name}") } else { format!(" [{name}]") };
    }
    usage
}

/// A page that is being written.
struct Page(String);

impl Page {
    fn line(&mut self, line: &str) {
        self.0 += line;
        self.0.push('\n');
    }

    fn section(&mut self, title: &str) {
        self.line(&format!(".SH {title}"));
    }

    fn text(&mut self, text: &str) {
        self.line(&escaped(text));
    }

    /// A term, in roff, and a text about it.
    fn item(&mut self, term: &str, text: &str) {
        self.line(&format!(".TP\n{term}"));
        self.text(text);
    }

    fn flag(&mut self, arg: &Arg) {
        let value = arg.get_value_names().filter(|_| arg.get_action().takes_values());
        let value = value.and_then(|names| names.first());
        let value = value.map_or(String::new(), |value| format!(" \\fI{}\\fR", escaped(value)));
        let name = bold(&format!("--{}", arg.get_long().unwrap_or_default()));
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        self.item(&(name + &value), &help);
    }

    fn options(&mut self, command: &Command) {
        self.section("OPTIONS");
        self.text(
            "Flags override the environment, which overrides the file, which overrides the \
             defaults. A key of the file is a flag without its dashes.",
        );
        let is_row = |arg: &&Arg| Setting::named(arg.get_id().as_str()).is_some();
        self.line(".SS Configuration");
        command.get_arguments().filter(|arg| !is_row(arg)).for_each(|arg| self.flag(arg));
        for section in &SECTIONS {
            self.line(&format!(".SS {}", escaped(section.title)));
            section.rows.iter().for_each(|row| self.setting(row));
        }
        self.section("ENVIRONMENT");
        self.text("The variables of the settings are named with them.");
        self.item(&bold(CONFIG_VARIABLE), "The file, where --config does not name one.");
        self.item(&bold("RUST_LOG"), "Levels by module, such as loiter=debug; over --log-level.");
        self.item(&bold("NO_COLOR"), "The log has no colors.");
    }

    fn setting(&mut self, row: &Setting) {
        let value = format!(" \\fI{}\\fR", escaped(row.value));
        self.item(&(bold(&format!("--{}", row.name)) + &value), &format!("{}.", row.help));
        let default = row.default_text().replace('\n', ",");
        let default = if default.is_empty() { "empty" } else { &default };
        let names: Vec<String> = row.variables().collect();
        self.line(".br");
        self.text(&format!("{}: {}.", row.value, row.takes));
        self.line(".br");
        self.text(&format!("Default: {default}. Environment: {}.", names.join(", ")));
    }

    /// Text that keeps its lines.
    fn example(&mut self, text: &str) {
        self.line(".nf");
        text.lines().for_each(|line| self.text(line));
        self.line(".fi");
    }
}

fn bold(text: &str) -> String {
    format!("\\fB{}\\fR", escaped(text))
}

/// Text as roff prints it: a dash that can be copied, and no line that is a request.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('\n', "\n\\&");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}
