//! The real binary on free ports, killed when it goes out of scope.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

pub(crate) struct Server {
    child: Child,
    /// The address of its first listener, without the scheme.
    pub(crate) address: String,
}

impl Server {
    /// Starts it with these arguments; without a listener among them it has one for HTTP.
    pub(crate) fn start(arguments: &[&str]) -> Server {
        let listens = arguments.contains(&"--listen");
        let listener: &[&str] = if listens { &[] } else { &["--listen", "127.0.0.1:0"] };
        let mut child = Command::new(env!("CARGO_BIN_EXE_loiter"))
            .args(["--log-level", "error"])
            .args(listener)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it was piped");
        BufReader::new(stdout).read_line(&mut line).expect("it prints its address");
        let address = line.trim().split_once("://").expect("a scheme").1.to_owned();
        Server { child, address }
    }

    /// The same for the arguments of a command as it is shown, with a free port in place of the one
    /// in it; returns the address shown, too.
    pub(crate) fn shown(arguments: &str) -> (String, Server) {
        let words = arguments.trim_end_matches(" &").split(' ').map(|word| word.replace('\'', ""));
        let words = words.collect::<Vec<String>>();
        let at = arguments.find("127.0.0.1:").expect("an address");
        let address = arguments[at..].split(['/', ' ', '\'']).next().expect("an address");
        let here = words.iter().map(|word| word.replace(address, "127.0.0.1:0"));
        let here = here.collect::<Vec<String>>();
        let server = Server::start(&here.iter().map(String::as_str).collect::<Vec<_>>());
        (address.to_owned(), server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
