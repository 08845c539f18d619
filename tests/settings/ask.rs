//! Reading the configuration, with arguments and environment given as values.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use loiter::config::{ConfigErrors, Invocation, Settings, read};

/// Reads `args`, split at spaces, in an environment of `vars`.
pub(crate) fn ask(args: &str, vars: &[(&str, &str)]) -> Result<Invocation, ConfigErrors> {
    ask_with(args.split_whitespace().map(str::to_owned).collect(), vars)
}

pub(crate) fn ask_with(
    args: Vec<String>,
    vars: &[(&str, &str)],
) -> Result<Invocation, ConfigErrors> {
    let own = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
    let args = std::iter::once("loiter".to_owned()).chain(args).map(OsString::from);
    read(args, &vars.iter().map(own).collect())
}

pub(crate) fn settings(args: &str, vars: &[(&str, &str)]) -> Settings {
    match ask(args, vars) {
        Ok(Invocation::Run(settings)) => *settings,
        other => panic!("{args} {vars:?}: {other:?}"),
    }
}

pub(crate) fn printed(args: &str, vars: &[(&str, &str)]) -> String {
    match ask(args, vars) {
        Ok(Invocation::Print(text)) => text,
        other => panic!("{args} {vars:?}: {other:?}"),
    }
}

/// The lines of mistakes that an operator reads.
pub(crate) fn mistake(args: &str, vars: &[(&str, &str)]) -> String {
    ask(args, vars).expect_err(args).to_string()
}

/// A file with a name that only this test uses, and this content.
pub(crate) fn file(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, text).expect("a file for the test");
    path
}

pub(crate) fn listening(settings: &Settings) -> String {
    settings.listen.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
