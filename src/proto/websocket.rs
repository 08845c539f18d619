//! WebSocket (RFC 6455) as far as an echo needs it: every message comes back as it came.
//!
//! A frame's payload is taken while it arrives, and a text checked to be UTF-8 as far as it has
//! come; a message is kept until it is whole. The close codes are go-httpbin's.
//!
//! Modifiers may delay, slow down and break what goes back (`echoes`). Pings are answered at once
//! even so. A close is answered when every message before it has been.

use super::{Cx, Event, Next, Standing, Upgrade};
use crate::base::buf::Buf;
use crate::base::limits::HIGH_WATER;
use crate::base::time::Time;
use crate::http::app::HalfClose;
use crate::http::metrics::ConnectionState;
use crate::http::modifiers::plan::{FaultKind, Plan};
use crate::http::reply::WebSocketLimits;

mod echoes;
mod frame;

use echoes::{Echoes, Play};
use frame::{Frame, Head, Opcode};

/// One WebSocket connection, its handshake done.
#[derive(Debug)]
pub struct WebSocket {
    limits: WebSocketLimits,
    until: Time,
    stage: Stage,
    /// The message so far, and what it is; `None` between messages.
    message: Vec<u8>,
    kind: Option<Opcode>,
    /// How many bytes of a text are known to be whole characters.
    characters: usize,
    /// What goes back, if modifiers change that.
    echoes: Option<Box<Echoes>>,
}

#[derive(Debug)]
enum Stage {
    /// The next frame is to begin.
    Between,
    /// A frame's payload is coming.
    Within(Frame),
    /// The client's close came; it is answered with this code, or none.
    Closing(Option<Code>),
    /// Nothing more is sent; input is discarded.
    Closed { until: Time, left: u64 },
}

/// The code in a close frame: why the connection ends (RFC 6455 7.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Code(u16);

impl Code {
    const GOING_AWAY: Code = Code(1001);
    const PROTOCOL_ERROR: Code = Code(1002);
    const NOT_UTF8: Code = Code(1007);
    const TOO_BIG: Code = Code(1009);
    const UNMASKED: Code = Code(1011);
    const TRY_AGAIN_LATER: Code = Code(1013);

    /// Whether a client may send it (RFC 6455 7.4).
    fn may_be_sent(self) -> bool {
        matches!(self.0, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }
}

impl WebSocket {
    /// A connection that lasts until `until` at most, or until the messages that came before have
    /// gone back. `plan` is what modifiers do to it.
    pub fn new(limits: WebSocketLimits, until: Time, plan: Option<Box<Plan>>) -> WebSocket {
        WebSocket {
            limits,
            until,
            stage: Stage::Between,
            message: Vec::new(),
            kind: None,
            characters: 0,
            echoes: plan.map(|plan| Box::new(Echoes::new(plan))),
        }
    }

    /// Bytes of the message that is arriving.
    pub fn message_bytes(&self) -> u64 {
        self.message.len() as u64
    }

    /// See [`Standing`].
    pub fn standing(&self) -> Standing {
        let held = self.message.len();
        let tunnel = Standing { state: ConnectionState::Tunnel, held, ..Standing::READS };
        let Some(echoes) = &self.echoes else { return tunnel };
        let reads = !echoes.are_many() && !matches!(self.stage, Stage::Closing(_));
        Standing { reads, delayed: echoes.are_left().into(), ..tunnel }
    }

    /// See [`proto`](super).
    pub fn advance(&mut self, cx: &mut Cx, input: &mut Buf, output: &mut Buf) -> Next {
        if cx.edge.event == Event::Reset {
            return Next::Close;
        }
        loop {
            if let Stage::Closed { until, left } = &mut self.stage {
                return linger(cx, input, *until, left);
            }
            if output.len() >= HIGH_WATER {
                return Next::Write;
            }
            if let Some(next) = self.turn(cx, input, output) {
                return next;
            }
        }
    }

