//! Addresses of remote stores, as `[cache]` and `GATE_CACHE_REMOTE` write them.

mod secret;

use std::path::PathBuf;

pub use secret::Secret;

/// Where a remote store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A folder that machines share: `file:///srv/kernels`.
    Directory(PathBuf),
    /// A server that answers GET and PUT: `https://cache.example/kernels`.
    Http {
        /// Scheme, host, port and path, without a final `/` and without who asks.
        base: String,
        /// Who asks, where the address says so.
        user: Option<(String, Secret)>,
        /// Whether what is sent can be read on the way.
        in_the_clear: bool,
    },
    /// A bucket of S3 or of a server that speaks like it: `s3://bucket/prefix?region=eu-central-1`.
    S3 {
        /// Its name.
        bucket: String,
        /// What all keys begin with; empty or with a final `/`.
        prefix: String,
        /// Where it lies, when the address says so.
        region: Option<String>,
        /// The server, when it is not Amazon's.
        endpoint: Option<String>,
    },
    /// A Redis server: `redis://cache.example:6379/2`.
    Redis {
        /// Host and port.
        host: String,
        /// Port; 6379 unless it is named.
        port: u16,
        /// Number of the database.
        database: i64,
        /// Who asks, where the address says so; the name may be empty.
        user: Option<(String, Secret)>,
    },
}

/// Why a text is not a valid address, without the text itself: it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoAddress(pub &'static str);

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// What is wrong with it, continuing "the address ".
    pub fn parse(text: &str) -> Result<Self, NoAddress> {
        if text.chars().any(|char| char.is_control() || char.is_whitespace()) {
            return Err(NoAddress("contains whitespace"));
        }
        let (scheme, rest) = text.split_once("://").ok_or(NoAddress("has no scheme"))?;
        match scheme {
            "file" => directory(rest),
            "http" | "https" => http(scheme, rest),
            "s3" => s3(rest),
            "redis" => redis(rest),
            "rediss" => Err(NoAddress("uses Redis over TLS, which is not supported")),
            _ => Err(NoAddress(
                "does not start with `file://`, `http://`, `https://`, `s3://` or `redis://`",
            )),
        }
    }

    /// Whether it says who asks. In a file that others read, it must not.
    pub fn has_credentials(&self) -> bool {
        match self {
            Self::Http { user, .. } | Self::Redis { user, .. } => user.is_some(),
            Self::Directory(_) | Self::S3 { .. } => false,
        }
    }
}

fn directory(rest: &str) -> Result<Address, NoAddress> {
    let path = rest.strip_prefix("localhost").unwrap_or(rest);
    if !path.starts_with('/') {
        return Err(NoAddress("has no absolute path, as in `file:///srv/kernels`"));
    }
    let path = decoded(path).ok_or(NoAddress("has an invalid percent escape"))?;
    // `file:///C:/kernels`
    let drive = path.as_bytes().get(2) == Some(&b':') && path.as_bytes()[1].is_ascii_alphabetic();
    Ok(Address::Directory(PathBuf::from(if drive {
        &path[1..]
    } else {
        &path
    })))
}

/// User, if any, and what is behind it.
type Authority<'a> = (Option<(String, Secret)>, &'a str);

fn user(authority: &str) -> Result<Authority<'_>, NoAddress> {
    let Some((user, host)) = authority.rsplit_once('@') else {
        return Ok((None, authority));
    };
    let (name, password) = user.split_once(':').unwrap_or((user, ""));
    let decoded = |text: &str| decoded(text).ok_or(NoAddress("has an invalid percent escape"));
    Ok((Some((decoded(name)?, Secret::new(decoded(password)?))), host))
}

/// Host and port, the latter if it is named.
fn host(text: &str) -> Result<(&str, Option<u16>), NoAddress> {
    // The colons inside `[::1]` do not separate a port.
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => {
            let port = port.parse().map_err(|_| NoAddress("has an invalid port"))?;
            (host, Some(port))
        }
        _ => (text, None),
    };
    let plain = |char: char| char.is_ascii_alphanumeric() || "-._[]:".contains(char);
    if host.is_empty() || !host.chars().all(plain) {
        return Err(NoAddress("has no host"));
    }
    Ok((host, port))
}

fn http(scheme: &str, rest: &str) -> Result<Address, NoAddress> {
    if rest.contains(['?', '#']) {
        return Err(NoAddress("has a query string, which an HTTP store does not support"));
    }
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, server) = user(authority)?;
    let (name, _) = host(server)?;
    let here = matches!(name, "localhost" | "[::1]") || name.starts_with("127.");
    let path = path.trim_end_matches('/');
    let slash = if path.is_empty() { "" } else { "/" };
    Ok(Address::Http {
        base: format!("{scheme}://{server}{slash}{path}"),
        user,
        in_the_clear: scheme == "http" && !here,
    })
}

