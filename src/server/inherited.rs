//! Sockets that another process has opened, and which listener each is for.
//!
//! A `--listen fd:NAME` names them, and any other one has those that are bound to its address. With
//! port 0 that is the address which a former process was given for the same text.

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;

use socket2::Socket;

use super::listen::{Address, Group};
use crate::config::{ALL_INHERITED, BadValue, Bind, Listen};

/// A socket to listen on that another process has opened.
#[derive(Debug)]
pub struct Inherited {
    /// Its name; several may have the same.
    pub name: String,
    /// It listens, if it is not for datagrams.
    pub socket: OwnedFd,
}

/// The beginning of the names by which a successor knows the sockets of the admin listener.
const FOR_ADMIN: &str = "admin listener ";

impl Inherited {
    /// The same as a socket of the admin listener.
    pub(super) fn for_admin(self) -> Inherited {
        Inherited { name: format!("{FOR_ADMIN}{}", self.name), ..self }
    }

    /// Whether it is one.
    pub(super) fn is_for_admin(&self) -> bool {
        self.name.starts_with(FOR_ADMIN)
    }

    /// The same by its own name.
    pub(super) fn unmarked(self) -> Inherited {
        Inherited { name: self.name.trim_start_matches(FOR_ADMIN).to_owned(), ..self }
    }
}

/// What a server begins with that another process has left to it.
#[derive(Debug, Default)]
pub struct Heritage {
    /// The sockets to listen on.
    pub sockets: Vec<Inherited>,
    /// A random CA that clients trust, with its key, in PEM.
    pub ca: Option<String>,
    /// Whether nothing else may be listened on, and each of them must be used.
    pub exclusive: bool,
}

/// An address, and the inherited sockets for it.
#[derive(Debug)]
pub(super) struct Adopted {
    pub(super) address: Address,
    pub(super) name: String,
    pub(super) sockets: Vec<Socket>,
}

impl Heritage {
    /// Takes the sockets for `fd:NAME`.
    pub(super) fn take_named(&mut self, bind: &Bind, name: &str) -> Result<Vec<Adopted>, BadValue> {
        let mut all: Vec<Adopted> = Vec::new();
        let is_wanted = |inherited: &mut Inherited| is_called(&inherited.name, name);
        for inherited in self.sockets.extract_if(.., is_wanted).collect::<Vec<_>>() {
            match Address::served_as(bind, &inherited.socket) {
                Some(address) => add(&mut all, address, inherited),
                // Another listener may be for it.
                None => self.sockets.push(inherited),
            }
        }
        match all.is_empty() && name != ALL_INHERITED {
            true => Err(self.missing(bind, name)),
            false => Ok(all),
        }
    }

    /// Takes the sockets that are bound to these addresses, which get the port of those if any free
    /// one would do.
    pub(super) fn take_bound(&mut self, listen: &Listen, group: Group) -> (Group, Vec<Adopted>) {
        let host = listen.bind.host().map(ToString::to_string).unwrap_or_default();
        let group = group.on_free_port(|| {
            let mut same = self.sockets.iter().filter(|inherited| inherited.name == host);
            same.find_map(|same| Some(Address::served_as(&listen.bind, &same.socket)?.port()))
        });
        let mut all = Vec::new();
        for address in &group.addresses {
            let is_at = |inherited: &mut Inherited| address.is_of(&inherited.socket);
            for inherited in self.sockets.extract_if(.., is_at) {
                add(&mut all, address.clone(), inherited);
            }
        }
        (group, all)
    }

    /// Why there is no socket for `fd:NAME`.
    fn missing(&self, bind: &Bind, name: &str) -> BadValue {
        let wrong = |wrong: String| BadValue::new(format!("{bind}: {wrong}"));
        if self.sockets.iter().any(|inherited| inherited.name == name) {
            return wrong("the inherited sockets of that name are of another kind".to_owned())
                .advise("a Unix socket has http:// alone, and UDP has udp-echo:// alone");
        }
        let names: BTreeSet<&str> =
            self.sockets.iter().map(|inherited| inherited.name.as_str()).collect();
        if names.is_empty() {
            return wrong("no socket is inherited".to_owned())
                .advise("start loiter by a systemd socket unit, or give an address");
        }
        let names = Vec::from_iter(names).join("`, `");
        wrong(format!("no inherited socket is called `{name}`, only `{names}`"))
            .advise("give one of these, or set FileDescriptorName= in the socket unit")
    }

    /// A socket that no listener is for must not be left to fill its queue.
    pub(super) fn check_used(&self) -> Result<(), BadValue> {
        match self.sockets.first() {
            Some(Inherited { name, .. }) if self.exclusive => {
                let wrong = format!("no --listen is for the inherited socket `{name}`");
                Err(BadValue::new(wrong).advise(format!("give --listen fd:{name}, or its address")))
            }
            _ => Ok(()),
        }
    }
}

/// Whether `fd:WANTED` names this socket.
pub(super) fn is_called(name: &str, wanted: &str) -> bool {
    wanted == ALL_INHERITED || wanted == name
}

fn add(all: &mut Vec<Adopted>, address: Address, inherited: Inherited) {
    let Inherited { name, socket } = inherited;
    match all.iter_mut().find(|adopted| adopted.address == address) {
        Some(adopted) => adopted.sockets.push(socket.into()),
        None => all.push(Adopted { address, name, sockets: vec![socket.into()] }),
    }
}
