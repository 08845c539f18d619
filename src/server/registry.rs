//! The listeners of a server. The main thread has a copy of every socket, from which those of the
//! workers are made, and those of a successor.

use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use socket2::Socket;

use super::listen::{Address, Group, Open};
use super::net::ListenKind;
use super::os;
use super::plan::Plan;
use super::socket_file::{self, SocketFile};
use super::start_error::StartError;
use super::worker::Listener;
use crate::base::limits::MAX_LISTENERS;
use crate::config::{BadValue, Bind, Listen, Settings};
use crate::http::app::App;
use crate::http::modifiers::Modifiers;
use crate::http::modifiers::Protocol::Http11;
use crate::proto::conn::Protocol;
use crate::proto::defaults;

/// What a server begins with that another process has left to it.
#[derive(Debug, Default)]
pub struct Heritage {
    /// The sockets to listen on; if there are any, nothing else is listened on.
    pub sockets: Vec<Inherited>,
    /// A random CA that clients trust, with its key, in PEM.
    pub ca: Option<String>,
}

/// A socket to listen on that another process has opened.
#[derive(Debug)]
pub struct Inherited {
    /// Its name; several may have the same.
    pub name: String,
    /// It listens, if it is not for datagrams.
    pub socket: OwnedFd,
}

/// The listeners of a server, in the order of its settings.
#[derive(Debug, Default)]
pub(super) struct Registry {
    groups: Vec<Registered>,
    last_id: u32,
}

/// What one `--listen` has opened.
#[derive(Debug)]
struct Registered {
    listen: Listen,
    all: Vec<Bound>,
}

/// An address that is listened on.
#[derive(Debug)]
pub(super) struct Bound {
    /// Its number in the workers.
    id: u32,
    address: Address,
    /// Those of all workers.
    sockets: Vec<Socket>,
    /// Whether another process has the sockets too.
    shared: bool,
    file: Option<SocketFile>,
}

/// The listeners that a server is to have.
#[derive(Debug, Default)]
pub(super) struct Next {
    groups: Vec<NextGroup>,
}

#[derive(Debug)]
struct NextGroup {
    listen: Listen,
    all: Vec<Place>,
}

/// Where a listener comes from.
#[derive(Debug)]
enum Place {
    /// It is the one of this number, perhaps with another protocol.
    Kept(u32, Address),
    /// It has just been opened.
    New(Bound),
}

