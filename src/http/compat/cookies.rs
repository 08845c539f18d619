//! How the cookie endpoints write `Set-Cookie`.

/// The form of a `Set-Cookie` field.
#[derive(Debug)]
pub struct CookieStyle {
    /// How a value is quoted.
    pub quoting: CookieQuoting,
    /// The attributes, in the order in which they are written.
    pub attributes: [CookieAttribute; 6],
    /// Whether cookies are `HttpOnly` unless the request asks otherwise.
    pub http_only: bool,
    /// Whether invalid names and attributes are left out; if not, they are refused.
    pub lenient: bool,
    /// Whether the `Set-Cookie` that deletes a cookie has its value and `Secure` as well.
    pub delete_like_set: bool,
    /// How long ago a deleted cookie expired, in microseconds; `None`: at Unix time 0.
    pub expired_us_ago: Option<u64>,
}

/// How a cookie's value is quoted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieQuoting {
    /// Special bytes become `\ooo`, as in Werkzeug.
    Octal,
    /// Invalid bytes are dropped, and spaces and commas quoted, as in Go's `net/http`.
    Drop,
}

/// An attribute of a cookie (RFC 6265 4.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CookieAttribute {
    /// `Domain`
    Domain,
    /// `Path`
    Path,
    /// `Expires` and `Max-Age`, of a cookie that is deleted.
    Expiry,
    /// `HttpOnly`
    HttpOnly,
    /// `Secure`
    Secure,
    /// `SameSite`
    SameSite,
}
