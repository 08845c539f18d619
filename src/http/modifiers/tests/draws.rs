//! Draws: 100,000 of every distribution against its mean and quantiles, chances and weights, and
//! that no modifier changes another one's draw. The seeds are fixed, so a result does not vary.

use super::*;

const DRAWS: u32 = 100_000;
/// Standard errors that a statistic may be off: one in 16,000 is further off by chance.
const ERRORS: f64 = 4.0;
/// Probabilities, and the normal distribution's quantiles.
const QUANTILES: [(f64, f64); 5] = [
    (0.01, -2.326_347_874),
    (0.1, -1.281_551_566),
    (0.5, 0.0),
    (0.9, 1.281_551_566),
    (0.99, 2.326_347_874),
];
const UNBOUNDED: Bounds = Bounds { max_wait_us: u64::MAX, public: false, dangerous: false };

/// The plans of one list for the seeds from 0.
fn plans(text: &str) -> Vec<Plan> {
    let modifiers = list(Carrier::Field, text);
    let asked = merge(&[&modifiers]);
    (0..u64::from(DRAWS)).map(|seed| asked.plan(seed, 0, &UNBOUNDED)).collect()
}

fn delays(value: &str) -> Vec<u64> {
    plans(&format!("delay={value}")).iter().map(|plan| plan.delay_us).collect()
}

fn assert_share(what: &str, count: usize, probability: f64) {
    let share = count as f64 / f64::from(DRAWS);
    let error = (probability * (1.0 - probability) / f64::from(DRAWS)).sqrt();
    let off = (share - probability).abs();
    assert!(off <= ERRORS * error, "{what}: a share of {share}, expected {probability}");
}

/// Checks draws against the mean, the standard deviation and the quantiles, all in microseconds.
/// A quantile is given its probability and the normal distribution's quantile.
fn assert_distribution(
    what: &str,
    draws: &[u64],
    mean: f64,
    sd: f64,
    at: impl Fn(f64, f64) -> f64,
) {
    assert_eq!(draws.len(), DRAWS as usize);
    let sum: f64 = draws.iter().map(|&us| us as f64).sum();
    let off = (sum / f64::from(DRAWS) - mean).abs();
    // Half a microsecond is what rounding up adds.
    let most = ERRORS * sd / f64::from(DRAWS).sqrt() + 0.5;
    assert!(off <= most, "{what}: the mean is {off} off");
    for (probability, normal) in QUANTILES {
        let quantile = at(probability, normal).ceil();
        let below = draws.iter().filter(|&&us| us as f64 <= quantile).count();
        assert_share(&format!("{what} up to {quantile}"), below, probability);
    }
}

#[test]
fn every_distribution_has_its_mean_and_quantiles() {
    let ms = 1000.0;
    let check = |value: &str, mean, sd, at: &dyn Fn(f64, f64) -> f64| {
        assert_distribution(value, &delays(value), mean, sd, at);
    };
    check("50ms..200ms", 125.0 * ms, 43.301 * ms, &|p, _| (50.0 + 150.0 * p) * ms);
    check("normal:200ms:20ms", 200.0 * ms, 20.0 * ms, &|_, z| (200.0 + 20.0 * z) * ms);
    let mean = 20.0 * ms * 0.125f64.exp();
    let sd = mean * (0.25f64.exp() - 1.0).sqrt();
    check("lognormal:20ms:0.5", mean, sd, &|_, z| 20.0 * ms * (0.5 * z).exp());
    check("exp:20ms", 20.0 * ms, 20.0 * ms, &|p, _| -20.0 * ms * (1.0 - p).ln());
    // Its variance is MIN² · 3 / ((3 - 1)² · (3 - 2)).
    let sd = 5.0 * ms * 0.75f64.sqrt();
    check("pareto:5ms:3", 7.5 * ms, sd, &|p, _| 5.0 * ms * (1.0 - p).powf(-1.0 / 3.0));
}

#[test]
fn bounds_of_distributions_are_kept() {
    assert!(delays("137204us").iter().all(|&us| us == 137_204));
    let few = delays("3us..5us");
    for us in 3..=5 {
        assert_share("3us..5us", few.iter().filter(|&&drawn| drawn == us).count(), 1.0 / 3.0);
    }
    assert!(delays("pareto:5ms:1.5").iter().all(|&us| us >= 5_000));
    // A draw below 0 is 0: the normal distribution is below its mean less half its deviation with
    // a probability of 0.3085.
    let zeros = delays("normal:10ms:20ms").iter().filter(|&&us| us == 0).count();
    assert_share("normal:10ms:20ms", zeros, 0.308_538);
    for extreme in ["lognormal:1s:10", "pareto:1s:0.1", "pareto:0:0.1", "exp:0", "normal:0:0"] {
        let drawn = delays(extreme);
        assert!(drawn.iter().all(|&us| us > 0) || extreme.contains(":0"), "{extreme}");
    }
}

