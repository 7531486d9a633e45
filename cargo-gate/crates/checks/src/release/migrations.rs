//! `release.migrations`: no migration of a history is open.

use gate_base::stage::Stage;
use gate_contract::{Applies, Check, Fixes, Judgement, Rule, input, reads};
use gate_policy::MigrationPolicy;
use gate_report::{Dimension, Finding};

reads!(input::OpenMigrations, MigrationPolicy);

/// The check.
pub static CHECK: Check = Check {
    id: "release.migrations",
    summary: "No migration of a history is interrupted, paused or unverified",
    docs: include_str!("migrations.md"),
    dimension: Dimension::Contract,
    blocks_at: Stage::Pilot,
    since: "0.1.0",
    fixes: Fixes::Command,
    rule: &Rule::<Declaration> { applies, run },
    ..Check::USUAL
};

fn applies(context: &Context<'_>) -> Applies {
    if context.section::<MigrationPolicy>().is_empty() && context.open_migrations().is_empty() {
        return Applies::No("no migration is declared".into());
    }
    Applies::Yes
}

fn run(context: &Context<'_>) -> Judgement {
    let declared = context.section::<MigrationPolicy>();
    let findings = context.open_migrations().into_iter().map(|open| {
        let message = format!("the migration `{}` is open: {}", open.name, open.state);
        let finding = Finding::blocking(CHECK.blocks_at, message).help("`cargo gate release migrate status`");
        match declared.iter().find(|migration| migration.name == open.name) {
            Some(migration) => finding.at(migration.location.clone()),
            None => finding,
        }
    });
    Judgement::Findings(findings.collect())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use gate_contract::testing::World;

    #[test]
    fn an_open_migration_is_reported_and_nothing_else() {
        let mut world = World::new();
        world.texts(&[("src/lib.rs", "")]);
        assert_eq!(world.text(&CHECK), "not applicable: no migration is declared");
        let directory = world.inputs().workspace.gate_dir().join("migrations").join("orders");
        fs::create_dir_all(&directory).expect("a directory");
        fs::write(directory.join("dry-run.json"), "{}").expect("a file");
        assert_eq!(world.text(&CHECK), "not applicable: no migration is declared");
        fs::write(directory.join("journal"), "damaged").expect("a file");
        insta::assert_snapshot!(world.text(&CHECK), @"
        the migration `orders` is open: its journal cannot be read [pilot]
          help: `cargo gate release migrate status`
        ");
    }
}
