//! Authentication.

use crate::ask::*;

/// Digest credentials with this response; the other parameters are the same in all rows.
macro_rules! digest {
    ($uri:literal, $response:literal, $more:literal) => {
        (
            "Authorization",
            concat!(
                "Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=\"",
                $uri,
                "\", response=\"",
                $response,
                "\", ",
                $more
            ),
        )
    };
}

/// A JWT with a claim that is not ASCII, and a signature that is not valid.
macro_rules! jwt {
    () => {
        concat!(
            "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.",
            "eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkrDtiIsImFkbWluIjp0cnVlLCJpYXQiOjE1MTYyMzkwMjJ9.",
            "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
        )
    };
}

#[rustfmt::skip]
const AUTH: (&str, &str) = digest!("/digest-auth/auth/u/p", "5a137568e6b661070703aea17cc0dc4f", "nc=1, cnonce=c, qop=auth");
#[rustfmt::skip]
const QUERY: (&str, &str) = digest!("/digest-auth/auth/u/p?require-cookie=1", "39f30964a09b4765ac0f8f3a319e449e", "nc=1, cnonce=c, qop=auth");
#[rustfmt::skip]
const BODY: (&str, &str) = digest!("/digest-auth/auth-int/u/p", "c1292b866248a2ec45e8b1423109e529", "nc=1, cnonce=c, qop=auth-int");
#[rustfmt::skip]
const SHA: (&str, &str) = digest!("/digest-auth/auth/u/p/SHA-256", "66663cd0d7ce1997cf1854e67ad8006fe91a19e4a98e3c094141d93b58ea65c4", "nc=1, cnonce=c, qop=auth, algorithm=SHA-256");
#[rustfmt::skip]
const OLD: (&str, &str) = digest!("/digest-auth/auth/u/p", "042cc14f14288bbf5ee332a0780dd67a", "");
#[rustfmt::skip]
const STALE: (&str, &str) = digest!("/digest-auth/auth/u/p/MD5/3", "38404380cf0a478131438ee240b6fed8", "nc=1, cnonce=c, qop=auth");
/// Valid for another path.
#[rustfmt::skip]
const ELSEWHERE: (&str, &str) = digest!("/x", "b2a28f41b3e47cf654f9df281a97a8fc", "nc=1, cnonce=c, qop=auth");
/// Valid for another user, whom httpbin accepts.
#[rustfmt::skip]
const OTHER: (&str, &str) = ("Authorization", "Digest username=\"x\", realm=\"r\", nonce=\"n\", uri=\"/digest-auth/auth/u/p\", response=\"99d76b27aa9468a0629f387370ce1acb\", nc=1, cnonce=c, qop=auth");
const BASIC: (&str, &str) = ("Authorization", "Basic dTpw");

const WELCOME: &str = "{\n  \"authenticated\": true,\n  \"user\": \"u\"\n}\n";
#[rustfmt::skip]
const GO_WELCOME: &str = "{\n  \"authenticated\": true,\n  \"user\": \"u\",\n  \"authorized\": true\n}\n";
#[rustfmt::skip]
const GO_STRANGER: &str = "{\n  \"authenticated\": false,\n  \"user\": \"u\",\n  \"authorized\": false\n}\n";
#[rustfmt::skip]
const GO_NOBODY: &str = "{\n  \"authenticated\": false,\n  \"user\": \"\",\n  \"authorized\": false\n}\n";
const GO_401: &str = "{\n  \"status_code\": 401,\n  \"error\": \"Unauthorized\"\n}\n";
const GO_404: &str = "{\n  \"status_code\": 404,\n  \"error\": \"Not Found\"\n}\n";

