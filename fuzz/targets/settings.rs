//! A settings file: accepted or its mistakes reported; settings printed from it read back the same.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use loiter::config::{self, ConfigErrors, Environment, Invocation, Settings};

static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("loiter-fuzz-{}", std::process::id())));

fn read(text: &[u8]) -> Result<Settings, ConfigErrors> {
    fs::write(&*FILE, text).expect("a temporary file can be written");
    let args = ["loiter".into(), "--config".into(), OsString::from(&*FILE)];
    match config::read(args, &Environment::new()) {
        Ok(Invocation::Run(settings)) => Ok(*settings),
        Ok(other) => panic!("a file cannot ask for {other:?}"),
        Err(mistakes) => Err(mistakes),
    }
}

pub(crate) fn run(data: &[u8]) {
    match read(data) {
        Ok(settings) => {
            let printed = config::effective(&settings);
            match read(printed.as_bytes()) {
                Ok(again) => assert_eq!(again, settings, "printed as:\n{printed}"),
                Err(mistakes) => panic!("the printed file is refused: {mistakes}\n{printed}"),
            }
            settings.app();
        }
        Err(mistakes) => {
            assert!(!mistakes.0.is_empty(), "refused without a reason");
            assert!(!mistakes.to_string().is_empty());
        }
    }
}
