//! `loiter help modifiers`: the grammar, and a line for each modifier and fault.

use crate::http::certificate::Certificate;
use crate::http::modifiers::fault::{FAULTS, FaultRow};
use crate::http::modifiers::row::{Group, Kind};
use crate::http::modifiers::{Name, ROWS};

const BEFORE: &str = "\
A modifier makes the answer of any endpoint slow, odd or broken. ~NAME=VALUE means the same
wherever it stands; for each name, the first of these wins (within one of them, the last):

  /get?~delay=2s                           a query, for one request
  /~delay=50ms..200ms/~fault=reset@0.05/get
                                           a path, before the endpoint's (a base URL)
  Loiter: delay=2s; status=503@0.1         a header field
  --listen 'http://:8081/~delay=20ms'      a listener
  --with 'delay=20ms; status=503@0.1'      the server

NAME=none clears a modifier, with=none all that come from further down. The field Loiter of the
answer shows what was done, with all values drawn and the seed: sent back, it does the same again.
";

const VALUES: &str = "
Values:
  DURATION        0.25 (seconds), 50ms, 150us, 1m30s
  TIME            a DURATION, or a distribution of it: A..B (uniform), normal:MEAN:SD,
                  lognormal:MEDIAN:SIGMA, exp:MEAN, pareto:MIN:ALPHA
  SIZE            100 (bytes), 64KiB, 10MB
  VALUE@CHANCE    how often, from 0 to 1: 503@0.1, reset@0.05, 2s@0.01
  A@WEIGHT,B@WEIGHT
                  one of them, by relative weight: 1ms@90,2s@10 (no weight: 1); none is one of
                  them only if it is listed: none@90,reset@5,truncate:0.5@5
  AT              where in the body: 100 (bytes), 0.5 (half of it), event:3 (after that event or
                  line); or before the answer: up:1000 (after so many bytes of the request's body);
                  for a listener or the server, connect (as soon as a connection is accepted)
  %3B             a ; in a value, and so on: values are percent-decoded

  loiter --with 'delay=lognormal:20ms:0.5; fault=reset@0.01'     a slow and flaky server
  loiter --listen ':8080,http://:8081/~status=503'               its second port always fails
  curl http://127.0.0.1:8080/~status=503/~times=2/~key=t42/get   fails twice, then succeeds
";

/// The groups in the order of the rows, with their headings.
const GROUPS: [(Group, &str); 6] = [
    (Group::Time, "When the answer comes"),
    (Group::Answer, "What it is"),
    (Group::Wire, "How it is framed, and how its connection ends"),
    (Group::Fault, "How it breaks"),
    (Group::Tls, "How a TLS handshake is modified, by a listener or the server"),
    (Group::Selection, "Which requests are modified"),
];

/// The whole text.
pub(crate) fn text() -> String {
    let mut text = BEFORE.to_owned();
    for (group, heading) in GROUPS {
        text += &format!("\n{heading}:\n");
        for row in ROWS.iter().filter(|row| row.group == group) {
            let usage = match row.kind {
                Kind::Time => format!("{}=TIME", row.name.text()),
                _ => row.usage(),
            };
            text += &entry(&usage, row.summary);
            text += &kinds(row.name);
        }
    }
    text + VALUES
}

/// The kinds of a modifier that has some, a line for each.
pub(super) fn kinds(name: Name) -> String {
    match name {
        Name::Fault => {
            let usage = |row: &FaultRow| format!("  {}{}", row.kind.name(), row.place.syntax());
            FAULTS.iter().map(|row| entry(&usage(row), row.summary)).collect()
        }
        Name::Cert => {
            let kinds = Certificate::ALL.iter();
            kinds.map(|kind| entry(&format!("  {kind}"), kind.about())).collect()
        }
        _ => String::new(),
    }
}

/// What to write, and what it does, at the column of the others.
fn entry(usage: &str, summary: &str) -> String {
    const COLUMN: usize = 23;
    let line = format!("  {usage}");
    if line.len() < COLUMN {
        format!("{line:COLUMN$}{summary}\n")
    } else {
        format!("{line}\n{:COLUMN$}{summary}\n", "")
    }
}
