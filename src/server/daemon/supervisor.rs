//! The main thread's loop. It receives the events of all others through one channel, never waits
//! for anything else, and does what is due by the clock in between.

use std::io;
use std::process;
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use super::activation::Predecessor;
use super::notify::Manager;
use super::pid_file::PidFile;
use super::reload::{self, Outcome, differences};
use super::signals::{self, Request};
use super::upgrade::{Program, Upgrade};
use super::{setup_failed, terminals};
use crate::base::limits::UPGRADE_TIMEOUT;
use crate::config::Settings;
use crate::server::log::subscriber::Level;
use crate::server::metrics::Report;
use crate::server::{Drain, Handle, Server, WorkerStats, os};

/// What the main thread waits for.
#[derive(Debug)]
pub(super) enum Event {
    /// A signal has arrived.
    Signal(i32),
    /// All workers have ended.
    Ended(Box<(Server, WorkerStats)>),
    /// A reload is over.
    Reloaded(Outcome),
    /// A new process serves, or why it does not.
    Upgraded(Result<u32, String>),
}

/// How far the shutdown has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Serving,
    Draining,
    Stopping,
}

/// A second signal within this time counts as the same: some tools signal a process and its group.
const SAME_SIGNAL: Duration = Duration::from_millis(20);

/// What a server's process consists of besides the server.
#[derive(Debug)]
pub(super) struct Supervisor {
    handle: Handle,
    /// How many workers the server has.
    workers: u64,
    settings: Settings,
    level: Level,
    events: Receiver<Event>,
    sender: Sender<Event>,
    /// Asks for a reload.
    reload: Sender<()>,
    /// Reloads that are not over.
    reloads: usize,
    program: io::Result<Program>,
    upgrade: Option<Upgrade>,
    manager: Option<Manager>,
    pid_file: Option<PidFile>,
    phase: Phase,
    asked: Instant,
    terminals: usize,
}

impl Supervisor {
    /// For a server that listens. An error is a sentence.
    pub(super) fn new(
        handle: Handle,
        settings: Settings,
        level: Level,
        (sender, events): (Sender<Event>, Receiver<Event>),
        predecessor: Option<Predecessor>,
    ) -> Result<Supervisor, String> {
        let reloaded = sender.clone();
        let done = move |outcome| drop(reloaded.send(Event::Reloaded(outcome)));
        let reload = reload::start(handle.clone(), done).map_err(setup_failed)?;
        let process = predecessor.as_ref().map(|predecessor| predecessor.process);
        let file = settings.pid_file.as_deref().map(|path| PidFile::write(path, process));
        // The service is ready once they answer.
        handle.silent_workers();
        let supervisor = Supervisor {
            workers: handle.shared.mailboxes.len() as u64,
            handle,
            settings,
            level,
            events,
            sender,
            reload,
            reloads: 0,
            program: Program::of_process(),
            upgrade: None,
            manager: Manager::of_environment(),
            pid_file: file.transpose()?,
            phase: Phase::Serving,
            asked: Instant::now(),
            terminals: terminals(),
        };
        match predecessor {
            // The service is ready already, and the manager takes messages from its process alone.
            Some(predecessor) => predecessor.ready(),
            None => supervisor.notify(Manager::ready),
        }
        Ok(supervisor)
    }

    /// Handles events until all workers have ended. Returns the server, which is dropped last.
    pub(super) fn run(mut self) -> (Phase, Box<(Server, WorkerStats)>) {
        loop {
            match self.next() {
                Some(Event::Signal(signal)) => self.signal(signal),
                Some(Event::Reloaded(outcome)) => self.reloaded(outcome),
                Some(Event::Upgraded(outcome)) => self.upgraded(outcome),
                Some(Event::Ended(ended)) => {
                    self.wait_for_upgrade();
                    return (self.phase, ended);
                }
                None => {}
            }
        }
    }

    /// A new process that was given up is ended before this one is, or it would go on serving.
    fn wait_for_upgrade(&mut self) {
        while self.upgrade.is_some() {
            match self.events.recv_timeout(UPGRADE_TIMEOUT) {
                Ok(Event::Upgraded(outcome)) => self.upgraded(outcome),
                Ok(Event::Signal(signal)) => self.signal(signal),
                Ok(_) => {}
                Err(_) => return,
            }
        }
    }

    /// Waits for an event, or until something is due, which it does.
    fn next(&mut self) -> Option<Event> {
        let Some(manager) = &mut self.manager else { return self.events.recv().ok() };
        let now = Instant::now();
        let least = if self.phase == Phase::Serving { self.workers } else { 0 };
        manager.tick(now, || status(&self.handle.report(), least));
        self.events.recv_timeout(manager.due().saturating_duration_since(now)).ok()
    }

