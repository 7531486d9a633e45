//! The text of CI workflows. Third-party actions are pinned by commit; everything else is a plain command.

mod commands;
mod github;
mod gitlab;
mod workspaces;

pub(super) use commands::{bench_command, branch};
pub use github::github_workflow;
pub use gitlab::gitlab_pipeline;