    /// Sends what is due, or takes what came; returns what it waits for if there is neither.
    fn turn(&mut self, cx: &mut Cx, input: &mut Buf, output: &mut Buf) -> Option<Next> {
        let played = self.echoes.as_mut().map(|echoes| echoes.play(cx.clock.now, output.tail()));
        let due = match played {
            Some(Play::Again) => return None,
            Some(Play::Break(kind)) => return self.break_off(cx, kind, output),
            Some(Play::Wait(due)) => due,
            Some(Play::Message) | None => Time::NEVER,
        };
        let over = cx.ends_idle() || cx.clock.now >= self.until;
        if due != Time::NEVER {
            if cx.edge.eof_reported && cx.app.half_close == HalfClose::Cancel {
                self.end(cx);
                return None;
            }
            if over || !self.standing().reads {
                return Some(Next::Sleep(due));
            }
        }
        match self.stage {
            Stage::Closing(code) => self.close(cx, code, output),
            _ if over => self.close(cx, Code::GOING_AWAY, output),
            // A delay counts from a clock read after the message.
            _ if self.echoes.is_some() && !input.is_empty() && !cx.clock.fresh => {
                return Some(Next::ReadClock);
            }
            _ => match self.step(cx, input, output) {
                Ok(true) => {}
                Ok(false) if cx.edge.read_eof && due == Time::NEVER => return Some(Next::Close),
                Ok(false) if cx.edge.read_eof => return Some(Next::Sleep(due)),
                Ok(false) => return Some(Next::Read(self.until.min(due))),
                Err(code) => self.close(cx, code, output),
            },
        }
        None
    }

    /// A fault ends the conversation.
    #[cold]
    fn break_off(&mut self, cx: &Cx, kind: FaultKind, output: &mut Buf) -> Option<Next> {
        match (kind, &self.echoes) {
            (FaultKind::WsClose(code), _) => {
                self.close(cx, Code(code), output);
                return None;
            }
            (FaultKind::Garbage, Some(echoes)) => frame::garbage(output.tail(), echoes.seed()),
            _ => {}
        }
        Some(Next::Become(Box::new(Upgrade::Broken(kind))))
    }

    /// Takes a frame's head, or what there is of its payload; returns whether there was any.
    fn step(&mut self, cx: &Cx, input: &mut Buf, output: &mut Buf) -> Result<bool, Code> {
        match &mut self.stage {
            Stage::Within(frame) => {
                let bytes = frame.take(input.unread(), &mut self.message);
                let whole = frame.is_whole();
                input.consume(bytes);
                self.check_text()?;
                match whole {
                    true => self.end_frame(cx.clock.now, output)?,
                    false => return Ok(bytes > 0),
                }
            }
            _ => {
                let Some(head) = frame::head(input.unread()) else { return Ok(false) };
                self.check(&head)?;
                // The message is kept, and once more in the echo.
                let bytes = self.message.len() as u64 + head.frame.left;
                if !cx.worker.memory.has(bytes.saturating_mul(2)) {
                    return Err(Code::TRY_AGAIN_LATER);
                }
                match head.frame.opcode.is_control() {
                    true => return self.control(&head, input, output),
                    false => self.begin_frame(head, input),
                }
            }
        }
        Ok(true)
    }

    /// Checks that the frame is allowed in this state.
    fn check(&self, head: &Head) -> Result<(), Code> {
        let frame = &head.frame;
        let fits = match (frame.opcode, self.kind) {
            (Opcode::Continuation, kind) => kind.is_some(),
            (Opcode::Text | Opcode::Binary, kind) => kind.is_none(),
            (Opcode::Close | Opcode::Ping | Opcode::Pong, _) => frame.last && frame.left <= 125,
            (Opcode::Reserved, _) => false,
        };
        match () {
            () if !fits || head.reserved => Err(Code::PROTOCOL_ERROR),
            () if !head.masked => Err(Code::UNMASKED),
            () if frame.left > self.limits.fragment_bytes => Err(Code::PROTOCOL_ERROR),
            () if self.message.len() as u64 + frame.left > self.limits.message_bytes => {
                Err(Code::TOO_BIG)
            }
            () => Ok(()),
        }
    }

    fn begin_frame(&mut self, head: Head, input: &mut Buf) {
        input.consume(head.bytes);
        self.kind = self.kind.or(Some(head.frame.opcode));
        self.stage = Stage::Within(head.frame);
    }

