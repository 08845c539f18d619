//! The field blocks of one connection, each behind its length in a byte: what another
//! implementation decodes, ours does, within the limits; a head that is encoded again decodes to
//! the same, and a request read again is the same request.

use loiter::base::limits::Limits;
use loiter::proto::http2::hpack::decode::{DecodeError, Decoder};
use loiter::proto::http2::hpack::decoded::{Decoded, Fault};
use loiter::proto::http2::hpack::encode::{compressed_field, field};
use loiter::proto::http2::request::{self, FieldTable};
use loiter_fuzz::ORIGIN;

type Fields = Vec<(Vec<u8>, Vec<u8>)>;

fn fields(head: &Decoded) -> Fields {
    let line = |line: &loiter::proto::http2::hpack::decoded::Line| {
        (line.name(&head.text).to_vec(), line.value(&head.text).to_vec())
    };
    head.lines.iter().map(line).collect()
}

/// The head is within its limits, and consists of its lines.
fn check_head(head: &Decoded, limits: &Limits) {
    let fields = fields(head);
    let lines = fields.iter().flat_map(|(name, value)| [name, &b": "[..], value, b"\r\n"].concat());
    assert!(lines.chain(*b"\r\n").eq(head.text.iter().copied()));
    assert!(head.text.len() <= limits.head_bytes);
    assert!(fields.iter().all(|(name, value)| name.len() + value.len() <= limits.head_line_bytes));
    let regular = fields.iter().filter(|(name, _)| !name.starts_with(b":")).count();
    assert!(regular <= limits.head_fields && fields.len() - regular <= 5);
    let breaks = head.text.iter().filter(|&&byte| byte == b'\n').count();
    assert_eq!(breaks, fields.len() + 1, "a value forges a line");
    assert!(fields.iter().all(|(name, _)| !name.iter().any(u8::is_ascii_uppercase)));
}

/// Encoded and decoded again, it is the same.
fn check_encoder(head: &Decoded, limits: &Limits) {
    for write in [field, compressed_field] {
        let mut block = Vec::new();
        fields(head).iter().for_each(|(name, value)| write(&mut block, name, value));
        let mut again = Decoded::default();
        assert_eq!(Decoder::new().decode(&block, &mut again, limits), Ok(()));
        assert_eq!((&again.text, &again.lines, again.fault), (&head.text, &head.lines, None));
    }
}

fn check_request(head: &Decoded) {
    let mut table = FieldTable::empty();
    request::placeholder(head, &mut table, ORIGIN).method_name();
    let (mut table, mut second) = (FieldTable::empty(), FieldTable::empty());
    let Ok(parsed) = request::parse(head, &mut table, ORIGIN) else { return };
    let again = request::reparse(&head.text, &mut second, ORIGIN);
    assert_eq!(format!("{again:?}"), format!("{:?}", Some(parsed.request)), "read again");
}

/// Whether the other decodes such a block: it panics if an update of the table's size is cut off,
/// and allows any number of them at any place.
fn is_comparable(block: &[u8], error: DecodeError) -> bool {
    !matches!(block, [0x20..=0x3f, ..]) && !error.0.contains("update")
}

pub(crate) fn run(data: &[u8]) {
    let Some((&how, mut rest)) = data.split_first() else { return };
    let small =
        Limits { head_line_bytes: 60, head_bytes: 200, head_fields: 6, ..Limits::default() };
    let limits = if how & 1 == 0 { Limits::default() } else { small };
    let (mut ours, mut theirs) = (Decoder::new(), fluke_hpack::Decoder::new());
    theirs.set_max_allowed_table_size(4096);
    let mut head = Decoded::default();
    while let Some((&length, after)) = rest.split_first() {
        let (block, after) = after.split_at(after.len().min(length.into()));
        rest = after;
        let result = ours.decode(block, &mut head, &limits);
        if let Err(error) = result {
            return assert!(!is_comparable(block, error) || theirs.decode(block).is_err());
        }
        check_head(&head, &limits);
        check_request(&head);
        // The other refuses a block that ends with an update of the table's size.
        let Ok(other) = theirs.decode(block) else {
            return assert!(head.lines.is_empty() && head.fault.is_none());
        };
        match head.fault {
            None => {
                assert_eq!(fields(&head), other);
                check_encoder(&head, &limits);
            }
            Some(Fault::Malformed(_) | Fault::Refused(_)) => {
                assert!(other.len() > head.lines.len() && other.starts_with(&fields(&head)));
            }
        }
    }
}
