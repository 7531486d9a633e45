//! The register, signed waivers, the closeout, and what is remembered of a refused run.

use std::time::Duration;

use gate_base::stage::Stage;
use gate_engine::evaluate::{Request, Surroundings};
use gate_engine::plan::Action;
use gate_engine::plan::SuiteMode;
use gate_evidence::history::History;
use gate_evidence::store::Store;
use gate_evidence::{Evidence, EvidenceResult};
use gate_policy::{EvidenceAge, EvidencePolicy, Policy};
use gate_report::Location;
use gate_surveys::Surveys;
use gate_tests::harness::day;
use gate_tests::keys::SECURITY;
use gate_world::environment::Environment;
use gate_world::{Options, Workspace};
use insta::assert_snapshot;
use jiff::Timestamp;

use super::good;

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO+cpltgNZ0hNdu5kaVvkl7gbE1+Mm+4huEjsqKpY9Kc alice@example.com";
/// By the other half of [`KEY`], over the text of [`WAIVER`].
const SIGNATURE: &str = "U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAg75ymW2A1nSE127mRpW+SXuBsTX4yb7iG4SOyoqlj0pwAAAAKY2FyZ28tZ2F0ZQAAAAAAAAAGc2hhNTEyAAAAUwAAAAtzc2gtZWQyNTUxOQAAAEAtkrs1hPry52bcD2WMDl2g9ViYyAisBUdChdjIsRISEc9YGFIHNkBuE/8FIArPoNR3kwdP6Z913pK3xkHRJgMJ";
const WAIVER: &str = r#"
[[waiver]] # the bindings
check = "boundary.raw"
path = "src/ffi/**"
owner = "platform-team"
reason = 'a "quoted" reason'
expires = 2030-01-31 # soon
"#;

#[test]
fn the_register_is_kept_by_commands() {
    let gate = good();
    assert_snapshot!("register-undeclared", gate.run(["govern", "register", "list"]));
    gate.append("gate.toml", "\n[register]\n");
    assert_snapshot!("register-missing", gate.run(["pilot"]));
    let add = |more: &[&str]| {
        let fixed = [
            "govern",
            "register",
            "add",
            "--opened",
            "2026-01-02",
            "--owner",
            "storage",
        ];
        gate.run(fixed.iter().chain(more))
    };
    let issue = [
        "--title",
        "loses writes",
        "--severity",
        "critical",
        "--acceptance",
        "the soak test passes",
    ];
    assert_snapshot!("register-add", add(&issue));
    assert_snapshot!("register-add-severity", add(&["--title", "no severity"]));
    assert_snapshot!(
        "register-add-risk",
        add(&["--title", "half a risk", "--kind", "risk", "--impact", "low"])
    );
    let risk = [
        "--title",
        "the driver changes",
        "--kind",
        "risk",
        "--impact",
        "high",
        "--probability",
        "low",
        "--mitigation",
        "pin it",
        "--review",
        "2030-01-31",
        "--tracked-by",
        "ITEM-1",
    ];
    let added = add(&risk);
    assert_eq!(added.code, Some(0), "{added}");
    assert_snapshot!("register-list", gate.run(["govern", "register", "list"]));

    let defer = |until: &str| {
        gate.run([
            "govern",
            "register",
            "defer",
            "ITEM-1",
            "--until",
            until,
            "--reason",
            "needs the new storage",
            "--closure",
            "move",
        ])
    };
    assert_eq!(defer(&day(-1)).code, Some(2));
    assert_eq!(defer("2030-01-31").code, Some(0));
    let closed = gate.run([
        "govern",
        "register",
        "close",
        "ITEM-2",
        "--on",
        "2026-02-01",
        "--resolution",
        "pinned",
    ]);
    assert_eq!(closed.code, Some(0), "{closed}");
    // The commit differs from day to day, as the policy of the fixture does.
    let head = gate.git(["rev-parse", "HEAD"]);
    let steady = |text: String| text.replace(head.trim(), "<commit>");
    assert_snapshot!("register-file", steady(gate.read("register.toml")));
    assert_snapshot!(
        "register-close-unknown",
        gate.run(["govern", "register", "close", "ITEM-7"])
    );
    assert_snapshot!(
        "register-list-json",
        steady(
            gate.run(["govern", "register", "list", "--all", "--message-format", "json"])
                .to_string()
        )
    );
}

