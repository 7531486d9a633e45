//! The store of evidence that machines share: what suites left behind, at addresses that the policy names.
//!
//! Anyone who may write there could write anything, so nothing is believed: an entry counts only with the mark that machines with the
//! same key make (`CARGO_GATE_EVIDENCE_KEY`), or with the signature of an authority of `[decisions]`, over the fingerprint and the
//! evidence. Files count by their digests, which the evidence names. Anything else is a miss that is told. A store that cannot be
//! asked is not asked again, and changes no verdict.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::{Deserialize, Serialize};

use gate_base::digest::{Digest, sha256_hex};
use gate_base::record;
use gate_policy::authority::{Approvers, PrivateKey};

use crate::model::{Evidence, EvidenceFile, EvidenceResult};

/// Version of [`Entry`], and of the text that is signed.
const VERSION: u32 = 1;
/// What [`record::mark`] is asked for.
const DOMAIN: &str = "shared evidence";
/// Most bytes of an entry or a file that is sent: what larger ones save, they cost on the way.
const LARGEST: u64 = 64 << 20;

/// Bytes by place on another machine. Whether they are what they should be is for whoever asks to find out.
pub trait Remote: Send + Sync {
    /// The bytes at a place such as `evidence/ab/cdef…`; `None` when there are none.
    ///
    /// # Errors
    /// The store cannot be asked, or has too many bytes there.
    fn get(&self, place: &str) -> Result<Option<Vec<u8>>, Unanswered>;

    /// Keeps bytes at a place, instead of what may be there.
    ///
    /// # Errors
    /// The store cannot be asked, or refuses.
    fn put(&self, place: &str, bytes: &[u8]) -> Result<(), Unanswered>;
}

/// Why a store did not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unanswered {
    /// It cannot be reached, or refuses: why, without addresses and secrets.
    Unavailable(String),
    /// It has more bytes there than an entry may have.
    TooLarge,
}

/// What is asked of the store of this machine.
pub(super) trait Local {
    /// Whether a file is there and whole.
    fn has(&self, file: &EvidenceFile) -> bool;

    /// The bytes of a file.
    fn read(&self, file: &EvidenceFile) -> Option<Vec<u8>>;

    /// Keeps the bytes of a file.
    fn keep_file(&self, bytes: &[u8]) -> Option<()>;

    /// Keeps evidence whose files are there.
    fn keep(&self, evidence: &Evidence) -> Option<()>;
}

/// Where an entry is below the root of a store, here and elsewhere: `blobs/ab/cdef…`.
pub(super) fn place(kind: &str, digest: &Digest) -> String {
    let hex = digest.to_hex();
    format!("{kind}/{}/{}", &hex[..2], &hex[2..])
}

/// A store that machines share.
pub struct Shared {
    /// Where it is.
    pub remote: Box<dyn Remote>,
    /// Whether this machine adds what it made.
    pub writes: bool,
    /// Whose signatures make an entry count, and how many.
    pub approvers: Approvers,
    /// Signs what this machine adds.
    pub key: Option<PrivateKey>,
    state: State,
}

#[derive(Default)]
struct State {
    off: AtomicBool,
    notes: Mutex<Vec<String>>,
}

/// What the store keeps under a fingerprint.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    version: u32,
    /// [`Evidence`] as JSON: the very text that mark and signature are over.
    evidence: String,
    /// Made with the key that machines share.
    mark: Digest,
    /// Made with the key of an authority, in the form of `ssh-keygen -Y sign`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
}

impl Shared {
    /// A store at an address that is open.
    pub fn new(remote: Box<dyn Remote>, writes: bool, approvers: Approvers, key: Option<PrivateKey>) -> Self {
        Self {
            remote,
            writes,
            approvers,
            key,
            state: State::default(),
        }
    }

    /// What was refused, and why the store was left alone, each once.
    pub fn notes(&self) -> Vec<String> {
        self.state.notes.lock().map(|notes| notes.clone()).unwrap_or_default()
    }

    /// Evidence of a check under a fingerprint, which is then in the local store with all its files.
    pub(super) fn fetch(&self, check: &str, fingerprint: &Digest, store: &impl Local) -> Option<Evidence> {
        let of = |what: &str| format!("shared evidence of `{check}` does not count: {what}");
        let bytes = self.get(&place("evidence", fingerprint), &of)?;
        let evidence = match self.opened(&bytes, check, fingerprint) {
            Ok(evidence) => evidence,
            Err(why) => {
                self.note(of(why));
                return None;
            }
        };
        for file in &evidence.files {
            if store.has(file) {
                continue;
            }
            let named = |what: &str| of(&format!("`{}` {what}", file.path));
            let bytes = self.get(&place("blobs", &file.digest), &named)?;
            if Digest::of(&bytes) != file.digest || bytes.len() as u64 != file.size {
                self.note(named("is not the file that the evidence names"));
                return None;
            }
            store.keep_file(&bytes)?;
        }
        store.keep(&evidence)?;
        Some(evidence)
    }

