//! `conformance.scope`: every locked kernel is supported or deferred, and what is deferred does not compile.

use std::collections::BTreeSet;

use gate_base::stage::Stage;
use gate_gpu::kernels::{LockedCrate, place};
use gate_policy::{ConformancePolicy, DeferredOperator, KernelPolicy, SuitePolicy};
use gate_report::{Dimension, Finding, Location, Outcome, Reason};

use super::conforming::{Shown, passed, reason, shown};
use gate_contract::{Applies, Check, Fixes, Judgement, Phase, Rule, input, reads};

reads!(
    input::Cargo,
    input::KernelLocks,
    input::AllFiles,
    input::FileNames,
    ConformancePolicy,
    KernelPolicy,
    SuitePolicy,
    input::EvaluatedStage,
    input::Outcomes,
);

/// The check.
pub static CHECK: Check = Check {
    id: "conformance.scope",
    summary: "Locked kernels are in scope, and deferred operators do not compile",
    docs: include_str!("scope.md"),
    dimension: Dimension::Contract,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    phase: Phase::Outcomes,
    fixes: Fixes::Work,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    match context.section::<ConformancePolicy>() {
        None => Applies::No("`[conformance]` is not declared".into()),
        Some(_) => Applies::Yes,
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let Some(policy) = context.section::<ConformancePolicy>() else {
        return Judgement::Findings(Vec::new());
    };
    let mut findings = out_of_scope(context, policy, &context.kernel_locks());
    let mut unjudged = None;
    for backend in &policy.backends {
        for deferred in &backend.deferred {
            match rejected(context, deferred) {
                Ok(()) => {}
                Err(Doubt::Finding(message, help)) => findings.push(
                    blocking(format!(
                        "`{}` of `{}` is deferred, but {message}",
                        deferred.operator, backend.name
                    ))
                    .help(help)
                    .at(deferred.location.clone())
                    .because(Some(deferred.location.clone())),
                ),
                Err(Doubt::Unjudged(reason)) => drop(unjudged.get_or_insert(reason)),
            }
        }
    }
    match unjudged {
        Some(reason) if findings.is_empty() => Judgement::NotRun(reason),
        _ => Judgement::Findings(findings),
    }
}

fn blocking(message: String) -> Finding {
    Finding::blocking(CHECK.blocks_at, message)
}

/// Locked kernels that no backend supports or defers.
fn out_of_scope(context: &Context<'_>, policy: &ConformancePolicy, crates: &[LockedCrate]) -> Vec<Finding> {
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for backend in &policy.backends {
        known.extend(backend.supported.iter().map(String::as_str));
        known.extend(backend.deferred.iter().map(|deferred| deferred.operator.as_str()));
    }
    if let Some(kernels) = context.section::<KernelPolicy>() {
        known.extend(kernels.variants.keys().map(String::as_str));
    }
    let mut findings = Vec::new();
    for found in crates {
        for (unit, locked) in found.lock.iter().flat_map(|lock| &lock.units) {
            for (arch, image) in &locked.images {
                for entry in image.entries.keys().filter(|entry| !known.contains(entry.as_str())) {
                    let line = place::line(&found.text, unit.as_str(), &arch.to_string(), Some(entry));
                    let location =
                        line.map_or_else(|| Location::file(&found.path), |line| Location::line(&found.path, line));
                    findings.push(
                        blocking(format!(
                            "no backend supports or defers the locked kernel `{entry}` for {arch}"
                        ))
                        .help("add it to `supported` of a backend, or to `deferred` with its reason")
                        .at(location)
                        .because(Some(policy.location.clone())),
                    );
                }
            }
        }
    }
    findings
}

/// Why it is not shown that an operator is rejected.
enum Doubt {
    /// What is lacking, and what to do.
    Finding(String, String),
    /// The suite has no judgement.
    Unjudged(Reason),
}

fn rejected(context: &Context<'_>, deferred: &DeferredOperator) -> Result<(), Doubt> {
    let path = &deferred.negative_test;
    let lacking = |what: String, help: String| Err(Doubt::Finding(what, help));
    let Ok(bytes) = context.read(path) else {
        return lacking(
            format!("its negative test `{path}` cannot be read"),
            "correct `negative-test`, or write the test".into(),
        );
    };
    let text = String::from_utf8_lossy(&bytes);
    let expected = path.strip_suffix(".rs").map(|stem| format!("{stem}.stderr"));
    let has_messages = expected.is_some_and(|expected| context.files().iter().any(|file| file.path == expected));
    let lines: Vec<usize> = if has_messages {
        Vec::new()
    } else {
        let fences = compile_fail(&text);
        let mentioning = fences.into_iter().filter(|(_, body)| mentions(body, deferred));
        mentioning.map(|(line, _)| line).collect()
    };
    if has_messages && !mentions(&text, deferred) || !has_messages && lines.is_empty() {
        return lacking(
            format!(
                "no code in `{path}` that must not compile contains `{}`",
                deferred.mentions().join("` and `")
            ),
            "write the test, or list what it contains in `mentions`".into(),
        );
    }
    let report = match shown(context, &deferred.suite) {
        Shown::Later | Shown::OutsideClaim => return Ok(()),
        Shown::Unjudged(report) => return Err(Doubt::Unjudged(reason(report))),
        Shown::Judged(report) => report,
    };
    if has_messages {
        return match report.outcome {
            Outcome::Pass | Outcome::Warn => Ok(()),
            _ => lacking(
                format!("`{}`, which runs its negative test, fails", report.id),
                format!("`cargo gate explain {}`", report.id),
            ),
        };
    }
    let suite = report.evidence.as_ref().and_then(|evidence| evidence.suite.as_ref());
    let mut tests = suite.into_iter().flat_map(|suite| &suite.tests);
    if tests.any(|test| passed(test) && is_doc_test(&test.name, path, &lines)) {
        return Ok(());
    }
    lacking(
        format!("`{}` passed no negative test for it in `{path}`", report.id),
        "make the suite run documentation tests, as `cargo test` does".into(),
    )
}

fn mentions(text: &str, deferred: &DeferredOperator) -> bool {
    deferred.mentions().iter().all(|word| text.contains(word))
}

/// `src/softmax.rs - softmax::softmax (line 12)`: whether it stands at one of these lines of that file. The path is relative to the
/// workspace or to the package, as the version of cargo has it.
fn is_doc_test(name: &str, path: &str, lines: &[usize]) -> bool {
    let Some((file, rest)) = name.split_once(" - ") else {
        return false;
    };
    let file = file.replace('\\', "/");
    let line = rest
        .rsplit_once("(line ")
        .and_then(|(_, line)| line.split(')').next()?.parse().ok());
    let same_file = path == file || path.strip_suffix(&file).is_some_and(|before| before.ends_with('/'));
    same_file && line.is_some_and(|line: usize| lines.contains(&line))
}

/// Documentation tests that must not compile: the line of the fence, from 1, and the code.
fn compile_fail(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, bool, String)> = None;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_start();
        let comment = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
        let Some(comment) = comment else {
            // Documentation ends with its comment.
            open = None;
            continue;
        };
        let fence = comment.trim_start().starts_with("```");
        match &mut open {
            Some((_, _, code)) if !fence => {
                code.push_str(comment);
                code.push('\n');
            }
            Some((line, wanted, code)) => {
                if *wanted {
                    found.push((*line, std::mem::take(code)));
                }
                open = None;
            }
            None if fence => open = Some((index + 1, must_not_compile(comment), String::new())),
            None => {}
        }
    }
    found
}