#[test]
fn waivers_are_signed() {
    let gate = good();
    gate.write(
        "gate.toml",
        format!("version = 1\n[stage.pilot]\nscope = \"one\"\n{WAIVER}"),
    );
    assert_snapshot!("waiver-text", gate.run(["govern", "waiver", "text", "1"]));
    assert_snapshot!("waiver-text-unknown", gate.run(["govern", "waiver", "text", "2"]));
    gate.write("signature", SIGNATURE);
    let attach = || gate.run(["govern", "waiver", "attach", "1", "--signature", "signature"]);
    assert_snapshot!("waiver-attach-no-keys", attach());
    gate.append("gate.toml", &format!("\n[waivers]\nkeys = [\"{KEY}\"]\n"));
    let before = gate.read("gate.toml");
    gate.write("gate.toml", before.replace("2030-01-31", "2030-02-28"));
    assert_snapshot!("waiver-attach-changed", attach());
    gate.write("gate.toml", &before);
    assert_snapshot!("waiver-attach", attach());
    let after = gate.read("gate.toml");
    assert_eq!(after.replace(&format!("signature = \"{SIGNATURE}\"\n"), ""), before);
    let listed = gate.run(["govern", "waiver", "list"]);
    assert!(listed.stdout.contains("signed by alice@example.com"), "{listed}");
    let again = attach();
    assert!(again.stderr.contains("Unchanged"), "{again}");
    assert_eq!(gate.read("gate.toml"), after);

    // Two approve: the second is added to the first.
    let keys = format!("keys = [\"{KEY}\"]");
    let two = format!("keys = [\"{KEY}\", \"{}\"]\napprovals = 2", SECURITY.public);
    gate.write("gate.toml", after.replace(&keys, &two));
    let few = gate.run(["govern", "waiver", "list"]);
    let lacks = "does not count: 1 of 2 approvals, by alice@example.com";
    assert!(few.stdout.contains(lacks), "{few}");
    let text = gate.run(["govern", "waiver", "text", "1"]).stdout;
    gate.write("signature", SECURITY.private().sign(&text));
    assert_eq!(attach().code, Some(0));
    let listed = gate.run(["govern", "waiver", "list"]);
    assert!(
        listed.stdout.contains("signed by alice@example.com, security-team"),
        "{listed}"
    );
}

/// The text without the days on which it depends.
fn dateless(text: &str) -> String {
    text.replace(&day(0), "[today]")
}

#[test]
fn a_run_is_closed_out() {
    let gate = good();
    assert_snapshot!("closeout-nothing", gate.run(["govern", "closeout"]));
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(0), "{run}");
    let closed = gate.run(["govern", "closeout"]).to_string();
    assert_snapshot!("closeout-ready", dateless(&closed));
    assert_snapshot!("last-failure-none", gate.run(["govern", "register", "draft"]));

    gate.replace("logic/src/lib.rs", "//!", "//! ");
    let stale = gate.run(["govern", "closeout"]);
    assert_eq!(stale.code, Some(1), "{stale}");
    assert!(stale.stderr.contains("a run on the current content"), "{stale}");

    gate.append(
        "gate.toml",
        "\n[[checklist.pilot]]\nid = \"runbook\"\ndescription = \"It is written\"\nartifacts = [\"r.md\"]\n",
    );
    gate.commit("ask for more");
    let run = gate.run(["pilot"]);
    assert_eq!(run.code, Some(1), "{run}");
    assert_snapshot!(
        "last-failure",
        dateless(&gate.run(["govern", "register", "draft"]).to_string())
    );
    let refused = gate.run(["govern", "closeout"]);
    assert_eq!(refused.code, Some(1), "{refused}");
    let arguments = [
        "govern",
        "closeout",
        "--owner",
        "storage",
        "--target-date",
        "2099-01-31",
        "--message-format",
        "markdown",
    ];
    let complete = gate.run(arguments);
    assert_eq!(complete.code, Some(0), "{complete}");
    assert!(complete.stdout.contains("- **Checklist**: 0/1"), "{complete}");

    // Whoever edits the list afterwards is noticed, and closes nothing out.
    // Output is redacted, the history is not.
    let history = gate.read("target/gate/history.jsonl");
    let latest: serde_json::Value =
        serde_json::from_str(history.lines().last().expect("a run")).expect("the history is JSON");
    let run_id = latest["run_id"].as_str().expect("a run").to_owned();
    for file in ["report.json", "report.md"] {
        let path = format!("target/gate/runs/{run_id}/{file}");
        let text = gate.read(&path);
        let edited = text
            .replace("\"met\": false", "\"met\": true")
            .replace("- [ ] `runbook`", "- [x] `runbook`");
        assert_ne!(text, edited, "{file} holds the checklist");
        gate.write(&path, edited);
        let verified = gate.run(["verify"]);
        assert_eq!(verified.code, Some(1), "{verified}");
        gate.write(&path, text);
    }
    gate.write(&format!("target/gate/runs/{run_id}/report.md"), "approved\n");
    let tampered = gate.run(arguments);
    assert_eq!((tampered.code, tampered.stdout.as_str()), (Some(1), ""), "{tampered}");
}

