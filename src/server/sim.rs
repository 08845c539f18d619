//! A simulated environment for a worker, determined by a seed.
//!
//! There are no sockets and no clock. Time jumps to the next event, so minutes take milliseconds.
//! Bytes arrive in pieces, also during a turn; pipes fill up; calls are interrupted; descriptors
//! run out; events come twice and in any order. Tests write the clients ([`Client`]). The same seed
//! gives the same run, to the byte.

use std::fmt::Debug;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::mpsc::Sender;
use std::time::Duration;

use super::net::{Event, Net, Plans};
use super::worker::Command;
use crate::base::random::Random;
use crate::base::slab::Token;
use crate::base::time::Time;

mod datagrams;
mod faults;
mod link;
mod splice;

use datagrams::Datagrams;
pub use faults::Faults;
pub use link::Link;
pub use splice::Spliced;

/// The other end of a connection.
pub trait Client: Debug {
    /// Acts on its connection, and returns when to call it again, if the server sends nothing.
    fn act(&mut self, now: Time, link: &mut Link) -> Time;
}

/// The simulated environment.
#[derive(Debug)]
pub struct Sim<C> {
    now: Time,
    random: Random,
    faults: Faults,
    peers: Vec<Peer<C>>,
    /// Clients that have connected and were not accepted yet.
    queue: Vec<usize>,
    /// Whether a connection to accept has not been reported.
    connecting: bool,
    listening: bool,
    commands: Sender<Command>,
    drained: bool,
    steps: u64,
    spliced: Spliced,
    datagrams: Datagrams,
    /// Whether datagrams have arrived and were not reported.
    arrived: bool,
}

/// A client and its state.
#[derive(Debug)]
pub struct Peer<C> {
    /// The client.
    pub client: C,
    link: Link,
    accepted: bool,
    /// The token of its events; before it is registered there are none.
    token: Option<Token>,
    wake: Time,
    connected: bool,
    closed: bool,
}

/// Longest jump of the clock.
const MOST_JUMP_US: u64 = 2_000_000;
/// Longest time for which the report of a connection is late.
const MOST_LATE_US: u64 = 10_000;
/// Number of waits after which a run counts as stuck.
const MOST_STEPS: u64 = 2_000_000;

impl<C: Client> Sim<C> {
    /// An environment with these clients, each of which connects at its time.
    pub fn new(
        seed: u64,
        faults: Faults,
        clients: Vec<(Time, C)>,
        commands: Sender<Command>,
    ) -> Sim<C> {
        let room = faults.pipe_bytes;
        let peer = |(wake, client)| Peer {
            client,
            link: Link::new(room),
            accepted: false,
            token: None,
            wake,
            connected: false,
            closed: false,
        };
        Sim {
            now: Time::START,
            random: Random::new(seed),
            faults,
            peers: clients.into_iter().map(peer).collect(),
            queue: Vec::new(),
            connecting: false,
            listening: true,
            commands,
            drained: false,
            steps: 0,
            spliced: Spliced::default(),
            datagrams: Datagrams::default(),
            arrived: false,
        }
    }

    /// Sends datagrams, each at its time, to the second listener.
    pub fn send_datagrams(&mut self, all: Vec<(Time, Vec<u8>)>) {
        self.datagrams.send(all);
    }

    /// The datagrams that came back, each with its time.
    pub fn echoed_datagrams(&self) -> &[(Time, Vec<u8>)] {
        &self.datagrams.echoed
    }

    /// The clients, after the run.
    pub fn peers(&self) -> &[Peer<C>] {
        &self.peers
    }

    /// Connections that the server has accepted and not closed.
    pub fn open(&self) -> usize {
        self.peers.iter().filter(|peer| peer.accepted && !peer.closed).count()
    }

    /// After the worker has ended: lets clients receive what was sent.
    pub fn settle(&mut self) {
        while self.next_wake() != Time::NEVER {
            self.now = self.now.max(self.next_wake());
            self.run_due();
        }
    }

    /// Advances the time a little, and runs what is due.
    fn tick(&mut self) {
        self.now = self.now.after_us(self.random.below(4));
        self.run_due();
    }

