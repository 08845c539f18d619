//! The journal of the real binary: what its clients sent, and what became of it.

use std::io::{Read, Write};
use std::process::Stdio;

use serde_json::Value;

use super::admin::{Administered, answer};
use super::process::*;

fn start(args: &[&str]) -> Administered {
    Administered::start(&[&["--journal", "1000"], args].concat())
}

/// What the journal answers to a query, and its requests.
fn list(server: &Administered, query: &str) -> (u16, Value) {
    let (status, text) = server.get(&format!("/requests?{query}"));
    (status, serde_json::from_str(&text).expect(&text))
}

/// The requests that match, when there are as many and each is over.
fn over(server: &Administered, query: &str, count: usize) -> Vec<Value> {
    let mut found = Value::Null;
    eventually("all are over", || {
        found = list(server, &format!("count={count}&wait=20s&{query}")).1;
        let requests = found["requests"].as_array().expect("a list");
        requests.len() == count && requests.iter().all(|one| one["duration_us"].is_u64())
    });
    found["requests"].as_array().expect("a list").clone()
}

fn curl(args: &[&str]) -> std::process::Command {
    let mut curl = command("curl");
    curl.args(["-sS", "--max-time", "60"]).args(args).stdout(Stdio::piped());
    curl
}

/// Sends bytes to the server, and returns all that it answers.
fn send(server: &Administered, bytes: &[u8]) -> String {
    let mut stream = server.daemon.connect();
    stream.write_all(bytes).expect("it takes a request");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("an answer");
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn a_script_waits_for_two_webhooks() {
    let server = start(&[]);
    let hooks = format!("http://{}/requests?path=/anything/hook&count=2&wait=30s", server.admin);
    let waiting = curl(&["--fail", &hooks]).spawn().expect("curl runs");
    let url = format!("http://{}/anything/hook?n=1", server.daemon.address);
    for body in ["{\"a\":1}", "{\"a\":2}"] {
        let sent = curl(&["-o", "/dev/null", "--json", body, &url]).status().expect("curl runs");
        assert!(sent.success());
    }
    let output = waiting.wait_with_output().expect("curl ends");
    assert_eq!(output.status.code(), Some(0));
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&found["count"], &found["matched"]), (&2.into(), &2.into()));
    assert_eq!(found["requests"][1]["body"], "{\"a\":2}");
    assert_eq!(found["requests"][0]["target"], "/anything/hook?n=1");
    assert_eq!(found["requests"][0]["route"], "/anything/{anything*}");
    // A third does not come: curl reports that as an error.
    let third = hooks.replace("count=2&wait=30s", "count=3&wait=10ms");
    let output = curl(&["--fail", &third]).output().expect("curl ends");
    assert_eq!(output.status.code(), Some(22));
    assert!(String::from_utf8_lossy(&output.stderr).contains("504"), "{output:?}");
    server.daemon.stop();
}

#[test]
fn an_answered_request_is_there() {
    let server = start(&[]);
    for n in 1..=20 {
        assert!(server.daemon.get(&format!("/status/404?n={n}")).starts_with("HTTP/1.1 404 "));
        assert_eq!(list(&server, "").1["matched"], n);
    }
    server.daemon.stop();
}

