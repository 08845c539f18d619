//! Tests of the journal.

use super::events::Events;
use super::filter::Filter;
use super::har::Archive;
use super::search::Search;
use super::*;
use crate::base::limits::{
    JOURNAL_ANSWER_BYTES, JOURNAL_BACKLOG, JOURNAL_CHANGES, JOURNAL_EVENTS, JOURNAL_LISTED_BYTES,
};
use crate::base::random::Random;
use crate::http::record::StreamedBody;
use crate::http::request::Target;
use crate::http::tests::ask;

fn journal(requests: usize, bytes: usize) -> SharedJournal {
    let journal = SharedJournal::default();
    journal.resize(requests, bytes);
    journal
}

fn begin(journal: &Journal, path: &str, body: &[u8]) -> u64 {
    let head = format!("GET {path} HTTP/1.1\r\nHost: a\r\nX-Id:  7 \r\n\r\n");
    ask(path, &[], body, |request| {
        journal.begin(&Arrival {
            request: &Request { head: head.as_bytes(), ..request.clone() },
            unix_us: 1_700_000_000_123_456,
            peer_port: Some(5),
            listener: "127.0.0.1:80",
            route: Some("/delay/{n}"),
            status: Status::OK,
            delay_us: 3,
        })
    })
}

fn ids(journal: &Journal) -> Vec<u64> {
    journal.entries().iter().map(|entry| entry.id).collect()
}

#[test]
fn the_oldest_are_dropped_beyond_each_bound() {
    let by_number = journal(3, 1 << 20);
    for _ in 0..5 {
        begin(&by_number, "/a", b"");
    }
    assert_eq!((ids(&by_number), by_number.dropped()), (vec![3, 4, 5], 2));
    by_number.resize(1, 1 << 20);
    assert_eq!(ids(&by_number), [5]);
    let by_bytes = journal(1000, 20_000);
    for _ in 0..50 {
        begin(&by_bytes, "/a", &[b'x'; 3000]);
    }
    let kept = by_bytes.entries().len();
    assert!((4..=6).contains(&kept), "{kept}");
    assert_eq!(by_bytes.entries().last().map(|entry| entry.id), Some(50));
    begin(&by_bytes, "/a", &[b'x'; 15_000]);
    let entries = by_bytes.entries();
    let last = &entries.last().expect("it fits").received;
    assert_eq!((last.body.len(), last.body_bytes, last.is_cut()), (10_000, 15_000, true));
}

#[test]
fn a_journal_that_is_off_keeps_nothing() {
    let off = SharedJournal::default();
    begin(&off, "/a", b"body");
    assert!(off.entries().is_empty());
}

#[test]
fn what_becomes_of_a_request_is_completed() {
    let journal = journal(10, 1 << 20);
    let (first, second) = (begin(&journal, "/a?b", b"body"), begin(&journal, "/echo", b""));
    let before = journal.entry(first).expect("it is there");
    assert_eq!((before.answer.state, before.answer.duration_us), (State::Waiting, None));
    assert_eq!((&*before.received.path(), before.received.target.as_str()), (&b"/a"[..], "/a?b"));
    let streamed = StreamedBody { kept: b"echoed".to_vec(), bytes: 9 };
    let record =
        Record { journaled: first, status: Status(201), duration_us: 8, ..Record::default() };
    journal.complete(&record);
    journal.complete(&Record {
        journaled: second,
        cut_off: true,
        streamed: Some(streamed),
        ..record.clone()
    });
    let after = journal.entry(first).expect("it is there");
    assert_eq!((after.answer.state, after.answer.duration_us), (State::Done, Some(8)));
    assert!(after.version > before.version && after.version < journal.version());
    let echo = journal.entry(second).expect("it is there");
    assert_eq!(echo.answer.state, State::Aborted);
    assert_eq!((&*echo.received.body, echo.received.body_bytes), (b"echoed".as_slice(), 9));
    let gone = Record { status: Status::CLIENT_GONE, ..record.clone() };
    journal.complete(&gone);
    assert_eq!(journal.entry(first).map(|entry| entry.answer.state), Some(State::Aborted));
    journal.withdraw(second);
    journal.complete(&Record { journaled: second, ..record });
    assert_eq!(ids(&journal), [1]);
    assert_eq!(journal.delete(|entry| *entry.received.path() == *b"/a"), 1);
    assert_eq!((ids(&journal), journal.dropped()), (vec![], 2));
    assert_eq!(begin(&journal, "/a", b""), 3);
}

