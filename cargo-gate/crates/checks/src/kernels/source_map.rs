//! `kernels.source-map`: instructions of locked PTX lead to their sources.

use std::collections::BTreeMap;

use gate_build::ptx::source_map::{NoPosition, SourceMap};
use gate_build::ptx::{ParseError, Roots};

use gate_base::paths::join;
use gate_base::stage::Stage;
use gate_policy::{KernelPolicy, SourceMapPolicy};
use gate_report::{Dimension, Finding, Location};

use super::images::{Image, images};
use gate_contract::{Applies, Check, Fixes, Judgement, Rule, input, reads};

reads!(input::Cargo, input::KernelLocks, KernelPolicy);

/// The check.
pub static CHECK: Check = Check {
    id: "kernels.source-map",
    summary: "Instructions of locked PTX map to source lines",
    docs: include_str!("source_map.md"),
    dimension: Dimension::Observability,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    version: 2,
    fixes: Fixes::Circumstances,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    match policy(context) {
        None => Applies::No("`[kernels.source-map]` is not declared".into()),
        Some(_) => Applies::Yes,
    }
}

fn policy<'a>(context: &Context<'a>) -> Option<&'a SourceMapPolicy> {
    context.section::<KernelPolicy>().as_ref()?.source_map.as_ref()
}

fn run(context: &Context<'_>) -> Judgement {
    let Some(policy) = policy(context) else {
        return Judgement::Findings(Vec::new());
    };
    let crates = context.kernel_locks();
    let images = match images(context, &crates) {
        Ok(images) => images,
        Err(judgement) => return judgement,
    };
    let mut findings = Vec::new();
    if images.is_empty() {
        let message = "`[kernels.source-map]` is declared, but there is no kernel lock";
        let help = "lock the kernels with `cargo gate kernels lock`, or remove `[kernels.source-map]`";
        findings.push(blocking(message.into()).help(help).at(policy.location.clone()));
    }
    let mut lengths = BTreeMap::new();
    let (mut met, mut unread) = (Vec::new(), images.is_empty());
    for image in &images {
        match SourceMap::parse(&image.text, &Roots::default()) {
            Err(ParseError { line, message }) => {
                unread = true;
                findings.push(
                    blocking(format!("cannot parse the line information: {message}"))
                        .help("lock the kernels again with `cargo gate kernels lock`")
                        .at(at(&image.path, line)),
                );
            }
            Ok(map) => {
                for (_, coverage) in map.coverage() {
                    met.extend(coverage.unmapped.keys().copied());
                }
                findings.extend(unmapped(image, &map, &policy.allow));
                findings.extend(astray(context, image, &map, &mut lengths));
            }
        }
    }
    if !unread {
        findings.extend(unneeded(policy, &met));
    }
    let because = |finding: Finding| finding.because(Some(policy.location.clone()));
    Judgement::Findings(findings.into_iter().map(because).collect())
}

fn blocking(message: String) -> Finding {
    Finding::blocking(CHECK.blocks_at, message)
}

fn at(path: &str, line: usize) -> Location {
    Location::line(path, u32::try_from(line).unwrap_or(u32::MAX))
}

/// Reasons that are accepted and that no instruction has: they would cover what is compiled later.
fn unneeded(policy: &SourceMapPolicy, met: &[NoPosition]) -> Vec<Finding> {
    let unneeded = policy.allow.iter().filter(|reason| !met.contains(reason));
    unneeded
        .map(|reason| {
            let message = format!(
                "`allow` of `[kernels.source-map]` has `{}`, and no instruction needs it",
                reason.id()
            );
            Finding::advice(message)
                .help("remove it from `allow`")
                .at(policy.location.clone())
        })
        .collect()
}

/// Instructions without a line, for a reason that is not accepted.
fn unmapped(image: &Image<'_>, map: &SourceMap, allow: &[NoPosition]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (entry, coverage) in map.coverage() {
        let all: usize = coverage.mapped + coverage.unmapped.values().sum::<usize>();
        for (reason, count) in coverage.unmapped.iter().filter(|(reason, _)| !allow.contains(reason)) {
            let help = match reason {
                NoPosition::NoLineInfo => {
                    "compile with line information, such as `-lineinfo`, and lock the kernels again"
                }
                _ => "accept the reason with `allow` under `[kernels.source-map]`",
            };
            findings.push(
                blocking(format!(
                    "{count} of {all} instructions of `{entry}` for {} map to no source line: {reason}",
                    image.arch
                ))
                .help(help)
                .at(image.place(entry)),
            );
        }
    }
    findings
}

/// Lines that lead to a source that the lock does not name, or behind its end.
fn astray(
    context: &Context<'_>,
    image: &Image<'_>,
    map: &SourceMap,
    lengths: &mut BTreeMap<String, Option<usize>>,
) -> Vec<Finding> {
    let mut first: BTreeMap<(&str, bool), (usize, u32)> = BTreeMap::new();
    for (index, position) in map.iter().enumerate() {
        let Ok(position) = position else { continue };
        let known = image.locked.sources.contains_key(&position.file);
        if known {
            let path = join(&image.found.directory, &position.file);
            let length = lengths.entry(path.clone()).or_insert_with(|| {
                let bytes = context.kernel_file(&path).ok()?;
                Some(String::from_utf8_lossy(&bytes).lines().count())
            });
            if length.is_some_and(|length| position.line as usize <= length) {
                continue;
            }
        }
        first
            .entry((position.file.as_str(), known))
            .or_insert((index + 1, position.line));
    }
    let finding = |((file, known), (ptx_line, line)): ((&str, bool), (usize, u32))| {
        let message = if known {
            format!("the PTX refers to line {line} of `{file}`, which has fewer lines")
        } else {
            format!(
                "the PTX refers to `{file}`, which is not a source of `{}` in the lock",
                image.unit
            )
        };
        blocking(message)
            .help("lock the kernels again with `cargo gate kernels lock`")
            .at(at(&image.path, ptx_line))
    };
    first.into_iter().map(finding).collect()
}
