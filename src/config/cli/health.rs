//! Where a health check finds the server.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use crate::config::listen::{Bind, Host, Listen};
use crate::config::settings::Settings;
use crate::proto::proxy_protocol::ProxyMode;

/// The server that a health check is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// The one at this URL.
    Url(String),
    /// The process with this number.
    Process(u32),
    /// The one that this container was started for, or, outside a container, at one of these URLs.
    Container {
        /// Where a server with this process's settings would listen; may be empty.
        otherwise: Vec<String>,
    },
}

/// The URLs for the health check of a server with these settings, whose working directory is
/// `folder`. Whoever asks restarts a server that fails, so it is asked whether it lives, not
/// whether it wants requests: `/livez` of the admin listener, which asks every worker, or else
/// `/healthz` of the first listener that has it. With port 0, `bound` returns the TCP addresses it
/// listens on: then there may be several URLs, some of them for a listener of another kind.
pub fn urls(
    settings: &Settings,
    folder: &Path,
    bound: &dyn Fn() -> Vec<SocketAddr>,
) -> Vec<String> {
    if let Some(url) = settings.admin.as_ref().and_then(|bind| live(bind, folder)) {
        return vec![url];
    }
    // A check sends no PROXY protocol header, and modifiers can reset a connection as soon as it
    // is accepted.
    let is_open = |listen: &&Listen| listen.proxy != ProxyMode::Required;
    let (plain, modified): (Vec<&Listen>, Vec<&Listen>) =
        settings.listen.iter().filter(is_open).partition(|listen| listen.modifiers.is_empty());
    let all = || plain.iter().chain(&modified).map(|listen| &listen.bind);
    let http = |host: &Host| format!("http://{}{}/healthz", reachable(host), settings.api.prefix);
    let https = |host: &Host| format!("https://{}{}/healthz", reachable(host), settings.api.prefix);
    let tcp_echo = |host: &Host| format!("tcp-echo://{}", reachable(host));
    // HTTP is the best check; with TLS a client may need a certificate.
    let fixed = all().filter_map(|bind| match bind {
        Bind::Http(host) | Bind::HttpAndHttps(host) if host.port() != 0 => Some((0, http(host))),
        Bind::Unix(socket) => {
            let name = socket.name.within(folder);
            Some((1, format!("unix:{name}:{}/healthz", settings.api.prefix)))
        }
        Bind::Https(host) if host.port() != 0 => Some((2, https(host))),
        Bind::TcpEcho(host) if host.port() != 0 => Some((3, tcp_echo(host))),
        Bind::UdpEcho(host) if host.port() != 0 => {
            Some((4, format!("udp-echo://{}", reachable(host))))
        }
        _ => None,
    });
    let fixed = fixed.min_by_key(|(rank, _)| *rank);
    if let Some((0..=2, url)) = fixed {
        return vec![url];
    }
    let open = |url: &dyn Fn(&Host) -> String| {
        let open = bound().into_iter().filter(|at| !all().any(|bind| is_at(bind, at)));
        open.map(|at| url(&Host::Address(at))).collect::<Vec<_>>()
    };
    let is_http = all().any(|bind| matches!(bind, Bind::Http(_) | Bind::HttpAndHttps(_)));
    let is_https = all().any(|bind| matches!(bind, Bind::Https(_)));
    match fixed {
        _ if is_http && is_https => [open(&http), open(&https)].concat(),
        _ if is_http => open(&http),
        _ if is_https => open(&https),
        Some((_, url)) => vec![url],
        None => open(&tcp_echo),
    }
}

/// The URL of an admin listener, unless its port is any free one.
fn live(bind: &Bind, folder: &Path) -> Option<String> {
    match bind {
        Bind::Unix(socket) => Some(format!("unix:{}:/livez", socket.name.within(folder))),
        bind => {
            let host = bind.tcp().filter(|host| host.port() != 0)?;
            Some(format!("http://{}/livez", reachable(host)))
        }
    }
}

/// Whether `bind` is a TCP listener on the port of `address`.
fn is_at(bind: &Bind, address: &SocketAddr) -> bool {
    bind.tcp().is_some_and(|host| host.port() == address.port())
}