/// Whether the words behind a fence, which commas and spaces separate, say so.
fn must_not_compile(fence: &str) -> bool {
    let words = fence.trim_start().trim_start_matches('`');
    words.split([',', ' ', '\t']).any(|word| word == "compile_fail")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fences_that_must_not_compile_are_found() {
        let text = "/// Softmax.\n///\n/// ```\n/// ok();\n/// ```\n///\n/// ```compile_fail,E0271\n/// softmax::<f64>();\n/// ```\n\
                    pub fn softmax() {}\n//! ```rust,compile_fail\n//! cut off\nfn x() {}\n// ```compile_fail\n// no documentation\n// ```\n";
        assert_eq!(compile_fail(text), [(7, " softmax::<f64>();\n".to_owned())]);
    }

    #[test]
    fn a_documentation_test_is_known_by_file_and_line() {
        let path = "gate-kernels/src/softmax.rs";
        for name in [
            "gate-kernels/src/softmax.rs - softmax::softmax (line 7)",
            "src/softmax.rs - softmax::softmax (line 7)",
            "gate-kernels\\src\\softmax.rs - softmax::softmax (line 7)",
        ] {
            assert!(is_doc_test(name, path, &[7]), "{name}");
            assert!(!is_doc_test(name, path, &[8]), "{name}");
        }
        assert!(!is_doc_test("src/oftmax.rs - x (line 7)", path, &[7]));
        assert!(!is_doc_test("ernels/src/softmax.rs - x (line 7)", path, &[7]));
        assert!(!is_doc_test("softmax_f64", path, &[7]));
    }
}
