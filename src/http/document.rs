//! Documents that depend on the settings alone, such as the page at `/`.
//!
//! Each is made when it is first requested, and compressed when a client first asks for that
//! coding. Both are kept in the [`App`](super::app::App) and dropped with it. All of them together
//! are about a megabyte, whatever clients request.

use std::fmt;
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

use super::content_coding::Coding;
use crate::base::text::hex;

/// The offered codings, in order of preference. Clients that accept zstd accept Brotli too.
pub const OFFERED: [Coding; 4] = [Coding::Brotli, Coding::Gzip, Coding::Deflate, Coding::Identity];

/// The documents of one [`App`](super::app::App).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Documents {
    /// The page at `/`.
    pub page: Document,
    /// The same in plain text.
    pub text: Document,
    /// The live page of the admin listener.
    pub live: Document,
    /// The same where no journal is kept.
    pub no_journal: Document,
    /// `/spec.json`.
    pub swagger: Document,
    /// `/openapi.json`.
    pub openapi: Document,
}

/// A document in every coding that was requested so far.
#[derive(Default)]
pub struct Document {
    whole: OnceLock<Whole>,
    coded: [OnceLock<Vec<u8>>; OFFERED.len()],
}

/// The document without a coding, and its entity tag.
struct Whole {
    bytes: Vec<u8>,
    tag: String,
}

impl Document {
    /// The entity tag of the document in a coding. `make` must depend on the settings alone; its
    /// first result is kept. Each coding is a representation of its own (RFC 9110 8.8.3.3).
    pub fn tag(&self, coding: Coding, make: impl FnOnce() -> Vec<u8>) -> String {
        let tag = &self.whole(make).tag;
        coding.name().map_or_else(|| tag.clone(), |name| format!("{tag}-{name}"))
    }

    /// The document in a coding; `make` as for [`tag`](Document::tag).
    pub fn bytes(&self, coding: Coding, make: impl FnOnce() -> Vec<u8>) -> Vec<u8> {
        let whole = &self.whole(make).bytes;
        let place = OFFERED.iter().position(|offered| *offered == coding);
        let place = place.filter(|_| coding != Coding::Identity).and_then(|n| self.coded.get(n));
        let compress = || {
            let mut output = Vec::new();
            coding.compress_kept(whole, &mut output);
            output
        };
        place.map_or(whole, |coded| coded.get_or_init(compress)).clone()
    }

    fn whole(&self, make: impl FnOnce() -> Vec<u8>) -> &Whole {
        self.whole.get_or_init(|| {
            let bytes = make();
            let hash = Sha256::digest(&bytes);
            let tag = hex(hash.get(..8).unwrap_or_default());
            Whole { bytes, tag }
        })
    }
}

/// A clone starts empty, since the settings of the cloned [`App`](super::app::App) may be changed.
impl Clone for Document {
    fn clone(&self) -> Document {
        Document::default()
    }
}

/// Always equal: documents of equal settings are equal, whether they were made yet or not.
impl PartialEq for Document {
    fn eq(&self, _: &Document) -> bool {
        true
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let made = self.whole.get().map(|whole| whole.bytes.len());
        f.debug_struct("Document").field("bytes", &made).finish_non_exhaustive()
    }
}
