//! Values of `gate.toml` that no result can miss.

use gate_tests::gate;

const HEAD: &str = "version = 1\n\n[stage.pilot]\nscope = \"one service\"\n\n";

/// What the program says of a policy that ends with this.
fn said(policy: &str) -> (Option<i32>, String) {
    let gate = gate!()
        .fixture("good")
        .file("gate.toml", &format!("{HEAD}{policy}"))
        .git_init();
    let run = gate.run(["pilot", "--no-suites"]);
    let lines = run.stderr.lines().chain(run.stdout.lines());
    let told: Vec<&str> = lines
        .map(str::trim)
        .filter(|line| {
            line.starts_with("error[policy") || line.starts_with("= help: ") || line.contains("usual maximum")
        })
        .collect();
    (run.code, told.join("\n"))
}

fn refused(policy: &str) -> String {
    let (code, said) = said(policy);
    assert_eq!(code, Some(2), "{policy}\n{said}");
    said
}

#[test]
fn an_objective_that_nothing_misses_is_refused() {
    let slo = |target: &str| {
        format!(
            "[[suite.slo]]\nname = \"s\"\nfile = \"load.jsonl\"\n\n[[suite.slo.objective]]\nname = \"a\"\ntarget-percent = {target}\n"
        )
    };
    insta::assert_snapshot!(refused(&slo("10")), @"
    error[policy::out-of-range]: `target-percent` is out of range: 10
    = help: write a number from 50 to 99.999999: an objective that half of the events may miss promises nothing, and no number of events shows 100 %
    ");
    assert!(refused(&slo("10.5")).contains("out of range: 10.5"));
    assert_ne!(said(&slo("99.9")).0, Some(2));
}

#[test]
fn a_limit_of_a_benchmark_that_nothing_exceeds_is_refused() {
    let bench = |key: &str, metric: &str| {
        format!(
            "[[suite.bench]]\nname = \"b\"\ncommand = \"cargo bench\"\n{key}\n\n[[suite.bench.metric]]\nname = \"a\"\n\
             reference = \"b\"\n{metric}\n"
        )
    };
    let mut told = Vec::new();
    for (key, metric) in [
        ("", "max-ratio = 50"),
        ("", "min-ratio = 0.001"),
        ("", "at-least = 0"),
        ("", "max-mad = 0.1"),
        ("noisy = \"warn\"", ""),
        ("min-samples = 5", ""),
        ("max-pairs = 60", ""),
        ("budgets.pr.time = 100.0", ""),
    ] {
        told.push(refused(&bench(key, metric)));
    }
    insta::assert_snapshot!(told.join("\n"), @"
    error[policy::out-of-range]: `max-ratio` is out of range: 50
    = help: write a number from 0 to 20: what may be twenty times its reference has no limit
    error[policy::out-of-range]: `min-ratio` is out of range: 0.001
    = help: write a number from 0.05 to 1000: what may fall to a twentieth of its reference has no limit
    error[policy::out-of-range]: `at-least` is out of range: 0
    = help: write a number above 0: no measurement is negative
    error[policy::refused-key]: `max-mad` cannot be set in `[[suite.bench.metric]]`
    = help: remove it: noise is met by more pairs, up to `max-pairs` of the suite
    error[policy::refused-key]: `noisy` cannot be set in `[[suite.bench]]`
    = help: remove it: what noise leaves open is inconclusive; write larger `budgets`, which `cargo gate suite NAME --calibrate` proposes
    error[policy::refused-key]: `min-samples` cannot be set in `[[suite.bench]]`
    = help: remove it: what counts is the number of pairs, which `max-pairs` bounds
    error[policy::rounds-or-pairs]: there are no pairs without a reference
    = help: write `rounds` instead, or give the suite a reference
    error[policy::out-of-range]: `time` is out of range: 100.0
    = help: write a number from 0 to 10: what may get ten times worse has no budget
    ");
}

#[test]
fn a_rail_that_never_trips_is_refused() {
    let rails = |keys: &str| format!("[runtime.rails]\n{keys}\n");
    insta::assert_snapshot!(refused(&rails("window-calls = 100\nerror-events = 101")), @"
    error[policy::window-too-small]: `error-events` is 101, but a window has only 100 calls: the rail never trips
    = help: write an `error-events` no larger than `window-calls`
    ");
    assert_ne!(said(&rails("window-calls = 100\nerror-events = 100")).0, Some(2));
}

#[test]
fn a_difference_that_accepts_small_numbers_is_unusual() {
    let suite = |absolute: &str| {
        format!(
            "[[suite.equivalence]]\nname = \"e\"\nversion = 1\ncommand = [\"fast\", \"{{size}}\"]\n\n[[suite.equivalence.axis]]\nname \
             = \"size\"\nvalues = [1, 2]\n\n[[suite.equivalence.column]]\nname = \"a\"\nkind = \"float\"\nabsolute = \
             {absolute}\n\n[[suite.equivalence.reference]]\nname = \"plain\"\ncommand = [\"plain\", \"{{size}}\"]\n"
        )
    };
    let (code, unusual) = said(&suite("0.5"));
    assert_ne!(code, Some(2), "{unusual}");
    assert!(
        unusual.contains("`absolute` is 0.5, above the usual maximum of 0.01"),
        "{unusual}"
    );
    assert!(!said(&suite("0.01")).1.contains("`absolute"));
}
