//! The static table (RFC 7541 appendix A), as lines of text.

use super::Entry;

/// Number of entries; indexes begin with 1, and those of the dynamic table follow.
pub(super) const ENTRIES: usize = 61;

/// The entry with this index, 1 to [`ENTRIES`].
pub(super) fn get(index: usize) -> Option<Entry<'static>> {
    let (line, name) = *LINES.get(index.wrapping_sub(1))?;
    Some(Entry { line: line.as_bytes(), name: name.into(), valid: true })
}

/// Each entry's line and the length of its name.
static LINES: [(&str, u8); ENTRIES] = {
    let mut lines = [("", 0); ENTRIES];
    let mut at = 0;
    while at < ENTRIES {
        let line = TEXTS[at].as_bytes();
        let mut colon = 1; // behind that of a pseudo-field
        while line[colon] != b':' {
            colon += 1;
        }
        lines[at] = (TEXTS[at], colon as u8);
        at += 1;
    }
    lines
};

const TEXTS: [&str; ENTRIES] = [
    ":authority: \r\n",
    ":method: GET\r\n",
    ":method: POST\r\n",
    ":path: /\r\n",
    ":path: /index.html\r\n",
    ":scheme: http\r\n",
    ":scheme: https\r\n",
    ":status: 200\r\n",
    ":status: 204\r\n",
    ":status: 206\r\n",
    ":status: 304\r\n",
    ":status: 400\r\n",
    ":status: 404\r\n",
    ":status: 500\r\n",
    "accept-charset: \r\n",
    "accept-encoding: gzip, deflate\r\n",
    "accept-language: \r\n",
    "accept-ranges: \r\n",
    "accept: \r\n",
    "access-control-allow-origin: \r\n",
    "age: \r\n",
    "allow: \r\n",
    "authorization: \r\n",
    "cache-control: \r\n",
    "content-disposition: \r\n",
    "content-encoding: \r\n",
    "content-language: \r\n",
    "content-length: \r\n",
    "content-location: \r\n",
    "content-range: \r\n",
    "content-type: \r\n",
    "cookie: \r\n",
    "date: \r\n",
    "etag: \r\n",
    "expect: \r\n",
    "expires: \r\n",
    "from: \r\n",
    "host: \r\n",
    "if-match: \r\n",
    "if-modified-since: \r\n",
    "if-none-match: \r\n",
    "if-range: \r\n",
    "if-unmodified-since: \r\n",
    "last-modified: \r\n",
    "link: \r\n",
    "location: \r\n",
    "max-forwards: \r\n",
    "proxy-authenticate: \r\n",
    "proxy-authorization: \r\n",
    "range: \r\n",
    "referer: \r\n",
    "refresh: \r\n",
    "retry-after: \r\n",
    "server: \r\n",
    "set-cookie: \r\n",
    "strict-transport-security: \r\n",
    "transfer-encoding: \r\n",
    "user-agent: \r\n",
    "vary: \r\n",
    "via: \r\n",
    "www-authenticate: \r\n",
];

/// The first index with this name, in lower case, of the names that fields of answers have.
pub(super) fn index_of(name: &[u8]) -> Option<u8> {
    Some(match name {
        b"accept-charset" => 15,
        b"accept-encoding" => 16,
        b"accept-language" => 17,
        b"accept-ranges" => 18,
        b"accept" => 19,
        b"access-control-allow-origin" => 20,
        b"age" => 21,
        b"allow" => 22,
        b"authorization" => 23,
        b"cache-control" => 24,
        b"content-disposition" => 25,
        b"content-encoding" => 26,
        b"content-language" => 27,
        b"content-length" => 28,
        b"content-location" => 29,
        b"content-range" => 30,
        b"content-type" => 31,
        b"cookie" => 32,
        b"date" => 33,
        b"etag" => 34,
        b"expect" => 35,
        b"expires" => 36,
        b"from" => 37,
        b"host" => 38,
        b"if-match" => 39,
        b"if-modified-since" => 40,
        b"if-none-match" => 41,
        b"if-range" => 42,
        b"if-unmodified-since" => 43,
        b"last-modified" => 44,
        b"link" => 45,
        b"location" => 46,
        b"max-forwards" => 47,
        b"proxy-authenticate" => 48,
        b"proxy-authorization" => 49,
        b"range" => 50,
        b"referer" => 51,
        b"refresh" => 52,
        b"retry-after" => 53,
        b"server" => 54,
        b"set-cookie" => 55,
        b"strict-transport-security" => 56,
        b"transfer-encoding" => 57,
        b"user-agent" => 58,
        b"vary" => 59,
        b"via" => 60,
        b"www-authenticate" => 61,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_its_first_index() {
        for index in 1..=ENTRIES {
            let Entry { line, name, .. } = get(index).unwrap();
            let name = &line[..name];
            assert!(line[name.len()..].starts_with(b": ") && line.ends_with(b"\r\n"));
            let named =
                |&other: &usize| get(other).unwrap().line.starts_with(&[name, b": "].concat());
            let first = (1..=ENTRIES).find(named).unwrap();
            let expected = (name[0] != b':').then_some(first as u8);
            assert_eq!(index_of(name), expected);
        }
        assert!(get(0).is_none() && get(ENTRIES + 1).is_none());
        assert_eq!(index_of(b"x-other"), None);
    }
}
