//! Bytes between the buffers and the socket: read, written, or spliced.

use std::io::{self, ErrorKind};

use super::{LastRead, Ready, Session, SharedBuffers, Turn};
use crate::base::buf::Buf;
use crate::base::limits::{HEAD_ROOM, READ_BYTES, SPLICE_MAX, SPLICE_MIN, TURN_BYTES};
use crate::proto::Event;
use crate::server::net::Net;

impl<S> Session<S> {
    /// Writes the output, and what waits behind it, as far as the kernel takes it and the turn
    /// goes; returns how many bytes.
    pub(super) fn write<N: Net<Socket = S>>(
        &mut self,
        net: &mut N,
        buffers: &mut SharedBuffers,
    ) -> io::Result<usize> {
        let SharedBuffers { output, backlog, bucket, .. } = buffers;
        let mut taken = 0;
        loop {
            taken += self.write_buf(net, output)?;
            if !output.is_empty() || taken >= TURN_BYTES {
                break;
            }
            let Some(piece) = backlog.pop() else { break };
            output.load(piece);
        }
        bucket.spend(taken);
        Ok(taken)
    }

    fn write_buf<N: Net<Socket = S>>(
        &mut self,
        net: &mut N,
        output: &mut Buf,
    ) -> io::Result<usize> {
        let mut taken = 0;
        while !output.is_empty() && taken < TURN_BYTES {
            match net.write(&mut self.socket, output.unread()) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(bytes) => {
                    output.consume(bytes);
                    taken += bytes;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(taken)
    }

    /// Lets the kernel send back what has arrived, where nothing else would be done with it: that
    /// saves the copies out of the kernel and back, a fifth to a half of a large echo's CPU.
    /// Returns `false` where it is to be read: it cannot be spliced, or is too little, or nothing
    /// was there, and only a read shows what that means.
    pub(super) fn splice<N: Net<Socket = S>>(&mut self, turn: &mut Turn<N>) -> io::Result<bool> {
        let Turn { net, cx, buffers, sent, read, .. } = turn;
        if self.last_read != LastRead::Much
            || !buffers.input.is_empty()
            || buffers.bucket.is_bounded()
        {
            return Ok(false);
        }
        let budget = self.conn.standing().splice_budget;
        if budget < SPLICE_MIN as u64 {
            return Ok(false);
        }
        let most = usize::try_from(budget).unwrap_or(SPLICE_MAX).min(SPLICE_MAX);
        let bytes = net.splice(&mut self.socket, most, buffers.output.tail())?;
        if bytes > 0 {
            self.last_read = LastRead::of(bytes);
            cx.edge.event = Event::Spliced(bytes);
            (*read, *sent) = (*read + bytes, *sent + bytes - buffers.output.len());
        }
        Ok(bytes > 0)
    }

    /// Reads once. A read that brought less than it could have has brought all there was, where the
    /// system guarantees it; unless the end is near, which makes no further event.
    pub(super) fn read<N: Net<Socket = S>>(
        &mut self,
        net: &mut N,
        input: &mut Buf,
        usual: usize,
    ) -> io::Result<usize> {
        input.make_room(READ_BYTES);
        let room = (input.tail().capacity() - input.tail().len()).min(usual + HEAD_ROOM);
        match net.read(&mut self.socket, input.tail(), room) {
            Ok(bytes @ 1..) => {
                let all = bytes < room && net.short_read_is_all();
                self.ready.set(Ready::READABLE, self.ready.has(Ready::ENDING) || !all);
                self.last_read = LastRead::of(bytes);
                Ok(bytes)
            }
            // An empty read would look to the machine like a timeout.
            Err(error) if error.kind() == ErrorKind::Interrupted => self.read(net, input, usual),
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            none => {
                self.ready.set(Ready::READABLE, false);
                self.last_read = if none.is_ok() { LastRead::Eof } else { self.last_read };
                Ok(0)
            }
        }
    }
}