#[test]
fn bodies_are_there_whatever_the_route_does_with_them() {
    let server = start(&["--journal-bytes", "64KiB"]);
    let close = "Host: a\r\nConnection: close\r\n";
    for path in ["/anything", "/status/200", "/echo", "/nope"] {
        let chunked =
            "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n";
        send(&server, format!("POST {path} HTTP/1.1\r\n{close}{chunked}").as_bytes());
        let whole = "Content-Length: 11\r\n\r\nhello world";
        send(&server, format!("POST {path} HTTP/1.1\r\n{close}{whole}").as_bytes());
        for one in over(&server, &format!("path={path}"), 2) {
            let body = (&one["body"], &one["request_bytes"], &one["body_cut"]);
            assert_eq!(body, (&"hello world".into(), &11.into(), &false.into()), "{path}");
        }
    }
    let long = vec![b'x'; 100_000];
    for path in ["/anything/long", "/status/201", "/echo?long"] {
        let head = format!("POST {path} HTTP/1.1\r\n{close}Content-Length: 100000\r\n\r\n");
        send(&server, &[head.as_bytes(), &long].concat());
        let path = path.split('?').next().unwrap_or(path);
        let one = over(&server, &format!("path={path}&since=6"), 1).remove(0);
        assert_eq!((&one["request_bytes"], &one["body_cut"]), (&100_000.into(), &true.into()));
        assert_eq!(one["body"].as_str().map(str::len), Some(32 * 1024), "{path}");
    }
    server.daemon.stop();
}

#[test]
fn pipelined_requests_are_in_order_and_a_waiting_one_is_seen() {
    let server = start(&[]);
    let mut stream = server.daemon.connect();
    // The last waits for longer than this test takes on any machine.
    for path in ["/get?n=1", "/delay/0.01", "/~delay=1h/get"] {
        ask(&mut stream, path, "");
    }
    let (status, found) = list(&server, "path=/~delay*&wait=20s");
    assert_eq!(status, 200);
    let waiting = &found["requests"][0];
    assert_eq!((&waiting["id"], &waiting["state"]), (&3.into(), &"waiting".into()));
    let planned = (&waiting["status"], &waiting["delay_us"], &waiting["duration_us"]);
    assert_eq!(planned, (&200.into(), &3_600_000_000_u64.into(), &Value::Null));
    let done = over(&server, "path=/delay/*", 1).remove(0);
    assert_eq!((&done["id"], &done["state"]), (&2.into(), &"done".into()));
    assert!(done["late_us"].is_u64() && done["response_bytes"].as_u64() > Some(0), "{done}");
    assert!(done["duration_us"].as_u64() >= Some(10_000), "{done}");
    assert_eq!(over(&server, "path=/get", 1)[0]["id"], 1);
}