#[test]
fn pauses_are_drawn_for_each_piece() {
    let modifiers = list(Carrier::Field, "gap=exp:20ms");
    let gap = merge(&[&modifiers]).plan(7, 0, &UNBOUNDED).gap.unwrap();
    let pauses: Vec<u64> = (0..u64::from(DRAWS)).map(|n| gap.us(7, n)).collect();
    let quantile = |p: f64, _| -20_000.0 * (1.0 - p).ln();
    assert_distribution("gap", &pauses, 20_000.0, 20_000.0, quantile);
    assert_ne!(gap.us(8, 0), gap.us(7, 0));
    let modifiers = list(Carrier::Field, "gap=1s@0.25");
    let gap = merge(&[&modifiers]).plan(7, 0, &UNBOUNDED).gap.unwrap();
    let paused = (0..u64::from(DRAWS)).filter(|&n| gap.us(7, n) == 1_000_000).count();
    assert_share("gap=1s@0.25", paused, 0.25);
}

#[test]
fn chances_and_weights_are_kept() {
    let count =
        |text: &str, is: &dyn Fn(&Plan) -> bool| plans(text).iter().filter(|p| is(p)).count();
    let status = |plan: &Plan| plan.status.map(|status| status.0);
    assert_share("status", count("status=503@0.1", &|plan| status(plan) == Some(503)), 0.1);
    assert_share("delay", count("delay=1ms@90,2s@10", &|plan| plan.delay_us == 2_000_000), 0.1);
    for text in ["status=200:9,503:1", "status=200@9,503", "status=200@0.9,503@0.1"] {
        assert_share(text, count(text, &|plan| status(plan) == Some(503)), 0.1);
    }
    let faults = plans("fault=none@90,reset@5,truncate:0.5@5");
    let kind = |wanted| faults.iter().filter(|p| p.fault.map(|fault| fault.kind) == wanted).count();
    assert_share("none", kind(None), 0.9);
    assert_share("reset", kind(Some(FaultKind::Reset)), 0.05);
    assert_share("truncate", kind(Some(FaultKind::Truncate)), 0.05);
    for (text, drawn) in [("status=503@0", 0), ("status=503@1", DRAWS), ("status=503@0,503", DRAWS)]
    {
        assert_eq!(count(text, &|plan| status(plan) == Some(503)), drawn as usize, "{text}");
    }
}

#[test]
fn no_modifier_changes_another_ones_draw() {
    const ALL: [&str; 12] = [
        "delay=exp:1s",
        "head=1ms..9s@0.5",
        "body=lognormal:1s:1",
        "end=exp:1s",
        "piece=1@1,2@1,3@1",
        "rate=1@0.5",
        "read=hang@0.5",
        "status=200,404,503",
        "pad=1@1,100@1",
        "frame=length,chunked@0.5",
        "idle=exp:1s",
        "fault=reset,close,hang",
    ];
    let together = list(Carrier::Field, &ALL.join(";"));
    for text in ALL {
        let alone = list(Carrier::Field, text);
        for seed in 0..200 {
            let all = show::line(&merge(&[&together]).plan(seed, 0, &UNBOUNDED));
            let one = show::line(&merge(&[&alone]).plan(seed, 0, &UNBOUNDED));
            let one = one.split("; ").next().unwrap();
            assert!(
                one.starts_with("seed") || all.split("; ").any(|item| item == one),
                "{one} {all}"
            );
        }
    }
}

#[test]
fn draws_of_two_modifiers_are_independent() {
    let plans = plans("delay=0..1s; status=503@0.5; body=0..1s");
    let slow = |us: u64| us > 500_000;
    let both = plans.iter().filter(|p| slow(p.delay_us) && p.status.is_some()).count();
    assert_share("delay and status", both, 0.25);
    let both = plans.iter().filter(|p| slow(p.delay_us) && slow(p.body_us)).count();
    assert_share("delay and body", both, 0.25);
    let after = |pair: &[Plan]| slow(pair[0].delay_us) && slow(pair[1].delay_us);
    assert_share("two seeds", plans.windows(2).filter(|pair| after(pair)).count(), 0.25);
}

#[test]
fn seeds_of_a_key_are_as_good_as_others() {
    let modifiers = list(Carrier::Field, "status=503@0.1");
    let asked = merge(&[&modifiers]);
    let failed = |n: &u64| asked.plan(draw::nth_seed(42, *n), 0, &UNBOUNDED).status.is_some();
    assert_share("nth_seed", (0..u64::from(DRAWS)).filter(failed).count(), 0.1);
}
