//! A server that answers GET and PUT.

use std::sync::Arc;
use std::time::Duration;

use gate_build::store::LARGEST;
use ureq::Agent;
use ureq::http::StatusCode;
use ureq::tls::{RootCerts, TlsConfig, TlsProvider};

use super::{Failure, Remote, Secret};

/// How often a server may send on to another address.
const REDIRECTS: u32 = 3;

/// A client that waits at most so long for a whole answer.
pub(super) fn agent(timeout: Duration) -> Agent {
    // The certificates that this machine trusts, so that a company's own authority counts.
    let tls = TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::PlatformVerifier)
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    Agent::config_builder()
        .timeout_global(Some(timeout))
        .max_redirects(REDIRECTS)
        .http_status_as_error(false)
        .user_agent(concat!("cargo-gate/", env!("CARGO_PKG_VERSION")))
        .tls_config(tls)
        .build()
        .new_agent()
}

/// A server that answers GET and PUT below one address.
pub(super) struct Http {
    pub(super) agent: Agent,
    pub(super) base: String,
    /// Value of the header `Authorization`.
    pub(super) authorization: Option<Secret>,
}

impl Remote for Http {
    fn get(&self, place: &str) -> Result<Option<Vec<u8>>, Failure> {
        get(
            &self.agent,
            &format!("{}/{place}", self.base),
            self.authorization.as_ref(),
        )
    }

    fn put(&self, place: &str, bytes: &[u8]) -> Result<(), Failure> {
        put(
            &self.agent,
            &format!("{}/{place}", self.base),
            self.authorization.as_ref(),
            bytes,
        )
    }
}

/// The bytes at this address.
pub(super) fn get(agent: &Agent, url: &str, authorization: Option<&Secret>) -> Result<Option<Vec<u8>>, Failure> {
    let mut request = agent.get(url);
    if let Some(value) = authorization {
        request = request.header("Authorization", value.expose());
    }
    let mut response = request.call().map_err(|error| failure(&error))?;
    match response.status() {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(None),
        status => return Err(refused(status)),
    }
    let announced = response.body().content_length();
    if announced.is_some_and(|length| length > LARGEST) {
        return Err(Failure::TooLarge);
    }
    match response.body_mut().with_config().limit(LARGEST).read_to_vec() {
        Ok(bytes) => Ok(Some(bytes)),
        Err(ureq::Error::BodyExceedsLimit(_)) => Err(Failure::TooLarge),
        Err(error) => Err(failure(&error)),
    }
}

/// Keeps bytes at this address.
pub(super) fn put(agent: &Agent, url: &str, authorization: Option<&Secret>, bytes: &[u8]) -> Result<(), Failure> {
    let mut request = agent.put(url).content_type("application/octet-stream");
    if let Some(value) = authorization {
        request = request.header("Authorization", value.expose());
    }
    let response = request.send(bytes).map_err(|error| failure(&error))?;
    if response.status().is_success() {
        Ok(())
    } else {
        Err(refused(response.status()))
    }
}

fn refused(status: StatusCode) -> Failure {
    let meaning = status.canonical_reason().unwrap_or("a status that is none");
    Failure::new(format_args!("the server answers {} ({meaning})", status.as_u16()))
}

fn failure(error: &ureq::Error) -> Failure {
    match error {
        ureq::Error::Timeout(_) => Failure::new("the server did not answer in time"),
        ureq::Error::HostNotFound => Failure::new("there is no host of this name"),
        ureq::Error::TooManyRedirects => Failure::new("the server sends on and on to other addresses"),
        // Addresses may hold a signature.
        ureq::Error::BadUri(_) => Failure::new("the address is none"),
        error => Failure::new(error),
    }
}
