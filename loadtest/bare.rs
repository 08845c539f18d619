//! The bare loop: the cost of a request without HTTP. The baseline of `speed.py`.
//!
//! One thread, edge-triggered epoll; one read and one fixed write per request. Nothing is parsed: a
//! read counts as one request or, with `--request-bytes L`, as its length divided by L
//! (pipelining). It is a yardstick, not a server: an answer that does not fit into the socket's
//! buffer at once ends the connection. With `--echo` what is read is written back; with
//! `--echo-body L` the body of each request is, after the head in `--answer`. With `--delay S` each
//! answer is written S seconds after its read.
#![allow(unsafe_code)]

#[cfg(target_os = "linux")]
#[path = "bare/echo.rs"]
mod echo;

#[cfg(target_os = "linux")]
#[path = "bare/delay.rs"]
mod delay;

#[cfg(target_os = "linux")]
fn main() -> std::io::Result<()> {
    linux::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("bare: epoll is Linux's");
}

#[cfg(target_os = "linux")]
mod linux {
    use super::delay::Delays;
    use super::echo::{Echo, Echoes};
    use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
    use std::io;
    use std::net::{SocketAddr, TcpListener};
    use std::os::fd::{AsRawFd, RawFd};
    use std::time::Duration;

    /// As long as loiter's answer to /status/200; `--answer` replaces it.
    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nServer: bare\r\n\
        Date: Sat, 01 Jan 2000 00:00:00 GMT\r\nContent-Type: text/html; charset=utf-8\r\n\
        Content-Length: 0\r\nAccess-Control-Allow-Origin: *\r\n\
        Access-Control-Allow-Credentials: true\r\nX-Content-Type-Options: nosniff\r\n\r\n";
    /// Most answers in one write; a longer pipeline is cut to it.
    const MOST_AT_ONCE: usize = 256;
    /// Higher descriptors are refused, so that `carried` need not grow.
    const MAX_DESCRIPTORS: usize = 65_536;

    struct Loop {
        epoll: RawFd,
        listener: TcpListener,
        answers: Vec<u8>,
        answer_bytes: usize,
        request_bytes: Option<usize>,
        close: bool,
        carried: Vec<u32>,
        echoes: Option<Echoes>,
        delays: Option<Delays>,
    }

    pub(super) fn main() -> io::Result<()> {
        let matches = command().get_matches();
        // SAFETY: only sets the disposition of a signal.
        unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
        let mut bare = Loop::new(&matches)?;
        println!("listening http://{}", bare.listener.local_addr()?);
        bare.run()
    }

    fn command() -> Command {
        Command::new("bare")
            .about("A bare epoll loop: one read and one fixed write per request, nothing parsed")
            .arg(Arg::new("listen").long("listen").default_value("127.0.0.1:8081"))
            .arg(
                Arg::new("answer")
                    .long("answer")
                    .help("File with the complete answer, including its head"),
            )
            .arg(
                Arg::new("request-bytes")
                    .long("request-bytes")
                    .value_parser(value_parser!(u16).range(1..))
                    .help("Length of one request, for pipelining"),
            )
            .arg(
                Arg::new("close")
                    .long("close")
                    .action(ArgAction::SetTrue)
                    .help("Close each connection after its first answer"),
            )
            .arg(
                Arg::new("echo")
                    .long("echo")
                    .action(ArgAction::SetTrue)
                    .help("Write back what is read, for raw TCP echo"),
            )
            .arg(
                Arg::new("echo-body")
                    .long("echo-body")
                    .value_parser(value_parser!(u32).range(1..))
                    .help("Length of each request's body, which is echoed after --answer's head"),
            )
            .arg(
                Arg::new("delay")
                    .long("delay")
                    .value_parser(value_parser!(f64))
                    .conflicts_with_all(["request-bytes", "close", "echo", "echo-body"])
                    .help("Seconds from each request to its answer"),
            )
            .arg(
                Arg::new("read-bytes")
                    .long("read-bytes")
                    .value_parser(value_parser!(u32).range(1024..))
                    .default_value("131072")
                    .help("Most bytes per read of an echo"),
            )
    }