const BASIC_AUTH: &str = "/basic-auth/{user}/{passwd}";
const HIDDEN: &str = "/hidden-basic-auth/{user}/{passwd}";
const DIGEST: &str = "/digest-auth/{qop}/{user}/{passwd}";
const HASHED: &str = "/digest-auth/{qop}/{user}/{passwd}/{algorithm}";
const STALING: &str = "/digest-auth/{qop}/{user}/{passwd}/{algorithm}/{stale_after}";

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    (BASIC_AUTH, "GET /basic-auth/u/p", &[BASIC], b"", 200, JSON, Is(WELCOME)),
    (BASIC_AUTH, "GET /basic-auth/%c3%a9/%c3%bc", &[("Authorization", "basic w6k6w7w=")], b"", 200, JSON, Has("\\u00e9")),
    (BASIC_AUTH, "GET /basic-auth/u/p", &[], b"", 401, "", Is("")),
    (BASIC_AUTH, "GET /basic-auth/u/x", &[BASIC], b"", 401, "", Is("")),
    (BASIC_AUTH, "GET /basic-auth/x/p", &[BASIC], b"", 401, "", Is("")),
    (BASIC_AUTH, "GET /basic-auth/u/p", &[BASIC, BASIC], b"", 401, "", Is("")),
    (BASIC_AUTH, "GET /basic-auth/%ff/p", &[("Authorization", "Basic /zpw")], b"", 401, "", Is("")),
    (BASIC_AUTH, "GET /basic-auth/u", &[], b"", 404, HTML, Any),
    (HIDDEN, "GET /hidden-basic-auth/u/p", &[BASIC], b"", 200, JSON, Is(WELCOME)),
    (HIDDEN, "GET /hidden-basic-auth/u/x", &[BASIC], b"", 404, HTML, Is("")),
    ("/bearer", "GET /bearer", &[("Authorization", "Bearer a b")], b"", 200, JSON, Is("{\n  \"authenticated\": true,\n  \"token\": \"a b\"\n}\n")),
    ("/bearer", "GET /bearer", &[("Authorization", "Bearer   é")], b"", 200, JSON, Has("\"  \\u00c3\\u00a9\"")),
    ("/bearer", "GET /bearer", &[("Authorization", "Bearer a.b.c")], b"", 200, JSON, Is("{\n  \"authenticated\": true,\n  \"token\": \"a.b.c\"\n}\n")),
    ("/bearer", "GET /bearer", &[("Authorization", concat!("Bearer ", jwt!()))], b"", 200, JSON, Is(concat!("{\n  \"authenticated\": true,\n  \"jwt\": {\n    \"claims\": {\n      \"admin\": true,\n      \"iat\": 1516239022,\n      \"name\": \"J\\u00f6\",\n      \"sub\": \"1234567890\"\n    },\n    \"header\": {\n      \"alg\": \"HS256\",\n      \"typ\": \"JWT\"\n    },\n    \"verified\": false\n  },\n  \"token\": \"", jwt!(), "\"\n}\n"))),
    ("/bearer", "GET /bearer", &[("Authorization", "bearer a")], b"", 401, HTML, Is("")),
    ("/bearer", "GET /bearer", &[("Authorization", "Bearer")], b"", 401, HTML, Is("")),
    ("/bearer", "GET /bearer", &[], b"", 401, HTML, Is("")),
    (DIGEST, "GET /digest-auth/auth/u/p", &[AUTH], b"", 200, JSON, Is(WELCOME)),
    (DIGEST, "GET /digest-auth/x/u/p", &[], b"", 401, HTML, Is("")),
    (DIGEST, "GET /digest-auth/auth/u/p", &[OLD], b"", 200, JSON, Is(WELCOME)),
    (DIGEST, "GET /digest-auth/auth/u/x", &[AUTH], b"", 401, HTML, Is("")),
    (DIGEST, "HEAD /digest-auth/auth/u/p", &[AUTH], b"", 401, HTML, Is("")),
    (DIGEST, "GET /digest-auth/auth/u/p?x", &[AUTH], b"", 401, HTML, Is("")),
    (DIGEST, "GET /digest-auth/auth/u/p", &[OTHER], b"", 401, HTML, Is("")),
    (DIGEST, "GET /digest-auth/auth/u/p", &[ELSEWHERE], b"", 401, HTML, Is("")),
    (DIGEST, "GET /digest-auth/auth/u/p", &[BASIC], b"", 401, HTML, Is("")),
    (DIGEST, "GET /digest-auth/auth/u/p", &[("Authorization", "Digest")], b"", 401, HTML, Is("")),
    (DIGEST, "GET /digest-auth/auth/u/p", &[("Authorization", "Digest username=\"u")], b"", 401, HTML, Is("")),
    (DIGEST, "GET /digest-auth/auth-int/u/p", &[BODY], b"abc", 200, JSON, Is(WELCOME)),
    (DIGEST, "GET /digest-auth/auth-int/u/p", &[BODY], b"abd", 401, HTML, Is("")),
    (DIGEST, "GET /digest-auth/auth/u/p?require-cookie=1", &[QUERY], b"", 401, HTML, Is("")),
    (DIGEST, "GET /digest-auth/auth/u/p?require-cookie=1", &[QUERY, ("Cookie", "fake=x")], b"", 403, JSON, Is("{\n  \"errors\": [\n    \"missing cookie set on challenge\"\n  ]\n}\n")),
    (DIGEST, "GET /digest-auth/auth/u/p?require-cookie=1", &[QUERY, ("Cookie", "a=b; fake=fake_value")], b"", 200, JSON, Is(WELCOME)),
    (HASHED, "GET /digest-auth/auth/u/p/SHA-256", &[SHA], b"", 200, JSON, Is(WELCOME)),
    (HASHED, "GET /digest-auth/auth/u/p/MD4", &[], b"", 401, HTML, Is("")),
    (STALING, "GET /digest-auth/auth/u/p/MD5/3", &[STALE, ("Cookie", "stale_after=1")], b"", 200, JSON, Is(WELCOME)),
    (STALING, "GET /digest-auth/auth/u/p/MD5/3", &[STALE, ("Cookie", "stale_after=0")], b"", 401, HTML, Is("")),
    (STALING, "GET /digest-auth/auth/u/p/MD5/3", &[STALE, ("Cookie", "last_nonce=n")], b"", 401, HTML, Is("")),
    (STALING, "GET /digest-auth/auth/u/p/MD5/3", &[], b"", 401, HTML, Is("")),
];

