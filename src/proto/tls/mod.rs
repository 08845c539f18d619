//! TLS (RFC 8446, RFC 5246): a filter of bytes around another machine.
//!
//! ```text
//!        whole ClientHello        due           handshake over       the machine's end
//!  Hello ────────────────▶ Due ────────▶ Handshake ──────────▶ Open ────────────────▶ Closed
//!    │ not TLS               │ a fault       │ an alert           │ an alert
//!    └──▶ plain 400          └───────────────┴─────▶ broken ◀─────┘
//! ```
//!
//! Each call opens what has arrived into a buffer that the worker lends, advances the machine, and
//! seals what it wrote. The machine has the connection's timeouts from the accept on: to it, a
//! handshake is a time without input. Between two calls a connection owns no buffer, unless the
//! machine has left input.

pub mod acceptor;
pub mod hello;
mod link;
#[cfg(test)]
mod tests;

use super::canned_errors::PLAIN_ON_TLS;
use super::{Cx, Ends, Event, Machine, Next, Shared, Standing, Upgrade, defaults};
use crate::base::buf::Buf;
use crate::base::limits::{HEAD_ROOM, Limits, READ_BYTES};
use crate::base::time::Time;
use crate::http::metrics::ConnectionState;
use crate::http::modifiers::plan::echo_due;
use crate::http::modifiers::{FaultKind, HandshakeFault, HandshakePlan};
use crate::http::tls_facts::{ClientHello, TlsFacts};
use hello::Start;
use link::{Link, Opened};

/// A connection that speaks TLS, and the machine inside it.
#[derive(Debug)]
pub struct Tls<M> {
    stage: Stage,
    inner: M,
    /// What the machine has not consumed.
    kept: Box<[u8]>,
}

#[derive(Debug)]
enum Stage {
    /// No whole ClientHello is there; nothing is allocated for rustls.
    Hello,
    /// The answer to it, or what takes its place, is due then; `None`: a clock that was read after
    /// it is waited for.
    Due { due: Option<Time>, plan: HandshakePlan, hello: Option<ClientHello> },
    /// The handshake goes on. It is broken by this fault once the ServerHello is out.
    Handshake { link: Link, hello: Option<ClientHello>, fault: Option<HandshakeFault> },
    /// It is over.
    Open { link: Link, facts: TlsFacts },
    /// Our close_notify is out: what still arrives is discarded unopened. The log of the
    /// connection's end has what is known of it.
    Closed(Option<TlsFacts>),
}

/// The buffers that a worker lends to the filter; empty between two calls.
#[derive(Debug, Default)]
pub struct Plain {
    /// What the client sent.
    input: Buf,
    /// What the machine answers.
    output: Buf,
}

impl<M: Machine> Tls<M> {
    /// The machine inside it.
    pub fn inner(&self) -> &M {
        &self.inner
    }

    /// What is known of the connection once its handshake is done.
    pub fn facts(&self) -> Option<&TlsFacts> {
        match &self.stage {
            Stage::Open { facts, .. } => Some(facts),
            Stage::Closed(facts) => facts.as_ref(),
            _ => None,
        }
    }

    /// A connection on which nothing was opened yet. `inner` is in the state of one accepted then.
    pub fn new(inner: M) -> Tls<M> {
        Tls { stage: Stage::Hello, inner, kept: Box::default() }
    }

    /// A whole ClientHello is waited for, so that a handshake is judged, delayed and broken in one
    /// place.
    fn hello(&mut self, cx: &mut Cx, input: &Buf) -> Option<Next> {
        let hello = match hello::read(input.unread()) {
            Start::Partial => return Some(self.wait(cx)),
            Start::Plain => return Some(Next::Become(Box::new(Upgrade::Refused(PLAIN_ON_TLS)))),
            Start::Hello(hello) => hello,
        };
        let plan = defaults::handshake(cx);
        self.to(Stage::Due { due: None, plan, hello })
    }

