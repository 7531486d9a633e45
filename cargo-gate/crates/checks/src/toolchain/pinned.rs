//! `toolchain.pinned`: the compiler is chosen by the repository, not by the machine.

use gate_base::stage::Stage;
use gate_report::{Change, Dimension, Finding, Location, Remedy};

use super::channel::Channel;
use gate_contract::{Check, Fixes, Judgement, Rule, input, reads};

reads!(input::ToolchainFile, input::Toolchain);

/// The check.
pub static CHECK: Check = Check {
    id: "toolchain.pinned",
    summary: "`rust-toolchain.toml` pins an exact compiler",
    docs: include_str!("pinned.md"),
    dimension: Dimension::Reproducibility,
    blocks_at: Stage::Controlled,
    since: "0.1.0",
    version: 2,
    fixes: Fixes::Applied("pins the release of rustc that is in use"),
    rule: &Rule::<Declaration>::always(run),
    ..Check::USUAL
};

fn run(context: &Context<'_>) -> Judgement {
    let rustc = context.rustc();
    let release = rustc.as_ref().ok().filter(|rustc| rustc.release.pre.is_empty());
    let exact = match release {
        Some(rustc) => format!("`channel = \"{}\"`", rustc.release),
        None => "an exact `channel`".to_owned(),
    };
    let pinning = |path: &str| {
        let channel = release.map(|rustc| format!("\"{}\"", rustc.release))?;
        let change = Change::set(path, &["toolchain", "channel"], channel.as_str());
        Some(Remedy::new(format!("write `channel = {channel}`"), [change]))
    };
    let blocking = |message: String| Finding::blocking(CHECK.blocks_at, message);
    let Some(file) = context.toolchain_file() else {
        let finding = blocking("the compiler is not pinned: there is no `rust-toolchain.toml`".into())
            .help(format!("write {exact} under `[toolchain]` in `rust-toolchain.toml`"))
            .remedy(pinning("rust-toolchain.toml"));
        return Judgement::Findings(vec![finding]);
    };
    let place = match file.line {
        0 => Location::file(&file.path),
        line => Location::line(&file.path, line),
    };
    if file.outside {
        let message = format!(
            "the compiler is chosen by `{}`, which is not part of the repository",
            file.path
        );
        let help = format!("write {exact} under `[toolchain]` in `rust-toolchain.toml`");
        return Judgement::Findings(vec![
            blocking(message).help(help).remedy(pinning("rust-toolchain.toml")),
        ]);
    }
    let help = format!("set {exact} in `{}`", file.path);
    // A file of the old format holds the channel alone, and one with a path takes no channel.
    let is_toml = file.path.ends_with(".toml") && file.custom_path.is_none();
    let remedy = is_toml.then(|| pinning(&file.path)).flatten();
    let message = if let Some(error) = &file.error {
        format!("cannot parse `{}`: {error}", file.path)
    } else if let Some(path) = &file.custom_path {
        format!("`path = \"{path}\"` is whatever compiler lies there, on this machine")
    } else {
        match file.channel.as_deref().map(|text| (text, Channel::parse(text))) {
            None => format!("`{}` sets no channel", file.path),
            Some((_, channel)) if channel.is_exact() => return Judgement::Findings(Vec::new()),
            Some((text, Channel::Custom)) => {
                format!("the toolchain `{text}` is a local name that does not exist on other machines")
            }
            Some((text, _)) => format!("the channel `{text}` refers to different compilers over time"),
        }
    };
    Judgement::Findings(vec![blocking(message).help(help).remedy(remedy).at(place)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use gate_contract::testing::{World, toolchain_file};

    #[test]
    fn no_file() {
        insta::assert_snapshot!(World::new().text(&CHECK), @r#"
        the compiler is not pinned: there is no `rust-toolchain.toml` [controlled]
          help: write `channel = "1.95.0"` under `[toolchain]` in `rust-toolchain.toml`
        "#);
    }

    #[test]
    fn only_an_exact_compiler_will_do() {
        let said = |channel: &str| {
            let mut world = World::new();
            world.workspace.toolchain.file = Some(toolchain_file(channel));
            world.text(&CHECK)
        };
        assert_eq!(said("1.95.0"), "");
        assert_eq!(said("nightly-2026-01-01"), "");
        insta::assert_snapshot!(said("stable"), @r#"
        rust-toolchain.toml:2: the channel `stable` refers to different compilers over time [controlled]
          help: set `channel = "1.95.0"` in `rust-toolchain.toml`
        "#);
        insta::assert_snapshot!(said("mine"), @r#"
        rust-toolchain.toml:2: the toolchain `mine` is a local name that does not exist on other machines [controlled]
          help: set `channel = "1.95.0"` in `rust-toolchain.toml`
        "#);
    }

    #[test]
    fn a_file_above_the_repository_pins_nothing() {
        let mut world = World::new();
        let mut file = toolchain_file("1.95.0");
        file.path = "../rust-toolchain.toml".into();
        file.outside = true;
        world.workspace.toolchain.file = Some(file);
        insta::assert_snapshot!(world.text(&CHECK), @r#"
        the compiler is chosen by `../rust-toolchain.toml`, which is not part of the repository [controlled]
          help: write `channel = "1.95.0"` under `[toolchain]` in `rust-toolchain.toml`
        "#);
    }

    #[test]
    fn a_file_without_a_channel() {
        let mut world = World::new();
        let mut file = toolchain_file("");
        file.channel = None;
        world.workspace.toolchain.rustc = Err("no rustc".into());
        world.workspace.toolchain.file = Some(file.clone());
        insta::assert_snapshot!(world.text(&CHECK), @"
        rust-toolchain.toml:2: `rust-toolchain.toml` sets no channel [controlled]
          help: set an exact `channel` in `rust-toolchain.toml`
        ");
        file.custom_path = Some("/opt/rust".into());
        world.workspace.toolchain.file = Some(file.clone());
        insta::assert_snapshot!(world.text(&CHECK), @r#"
        rust-toolchain.toml:2: `path = "/opt/rust"` is whatever compiler lies there, on this machine [controlled]
          help: set an exact `channel` in `rust-toolchain.toml`
        "#);
        file.error = Some("expected `=`".into());
        world.workspace.toolchain.file = Some(file);
        insta::assert_snapshot!(world.text(&CHECK), @"
        rust-toolchain.toml:2: cannot parse `rust-toolchain.toml`: expected `=` [controlled]
          help: set an exact `channel` in `rust-toolchain.toml`
        ");
    }
}
