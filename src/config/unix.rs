//! Unix sockets to listen on: `unix:PATH`, with the mode, owner and group of the file, or
//! `unix:@NAME` in Linux's abstract namespace.

use std::fmt;
use std::path::{Path, PathBuf};

use super::defaults::is_token;
use super::proxy;
use super::values::BadValue;
use crate::proto::proxy_protocol::ProxyMode;

/// A Unix socket, and who can connect to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnixSocket {
    /// Its name.
    pub name: SocketName,
    /// The file's permissions, 0 to 0o777: connecting requires write permission.
    pub mode: u32,
    /// The file's owner; `None` for this process's user.
    pub owner: Option<Account>,
    /// The file's group; `None` for the group that the system gives a new file.
    pub group: Option<Account>,
}

/// The name of a Unix socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SocketName {
    /// A file.
    File(PathBuf),
    /// A name in the abstract namespace (Linux), without the `@`.
    Abstract(String),
}

/// A user or a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The name or number as given.
    pub name: String,
    /// The number.
    pub id: u32,
}

/// The default mode, as in nginx: everyone who can reach the directory can connect.
const EVERYONE: u32 = 0o666;
/// Longest socket name, in bytes: `sun_path` without its terminating zero.
const NAME_BYTES: usize = if cfg!(target_os = "linux") { 107 } else { 103 };
/// The list of users. A static binary cannot find others, so no binary does.
const USERS: &str = "/etc/passwd";
/// The list of groups.
const GROUPS: &str = "/etc/group";

impl UnixSocket {
    /// A socket with the default permissions.
    pub fn named(name: SocketName) -> UnixSocket {
        UnixSocket { name, mode: EVERYONE, owner: None, group: None }
    }

    /// Parses what follows `unix:`; `//` before the path is accepted. Returns also whether its
    /// connections are those of proxies, and its modifiers: the options that begin with `~`.
    pub(crate) fn parse(text: &str) -> Result<(UnixSocket, ProxyMode, Vec<&str>), BadValue> {
        let text = text.strip_prefix("//").unwrap_or(text);
        let (name, options) =
            text.split_once('?').map_or((text, None), |(name, options)| (name, Some(options)));
        let name = SocketName::parse(name)?;
        let mut socket = UnixSocket::named(name);
        let (mut proxy_mode, mut modifiers) = (ProxyMode::Off, Vec::new());
        for option in options.into_iter().flat_map(|options| options.split('&')) {
            if is_token(option) {
                modifiers.push(option);
                continue;
            }
            if let Some(given) = proxy::mode(option) {
                proxy_mode = given?;
                continue;
            }
            if let SocketName::Abstract(name) = &socket.name {
                return Err(BadValue::new(format!(
                    "`unix:@{name}` has no file to set a mode or owner of"
                ))
                .advise(format!("remove `{option}`")));
            }
            match option.split_once('=') {
                Some(("mode", text)) => socket.mode = mode(text)?,
                Some(("owner", text)) => socket.owner = Some(Account::find(text, "user", USERS)?),
                Some(("group", text)) => socket.group = Some(Account::find(text, "group", GROUPS)?),
                _ => {
                    return Err(BadValue::new(format!(
                        "`{option}` is not an option of a socket file"
                    ))
                    .advise("write unix:PATH?mode=0660&owner=USER&group=GROUP, or some of these"));
                }
            }
        }
        Ok((socket, proxy_mode, modifiers))
    }

    /// The socket as a text, with these modifiers.
    pub(crate) fn with(&self, modifiers: Vec<String>) -> String {
        let mode = (self.mode != EVERYONE).then(|| format!("mode={:04o}", self.mode));
        let owner = self.owner.as_ref().map(|owner| format!("owner={}", owner.name));
        let group = self.group.as_ref().map(|group| format!("group={}", group.name));
        let options: Vec<String> =
            [mode, owner, group].into_iter().flatten().chain(modifiers).collect();
        let mark = if options.is_empty() { "" } else { "?" };
        format!("unix:{}{mark}{}", self.name, options.join("&"))
    }
}

impl SocketName {
    /// `PATH` or `@NAME`.
    pub(crate) fn parse(text: &str) -> Result<SocketName, BadValue> {
        let name = text.strip_prefix('@');
        if name.unwrap_or(text).is_empty() || text.contains([',', '\0']) {
            return Err(BadValue::new(format!("`unix:{text}` is not a valid socket name"))
                .advise("write unix:PATH, such as unix:/run/loiter.sock, without commas"));
        }
        if text.len() > NAME_BYTES {
            return Err(BadValue::new(format!("`unix:{text}` is too long for a socket name"))
                .advise(format!("use at most {NAME_BYTES} bytes")));
        }
        match name {
            Some(_) if !cfg!(target_os = "linux") => Err(BadValue::new(format!(
                "`unix:{text}` is an abstract socket, which only Linux has"
            ))
            .advise("write unix:PATH")),
            Some(name) => Ok(SocketName::Abstract(name.to_owned())),
            None => Ok(SocketName::File(PathBuf::from(text))),
        }
    }

    /// The path in the socket address: an abstract name has a zero byte before it.
    pub fn path(&self) -> PathBuf {
        match self {
            SocketName::File(path) => path.clone(),
            SocketName::Abstract(name) => PathBuf::from(format!("\0{name}")),
        }
    }

