//! Dialects: control words of other programs that are read as modifiers.

mod convert;
pub mod words;

/// A program whose control words can be read as modifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// fortio: `?delay=150us:10,2ms:5&status=&size=&close=&header=`.
    Fortio,
    /// Envoy's fault filter: the fields `x-envoy-fault-…`.
    Envoy,
    /// Echo-Server: the fields `X-ECHO-…` and the arguments `echo_…`.
    EchoServer,
    /// http-https-echo: the fields `x-set-response-…`.
    HttpHttpsEcho,
    /// The `curltest` module of curl's test suite: `tweak?…` and `echo?…`.
    Curltest,
}

impl Dialect {
    /// Every dialect with its name, in the order of the variants.
    pub const ALL: [(&str, Dialect); 5] = [
        ("fortio", Dialect::Fortio),
        ("envoy", Dialect::Envoy),
        ("echo-server", Dialect::EchoServer),
        ("http-https-echo", Dialect::HttpHttpsEcho),
        ("curltest", Dialect::Curltest),
    ];

    /// The dialect called so.
    pub fn named(name: &str) -> Option<Dialect> {
        Dialect::ALL.iter().find(|(known, _)| *known == name).map(|(_, dialect)| *dialect)
    }
}

/// A set of dialects, empty by default: behind Envoy its own fields would double every delay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dialects(u8);

impl Dialects {
    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether `dialect` is among them.
    pub fn contains(self, dialect: Dialect) -> bool {
        self.0 & Dialects::bit(dialect) != 0
    }

    /// The names of those in the set, in the order of [`Dialect::ALL`].
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let all = Dialect::ALL.into_iter();
        all.filter(move |(_, dialect)| self.contains(*dialect)).map(|(name, _)| name)
    }

    fn bit(dialect: Dialect) -> u8 {
        1 << dialect as u8
    }
}

impl FromIterator<Dialect> for Dialects {
    fn from_iter<I: IntoIterator<Item = Dialect>>(dialects: I) -> Dialects {
        Dialects(dialects.into_iter().fold(0, |set, dialect| set | Dialects::bit(dialect)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_contains_what_it_was_made_of() {
        for (n, (name, dialect)) in Dialect::ALL.into_iter().enumerate() {
            assert_eq!((Dialect::named(name), dialect as usize), (Some(dialect), n));
            let one = Dialects::from_iter([dialect, dialect]);
            assert_eq!(one.names().collect::<Vec<_>>(), [name]);
            let others = Dialect::ALL.map(|(_, other)| other).into_iter();
            let others = others.filter(|other| *other != dialect).collect::<Dialects>();
            assert!(!others.contains(dialect) && others.names().count() == 4, "{name}");
        }
        assert!(Dialects::default().is_empty() && Dialect::named("Envoy").is_none());
    }
}