    /// The ServerHello is due, or a fault in its place.
    fn due(&mut self, cx: &mut Cx, output: &mut Buf) -> Option<Next> {
        let Stage::Due { due, plan, hello } = &mut self.stage else { return None };
        if due.is_none() && plan.delay_us > 0 && !cx.clock.fresh {
            return Some(Next::ReadClock);
        }
        let due = *due.get_or_insert(echo_due(cx.clock.now, plan.delay_us));
        if cx.clock.now < due {
            let gone = cx.edge.eof_reported || cx.ends_idle();
            return Some(if gone { Next::Close } else { Next::Sleep(due) });
        }
        match plan.fault {
            None | Some(HandshakeFault::Reset) => {}
            Some(fault) => return Some(broken_by(fault, output)),
        }
        let (fault, hello) = (plan.fault, hello.take());
        match cx.ends.tls.map(|acceptor| acceptor.link(plan.only)) {
            Some(Ok(link)) => self.to(Stage::Handshake { link, hello, fault }),
            _ => Some(Next::Close),
        }
    }

    /// What arrives in a handshake goes to rustls. The work for that is bounded for each loop of
    /// the worker, or many handshakes at once would make every timer late.
    fn handshake(
        &mut self,
        cx: &mut Cx,
        input: &mut Buf,
        output: &mut Buf,
        plain: &mut Plain,
    ) -> Option<Next> {
        let Stage::Handshake { link, hello, fault } = &mut self.stage else { return None };
        if cx.worker.handshakes_left == 0 && !input.is_empty() {
            return Some(Next::Yield);
        }
        let before = [input.len(), output.len()];
        let opened = link.open(input, plain.input.tail(), output.tail());
        let sends = output.len() > before[1];
        // A certificate is verified, and a key of TLS 1.2 agreed on, without an answer.
        let steps = u32::from(sends || input.len() < before[0]);
        cx.worker.handshakes_left = cx.worker.handshakes_left.saturating_sub(steps);
        cx.worker.metrics.reads_clock = true;
        match (&opened, fault) {
            (Err(error), _) => {
                cx.worker.metrics.handshakes_failed += 1;
                let peer = cx.ends.peer.map(tracing::field::display);
                tracing::debug!(peer, %error, "TLS handshake failed");
                return Some(broken(FaultKind::Close));
            }
            (_, Some(fault)) if sends => return Some(broken_by(*fault, output)),
            (Ok(Opened::All), _) if link.is_handshaking() => return Some(self.wait(cx)),
            // A close_notify is no way past the rest of the handshake.
            (Ok(Opened::Last), _) if link.is_handshaking() => {
                cx.worker.metrics.handshakes_failed += 1;
                return Some(broken(FaultKind::Close));
            }
            _ => {}
        }
        let Some(mut facts) = link.facts(hello.take()) else { return Some(Next::Close) };
        facts.close_notify = opened == Ok(Opened::Last);
        cx.worker.metrics.handshakes += 1;
        match std::mem::replace(&mut self.stage, Stage::Closed(None)) {
            Stage::Handshake { link, .. } => self.to(Stage::Open { link, facts }),
            _ => None,
        }
    }

    /// Opens what has arrived, lets the machine advance, and seals what it wrote.
    fn open(&mut self, cx: &mut Cx, input: &mut Buf, output: &mut Buf, plain: &mut Plain) -> Next {
        let Stage::Open { link, facts } = &mut self.stage else { return Next::Close };
        let mut edge = cx.edge;
        let mut failed = false;
        if !input.is_empty() && !facts.close_notify {
            match link.open(input, plain.input.tail(), output.tail()) {
                Ok(opened) => facts.close_notify = opened == Opened::Last,
                Err(_) => {
                    // What was begun ends as if the client had reset the connection.
                    (failed, edge.event) = (true, Event::Reset);
                }
            }
        }
        if facts.close_notify {
            input.clear();
            (edge.read_eof, edge.eof_reported) = (true, true);
        }
        // No TLS begins inside it.
        let ends = Ends { tls: None, secure: Some(facts), ..cx.ends };
        let next = loop {
            let mut within = Cx {
                clock: cx.clock,
                edge,
                ends,
                connection: cx.connection,
                app: cx.app,
                worker: &mut *cx.worker,
            };
            let next = self.inner.advance(&mut within, &mut plain.input, &mut plain.output);
            if failed {
                self.inner.release(cx.worker);
                plain.output.clear();
                return broken(FaultKind::Close);
            }
            if plain.output.is_empty() {
                break next;
            }
            let sealed = link.seal(input, plain.output.unread(), output.tail());
            plain.output.clear();
            if sealed.is_ok() {
                break next;
            }
            (failed, edge.event) = (true, Event::Reset);
        };
        if matches!(next, Next::Close | Next::Linger(_)) {
            link.close(input, output.tail());
            if let Stage::Open { facts, .. } =
                std::mem::replace(&mut self.stage, Stage::Closed(None))
            {
                self.stage = Stage::Closed(Some(facts));
            }
        }
        next
    }

