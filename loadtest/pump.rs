//! Bulk load for raw TCP echo: each connection sends as fast as it can and discards what comes
//! back. `loadtest/compare --modes tcp` relates the server's CPU time to it.
//!
//! One thread, edge-triggered epoll. It must not be the bottleneck, so it costs half of what a
//! server does: what comes back is dropped in the kernel (`MSG_TRUNC`), not copied; `echo.py`
//! checks the content. It prints how many bytes came back.
#![allow(unsafe_code)]

#[cfg(target_os = "linux")]
fn main() -> std::io::Result<()> {
    linux::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("pump: epoll is Linux's");
}

#[cfg(target_os = "linux")]
mod linux {
    use clap::{Arg, Command, value_parser};
    use std::io::{self, ErrorKind, Write};
    use std::net::{SocketAddr, TcpStream};
    use std::os::fd::AsRawFd;
    use std::time::{Duration, Instant};

    /// Bytes of one write, and most bytes of one read.
    const PIECE: usize = 128 * 1024;
    /// Most bytes of a connection that have not come back: neither kernel's buffers get full, so
    /// that neither side waits for the other.
    const WINDOW: u64 = 512 * 1024;
    /// Longest wait for an event, after which a stalled server is an error.
    const PATIENCE_MS: i32 = 5000;

    struct Client {
        stream: TcpStream,
        sent: u64,
        back: u64,
    }

    pub(super) fn main() -> io::Result<()> {
        let matches = command().get_matches();
        let address = *matches.get_one::<SocketAddr>("address").expect("is required");
        let count = *matches.get_one::<u16>("connections").expect("has a default");
        let seconds = *matches.get_one::<u16>("seconds").expect("has a default");
        let mut clients = (0..count).map(|_| connect(address)).collect::<io::Result<Vec<_>>>()?;
        let began = Instant::now();
        run(&mut clients, began + Duration::from_secs(seconds.into()))?;
        let bytes: u64 = clients.iter().map(|client| client.back).sum();
        println!("{bytes} bytes in {:.6} s", began.elapsed().as_secs_f64());
        Ok(())
    }

    fn command() -> Command {
        let number = value_parser!(u16).range(1..);
        Command::new("pump")
            .about("Sends to a raw TCP echo as fast as it can, and counts what comes back")
            .arg(Arg::new("address").required(true).value_parser(value_parser!(SocketAddr)))
            .arg(
                Arg::new("connections")
                    .long("connections")
                    .value_parser(number)
                    .default_value("16"),
            )
            .arg(Arg::new("seconds").long("seconds").value_parser(number).default_value("5"))
    }

    fn connect(address: SocketAddr) -> io::Result<Client> {
        let stream = TcpStream::connect(address)?;
        stream.set_nonblocking(true)?;
        Ok(Client { stream, sent: 0, back: 0 })
    }

    /// Handles events until `end`.
    fn run(clients: &mut [Client], end: Instant) -> io::Result<()> {
        // SAFETY: makes a descriptor; no memory is passed.
        let epoll = checked(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        for (number, client) in clients.iter().enumerate() {
            let wanted = libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLET;
            let mut event = libc::epoll_event { events: wanted as u32, u64: number as u64 };
            let fd = client.stream.as_raw_fd();
            // SAFETY: the event is read during the call only.
            checked(unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, fd, &mut event) })?;
        }
        let block = vec![b'x'; PIECE];
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; 64];
        let (at, room) = (events.as_mut_ptr(), events.len() as i32);
        while Instant::now() < end {
            // SAFETY: `at` points to `room` events that live as long as this function.
            match checked(unsafe { libc::epoll_wait(epoll, at, room, PATIENCE_MS) }) {
                Ok(0) => return Err(io::Error::other("the server has stalled")),
                Ok(n) => {
                    for event in &events[..n as usize] {
                        clients[event.u64 as usize].turn(&block)?;
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    impl Client {
        /// Reads what has come back, and sends the same amount.
        fn turn(&mut self, block: &[u8]) -> io::Result<()> {
            loop {
                let sent = self.send(block)?;
                let back = self.drop_arrived()?;
                if sent + back == 0 {
                    return Ok(());
                }
            }
        }

        fn send(&mut self, block: &[u8]) -> io::Result<usize> {
            if self.sent - self.back + block.len() as u64 > WINDOW {
                return Ok(0);
            }
            let sent = or_nothing(self.stream.write(block))?;
            self.sent += sent as u64;
            Ok(sent)
        }

        fn drop_arrived(&mut self) -> io::Result<usize> {
            let fd = self.stream.as_raw_fd();
            // SAFETY: with MSG_TRUNC nothing is written to memory.
            let n = unsafe { libc::recv(fd, std::ptr::null_mut(), PIECE, libc::MSG_TRUNC) };
            let back = match usize::try_from(n) {
                Ok(0) => return Err(io::Error::other("the server closed a connection")),
                Ok(back) => back,
                Err(_) => or_nothing(Err(io::Error::last_os_error()))?,
            };
            self.back += back as u64;
            Ok(back)
        }
    }

    fn or_nothing(result: io::Result<usize>) -> io::Result<usize> {
        match result {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            other => other,
        }
    }

    fn checked(result: i32) -> io::Result<i32> {
        if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
    }
}