    /// The same, with a relative path resolved against `folder`.
    pub fn within(&self, folder: &Path) -> SocketName {
        match self {
            SocketName::File(path) => SocketName::File(folder.join(path)),
            SocketName::Abstract(name) => SocketName::Abstract(name.clone()),
        }
    }
}

impl Account {
    /// Finds a number, or a name: in each line of `list` the first field is the name, the third the
    /// number (passwd(5), group(5)).
    fn find(text: &str, kind: &str, list: &str) -> Result<Account, BadValue> {
        let listed = || {
            let accounts = std::fs::read_to_string(list).ok()?;
            let mut fields = accounts.lines().map(|line| line.split(':'));
            let mut found = fields.find(|fields| fields.clone().next() == Some(text))?;
            found.nth(2)?.parse().ok()
        };
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        // To chown(2), the largest number means "unchanged".
        let number = text.parse().ok().filter(|id| digits && *id != u32::MAX);
        match number.or_else(listed) {
            Some(id) => Ok(Account { name: text.to_owned(), id }),
            None => Err(BadValue::new(format!("there is no {kind} `{text}` in {list}"))
                .advise(format!("give the name of a {kind} that is listed there, or its number"))),
        }
    }
}

/// Permissions as chmod(1) takes them: `660`, `0660`.
fn mode(text: &str) -> Result<u32, BadValue> {
    let digits = matches!(text.len(), 3 | 4) && text.bytes().all(|b| matches!(b, b'0'..=b'7'));
    let mode = u32::from_str_radix(text, 8).ok().filter(|mode| digits && *mode <= 0o777);
    mode.ok_or_else(|| {
        BadValue::new(format!("`{text}` is not the mode of a socket file")).advise(
            "give octal digits for owner, group and others, such as 0660; 6 allows connecting",
        )
    })
}

impl fmt::Display for UnixSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.with(Vec::new()))
    }
}

impl fmt::Display for SocketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SocketName::File(path) => path.display().fmt(f),
            SocketName::Abstract(name) => write!(f, "@{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<UnixSocket, String> {
        UnixSocket::parse(text).map(|(socket, _, _)| socket).map_err(|bad| bad.to_string())
    }

    #[test]
    fn a_socket_file_has_a_mode_and_an_owner() {
        for (text, shown, mode) in [
            ("/s", "unix:/s", 0o666),
            ("///s", "unix:/s", 0o666),
            ("s?mode=600", "unix:s?mode=0600", 0o600),
            ("/s?mode=0666", "unix:/s", 0o666),
            ("/s?mode=0000", "unix:/s?mode=0000", 0),
            ("/s?group=0&mode=0660&owner=0", "unix:/s?mode=0660&owner=0&group=0", 0o660),
            ("/s?owner=4294967294", "unix:/s?owner=4294967294", 0o666),
            ("/a=b&c", "unix:/a=b&c", 0o666),
        ] {
            let socket = parse(text).expect(text);
            assert_eq!((socket.to_string().as_str(), socket.mode), (shown, mode), "{text}");
            assert_eq!(parse(shown.strip_prefix("unix:").expect(shown)), Ok(socket));
        }
        let id = |text| parse(text).map(|socket| socket.owner.map(|owner| owner.id));
        assert_eq!(id("/s?owner=1000"), Ok(Some(1000)));
        assert_eq!(id("/s?owner=root"), Ok(Some(0)), "its name on every system");
    }

    #[test]
    fn every_mistake_says_what_to_write_instead() {
        let long = "x".repeat(NAME_BYTES + 1);
        for (text, said) in [
            ("", "is not a valid socket name; write unix:PATH"),
            ("@", "is not a valid socket name"),
            ("?mode=0600", "is not a valid socket name"),
            (long.as_str(), "is too long for a socket name; use at most 10"),
            ("/s?mode=0888", "`0888` is not the mode of a socket file; give octal digits"),
            ("/s?mode=", "`` is not the mode"),
            ("/s?mode=6", "`6` is not the mode"),
            ("/s?mode=1777", "`1777` is not the mode"),
            ("/s?mode=+660", "`+660` is not the mode"),
            ("/s?mode=rw-", "`rw-` is not the mode"),
            ("/s?", "`` is not an option of a socket file; write unix:PATH?mode=0660&owner=USER"),
            ("/s?mod=0660", "`mod=0660` is not an option"),
            ("/s?mode=0660&", "`` is not an option"),
            (
                "/s?owner=nobody-of-this-name",
                "there is no user `nobody-of-this-name` in /etc/passwd",
            ),
            (
                "/s?group=nobody-of-this-name",
                "there is no group `nobody-of-this-name` in /etc/group",
            ),
            ("/s?owner=", "there is no user ``"),
            ("/s?owner=-1", "there is no user `-1`"),
            ("/s?owner=4294967295", "there is no user `4294967295`"),
        ] {
            let wrong = parse(text).expect_err(text);
            assert!(wrong.contains(said), "{text}: {wrong}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn an_abstract_socket_has_no_file() {
        let socket = parse("@loiter").expect("a name");
        assert_eq!(socket.name, SocketName::Abstract("loiter".into()));
        assert_eq!(socket.to_string(), "unix:@loiter");
        assert!(parse("./@loiter").is_ok_and(|socket| matches!(socket.name, SocketName::File(_))));
        let wrong = parse("@loiter?mode=0600").expect_err("no file");
        assert!(wrong.contains("no file to set a mode or owner of; remove `mode=0600`"), "{wrong}");
    }
}
