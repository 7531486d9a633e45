//! Whether results are of the content that is judged: who says so, and when.

use gate_base::digest::sha256_hex;
use gate_evidence::attested::Attested;
use gate_policy::ImportPolicy;
use gate_policy::authority::{fingerprint, named};
use gate_report::Reason;
use jiff::{SignedDuration, Timestamp};

use crate::SuiteContext;

/// How far the clock of another machine may be ahead.
const CLOCKS: SignedDuration = SignedDuration::from_mins(5);

/// Where results come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Provenance {
    producer: String,
    made: Timestamp,
    /// What the policy calls the key that signed.
    signer: String,
}

impl Provenance {
    /// Checks the statement of the suite against the files and the workspace.
    ///
    /// # Errors
    /// Why the results are no evidence.
    pub(super) fn of(policy: &ImportPolicy, files: &[(&str, Vec<u8>)], cx: &SuiteContext<'_>) -> Result<Self, Reason> {
        let name = policy.statement.as_deref().unwrap_or_default();
        let text = gate_evidence::attested::read(&cx.workspace.root().join(name)).map_err(|why| {
            let reason = Reason::new(
                "no_statement",
                format!("nothing says where the results come from: `{name}` {why}"),
            );
            reason.help(attest(policy))
        })?;
        let text = String::from_utf8_lossy(&text);
        let statement =
            Attested::parse(&text).map_err(|why| refused(policy, &format!("the statement `{name}` {why}")))?;
        let content = cx.workspace.files().content_digest().to_hex();
        judged(policy, name, &statement, files, &content, Timestamp::now())
    }

    /// In words, for the report.
    pub(super) fn words(&self) -> String {
        format!("{}, {}, signed by {}", self.producer, self.made, self.signer)
    }
}

/// Whether the statement holds for these files and this content at this time.
pub(super) fn judged(
    policy: &ImportPolicy,
    name: &str,
    statement: &Attested,
    files: &[(&str, Vec<u8>)],
    content: &str,
    now: Timestamp,
) -> Result<Provenance, Reason> {
    let key = statement
        .signer()
        .map_err(|why| refused(policy, &format!("the statement `{name}` {why}")))?;
    let Some(signer) = named(&key, &policy.signers) else {
        let message = format!(
            "the statement `{name}` is signed by {}, which `signers` does not list",
            fingerprint(&key)
        );
        return Err(refused(policy, &message));
    };
    for (path, bytes) in files {
        let stated = statement.files.iter().find(|file| file.path == **path);
        let Some(stated) = stated else {
            return Err(refused(
                policy,
                &format!("the statement `{name}` is not about `{path}`"),
            ));
        };
        if stated.sha256 != sha256_hex(bytes) {
            return Err(refused(
                policy,
                &format!("`{path}` is not the file that the statement `{name}` is about"),
            ));
        }
    }
    if statement.content != content {
        let of = match &statement.commit {
            Some(commit) => format!("commit {commit}"),
            None => "a directory without git".to_owned(),
        };
        let message = format!(
            "the results are of other content than this: {} wrote them for {of}",
            statement.producer
        );
        return Err(
            Reason::new("other_content", message).help("run the tool on this content, and attest its results again")
        );
    }
    let age = now.duration_since(statement.made);
    if age < -CLOCKS {
        let message = format!("the statement `{name}` was made in the future, {}", statement.made);
        return Err(Reason::new("made_in_the_future", message).help("correct the clock of the machine that made it"));
    }
    if age > SignedDuration::try_from(policy.max_age).unwrap_or(SignedDuration::MAX) {
        let message = format!(
            "the results are older than `max-age` allows: they were made {}",
            statement.made
        );
        return Err(Reason::new("old_results", message).help("run the tool again, and attest its results again"));
    }
    Ok(Provenance {
        producer: statement.producer.clone(),
        made: statement.made,
        signer,
    })
}

fn refused(policy: &ImportPolicy, message: &str) -> Reason {
    Reason::new("statement_refused", message.to_owned()).help(attest(policy))
}

/// The command that makes the statement.
fn attest(policy: &ImportPolicy) -> String {
    let output = policy.statement.as_deref().unwrap_or_default();
    format!(
        "run the tool on this content, and then `cargo gate evidence attest --producer <name> --key <key> --output {output} {}`",
        policy.files.join(" ")
    )
}
