//! A bucket of S3, or of a server that speaks like it. Requests carry their signature (AWS Signature Version 4) in the
//! query.

use std::time::Duration;

use rusty_s3::{Bucket, Credentials, S3Action as _};
use ureq::Agent;

use super::{Failure, Remote, http};

/// How long a signature holds: long enough for a clock that is not quite right.
const HOLDS: Duration = Duration::from_secs(900);

/// A bucket.
pub(super) struct S3 {
    pub(super) agent: Agent,
    pub(super) bucket: Bucket,
    /// In front of every key; empty or with a final `/`.
    pub(super) prefix: String,
    /// None for a bucket that everybody may read.
    pub(super) credentials: Option<Credentials>,
}

impl Remote for S3 {
    fn get(&self, place: &str) -> Result<Option<Vec<u8>>, Failure> {
        let key = format!("{}{place}", self.prefix);
        let action = self.bucket.get_object(self.credentials.as_ref(), &key);
        http::get(&self.agent, action.sign(HOLDS).as_str(), None)
    }

    fn put(&self, place: &str, bytes: &[u8]) -> Result<(), Failure> {
        let key = format!("{}{place}", self.prefix);
        let action = self.bucket.put_object(self.credentials.as_ref(), &key);
        http::put(&self.agent, action.sign(HOLDS).as_str(), None, bytes)
    }
}