impl Registry {
    /// The addresses, with their actual ports.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.bound().map(|bound| &bound.address)
    }

    fn bound(&self) -> impl Iterator<Item = &Bound> {
        self.groups.iter().flat_map(|group| &group.all)
    }

    /// Copies of all sockets, each named by its address.
    pub(super) fn sockets(&self) -> io::Result<Vec<Inherited>> {
        let all = self.bound().flat_map(|bound| bound.sockets.iter().map(move |s| (bound, s)));
        let copy = |(bound, socket): (&Bound, &Socket)| {
            Ok(Inherited { name: bound.address.to_string(), socket: socket.try_clone()?.into() })
        };
        all.map(copy).collect()
    }

    /// Opens what these settings have beyond what is open. With `inherited` sockets nothing new is
    /// opened, and each of them must be used.
    pub(super) fn next(
        &mut self,
        settings: &Settings,
        workers: usize,
        inherited: Vec<Inherited>,
    ) -> Result<Next, StartError> {
        let mut inherited = (!inherited.is_empty()).then_some(inherited);
        let mut next = Next::default();
        for listen in &settings.listen {
            let all = match self.unchanged(listen, &next) {
                Some(kept) => {
                    let addresses = Vec::from_iter(kept.iter().map(Place::address).cloned());
                    next.check(&listen.bind, &addresses)?;
                    kept
                }
                None => self.open(listen, workers, &next, inherited.as_mut())?,
            };
            next.groups.push(NextGroup { listen: listen.clone(), all });
        }
        match inherited.and_then(|unused| unused.into_iter().next()) {
            None => Ok(next),
            Some(unused) => Err(StartError::Address(
                BadValue::new(format!("no --listen is for the inherited socket `{}`", unused.name))
                    .advise("give one for its address"),
            )),
        }
    }

    /// The listeners of a `--listen` that the settings had before.
    fn unchanged(&self, listen: &Listen, next: &Next) -> Option<Vec<Place>> {
        let is_same = |group: &&Registered| {
            let unused = group.all.iter().all(|bound| !next.keeps(bound.id));
            group.listen.bind == listen.bind && unused
        };
        let group = self.groups.iter().find(is_same)?;
        let kept = |bound: &Bound| Place::Kept(bound.id, bound.address.clone());
        Some(group.all.iter().map(kept).collect())
    }

    /// Opens the addresses of a `--listen`, or keeps sockets that are bound to them.
    fn open(
        &mut self,
        listen: &Listen,
        workers: usize,
        next: &Next,
        inherited: Option<&mut Vec<Inherited>>,
    ) -> Result<Vec<Place>, StartError> {
        let group = Group::resolve(listen)
            .map_err(|error| StartError::Resolve(listen.bind.clone(), error))?;
        next.check(&listen.bind, &group.addresses)?;
        let kept = |address: &Address| {
            let is_free =
                |bound: &&Bound| !next.keeps(bound.id) && bound.address.shares_socket_with(address);
            let bound = self.bound().find(is_free)?;
            Some(Place::Kept(bound.id, address.clone()))
        };
        let mut all: Vec<Place> = group.addresses.iter().filter_map(kept).collect();
        for address in all.iter().map(Place::address) {
            if let Address::Unix(socket) = address {
                let set = socket_file::set_access(socket);
                set.map_err(|error| StartError::Listen(address.clone(), error))?;
            }
        }
        let is_open = |address: &Address| kept(address).is_some();
        let opened = match inherited {
            None => {
                let is_ours = |port| self.addresses().any(|address| address.port() == port);
                group
                    .open(workers, is_open, is_ours)
                    .map_err(|(address, error)| StartError::Listen(address, error))?
                    .into_iter()
                    .map(|open| (open, false))
                    .collect()
            }
            Some(inherited) => adopt(listen, &group, inherited)?,
        };
        for (Open { address, sockets }, shared) in opened {
            self.last_id += 1;
            let file = address.file().and_then(SocketFile::of);
            all.push(Place::New(Bound { id: self.last_id, address, sockets, shared, file }));
        }
        Ok(all)
    }

    /// Takes over the new listeners. Returns those that are no longer to be listened on.
    pub(super) fn replace(&mut self, mut next: Next) -> Vec<Bound> {
        let mut old: Vec<Bound> =
            std::mem::take(&mut self.groups).into_iter().flat_map(|group| group.all).collect();
        for NextGroup { listen, all } in std::mem::take(&mut next.groups) {
            let mut bound = Vec::new();
            for place in all {
                match place {
                    Place::New(new) => bound.push(new),
                    Place::Kept(id, address) => {
                        let at = old.iter().position(|old| old.id == id);
                        bound.extend(at.map(|at| Bound { address, ..old.swap_remove(at) }));
                    }
                }
            }
            self.groups.push(Registered { listen, all: bound });
        }
        old
    }

    /// Gives all up: the workers have their own copies. Removes the socket files, unless a
    /// successor uses them.
    pub(super) fn release(&mut self, has_successor: bool) {
        for bound in std::mem::take(&mut self.groups).into_iter().flat_map(|group| group.all) {
            if let Some(file) = bound.file.filter(|_| !has_successor && !bound.shared) {
                file.remove();
            }
        }
    }
}

/// The inherited sockets that are bound to the addresses of a `--listen`.
fn adopt(
    listen: &Listen,
    group: &Group,
    inherited: &mut Vec<Inherited>,
) -> Result<Vec<(Open, bool)>, StartError> {
    let mut all = Vec::new();
    for address in &group.addresses {
        let is_at = |inherited: &mut Inherited| address.is_of(&inherited.socket);
        let sockets: Vec<Socket> =
            inherited.extract_if(.., is_at).map(|inherited| inherited.socket.into()).collect();
        for socket in &sockets {
            socket.set_nonblocking(true).map_err(StartError::System)?;
        }
        if !sockets.is_empty() {
            all.push((Open { address: address.clone(), sockets }, true));
        }
    }
    if all.is_empty() {
        let bad = BadValue::new(format!("no inherited socket is bound to `{}`", listen.bind));
        return Err(StartError::Address(bad.advise(
            "with LISTEN_FDS nothing else is listened on; remove it, or give the socket",
        )));
    }
    Ok(all)
}

/// Listeners that were not taken over are closed, and leave no file.
impl Drop for Next {
    fn drop(&mut self) {
        for place in self.groups.drain(..).flat_map(|group| group.all) {
            if let Place::New(mut bound) = place {
                bound.remove_file();
            }
        }
    }
}

