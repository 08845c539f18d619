//! Encodes fields of answers without a dynamic table, so that nothing has to be kept.
//!
//! Literals are not compressed by [`field`]: that would cost more than all else in a small answer
//! and save a few bytes. [`compressed_field`] does it, for what is encoded once and sent often.

use super::static_table;
use crate::http::status::Status;
use crate::proto::http2::huffman;

/// Longest name in the static table in bytes.
const LONGEST_STATIC_NAME: usize = 32;

/// Appends the field with this index in the static table, 1 to 61 (RFC 7541 6.1).
pub fn indexed(out: &mut Vec<u8>, index: u8) {
    out.push(0x80 | index);
}

/// Appends `:status`; one of three digits, as all are.
pub fn status(out: &mut Vec<u8>, status: Status) {
    let index = match status.0 {
        200 => 8,
        204 => 9,
        206 => 10,
        304 => 11,
        400 => 12,
        404 => 13,
        500 => 14,
        code => {
            let digit = |unit| b'0' + (code / unit % 10) as u8;
            out.extend_from_slice(&[0x08, 3, digit(100), digit(10), digit(1)]);
            return;
        }
    };
    indexed(out, index);
}

/// Appends a field that neither side keeps in its table (RFC 7541 6.2.2). The name is sent in
/// lower case, or as an index if the static table has it.
pub fn field(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    write_name(out, name, false);
    plain(out, value);
}

/// The same with Huffman-coded strings where that is shorter.
pub fn compressed_field(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    write_name(out, name, true);
    shortest(out, value);
}

fn write_name(out: &mut Vec<u8>, name: &[u8], compress: bool) {
    let mut lower = [0; LONGEST_STATIC_NAME];
    let known = lower.get_mut(..name.len()).and_then(|lower| {
        lower.copy_from_slice(name);
        lower.make_ascii_lowercase();
        static_table::index_of(lower)
    });
    if let Some(index) = known {
        return integer(out, 0, 4, index.into());
    }
    out.push(0);
    if compress {
        shortest(out, &name.to_ascii_lowercase());
    } else {
        integer(out, 0, 7, name.len());
        out.extend(name.iter().map(u8::to_ascii_lowercase));
    }
}

fn plain(out: &mut Vec<u8>, text: &[u8]) {
    integer(out, 0, 7, text.len());
    out.extend_from_slice(text);
}

fn shortest(out: &mut Vec<u8>, text: &[u8]) {
    let coded = huffman::encoded_len(text);
    if coded < text.len() {
        integer(out, 0x80, 7, coded);
        huffman::encode(text, out);
    } else {
        plain(out, text);
    }
}

/// Appends an update of the dynamic table's size (RFC 7541 6.3), which only a block may begin with.
pub fn table_size(out: &mut Vec<u8>, bytes: usize) {
    integer(out, 0x20, 5, bytes);
}

/// Appends an integer with a prefix of this many bits, whose byte has these bits before it
/// (RFC 7541 5.1).
#[inline]
fn integer(out: &mut Vec<u8>, before: u8, prefix: u32, value: usize) {
    let most = (1 << prefix) - 1;
    if value < most {
        return out.push(before | value as u8);
    }
    out.push(before | most as u8);
    let mut rest = value - most;
    while rest >= 0x80 {
        out.push(0x80 | rest as u8);
        rest >>= 7;
    }
    out.push(rest as u8);
}