#[test]
fn what_was_refused_is_there() {
    let server = start(&["--max-body-size", "10"]);
    for (bytes, status, target) in [
        ("GET /no te HTTP/1.1\r\nHost: a\r\n\r\n", 400, "/no"),
        ("GET /nope HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 404, "/nope"),
        ("POST /get HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 405, "/get"),
        ("POST /post HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world", 413, "/post"),
        ("GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505, "/"),
    ] {
        let answer = send(&server, bytes.as_bytes());
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
        let one = over(&server, &format!("status={status}"), 1).remove(0);
        assert_eq!((&one["target"], &one["status"]), (&target.into(), &status.into()), "{one}");
        let (status, raw) = server.get(&format!("/requests/{}/raw", one["id"]));
        let head = bytes.split_inclusive("\r\n\r\n").next().expect("a head");
        assert!(status == 200 && raw.starts_with(head), "{raw}");
    }
    server.daemon.stop();
}

#[test]
fn http2_and_tls_are_shown() {
    let server = start(&[]);
    let address = server.daemon.address;
    for (url, body) in [
        (format!("http://{address}/anything/h2"), "over plain"),
        (format!("https://{address}/anything/h2"), "over TLS"),
    ] {
        let args = ["--http2-prior-knowledge", "-k", "-o", "/dev/null", "-HX-Id: 7", "-d", body];
        assert!(curl(&args).arg(&url).status().expect("curl runs").success());
    }
    let both = over(&server, "path=/anything/h2&field=X-Id:7", 2);
    for (one, (tls, body)) in
        both.iter().zip([(Value::Null, "over plain"), ("TLS 1.3".into(), "over TLS")])
    {
        assert_eq!((&one["version"], &one["tls"]), (&"HTTP/2.0".into(), &tls), "{one}");
        assert_eq!((&one["body"], &one["method"]), (&body.into(), &"POST".into()));
        assert!(one["response_body"].as_str().is_some_and(|text| text.contains(body)), "{one}");
        let (line, fields) = (&one["response_line"], one["response_headers"].as_array());
        let media = serde_json::json!(["content-type", "application/json"]);
        assert!(fields.is_some_and(|fields| fields.contains(&media)), "{one}");
        assert_eq!((line, fields.map(Vec::len)), (&Value::Null, Some(7)), "{one}");
    }
    let answer = server.send("GET /requests.har HTTP/1.0\r\n\r\n");
    let (_, har) = answer.split_once("\r\n\r\n").expect("a head");
    let har: Value = serde_json::from_str(har).expect(har);
    let url = format!("https://{address}/anything/h2");
    assert_eq!(har["log"]["entries"][1]["request"]["url"], url);
    let (_, raw) = server.get("/requests/2/raw");
    assert!(raw.contains(":path: /anything/h2\r\n") && raw.ends_with("over TLS"), "{raw}");
    server.daemon.stop();
}

#[test]
fn ten_thousand_requests_keep_the_bounds() {
    let server = Administered::start(&["--journal", "100", "--journal-bytes", "1MiB"]);
    let many = "GET /status/204 HTTP/1.1\r\nHost: a\r\n\r\n".repeat(9_999);
    let last = "GET /get HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let mut stream = server.daemon.connect();
    let mut reader = stream.try_clone().expect("a second handle");
    let reading = std::thread::spawn(move || reader.read_to_end(&mut Vec::new()));
    stream.write_all([many.as_str(), last].concat().as_bytes()).expect("it takes all");
    reading.join().expect("no panic").expect("all answers");
    let (_, found) = list(&server, "limit=1000");
    let numbers = ["count", "matched", "dropped"].map(|name| found[name].as_u64());
    assert_eq!(numbers, [Some(100), Some(100), Some(9_900)]);
    assert_eq!(found["requests"][0]["id"], 9_901);
    assert_eq!(server.get("/requests/9900").0, 404);
    let (status, said) = server.ask("DELETE /requests?path=/status/*", "");
    assert_eq!((status, said.as_str()), (200, "{\"deleted\":99}\n"));
    assert_eq!(list(&server, "").1["requests"][0]["id"], 10_000);
    server.daemon.stop();
}

#[test]
fn events_come_as_they_happen() {
    let server = start(&[]);
    let stream = std::net::TcpStream::connect(&server.admin).expect("it listens");
    stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    let mut asking = stream.try_clone().expect("a second handle");
    asking.write_all(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("it takes it");
    let events = lines(stream);
    let next = |text: &str| {
        let is_it = |line: &String| line.starts_with("data: ") && line.contains(text);
        events.iter().find(is_it).unwrap_or_else(|| panic!("no {text}"))
    };
    for line in events.iter().take_while(|line| !line.is_empty()) {
        assert!(!line.to_lowercase().starts_with("content-length:"), "{line}");
    }
    server.daemon.get("/status/204");
    assert!(next("\"state\":\"done\"").contains("\"target\":\"/status/204\""));
    server.daemon.get("/status/404");
    assert!(next("\"status\":404").contains("\"id\":2,"));
    server.daemon.stop();
}

#[test]
fn watchers_see_what_the_end_of_the_server_cuts_off() {
    let server = start(&["--shutdown-timeout", "100ms"]);
    // Longer than this test takes on any machine.
    let mut stream = server.daemon.connect();
    ask(&mut stream, "/~delay=1h/get", "");
    assert_eq!(list(&server, "wait=20s").0, 200);
    let mut watching = std::net::TcpStream::connect(&server.admin).expect("it listens");
    watching.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    watching.write_all(b"GET /events HTTP/1.0\r\n\r\n").expect("it takes it");
    let events = lines(watching);
    let waits = |line: &String| line.contains("\"state\":\"waiting\",\"status\":200,");
    assert!(events.iter().any(|line| waits(&line)), "it waits");
    server.daemon.signal("TERM");
    let rest: Vec<String> = events.iter().collect();
    let last = rest.iter().rfind(|line| line.starts_with("data: ")).expect("an event");
    assert!(last.contains("\"state\":\"aborted\",\"status\":444,"), "{rest:?}");
    assert!(last.contains("\"error\":\"the server ended\""), "{rest:?}");
}

#[test]
fn without_a_journal_nothing_is_kept() {
    let server = Administered::start(&[]);
    server.daemon.get("/get");
    let off = "no requests are kept; start loiter with --journal 1000\n";
    assert_eq!(server.get("/requests"), (404, off.to_owned()));
    server.daemon.stop();
    let output = run(&["--listen", "127.0.0.1:0", "--journal", "5"]);
    refused(&output, 2, &["--journal", "give --admin 127.0.0.1:9090 too"]);
}

#[test]
fn a_web_page_deletes_nothing() {
    let server = start(&[]);
    server.daemon.get("/get");
    let page = "Host: evil.example\r\nLoiter-Admin: 1\r\nConnection: close\r\n\r\n";
    let form = "Host: 127.0.0.1\r\nOrigin: http://evil.example\r\nConnection: close\r\n\r\n";
    for (line, rest, status) in [
        ("DELETE /requests", page, 421),
        ("GET /requests", page, 421),
        ("DELETE /requests", form, 403),
        ("OPTIONS /requests", form, 405),
    ] {
        let stream = std::net::TcpStream::connect(&server.admin).expect("it listens");
        stream.set_read_timeout(Some(DEADLINE)).expect("a timeout");
        let said = answer(stream, &format!("{line} HTTP/1.1\r\n{rest}"));
        assert!(said.starts_with(&format!("HTTP/1.1 {status} ")), "{line}: {said}");
        assert!(!said.contains("Access-Control"), "{said}");
    }
    assert_eq!(list(&server, "").1["matched"], 1);
    server.daemon.stop();
}

/// The commands of `config/README.md`, as they are written there.
#[test]
fn the_documented_commands_do_what_they_say() {
    let server = start(&[]);
    let hook = format!("http://{}/anything/hook", server.daemon.address);
    for _ in 0..17 {
        let sent = curl(&["-o", "/dev/null", "-HX-Id: 7", "-d", "{}", &hook]).status();
        assert!(sent.expect("curl runs").success());
    }
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/config/README.md");
    let readme = std::fs::read_to_string(readme).expect("config/README.md");
    let section = readme.split("\n## The journal\n").nth(1).expect("the section");
    let block = section.split("```sh\n").nth(1).and_then(|rest| rest.split("```").next());
    // The events do not end by themselves; they have a test of their own.
    let is_run = |line: &&str| line.starts_with("curl ") && !line.contains("/events");
    let lines = block.expect("commands").lines().filter(is_run);
    let mut outputs = Vec::new();
    for line in lines {
        let line = line.replace("localhost:9090", &server.admin).replace(" > requests.har", "");
        let output = command("sh").args(["-c", &line]).output().expect("a shell");
        assert!(output.status.success(), "{line}: {output:?}");
        outputs.push(String::from_utf8(output.stdout).expect("UTF-8"));
    }
    let ends = [
        "\"count\":17,\"matched\":17,\"dropped\":0}\n",
        "\"count\":17,\"matched\":17,\"dropped\":0}\n",
        "\"count\":17,\"matched\":17,\"dropped\":0}\n",
        "\"body\":\"{}\",\"body_cut\":false}\n",
        "\r\n\r\n{}",
        "]}}\n",
        "{\"deleted\":17}\n",
    ];
    assert_eq!(outputs.len(), ends.len(), "each has an expectation");
    for (output, end) in outputs.iter().zip(ends) {
        assert!(output.ends_with(end), "{output}");
    }
    server.daemon.stop();
}
