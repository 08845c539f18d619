//! Takes the client's frames (RFC 9113 6).

use super::frame::{
    self, ErrorCode, Head, Kind, MAX_31_BITS, MAX_PAYLOAD, PREFACE, flags, setting,
};
use super::guard::{ConnectionError, error};
use super::priority::priority_update;
use super::streams::{List, State};
use super::{Fragments, Http2, Stage};
use crate::base::buf::Buf;
use crate::base::limits::{CONTINUATIONS, HIGH_WATER};
use crate::proto::Cx;

type Result<T> = std::result::Result<T, ConnectionError>;

impl Http2 {
    /// Takes what has come, as long as there is room for answers.
    pub(super) fn receive(&mut self, cx: &mut Cx, input: &mut Buf, output: &mut Buf) -> Result<()> {
        if self.stage == Stage::Preface && !self.take_preface(cx, input, output)? {
            return Ok(());
        }
        while output.len() < HIGH_WATER && self.is_open() {
            let Some(head) = Head::parse(input.unread()) else { break };
            let length = head.length as usize;
            if length > MAX_PAYLOAD {
                return Err(error(ErrorCode::FRAME_SIZE_ERROR, "a frame is longer than 16384"));
            }
            let end = frame::HEAD_BYTES + length;
            let Some(payload) = input.unread().get(frame::HEAD_BYTES..end) else { break };
            self.frame(cx, head, payload, output)?;
            input.consume(end);
        }
        Ok(())
    }

    /// The client's preface (RFC 9113 3.4); ours goes out with it. Returns whether it is complete.
    fn take_preface(&mut self, cx: &Cx, input: &mut Buf, output: &mut Buf) -> Result<bool> {
        let bytes = input.unread();
        let bytes = bytes.get(..PREFACE.len()).unwrap_or(bytes);
        if !PREFACE.starts_with(bytes) {
            return Err(error(ErrorCode::PROTOCOL_ERROR, "the connection preface is malformed"));
        }
        if bytes.len() < PREFACE.len() {
            return Ok(false);
        }
        input.consume(PREFACE.len());
        // After an upgrade, ours is out already.
        match self.last_id {
            0 => self.begin(cx, output),
            _ => self.stage = Stage::Settings,
        }
        Ok(true)
    }

    fn frame(&mut self, cx: &mut Cx, head: Head, payload: &[u8], output: &mut Buf) -> Result<()> {
        if self.stage == Stage::Settings && (head.kind != Kind::Settings || head.has(flags::ACK)) {
            let reason = "the preface does not end with a SETTINGS frame";
            return Err(error(ErrorCode::PROTOCOL_ERROR, reason));
        }
        if let Some(fragments) = &self.fragments
            && (head.kind != Kind::Continuation || head.stream != fragments.id)
        {
            return Err(error(ErrorCode::PROTOCOL_ERROR, "a field block is interrupted"));
        }
        self.check_stream(head)?;
        match head.kind {
            Kind::Data => self.data(cx, head, payload, output),
            Kind::Headers => self.headers(cx, head, payload, output),
            Kind::Continuation => self.continuation(cx, payload, head, output),
            Kind::Priority => self.priority(cx, head, payload, output),
            Kind::RstStream => self.rst_stream(cx, head, payload),
            Kind::Settings => self.settings(cx, head, payload, output),
            Kind::PushPromise => Err(error(ErrorCode::PROTOCOL_ERROR, "a client does not push")),
            Kind::Ping => self.ping(cx, head, payload, output),
            Kind::GoAway if payload.len() < 8 => {
                Err(error(ErrorCode::FRAME_SIZE_ERROR, "a GOAWAY frame has 8 bytes or more"))
            }
            Kind::GoAway => {
                self.client_leaves = true;
                Ok(())
            }
            Kind::WindowUpdate => self.window_update(cx, head, payload, output),
            Kind::PriorityUpdate => self.priority_update(cx, payload),
            Kind::Unknown(_) => Ok(()),
        }
    }

