//! The part of the policy that a check declares as an input, as canonical bytes for its fingerprint.

use serde::Serialize;

use crate::policy::Policy;

use super::Input;

/// Canonical bytes of one `Policy…` input; empty for every other input.
///
/// Positions are part of the bytes: findings point at policy lines, so evidence made before a line moved would
/// point at the wrong one. Moving a section costs one run of the checks that read it.
pub(crate) fn slice(policy: &Policy, input: Input) -> Vec<u8> {
    match input {
        Input::PolicyTiers => bytes(&policy.tiers),
        Input::PolicyProfiles => bytes(&policy.profiles),
        Input::PolicyBoundary => bytes(&policy.boundary),
        Input::PolicyConformance => bytes(&policy.conformance),
        Input::PolicyDocs => bytes(&policy.docs),
        Input::PolicyDeprecations => bytes(&policy.deprecations),
        Input::PolicyFailure => bytes(&policy.failure),
        Input::PolicyUses => bytes(&policy.uses),
        Input::PolicyKernels => bytes(&policy.kernels),
        Input::PolicyCache => bytes(&policy.cache),
        Input::PolicyRuntime => bytes(&policy.runtime),
        Input::PolicyRelease => bytes(&policy.release),
        Input::PolicyStability => bytes(&policy.stability),
        Input::PolicyClaims => bytes(&policy.claims),
        Input::PolicyPaths => bytes(&policy.paths),
        Input::PolicySecrets => bytes(&policy.secrets),
        Input::PolicyStages => bytes(&(&policy.stages, &policy.decisions)),
        Input::PolicyGenerated => bytes(&policy.generated),
        Input::PolicySuites => bytes(&policy.suites),
        Input::PolicyCi => bytes(&policy.ci),
        Input::PolicySupply => bytes(&policy.supply),
        Input::PolicyToolchain => bytes(&policy.toolchain),
        Input::PolicyOwners => bytes(&policy.owners),
        Input::PolicyRecord => bytes(&(&policy.evidence_ages, &policy.history, &policy.warnings)),
        Input::PolicyRegister => bytes(&policy.register),
        Input::PolicyChecklist => bytes(&policy.checklist),
        Input::PolicyWaivers => bytes(&(&policy.waiver_rules, &policy.waivers)),
        // Sanity warnings follow from the text and from the tool's own ranges.
        Input::PolicyFile => bytes(&(
            policy.source.as_ref().map(|source| (&source.path, &source.text)),
            &policy.sanity,
            &policy.dangers,
        )),
        _ => Vec::new(),
    }
}

fn bytes(section: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(section).expect("a section has string keys and no foreign serializers")
}
