//! What an answer shows is a request for the same answer.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;

/// Checks that the line parses back to the same plan, whatever was cut.
fn assert_repeats(text: &str, seed: u64) {
    let modifiers = list(Carrier::Path, text);
    let plan = merge(&[&modifiers]).plan(seed, 0, &BOUNDS);
    let line = show::line(&plan);
    let again = list(Carrier::Query, &line);
    let asked = merge(&[&again]);
    asked.check_values(&BOUNDS).unwrap_or_else(|bad| panic!("{bad}: {line}"));
    let repeated = asked.plan(asked.selection().seed.unwrap(), 0, &BOUNDS);
    let given_by = repeated.given_by;
    assert_eq!(repeated, Plan { cut: Vec::new(), given_by, ..plan }, "{text}: {line}");
    assert!(line.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '), "{line}");
}

#[test]
fn the_line_has_what_was_drawn_in_the_order_of_the_rows() {
    let text = "fault=reset:0.5; text=a b; status=503@1; header=A:b; gap=1ms..2ms; pad=0; last; \
                idle=0; rate=1024; delay=137204us; load=1s; read=hang; frame=chunked; hint=x; \
                piece=2; head=none; body=1.5; key=a; times=1; cut=delay; end=1ms; slots=1:1s";
    let line = "delay=137.204ms; body=1.5s; end=1ms; gap=1ms..2ms; piece=2; rate=1KiB; read=hang; \
                status=503; header=A:b; text=a%20b; hint=x; frame=chunked; last; idle=0s; \
                fault=reset:0.5; ";
    assert_eq!(shown(&[(Carrier::Path, text)]), line.trim_end_matches("; "));
    assert_repeats(text, 1);
    assert_eq!(show::line(&Plan::spared(0x8d2f)), "seed=8d2f");
}

#[test]
fn what_makes_the_line_too_long_is_left_out_and_named() {
    let long = "x".repeat(MAX_SHOWN_MODIFIERS_BYTES);
    let text = format!("text={long}; status=503; header=a:{long}; header=b:{long}; hint=y");
    assert_eq!(
        shown(&[(Carrier::Path, &text)]).replace("; ; ", "; "),
        "status=503; hint=y; cut=header,text"
    );
}

/// Any modifier that is not `times`, which needs a key.
fn modifier() -> impl Strategy<Value = String> {
    let rows: Vec<&Row> = for_requests().filter(|row| row.name != Name::Times).collect();
    (select(rows), any::<Index>()).prop_map(|(row, index)| {
        let good: Vec<&str> = row.good().collect();
        token(row, good[index.index(good.len())])
    })
}

proptest! {
    #[test]
    fn what_is_shown_repeats_the_answer(
        modifiers in prop::collection::vec(modifier(), 0..12),
        seed in any::<u64>(),
    ) {
        assert_repeats(&modifiers.join(";"), seed);
    }

    #[test]
    fn any_text_is_shown_so_that_every_carrier_reads_it_back(text in "\\PC{0,40}", seed: u64) {
        prop_assume!(text != "none");
        let mut modifiers = Modifiers::new(Carrier::Query);
        modifiers.add("text", Some(&text)).unwrap();
        let line = show::line(&merge(&[&modifiers]).plan(seed, 0, &BOUNDS));
        let token = line.split("; ").next().unwrap();
        for carrier in Carrier::ALL {
            let again = carried(carrier, token).unwrap();
            let plan = merge(&[&again]).plan(seed, 0, &BOUNDS);
            prop_assert_eq!(plan.text.as_ref(), Some(&text), "{}", token);
        }
    }

    #[test]
    fn no_bytes_panic(raw in prop::collection::vec(any::<u8>(), 0..60)) {
        for carrier in Carrier::ALL {
            let mut modifiers = Modifiers::new(carrier);
            let _ = modifiers.add_list(&raw);
            let _ = modifiers.add_segment(&raw);
            let _ = modifiers.add_query(&raw);
        }
    }
}