    /// Handles a signal, and logs it afterwards.
    fn signal(&mut self, signal: i32) {
        let name = signals::name(signal);
        match (signals::request(signal, terminals(), self.terminals), self.phase) {
            (Request::Silence, _) => {}
            (Request::Nothing, _) => tracing::info!("{name}: ignored"),
            (Request::Reload, Phase::Serving) => self.reload(&name),
            (Request::Reload | Request::Reopen, _) => self.reopen(&name),
            (Request::Upgrade, _) => match self.begin_upgrade() {
                Ok(()) => tracing::info!("{name}: starting a new process"),
                Err(why) => tracing::warn!("{name}: no restart: {why}"),
            },
            (Request::End, Phase::Serving) => self.end(&name),
            (Request::End, _) if self.asked.elapsed() < SAME_SIGNAL => {}
            (Request::End, Phase::Draining) => {
                self.handle.stop();
                (self.phase, self.asked) = (Phase::Stopping, Instant::now());
                tracing::info!("{name} again: stopping now");
            }
            (Request::End, Phase::Stopping) => {
                drop(self.pid_file.take());
                process::exit(1)
            }
        }
    }

    fn reopen(&self, name: &str) {
        let reopens = self.handle.reopen_log();
        let what = if reopens { "reopening the access log" } else { "no log to reopen" };
        tracing::info!("{name}: {what}");
    }

    fn end(&mut self, name: &str) {
        if let Some(upgrade) = &self.upgrade {
            upgrade.cancel();
        }
        self.notify(Manager::stopping);
        self.drain(name, Drain::from(&self.settings));
    }

    fn drain(&mut self, name: &str, drain: Drain) {
        self.handle.drain(drain);
        (self.phase, self.asked) = (Phase::Draining, Instant::now());
        tracing::info!("{name}: finishing requests in flight, for {:?} at most", drain.within);
    }

    fn reload(&mut self, name: &str) {
        self.reopen(name);
        if self.upgrade.is_some() {
            return tracing::warn!("{name}: no reload: a new process is being started");
        }
        self.notify(Manager::reloading);
        self.reloads += 1;
        // The thread ends with the process.
        let _ = self.reload.send(());
    }

    fn reloaded(&mut self, outcome: Outcome) {
        self.reloads -= 1;
        match outcome {
            Outcome::Failed(reasons) => {
                for why in reasons {
                    tracing::error!("reload failed, all settings stay: {why}");
                }
            }
            Outcome::Done(settings, kept) => self.take_settings(*settings, kept),
        }
        if self.reloads == 0 {
            self.notify(Manager::ready);
        }
    }

    /// Takes over what concerns the process, and logs what has changed.
    fn take_settings(&mut self, mut new: Settings, mut kept: Vec<&'static str>) {
        let mut changed = differences(&self.settings, &new);
        self.level.set(new.log_level);
        for name in ["log-format", "pid-file"] {
            if changed.contains(&name) {
                kept.push(name);
            }
        }
        (new.log_format, new.pid_file) = (self.settings.log_format, self.settings.pid_file.take());
        changed.retain(|name| !kept.contains(name));
        self.settings = new;
        match changed.is_empty() {
            true => tracing::info!("reloaded: no setting has changed"),
            false => tracing::info!("reloaded: {}", changed.join(", ")),
        }
        if !kept.is_empty() {
            let kept = kept.join(", ");
            tracing::warn!("not changed: {kept}; SIGUSR2 or a restart changes them");
        }
    }

    /// Starts a new process. An error is the reason why there is none.
    fn begin_upgrade(&mut self) -> Result<(), String> {
        let program = match &self.program {
            _ if self.phase != Phase::Serving => return Err("it shuts down".to_owned()),
            _ if process::id() == 1 => {
                let why = "the container ends with process 1; replace the container instead";
                return Err(why.to_owned());
            }
            _ if self.upgrade.is_some() => {
                return Err("a new process is being started already".to_owned());
            }
            _ if self.reloads > 0 => return Err("a reload is under way".to_owned()),
            Ok(program) => program,
            Err(error) => return Err(format!("the program's file is not known: {error}")),
        };
        let sender = self.sender.clone();
        let done = move |outcome| drop(sender.send(Event::Upgraded(outcome)));
        let begun = self.handle.heritage().and_then(|all| Upgrade::begin(program, &all, done));
        let begun = begun.map_err(|error| format!("the new process cannot be started: {error}"));
        begun.map(|upgrade| self.upgrade = Some(upgrade))
    }

    fn upgraded(&mut self, outcome: Result<u32, String>) {
        self.upgrade = None;
        match outcome {
            Ok(process) if self.phase == Phase::Serving => {
                if let Some(manager) = self.manager.take() {
                    manager.replaced(process);
                }
                self.handle.hand_over();
                let drain = Drain::from(&self.settings);
                let drain = Drain { delay: Duration::ZERO, handed_over: true, ..drain };
                self.drain(&format!("process {process} serves"), drain);
            }
            // It was asked to end before the new one served.
            Ok(process) => {
                let _ = os::process::signal(process, libc::SIGTERM);
            }
            Err(why) => {
                if let Some(file) = &self.pid_file {
                    file.restore();
                }
                if self.phase == Phase::Serving {
                    tracing::error!("no restart: {why}; this process goes on serving");
                }
            }
        }
    }

    fn notify(&self, message: impl Fn(&Manager)) {
        self.manager.iter().for_each(message);
    }
}

/// The status line, if as many workers have answered as there must be.
fn status(report: &Report, least: u64) -> Option<String> {
    let connections: u64 = report.metrics.connections.iter().sum();
    let (requests, waiting) = (report.totals.requests, report.gauges.delayed);
    let text =
        format!("{connections} connections, {waiting} waiting, {requests} requests answered");
    (report.gauges.workers >= least).then_some(text)
}
