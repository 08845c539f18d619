//! `/status`: any status code.

use super::params::{python_float, python_integer};
use super::route::{Group, Kind, Param, Route};
use crate::base::random::Random;
use crate::http::app::App;
use crate::http::reply::{Media, Refusal, Reply};
use crate::http::request::Request;
use crate::http::status::Status;

/// The rows.
pub(super) const GROUP: Group = Group {
    name: "Status codes",
    about: "Answers of a given status",
    routes: &[Route::any("/status/{codes}", status, "a status code, or one drawn by weight")
        .with(&[Param::path(
            "codes",
            Kind::Text,
            "200:3,500:1",
            "100 to 999; with weights after `:`",
        )
        .like(CODES)])
        .answers("*/*")],
};

/// One code, or several with weights. More is taken, as Python reads numbers.
const CODES: &str = "^[1-9][0-9]{2}$|^[1-9][0-9]{2}(:[1-9])?(,[1-9][0-9]{2}(:[1-9])?)+$";

/// `/status/{codes}`: one code, or one drawn from several by their weights (`200:3,500`).
///
/// Departures from httpbin: a code below 100 or above 999, and weights that leave nothing to draw,
/// are refused (it fails on the latter). The texts of 402 and 418 are our own.
fn status(_: &App, request: &Request) -> Result<Reply, Refusal> {
    let codes = std::str::from_utf8(request.param(0)).unwrap_or_default();
    let code = match codes.contains(',') {
        false => code(codes),
        true => draw(codes, Random::new(request.seed).fraction()),
    };
    Ok(match code {
        Some(code) => status_reply(code),
        None => Reply::whole(Status(400), Media::Text, b"Invalid status code".as_slice()),
    })
}

/// A code as Python reads an integer.
fn code(text: &str) -> Option<u16> {
    let code = u16::try_from(python_integer(text)?).ok()?;
    (100..=999).contains(&code).then_some(code)
}

/// The code whose share of all weights the fraction falls in.
fn draw(codes: &str, fraction: f64) -> Option<u16> {
    let mut total = 0.0;
    for choice in codes.split(',') {
        total += weighted(choice)?.1;
    }
    if !(total > 0.0 && total.is_finite()) {
        return None;
    }
    let mut left = total * fraction;
    let mut choices = codes.split(',').filter_map(weighted);
    let drawn = choices.find(|(_, weight)| {
        left -= weight;
        left < 0.0
    });
    // Rounding may leave a crumb at the end.
    drawn.or_else(|| codes.split(',').filter_map(weighted).rfind(|c| c.1 > 0.0)).map(|c| c.0)
}

/// A code and its weight, 1 unless told.
fn weighted(choice: &str) -> Option<(u16, f64)> {
    let Some((text, weight)) = choice.split_once(':') else { return Some((code(choice)?, 1.0)) };
    Some((code(text)?, python_float(weight)?))
}

const TEAPOT: &str = r#"
    -=[ teapot ]=-

          ,___.
      ____/   \____   __
   __/   `-----'   \_/ /
  (_ |              _ /
    \|             | /
     \_           _/
       `---------'
"#;
const UNACCEPTABLE: &str = concat!(
    r#"{"message": "Client did not request a supported media type.", "#,
    r#""accept": ["image/webp", "image/svg+xml", "image/jpeg", "image/png", "image/*"]}"#,
);
const REALM: &str = "Basic realm=\"Fake Realm\"";

/// The answer of a status code: empty, but for some codes that say more.
fn status_reply(code: u16) -> Reply {
    let status = Status(code);
    let text = |text: &'static str, more| {
        Reply::whole(status, Media::None, text.as_bytes()).header("x-more-info", more)
    };
    match code {
        301 | 302 | 303 | 305 | 307 => Reply::new(status).header("Location", "/redirect/1"),
        304 => Reply::new(status),
        401 => Reply::new(status).header("WWW-Authenticate", REALM),
        402 => text("No coin, no page.", "http://vimeo.com/22053820"),
        406 => Reply::whole(status, Media::Json, UNACCEPTABLE.as_bytes()),
        407 => Reply::new(status).header("Proxy-Authenticate", REALM),
        418 => text(TEAPOT, "http://tools.ietf.org/html/rfc2324"),
        _ => Reply { media: Media::Html, ..Reply::new(status) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_drawn_by_their_weights() {
        assert_eq!(draw("200:3,500", 0.0), Some(200));
        assert_eq!(draw("200:3,500", 0.749), Some(200));
        assert_eq!(draw("200:3,500", 0.75), Some(500));
        assert_eq!(draw("200,404,500", 0.5), Some(404));
        assert_eq!(draw("200:0,404:1e1", 0.0), Some(404));
        assert_eq!(draw("200:-1,300:3", 0.0), Some(300));
        assert_eq!(draw("200:0.1,300:0.2,400:0", 1.0), Some(300));
    }

    #[test]
    fn what_cannot_be_drawn_from() {
        for codes in [
            "200,",
            ",200",
            "200:,1",
            "200:1:2,3",
            "200:nan,200",
            "200:inf,300",
            "200:0,300:0",
            "200:-1,300",
            "99,200",
            "200,1000",
            "200,x",
        ] {
            assert_eq!(draw(codes, 0.5), None, "{codes}");
        }
    }
}