    /// Runs everything that is due.
    fn run_due(&mut self) {
        for number in 0..self.peers.len() {
            let peer = &mut self.peers[number];
            if peer.wake > self.now {
                continue;
            }
            if !peer.connected {
                peer.connected = true;
                self.queue.push(number);
                self.connecting = true;
            }
            peer.wake = peer.client.act(self.now, &mut peer.link);
        }
        self.arrived |= self.datagrams.arrive(self.now);
        if self.faults.drain.is_some_and(|(at, _)| at <= self.now) {
            self.drain();
        }
    }

    fn drain(&mut self) {
        let within = self.faults.drain.take().map_or(Duration::from_secs(1), |(_, within)| within);
        self.drained = true;
        // The worker may have ended.
        let _ = self.commands.send(Command::Drain(within.into(), Vec::new()));
    }

    /// Appends the events that have not been reported.
    fn report(&mut self, events: &mut Vec<Event>) {
        if std::mem::take(&mut self.drained) {
            events.push(Event::Inbox);
        }
        if std::mem::take(&mut self.arrived) {
            events.push(Event::Listener(datagrams::LISTENER));
        }
        // Sometimes the report is late, as if the worker had not been scheduled.
        if self.connecting && self.random.below(4) > 0 {
            self.connecting = false;
            events.extend(self.listening.then_some(Event::Listener(0)));
        }
        for peer in &mut self.peers {
            let Some(token) = peer.token else { continue };
            let spurious = self.random.below(50) == 0;
            if (!peer.link.reported || spurious) && !peer.closed {
                peer.link.reported = true;
                events.push(Event::Socket(token, std::mem::take(&mut peer.link.changed)));
            }
        }
        for i in (1..events.len()).rev() {
            events.swap(i, self.random.below(i as u64 + 1) as usize);
        }
    }

    fn next_wake(&self) -> Time {
        let drain = self.faults.drain.as_ref().map_or(Time::NEVER, |(at, _)| *at);
        let peers = self.peers.iter().map(|peer| peer.wake).min().unwrap_or(Time::NEVER);
        peers.min(drain).min(self.datagrams.next())
    }

    /// Sometimes a call is interrupted.
    fn fault(&mut self) -> io::Result<()> {
        match self.faults.error_one_in {
            0 => Ok(()),
            one_in if self.random.below(one_in) == 0 => Err(ErrorKind::Interrupted.into()),
            _ => Ok(()),
        }
    }
}

impl<C: Client> Net for Sim<C> {
    type Socket = usize;

    fn now(&mut self) -> Time {
        self.tick();
        self.now
    }

    fn unix_time(&mut self) -> Duration {
        Duration::ZERO
    }

    fn wait(&mut self, until: Time, events: &mut Vec<Event>) {
        loop {
            self.steps += 1;
            assert!(self.steps < MOST_STEPS, "the simulation is stuck at {:?}: {self:?}", self.now);
            self.run_due();
            self.report(events);
            if !events.is_empty() || until <= self.now {
                return;
            }
            if self.faults.jump_one_in > 0 && self.random.below(self.faults.jump_one_in) == 0 {
                self.now = self.now.after_us(self.random.below(MOST_JUMP_US));
                continue;
            }
            let next = self.next_wake().min(until);
            if self.connecting && next > self.now.after_us(MOST_LATE_US) {
                continue;
            }
            if next == Time::NEVER {
                // Nothing more can happen: the clients are gone and the worker has no timer.
                assert_eq!(self.open(), 0, "connections were forgotten: {self:?}");
                self.drain();
            } else {
                self.now = self.now.max(next);
            }
        }
    }

    fn accept(&mut self, _: usize) -> io::Result<(usize, Option<IpAddr>)> {
        self.tick();
        if self.queue.is_empty() {
            return Err(ErrorKind::WouldBlock.into());
        }
        let fails =
            self.faults.error_one_in > 0 && self.random.below(self.faults.error_one_in) == 0;
        if fails || self.open() >= self.faults.descriptors {
            return Err(io::Error::from_raw_os_error(libc::EMFILE));
        }
        let number = self.queue.remove(0);
        self.peers[number].accepted = true;
        Ok((number, Some(IpAddr::V4(Ipv4Addr::LOCALHOST))))
    }

