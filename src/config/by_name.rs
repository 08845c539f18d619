//! Settings given by the names of their rows, and the presets among them.

use super::preset::{GO_HTTPBIN, PUBLIC};
use super::settings::{Setting, Settings};
use super::values::BadValue;

impl Settings {
    /// Applies the presets that are selected; `last` returns the last value given for a setting.
    /// Returns whether the longest wait is the longest duration, whatever that is set to.
    pub(crate) fn apply_presets<'a>(&mut self, last: impl Fn(&str) -> Option<&'a str>) -> bool {
        let is = |name, value| last(name).is_some_and(|text| text.eq_ignore_ascii_case(value));
        if is("compat", "go-httpbin") {
            self.apply(&GO_HTTPBIN);
        }
        let public = is("profile", "public");
        if public {
            self.apply(&PUBLIC);
        }
        public && last("max-wait").is_none()
    }

    /// Sets values by the names of their rows, over what the presets among them set. The last value
    /// for a name wins.
    pub(crate) fn set_all(&mut self, given: &[(String, String)]) -> Result<(), BadValue> {
        let last = |name: &str| {
            let given = given.iter().rfind(|(other, _)| other == name);
            given.map(|(_, text)| text.trim())
        };
        let waits_as_delays = self.apply_presets(last);
        for (name, text) in given {
            let row = Setting::named(name).ok_or_else(|| {
                let wrong = format!("there is no setting `{name}`");
                BadValue::new(wrong).advise("give the name of a flag, such as max-body-size")
            })?;
            (row.set)(self, text.trim()).map_err(|bad| {
                let takes = || format!("give {}", row.takes);
                BadValue::new(format!("{name}: {}", bad.wrong))
                    .advise(bad.advice.unwrap_or_else(takes))
            })?;
        }
        if waits_as_delays {
            self.api.limits.max_wait = self.api.limits.max_duration;
        }
        Ok(())
    }
}
