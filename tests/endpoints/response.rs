//! Reads answers as strictly as RFC 9112 allows: whatever a lenient client would repair is an error.

/// How the body of an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// There is none.
    None,
    Length,
    Chunked,
    /// With the connection.
    Close,
}

/// One answer.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    /// The interim answers before it: status and fields.
    pub(crate) interims: Vec<(u16, Vec<(String, String)>)>,
    pub(crate) status: u16,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) framing: Framing,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: Vec<(String, String)>,
}

impl Response {
    /// Reads one answer, to HEAD or not, from the start of `bytes`, and returns what follows it.
    /// `over`: the server has closed its side after them.
    pub(crate) fn read(
        bytes: &[u8],
        head_only: bool,
        over: bool,
    ) -> Result<(Response, &[u8]), String> {
        let (mut interims, mut rest) = (Vec::new(), bytes);
        loop {
            let (status, fields, after) = head(rest)?;
            rest = after;
            if status < 200 && status != 101 {
                interims.push((status, fields));
                continue;
            }
            let framing = framing(status, &fields, head_only)?;
            let (body, trailers, rest) = body(rest, framing, &fields, over)?;
            let response = Response { interims, status, fields, framing, body, trailers };
            return Ok((response, rest));
        }
    }

    /// Reads an answer that may be cut off within its body, and returns what is not a part of it: all
    /// after the last whole chunk, or after the length.
    pub(crate) fn cut(bytes: &[u8], head_only: bool) -> Result<(Response, &[u8]), String> {
        let (status, fields, rest) = head(bytes)?;
        let framing = framing(status, &fields, head_only)?;
        let (body, rest) = match framing {
            Framing::None => (Vec::new(), rest),
            Framing::Close => (rest.to_vec(), b"".as_slice()),
            Framing::Length => {
                let length = named(&fields, "Content-Length").next().unwrap_or_default();
                let length = length.parse::<usize>().map_err(|error| error.to_string())?;
                let (body, rest) = rest.split_at(length.min(rest.len()));
                (body.to_vec(), rest)
            }
            Framing::Chunked => whole_chunks(rest),
        };
        let (interims, trailers) = (Vec::new(), Vec::new());
        Ok((Response { interims, status, fields, framing, body, trailers }, rest))
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> + use<'_> {
        named(&self.fields, name)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

type Fields = Vec<(String, String)>;

fn named<'a>(
    fields: &'a [(String, String)],
    name: &str,
) -> impl Iterator<Item = &'a str> + use<'a> {
    let own = |field: &&(String, String)| field.0.eq_ignore_ascii_case(name);
    let values: Vec<_> = fields.iter().filter(own).map(|field| field.1.as_str()).collect();
    values.into_iter()
}

/// The line up to its CR LF, and what follows.
fn line(bytes: &[u8]) -> Result<(&str, &[u8]), String> {
    let end = bytes.windows(2).position(|pair| pair == b"\r\n").ok_or("a line does not end")?;
    let line = std::str::from_utf8(&bytes[..end]).map_err(|error| error.to_string())?;
    match line.contains(['\r', '\n', '\0']) {
        true => Err(format!("a control character in {line:?}")),
        false => Ok((line, &bytes[end + 2..])),
    }
}

/// The status, the fields and what follows.
fn head(bytes: &[u8]) -> Result<(u16, Fields, &[u8]), String> {
    let (status_line, rest) = line(bytes)?;
    let malformed = || format!("{status_line:?} is not a status line");
    let (version, after) = status_line.split_once(' ').ok_or_else(malformed)?;
    let (code, _) = after.split_once(' ').ok_or_else(malformed)?;
    let digits = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || !matches!(version, "HTTP/1.0" | "HTTP/1.1") {
        return Err(malformed());
    }
    let (fields, rest) = fields(rest)?;
    Ok((code.parse().map_err(|_| malformed())?, fields, rest))
}

/// Fields and the empty line that ends them.
fn fields(mut rest: &[u8]) -> Result<(Fields, &[u8]), String> {
    let mut fields = Fields::new();
    loop {
        let (text, after) = line(rest)?;
        rest = after;
        if text.is_empty() {
            return Ok((fields, rest));
        }
        let (name, value) = text.split_once(':').ok_or(format!("{text:?} is not a field"))?;
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(token) {
            return Err(format!("{name:?} is not a field's name"));
        }
        fields.push((name.to_owned(), value.trim_matches([' ', '\t']).to_owned()));
    }
}

fn framing(status: u16, fields: &Fields, head_only: bool) -> Result<Framing, String> {
    let lengths: Vec<_> = named(fields, "Content-Length").collect();
    let codings: Vec<_> = named(fields, "Transfer-Encoding").collect();
    if lengths.len() + codings.len() > 1 {
        return Err(format!("lengths {lengths:?} and codings {codings:?}"));
    }
    if codings.first().is_some_and(|coding| *coding != "chunked") {
        return Err(format!("codings {codings:?}"));
    }
    let none = head_only || status == 101 || status == 204 || status == 304;
    if none && !codings.is_empty() && !head_only {
        return Err(format!("a {status} with chunks"));
    }
    Ok(match (lengths.len(), codings.len()) {
        _ if none => Framing::None,
        (1, _) => Framing::Length,
        (_, 1) => Framing::Chunked,
        _ => Framing::Close,
    })
}

/// The body, its trailers, and what follows.
type Body<'a> = (Vec<u8>, Fields, &'a [u8]);

