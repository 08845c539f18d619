//! Static documents.

use loiter::http::app::App;

use crate::ask::*;

const PLAIN: &str = "text/plain";
const XML: &str = "application/xml";
const GO_JSON: &str = "application/json; charset=utf-8";

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("/json", "GET /json", &[], b"", 200, JSON, Is(SLIDES)),
    ("/json", "HEAD /json", &[], b"", 200, JSON, Long(421)),
    ("/json", "POST /json", &[], b"", 405, HTML, Any),
    ("/xml", "GET /xml", &[], b"", 200, XML, Has("<?xml version='1.0' encoding='us-ascii'?>\n")),
    ("/xml", "GET /xml", &[], b"", 200, XML, Has("<title>Wake up to WonderWidgets!</title>")),
    ("/xml", "GET /xml", &[], b"", 200, XML, Has("</slideshow>\n")),
    ("/xml", "GET /xml/", &[], b"", 404, HTML, Any),
    ("/html", "GET /html", &[], b"", 200, HTML, Has("<h1>Herman Melville - Moby-Dick</h1>")),
    ("/html", "GET /html", &[], b"", 200, HTML, Has("Availing himself of the mild, summer-cool weather")),
    ("/html", "GET /html", &[], b"", 200, HTML, Has("<!DOCTYPE html>\n<html>\n")),
    ("/html", "PATCH /html", &[], b"", 405, HTML, Any),
    ("/robots.txt", "GET /robots.txt", &[], b"", 200, PLAIN, Is("User-agent: *\nDisallow: /deny\n")),
    ("/robots.txt", "GET /robots", &[], b"", 404, HTML, Any),
    ("/deny", "GET /deny", &[], b"", 200, PLAIN, Has("YOU SHOULDN'T BE HERE\n")),
    ("/deny", "DELETE /deny", &[], b"", 405, HTML, Any),
    ("/encoding/utf8", "GET /encoding/utf8", &[], b"", 200, HTML, Has("Hello world, ")),
    ("/encoding/utf8", "GET /encoding/utf-8", &[], b"", 404, HTML, Any),
    ("/forms/post", "GET /forms/post", &[], b"", 200, HTML, Has("<form method=\"post\" action=\"/post\">")),
    ("/forms/post", "POST /forms/post", &[], b"", 405, HTML, Any),
];

#[rustfmt::skip]
pub(crate) const GO_ROWS: &[Row] = &[
    ("/json", "POST /json", &[], b"", 200, GO_JSON, Is(SLIDES)),
    ("/xml", "GET /xml", &[], b"", 200, XML, Has("<?xml version='1.0' encoding='us-ascii'?>\n")),
    ("/html", "PUT /html", &[], b"", 200, HTML, Has("<html>\n")),
    ("/html", "PUT /html", &[], b"", 200, HTML, Has("<h1>Herman Melville - Moby-Dick</h1>")),
    ("/robots.txt", "GET /robots.txt", &[], b"", 200, TEXT, Is("User-agent: *\nDisallow: /deny\n")),
    ("/deny", "GET /deny", &[], b"", 200, TEXT, Has("YOU SHOULDN'T BE HERE")),
    ("/encoding/utf8", "GET /encoding/utf8", &[], b"", 200, HTML, Any),
    ("/encoding/utf8", "POST /encoding/utf8", &[], b"", 405, TEXT, Any),
    ("/forms/post", "GET /forms/post", &[], b"", 200, HTML, Any),
    ("/forms/post", "PUT /forms/post", &[], b"", 405, TEXT, Any),
];

#[test]
fn the_utf8_page_says_hello() {
    for ask in [ask, ask_go] {
        let page = String::from_utf8(ask("GET /encoding/utf8", CURL, b"").body).unwrap();
        assert!(page.contains("Hello world, Καλημέρα κόσμε, コンニチハ"));
    }
}

#[test]
fn the_form_has_httpbins_fields_and_the_operators_prefix() {
    let app = App { prefix: "/bin".to_owned(), ..App::default() };
    let page = String::from_utf8(ask_of(&app, "GET /bin/forms/post", CURL, b"").body).unwrap();
    assert!(page.contains("action=\"/bin/post\""), "{page}");
    for name in ["custname", "custtel", "custemail", "size", "topping", "delivery", "comments"] {
        assert!(page.contains(&format!("name=\"{name}\"")), "{name}");
    }
}

#[test]
fn pages_need_nothing_from_elsewhere() {
    for path in ["/html", "/encoding/utf8", "/forms/post"] {
        let page = String::from_utf8(ask(&format!("GET {path}"), CURL, b"").body).unwrap();
        assert!(page.starts_with("<!DOCTYPE html>\n"), "{path}");
        assert!(!page.contains("://") && !page.contains("<script"), "{path}");
    }
}

// httpbin's document, byte for byte.
const SLIDES: &str = r#"{
  "slideshow": {
    "author": "Yours Truly",
    "date": "date of publication",
    "slides": [
      {
        "title": "Wake up to WonderWidgets!",
        "type": "all"
      },
      {
        "items": [
          "Why <em>WonderWidgets</em> are great",
          "Who <em>buys</em> WonderWidgets"
        ],
        "title": "Overview",
        "type": "all"
      }
    ],
    "title": "Sample Slide Show"
  }
}
"#;