impl Next {
    fn keeps(&self, id: u32) -> bool {
        self.places().any(|place| matches!(place, Place::Kept(kept, _) if *kept == id))
    }

    fn places(&self) -> impl Iterator<Item = &Place> {
        self.groups.iter().flat_map(|group| &group.all)
    }

    /// Whether these addresses can be added: none of them may be there yet.
    fn check(&self, bind: &Bind, new: &[Address]) -> Result<(), StartError> {
        let known = || self.places().map(Place::address);
        let is_known = |new: &&Address| known().any(|known| known.shares_socket_with(new));
        if let Some(twice) = new.iter().filter(|new| new.has_socket()).find(is_known) {
            return Err(StartError::Address(
                BadValue::new(format!("`{bind}` is {twice}, which is listened on already"))
                    .advise("give each address once"),
            ));
        }
        if known().count() + new.len() > MAX_LISTENERS {
            let why = format!("more than {MAX_LISTENERS} listeners");
            return Err(StartError::System(io::Error::new(ErrorKind::InvalidInput, why)));
        }
        Ok(())
    }

    /// The listeners, as workers see them: those with new sockets, with which each worker begins,
    /// and those that stay.
    pub(super) fn listeners<'a>(
        &'a self,
        settings: &'a Settings,
        plan: &'a Plan,
        old: &'a Registry,
    ) -> Result<Vec<Configured<'a>>, StartError> {
        let mut all = Vec::new();
        for NextGroup { listen, all: places } in &self.groups {
            let modifiers = listen.shared_modifiers();
            let secure = plan.secure.as_ref();
            let acceptor = secure.map(|secure| secure.acceptor(settings, listen)).transpose();
            let tls = acceptor.map_err(StartError::Tls)?.flatten();
            for place in places {
                let (bound, is_new) = match place {
                    Place::New(bound) => (Some(bound), true),
                    Place::Kept(id, _) => (old.bound().find(|bound| bound.id == *id), false),
                };
                let Some(bound) = bound else { continue };
                let deferred = bound.defer(plan, modifiers.as_ref(), place.address());
                let listener = place.address().listener(deferred).numbered(bound.id);
                let listener = listener.with(modifiers.clone()).with_tls(tls.clone());
                all.push(Configured { listener, bound, is_new });
            }
        }
        Ok(all)
    }
}

/// A listener with its settings.
pub(super) struct Configured<'a> {
    pub(super) listener: Listener,
    bound: &'a Bound,
    pub(super) is_new: bool,
}

impl Configured<'_> {
    /// What its socket is.
    pub(super) fn kind(&self) -> ListenKind {
        self.bound.address.kind()
    }

    /// Its sockets for one of the workers. Without enough of them, those of another process are
    /// shared by several, and a worker has none of our own.
    pub(super) fn sockets(&self, worker: usize, workers: usize) -> Vec<BorrowedFd<'_>> {
        let Bound { sockets, shared, .. } = self.bound;
        let number = if *shared { worker % sockets.len() } else { worker };
        let own = sockets.iter().skip(number).step_by(workers.max(1));
        own.map(AsFd::as_fd).collect()
    }
}

impl Place {
    fn address(&self) -> &Address {
        match self {
            Place::Kept(_, address) => address,
            Place::New(bound) => &bound.address,
        }
    }
}

impl Bound {
    /// Its number in the workers.
    pub(super) fn id(&self) -> u32 {
        self.id
    }

    /// Removes its socket file, if it has one.
    pub(super) fn remove_file(&mut self) {
        if let Some(file) = self.file.take_if(|_| !self.shared) {
            file.remove();
        }
    }

    /// Has the kernel defer accepting or not, and returns whether it does: not for defaults that
    /// may break a connection as soon as it is accepted.
    fn defer(&self, plan: &Plan, modifiers: Option<&Arc<Modifiers>>, address: &Address) -> bool {
        if self.address.kind() != ListenKind::Tcp {
            return false;
        }
        let is_echo = address.protocol() == Some(Protocol::Echo);
        let wanted = plan.defer_accept && !is_echo && !breaks_at_connect(&plan.app, modifiers);
        let set = |socket: &Socket| os::defer_accept(socket, wanted).is_ok();
        self.sockets.iter().all(set) && wanted
    }
}

fn breaks_at_connect(app: &App, modifiers: Option<&Arc<Modifiers>>) -> bool {
    let asked = defaults::asked(app, modifiers.map(|modifiers| &**modifiers), Http11);
    asked.is_some_and(|asked| defaults::break_at_connect(&asked))
}

#[cfg(test)]
mod tests;