fn body<'a>(
    bytes: &'a [u8],
    framing: Framing,
    fields: &Fields,
    over: bool,
) -> Result<Body<'a>, String> {
    match framing {
        Framing::None => Ok((Vec::new(), Fields::new(), bytes)),
        Framing::Close if over => Ok((bytes.to_vec(), Fields::new(), b"")),
        Framing::Close => Err("the body ends with a connection that is open".to_owned()),
        Framing::Length => {
            let text = named(fields, "Content-Length").next().unwrap_or_default();
            let length = text.parse::<usize>().map_err(|_| format!("the length {text:?}"))?;
            let got = bytes.len();
            let (body, rest) =
                bytes.split_at_checked(length).ok_or(format!("{got} bytes of {length}"))?;
            Ok((body.to_vec(), Fields::new(), rest))
        }
        Framing::Chunked => chunks(bytes),
    }
}

fn chunks(mut rest: &[u8]) -> Result<Body<'_>, String> {
    let mut body = Vec::new();
    loop {
        let (size, after) = line(rest)?;
        let digits = !size.is_empty() && size.bytes().all(|byte| byte.is_ascii_hexdigit());
        let bytes = usize::from_str_radix(size, 16).ok().filter(|_| digits);
        let bytes = bytes.ok_or(format!("{size:?} is not a chunk's size"))?;
        if bytes == 0 {
            let (trailers, rest) = self::fields(after)?;
            return Ok((body, trailers, rest));
        }
        let (chunk, after) = after.split_at_checked(bytes).ok_or("a chunk is cut off")?;
        body.extend_from_slice(chunk);
        rest = after.strip_prefix(b"\r\n").ok_or("no line end after a chunk")?;
    }
}

/// What is in whole chunks, and what follows them.
fn whole_chunks(mut rest: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut body = Vec::new();
    while let Ok((size, after)) = line(rest)
        && let Ok(bytes @ 1..) = usize::from_str_radix(size, 16)
        && let Some((chunk, after)) = after.split_at_checked(bytes)
        && let Some(after) = after.strip_prefix(b"\r\n")
    {
        body.extend_from_slice(chunk);
        rest = after;
    }
    (body, rest)
}

#[test]
fn what_is_malformed_is_not_read() {
    for (bytes, wrong) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx", "1 bytes of 2"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", "lengths"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n", "does not end"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "chunk's size"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc", "no line end"),
        ("HTTP/1.1 200 OK\r\n\r\nx", "is open"),
        ("NOT HTTP\r\n\r\n", "status line"),
        ("HTTP/1.1 200 OK\r\nA b: c\r\n\r\n", "field's name"),
        ("HTTP/1.1 200 OK\r\nA: b\nc: d\r\n\r\n", "control"),
        ("HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n\r\n", "with chunks"),
    ] {
        let error = Response::read(bytes.as_bytes(), false, false).expect_err(bytes);
        assert!(error.contains(wrong), "{bytes:?}: {error}");
    }
    let bytes = b"HTTP/1.1 103 X\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\n\
        Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: b\r\n\r\nnext";
    let (read, rest) = Response::read(bytes, false, false).expect("an answer");
    assert_eq!((read.interims[0].0, read.status, rest), (103, 200, b"next".as_slice()));
    assert_eq!((read.text().as_str(), read.trailers.len()), ("x", 1));
}