#[test]
fn bytes_are_counted_exactly() {
    let journal = journal(1000, 1 << 20);
    let id = begin(&journal, "/echo", b"");
    let streamed = Some(StreamedBody { kept: vec![b'x'; 5000], bytes: 5000 });
    let before = journal.ring().bytes();
    let (modifiers, error) = (Some("x".repeat(4000).into()), Some("x".repeat(300).into()));
    let record = Record { journaled: id, streamed, modifiers, error, ..Record::default() };
    journal.complete(&record);
    assert_eq!(journal.ring().bytes(), before + 9300);
    journal.complete(&Record { body_bytes: 5000, ..record });
    assert_eq!(journal.ring().bytes(), before + 9300 + JOURNAL_ANSWER_BYTES);
    for _ in 0..30 {
        begin(&journal, "/a", &[b'x'; 100]);
    }
    journal.delete(|entry| entry.id % 2 == 0);
    journal.delete(|_| true);
    assert_eq!(journal.ring().bytes(), 0);
}

#[test]
fn fields_are_read_from_the_head() {
    let journal = journal(1, 1 << 20);
    begin(&journal, "/a", b"");
    let received = Arc::clone(&journal.entries().remove(0).received);
    let fields: Vec<_> = received.fields().collect();
    assert_eq!(fields, [(&b"Host"[..], &b"a"[..]), (b"X-Id", b"7")]);
    let head = b":method: GET\r\n:path: /\r\na:b\r\n\r\n".as_slice().into();
    let received = Received { head, ..Received::default() };
    let fields: Vec<_> = received.fields().collect();
    assert_eq!(fields, [(&b":method"[..], &b"GET"[..]), (b":path", b"/"), (b"a", b"b")]);
}

#[test]
fn a_head_that_cannot_be_parsed_is_shown_as_far_as_it_can() {
    let journal = journal(1, 1 << 20);
    for (line, shown) in [
        ("GET /a b", ("GET", "/a", "")),
        ("GET /a HTTP/1.0", ("GET", "/a", "HTTP/1.0")),
        ("GET /a HTTP/1.1", ("GET", "/a", "HTTP/1.1")),
        ("GET /a HTTP/9", ("GET", "/a", "")),
        ("RUBBISH", ("RUBBISH", "", "")),
    ] {
        let head = format!("{line}\r\nHo st: x\r\n\r\nrest");
        ask("/", &[], b"", |request| {
            let mut request = request.clone();
            request.target = Target::whole(b"");
            request.head = head.as_bytes();
            journal.begin(&Arrival {
                request: &request,
                unix_us: 1,
                peer_port: None,
                listener: "",
                route: None,
                status: Status(400),
                delay_us: 0,
            })
        });
        let received = Arc::clone(&journal.entries().remove(0).received);
        let seen = (received.method.as_str(), received.target.as_str(), received.version);
        assert_eq!(seen, shown);
        assert_eq!(&*received.body, b"rest");
    }
}

#[test]
fn a_wait_ends_with_what_was_waited_for() {
    let journal = journal(10, 1 << 20);
    journal.wait(journal.version(), Duration::ZERO);
    std::thread::scope(|scope| {
        let (before, long) = (journal.version(), Duration::from_secs(3600));
        let journal = &journal;
        let waiting = scope.spawn(move || journal.wait(before, long));
        begin(journal, "/a", b"");
        waiting.join().expect("it does not panic");
        journal.wait(before, long);
    });
}

/// Does something to a journal: mostly requests come and are answered.
fn change_at_random(journal: &Journal, random: &mut Random) {
    let newest = journal.counts().begun;
    let some = newest.saturating_sub(random.below(60));
    let path = if random.below(3) == 0 { "/b" } else { "/a" };
    match random.below(100) {
        0 => drop(journal.delete(|entry| entry.id % 7 == some % 7)),
        1..4 => journal.withdraw(newest),
        4..20 => journal.begin_sending(some, Some(1), b"HTTP/1.1 200 OK\r\n\r\n", (b"ok", 2)),
        20..60 => journal.complete(&Record { journaled: some, ..Record::default() }),
        _ => drop(begin(journal, path, b"")),
    }
}

