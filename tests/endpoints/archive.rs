//! The journal as a HAR.

use loiter::base::limits::JOURNAL_LISTED_BYTES;
use loiter::http::journal::SharedJournal;
use loiter::proto::conn::Protocol;
use loiter::proto::test_driver::Driver;
use serde_json::Value;

use crate::admin::app_with;
use crate::journal::{HOOK, enter, json};

/// The members that <http://www.softwareishard.com/blog/har-12-spec/> requires.
#[test]
fn the_archive_has_what_har_requires() {
    let har = json("GET /requests.har");
    let entries = har["log"]["entries"].as_array().expect("entries");
    assert_eq!(entries.len(), 4);
    for entry in entries {
        for (at, names) in [
            ("", "startedDateTime time request response cache timings"),
            ("/request", "method url httpVersion cookies headers queryString headersSize bodySize"),
            (
                "/response",
                "status statusText httpVersion cookies headers content redirectURL headersSize \
                 bodySize",
            ),
            ("/response/content", "size mimeType"),
            ("/timings", "send wait receive"),
        ] {
            let object = entry.pointer(at).and_then(Value::as_object).expect(at);
            assert!(names.split_whitespace().all(|name| object.contains_key(name)), "{object:?}");
        }
    }
    let (hook, request) = (&entries[0], &entries[0]["request"]);
    assert_eq!(hook["startedDateTime"], "2026-11-22T21:27:01.485Z");
    assert_eq!(hook["time"], 2000.112);
    let timings = serde_json::json!({ "send": 0, "wait": 2000.085, "receive": 0.027 });
    assert_eq!(hook["timings"], timings);
    assert_eq!(request["url"], "http://a.example:80/hook%2fa?x=1&y=a+b&z[]=%22");
    let pair = |name: &str, value: &str| serde_json::json!({ "name": name, "value": value });
    let query = vec![pair("x", "1"), pair("y", "a b"), pair("z[]", "\"")];
    assert_eq!(request["queryString"], Value::from(query));
    assert_eq!(request["cookies"], Value::from(vec![pair("k", "v"), pair("l", "w=x")]));
    assert_eq!(request["headers"][1], pair("X-Id", "7"));
    let body = serde_json::json!({ "mimeType": "text/plain", "text": "hé\"\n" });
    assert_eq!(request["postData"], body);
    assert_eq!((request["bodySize"].as_i64(), &hook["_loiter"]["id"]), (Some(5), &1.into()));
    assert_eq!(entries[1]["request"]["url"], "http://b.example/delay/2");
    assert_eq!(entries[1]["request"]["headersSize"], -1);
    let cut = &entries[2]["request"]["postData"];
    assert_eq!((&cut["text"], &cut["encoding"]), (&"/wA=".into(), &"base64".into()));
    assert_eq!(cut["comment"], "the first 2 of 9 bytes");
    assert_eq!(entries[3]["request"]["url"], "http://127.0.0.1:8080/hook");
}

/// A HAR of more than is listed at once goes out as the client takes it.
#[test]
fn the_archive_is_never_in_memory_as_a_whole() {
    let journal = SharedJournal::default();
    journal.resize(100, 8 * JOURNAL_LISTED_BYTES);
    let body = vec![b'"'; JOURNAL_LISTED_BYTES / 8];
    (0..10).for_each(|_| enter(&journal, HOOK, (&body, 0), 200, 0));
    let mut driver = Driver::new(app_with(Some(journal)), Protocol::Http, 1);
    driver.receive(b"GET /requests.har HTTP/1.0\r\nHost: localhost\r\n\r\n");
    let (mut entries, mut longest) = (0, 0);
    while !driver.output.is_empty() {
        longest = longest.max(driver.output.len());
        let last = driver.output.unread();
        entries += last.windows(17).filter(|bytes| bytes == b"\"startedDateTime\"").count();
        driver.output.clear();
        driver.receive(b"");
    }
    assert_eq!(entries, 10);
    assert!(longest < 3 * body.len(), "{longest}");
}
