//! The real binary on free ports, killed when it goes out of scope.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

pub(crate) struct Server {
    child: Child,
    /// The addresses of its listeners and of its admin listener, without the scheme.
    pub(crate) addresses: Vec<String>,
}

impl Server {
    /// Starts it with these arguments; without a listener among them it has one for HTTP.
    pub(crate) fn start(arguments: &[&str]) -> Server {
        let listens = arguments.contains(&"--listen");
        let listener: &[&str] = if listens { &[] } else { &["--listen", "127.0.0.1:0"] };
        let listening = arguments.iter().filter(|word| **word == "--listen" || **word == "--admin");
        let lines = listening.count() + usize::from(!listens);
        let mut child = Command::new(env!("CARGO_BIN_EXE_loiter"))
            .args(["--log-level", "error"])
            .args(listener)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let stdout = BufReader::new(child.stdout.take().expect("it was piped"));
        let address = |line: String| line.split_once("://").expect("a scheme").1.to_owned();
        let lines = stdout.lines().take(lines).map(|line| line.expect("it prints its addresses"));
        let addresses = lines.map(address).collect();
        Server { child, addresses }
    }

    /// The same for the arguments of a command as it is shown, with free ports in place of those in
    /// it; returns the addresses shown, too.
    pub(crate) fn shown(arguments: &str) -> (Vec<String>, Server) {
        let words = arguments.trim_end_matches(" &").split(' ').map(|word| word.replace('\'', ""));
        let words = words.collect::<Vec<String>>();
        let address = |at: &str| at.split(['/', ' ', '\'']).next().map(str::to_owned);
        let hosts = arguments.match_indices("127.0.0.1:").map(|(at, _)| &arguments[at..]);
        let addresses = hosts.filter_map(address).collect::<Vec<String>>();
        let free = |word: &String| {
            addresses.iter().fold(word.clone(), |word, shown| word.replace(shown, "127.0.0.1:0"))
        };
        let here = words.iter().map(free).collect::<Vec<String>>();
        let server = Server::start(&here.iter().map(String::as_str).collect::<Vec<_>>());
        (addresses, server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
