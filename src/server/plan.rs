//! Everything that is derived from the settings for all workers.

use std::sync::Arc;
use std::time::SystemTime;

use super::access_log::AccessLog;
use super::capacity::{self, Capacity};
use super::cgroup::Cgroup;
use super::identity::Before;
use super::log::{Output, Target};
use super::os::{self, Clock};
use super::per_ip::ConnectionsPerIp;
use super::secure::Secure;
use super::start_error::StartError;
use super::worker::WorkerConfig;
use crate::base::limits::Limits;
use crate::config::{Bind, Host, Settings};
use crate::http::app::App;
use crate::http::journal::SharedJournal;
use crate::http::modifiers::state::State;

/// Everything that is derived from the settings for all workers.
#[derive(Debug)]
pub(super) struct Plan {
    /// Shared, so that documents are rendered once.
    pub(super) app: Arc<App>,
    /// Shared, so that a request counts on any worker.
    pub(super) state: Arc<State>,
    pub(super) workers: usize,
    /// How many connections there may be.
    pub(super) capacity: Capacity,
    /// Memory that could be taken at the start, in bytes; `None` without a limit.
    memory: Option<u64>,
    max_per_ip: Option<u32>,
    per_ip: Arc<ConnectionsPerIp>,
    pub(super) log: Option<Arc<AccessLog>>,
    /// The journal, whether one is kept or not: numbers of requests outlive a reload.
    pub(super) journal: SharedJournal,
    pub(super) private_fd_tables: bool,
    pub(super) read_until_would_block: bool,
    pub(super) defer_accept: bool,
    /// What listeners need to speak TLS, if one does.
    pub(super) secure: Option<Secure>,
    /// [`Time::START`](crate::base::time::Time::START) for all workers.
    pub(super) clock: Clock,
    /// The wall clock then.
    epoch: SystemTime,
}

/// What there was before a plan.
#[derive(Clone, Copy, Debug)]
pub(super) enum Earlier<'a> {
    /// Nothing.
    Nothing,
    /// Another process, with this random CA.
    Authority(&'a str),
    /// The plan of the same server before a reload, and its settings.
    Plan(&'a Plan, &'a Settings),
}

impl Plan {
    /// The plan for these settings. After a reload, what cannot change comes from the earlier plan,
    /// and so does what connections refer to.
    pub(super) fn new(
        settings: &Settings,
        stderr: Option<&Arc<Output>>,
        earlier: Earlier,
    ) -> Result<Plan, StartError> {
        if let Some((_, bad)) = settings.check().into_iter().next() {
            return Err(StartError::Modifiers(bad));
        }
        let limit = os::raise_descriptor_limit().map_err(StartError::System)?;
        let (last, last_settings) = match earlier {
            Earlier::Plan(plan, settings) => (Some(plan), Some(settings)),
            Earlier::Nothing | Earlier::Authority(_) => (None, None),
        };
        let cgroup = Cgroup::read();
        let memory = last.map_or_else(|| capacity::spare_memory(&cgroup), |last| last.memory);
        let workers = match (last, settings.workers) {
            (Some(last), _) => last.workers,
            (None, wanted) => capacity::workers(wanted, &cgroup),
        };
        let before = match earlier {
            Earlier::Authority(pem) => Before::Authority(pem),
            _ => last.and_then(|last| last.secure.as_ref()).map_or(Before::Nothing, Secure::before),
        };
        if has_modifiers_in_vain(settings) {
            tracing::warn!("modifiers of --with and listeners have no effect: --modifiers is off");
        }
        let secure = Secure::new(settings, before).map_err(StartError::Tls)?;
        let mut app = app(settings, workers)?;
        app.ca = secure.as_ref().map(Secure::ca);
        app.rate_limiter = last.map(|last| last.app.rate_limiter.clone()).unwrap_or_default();
        let journal = last.map(|last| last.journal.clone()).unwrap_or_default();
        if settings.journal > 0 {
            app.journal = Some(journal.clone());
            (app.records, app.record_details) = (true, true);
            app.live_page = live_page(settings);
        }
        let epoch = last.map_or_else(SystemTime::now, |last| last.epoch);
        let same_log = last_settings.is_some_and(|last| {
            last.access_log == settings.access_log
                && last.access_log_file == settings.access_log_file
        });
        let log = match last.filter(|_| same_log) {
            Some(last) => last.log.clone(),
            None => open_log(settings, epoch, stderr)?.map(Arc::new),
        };
        Ok(Plan {
            app: Arc::new(app),
            state: last.map_or_else(|| Arc::new(State::new(workers)), |last| last.state.clone()),
            workers,
            capacity: Capacity::new(settings, limit, workers, memory),
            memory,
            max_per_ip: settings.max_connections_per_ip,
            per_ip: last.map(|last| Arc::clone(&last.per_ip)).unwrap_or_default(),
            log,
            journal,
            private_fd_tables: settings.private_fd_tables,
            read_until_would_block: settings.read_until_would_block,
            defer_accept: settings.defer_accept,
            secure,
            clock: last.map_or_else(Clock::begin, |last| last.clock),
            epoch,
        })
    }

    /// The configuration of one worker.
    pub(super) fn worker(&self) -> WorkerConfig {
        WorkerConfig {
            app: Arc::clone(&self.app),
            lapse: None,
            capacity: self.capacity.each,
            refusals: self.capacity.refusals,
            max_per_ip: self.max_per_ip,
            per_ip: Arc::clone(&self.per_ip),
            sink: self.log.as_deref().map(AccessLog::sink),
        }
    }

