//! URIs: percent-encoding, queries, references, and the URL of a request.

pub mod iri;
pub mod percent;
pub mod query;
pub mod reference;
pub mod request_url;