#[rustfmt::skip]
pub(crate) const GO_ROWS: &[Row] = &[
    (BASIC_AUTH, "PUT /basic-auth/u/p", &[BASIC], b"", 200, GO_JSON, Is(GO_WELCOME)),
    (BASIC_AUTH, "GET /basic-auth/u/p", &[], b"", 401, GO_JSON, Is(GO_NOBODY)),
    (BASIC_AUTH, "GET /basic-auth/u/x", &[BASIC], b"", 401, GO_JSON, Is(GO_STRANGER)),
    (HIDDEN, "GET /hidden-basic-auth/u/p", &[BASIC], b"", 200, GO_JSON, Is(GO_WELCOME)),
    (HIDDEN, "GET /hidden-basic-auth/u/x", &[BASIC], b"", 404, GO_JSON, Is(GO_404)),
    ("/bearer", "GET /bearer", &[("Authorization", " Bearer  é ")], b"", 200, GO_JSON, Has("\"token\": \"\u{c3}\u{a9}\"")),
    ("/bearer", "GET /bearer", &[("Authorization", concat!("Bearer ", jwt!()))], b"", 200, GO_JSON, Has("\"name\": \"J\u{c3}\u{b6}\"")),
    ("/bearer", "GET /bearer", &[("Authorization", "Bearer a b")], b"", 401, GO_JSON, Is(GO_401)),
    ("/bearer", "GET /bearer", &[("Authorization", "bearer a")], b"", 401, GO_JSON, Is(GO_401)),
    (DIGEST, "GET /digest-auth/AUTH/u/p", &[], b"", 401, GO_JSON, Is(GO_401)),
    (DIGEST, "GET /digest-auth/auth/u/p", &[AUTH], b"", 200, GO_JSON, Is(GO_WELCOME)),
    (DIGEST, "GET /digest-auth/auth/u/p", &[OTHER], b"", 401, GO_JSON, Is(GO_401)),
    (DIGEST, "GET /digest-auth/auth-int/u/p", &[], b"", 400, GO_JSON, Has("bad qop")),
    (HASHED, "GET /digest-auth/auth/u/p/SHA-256", &[SHA], b"", 200, GO_JSON, Is(GO_WELCOME)),
    (HASHED, "GET /digest-auth/auth/u/p/SHA-512", &[], b"", 400, GO_JSON, Has("bad algorithm")),
    (STALING, "GET /digest-auth/auth/u/p/MD5/3", &[], b"", 404, TEXT, Any),
    (BASIC_AUTH, "GET /basic-auth/u/p%2Fq", &[("Authorization", "Basic dTpwL3E=")], b"", 200, GO_JSON, Is(GO_WELCOME)),
    (BASIC_AUTH, "GET /basic-auth/u%2Fp", &[BASIC], b"", 404, TEXT, Any),
];

fn fields<'a>(answer: &'a Answer, name: &str) -> Vec<&'a str> {
    let named = answer.fields.iter().filter(|field| field.0 == name);
    named.map(|field| field.1.as_str()).collect()
}