    /// The first event reports the current readiness: bytes that were read do not count.
    fn register(&mut self, socket: &mut usize, token: Token) -> io::Result<()> {
        self.tick();
        let peer = &mut self.peers[*socket];
        assert!(peer.token.replace(token).is_none(), "registered twice");
        peer.link.changed = peer.link.state();
        peer.link.reported = peer.link.full && !peer.link.changed.readable;
        Ok(())
    }

    fn echo_datagrams(&mut self, _: usize, plans: Option<Plans>) -> Time {
        self.tick();
        self.datagrams.echo(self.now, plans)
    }

    fn read(&mut self, socket: &mut usize, into: &mut Vec<u8>, most: usize) -> io::Result<usize> {
        self.tick();
        self.fault()?;
        let short_read_is_all = self.faults.short_read_is_all;
        let link = &mut self.peers[*socket].link;
        match (link.reset, link.to_server.len(), link.client_ended) {
            (true, _, _) => Err(ErrorKind::ConnectionReset.into()),
            (_, 0, true) => Ok(0),
            (_, 0, false) => Err(ErrorKind::WouldBlock.into()),
            (_, there, _) => {
                let mut bytes = there.min(most);
                if !short_read_is_all {
                    bytes = 1 + self.random.below(bytes as u64) as usize;
                }
                into.extend(self.peers[*socket].link.to_server.drain(..bytes));
                // The client can send more now.
                self.peers[*socket].wake = self.peers[*socket].wake.min(self.now.after_us(20));
                Ok(bytes)
            }
        }
    }

    fn short_read_is_all(&self) -> bool {
        self.faults.short_read_is_all
    }

    fn write(&mut self, socket: &mut usize, bytes: &[u8]) -> io::Result<usize> {
        self.tick();
        self.fault()?;
        let some = 1 + self.random.below(bytes.len() as u64) as usize;
        let peer = &mut self.peers[*socket];
        if peer.link.reset {
            return Err(ErrorKind::BrokenPipe.into());
        }
        let room = peer.link.room - peer.link.to_client.len();
        if room == 0 {
            peer.link.full = true;
            return Err(ErrorKind::WouldBlock.into());
        }
        let taken = some.min(room);
        peer.link.to_client.extend_from_slice(&bytes[..taken]);
        peer.wake = peer.wake.min(self.now.after_us(20));
        Ok(taken)
    }

    fn splice(&mut self, from: &mut usize, most: usize, rest: &mut Vec<u8>) -> io::Result<usize> {
        self.splice_back(from, most, rest)
    }

    fn shutdown(&mut self, socket: &mut usize) {
        let peer = &mut self.peers[*socket];
        peer.link.server_ended = true;
        peer.wake = peer.wake.min(self.now.after_us(20));
    }

    fn unacked(&mut self, socket: &mut usize) -> usize {
        self.tick();
        self.peers[*socket].link.acknowledge(&mut self.random)
    }

    fn reset_on_close(&mut self, socket: &mut usize) {
        self.peers[*socket].link.reset_on_close = true;
    }

    fn narrow(&mut self, socket: &mut usize) {
        self.peers[*socket].link.narrow = true;
    }

    fn close(&mut self, socket: usize) {
        let peer = &mut self.peers[socket];
        assert!(!peer.closed, "closed twice");
        peer.closed = true;
        peer.link.close();
        peer.wake = peer.wake.min(self.now.after_us(20));
    }

    fn close_listener(&mut self, number: usize) {
        if number > 0 {
            return;
        }
        self.listening = false;
        for number in std::mem::take(&mut self.queue) {
            let peer = &mut self.peers[number];
            peer.link.reset();
            peer.link.server_ended = true;
            peer.link.dead = true;
            peer.wake = self.now.after_us(20);
        }
    }
}
