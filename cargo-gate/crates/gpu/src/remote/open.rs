//! From what the environment says to a remote store.

use std::time::Duration;

use gate_build::store::FORMAT;
use gate_build::store::protocol::Mode;

use gate_text::secrets::mask_text;
use gate_world::environment::Environment;

use super::directory::Directory;
use super::{Remote, Secret};
use gate_policy::address::{Address, NoAddress};

/// A remote store that can be asked.
pub struct Opened {
    /// The store.
    pub remote: Box<dyn Remote>,
    /// What may be done with it.
    pub mode: Mode,
    /// What must not be said in any reason.
    secrets: Vec<Secret>,
}

impl Opened {
    /// A reason without anything that is secret.
    pub fn clean(&self, reason: &str) -> String {
        let known = self.secrets.iter();
        let text = known.fold(reason.to_owned(), |text, secret| secret.remove_from(&text));
        mask_text(&text).into_owned()
    }
}

/// What is kept in a store, and how it is asked.
#[derive(Debug, Clone, Copy)]
pub struct Kept {
    /// Folder of its entries; another format has another one.
    pub format: &'static str,
    /// Variable with the token or password.
    pub token: &'static str,
    /// What may be done with it.
    pub mode: Mode,
    /// Time limit of one request.
    pub timeout: Duration,
}

/// Time limit of one request where none is declared.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// Opens the store at an address; nothing is asked yet.
///
/// # Errors
/// In words and without secrets, why there is none.
pub fn open_at(text: &str, kept: Kept, environment: &Environment) -> Result<Opened, String> {
    let address = Address::parse(text).map_err(|NoAddress(why)| format!("the address {why}"))?;
    let (remote, secrets) = remote(address, environment, kept)?;
    let mode = kept.mode;
    Ok(Opened { remote, mode, secrets })
}

/// Opens the store that `GATE_CACHE_REMOTE` names; nothing is asked yet.
///
/// # Errors
/// In words and without secrets, why there is none.
pub fn open(environment: &Environment) -> Result<Opened, String> {
    let text = environment.text("GATE_CACHE_REMOTE").filter(|text| !text.is_empty());
    let text = text.ok_or("invalid address in `GATE_CACHE_REMOTE`")?;
    let mode = match environment.text("GATE_CACHE_MODE").filter(|mode| !mode.is_empty()) {
        None => Mode::ReadOnly,
        Some(name) => Mode::named(name).ok_or("invalid value for `GATE_CACHE_MODE`: expected `rw`, `ro` or `off`")?,
    };
    let timeout = environment
        .text("GATE_CACHE_TIMEOUT")
        .and_then(|text| text.strip_suffix('s')?.parse().ok())
        .map_or(TIMEOUT, Duration::from_secs);
    let kept = Kept {
        format: FORMAT,
        token: "GATE_CACHE_TOKEN",
        mode,
        timeout,
    };
    open_at(text, kept, environment)
}

/// A store, and what has to be kept out of reasons.
type Found = (Box<dyn Remote>, Vec<Secret>);

#[cfg(not(feature = "remote"))]
fn remote(address: Address, _: &Environment, kept: Kept) -> Result<Found, String> {
    match address {
        Address::Directory(folder) => Ok((Box::new(Directory(folder.join(kept.format))), Vec::new())),
        _ => Err(super::WITHOUT_FEATURE.into()),
    }
}