    impl Loop {
        fn new(matches: &ArgMatches) -> io::Result<Loop> {
            let text = matches.get_one::<String>("listen").expect("has a default");
            let address: SocketAddr = text.parse().map_err(io::Error::other)?;
            let listener = TcpListener::bind(address)?;
            listener.set_nonblocking(true)?;
            let answer = match matches.get_one::<String>("answer") {
                Some(path) => std::fs::read(path)?,
                None => ANSWER.to_vec(),
            };
            let head = memchr::memmem::find(&answer, b"\r\n\r\n").map_or(0, |end| end + 4);
            let head = answer[..head].to_vec();
            let body = matches.get_one::<u32>("echo-body").map(|&length| length as usize);
            let echo = match body {
                Some(length) => Some(Echo::Body { length, head }),
                None => matches.get_flag("echo").then_some(Echo::Raw),
            };
            let read_bytes = *matches.get_one::<u32>("read-bytes").expect("has a default") as usize;
            let delay = matches.get_one::<f64>("delay").map(|&s| Duration::try_from_secs_f64(s));
            let delay = delay.transpose().map_err(io::Error::other)?;
            // SAFETY: makes a descriptor; no memory is passed.
            let epoll = checked(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
            let bare = Loop {
                epoll,
                answers: if echo.is_some() { vec![] } else { answer.repeat(MOST_AT_ONCE) },
                answer_bytes: answer.len(),
                request_bytes: matches.get_one::<u16>("request-bytes").map(|&n| n.into()),
                close: matches.get_flag("close"),
                carried: vec![0; MAX_DESCRIPTORS],
                echoes: echo.map(|echo| Echoes::new(echo, MAX_DESCRIPTORS, read_bytes)),
                delays: delay.map(|delay| Delays::new(delay, MAX_DESCRIPTORS)),
                listener,
            };
            set_no_delay(bare.listener.as_raw_fd())?;
            // The library sets a backlog of 128; connections beyond it retry after a second.
            // SAFETY: no pointers; the descriptor is a listener of ours.
            checked(unsafe { libc::listen(bare.listener.as_raw_fd(), 65_535) })?;
            bare.watch(bare.listener.as_raw_fd())?;
            Ok(bare)
        }

        fn run(&mut self) -> io::Result<()> {
            let mut events = [libc::epoll_event { events: 0, u64: 0 }; 256];
            let mut scratch = [0u8; 65_536];
            loop {
                let n = match checked(self.wait(&mut events)) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    n => n?,
                };
                for event in &events[..n as usize] {
                    let fd = event.u64 as RawFd;
                    if fd == self.listener.as_raw_fd() {
                        self.accept()?;
                    } else if !self.serve(fd, &mut scratch) || half_closed(event) {
                        self.close(fd);
                    }
                }
            }
        }

        /// Waits for events; sends the answers that are due before it sleeps and while it waits.
        fn wait(&mut self, events: &mut [libc::epoll_event]) -> i32 {
            let Some(delays) = &self.delays else {
                let (at, room) = (events.as_mut_ptr(), events.len() as i32);
                // SAFETY: `at` points to `room` events.
                return unsafe { libc::epoll_wait(self.epoll, at, room, -1) };
            };
            let now = delays.now_us();
            while let Some(fd) = self.delays.as_mut().and_then(|delays| delays.due(now)) {
                if !self.send(fd, 1) {
                    self.close(fd);
                }
            }
            self.delays.as_ref().map_or(0, |delays| delays.wait(self.epoll, events, now))
        }