    /// Whether a frame is of a stream or of the connection, as its kind must be, and of a stream
    /// that has been opened.
    fn check_stream(&self, head: Head) -> Result<()> {
        let of_stream = match head.kind {
            Kind::Data | Kind::Headers | Kind::Priority | Kind::RstStream | Kind::Continuation => {
                Some(true)
            }
            Kind::Settings | Kind::Ping | Kind::GoAway | Kind::PriorityUpdate => Some(false),
            Kind::WindowUpdate | Kind::PushPromise | Kind::Unknown(_) => None,
        };
        if of_stream.is_some_and(|of_stream| of_stream != (head.stream != 0)) {
            let reason = "a frame of a stream is of the connection, or the other way round";
            return Err(error(ErrorCode::PROTOCOL_ERROR, reason));
        }
        let opened = matches!(head.kind, Kind::Data | Kind::RstStream | Kind::WindowUpdate);
        let idle =
            head.stream > self.last_id || (head.stream != 0 && head.stream.is_multiple_of(2));
        if opened && idle {
            return Err(error(ErrorCode::PROTOCOL_ERROR, "the stream has not been opened"));
        }
        Ok(())
    }

    fn headers(&mut self, cx: &mut Cx, head: Head, payload: &[u8], output: &mut Buf) -> Result<()> {
        if head.stream.is_multiple_of(2) {
            return Err(error(ErrorCode::PROTOCOL_ERROR, "a client's streams have odd numbers"));
        }
        let (block, depends_on) = frame::block(head, payload)
            .map_err(|code| error(code, "a HEADERS frame is malformed"))?;
        let malformed = depends_on == Some(head.stream);
        let ends_stream = head.has(flags::END_STREAM);
        if head.has(flags::END_HEADERS) {
            return self.field_block(cx, head.stream, block, (ends_stream, malformed), output);
        }
        self.fragments = Some(Box::new(Fragments {
            id: head.stream,
            block: block.to_vec(),
            frames: 0,
            ends_stream,
            malformed,
            until: cx.clock.now.after(cx.app.limits.head_timeout),
        }));
        Ok(())
    }

    fn continuation(
        &mut self,
        cx: &mut Cx,
        payload: &[u8],
        head: Head,
        output: &mut Buf,
    ) -> Result<()> {
        let unexpected = error(ErrorCode::PROTOCOL_ERROR, "a CONTINUATION frame has no beginning");
        let fragments = self.fragments.as_mut().ok_or(unexpected)?;
        fragments.frames += 1;
        fragments.block.extend_from_slice(payload);
        if fragments.frames > CONTINUATIONS || fragments.block.len() > cx.app.limits.head_bytes {
            return Err(error(ErrorCode::ENHANCE_YOUR_CALM, "a field block is too long"));
        }
        if !head.has(flags::END_HEADERS) {
            return Ok(());
        }
        let fragments = self.fragments.take().ok_or(unexpected)?;
        let Fragments { id, block, ends_stream, malformed, .. } = *fragments;
        self.field_block(cx, id, &block, (ends_stream, malformed), output)
    }

    /// A complete field block. It is decoded whatever becomes of it, as the next depends on the
    /// table.
    fn field_block(
        &mut self,
        cx: &mut Cx,
        id: u32,
        block: &[u8],
        (ends_stream, malformed): (bool, bool),
        output: &mut Buf,
    ) -> Result<()> {
        let mut decoded = std::mem::take(&mut cx.worker.decoded);
        let result = match self.decoder.decode(block, &mut decoded, &cx.app.limits) {
            Err(reason) => Err(error(ErrorCode::COMPRESSION_ERROR, reason.0)),
            Ok(()) if malformed => {
                self.last_id = self.last_id.max(id);
                self.reset_id(cx, id, ErrorCode::PROTOCOL_ERROR, output)
            }
            Ok(()) => match self.index.find(id) {
                Some(slot) => self.trailers(cx, slot, &decoded, ends_stream, output),
                None if id <= self.last_id => self.check_closed(id),
                None => self.open(cx, id, &decoded, ends_stream, output),
            },
        };
        cx.worker.decoded = decoded;
        result
    }

    /// A frame is of a stream that is closed: an error, unless we have reset it or do not serve it,
    /// when the client may not have known that yet (RFC 9113 5.1, 6.8).
    pub(super) fn check_closed(&self, id: u32) -> Result<()> {
        let unserved = matches!(self.stage, Stage::Leaving { last } if id > last);
        match unserved || self.resets.has(id) {
            true => Ok(()),
            false => Err(error(ErrorCode::STREAM_CLOSED, "the stream is closed")),
        }
    }