#[test]
fn what_has_changed_is_what_a_look_at_all_would_find() {
    let journal = journal(50, 1 << 20);
    let mut random = Random::new(7);
    // Twice as many changes as the journal knows, so that the oldest are found by a look at all.
    while journal.version() < 2 * JOURNAL_CHANGES as u64 {
        change_at_random(&journal, &mut random);
        let known = if random.below(500) == 0 { 2 * JOURNAL_CHANGES as u64 } else { 80 };
        let seen = journal.version().saturating_sub(random.below(known));
        let mut all = journal.entries();
        all.retain(|entry| entry.version > seen);
        all.sort_by_key(|entry| entry.version);
        let versions =
            |entries: &[Arc<Entry>]| entries.iter().map(|e| e.version).collect::<Vec<_>>();
        assert_eq!(versions(&journal.changes(seen, 99).entries), versions(&all), "since {seen}");
    }
}

#[test]
fn a_search_ends_as_soon_as_there_are_enough() {
    let journal = journal(50, 1 << 20);
    let mut random = Random::new(8);
    let (mut ended, mut waited) = (0, 0);
    while ended < 300 {
        let mut filter = Filter::default();
        filter.path("/b").expect("a path");
        let mut search = Search::new(journal.clone(), filter.clone());
        search.wanted = 1 + random.below(20);
        loop {
            let entries = journal.entries();
            let there = entries.iter().filter(|entry| filter.matches(entry)).count() as u64;
            let found = search.look(false);
            assert_eq!(found.is_some(), there >= search.wanted, "{there} of {}", search.wanted);
            if found.is_some() {
                break;
            }
            waited += 1;
            (0..random.below(4)).for_each(|_| change_at_random(&journal, &mut random));
        }
        ended += 1;
        journal.delete(|_| true);
    }
    assert!(waited > 300, "{waited}");
}

#[test]
fn what_is_lost_is_counted_and_watchers_see_it() {
    let journal = journal(3, 4000);
    let mut events = Events::since(journal.clone(), Some(0));
    let mut lost = || {
        let mut output = Vec::new();
        events.piece(&mut output);
        let text = String::from_utf8(output).expect("it is UTF-8");
        text.split_once("event: dropped\ndata: ").map(|(_, data)| data.to_owned())
    };
    let counted = |journal: &Journal| {
        let Counts { over_number, over_bytes, cut, .. } = journal.counts();
        (over_number, over_bytes, cut)
    };
    let first = begin(&journal, "/a", &[b'x'; 400]);
    assert_eq!((counted(&journal), lost()), ((0, 0, 0), None));
    for _ in 0..4 {
        begin(&journal, "/a", &[b'x'; 400]);
    }
    assert_eq!(counted(&journal), (2, 0, 0));
    assert_eq!(lost().as_deref(), Some("{\"requests\":2,\"bodies_cut\":0}\n\n"));
    let long = begin(&journal, "/a", &[b'x'; 2001]);
    // It had to go for the others, and its end changes nothing.
    journal.complete(&Record { journaled: first, ..Record::default() });
    journal.complete(&Record { journaled: long, ..Record::default() });
    let (_, over_bytes, cut) = counted(&journal);
    assert!(over_bytes > 0 && cut == 1, "{over_bytes} {cut}");
    assert!(lost().is_some_and(|data| data.ends_with(",\"bodies_cut\":1}\n\n")));
    journal.delete(|_| true);
    assert_eq!(lost(), None, "what is deleted is not lost");
}

#[test]
fn the_end_of_the_server_is_that_of_its_requests() {
    let journal = journal(10, 1 << 20);
    let [waits, sends, done] = [0; 3].map(|_| begin(&journal, "/a", b""));
    journal.begin_sending(sends, None, b"HTTP/1.1 200 OK\r\n\r\n", (b"", 0));
    journal.complete(&Record { journaled: done, status: Status(201), ..Record::default() });
    let (before, long) = (journal.version(), Duration::from_secs(3600));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| journal.wait(before, long));
        journal.end(1_700_000_000_123_456 + 7);
        waiting.join().expect("it does not panic");
    });
    journal.wait(journal.version(), long);
    let ended = |id: u64| {
        let answer = journal.entry(id).expect("it is there").answer.clone();
        (answer.state, answer.status.0, answer.duration_us, answer.error)
    };
    let why = Some(Cow::Borrowed("the server ended"));
    assert_eq!(ended(waits), (State::Aborted, 444, Some(7), why.clone()));
    assert_eq!(ended(sends), (State::Aborted, 200, Some(7), why));
    assert_eq!(ended(done), (State::Done, 201, Some(0), None));
    assert_eq!(journal.changes(before, 9).entries.len(), 2, "watchers see it");
}

