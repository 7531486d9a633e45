//! The part of the policy that a check declares as an input, as canonical bytes for its fingerprint.

use serde::Serialize;

use crate::policy::Policy;

use super::Input;

impl Policy {
    /// Canonical bytes of one `Policy…` input; empty for every other input.
    ///
    /// Positions are part of the bytes: findings point at policy lines, so evidence made before a line moved would
    /// point at the wrong one. Moving a section costs one run of the checks that read it.
    pub fn slice(&self, input: Input) -> Vec<u8> {
        match input {
            Input::PolicyTiers => bytes(&self.tiers),
            Input::PolicyProfiles => bytes(&self.profiles),
            Input::PolicyBoundary => bytes(&self.boundary),
            Input::PolicyConformance => bytes(&self.conformance),
            Input::PolicyDocs => bytes(&self.docs),
            Input::PolicyDeprecations => bytes(&self.deprecations),
            Input::PolicyFailure => bytes(&self.failure),
            Input::PolicyUses => bytes(&self.uses),
            Input::PolicyKernels => bytes(&self.kernels),
            Input::PolicyCache => bytes(&self.cache),
            Input::PolicyRuntime => bytes(&self.runtime),
            Input::PolicyRelease => bytes(&self.release),
            Input::PolicyStability => bytes(&self.stability),
            Input::PolicyClaims => bytes(&self.claims),
            Input::PolicyPaths => bytes(&self.paths),
            Input::PolicySecrets => bytes(&self.secrets),
            Input::PolicyStages => bytes(&(&self.stages, &self.decisions)),
            Input::PolicyGenerated => bytes(&self.generated),
            Input::PolicySuites => bytes(&self.suites),
            Input::PolicyCi => bytes(&self.ci),
            Input::PolicySupply => bytes(&self.supply),
            Input::PolicyToolchain => bytes(&self.toolchain),
            Input::PolicyOwners => bytes(&self.owners),
            Input::PolicyRecord => bytes(&(&self.evidence_ages, &self.history, &self.warnings)),
            Input::PolicyRegister => bytes(&self.register),
            Input::PolicyChecklist => bytes(&self.checklist),
            Input::PolicyWaivers => bytes(&(&self.waiver_rules, &self.waivers)),
            // Sanity warnings follow from the text and from the tool's own ranges.
            Input::PolicyFile => bytes(&(
                self.source.as_ref().map(|source| (&source.path, &source.text)),
                &self.sanity,
                &self.dangers,
            )),
            _ => Vec::new(),
        }
    }
}

fn bytes(section: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(section).expect("a section has string keys and no foreign serializers")
}
