//! The priority of a stream (RFC 9218), as its `priority` field or a PRIORITY_UPDATE frame has it.

use super::frame::MAX_31_BITS;

/// A stream's priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Priority {
    /// From 0, the most urgent, to 7.
    pub urgency: u8,
    /// Whether the client can use parts of the answer, so that answers should take turns.
    pub incremental: bool,
}

impl Default for Priority {
    fn default() -> Priority {
        Priority { urgency: 3, incremental: false }
    }
}

impl Priority {
    /// Takes over what a field's value contains, a dictionary (RFC 9651 3.2). The last of several
    /// members counts, and what is unknown or invalid is ignored (RFC 9218 4).
    pub fn update(&mut self, value: &[u8]) {
        for member in value.split(|&byte| byte == b',') {
            let member = member.split(|&byte| byte == b';').next().unwrap_or_default();
            match member.trim_ascii() {
                [b'u', b'=', urgency @ b'0'..=b'7'] => self.urgency = urgency - b'0',
                b"i" | b"i=?1" => self.incremental = true,
                b"i=?0" => self.incremental = false,
                _ => {}
            }
        }
    }
}

/// The stream and its new priority in a PRIORITY_UPDATE frame's payload (RFC 9218 7.1); `None` if
/// it is too short for a stream.
pub(super) fn priority_update(payload: &[u8]) -> Option<(u32, Priority)> {
    let (stream, value) = payload.split_first_chunk()?;
    let mut priority = Priority::default();
    priority.update(value);
    Some((u32::from_be_bytes(*stream) & MAX_31_BITS, priority))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_ignored() {
        for (value, urgency, incremental) in [
            ("", 3, false),
            ("u=0", 0, false),
            ("u=7, i", 7, true),
            ("i,u=5", 5, true),
            ("u=1;a=b ,\ti;c", 1, true),
            ("u=1, u=2", 2, false),
            ("i, i=?0", 3, false),
            ("i=?1", 3, true),
            ("u=8, u=-1, u=1.0, u=11, u, u=?1", 3, false),
            ("U=1, I, i=1, i=?2, x=\"u=1\", ,", 3, false),
        ] {
            let mut priority = Priority::default();
            priority.update(value.as_bytes());
            assert_eq!(priority, Priority { urgency, incremental }, "{value:?}");
        }
    }

    #[test]
    fn an_update_names_its_stream() {
        let priority = Priority { urgency: 1, incremental: true };
        assert_eq!(priority_update(b"\x80\0\0\x05u=1,i"), Some((5, priority)));
        assert_eq!(priority_update(b"\0\0\0\x07"), Some((7, Priority::default())));
        assert_eq!(priority_update(b"\0\0\x07"), None);
    }
}
