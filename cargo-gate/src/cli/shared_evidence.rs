//! Opens the store of evidence that machines share (`[evidence] remote`).

use std::path::Path;

use gate_base::error::{Error, Result};
use gate_build::store::protocol::Mode;
use gate_evidence::store::{Remote, Shared, Unanswered};
use gate_gpu::remote::{Failure, Kept, Opened, TIMEOUT, open_at};
use gate_policy::{CacheMode, Policy};

use super::Conversation;
use super::evidence::sign::private_key;

/// Folder of a store that holds its entries; another format has another one.
const FORMAT: &str = "evidence-v1";
/// Goes before `mode`.
const MODE: &str = "CARGO_GATE_EVIDENCE_MODE";
/// Names the file with the key that signs what is added.
const SIGNING_KEY: &str = "CARGO_GATE_EVIDENCE_SIGNING_KEY";
/// Holds the token or password of the store.
const TOKEN: &str = "CARGO_GATE_EVIDENCE_TOKEN";

/// The shared store, where one is declared and may be used. One that cannot be opened is told of, and changes no verdict.
///
/// # Errors
/// A variable of the environment has an invalid value (usage).
pub(super) fn shared(policy: &Policy, conversation: &Conversation<'_>) -> Result<Option<Shared>> {
    let environment = &conversation.environment;
    let Some(address) = &policy.evidence.remote else {
        return Ok(None);
    };
    let mode = match environment.text(MODE).filter(|mode| !mode.is_empty()) {
        None => match policy.evidence.mode {
            CacheMode::Rw => Mode::ReadWrite,
            CacheMode::Ro => Mode::ReadOnly,
            CacheMode::Off => Mode::Off,
        },
        Some(name) => Mode::named(name).ok_or_else(|| {
            Error::usage(format!("invalid value for `{MODE}`")).with_help("set it to `rw`, `ro` or `off`")
        })?,
    };
    if mode == Mode::Off {
        return Ok(None);
    }
    let signing = environment.path(SIGNING_KEY).filter(|_| mode == Mode::ReadWrite);
    let key = signing.as_deref().map(key).transpose()?;
    let left = |why: &str| {
        let message = format!("the shared evidence store is left alone: {why}");
        conversation.printer.warning(&message, None);
        Ok(None)
    };
    if conversation.global.offline || conversation.global.frozen {
        return left("`--offline` was passed");
    }
    let kept = Kept {
        format: FORMAT,
        token: TOKEN,
        mode,
        timeout: policy.evidence.timeout.unwrap_or(TIMEOUT),
    };
    let opened = match open_at(address, kept, environment) {
        Ok(opened) => opened,
        Err(why) => return left(&why),
    };
    Ok(Some(Shared::new(
        Box::new(Behind(opened)),
        mode == Mode::ReadWrite,
        policy.approvers(),
        key,
    )))
}

fn key(path: &Path) -> Result<gate_policy::authority::PrivateKey> {
    private_key(path, "name a key without a passphrase, which only the runner can read")
}

/// The store at an address.
struct Behind(Opened);

impl Behind {
    fn unanswered(&self, failure: Failure) -> Unanswered {
        match failure {
            Failure::Unavailable(why) => Unanswered::Unavailable(self.0.clean(&why)),
            Failure::TooLarge => Unanswered::TooLarge,
        }
    }
}

impl Remote for Behind {
    fn get(&self, place: &str) -> std::result::Result<Option<Vec<u8>>, Unanswered> {
        self.0.remote.get(place).map_err(|failure| self.unanswered(failure))
    }

    fn put(&self, place: &str, bytes: &[u8]) -> std::result::Result<(), Unanswered> {
        self.0
            .remote
            .put(place, bytes)
            .map_err(|failure| self.unanswered(failure))
    }
}
