//! A parsed body, and how it is written as JSON.

use std::borrow::Cow;

use base64::engine::general_purpose::{GeneralPurpose, STANDARD};

use crate::base::sort::sort_by;
use crate::http::compat::Compat;
use crate::http::fields::parameters::Parameterized;
use crate::http::json::Json;
use crate::http::uri::query::{self, Order, Pair};

/// A body parsed by its Content-Type.
#[derive(Debug, Default)]
pub struct Content<'a> {
    /// Form fields, in order of arrival.
    pub form: Vec<Pair<'a>>,
    /// Files with the names of their fields, in order of arrival.
    pub files: Vec<(String, Data<'a>)>,
    /// The body itself, unless it is a form.
    pub data: Data<'a>,
    /// The text to parse as JSON; empty if there is none.
    pub json: Cow<'a, str>,
}

/// How bytes are shown.
#[derive(Debug)]
pub enum Data<'a> {
    /// As text.
    Text(&'a str),
    /// As text, with invalid UTF-8 replaced.
    Bytes(&'a [u8]),
    /// As a `data:` URL (RFC 2397).
    Url {
        /// Its media type.
        media: Cow<'a, str>,
        /// The base64 alphabet.
        alphabet: &'static GeneralPurpose,
        /// Its content.
        content: &'a [u8],
    },
}

/// The media type of a form in the format of a query.
pub(super) const URLENCODED: &str = "application/x-www-form-urlencoded";
/// The media type of a form in parts.
pub(super) const MULTIPART: &str = "multipart/form-data";

/// The boundary between the parts of a form.
pub(super) fn boundary(options: &Parameterized) -> Option<&str> {
    options.parameter("boundary").filter(|b| !b.is_empty() && b.is_ascii())
}

impl Content<'_> {
    /// Writes the form fields as an object.
    pub fn write_form(&self, json: &mut Json, compat: &Compat) {
        query::write(json, compat, &self.form, Order::Sorted);
    }

    /// Writes the files as an object: the first file of each name, or lists of all.
    pub fn write_files(&self, json: &mut Json, compat: &Compat) {
        let mut files: Vec<&(String, Data)> = self.files.iter().collect();
        // A stable sort, so files with the same name keep their order.
        sort_by(&mut files, |one, other| one.0.cmp(&other.0));
        json.object(|json| {
            for same in files.chunk_by(|one, other| one.0 == other.0) {
                let Some((name, first)) = same.first() else { continue };
                json.text_key(name);
                match compat.always_lists {
                    false => first.write(json),
                    true => json.list(|json| {
                        for (_, file) in same {
                            json.item();
                            file.write(json);
                        }
                    }),
                }
            }
        });
    }
}

impl Default for Data<'_> {
    fn default() -> Self {
        Data::Text("")
    }
}

impl<'a> Data<'a> {
    /// As text, whatever it is.
    pub(super) fn text(content: &'a [u8]) -> Data<'a> {
        std::str::from_utf8(content).map_or(Data::Bytes(content), Data::Text)
    }

    /// As text if it is valid UTF-8, whatever its media type.
    pub(super) fn of(content: &'a [u8], media: Option<Cow<'a, str>>) -> Data<'a> {
        if let Ok(text) = std::str::from_utf8(content) {
            return Data::Text(text);
        }
        let media = media.filter(|media| !media.is_empty());
        let media = media.unwrap_or("application/octet-stream".into());
        Data::Url { media, alphabet: &STANDARD, content }
    }

    /// Writes it as a string.
    pub fn write(&self, json: &mut Json) {
        match self {
            Data::Text(text) => json.text(text),
            Data::Bytes(content) => json.bytes(content),
            Data::Url { media, alphabet, content } => {
                let spelling = json.spelling;
                json.quoted(|output| {
                    output.extend_from_slice(b"data:");
                    spelling.escape(output, media);
                    output.extend_from_slice(b";base64,");
                    write_base64(output, alphabet, content);
                });
            }
        }
    }
}

/// Appends bytes in base64, in pieces of a multiple of three bytes, so that they concatenate.
fn write_base64(output: &mut Vec<u8>, alphabet: &GeneralPurpose, content: &[u8]) {
    use base64::engine::Engine;
    let mut coded = [0; 4096];
    for piece in content.chunks(3072) {
        let length = alphabet.encode_slice(piece, &mut coded).unwrap_or_default();
        output.extend_from_slice(coded.get(..length).unwrap_or_default());
    }
}
