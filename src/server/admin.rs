//! The admin listener: a server of its own in the same process, with one worker, whose endpoints
//! control the other. So what it serves never waits behind a test's load, counts in none of its
//! limits, and is there until the other workers have ended.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use super::control::{Controller, ExitHook};
use super::inherited::{Heritage, Inherited};
use super::listen::{Address, Group};
use super::start_error::StartError;
use super::{Drain, Handle, Server};
use crate::base::limits::{ADMIN_CONNECTIONS, ADMIN_LAST, Limits};
use crate::config::{Bind, Host, Listen, Settings};
use crate::http::app::App;
use crate::http::compat::ADMIN;
use crate::http::control::{Readiness, SharedControl};

/// What a server has for its control, beside its workers.
#[derive(Debug, Default)]
pub(super) struct Admin {
    /// Whether the server wants requests.
    pub(super) readiness: Readiness,
    /// The server behind the admin listener, if there is one.
    server: Mutex<Option<Server>>,
    /// What ends the process; without it, an exit drains the server.
    pub(super) exit: OnceLock<ExitHook>,
}

impl Admin {
    /// For a server whose readiness this is.
    pub(super) fn new(readiness: Readiness) -> Admin {
        Admin { readiness, ..Admin::default() }
    }

    fn server(&self) -> MutexGuard<'_, Option<Server>> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The handle of the server behind the admin listener.
    pub(super) fn handle(&self) -> Option<Handle> {
        self.server().as_ref().map(Server::handle)
    }

    /// Ends the admin listener, once what it is answering is answered.
    pub(super) fn end(&self) {
        // Not within the lock: it ends when its worker has, which may want the lock.
        let server = self.server().take();
        if let Some(server) = server {
            // Its clients' connections are idle: nothing is lost.
            let idle = Duration::ZERO;
            server.handle.drain(Drain { idle, ..Drain::from(ADMIN_LAST) });
            server.join();
        }
    }
}

impl Handle {
    /// The addresses of the admin listener, with their actual ports.
    ///
    /// ```
    /// use std::io::{Read, Write};
    ///
    /// let server = loiter::Server::builder().setting("admin", "127.0.0.1:0");
    /// let server = server.listen("127.0.0.1:0").start()?;
    /// let admin = server.handle().admin_addresses().remove(0).to_string().replace("http://", "");
    /// let mut client = std::net::TcpStream::connect(&admin)?;
    /// client.write_all(b"GET /livez HTTP/1.0\r\n\r\n")?;
    /// let mut answer = String::new();
    /// client.read_to_string(&mut answer)?;
    /// assert!(answer.starts_with("HTTP/1.0 200 OK\r\n") && answer.ends_with("\r\n\r\nok\n"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn admin_addresses(&self) -> Vec<Address> {
        self.shared.admin.handle().map(|admin| admin.addresses()).unwrap_or_default()
    }

    /// Opens the admin listener of these settings, or changes it to what they say.
    pub(super) fn open_admin(
        &self,
        settings: &Settings,
        inherited: Heritage,
    ) -> Result<(), StartError> {
        let Some(bind) = &settings.admin else { return Ok(()) };
        let control = Controller::new(self.clone(), names(bind));
        let own = own_settings(settings, bind, SharedControl(Arc::new(control)));
        let before = self.admin_addresses();
        // Not within the lock: the end of the server waits for that.
        match self.shared.admin.handle() {
            Some(admin) => drop(admin.reload(&own)?),
            None => {
                let started = Server::start_with(own, inherited)?;
                *self.shared.admin.server() = Some(started);
            }
        }
        for address in self.admin_addresses().iter().filter(|address| !before.contains(address)) {
            warn_if_reachable(address);
        }
        Ok(())
    }
}

/// Takes the sockets of the admin listener out of those that were inherited.
pub(super) fn take_inherited(
    settings: &Settings,
    inherited: &mut Heritage,
) -> Result<Heritage, StartError> {
    let mut own = Heritage::default();
    let (marked, others) =
        inherited.sockets.drain(..).partition::<Vec<_>, _>(Inherited::is_for_admin);
    own.sockets.extend(marked.into_iter().map(Inherited::unmarked));
    inherited.sockets = others;
    let Some(bind) = settings.admin.as_ref().filter(|_| !inherited.sockets.is_empty()) else {
        return Ok(own);
    };
    let group = Group::resolve(&Listen::from(bind.clone()))
        .map_err(|error| StartError::Resolve(bind.clone(), error))?;
    let is_own = |inherited: &mut Inherited| {
        group.addresses.iter().any(|address| address.is_of(&inherited.socket))
    };
    own.sockets.extend(inherited.sockets.extract_if(.., is_own));
    own.exclusive = inherited.exclusive && !own.sockets.is_empty();
    Ok(own)
}

/// The settings of the server behind the admin listener.
fn own_settings(main: &Settings, bind: &Bind, control: SharedControl) -> Settings {
    Settings {
        listen: vec![Listen::from(bind.clone())],
        workers: 1,
        // Its connections are few enough for the main thread's table.
        private_fd_tables: false,
        max_connections: Some(ADMIN_CONNECTIONS),
        api: App {
            limits: limits(),
            compat: &ADMIN,
            server_header: main.api.server_header.clone(),
            modifiers: false,
            control: Some(control),
            readiness: main.api.readiness.clone(),
            ..App::default()
        },
        ..Settings::default()
    }
}

/// Its requests are small, and come from programs that send them at once.
fn limits() -> Limits {
    Limits {
        head_line_bytes: 4 * 1024,
        head_bytes: 16 * 1024,
        body_bytes: 64 * 1024,
        head_timeout: Duration::from_secs(5),
        body_timeout: Duration::from_secs(5),
        request_timeout: Duration::from_secs(10),
        streams: 16,
        send_timeout: Duration::from_secs(10),
        linger_bytes: 1024 * 1024,
        ..Limits::default()
    }
}

/// The names that its clients may call it.
fn names(bind: &Bind) -> Vec<String> {
    let given = match bind {
        Bind::Http(Host::Name(name, _)) => Some(name.clone()),
        _ => None,
    };
    let machine = super::os::hostname().ok().map(|name| name.to_ascii_lowercase());
    given.into_iter().chain(machine).collect()
}

fn warn_if_reachable(address: &Address) {
    if address.tcp().is_some_and(|at| !at.ip().is_loopback()) {
        tracing::warn!(
            %address,
            "the admin listener has no authentication, and other machines may reach it"
        );
    }
}

#[cfg(test)]
mod tests;
