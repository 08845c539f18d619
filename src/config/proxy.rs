//! Proxies before a listener: `?proxy=required` in its address, and whom `--trusted-proxies` names.

use std::net::IpAddr;

use super::values::{BadValue, choice, items, show_choice};
use crate::base::limits::MAX_TRUSTED_NETWORKS;
use crate::http::trusted_proxies::{Network, Networks, TrustedProxies};
use crate::proto::proxy_protocol::ProxyMode;

/// `proxy=MODE`; `None` for any other option.
pub(super) fn mode(option: &str) -> Option<Result<ProxyMode, BadValue>> {
    let mode = option.strip_prefix("proxy=")?;
    Some(choice(mode, &ProxyMode::NAMES).map_err(|_| {
        BadValue::new(format!("`{mode}` is not a mode of the PROXY protocol"))
            .advise("write proxy=required, proxy=optional or proxy=off")
    }))
}

/// Splits a host, with its port, from the options behind it: `HOST:PORT?proxy=MODE`.
pub(super) fn split(text: &str) -> (&str, Option<&str>) {
    text.split_once('?').map_or((text, None), |(host, options)| (host, Some(options)))
}

/// The mode in the options of a host.
pub(super) fn of_host(options: Option<&str>) -> Result<ProxyMode, BadValue> {
    let mut options = options.into_iter().flat_map(|options| options.split('&'));
    options.try_fold(ProxyMode::Off, |_, option| {
        mode(option).unwrap_or_else(|| {
            Err(BadValue::new(format!("`{option}` is not an option of a listener"))
                .advise("write HOST:PORT?proxy=required, or proxy=optional"))
        })
    })
}

/// The option for this mode, unless it is the default.
pub(super) fn show(mode: ProxyMode) -> Option<String> {
    (mode != ProxyMode::Off).then(|| format!("proxy={}", show_choice(&mode, &ProxyMode::NAMES)))
}

/// Whom to trust: `all`, `none`, or a list of networks and `unix:`.
pub(super) fn trusted(text: &str) -> Result<TrustedProxies, BadValue> {
    let mut networks = Networks::default();
    for item in items(text) {
        match item.to_ascii_lowercase().as_str() {
            word @ ("all" | "none") => {
                return match items(text).count() {
                    1 if word == "all" => Ok(TrustedProxies::All),
                    1 => Ok(TrustedProxies::None),
                    _ => Err(BadValue::new(format!("`{word}` is given beside others"))
                        .advise(format!("give {word} alone, or remove it"))),
                };
            }
            "unix:" => networks.unix = true,
            _ if networks.ip.len() == MAX_TRUSTED_NETWORKS => {
                return Err(BadValue::new(format!(
                    "there are more than {MAX_TRUSTED_NETWORKS} networks"
                ))
                .advise("join those that lie side by side"));
            }
            _ => networks.ip.push(network(item)?),
        }
    }
    match networks == Networks::default() {
        true => Err(BadValue::new("no proxy is given").advise("give none to trust nobody")),
        false => Ok(TrustedProxies::Listed(networks)),
    }
}

/// An address, or a network as `ADDRESS/BITS`. One with bits beyond its prefix is a mistake.
fn network(text: &str) -> Result<Network, BadValue> {
    let bad = || {
        BadValue::new(format!("`{text}` is neither an IP address nor a network"))
            .advise("write an address, such as 10.1.2.3, or a network, such as 10.0.0.0/8")
    };
    let (address, bits) = text.split_once('/').unwrap_or((text, ""));
    let address: IpAddr = address.parse().map_err(|_| bad())?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let digits = |bits: &str| bits.len() < 4 && bits.bytes().all(|byte| byte.is_ascii_digit());
    let bits = match bits {
        "" if !text.contains('/') => most,
        _ => bits.parse().ok().filter(|_| digits(bits)).ok_or_else(bad)?,
    };
    let network = Network::new(address, bits).ok_or_else(bad)?;
    match network.first() == address.to_canonical() || network.first() == address {
        true => Ok(network),
        false => Err(BadValue::new(format!("`{text}` has bits beyond its first {bits}"))
            .advise(format!("write {network}"))),
    }
}

/// Writes what [`trusted`] reads.
pub(super) fn show_trusted(trusted: &TrustedProxies) -> String {
    match trusted {
        TrustedProxies::All => "all".to_owned(),
        TrustedProxies::None => "none".to_owned(),
        TrustedProxies::Listed(networks) => {
            let unix = networks.unix.then(|| "unix:".to_owned());
            let ip = networks.ip.iter().map(Network::to_string);
            ip.chain(unix).collect::<Vec<_>>().join("\n")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read_and_shown() {
        for (text, shown) in [
            ("all", "all"),
            (" None ", "none"),
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("10.1.2.3", "10.1.2.3"),
            ("10.1.2.3/32, ::1/128", "10.1.2.3\n::1"),
            ("unix:,fd00::/8\n0.0.0.0/0", "fd00::/8\n0.0.0.0/0\nunix:"),
            ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
            ("::/0", "::/0"),
            ("UNIX:", "unix:"),
        ] {
            let read = trusted(text).expect(text);
            assert_eq!(show_trusted(&read), shown, "{text}");
            assert_eq!(trusted(shown), Ok(read), "{text}");
        }
    }

    #[test]
    fn every_mistake_says_what_to_write_instead() {
        for (text, said) in [
            ("", "no proxy is given; give none to trust nobody"),
            ("10.0.0.1/8", "`10.0.0.1/8` has bits beyond its first 8; write 10.0.0.0/8"),
            ("2001:db8::1/32", "write 2001:db8::/32"),
            ("10.0.0.0/33", "`10.0.0.0/33` is neither an IP address nor a network; write an"),
            ("10.0.0.0/", "`10.0.0.0/` is neither"),
            ("10.0.0.0/+8", "is neither"),
            ("10.0.0.0/0008", "is neither"),
            ("10.0.0", "is neither"),
            ("web", "`web` is neither"),
            ("10.0.0.0/8:80", "is neither"),
            ("all,10.0.0.0/8", "`all` is given beside others; give all alone, or remove it"),
            ("10.0.0.0/8,none", "`none` is given beside others"),
        ] {
            let wrong = trusted(text).expect_err(text).to_string();
            assert!(wrong.contains(said), "{text}: {wrong}");
        }
        let many = "10.0.0.1,".repeat(MAX_TRUSTED_NETWORKS + 1);
        let wrong = trusted(&many).expect_err("too many").to_string();
        assert!(wrong.contains("more than 256 networks"), "{wrong}");
    }

    proptest::proptest! {
        #[test]
        fn what_is_shown_reads_back(
            list in "([0-9]{1,3}([.][0-9]{1,3}){3}(/[0-9]{1,2})?|[0-9a-f]{0,4}::[0-9]{0,2}\
                     (/[0-9]{1,3})?|unix:|all)(,(0[.]0[.]0[.]0/[0-9]|unix:|::/0)){0,3}"
        ) {
            if let Ok(read) = trusted(&list) {
                let shown = show_trusted(&read);
                proptest::prop_assert_eq!(trusted(&shown), Ok(read.clone()));
                proptest::prop_assert_eq!(trusted(&shown.replace('\n', ",")), Ok(read));
            }
        }
    }
}