#[test]
fn an_archive_has_a_piece_for_each_request_that_is_still_there() {
    let journal = journal(10, 1 << 20);
    let ids: Vec<u64> = (0..4).map(|_| begin(&journal, "/a?b", b"body")).collect();
    let mut archive = Archive::new(journal.clone(), ids);
    let (mut whole, mut pieces) = (Vec::new(), Vec::new());
    while archive.pieces() > 1 {
        let mut piece = Vec::new();
        archive.piece(&mut piece);
        whole.extend_from_slice(&piece);
        pieces.push(piece.windows(18).filter(|bytes| bytes == b"\"startedDateTime\":").count());
        journal.delete(|entry| entry.id == 2);
    }
    archive.piece(&mut whole);
    assert_eq!(pieces, [1, 0, 1, 1]);
    let har: serde_json::Value = serde_json::from_slice(&whole).expect("JSON");
    let entries = har["log"]["entries"].as_array().expect("entries");
    let ids: Vec<_> = entries.iter().map(|entry| entry["_loiter"]["id"].as_u64()).collect();
    assert_eq!(ids, [Some(1), Some(3), Some(4)]);
    let (mut none, mut empty) = (Archive::new(journal, vec![2]), Vec::new());
    none.piece(&mut empty);
    assert!(empty.is_empty());
    none.piece(&mut empty);
    let har: serde_json::Value = serde_json::from_slice(&empty).expect("JSON");
    assert_eq!(har["log"]["entries"], serde_json::json!([]));
}

#[test]
fn a_list_has_a_bound_in_bytes() {
    let journal = journal(10, 8 * JOURNAL_LISTED_BYTES);
    let body = vec![b'x'; JOURNAL_LISTED_BYTES / 2];
    for _ in 0..4 {
        begin(&journal, "/a", &body);
    }
    let mut search = Search::new(journal, Filter::default());
    search.limit = 10;
    let listed = |search: &Search| {
        let found = search.find(JOURNAL_LISTED_BYTES);
        assert_eq!(found.matched, 4 - search.filter.has_start() as u64);
        found.entries.iter().map(|entry| entry.id).collect::<Vec<_>>()
    };
    // The heads exceed the bound a little, so two bodies fill it.
    assert_eq!(listed(&search), [3, 4], "the newest");
    search.filter.since(1);
    assert_eq!(listed(&search), [2, 3], "the first after that one");
}

#[test]
fn events_show_each_change_once() {
    let journal = journal(2 * JOURNAL_BACKLOG, 1 << 30);
    let mut events = Events::since(journal.clone(), None);
    let mut piece = || {
        let mut output = Vec::new();
        events.piece(&mut output);
        String::from_utf8(output).expect("it is UTF-8")
    };
    assert_eq!(piece(), "");
    let id = begin(&journal, "/a", b"body");
    let waiting = piece();
    assert!(waiting.starts_with("event: request\nid: 1\ndata: {\"id\":1,"), "{waiting}");
    assert!(waiting.contains("\"started\":1700000000123.456,"), "{waiting}");
    assert!(waiting.contains("\"state\":\"waiting\",\"status\":200,\"delay_us\":3,"), "{waiting}");
    assert_eq!(piece(), "");
    journal.complete(&Record { journaled: id, ..Record::default() });
    assert!(piece().contains("\"state\":\"done\""));
    let count = |piece: &str| piece.matches("event: request\n").count();
    for (begun, skipped) in [(JOURNAL_EVENTS + 5, 0), (JOURNAL_BACKLOG + 5, 5)] {
        (0..begun).for_each(|_| {
            begin(&journal, "/b", b"");
        });
        let first = piece();
        let line = format!("event: skipped\ndata: {{\"requests\":{skipped}}}\n\n");
        assert_eq!(first.starts_with(&line), skipped > 0, "{begun}");
        assert_eq!(count(&first), JOURNAL_EVENTS);
        let rest: usize = (0..begun / JOURNAL_EVENTS).map(|_| count(&piece())).sum();
        assert_eq!(rest + JOURNAL_EVENTS + skipped, begun);
    }
    let quiet: String = (0..501).map(|_| piece()).collect();
    assert_eq!(quiet, ":\n\n");
}