    /// The machine lingers: it discards what arrives, so what arrives need not be opened.
    fn closed(&mut self, cx: &mut Cx, input: &mut Buf, plain: &mut Plain) -> Next {
        let next = self.inner.advance(cx, input, &mut plain.output);
        plain.output.clear();
        next
    }

    /// Without input, the machine decides how long to wait.
    fn wait(&mut self, cx: &mut Cx) -> Next {
        self.inner.advance(cx, &mut Buf::default(), &mut Buf::default())
    }

    fn to(&mut self, stage: Stage) -> Option<Next> {
        self.stage = stage;
        None
    }
}

impl<M: Machine> Machine for Tls<M> {
    fn advance(&mut self, cx: &mut Cx, input: &mut Buf, output: &mut Buf) -> Next {
        let begun = matches!(self.stage, Stage::Open { .. } | Stage::Closed(_));
        if !begun && matches!(cx.edge.event, Event::Refused | Event::Reset) {
            return Next::Close;
        }
        let mut plain = std::mem::take(&mut cx.worker.plain);
        plain.input.load(std::mem::take(&mut self.kept));
        let next = loop {
            let next = match &self.stage {
                Stage::Hello => self.hello(cx, input),
                Stage::Due { .. } => self.due(cx, output),
                Stage::Handshake { .. } => self.handshake(cx, input, output, &mut plain),
                Stage::Open { .. } => Some(self.open(cx, input, output, &mut plain)),
                Stage::Closed(_) => Some(self.closed(cx, input, &mut plain)),
            };
            if let Some(next) = next {
                break next;
            }
        };
        self.kept = plain.input.save(room(&cx.app.limits));
        plain.output.save(room(&cx.app.limits));
        cx.worker.plain = plain;
        next
    }

    #[inline(always)] // twice a turn
    fn standing(&self) -> Standing {
        match &self.stage {
            Stage::Due { .. } => {
                let state = ConnectionState::Handshake;
                Standing { state, reads: false, delayed: 1, ..Standing::READS }
            }
            Stage::Hello | Stage::Handshake { .. } => {
                let state = ConnectionState::Handshake;
                Standing { state, splice_budget: 0, ..self.inner.standing() }
            }
            _ => Standing { splice_budget: 0, ..self.inner.standing() },
        }
    }

    fn fire(&mut self, stream: u32, worker: &mut Shared) {
        self.inner.fire(stream, worker);
    }

    fn release(&mut self, worker: &mut Shared) {
        self.inner.release(worker);
    }
}

/// The capacity that a lent buffer goes back to: as much as a worker's others.
fn room(limits: &Limits) -> usize {
    limits.head_bytes + READ_BYTES + 2 * HEAD_ROOM
}

/// A fatal alert without encryption (RFC 8446 6), but for its number.
const ALERT: [u8; 6] = [21, 3, 3, 0, 2, 2];

/// The handshake is broken on purpose.
fn broken_by(fault: HandshakeFault, output: &mut Buf) -> Next {
    broken(match fault {
        HandshakeFault::Hang => FaultKind::Hang,
        HandshakeFault::Close => FaultKind::Close,
        HandshakeFault::Reset => FaultKind::Reset,
        HandshakeFault::Garbage => FaultKind::Garbage,
        HandshakeFault::Alert(number) => {
            output.tail().extend(ALERT.into_iter().chain([number]));
            FaultKind::Close
        }
    })
}

fn broken(kind: FaultKind) -> Next {
    Next::Become(Box::new(Upgrade::Broken(kind)))
}
