//! Which parts of a request the echoing endpoints write, and in which order.

/// The members of each echoing endpoint's JSON document.
#[derive(Debug)]
pub struct EchoFields {
    /// `/get` and the endpoints that answer as it does.
    pub get: &'static [EchoField],
    /// `/post`, `/put`, `/patch` and `/delete`.
    pub body: &'static [EchoField],
    /// `/anything`.
    pub anything: &'static [EchoField],
    /// `/anything?raw=1`, which adds the header fields as they were sent.
    pub raw: &'static [EchoField],
    /// `/upload`.
    pub upload: &'static [EchoField],
    /// `/delay`.
    pub delay: &'static [EchoField],
    /// `/gzip` and the other compressed answers, without the flag that names the coding.
    pub compressed: &'static [EchoField],
    /// Whether that flag is sorted among them by its name; if not, it is the last.
    pub sorted_flag: bool,
    /// The lines of `/stream`, up to their `id`.
    pub stream: &'static [EchoField],
}

/// A member of a JSON document that shows a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EchoField {
    /// The arguments of the query.
    Args,
    /// The body, unless it is a form.
    Data,
    /// The files of a form.
    Files,
    /// The other values of a form.
    Form,
    /// The header fields.
    Headers,
    /// The body parsed as JSON.
    Json,
    /// The method.
    Method,
    /// The header fields as they were sent.
    RawHeaders,
    /// The length of the body, in bytes.
    BytesReceived,
    /// The SHA-256 of the body, in hexadecimal.
    Sha256,
    /// The client's address.
    Origin,
    /// The URL.
    Url,
    /// An empty URL, which go-httpbin writes in compressed answers.
    EmptyUrl,
    /// A member of this name with the value `true`.
    Flag(&'static str),
}

impl EchoField {
    /// The member's name.
    pub const fn name(self) -> &'static str {
        match self {
            EchoField::Args => "args",
            EchoField::Data => "data",
            EchoField::Files => "files",
            EchoField::Form => "form",
            EchoField::Headers => "headers",
            EchoField::Json => "json",
            EchoField::Method => "method",
            EchoField::RawHeaders => "raw_headers",
            EchoField::BytesReceived => "bytes_received",
            EchoField::Sha256 => "sha256",
            EchoField::Origin => "origin",
            EchoField::Url | EchoField::EmptyUrl => "url",
            EchoField::Flag(name) => name,
        }
    }
}
