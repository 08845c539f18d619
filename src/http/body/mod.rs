//! Request bodies: forms, files, JSON and text, parsed as by Werkzeug or as by go-httpbin.

pub mod content;
pub mod go;
pub mod multipart;
pub mod werkzeug;

use super::compat::Compat;
use super::fields::parameters::Parameterized;
use super::reply::Refusal;
use super::request::Request;
use super::status::Status;
use crate::base::limits::MAX_FORM_FIELDS;
use content::{Content, URLENCODED};

/// Refuses a malformed body if the API is strict, and a form with too many fields.
pub fn check(compat: &Compat, request: &Request) -> Result<(), Refusal> {
    check_count(request)?;
    if compat.strict { go::check_json(&go::read(request)?) } else { Ok(()) }
}

/// Parses a request's body by its Content-Type. It should have been [checked](check): JSON is not
/// parsed again.
///
/// # Errors
///
/// The refusal of a malformed form, if the API is strict.
pub fn read<'a>(compat: &Compat, request: &Request<'a>) -> Result<Content<'a>, Refusal> {
    if compat.strict { go::read(request) } else { Ok(werkzeug::read(request)) }
}

/// Refuses a form with too many fields, since each takes far more memory than its bytes.
fn check_count(request: &Request) -> Result<(), Refusal> {
    let body = request.body;
    if body.len() <= MAX_FORM_FIELDS {
        return Ok(());
    }
    let media = request.fields_named("Content-Type").last().unwrap_or_default();
    let media = Parameterized::parse(&String::from_utf8_lossy(media));
    let is_form = media.value == URLENCODED;
    if is_form && memchr::memchr_iter(b'&', body).nth(MAX_FORM_FIELDS - 1).is_some() {
        let reason = format!("the form has more than {MAX_FORM_FIELDS} fields");
        return Err(Refusal::new(Status(413), reason));
    }
    Ok(())
}
