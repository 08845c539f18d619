//! Decodes field blocks (RFC 7541 3 to 6).

use super::decoded::Decoded;
use super::table::Table;
use crate::base::limits::{HPACK_TABLE_BYTES, Limits};
use crate::proto::http2::huffman;

/// Why a block cannot be decoded: an error of the connection of type COMPRESSION_ERROR (RFC 9113
/// 4.3), as both sides' tables differ from then on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError(pub &'static str);

const TRUNCATED: DecodeError = DecodeError("a field block ends within a field");
/// Most updates of the table's size in one block (RFC 7541 4.2): to the least and the last of the
/// sizes since the block before.
const MAX_SIZE_UPDATES: u32 = 2;
/// Most bytes of an integer after its prefix: 28 bits, far more than any valid length or index.
const MAX_INTEGER_BYTES: u32 = 4;

/// The decoder of one direction of a connection.
#[derive(Debug)]
pub struct Decoder {
    table: Table,
}

impl Default for Decoder {
    fn default() -> Decoder {
        Decoder::new()
    }
}

impl Decoder {
    /// A decoder with an empty dynamic table of at most [`HPACK_TABLE_BYTES`], the size that peers
    /// assume when we advertise no other. It has allocated nothing.
    pub const fn new() -> Decoder {
        Decoder { table: Table::new() }
    }

    /// Decodes a complete block, and replaces what `into` contains by its head. The whole block is
    /// decoded even if the head is malformed or beyond the limits (see [`Decoded::fault`]), since
    /// the next block depends on the table.
    pub fn decode(
        &mut self,
        block: &[u8],
        into: &mut Decoded,
        limits: &Limits,
    ) -> Result<(), DecodeError> {
        into.clear();
        let mut rest = self.size_updates(block)?;
        while let Some(&first) = rest.first() {
            rest = match first {
                0x80.. => self.indexed(rest, into, limits)?,
                0x40.. => self.literal(rest, Indexing::Incremental, into, limits)?,
                0x20.. => return Err(DecodeError("a table size update follows a field")),
                _ => self.literal(rest, Indexing::None, into, limits)?,
            };
        }
        into.finish();
        Ok(())
    }

    /// RFC 7541 6.3. Returns the rest of the block.
    fn size_updates<'a>(&mut self, block: &'a [u8]) -> Result<&'a [u8], DecodeError> {
        let (mut rest, mut updates) = (block, 0);
        while let Some(0x20..=0x3f) = rest.first() {
            let (size, after) = integer(rest, 5)?;
            updates += 1;
            if size > HPACK_TABLE_BYTES || updates > MAX_SIZE_UPDATES {
                return Err(DecodeError("a table size update is not allowed"));
            }
            self.table.set_limit(size);
            rest = after;
        }
        Ok(rest)
    }

    /// RFC 7541 6.1.
    fn indexed<'a>(
        &self,
        block: &'a [u8],
        into: &mut Decoded,
        limits: &Limits,
    ) -> Result<&'a [u8], DecodeError> {
        let (index, rest) = integer(block, 7)?;
        into.push(self.table.get(index).ok_or(NO_ENTRY)?, limits);
        Ok(rest)
    }

    /// RFC 7541 6.2. Its line is written to the text, then kept in the table, then removed from the
    /// text if the head has a fault.
    fn literal<'a>(
        &mut self,
        block: &'a [u8],
        indexing: Indexing,
        into: &mut Decoded,
        limits: &Limits,
    ) -> Result<&'a [u8], DecodeError> {
        let prefix = if indexing == Indexing::Incremental { 6 } else { 4 };
        let (index, rest) = integer(block, prefix)?;
        let start = into.text.len();
        let text = &mut into.text;
        let rest = if index == 0 {
            string(rest, text)?
        } else {
            let entry = self.table.get(index).ok_or(NO_ENTRY)?;
            text.extend_from_slice(entry.line.get(..entry.name).unwrap_or_default());
            rest
        };
        let name = text.len() - start;
        text.extend_from_slice(b": ");
        let rest = string(rest, text)?;
        text.extend_from_slice(b"\r\n");
        into.push_written(start, name, limits, |entry| {
            if indexing == Indexing::Incremental {
                self.table.insert(entry);
            }
        });
        Ok(rest)
    }
}

const NO_ENTRY: DecodeError = DecodeError("a field has an index that no table has");

/// Whether a literal field gets into the dynamic table. "Never indexed" (RFC 7541 6.2.3) matters
/// to those who encode a field again.
#[derive(Clone, Copy, PartialEq)]
enum Indexing {
    Incremental,
    None,
}

/// The integer with a prefix of this many bits (RFC 7541 5.1), and what follows it.
#[inline]
fn integer(bytes: &[u8], prefix: u32) -> Result<(usize, &[u8]), DecodeError> {
    let (&first, mut rest) = bytes.split_first().ok_or(TRUNCATED)?;
    let most = (1 << prefix) - 1;
    let mut value = usize::from(first) & most;
    if value < most {
        return Ok((value, rest));
    }
    for nth in 0..MAX_INTEGER_BYTES {
        let (&byte, after) = rest.split_first().ok_or(TRUNCATED)?;
        value += usize::from(byte & 0x7f) << (7 * nth);
        rest = after;
        if byte < 0x80 {
            return Ok((value, rest));
        }
    }
    Err(DecodeError("an integer in a field block is too large"))
}

/// Appends the string (RFC 7541 5.2) that `bytes` start with to `text`. Returns what follows it.
#[inline]
fn string<'a>(bytes: &'a [u8], text: &mut Vec<u8>) -> Result<&'a [u8], DecodeError> {
    let is_coded = bytes.first().is_some_and(|&first| first >= 0x80);
    let (length, rest) = integer(bytes, 7)?;
    let (string, rest) = rest.split_at_checked(length).ok_or(TRUNCATED)?;
    if is_coded {
        huffman::decode(string, text)
            .ok_or(DecodeError("the Huffman code of a string is wrong"))?;
    } else {
        text.extend_from_slice(string);
    }
    Ok(rest)
}
