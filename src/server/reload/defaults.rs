//! Modifiers as the server's defaults, set at run time: for a while, or until the next change.
//!
//! They are a configuration whose [`App`] has other defaults. When they lapse each worker returns
//! to the settings' by its own clock; a reload ends them too.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Running;
use crate::config::{BadValue, Setting, Settings};
use crate::http::app::App;
use crate::http::control::Defaults;
use crate::http::modifiers::Modifiers;
use crate::http::modifiers::settings::Setting as Modifier;
use crate::server::Handle;
use crate::server::worker::{Command, Configuration, WorkerConfig};

/// Defaults that were set at run time.
#[derive(Debug)]
pub(in crate::server) struct RunTimeDefaults {
    modifiers: Modifiers,
    until: Option<Instant>,
}

impl RunTimeDefaults {
    fn left(&self) -> Option<Duration> {
        self.until.map(|until| until.saturating_duration_since(Instant::now()))
    }
}

impl Running {
    /// The defaults that were set at run time, if they have not lapsed.
    fn run_time_defaults(&self) -> Option<&RunTimeDefaults> {
        let lapsed = |set: &&RunTimeDefaults| set.left().is_some_and(|left| left.is_zero());
        self.defaults.as_ref().filter(|set| !lapsed(set))
    }

    /// The settings, with the defaults that are in effect.
    fn in_effect(&self) -> Settings {
        let mut settings = self.settings.clone();
        if let Some(set) = self.run_time_defaults() {
            settings.api.with = set.modifiers.clone();
        }
        settings
    }
}

impl Handle {
    /// The settings, with the default modifiers that are in effect.
    pub(in crate::server) fn settings_in_effect(&self) -> Settings {
        self.running().in_effect()
    }

    /// The modifiers that are the server's defaults now.
    pub(in crate::server) fn defaults(&self) -> Defaults {
        let running = self.running();
        match running.run_time_defaults() {
            None => Defaults { list: running.settings.api.with.to_string(), ..Defaults::default() },
            Some(set) => {
                Defaults { list: set.modifiers.to_string(), at_run_time: true, left: set.left() }
            }
        }
    }

    /// Replaces the server's default modifiers by a list, as `--with` takes it, for this long if
    /// there is an end; then those of the settings are in effect again.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let server = loiter::Server::builder().listen("127.0.0.1:0").start()?;
    /// server.handle().set_defaults("status=503@0.5", Some(Duration::from_secs(60)))?;
    /// let bad = server.handle().set_defaults("dealy=1s", None).unwrap_err();
    /// assert!(bad.to_string().contains("did you mean delay?"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn set_defaults(&self, list: &str, ttl: Option<Duration>) -> Result<(), BadValue> {
        let mut running = self.running();
        let modifiers = parse(&running.settings, list)?;
        let plan = &running.plan;
        let lapse = ttl.map(|ttl| {
            let at = plan.clock.now().after(ttl);
            (at, Arc::clone(&plan.app))
        });
        let app = Arc::new(App { with: modifiers.clone(), ..App::clone(&plan.app) });
        self.configure(|| WorkerConfig {
            app: Arc::clone(&app),
            lapse: lapse.clone(),
            ..plan.worker()
        });
        let until = ttl.and_then(|ttl| Instant::now().checked_add(ttl));
        running.defaults = Some(RunTimeDefaults { modifiers, until });
        Ok(())
    }

    /// Returns to the default modifiers of the settings.
    pub fn clear_defaults(&self) {
        let mut running = self.running();
        if running.defaults.take().is_some() {
            let plan = &running.plan;
            self.configure(|| plan.worker());
        }
    }

    fn configure(&self, worker: impl Fn() -> WorkerConfig) {
        self.send(|_| {
            let configuration = Configuration { worker: worker(), listeners: Vec::new() };
            Command::Configure(Box::new(configuration))
        });
    }
}

/// Parses and checks a list as the setting does, for all listeners.
fn parse(settings: &Settings, list: &str) -> Result<Modifiers, BadValue> {
    let mut settings = settings.clone();
    if let Some(row) = Setting::named("with") {
        (row.set)(&mut settings, list.trim())?;
    }
    if let Some((_, bad)) = settings.check().into_iter().next() {
        return Err(bad);
    }
    let is_of_handshake =
        |one: &&Modifier| one.value.is_some() && !one.name.row().is_for_requests();
    if let Some(of_tls) = settings.api.with.iter().find(is_of_handshake) {
        let wrong = format!("modifier `{of_tls}`: the TLS of a listener changes by a reload");
        return Err(BadValue::new(wrong).advise("set --with or --listen, and reload"));
    }
    Ok(settings.api.with)
}