/// Evidence of `lockfile.tracked` that is so old, and what the plan makes of it under a limit of a week.
fn planned(days: i64) -> String {
    let gate = good();
    let workspace = Workspace::open(Options {
        cwd: gate.workspace().to_owned(),
        manifest_path: None,
        target_dir: None,
        offline: true,
        environment: Environment::from_pairs(std::env::vars()),
    })
    .map(Surveys::from)
    .unwrap_or_else(|error| panic!("{error}"));
    let policy = Policy {
        evidence: EvidencePolicy {
            age: vec![EvidenceAge {
                check: "lockfile.*".into(),
                max_age: Duration::from_secs(7 * 86_400),
                stage: None,
                location: Location::line("gate.toml", 1),
            }],
            ..EvidencePolicy::default()
        },
        ..Policy::default()
    };
    let (history, store) = (History::default(), Store::new(&workspace.gate_dir()));
    let surroundings = Surroundings {
        workspace: &workspace,
        policy: &policy,
        history: &history,
        store: &store,
        checks: gate_checks::ALL,
    };
    let now: Timestamp = "2026-06-15T12:00:00Z".parse().expect("a time");
    let request = Request {
        stage: Stage::Pilot,
        strict: false,
        keep_going: false,
        suites: SuiteMode::WithoutEvidence,
        jobs: 1,
        packages: Vec::new(),
        since: None,
        fresh: false,
        now,
        began: std::time::Instant::now(),
        run_id: String::new(),
    };
    let item = |plan: gate_engine::plan::Plan| {
        let mut items = plan.items.into_iter();
        items
            .find(|item| item.unit.id() == "lockfile.tracked")
            .expect("it applies")
    };
    let evidence = Evidence {
        check: "lockfile.tracked".into(),
        fingerprint: surroundings.plan(&request, |plan, _| item(plan).fingerprint.digest),
        result: EvidenceResult::Findings(Vec::new()),
        suite: None,
        files: Vec::new(),
        recorded: (now - jiff::SignedDuration::from_hours(24 * days)).to_string(),
        duration_ms: 0,
        commit: None,
        reads: Vec::new(),
    };
    store.put_evidence(&evidence).unwrap_or_else(|error| panic!("{error}"));
    surroundings.plan(&request, |plan, _| match item(plan).action {
        Action::Run(why) => why,
        Action::Reuse(_) => "reused".to_owned(),
        Action::Elsewhere(whose) => whose.to_string(),
    })
}

#[test]
fn evidence_past_its_age_is_made_anew() {
    assert_eq!(planned(7), "reused");
    assert_eq!(planned(8), "its evidence is 8 days old, more than the allowed 7 days");
    assert_eq!(planned(-2), "its evidence is dated in the future");
}