    /// Adds evidence that others may rest on: what passed, with files that are not too large.
    pub(super) fn send(&self, evidence: &Evidence, store: &impl Local) {
        let passed = matches!(evidence.result, EvidenceResult::Findings(_)) && !evidence.blocks_somewhere();
        let small = evidence.files.iter().all(|file| file.size <= LARGEST);
        if !self.writes || !passed || !small {
            return;
        }
        let Some(bytes) = self.closed(evidence) else { return };
        // Files first: an entry that is there is whole.
        for file in &evidence.files {
            let Some(bytes) = store.read(file) else { return };
            if !self.put(&place("blobs", &file.digest), &bytes) {
                return;
            }
        }
        self.put(&place("evidence", &evidence.fingerprint), &bytes);
    }

    /// The evidence of an entry, or why it does not count.
    fn opened(&self, bytes: &[u8], check: &str, fingerprint: &Digest) -> Result<Evidence, &'static str> {
        let entry: Entry = serde_json::from_slice(bytes).map_err(|_| "the entry cannot be read")?;
        if entry.version != VERSION {
            return Err("the entry is of another version of cargo-gate");
        }
        let text = entry.evidence.as_bytes();
        let marked = entry.mark == record::mark(DOMAIN, text);
        let signed = || {
            let over = signed_text(fingerprint, text);
            let signature = entry.signature.as_deref();
            let approvals = self.approvers.judge("evidence", &over, signature);
            approvals.is_ok_and(|approvals| approvals.are_enough())
        };
        if !marked && !signed() {
            return Err("neither the key of this machine nor enough declared authorities vouch for it");
        }
        let evidence: Evidence = serde_json::from_slice(text).map_err(|_| "the evidence cannot be read")?;
        if evidence.fingerprint != *fingerprint || evidence.check != check {
            return Err("it is about something else");
        }
        Ok(evidence)
    }

    fn closed(&self, evidence: &Evidence) -> Option<Vec<u8>> {
        let text = serde_json::to_string(evidence).ok()?;
        let over = signed_text(&evidence.fingerprint, text.as_bytes());
        let entry = Entry {
            version: VERSION,
            mark: record::mark(DOMAIN, text.as_bytes()),
            signature: self.key.as_ref().map(|key| key.sign(&over)),
            evidence: text,
        };
        serde_json::to_vec(&entry).ok()
    }

    /// What is at a place, while the store answers.
    fn get(&self, place: &str, of: &dyn Fn(&str) -> String) -> Option<Vec<u8>> {
        if self.state.off.load(Ordering::Relaxed) {
            return None;
        }
        match self.remote.get(place) {
            Ok(found) => found,
            Err(Unanswered::TooLarge) => {
                self.note(of("there are too many bytes"));
                None
            }
            Err(Unanswered::Unavailable(why)) => {
                self.leave(&why);
                None
            }
        }
    }

    fn put(&self, place: &str, bytes: &[u8]) -> bool {
        if self.state.off.load(Ordering::Relaxed) {
            return false;
        }
        match self.remote.put(place, bytes) {
            Ok(()) => true,
            Err(Unanswered::TooLarge) => false,
            Err(Unanswered::Unavailable(why)) => {
                self.leave(&why);
                false
            }
        }
    }

    fn leave(&self, why: &str) {
        if !self.state.off.swap(true, Ordering::Relaxed) {
            self.note(format!("the shared evidence store is left alone: {why}"));
        }
    }

    fn note(&self, note: String) {
        if let Ok(mut notes) = self.state.notes.lock() {
            notes.push(note);
        }
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct("Shared");
        shown.field("writes", &self.writes).finish_non_exhaustive()
    }
}

/// What an authority signs: which evidence, under which fingerprint.
fn signed_text(fingerprint: &Digest, evidence: &[u8]) -> String {
    format!(
        "cargo-gate shared evidence {VERSION}\nfingerprint = {}\nevidence-sha256 = {}\n",
        fingerprint.to_hex(),
        sha256_hex(evidence)
    )
}