/// Replaces the unspecified address by the loopback address.
fn reachable(host: &Host) -> Host {
    match host {
        Host::Address(address) if address.ip().is_unspecified() => {
            let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
            Host::Address(SocketAddr::new(loopback, address.port()))
        }
        host => host.clone(),
    }
}

/// What is wrong where there is no such URL, and what to do.
pub const NO_URL: (&str, &str) = (
    "the settings have no listener that can be checked",
    "give one: `loiter healthcheck http://HOST:PORT/`",
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::app::App;

    #[test]
    fn an_open_port_is_found_among_those_that_are_bound() {
        let bound = ["127.0.0.1:7", "127.0.0.1:4001", "[::]:4002"].map(|at| at.parse().expect(at));
        let urls = |listen: &str, bound: &[SocketAddr]| {
            let listen = listen.split(' ').map(|listen| listen.parse().expect(listen)).collect();
            let settings = Settings {
                listen,
                api: App { prefix: "/a".into(), ..App::default() },
                ..Settings::default()
            };
            urls(&settings, Path::new("/f"), &|| bound.to_vec()).join(" ")
        };
        let at_open = "http://127.0.0.1:4001/a/healthz http://127.0.0.1:4002/a/healthz";
        assert_eq!(urls(":0 tcp-echo://:7", &bound), at_open);
        assert_eq!(urls("localhost:0 tcp-echo://:7", &bound), at_open);
        assert_eq!(urls("tcp-echo://:7 udp-echo://:8", &[]), "tcp-echo://127.0.0.1:7");
        assert_eq!(urls(":0 udp-echo://:0", &[]), "");
        assert_eq!(urls("tcp-echo://:0", &bound[1..2]), "tcp-echo://127.0.0.1:4001");
        // A fixed port is used, whatever is bound.
        assert_eq!(urls(":0 web:80", &bound), "http://web:80/a/healthz");
        assert_eq!(urls(":0 unix:s", &bound), "unix:/f/s:/a/healthz");
        assert_eq!(urls("unix:/s?mode=0600", &bound), "unix:/s:/a/healthz");
        // TLS is checked if there is nothing without it.
        assert_eq!(urls("https://:8 web:80", &[]), "http://web:80/a/healthz");
        assert_eq!(urls("https://:8 unix:s tcp-echo://:7", &[]), "unix:/f/s:/a/healthz");
        assert_eq!(urls("https://:8 tcp-echo://:7", &[]), "https://127.0.0.1:8/a/healthz");
        let secure = at_open.replace("http:", "https:");
        assert_eq!(urls("https://:0 tcp-echo://:7", &bound), secure);
        assert_eq!(urls("https://:0 :0 tcp-echo://:7", &bound), format!("{at_open} {secure}"));
        assert_eq!(urls("udp-echo://[::]:9", &bound), "udp-echo://127.0.0.1:9");
        // One for proxies alone cannot be checked.
        assert_eq!(
            urls("a:1?proxy=required b:2?proxy=optional/~last", &bound),
            "http://b:2/a/healthz"
        );
        assert_eq!(urls("a:1?proxy=required", &[]), "");
        // One without modifiers is preferred.
        assert_eq!(urls("a:1/~delay=1s b:2 c:3 unix:s", &bound), "http://b:2/a/healthz");
        assert_eq!(urls("a:1/~delay=1s b:2/~last unix:s", &bound), "http://a:1/a/healthz");
    }

    #[test]
    fn an_admin_listener_is_asked_whether_every_worker_lives() {
        let urls = |admin: &str| {
            let mut settings = Settings::default();
            let row = crate::config::Setting::named("admin").expect("a row");
            (row.set)(&mut settings, admin).expect(admin);
            urls(&settings, Path::new("/f"), &Vec::new).join(" ")
        };
        assert_eq!(urls(":9090"), "http://127.0.0.1:9090/livez");
        assert_eq!(urls("10.0.0.1:9090"), "http://10.0.0.1:9090/livez");
        assert_eq!(urls("unix:admin"), "unix:/f/admin:/livez");
        assert_eq!(urls(":0"), "http://127.0.0.1:8080/healthz", "its port is not known");
        assert_eq!(urls("off"), "http://127.0.0.1:8080/healthz");
    }
}
