//! `toolchain.matches`: the compiler that runs is the one that is pinned.

use jiff::civil::Date;

use gate_base::stage::Stage;
use gate_report::{Dimension, Finding, Location, Reason};
use gate_world::toolchain::Rustc;

use super::channel::Channel;
use gate_contract::{Applies, Check, Fixes, Judgement, Rule, input, reads};

reads!(input::ToolchainFile, input::Toolchain);

/// The check.
pub static CHECK: Check = Check {
    id: "toolchain.matches",
    summary: "The compiler in use is the pinned one",
    docs: include_str!("matches.md"),
    dimension: Dimension::Reproducibility,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    fixes: Fixes::Circumstances,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

/// How many days before its publication a nightly may have been committed.
const NIGHTLY_LAG_DAYS: i64 = 3;

fn pin<'a>(context: &Context<'a>) -> Option<(&'a str, Channel)> {
    let file = context.toolchain_file().filter(|file| !file.outside)?;
    let text = file.channel.as_deref()?;
    Some((text, Channel::parse(text))).filter(|(_, channel)| channel.is_exact())
}

fn applies(context: &Context<'_>) -> Applies {
    match pin(context) {
        Some(_) => Applies::Yes,
        None => Applies::No("no exact release is pinned; see `toolchain.pinned`".into()),
    }
}

fn run(context: &Context<'_>) -> Judgement {
    let (Some((text, channel)), Some(file)) = (pin(context), context.toolchain_file()) else {
        return Judgement::Findings(Vec::new());
    };
    let rustc = match context.rustc() {
        Ok(rustc) => rustc,
        Err(error) => {
            let reason = Reason::new("tool_missing", format!("cannot run rustc: {error}"));
            return Judgement::NotRun(reason.help(format!("`rustup toolchain install {text}`")));
        }
    };
    let matches = match same(rustc, &channel) {
        Ok(matches) => matches,
        Err(reason) => return Judgement::Inconclusive(reason),
    };
    if matches {
        return Judgement::Findings(Vec::new());
    }
    let commit_date = rustc
        .commit_date
        .as_deref()
        .map(|date| format!(" of {date}"))
        .unwrap_or_default();
    let finding = Finding::blocking(
        CHECK.blocks_at,
        format!(
            "rustc {}{commit_date} is in use, but `{}` pins `{text}`",
            rustc.release, file.path
        ),
    )
    .help("remove the override that `rustup show active-toolchain` shows")
    .at(Location::line(&file.path, file.line));
    Judgement::Findings(vec![finding])
}

fn same(rustc: &Rustc, channel: &Channel) -> Result<bool, Reason> {
    match channel {
        Channel::Release(version) => Ok(rustc.release == *version),
        Channel::Dated { name, date } => {
            let is_channel = match name.as_str() {
                "stable" => rustc.release.pre.is_empty(),
                name => rustc.release.pre.starts_with(name),
            };
            if !is_channel {
                return Ok(false);
            }
            let committed: Option<Date> = rustc.commit_date.as_deref().and_then(|date| date.parse().ok());
            let Some(committed) = committed else {
                let message = "rustc does not report its commit date, so it cannot be compared with a dated channel";
                return Err(Reason::new("unknown_commit_date", message));
            };
            let lag = committed
                .until(*date)
                .map_or(i64::MAX, |span| i64::from(span.get_days()));
            Ok(lag >= 0 && (name != "nightly" || lag <= NIGHTLY_LAG_DAYS))
        }
        Channel::Floating | Channel::Custom => Ok(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::{World, toolchain_file};

    fn said(channel: &str, release: &str, date: Option<&str>) -> String {
        let mut world = World::new();
        world.workspace.toolchain.file = Some(toolchain_file(channel));
        let rustc = world.workspace.toolchain.rustc.as_mut().expect("a rustc");
        rustc.release = release.parse().expect("a version");
        rustc.commit_date = date.map(str::to_owned);
        world.text(&CHECK)
    }

    #[test]
    fn a_release_is_equal_or_not() {
        assert_eq!(said("1.95.0", "1.95.0", Some("2026-03-21")), "");
        insta::assert_snapshot!(said("1.95.0", "1.97.0-nightly", Some("2026-05-01")), @"
        rust-toolchain.toml:2: rustc 1.97.0-nightly of 2026-05-01 is in use, but `rust-toolchain.toml` pins `1.95.0` [controlled]
          help: remove the override that `rustup show active-toolchain` shows
        ");
    }

    #[test]
    fn a_nightly_is_committed_shortly_before_its_day() {
        assert_eq!(said("nightly-2026-01-01", "1.95.0-nightly", Some("2025-12-31")), "");
        assert_eq!(said("nightly-2026-01-01", "1.95.0-nightly", Some("2026-01-01")), "");
        assert_ne!(said("nightly-2026-01-01", "1.95.0-nightly", Some("2026-01-02")), "");
        assert_ne!(said("nightly-2026-01-01", "1.95.0-nightly", Some("2025-11-20")), "");
        assert_ne!(said("nightly-2026-01-01", "1.95.0", Some("2025-12-31")), "");
        insta::assert_snapshot!(said("nightly-2026-01-01", "1.95.0-nightly", None), @"inconclusive (unknown_commit_date): rustc does not report its commit date, so it cannot be compared with a dated channel");
    }

    #[test]
    fn without_a_pin_or_a_compiler() {
        assert_eq!(
            said("stable", "1.95.0", None),
            "not applicable: no exact release is pinned; see `toolchain.pinned`"
        );
        let mut world = World::new();
        world.workspace.toolchain.file = Some(toolchain_file("1.95.0"));
        world.workspace.toolchain.rustc = Err("not found".into());
        insta::assert_snapshot!(world.text(&CHECK), @"
        not run (tool_missing): cannot run rustc: not found
          help: `rustup toolchain install 1.95.0`
        ");
    }
}
