//! Precedence, selection, and how waits share their bound.

use super::Carrier::{Field, Listener, Path, Query, Server};
use super::*;

#[test]
fn a_higher_carrier_replaces_by_name() {
    let all = [
        (Server, "delay=1s; status=500"),
        (Listener, "delay=2s; status=501"),
        (Field, "delay=3s"),
        (Path, "delay=4s; last"),
        (Query, "delay=5s"),
    ];
    for (count, line) in [
        (1, "delay=1s; status=500"),
        (2, "delay=2s; status=501"),
        (3, "delay=3s; status=501"),
        (4, "delay=4s; status=501; last"),
        (5, "delay=5s; status=501; last"),
    ] {
        assert_eq!(shown(&all[..count]), line);
    }
}

#[test]
fn none_clears_what_lower_carriers_gave() {
    for (lists, line) in [
        (vec![(Server, "delay=1s; status=500"), (Path, "delay=none")], "status=500"),
        (vec![(Server, "delay=1s"), (Path, "delay=none"), (Query, "delay=2s")], "delay=2s"),
        (vec![(Server, "delay=1s"), (Field, "status=500"), (Path, "with=none; last")], "last"),
        (vec![(Server, "delay=1s; last"), (Path, "delay=2s; with=none")], "delay=2s"),
        (vec![(Server, "delay=1s"), (Path, "with=none"), (Query, "status=500")], "status=500"),
        (vec![(Server, "delay=none; with=none")], ""),
    ] {
        assert_eq!(shown(&lists), line, "{lists:?}");
    }
}

#[test]
fn fields_are_replaced_by_their_names() {
    for (lists, line) in [
        (vec![(Path, "header=a:1; header=a:2")], "header=a:1; header=a:2"),
        (
            vec![(Server, "header=a:1; header=b:2"), (Path, "header=A:3; header=A:4")],
            "header=b:2; header=A:3; header=A:4",
        ),
        (vec![(Server, "header=a:1"), (Path, "header=none; header=b:2")], "header=b:2"),
        (vec![(Server, "header=a:1"), (Path, "header=none")], ""),
    ] {
        assert_eq!(shown(&lists), line, "{lists:?}");
    }
}

#[test]
fn selection_has_the_values_and_gates_by_all_of_them() {
    let modifiers = list(Query, "key=t%3B; times=3..5; since=10s..40s; every=30s:5s; seed=fF");
    let asked = merge(&[&modifiers]);
    let selection = asked.selection();
    assert_eq!(
        selection,
        Selection {
            key: Some("t;"),
            times: Some((3, 5)),
            since_us: Some((10_000_000, 40_000_000)),
            every_us: Some((30_000_000, 5_000_000)),
            seed: Some(255),
        }
    );
    for (n, age_us, applies) in [
        (3, 30_000_000, true),
        (5, 34_999_999, true),
        (2, 30_000_000, false),
        (6, 30_000_000, false),
        (3, 35_000_000, false),
        (3, 29_999_999, false),
        (3, 4_000_000, false),
        (3, 60_000_000, false),
    ] {
        assert_eq!(selection.applies(n, age_us), applies, "{n} {age_us}");
    }
    let open = Selection {
        times: Some((3, u32::MAX)),
        since_us: Some((1, u64::MAX)),
        ..Selection::default()
    };
    assert!(open.applies(u64::MAX, 1) && !open.applies(2, 1) && !open.applies(3, 0));
    assert!(Selection::default().applies(0, 0) && !asked.is_empty());
    assert!(Asked::default().is_empty());
}

#[test]
fn waits_share_the_bound_in_the_order_of_time() {
    for (text, line) in [
        ("delay=30m; body=40m", "delay=1800s; body=1800s; cut=body"),
        ("delay=60m; head=1us; end=1us", "delay=3600s; cut=head,end"),
        ("delay=50m; idle=50m; end=10m", "delay=3000s; end=600s; idle=3000s"),
    ] {
        assert_eq!(shown(&[(Path, text)]).replace("; ; ", "; "), line, "{text}");
    }
    let modifiers = list(Path, "delay=exp:50m; gap=1s; idle=exp:50m");
    let plans = (0..1000).map(|seed| merge(&[&modifiers]).plan(seed, 0, &BOUNDS));
    let mut cut = 0;
    for plan in plans {
        assert!(plan.delay_us <= BOUNDS.max_wait_us && plan.idle_us <= Some(BOUNDS.max_wait_us));
        assert_eq!(plan.gap.unwrap().most_us, BOUNDS.max_wait_us - plan.delay_us);
        let longest = |us, name| us == BOUNDS.max_wait_us && plan.cut.contains(&name);
        assert_eq!(longest(plan.delay_us, "delay"), plan.cut.contains(&"delay"));
        cut += usize::from(longest(plan.idle_us.unwrap(), "idle"));
    }
    // One in exp(6/5).
    assert!((250..350).contains(&cut), "{cut}");
}

#[test]
fn slots_and_load_add_to_the_delay() {
    let modifiers = list(Path, "delay=1ms; slots=4:0.01; load=2ms; key=a");
    let asked = merge(&[&modifiers]);
    assert_eq!(asked.slots(), Some(Slots { places: 4, identity: "4:10ms a".to_owned() }));
    assert_eq!((asked.service_us(1), asked.load_us(1, 3)), (Some(10_000), 6_000));
    let plan = asked.plan(1, 16_000, &BOUNDS);
    assert_eq!(plan, Plan::delay_only(1, 17_000));
    assert_eq!(asked.plan(1, u64::MAX, &BOUNDS).delay_us, BOUNDS.max_wait_us);
    assert!(asked.has(Name::Load));
    let none = Asked::default();
    assert_eq!((none.slots(), none.service_us(1), none.load_us(1, 9)), (None, None, 0));
    let spared = list(Path, "slots=4:10ms@0");
    assert_eq!(merge(&[&spared]).service_us(1), None);
}
