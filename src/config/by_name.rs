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

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn set(given: &[(&str, &str)]) -> Result<Settings, String> {
        let given: Vec<_> =
            given.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let mut settings = Settings::default();
        settings.set_all(&given).map_err(|bad| bad.to_string()).map(|()| settings)
    }

    #[test]
    fn what_is_given_counts_more_than_a_preset() {
        let public = [("max-delayed", "7"), ("profile", "public"), ("max-duration", "3s")];
        let settings = set(&public).expect("valid");
        let limits = &settings.api.limits;
        assert_eq!((limits.delayed, limits.requests), (7, 1000));
        assert_eq!(limits.max_wait, Duration::from_secs(3), "it follows max-duration");
        let go = set(&[("compat", "httpbin"), ("compat", "go-httpbin")]).expect("valid");
        assert_eq!(go.api.limits.body_bytes, 1 << 20);
        assert_eq!(set(&[]), Ok(Settings::default()));
    }

    #[test]
    fn a_mistake_names_the_setting() {
        let wrong = |name, text| set(&[(name, text)]).expect_err(name);
        let advice = "; give the name of a flag, such as max-body-size";
        assert_eq!(wrong("port", "80"), format!("there is no setting `port`{advice}"));
        let advice = "; give bytes, or a number with a unit: 64KiB, 1MiB, 10MB";
        assert_eq!(wrong("max-bytes", "x"), format!("max-bytes: `x` is not a size{advice}"));
    }
}
