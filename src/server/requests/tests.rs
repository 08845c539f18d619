//! What a test in another program sees of its server's requests.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Mutex;
use std::thread;

use super::*;
use crate::config::Settings;

const LONG: Duration = Duration::from_secs(60);

fn server(requests: usize) -> Server {
    Server::builder().journal(requests).listen("127.0.0.1:0").start().expect("a server")
}

/// Sends a request, and waits for its answer.
fn send(server: &Server, head: &str, body: &str) {
    let mut stream = TcpStream::connect(server.address()).expect("it listens");
    stream.set_read_timeout(Some(LONG)).expect("a time limit");
    let length = body.len();
    let request = format!("{head}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).expect("it takes a request");
    stream.read_to_end(&mut Vec::new()).expect("an answer");
}

fn get(server: &Server, target: &str) {
    send(server, &format!("GET {target} HTTP/1.1\r\nHost: a\r\n"), "");
}

#[test]
fn a_request_has_all_its_parts() {
    let server = server(10);
    send(&server, "POST /anything/a%20b?c=d HTTP/1.1\r\nHost: a\r\nX-Id: 7\r\n", "body");
    let list = server.requests().list();
    let [one] = list.as_slice() else { panic!("{list:?}") };
    assert_eq!((one.id(), one.method(), one.target()), (1, "POST", "/anything/a%20b?c=d"));
    assert_eq!((&*one.path(), one.header("x-ID").as_deref()), ("/anything/a b", Some("7")));
    assert_eq!(one.headers().next(), Some(("Host".into(), "a".into())));
    assert_eq!((one.body(), one.is_cut(), one.status()), (&b"body"[..], false, 200));
    assert!(one.response_body().starts_with(b"{"), "{:?}", one.response_body());
    assert_eq!((one.header("absent"), one.late()), (None, None));
    assert!(one.peer().is_some_and(|peer| peer.ip().is_loopback()));
    assert!(one.received_at() <= SystemTime::now());
    assert_eq!(format!("{one:?}"), "1: POST /anything/a%20b?c=d -> 200");
}

/// The line that is shown is the caller's, which is what is to be changed.
#[test]
fn a_mistake_is_shown_where_it_was_made() {
    static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let shown = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        SEEN.lock().expect("a list").push(info.to_string());
        shown(info);
    }));
    let bare = Server::builder().listen("127.0.0.1:0").start().expect("a server");
    let server = server(1);
    let mistakes: [(&str, &dyn Fn()); 5] = [
        ("no requests are kept", &|| drop(bare.requests())),
        ("a bad condition: a path", &|| drop(server.requests().path("a"))),
        ("a bad condition: ", &|| drop(server.requests().method("a b"))),
        ("a bad condition: ", &|| drop(server.requests().header("a b", ""))),
        ("a bad condition: ", &|| drop(server.requests().status(7))),
    ];
    for (reason, mistake) in mistakes {
        SEEN.lock().expect("a list").clear();
        panic::catch_unwind(AssertUnwindSafe(mistake)).expect_err("it is a mistake");
        let seen = SEEN.lock().expect("a list").clone();
        let is_ours = |text: &String| text.contains(file!()) && text.contains(reason);
        assert!(seen.iter().any(is_ours), "{seen:?}");
    }
}

#[test]
fn requests_are_narrowed_down_and_cleared() {
    let server = server(10);
    get(&server, "/get?n=1");
    get(&server, "/status/418");
    send(&server, "POST /status/201 HTTP/1.1\r\nHost: b\r\n", "");
    let all = server.requests();
    let ids = |requests: Requests| requests.list().iter().map(|one| one.id()).collect::<Vec<_>>();
    assert_eq!(ids(all.clone()), [1, 2, 3]);
    assert_eq!(ids(all.clone().path("/status/*")), [2, 3]);
    assert_eq!(ids(all.clone().path("/status/*").method("POST")), [3]);
    assert_eq!(ids(all.clone().target("/get?n=*")), [1]);
    assert_eq!(ids(all.clone().header("host", "b")), [3]);
    assert_eq!(ids(all.clone().status(418)), [2]);
    assert_eq!(ids(all.clone().since(2)), [3]);
    assert_eq!(all.clone().path("/get").clear(), 1);
    assert_eq!(ids(all), [2, 3]);
}

