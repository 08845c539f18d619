//! The listeners of a server. The main thread has a copy of every socket, from which those of the
//! workers are made, and those of a successor.

use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use socket2::Socket;

use super::inherited::{Adopted, Heritage, Inherited, is_called};
use super::listen::{Address, Group, Open};
use super::net::ListenKind;
use super::os;
use super::plan::Plan;
use super::socket_file::{self, SocketFile};
use super::start_error::StartError;
use super::worker::Listener;
use crate::base::limits::MAX_LISTENERS;
use crate::config::{ALL_INHERITED, BadValue, Bind, Listen, Settings};
use crate::http::app::App;
use crate::http::modifiers::Modifiers;
use crate::http::modifiers::Protocol::Http11;
use crate::proto::conn::Protocol;
use crate::proto::defaults;

/// The listeners of a server, in the order of its settings.
#[derive(Debug, Default)]
pub(super) struct Registry {
    groups: Vec<Registered>,
    last_id: u32,
    /// Whether nothing else is listened on than what was inherited.
    exclusive: bool,
    /// Whether the server stops: then nothing is opened any more.
    released: bool,
}

/// The addresses of a listener whose host has been resolved.
pub(super) type Resolved = (Group, Bind);

/// Resolves the host of a listener.
pub(super) fn resolve(listen: &Listen) -> Result<Group, StartError> {
    Group::resolve(listen).map_err(|error| StartError::Resolve(listen.bind.clone(), error))
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
    /// The name of the inherited sockets, or the host of the `--listen`.
    name: String,
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

    /// Copies of all sockets, and whether nothing else may be listened on.
    pub(super) fn sockets(&self) -> io::Result<(Vec<Inherited>, bool)> {
        let all = self.bound().flat_map(|bound| bound.sockets.iter().map(move |s| (bound, s)));
        let copy = |(bound, socket): (&Bound, &Socket)| {
            Ok(Inherited { name: bound.name.clone(), socket: socket.try_clone()?.into() })
        };
        Ok((all.map(copy).collect::<io::Result<_>>()?, self.exclusive))
    }

    /// Listeners of these settings that are new, so their hosts have to be resolved.
    pub(super) fn unresolved(&self, settings: &Settings) -> Vec<Listen> {
        let is_new = |listen: &&Listen| {
            let is_known = self.groups.iter().any(|group| group.listen.bind == listen.bind);
            !is_known && listen.bind.inherited().is_none()
        };
        settings.listen.iter().filter(is_new).cloned().collect()
    }

    /// Opens what these settings have beyond what is open, and was `inherited`. Hosts that are not
    /// in `resolved` are resolved.
    pub(super) fn next(
        &mut self,
        settings: &Settings,
        workers: usize,
        mut inherited: Heritage,
        resolved: &[Resolved],
    ) -> Result<Next, StartError> {
        if self.released {
            return Err(StartError::Stopping);
        }
        self.exclusive |= inherited.exclusive;
        let mut next = Next::default();
        // Those for all other inherited sockets come last.
        let is_last = |listen: &&Listen| listen.bind.inherited() == Some(ALL_INHERITED);
        let first = settings.listen.iter().filter(|listen| !is_last(listen));
        for listen in first.chain(settings.listen.iter().filter(is_last)) {
            let all = match self.unchanged(listen, &next) {
                Some(kept) => {
                    let addresses = Vec::from_iter(kept.iter().map(Place::address).cloned());
                    next.check(&listen.bind, &addresses)?;
                    kept
                }
                None => match listen.bind.inherited() {
                    Some(name) => self.adopt(listen, name, &next, &mut inherited)?,
                    None => {
                        let known = resolved.iter().find(|(_, bind)| *bind == listen.bind);
                        let group = known.map(|(group, _)| Ok(group.clone()));
                        let group = group.unwrap_or_else(|| resolve(listen))?;
                        self.open(listen, group, workers, &next, &mut inherited)?
                    }
                },
            };
            next.groups.push(NextGroup { listen: listen.clone(), all });
        }
        inherited.check_used().map_err(StartError::Address)?;
        if next.places().next().is_none() {
            let nothing = BadValue::new("no socket is inherited, and none is to be opened");
            return Err(StartError::Address(nothing.advise("give an address with --listen")));
        }
        Ok(next)
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
        group: Group,
        workers: usize,
        next: &Next,
        inherited: &mut Heritage,
    ) -> Result<Vec<Place>, StartError> {
        let (group, adopted) = inherited.take_bound(listen, group);
        next.check(&listen.bind, &group.addresses)?;
        let kept = |address: &Address| {
            let is_free =
                |bound: &&Bound| !next.keeps(bound.id) && bound.address.shares_socket_with(address);
            let bound = self.bound().find(is_free)?;
            Some(Place::Kept(bound.id, address.clone()))
        };
        let mut all: Vec<Place> = group.addresses.iter().filter_map(kept).collect();
        for address in all.iter().map(Place::address) {
            if let Address::Unix(socket) = address
                && !self.exclusive
            {
                let set = socket_file::set_access(socket);
                set.map_err(|error| StartError::Listen(address.clone(), error))?;
            }
        }
        let is_open = |address: &Address| kept(address).is_some();
        let host = listen.bind.host().map(ToString::to_string).unwrap_or_default();
        if !adopted.is_empty() {
            all.extend(adopted.into_iter().map(|adopted| match self.exclusive {
                true => self.add(adopted),
                false => self.add(Adopted { name: host.clone(), ..adopted }),
            }));
        } else if !self.exclusive {
            let is_ours = |port| self.addresses().any(|address| address.port() == port);
            let opened = group
                .open(workers, is_open, is_ours)
                .map_err(|(address, error)| StartError::Listen(address, error))?;
            all.extend(opened.into_iter().map(|Open { address, sockets }| {
                self.add(Adopted { address, name: host.clone(), sockets })
            }));
        } else if all.is_empty() {
            let bad = BadValue::new(format!("no inherited socket is bound to `{}`", listen.bind));
            return Err(StartError::Address(bad.advise(
                "with LISTEN_FDS nothing else is listened on; remove it, or add it to the socket \
                 unit",
            )));
        }
        Ok(all)
    }

    /// Takes over or keeps the inherited sockets of a `--listen fd:NAME`.
    fn adopt(
        &mut self,
        listen: &Listen,
        name: &str,
        next: &Next,
        inherited: &mut Heritage,
    ) -> Result<Vec<Place>, StartError> {
        let is_free = |bound: &&Bound| is_called(&bound.name, name) && !next.keeps(bound.id);
        let kept = |bound: &Bound| {
            let address = Address::served_as(&listen.bind, bound.sockets.first()?)?;
            Some(Place::Kept(bound.id, address))
        };
        let mut all: Vec<Place> = self.bound().filter(is_free).filter_map(kept).collect();
        if all.is_empty() {
            let taken = inherited.take_named(&listen.bind, name).map_err(StartError::Address)?;
            all.extend(taken.into_iter().map(|adopted| self.add(adopted)));
        }
        let addresses = Vec::from_iter(all.iter().map(Place::address).cloned());
        next.check(&listen.bind, &addresses)?;
        Ok(all)
    }

    /// Gives sockets their number.
    fn add(&mut self, adopted: Adopted) -> Place {
        self.last_id += 1;
        let Adopted { address, name, sockets } = adopted;
        let file = address.file().and_then(SocketFile::of).filter(|_| !self.exclusive);
        Place::New(Bound { id: self.last_id, name, address, sockets, shared: self.exclusive, file })
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

    /// Gives all up, for good: the workers have their own copies. Returns the socket files that no
    /// other process uses.
    pub(super) fn release(&mut self, has_successor: bool) -> Vec<SocketFile> {
        self.released = true;
        let all = std::mem::take(&mut self.groups).into_iter().flat_map(|group| group.all);
        all.filter(|bound| !has_successor && !bound.shared).filter_map(|bound| bound.file).collect()
    }
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
                let listener = place.address().listener(deferred).numbered(bound.id, bound.shared);
                let listener = listener.with(modifiers.clone()).with_tls(tls.clone());
                let listener = listener.with_proxy(listen.proxy);
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

    /// Its sockets for one of the workers, each for one at least. Without enough of them a worker
    /// shares one with others, except a socket file of our own, which the first worker serves.
    pub(super) fn sockets(&self, worker: usize, workers: usize) -> Vec<BorrowedFd<'_>> {
        let Bound { sockets, shared, .. } = self.bound;
        let is_divided = *shared || self.kind() != ListenKind::Unix;
        let number = if is_divided { worker % sockets.len() } else { worker };
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