fn s3(rest: &str) -> Result<Address, NoAddress> {
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
    let plain = |char: char| char.is_ascii_alphanumeric() || "-._".contains(char);
    if bucket.is_empty() || !bucket.chars().all(plain) {
        return Err(NoAddress("has no bucket"));
    }
    let (mut region, mut endpoint) = (None, None);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("region", value)) if !value.is_empty() => region = Some(value.to_owned()),
            Some(("endpoint", value)) => {
                let value = decoded(value).ok_or(NoAddress("has an invalid percent escape"))?;
                match Address::parse(&value) {
                    Ok(Address::Http { base, user: None, .. }) => endpoint = Some(base),
                    _ => return Err(NoAddress("has an invalid `endpoint`")),
                }
            }
            _ => {
                return Err(NoAddress("has a query parameter other than `region` and `endpoint`"));
            }
        }
    }
    let prefix = prefix.trim_matches('/');
    Ok(Address::S3 {
        bucket: bucket.to_owned(),
        prefix: if prefix.is_empty() {
            String::new()
        } else {
            format!("{prefix}/")
        },
        region,
        endpoint,
    })
}

fn redis(rest: &str) -> Result<Address, NoAddress> {
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    let (user, server) = user(authority)?;
    let (name, port) = host(server)?;
    let database = match database.trim_end_matches('/') {
        "" => 0,
        number => number
            .parse()
            .map_err(|_| NoAddress("has an invalid database number"))?,
    };
    Ok(Address::Redis {
        host: name.trim_matches(['[', ']']).to_owned(),
        port: port.unwrap_or(6379),
        database,
        user,
    })
}

/// Text with its `%41` taken for what they mean.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, others)) = rest.split_first() {
        if first == b'%' {
            let (hex, others) = others.split_at_checked(2)?;
            let hex = std::str::from_utf8(hex).ok().filter(|hex| !hex.starts_with('+'))?;
            bytes.push(u8::from_str_radix(hex, 16).ok()?);
            rest = others;
        } else {
            bytes.push(first);
            rest = others;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_are_read() {
        let shown = |text: &str| match Address::parse(text) {
            Ok(address) => format!("{address:?}"),
            Err(NoAddress(why)) => why.to_owned(),
        };
        insta::assert_snapshot!(
            [
                "file:///srv/my%20kernels",
                "https://ada:p%40ss@cache.example:8443/kernels/",
                "http://127.0.0.1:9",
                "http://cache.example",
                "s3://bucket/team/kernels?region=eu-central-1&endpoint=http://127.0.0.1:9000",
                "redis://:hunter2@[::1]:7000/3",
                "redis://cache",
                "file://srv",
                "ftp://cache",
                "cache.example",
                "http://",
                "http://cache:port/",
                "http://cache/?x=1",
                "s3://",
                "s3://bucket?x=1",
                "s3://bucket?endpoint=ftp://x",
                "redis://cache/x",
                "rediss://cache",
                "file:///%zz",
                "http://a b",
            ]
            .map(shown)
            .join("\n"),
            @r#"
        Directory("/srv/my kernels")
        Http { base: "https://cache.example:8443/kernels", user: Some(("ada", [redacted])), in_the_clear: false }
        Http { base: "http://127.0.0.1:9", user: None, in_the_clear: false }
        Http { base: "http://cache.example", user: None, in_the_clear: true }
        S3 { bucket: "bucket", prefix: "team/kernels/", region: Some("eu-central-1"), endpoint: Some("http://127.0.0.1:9000") }
        Redis { host: "::1", port: 7000, database: 3, user: Some(("", [redacted])) }
        Redis { host: "cache", port: 6379, database: 0, user: None }
        has no absolute path, as in `file:///srv/kernels`
        does not start with `file://`, `http://`, `https://`, `s3://` or `redis://`
        has no scheme
        has no host
        has an invalid port
        has a query string, which an HTTP store does not support
        has no bucket
        has a query parameter other than `region` and `endpoint`
        has an invalid `endpoint`
        has an invalid database number
        uses Redis over TLS, which is not supported
        has an invalid percent escape
        contains whitespace
        "#
        );
    }

    proptest! {
        #[test]
        fn any_text_is_answered_and_no_password_is_shown(text in "(file|https?|s3|redis)://[a-z0-9@:/?%=&.\\[\\]]{0,30}") {
            let _ = Address::parse(&text);
            let address = Address::parse(&format!("redis://user:hunter2{text}@host"));
            let shown = format!("{address:?}");
            prop_assert!(!shown.contains("hunter2"), "{}", shown);
        }
    }
}
