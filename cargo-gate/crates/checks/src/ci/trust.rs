//! Entries of `trusted-actions` and `trusted-images` that trust nothing.

use globset::GlobSet;

use gate_ci::CiFile;
use gate_policy::CiPolicy;
use gate_report::Finding;

use super::pins::{action_fault, has_digest, included, trusted, without_tag};

/// Trust that nothing needs. It has no end of its own, so an entry that stays would cover what is written later.
pub(super) fn unneeded(policy: &CiPolicy, files: &[CiFile]) -> Vec<Finding> {
    let nothing = GlobSet::empty();
    let trusts_action = |only: &GlobSet| {
        files.iter().any(|file| {
            let mut uses = file.uses.iter().map(|used| used.name.as_str());
            let mut includes = file.includes.iter();
            uses.any(|name| action_fault(name, &nothing).is_some() && action_fault(name, only).is_none())
                || includes.any(|one| included(one, &nothing).is_some() && included(one, only).is_none())
        })
    };
    let trusts_image = |only: &GlobSet| {
        let mut images = files.iter().flat_map(|file| &file.images);
        images.any(|one| {
            let mut names = one.names.iter().chain([&one.name]);
            names.any(|name| !has_digest(name) && only.is_match(without_tag(name)))
        })
    };
    let mut findings = Vec::new();
    let mut say = |key: &str, what: &str, pattern: &str| {
        let message = format!("`{key}` matches no {what} that is not pinned: `{pattern}`");
        findings.push(
            Finding::advice(message)
                .help("remove the entry, or correct it")
                .at(policy.location.clone()),
        );
    };
    if policy.pinned_actions {
        for pattern in &policy.trusted_actions {
            if !trusts_action(&trusted(std::slice::from_ref(pattern))) {
                say("trusted-actions", "action and no include", pattern);
            }
        }
    }
    if policy.pinned_images {
        for pattern in &policy.trusted_images {
            if !trusts_image(&trusted(std::slice::from_ref(pattern))) {
                say("trusted-images", "image", pattern);
            }
        }
    }
    findings
}
