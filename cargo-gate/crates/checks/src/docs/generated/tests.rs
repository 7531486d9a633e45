use proptest::prelude::*;

use super::*;
use gate_base::stage::Stage;
use gate_contract::testing::{World, member};
use gate_policy::validate;
use gate_report::{CheckReport, Dimension, Finding, Outcome};

const POLICY: &str = r#"
version = 1
[stage.pilot]
scope = "one internal service"
[stage.broad]
[tiers]
default = "portable"
[[tiers.exception]]
package = "ffi"
tier = "native"
owner = "a"
reason = "bindings"
expires = 2030-01-31
[[suite.test]]
name = "device"
command = ["cargo", "test"]
requires = ["program:nvidia-smi", "os:linux"]
required = false
stage = "broad"
[[claim]]
surface = "replies"
class = "exercised"
evidence = ["suite.test.device"]
[[exclusion]]
surface = "admin | console"
packages = ["admin"]
reason = "not deployed"
risk = "low"
[[waiver]]
check = "lockfile.sources"
owner = "platform"
reason = "upstream releases it in March"
expires = 2030-01-31
"#;

fn with<T>(act: impl FnOnce(&Facts<'_>) -> T) -> T {
    let policy = validate("gate.toml", POLICY, &crate::catalogue()).expect("a policy");
    let members = ["admin", "ffi", "logic"].map(|name| member(name, name, None));
    let report = |id: &str, outcome, findings| CheckReport {
        id: id.into(),
        summary: String::new(),
        dimension: Dimension::Integrity,
        group: None,
        outcome,
        reason: None,
        findings,
        evidence: None,
    };
    let outcomes = [
        report("lockfile.tracked", Outcome::Pass, Vec::new()),
        report(
            "lockfile.sources",
            Outcome::Warn,
            vec![Finding::blocking(Stage::Controlled, "x")],
        ),
    ];
    act(&Facts {
        checks: &crate::infos(),
        policy: &policy,
        members: &members,
        outcomes: &outcomes,
    })
}

fn block(kind: &str) -> String {
    let text = format!("<!-- gate:generated {kind} -->\n<!-- gate:end -->\n");
    with(|facts| regenerated(&text, facts).0)
}

#[test]
fn claims_are_sentences() {
    insta::assert_snapshot!(block("claims"), @"
    <!-- gate:generated claims -->

    - At *pilot*: one internal service.
    - At *broad*: no scope is declared.
    - Claimed as *exercised*: replies, by `suite.test.device`.
    - Not part of the claim: admin | console (low risk): not deployed.
    - Permitted until 2030-01-31: a finding of `lockfile.sources`, because upstream releases it in March (platform).

    <!-- gate:end -->
    ");
}

#[test]
fn the_support_matrix_lists_packages_and_suites() {
    insta::assert_snapshot!(block("support-matrix"), @r#"
    <!-- gate:generated support-matrix -->

    | package | tier | claim |
    | --- | --- | --- |
    | `admin` | portable | excluded (admin \| console): not deployed |
    | `ffi` | native | part of the claim |
    | `logic` | portable | part of the claim |

    | suite | needed from | needs |
    | --- | --- | --- |
    | `suite.test.device` | broad, optional | `program:nvidia-smi`, `os:linux` |

    Anything not listed is not supported.

    <!-- gate:end -->
    "#);
}

#[test]
fn the_status_is_that_of_every_stage() {
    let text = block("status");
    let shown: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("lockfile.") || line.contains("check |") || line.starts_with("Judged"))
        .collect();
    insta::assert_snapshot!(shown.join("\n").split(": `").next().unwrap_or_default(), @"
    | check | requirement | pilot | controlled | broad |
    | `lockfile.tracked` | `Cargo.lock` exists and git tracks it | pass | pass | pass |
    | `lockfile.fresh` | `Cargo.lock` matches the manifests | does not apply | does not apply | does not apply |
    | `lockfile.sources` | Dependencies come from sources that cannot change | warn | fail | fail |
    Judged in each run because they depend on more than the content
    ");
    assert!(text.contains("`git.clean`") && text.contains("`suite.test.device`"));
}

#[test]
fn only_blocks_change_and_only_once() {
    let text = "# A\r\n\r\n<!-- gate:generated claims -->\r\nold\r\n<!-- gate:end -->\r\n\r\n```md\r\n<!-- gate:generated claims -->\r\n```\r\n\
                text <!-- gate:end --> text\r\n";
    let (after, changed) = with(|facts| regenerated(text, facts));
    assert_eq!(changed.len(), 1);
    assert!(
        after.starts_with("# A\r\n\r\n<!-- gate:generated claims -->\r\n\r\n- At *pilot*"),
        "{after}"
    );
    assert!(after.ends_with(text.split_once("old\r\n").expect("a block").1));
    assert!(!after.replace("\r\n", "").contains('\n'));
    let (again, changed) = with(|facts| regenerated(&after, facts));
    assert_eq!((again, changed.len()), (after, 0));
}

#[test]
fn markers_without_a_block_are_problems() {
    let text = "<!-- gate:end -->\n\n<!-- gate:generated claim -->\n<!-- gate:end -->\n\n<!-- gate:generated -->\n\n\
                <!-- gate:generated status -->\n";
    let said: Vec<String> = problems(text)
        .into_iter()
        .map(|problem| format!("{}: {} ({})", &text[problem.span], problem.message, problem.help))
        .collect();
    insta::assert_snapshot!(said.join("\n"), @"
    <!-- gate:end -->: no generated block ends here (remove the marker, or write `<!-- gate:generated <kind> -->` before the block)
    <!-- gate:generated claim -->: unknown kind of generated block `claim` (write `claims`)
    <!-- gate:generated -->: the marker has no kind of block (write one of `claims`, `status`, `support-matrix`, `toolchain`)
    <!-- gate:generated -->: the generated block is not closed (write `<!-- gate:end -->` on a separate line after it)
    <!-- gate:generated status -->: the generated block is not closed (write `<!-- gate:end -->` on a separate line after it)
    ");
    assert!(blocks(text).is_empty());
}

#[test]
fn a_block_differs_with_the_world() {
    let mut world = World::new();
    world.policy.stages.clear();
    let facts = Facts {
        checks: &crate::infos(),
        policy: &world.policy,
        members: &[],
        outcomes: &[],
    };
    let text = "<!-- gate:generated claims -->\n<!-- gate:end -->";
    assert!(regenerated(text, &facts).0.contains("No stage is declared"));
}

proptest! {
    #[test]
    fn any_text_outside_of_blocks_stays(
        text in "(<!-- gate:generated (claims|status|x) -->\n|<!-- gate:end -->\n|<!-- gate:end -->|a|\n|\r\n|```\n|- |  |é|\\|){0,20}",
    ) {
        let (once, changed) = with(|facts| regenerated(&text, facts));
        let (twice, none) = with(|facts| regenerated(&once, facts));
        prop_assert_eq!(&twice, &once);
        prop_assert_eq!(none.len(), 0);
        let mut at = 0;
        for block in &changed {
            prop_assert!(once.contains(&text[at..block.inner.start]));
            at = block.inner.end;
        }
        prop_assert!(once.ends_with(&text[at..]));
        problems(&text);
    }
}
