//! The names that the server's own authority may sign for.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rcgen::{CidrSubnet, GeneralSubtree, NameConstraints, SanType};
use rustls::pki_types::DnsName;

/// The addresses of every certificate.
const ADDRESSES: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

/// Host names in lower case, without a dot at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Names(Vec<String>);

impl Names {
    /// `localhost`, and those of these that can be host names.
    pub(super) fn new<'a>(more: impl IntoIterator<Item = &'a str>) -> Names {
        let mut names = vec!["localhost".to_owned()];
        for name in more {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            let is_known = names.iter().any(|known| covers(known, &name));
            if DnsName::try_from(name.as_str()).is_ok() && !is_known {
                names.push(name);
            }
        }
        Names(names)
    }

    /// The part before one of these names and the dot between them; empty for the name itself.
    /// `None` if the authority may not sign for it.
    pub(super) fn prefix<'a>(&self, name: &'a str) -> Option<&'a str> {
        let base = self.0.iter().find(|base| covers(base, name))?;
        Some(name.strip_suffix(base.as_str())?.trim_end_matches('.'))
    }

    /// The alternative names of a certificate: these and one more.
    pub(super) fn alternatives(&self, more: Option<&str>) -> Vec<SanType> {
        let names = self.0.iter().map(String::as_str).chain(more);
        let names = names.filter_map(|name| Some(SanType::DnsName(name.try_into().ok()?)));
        names.chain(ADDRESSES.map(SanType::IpAddress)).collect()
    }

    /// What the authority is constrained to (RFC 5280 4.2.1.10): these names and those below them,
    /// and the loopback addresses. Whoever has its key cannot impersonate another host.
    ///
    /// A host may be called `app`, as a public top-level domain is; so what is below a name of one
    /// label is excluded. The dot at the start leaves the name itself permitted.
    pub(super) fn constraints(&self) -> NameConstraints {
        let names = self.0.iter().cloned().map(GeneralSubtree::DnsName);
        let loopback = [
            CidrSubnet::from_v4_prefix([127, 0, 0, 0], 8),
            CidrSubnet::from_v6_prefix(Ipv6Addr::LOCALHOST.octets(), 128),
        ];
        let permitted_subtrees = names.chain(loopback.map(GeneralSubtree::IpAddress)).collect();
        let alone = self.0.iter().filter(|name| is_alone(name));
        let below = alone.map(|name| GeneralSubtree::DnsName(format!(".{name}")));
        NameConstraints { permitted_subtrees, excluded_subtrees: below.collect() }
    }
}

/// Whether the authority of `base` may sign for `name`.
fn covers(base: &str, name: &str) -> bool {
    name.strip_suffix(base)
        .is_some_and(|prefix| prefix.is_empty() || (prefix.ends_with('.') && !is_alone(base)))
}

/// Whether it is a name of one label, below which others' hosts may be.
fn is_alone(name: &str) -> bool {
    name != "localhost" && !name.contains('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_one_label_has_none_below_it() {
        let names = Names::new(["app"]);
        assert_eq!(names.prefix("app"), Some(""));
        assert_eq!(names.prefix("www.app"), None);
        assert_eq!(names.prefix("www.localhost"), Some("www"));
        let excluded = names.constraints().excluded_subtrees;
        assert_eq!(excluded, [GeneralSubtree::DnsName(".app".to_owned())]);
        assert_eq!(Names::new(["app.example"]).constraints().excluded_subtrees, []);
    }

    #[test]
    fn names_are_hosts_once_and_in_lower_case() {
        let names = Names::new(["Web-1.Example.ORG.", "localhost", "a b", "", "x.localhost", "é"]);
        assert_eq!(names.0, ["localhost", "web-1.example.org"]);
        for (name, prefix) in [
            ("localhost", Some("")),
            ("expired.localhost", Some("expired")),
            ("a.b.localhost", Some("a.b")),
            ("web-1.example.org", Some("")),
            ("self-signed.web-1.example.org", Some("self-signed")),
            ("notlocalhost", None),
            ("example.org", None),
            ("localhost.example.org", None),
        ] {
            assert_eq!(names.prefix(name), prefix, "{name}");
        }
    }
}