    /// Priorities of RFC 7540 have no effect here (RFC 9113 5.3.2), but must be well-formed.
    fn priority(
        &mut self,
        cx: &mut Cx,
        head: Head,
        payload: &[u8],
        output: &mut Buf,
    ) -> Result<()> {
        self.guard.control(cx.clock.now)?;
        let code = match <&[u8; 5]>::try_from(payload) {
            Err(_) => ErrorCode::FRAME_SIZE_ERROR,
            Ok(payload) if frame::depends_on(payload) == head.stream => ErrorCode::PROTOCOL_ERROR,
            Ok(_) => return Ok(()),
        };
        match self.index.find(head.stream) {
            Some(_) => self.reset_id(cx, head.stream, code, output),
            None if head.stream <= self.last_id && code == ErrorCode::PROTOCOL_ERROR => Ok(()),
            // A stream that is not open cannot be reset.
            None => Err(error(code, "a PRIORITY frame is malformed")),
        }
    }

    /// The client cancels a stream: its timer, its slot and its place are free at once.
    fn rst_stream(&mut self, cx: &mut Cx, head: Head, payload: &[u8]) -> Result<()> {
        if payload.len() != 4 {
            return Err(error(ErrorCode::FRAME_SIZE_ERROR, "a RST_STREAM frame has 4 bytes"));
        }
        self.guard.reset(cx.clock.now)?;
        if let Some(slot) = self.index.find(head.stream) {
            self.cancel(cx, slot);
        }
        Ok(())
    }

    fn settings(
        &mut self,
        cx: &mut Cx,
        head: Head,
        payload: &[u8],
        output: &mut Buf,
    ) -> Result<()> {
        let length = match head.has(flags::ACK) {
            true => payload.is_empty(),
            false => payload.len().is_multiple_of(6),
        };
        if !length {
            return Err(error(ErrorCode::FRAME_SIZE_ERROR, "a SETTINGS frame has a wrong length"));
        }
        if head.has(flags::ACK) {
            return Ok(());
        }
        self.guard.control(cx.clock.now)?;
        self.apply(cx, payload)?;
        frame::write_settings_ack(output.tail());
        if self.stage == Stage::Settings {
            self.stage = Stage::Open;
        }
        Ok(())
    }

    /// Takes over the client's settings.
    pub(super) fn apply(&mut self, cx: &mut Cx, payload: &[u8]) -> Result<()> {
        let mut initial_window = None;
        for (name, value) in frame::settings(payload) {
            check_setting(name, value)?;
            if name == setting::INITIAL_WINDOW_SIZE {
                initial_window = Some(value);
            }
        }
        if let Some(bytes) = initial_window {
            self.set_initial_window(cx, bytes.into())?;
        }
        Ok(())
    }

    /// It changes the windows of all streams (RFC 9113 6.9.2).
    fn set_initial_window(&mut self, cx: &mut Cx, bytes: i64) -> Result<()> {
        let grown = bytes > std::mem::replace(&mut self.initial_window, bytes);
        for slot in self.index.slots().collect::<Vec<u32>>() {
            let Some(stream) = cx.worker.streams.get(slot) else { continue };
            let (window, waits) = match &stream.state {
                State::Active(active) => (active.window, active.blocked.is_some()),
                State::Queued(queued) => (queued.window, false),
                State::Waiting(_) | State::Served => continue,
            };
            if bytes + window > MAX_31_BITS.into() {
                return Err(error(ErrorCode::FLOW_CONTROL_ERROR, "the window of a stream is full"));
            }
            if grown && waits && stream.list() == List::None {
                self.make_ready(slot, cx.worker);
            }
        }
        Ok(())
    }

    fn ping(&mut self, cx: &mut Cx, head: Head, payload: &[u8], output: &mut Buf) -> Result<()> {
        let Ok(data) = <&[u8; 8]>::try_from(payload) else {
            return Err(error(ErrorCode::FRAME_SIZE_ERROR, "a PING frame has 8 bytes"));
        };
        if head.has(flags::ACK) {
            self.pong(cx, data, output);
            return Ok(());
        }
        self.guard.control(cx.clock.now)?;
        frame::write_ping(output.tail(), flags::ACK, data);
        Ok(())
    }