    /// The certificate of the server's own CA, if a listener has TLS.
    pub(super) fn ca_pem(&self) -> Option<String> {
        self.app.ca.as_ref().map(|ca| ca.certificate.clone())
    }
}

/// Whether there are modifiers, which are switched off.
fn has_modifiers_in_vain(settings: &Settings) -> bool {
    let mut of_listeners = settings.listen.iter().map(|listen| &listen.modifiers);
    let given = !settings.api.with.is_empty() || of_listeners.any(|own| !own.is_empty());
    given && !settings.api.modifiers
}

/// Where the live page of the journal is, if the server is for this machine alone: elsewhere a
/// link to a loopback address leads to another machine.
fn live_page(settings: &Settings) -> Option<String> {
    let address = |bind: &Bind| match bind.host() {
        Some(Host::Address(address)) if address.ip().is_loopback() => Some(*address),
        _ => None,
    };
    let admin = settings.admin.as_ref().and_then(address).filter(|admin| admin.port() > 0)?;
    let local = settings.listen.iter().all(|listen| address(&listen.bind).is_some());
    local.then(|| format!("http://{admin}/"))
}

/// What protocols and endpoints read, with each worker's share of the limits.
fn app(settings: &Settings, workers: usize) -> Result<App, StartError> {
    let mut app = settings.app();
    if settings.real_hostname {
        app.hostname = os::hostname().map_err(StartError::Hostname)?;
    }
    share(&mut app.limits, workers);
    Ok(app)
}

/// Divides the limits for the whole server among the workers.
fn share(limits: &mut Limits, workers: usize) {
    // Each worker can buffer for at least one connection, so that `echo_bytes` holds.
    let least = limits.echo_bytes.min(limits.all_echo_bytes);
    limits.all_echo_bytes = limits.all_echo_bytes.div_ceil(workers).max(least);
    if limits.delayed != usize::MAX {
        limits.delayed = limits.delayed.div_ceil(workers);
    }
    if limits.egress != u64::MAX {
        limits.egress = limits.egress.div_ceil(workers as u64);
    }
}

fn open_log(
    settings: &Settings,
    epoch: SystemTime,
    stderr: Option<&Arc<Output>>,
) -> Result<Option<AccessLog>, StartError> {
    let Some(format) = settings.access_log else { return Ok(None) };
    let target = match (&settings.access_log_file, stderr) {
        (Some(path), _) => Target::File(path.clone()),
        (None, Some(stderr)) => return Ok(Some(AccessLog::beside(stderr, format, epoch))),
        (None, None) => Target::Stderr,
    };
    let log = AccessLog::start(target, format, epoch, settings.private_fd_tables);
    log.map(Some).map_err(StartError::Log)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_worker_may_collect_for_one_connection() {
        for (workers, all, each) in [(1, 1000, 1000), (4, 1000, 250), (64, 1000, 100), (64, 50, 50)]
        {
            let mut limits = Limits { echo_bytes: 100, all_echo_bytes: all, ..Limits::default() };
            share(&mut limits, workers);
            assert_eq!(limits.all_echo_bytes, each, "{workers} workers");
        }
    }

    #[test]
    fn modifiers_that_are_switched_off_are_reported() {
        for (modifiers, with, listen, in_vain) in [
            ("off", "delay=1s", ":80", true),
            ("off", "", "http://:80/~delay=1s", true),
            ("off", "", ":80", false),
            ("on", "delay=1s", "http://:80/~delay=1s", false),
        ] {
            let mut settings = Settings::default();
            settings.apply(&[("modifiers", modifiers), ("with", with), ("listen", listen)]);
            assert_eq!(has_modifiers_in_vain(&settings), in_vain, "{modifiers} {with} {listen}");
        }
    }

    #[test]
    fn the_live_page_is_linked_to_on_a_machine_that_is_not_a_server_for_others() {
        let linked = |listen: &str, admin: &str| {
            let mut settings = Settings::default();
            settings.apply(&[("listen", listen), ("admin", admin)]);
            live_page(&settings)
        };
        let url = Some("http://127.0.0.1:9090/".to_owned());
        assert_eq!(linked("127.0.0.1:8080,http://[::1]:8080", "127.0.0.1:9090"), url);
        assert_eq!(linked("127.0.0.1:8080", "127.0.0.1:0"), None);
        assert_eq!(linked("127.0.0.1:8080", "0.0.0.0:9090"), None);
        assert_eq!(linked("127.0.0.1:8080", "unix:/run/a"), None);
        assert_eq!(linked("127.0.0.1:8080,:8081", "127.0.0.1:9090"), None);
        assert_eq!(live_page(&Settings::default()), None);
    }

    #[test]
    fn the_real_host_name_is_used_only_if_set() {
        let uname = std::process::Command::new("uname").arg("-n").output().expect("uname");
        let real = String::from_utf8(uname.stdout).expect("a plain name");
        let name = |real_hostname| {
            let settings = Settings { real_hostname, ..Settings::default() };
            app(&settings, 1).map(|app| app.hostname).ok()
        };
        assert_eq!(name(true).as_deref(), Some(real.trim_end()));
        assert_eq!(name(false).as_deref(), Some("loiter"));
    }
}