#[cfg(feature = "remote")]
fn remote(address: Address, environment: &Environment, kept: Kept) -> Result<Found, String> {
    use super::http::{self, Http};

    let Kept { format, timeout, .. } = kept;
    match address {
        Address::Directory(folder) => Ok((Box::new(Directory(folder.join(format))), Vec::new())),
        Address::Http {
            base,
            user,
            in_the_clear,
        } => {
            let token = environment.text(kept.token).filter(|token| !token.is_empty());
            let authorization = match (token, &user) {
                (Some(token), _) => Some(format!("Bearer {token}")),
                (None, Some((name, password))) => {
                    let pair = format!("{name}:{}", password.expose());
                    Some(format!("Basic {}", data_encoding::BASE64.encode(pair.as_bytes())))
                }
                (None, None) => None,
            };
            if in_the_clear && authorization.is_some() {
                return Err("a token or password would be sent in clear text; use `https://`".into());
            }
            let mut secrets: Vec<Secret> = user.into_iter().map(|(_, password)| password).collect();
            secrets.extend(token.map(Secret::new));
            let authorization = authorization.map(Secret::new);
            secrets.extend(authorization.clone());
            let remote = Http {
                agent: http::agent(timeout),
                base: format!("{base}/{format}"),
                authorization,
            };
            Ok((Box::new(remote), secrets))
        }
        Address::S3 {
            bucket,
            prefix,
            region,
            endpoint,
        } => {
            let prefix = format!("{prefix}{format}/");
            s3(environment, http::agent(timeout), bucket, prefix, region, endpoint)
        }
        Address::Redis {
            host,
            port,
            database,
            user,
        } => redis(environment, kept, &host, port, database, user),
    }
}

#[cfg(feature = "remote")]
fn s3(
    environment: &Environment,
    agent: ureq::Agent,
    bucket: String,
    prefix: String,
    region: Option<String>,
    endpoint: Option<String>,
) -> Result<Found, String> {
    use rusty_s3::{Bucket, Credentials, UrlStyle};

    let variable = |name: &str| {
        environment
            .text(name)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let region = region
        .or_else(|| variable("AWS_REGION"))
        .or_else(|| variable("AWS_DEFAULT_REGION"))
        .unwrap_or_else(|| "us-east-1".to_owned());
    let other = endpoint
        .or_else(|| variable("AWS_ENDPOINT_URL_S3"))
        .or_else(|| variable("AWS_ENDPOINT_URL"));
    // Servers that are not Amazon's seldom have a name for every bucket.
    let style = if other.is_some() {
        UrlStyle::Path
    } else {
        UrlStyle::VirtualHost
    };
    let endpoint = other.unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
    let endpoint = endpoint.parse().map_err(|_| "invalid address of the S3 server")?;
    let bucket = Bucket::new(endpoint, style, bucket, region).map_err(|error| format!("invalid bucket: {error}"))?;
    let (mut secrets, mut credentials) = (Vec::new(), None);
    if let (Some(key), Some(secret)) = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY")) {
        let token = variable("AWS_SESSION_TOKEN");
        secrets.push(Secret::new(secret.clone()));
        secrets.extend(token.clone().map(Secret::new));
        credentials = Some(match token {
            Some(token) => Credentials::new_with_token(key, secret, token),
            None => Credentials::new(key, secret),
        });
    }
    let remote = super::s3::S3 {
        agent,
        bucket,
        prefix,
        credentials,
    };
    Ok((Box::new(remote), secrets))
}

#[cfg(feature = "remote")]
fn redis(
    environment: &Environment,
    kept: Kept,
    host: &str,
    port: u16,
    database: i64,
    user: Option<(String, Secret)>,
) -> Result<Found, String> {
    use ::redis::{ConnectionAddr, IntoConnectionInfo as _, RedisConnectionInfo};

    let token = environment.text(kept.token).filter(|token| !token.is_empty());
    let (name, password) = match (user, token) {
        (Some((name, password)), None) => (name, Some(password)),
        (user, Some(token)) => (user.map(|(name, _)| name).unwrap_or_default(), Some(Secret::new(token))),
        (None, None) => (String::new(), None),
    };
    let mut who = RedisConnectionInfo::default().set_db(database);
    if !name.is_empty() {
        who = who.set_username(name);
    }
    if let Some(password) = &password {
        who = who.set_password(password.expose());
    }
    let client = ConnectionAddr::Tcp(host.to_owned(), port)
        .into_connection_info()
        .map(|info| info.set_redis_settings(who))
        .and_then(::redis::Client::open)
        .map_err(|error| format!("invalid address of the Redis server: {error}"))?;
    let remote = super::redis::Redis::new(client, kept.timeout, kept.format);
    Ok((Box::new(remote), password.into_iter().collect()))
}