#[test]
fn which_paths_send_a_challenge() {
    let asked = |target: &str| {
        let answer = ask(&format!("GET {target}"), CURL, b"");
        answer.field("WWW-Authenticate").map(str::to_owned)
    };
    assert_eq!(asked("/basic-auth/u/p").as_deref(), Some("Basic realm=\"Fake Realm\""));
    assert_eq!(asked("/hidden-basic-auth/u/p"), None);
    assert_eq!(asked("/bearer").as_deref(), Some("Bearer"));
}

/// A challenge without its two random values, and their lengths.
fn challenge(target: &str) -> (String, [usize; 2]) {
    let answer = ask(&format!("GET {target}"), CURL, b"");
    let value = answer.field("WWW-Authenticate").unwrap();
    let mut parts: Vec<&str> = value.split('"').collect();
    let hex = |text: &str| text.bytes().all(|b| b.is_ascii_hexdigit() && !b.is_ascii_uppercase());
    let drawn = [parts[3], parts[5]];
    assert!(hex(drawn[0]) && hex(drawn[1]) && drawn[0] != drawn[1], "{value}");
    (parts[3], parts[5]) = ("", "");
    (parts.join("\""), drawn.map(str::len))
}

#[test]
fn digest_challenges() {
    let expected = |qop: &str, algorithm: &str| {
        format!(
            "Digest realm=\"me@kennethreitz.com\", nonce=\"\", opaque=\"\", qop=\"{qop}\", \
             algorithm={algorithm}, stale=False"
        )
    };
    for (path, qop, algorithm, length) in [
        ("auth/u/p", "auth", "MD5", 32),
        ("auth-int/u/p/SHA-256", "auth-int", "SHA-256", 64),
        ("x/u/p/SHA-512/3", "auth, auth-int", "SHA-512", 128),
        ("AUTH/u/p/sha-256", "auth, auth-int", "MD5", 32),
        ("auth/u/p/SHA-512-256", "auth", "SHA-512-256", 64),
        ("auth/u/p/MD5-sess", "auth", "MD5-sess", 32),
    ] {
        let expected = (expected(qop, algorithm), [length, length]);
        assert_eq!(challenge(&format!("/digest-auth/{path}")), expected, "{path}");
    }
}

#[test]
fn digest_cookies() {
    let cookies = |path: &str, more: &[(&str, &str)]| {
        let answer = ask(&format!("GET /digest-auth/auth/u/p{path}"), &[CURL, more].concat(), b"");
        let stale = answer.field("WWW-Authenticate").map(|value| value.contains("stale=True"));
        let cookies = fields(&answer, "Set-Cookie").into_iter();
        (stale, cookies.map(|cookie| cookie.replace("; Path=/", "")).collect::<Vec<_>>().join(" "))
    };
    let expected = |stale: Option<bool>, text: &str| (stale, text.to_owned());
    let never = expected(Some(false), "stale_after=never fake=fake_value");
    assert_eq!(cookies("", &[]), never);
    let spelled = expected(Some(false), r#"stale_after="a\073b\015" fake=fake_value"#);
    assert_eq!(cookies("/MD5/a%3bb%0d", &[]), spelled);
    assert_eq!(cookies("/MD5/3", &[]), expected(Some(false), "stale_after=3 fake=fake_value"));
    assert_eq!(cookies("", &[AUTH]), expected(None, "fake=fake_value"));
    let wrong = expected(Some(false), "stale_after=never last_nonce=n fake=fake_value");
    assert_eq!(cookies("", &[ELSEWHERE]), wrong);
    for (cookie, answer) in [
        ("stale_after=3", expected(None, "fake=fake_value stale_after=2")),
        ("stale_after=x", expected(None, "fake=fake_value stale_after=never")),
        ("stale_after=0", expected(Some(true), "stale_after=never last_nonce=n fake=fake_value")),
        ("last_nonce=n", expected(Some(true), "stale_after=never last_nonce=n fake=fake_value")),
    ] {
        assert_eq!(cookies("", &[AUTH, ("Cookie", cookie)]), answer, "{cookie}");
    }
}

#[test]
fn go_httpbins_challenge_has_no_quotes_and_no_cookies() {
    let answer = ask_go("GET /digest-auth/auth/u/p/sha-256", CURL, b"");
    let value = answer.field("WWW-Authenticate").unwrap();
    let (start, drawn) = value.split_once("nonce=").unwrap();
    assert_eq!(start, "Digest qop=auth, realm=go-httpbin, algorithm=SHA-256, ");
    assert_eq!(drawn.len(), 32 + ", opaque=".len() + 32);
    assert_eq!(fields(&answer, "Set-Cookie"), [""; 0]);
}