#[test]
fn a_wait_ends_with_the_request_or_its_time() {
    let server = server(10);
    let hooks = server.requests().path("/anything/hook");
    let waiting = thread::spawn({
        let hooks = hooks.clone();
        move || hooks.wait_for(2, LONG)
    });
    get(&server, "/anything/hook");
    get(&server, "/get");
    get(&server, "/anything/hook");
    let received = waiting.join().expect("no panic").expect("both came");
    assert_eq!(received.iter().map(ReceivedRequest::id).collect::<Vec<_>>(), [1, 3]);
    let error = hooks.wait_for(3, Duration::from_millis(1)).expect_err("only two came");
    assert_eq!(error.received.len(), 2);
    assert_eq!(error.to_string(), "3 requests were expected within 1ms, and 2 came");
}

#[test]
fn a_delayed_request_is_there_before_its_answer() {
    let server = server(10);
    let mut stream = TcpStream::connect(server.address()).expect("it listens");
    // Longer than this test takes on any machine.
    let long = b"GET /~delay=1h/get HTTP/1.0\r\n\r\n";
    stream.write_all(long).expect("it takes a request");
    let waiting = server.requests().wait_for(1, LONG).expect("it came").remove(0);
    assert_eq!((waiting.is_answered(), waiting.late()), (false, None));
    get(&server, "/delay/0.01");
    // It is over when its worker has looked after it once more.
    let deadline = Instant::now() + LONG;
    let answered = loop {
        let one = server.requests().path("/delay/*").list().remove(0);
        if one.is_answered() {
            break one;
        }
        assert!(Instant::now() < deadline, "{one:?}");
        thread::yield_now();
    };
    assert!(answered.late().is_some());
}

#[test]
fn a_wait_ends_with_the_server() {
    let server = server(10);
    get(&server, "/get");
    let all = server.requests();
    let waiting = thread::spawn({
        let all = all.clone();
        move || all.wait_for(2, LONG)
    });
    server.stop();
    let error = waiting.join().expect("no panic").expect_err("only one came");
    let text = "2 requests were expected within 60s, and 1 came before the server ended";
    assert_eq!((error.to_string().as_str(), error.received.len()), (text, 1));
    assert_eq!(all.wait_for(1, LONG).map(|came| came.len()).ok(), Some(1), "it is still there");
}

#[test]
fn the_end_of_the_server_cuts_off_what_is_not_over() {
    let server = server(10);
    get(&server, "/status/201");
    // Longer than this test takes on any machine.
    let mut streams = ["/~delay=1h/get", "/~gap=1h/drip"].map(|target| {
        let mut stream = TcpStream::connect(server.address()).expect("it listens");
        let request = format!("GET {target} HTTP/1.0\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("it takes a request");
        stream
    });
    streams[1].read_exact(&mut [0]).expect("a head");
    let all = server.requests();
    all.wait_for(3, LONG).expect("all came");
    server.stop();
    let ends = all.list().into_iter().map(|one| {
        let answer = one.0.answer.clone();
        assert!(answer.duration_us.is_some(), "{one:?}");
        (one.path().into_owned(), answer.state, answer.status.0, answer.error)
    });
    let mut ends: Vec<_> = ends.collect();
    ends.sort_by_key(|(path, ..)| path.clone());
    let why = Some(Cow::Borrowed("the server ended"));
    let expected = [
        ("/status/201".to_owned(), State::Done, 201, None),
        ("/~delay=1h/get".to_owned(), State::Aborted, 444, why.clone()),
        ("/~gap=1h/drip".to_owned(), State::Aborted, 200, why),
    ];
    assert_eq!(ends, expected);
}

#[test]
fn a_reload_resizes_the_journal_and_keeps_the_newest() {
    let server = server(10);
    for n in 1..=4 {
        get(&server, &format!("/get?n={n}"));
    }
    let reload = |journal: usize| {
        let settings = Settings { journal, ..server.handle().settings() };
        server.handle().reload(&settings).expect("a reload");
    };
    let ids = || server.requests().list().iter().map(ReceivedRequest::id).collect::<Vec<_>>();
    reload(20);
    assert_eq!(ids(), [1, 2, 3, 4]);
    reload(2);
    assert_eq!(ids(), [3, 4]);
    reload(0);
    get(&server, "/get");
    reload(2);
    assert_eq!(ids(), [0; 0], "off, it keeps nothing");
    get(&server, "/get");
    assert_eq!(ids(), [5]);
}

#[test]
#[should_panic(expected = "no requests are kept; start it with Builder::journal(1000)")]
fn without_a_journal_there_are_none() {
    let _ = Server::builder().listen("127.0.0.1:0").start().expect("a server").requests();
}

#[test]
#[should_panic(expected = "a path begins with `/` or `*`")]
fn a_path_that_matches_nothing_is_a_mistake() {
    let _ = server(1).requests().path("hook");
}
