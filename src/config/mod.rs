//! Layer 4, the settings and where they come from.
//!
//! [`SECTIONS`] has a row for each setting. A program sets fields of [`Settings`]; loiter itself
//! reads the command line, the environment and a file (`cli`, with the feature of that name).

mod admin;
mod by_name;
#[cfg(feature = "cli")]
mod cli;
mod defaults;
mod listen;
mod listen_list;
mod logging;
mod preset;
mod print;
mod proxy;
mod settings;
mod suggest;
mod tls;
mod unix;
mod values;

#[cfg(feature = "cli")]
pub use cli::{
    Check, ConfigError, ConfigErrors, Environment, Invocation, NO_URL, Place, Running, SOCKETS,
    UPGRADE, environment, health_urls, read, read_in, without_foreign_sockets,
};
pub use listen::{ALL_INHERITED, Bind, Host, Listen};
pub use logging::{AccessFormat, LogFormat, LogLevel};
pub use preset::{GO_HTTPBIN, PUBLIC, Preset};
pub use print::{effective, example, in_effect};
pub use settings::{SECTIONS, Section, Setting, Settings, Shape};
pub use tls::{Alpn, ClientAuth, TlsSettings, TlsVersion};
pub use unix::{Account, SocketName, UnixSocket};
pub use values::BadValue;