        fn accept(&mut self) -> io::Result<()> {
            let (listener, none) = (self.listener.as_raw_fd(), std::ptr::null_mut());
            let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
            loop {
                // SAFETY: accept4 accepts null pointers for the address.
                let fd = unsafe { libc::accept4(listener, none, none.cast(), flags) };
                match usize::try_from(fd) {
                    Ok(index) if index < MAX_DESCRIPTORS => self.carried[index] = 0,
                    Ok(_) => return Err(io::Error::other("too many connections")),
                    Err(_) => return Ok(()),
                }
                self.echoes.iter_mut().for_each(|echoes| echoes.begin(fd));
                self.watch(fd)?;
            }
        }

        /// Serves one event of a connection; false when the connection is over.
        fn serve(&mut self, fd: RawFd, scratch: &mut [u8]) -> bool {
            match (&mut self.echoes, &mut self.delays) {
                (Some(echoes), _) => echoes.turn(fd),
                (_, Some(delays)) => delays.turn(fd, scratch),
                _ => self.answer(fd, scratch),
            }
        }

        fn close(&mut self, fd: RawFd) {
            self.delays.iter_mut().for_each(|delays| delays.end(fd));
            // SAFETY: `fd` is a connection of ours, and is not used after this.
            unsafe { libc::close(fd) };
        }

        /// One read and one write; false when the connection is over. A read that fills less than
        /// the buffer took all there was, so the next bytes make a new edge.
        fn answer(&mut self, fd: RawFd, scratch: &mut [u8]) -> bool {
            // SAFETY: `scratch` is ours and has the given length.
            let n = unsafe { libc::read(fd, scratch.as_mut_ptr().cast(), scratch.len()) };
            let Ok(n) = usize::try_from(n) else { return would_block() };
            if n == 0 || n == scratch.len() {
                return false;
            }
            let requests = self.request_bytes.map_or(1, |length| {
                let have = n + self.carried[fd as usize] as usize;
                self.carried[fd as usize] = (have % length) as u32;
                have / length
            });
            self.send(fd, requests.min(MOST_AT_ONCE)) && !self.close
        }

        /// Sends this many answers; returns whether the kernel took them all.
        fn send(&self, fd: RawFd, requests: usize) -> bool {
            let bytes = self.answer_bytes * requests;
            // SAFETY: `answers` holds MOST_AT_ONCE times `answer_bytes`, and `requests` is at most
            // that.
            let sent = unsafe { libc::write(fd, self.answers.as_ptr().cast(), bytes) };
            sent == bytes as isize
        }

        fn watch(&self, fd: RawFd) -> io::Result<()> {
            let both = if self.echoes.is_some() { libc::EPOLLOUT } else { 0 };
            let wanted = libc::EPOLLIN | libc::EPOLLRDHUP | libc::EPOLLET | both;
            let mut event = libc::epoll_event { events: wanted as u32, u64: fd as u64 };
            // SAFETY: the event is read during the call only.
            checked(unsafe { libc::epoll_ctl(self.epoll, libc::EPOLL_CTL_ADD, fd, &mut event) })
                .map(drop)
        }
    }

    /// Connections accepted from a listener inherit the option.
    fn set_no_delay(fd: RawFd) -> io::Result<()> {
        let (on, length) = (1i32, size_of::<i32>() as libc::socklen_t);
        let value = (&raw const on).cast();
        // SAFETY: `value` points to `length` bytes that live during the call.
        checked(unsafe {
            libc::setsockopt(fd, libc::IPPROTO_TCP, libc::TCP_NODELAY, value, length)
        })
        .map(drop)
    }

    fn checked(result: i32) -> io::Result<i32> {
        if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
    }

    /// Data and FIN in one event: no edge follows, so the connection ends with this answer.
    fn half_closed(event: &libc::epoll_event) -> bool {
        event.events & libc::EPOLLRDHUP as u32 != 0
    }

    pub(super) fn would_block() -> bool {
        io::Error::last_os_error().kind() == io::ErrorKind::WouldBlock
    }
}