    fn window_update(
        &mut self,
        cx: &mut Cx,
        head: Head,
        payload: &[u8],
        output: &mut Buf,
    ) -> Result<()> {
        let Ok(payload) = <[u8; 4]>::try_from(payload) else {
            return Err(error(ErrorCode::FRAME_SIZE_ERROR, "a WINDOW_UPDATE frame has 4 bytes"));
        };
        let more = u32::from_be_bytes(payload) & MAX_31_BITS;
        if head.stream == 0 {
            if more == 0 {
                let reason = "a WINDOW_UPDATE frame increases nothing";
                return Err(error(ErrorCode::PROTOCOL_ERROR, reason));
            }
            self.window += i64::from(more);
            if self.window > MAX_31_BITS.into() {
                let reason = "the window of the connection is full";
                return Err(error(ErrorCode::FLOW_CONTROL_ERROR, reason));
            }
            return Ok(());
        }
        match self.index.find(head.stream) {
            None => Ok(()),
            Some(_) if more == 0 => {
                self.reset_id(cx, head.stream, ErrorCode::PROTOCOL_ERROR, output)
            }
            Some(slot) => self.increase(cx, slot, head.stream, more, output),
        }
    }

    /// The client's window for a stream grows. One that waits becomes an active one, which has a
    /// place to note that.
    fn increase(
        &mut self,
        cx: &mut Cx,
        slot: u32,
        id: u32,
        more: u32,
        output: &mut Buf,
    ) -> Result<()> {
        let Some(stream) = cx.worker.streams.get(slot) else { return Ok(()) };
        let window = match &mut stream.state {
            State::Queued(queued) => &mut queued.window,
            state => match state.activate() {
                Some(active) => &mut active.window,
                None => return Ok(()),
            },
        };
        *window += i64::from(more);
        if self.initial_window + *window > MAX_31_BITS.into() {
            return self.reset_id(cx, id, ErrorCode::FLOW_CONTROL_ERROR, output);
        }
        let blocked = matches!(&stream.state, State::Active(active) if active.blocked.is_some());
        if blocked && stream.list() == List::None {
            self.make_ready(slot, cx.worker);
        }
        Ok(())
    }

    /// RFC 9218 7.1. One for a stream that is not open yet has no effect.
    fn priority_update(&mut self, cx: &mut Cx, payload: &[u8]) -> Result<()> {
        self.guard.control(cx.clock.now)?;
        let Some((id, priority)) = priority_update(payload) else {
            return Err(error(ErrorCode::FRAME_SIZE_ERROR, "a PRIORITY_UPDATE frame is too short"));
        };
        if id == 0 {
            let reason = "a PRIORITY_UPDATE frame is about no stream";
            return Err(error(ErrorCode::PROTOCOL_ERROR, reason));
        }
        let slot = self.index.find(id);
        if let Some(stream) = slot.and_then(|slot| cx.worker.streams.get(slot)) {
            stream.priority = priority;
            if let (Some(slot), List::Ready(_)) = (slot, stream.list()) {
                self.make_ready(slot, cx.worker);
            }
        }
        Ok(())
    }
}

/// RFC 9113 6.5.2, RFC 8441 3, RFC 9218 2.1. What an answer is made without, such as a table for
/// its fields, has no bounds here.
fn check_setting(name: u16, value: u32) -> Result<()> {
    let (code, reason) = match name {
        setting::ENABLE_PUSH if value > 1 => {
            (ErrorCode::PROTOCOL_ERROR, "ENABLE_PUSH is neither 0 nor 1")
        }
        setting::ENABLE_CONNECT_PROTOCOL if value > 1 => {
            (ErrorCode::PROTOCOL_ERROR, "ENABLE_CONNECT_PROTOCOL is neither 0 nor 1")
        }
        setting::NO_RFC7540_PRIORITIES if value > 1 => {
            (ErrorCode::PROTOCOL_ERROR, "NO_RFC7540_PRIORITIES is neither 0 nor 1")
        }
        setting::MAX_FRAME_SIZE if !(MAX_PAYLOAD as u32..1 << 24).contains(&value) => {
            (ErrorCode::PROTOCOL_ERROR, "MAX_FRAME_SIZE is out of range")
        }
        setting::INITIAL_WINDOW_SIZE if value > MAX_31_BITS => {
            (ErrorCode::FLOW_CONTROL_ERROR, "INITIAL_WINDOW_SIZE is out of range")
        }
        _ => return Ok(()),
    };
    Err(error(code, reason))
}
