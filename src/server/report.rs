//! Asks the workers what they have counted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Instant;

use super::Handle;
use super::metrics::{Ended, Process, Report, ServerFacts};
use super::worker::Command;
use crate::base::limits::REPORT_TIMEOUT;

/// What reports are made from, beside what workers answer.
#[derive(Debug)]
pub(super) struct Reporting {
    /// The last reports of workers that have ended.
    pub(super) ended: Arc<Ended>,
    /// When the times of `/stats` were reset.
    stats_since: Mutex<Instant>,
}

impl Default for Reporting {
    fn default() -> Reporting {
        Reporting { ended: Arc::default(), stats_since: Mutex::new(Instant::now()) }
    }
}

impl Handle {
    /// What all workers have counted, as consistent as the turns of their loops are: a finished
    /// exchange is in all counters or in none. Waits for at most a second; a worker that does not
    /// answer is left out. It must not be called by one of them.
    pub fn report(&self) -> Report {
        let reporting = &self.shared.reporting;
        let (reply, replies) = mpsc::channel();
        self.send(|_| Command::Report(reply.clone()));
        drop(reply);
        let asked = self.shared.mailboxes.len();
        let deadline = Instant::now() + REPORT_TIMEOUT;
        let mut given = BTreeMap::new();
        while given.len() < asked {
            let within = deadline.saturating_duration_since(Instant::now());
            // An error: all others have ended, or the time is over.
            let Ok((number, report)) = replies.recv_timeout(within) else { break };
            given.insert(number, report);
        }
        let mut sum = reporting.ended.sum(given);
        let since = *reporting.stats_since.lock().unwrap_or_else(PoisonError::into_inner);
        let running = self.running();
        let own = running.plan.log.as_ref().filter(|log| log.owned).map(|log| log.output());
        let logs = own.into_iter().chain(&running.stderr);
        sum.server = ServerFacts {
            capacity: running.plan.capacity.all,
            log_lines_lost: logs.map(|log| log.lost()).sum(),
            journal: running.plan.journal.counts(),
            stats_age_s: since.elapsed().as_secs_f64(),
        };
        sum.process = Process::read();
        sum
    }

    /// Begins the exact times of `/stats` anew. Returns at once: a report that is asked for
    /// afterwards has none of before.
    pub fn reset_stats(&self) {
        let since = &self.shared.reporting.stats_since;
        *since.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.send(|_| Command::ResetStats);
    }
}
