//! Two other implementations of HPACK decode what ours encodes, and the other way round.

use proptest::prelude::*;

use crate::base::limits::Limits;
use crate::proto::http2::hpack::decode::Decoder;
use crate::proto::http2::hpack::decoded::Decoded;
use crate::proto::http2::hpack::encode::{compressed_field, field};
use crate::proto::http2::hpack::static_table;

type Field = (Vec<u8>, Vec<u8>);

/// A field as the text of a head has it.
fn lines(fields: &[Field]) -> Vec<u8> {
    let lines = fields.iter().flat_map(|(name, value)| [name, &b": "[..], value, b"\r\n"].concat());
    lines.chain(*b"\r\n").collect()
}

/// Names of the static table, and others; few, so that they repeat.
fn name() -> impl Strategy<Value = Vec<u8>> {
    let known = (1..=static_table::ENTRIES).prop_map(|index| {
        let entry = static_table::get(index).unwrap();
        entry.line[..entry.name].to_vec()
    });
    prop_oneof![
        known,
        "[a-c]".prop_map(String::into_bytes),
        "[a-z0-9!#$%&'*+.^_`|~-]{1,40}".prop_map(String::into_bytes)
    ]
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    let any = prop::collection::vec(any::<u8>(), 0..200).prop_map(|mut bytes| {
        bytes.retain(|byte| !matches!(byte, 0..=8 | 10..=31 | 127));
        bytes.trim_ascii().to_vec()
    });
    let known = prop::sample::select(vec!["", "GET", "/", "200", "gzip, deflate", "http", "a"]);
    prop_oneof![
        any,
        known.prop_map(|text| text.as_bytes().to_vec()),
        "[ -~]{0,300}".prop_map(|text| text.trim().into())
    ]
}

/// The blocks of one connection, each with a byte for how to encode its field.
fn blocks() -> impl Strategy<Value = Vec<Vec<(Field, u8)>>> {
    let field = ((name(), value()), any::<u8>());
    prop::collection::vec(prop::collection::vec(field, 0..12), 1..6)
}

/// No more pseudo-fields than a head can have; they are not what is tested here.
fn head(block: &[(Field, u8)]) -> Vec<(Field, u8)> {
    let mut pseudo = 0;
    let mut counts = |name: &[u8]| {
        pseudo += usize::from(name.starts_with(b":"));
        !name.starts_with(b":") || pseudo <= 5
    };
    block.iter().filter(|((name, _), _)| counts(name)).cloned().collect()
}

fn decoded(decoder: &mut Decoder, block: &[u8]) -> Vec<u8> {
    let mut decoded = Decoded::default();
    decoder.decode(block, &mut decoded, &Limits::default()).unwrap();
    assert_eq!(decoded.fault, None);
    decoded.text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn they_decode_what_ours_encodes(blocks in blocks()) {
        for block in blocks {
            let mut bytes = Vec::new();
            for ((name, value), how) in &block {
                let write = if how & 1 == 0 { field } else { compressed_field };
                write(&mut bytes, &name.to_ascii_uppercase(), value);
            }
            let fields: Vec<Field> = block.into_iter().map(|(field, _)| field).collect();
            prop_assert_eq!(&fluke_hpack::Decoder::new().decode(&bytes).unwrap(), &fields);
            let mut theirs = Vec::new();
            httlib_hpack::Decoder::default().decode(&mut bytes, &mut theirs).unwrap();
            let theirs = theirs.into_iter().map(|(name, value, _)| (name, value));
            prop_assert_eq!(theirs.collect::<Vec<Field>>(), fields);
        }
    }

    #[test]
    fn ours_decodes_what_they_encode(
        blocks in blocks(),
        sizes in prop::collection::vec(0..=4096_u32, 8),
    ) {
        let mut first = fluke_hpack::Encoder::new();
        let mut second = httlib_hpack::Encoder::with_dynamic_size(4096);
        let (mut of_first, mut of_second) = (Decoder::new(), Decoder::new());
        for (block, size) in blocks.iter().zip(sizes) {
            let block = head(block);
            let fields: Vec<Field> = block.iter().map(|(field, _)| field.clone()).collect();
            let bytes = first.encode(fields.iter().map(|(name, value)| (&name[..], &value[..])));
            prop_assert_eq!(decoded(&mut of_first, &bytes), lines(&fields));

            let mut bytes = Vec::new();
            if size % 3 == 0 {
                second.update_max_dynamic_size(size, &mut bytes).unwrap();
            }
            for ((name, value), how) in block {
                // Bits for Huffman codes, for the dynamic table or never, and for an index.
                let how = how & if how & 4 != 0 { 0x17 } else { 0x1f };
                second.encode((name, value, how), &mut bytes).unwrap();
            }
            prop_assert_eq!(decoded(&mut of_second, &bytes), lines(&fields));
        }
    }

    /// What is random and ours decodes, the other does too. It panics on some other blocks.
    #[test]
    fn random_blocks(
        blocks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 1..5),
    ) {
        let (mut ours, mut theirs) = (Decoder::new(), fluke_hpack::Decoder::new());
        theirs.set_max_allowed_table_size(4096);
        let mut head = Decoded::default();
        for block in blocks {
            if ours.decode(&block, &mut head, &Limits::default()).is_err() {
                break;
            }
            // It refuses a block that ends with an update of the table's size.
            let Ok(fields) = theirs.decode(&block) else { break };
            if head.fault.is_none() {
                prop_assert_eq!(&head.text, &lines(&fields));
            }
        }
    }
}