    /// A text that cannot become UTF-8 any more is refused at once; one that ends within a
    /// character may go on.
    fn check_text(&mut self) -> Result<(), Code> {
        if self.kind != Some(Opcode::Text) {
            return Ok(());
        }
        let new = self.message.get(self.characters..).unwrap_or_default();
        match std::str::from_utf8(new) {
            Ok(text) => self.characters += text.len(),
            Err(error) if error.error_len().is_none() => self.characters += error.valid_up_to(),
            Err(_) => return Err(Code::NOT_UTF8),
        }
        Ok(())
    }

    /// A frame of a message is whole: with its last one the message goes back, in frames no longer
    /// than the client's may be.
    fn end_frame(&mut self, now: Time, output: &mut Buf) -> Result<(), Code> {
        let last = matches!(&self.stage, Stage::Within(frame) if frame.last);
        self.stage = Stage::Between;
        let Some(kind) = self.kind.take_if(|_| last) else { return Ok(()) };
        let message = std::mem::take(&mut self.message);
        let characters = std::mem::take(&mut self.characters);
        if kind == Opcode::Text && characters < message.len() {
            return Err(Code::NOT_UTF8);
        }
        let most = usize::try_from(self.limits.fragment_bytes).unwrap_or(usize::MAX).max(1);
        match &mut self.echoes {
            None => frame::write_message(output.tail(), kind, &message, most),
            Some(echoes) => {
                let mut frames = Vec::new();
                frame::write_message(&mut frames, kind, &message, most);
                echoes.push(frames, now);
            }
        }
        Ok(())
    }

    /// A control frame, which is short and is taken when it is whole.
    fn control(&mut self, head: &Head, input: &mut Buf, output: &mut Buf) -> Result<bool, Code> {
        let mut frame = head.frame;
        let Some(payload) = input.unread().get(head.bytes..head.bytes + frame.left as usize) else {
            return Ok(false);
        };
        let mut content = Vec::new();
        let bytes = head.bytes + frame.take(payload, &mut content);
        input.consume(bytes);
        match frame.opcode {
            Opcode::Ping => frame::write(output.tail(), Opcode::Pong, true, &content),
            Opcode::Close => self.stage = Stage::Closing(close_code(&content)?),
            _ => {}
        }
        Ok(true)
    }

    /// Closes with this code, or none.
    fn close(&mut self, cx: &Cx, code: impl Into<Option<Code>>, output: &mut Buf) {
        let payload = code.into().map(|code| code.0.to_be_bytes());
        frame::write(output.tail(), Opcode::Close, true, payload.as_slice().as_flattened());
        self.end(cx);
    }

    /// Nothing more is sent.
    fn end(&mut self, cx: &Cx) {
        (self.message, self.echoes) = (Vec::new(), None);
        let (limits, until) = (&cx.app.limits, cx.clock.now.after(cx.app.limits.linger_timeout));
        self.stage = Stage::Closed { until, left: limits.linger_bytes };
    }
}

/// What a client's close frame says: nothing, or a code and a reason (RFC 6455 5.5.1).
fn close_code(content: &[u8]) -> Result<Option<Code>, Code> {
    let Some((code, reason)) = content.split_first_chunk::<2>() else {
        return if content.is_empty() { Ok(None) } else { Err(Code::PROTOCOL_ERROR) };
    };
    let code = Code(u16::from_be_bytes(*code));
    match (code.may_be_sent(), std::str::from_utf8(reason)) {
        (false, _) => Err(Code::PROTOCOL_ERROR),
        (true, Err(_)) => Err(Code::NOT_UTF8),
        (true, Ok(_)) => Ok(Some(code)),
    }
}

/// Our side is closed first, and input is discarded, within bounds (RFC 6455 7.1.1).
fn linger(cx: &Cx, input: &mut Buf, until: Time, left: &mut u64) -> Next {
    *left = left.saturating_sub(input.len() as u64);
    input.clear();
    match cx.edge.read_eof || *left == 0 || cx.clock.now >= until {
        true => Next::Close,
        false => Next::Linger(until),
    }
}

#[cfg(test)]
mod tests;
