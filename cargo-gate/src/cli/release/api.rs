//! `cargo gate release api`: what changed in the public interface since the last release, by class of stability.

use std::fmt::Write as _;

use clap::Args;

use crate::base::error::{Error, Result};
use crate::base::exit;
use crate::cli::Conversation;
use crate::cli::arguments::{DataFormat, FormatArgs};
use crate::library::interface::Difference;
use crate::policy::{StabilityClass, StabilityPolicy};
use crate::report::render::text;
use crate::stability::{Comparison, JudgedChange, Sources};

#[derive(Debug, Args)]
pub(crate) struct ApiArgs {
    /// The release to compare with: a tag, a branch, a commit or a pattern over tags [default: `reference` of
    /// `[stability]`]
    #[arg(long, value_name = "REF")]
    against: Option<String>,
    #[command(flatten)]
    format: FormatArgs,
}

pub(super) fn run(arguments: &ApiArgs, conversation: &Conversation<'_>) -> Result<i32> {
    let opened = conversation.open()?;
    let declared = opened.policy.stability.clone();
    let policy = match (&arguments.against, declared) {
        (Some(reference), Some(declared)) => StabilityPolicy {
            reference: reference.clone(),
            ..declared
        },
        (Some(reference), None) => StabilityPolicy::strict(reference),
        (None, Some(declared)) => declared,
        (None, None) => {
            return Err(
                Error::usage("gate.toml has no `[stability]`, so nothing says what was released last")
                    .with_help("name a tag or a commit: `cargo gate release api --against v1.0.0`"),
            );
        }
    };
    let comparison = Sources::of(&opened.workspace).compare(&policy).map_err(|reason| {
        let error = Error::tool(reason.message);
        match reason.help {
            Some(help) => error.with_help(help),
            None => error,
        }
    })?;
    let text = match arguments.format.message_format {
        DataFormat::Human => human(&comparison),
        DataFormat::Json => crate::cli::json(&comparison)?,
    };
    conversation.printer.data(&text)?;
    let package = |package: &crate::stability::PackageComparison| package.changes.iter().any(|judged| judged.blocks);
    let document = |class| comparison.documents.iter().any(|document| document.class == class);
    let blocks = comparison.packages.iter().any(package) || document(StabilityClass::Stable);
    Ok(if blocks { exit::NOT_READY } else { exit::READY })
}

fn human(comparison: &Comparison) -> String {
    let mut text = String::new();
    let reference = &comparison.reference;
    for package in &comparison.packages {
        if package.changes.is_empty() {
            continue;
        }
        let _ = writeln!(text, "{} {} -> {}", package.name, package.before, package.after);
        for judged in &package.changes {
            let _ = writeln!(text, "  {}: {}", mark(judged), judged.words(reference));
        }
    }
    for document in &comparison.documents {
        let what = if document.removed { "is gone" } else { "is another one" };
        let (path, class) = (&document.path, document.class.name());
        let _ = writeln!(text, "{class}: the document `{path}` {what} since {reference}");
    }
    let all = || comparison.packages.iter().flat_map(|package| &package.changes);
    let broken = all().filter(|judged| judged.blocks).count()
        + comparison
            .documents
            .iter()
            .filter(|document| document.class == StabilityClass::Stable)
            .count();
    let items: usize = comparison.packages.iter().map(|package| package.items).sum();
    let _ = writeln!(
        text,
        "{} with {} in {reference}: {}, {broken} of what is stable",
        text::count(comparison.packages.len() as u64, "package"),
        text::count(items as u64, "public name"),
        text::count((all().count() + comparison.documents.len()) as u64, "change"),
    );
    text
}

/// What a change is to users.
fn mark(judged: &JudgedChange) -> &'static str {
    match (judged.class, judged.change.difference) {
        _ if judged.blocks => "stable",
        (_, Difference::Added) => "new",
        (StabilityClass::Fluid, _) => "fluid",
        _ => "announced",
    }
}
