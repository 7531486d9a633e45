//! Secrets that open nothing, made when a test runs: no file of the project holds one, so that the project passes its own
//! check. The values have the published formats of the vendors and are the same in every run.

/// A secret in a line as people write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planted {
    /// What it is.
    pub name: &'static str,
    /// The kind that must be found.
    pub kind: &'static str,
    /// The secret.
    pub value: String,
    /// A text with it.
    pub text: String,
}

const DIGITS: &str = "0123456789";
const HEX: &str = "0123456789abcdef";
const LOWER: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ALNUM: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Draws characters; always the same ones for a seed.
#[derive(Debug, Clone)]
pub struct Draw(u64);

impl Draw {
    /// A sequence of its own for every name.
    pub fn new(name: &str) -> Self {
        let seed = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self(seed | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33
    }

    /// So many characters of an alphabet.
    pub fn of(&mut self, alphabet: &str, count: usize) -> String {
        let alphabet = alphabet.as_bytes();
        (0..count)
            .map(|_| char::from(alphabet[self.next() as usize % alphabet.len()]))
            .collect()
    }
}

/// The check sum of GitHub and npm over a random part.
fn summed(random: String) -> String {
    let crc = !random.bytes().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            if crc & 1 == 1 {
                (crc >> 1) ^ 0xedb8_8320
            } else {
                crc >> 1
            }
        })
    });
    let mut rest = crc;
    let mut sum = vec!['0'; 6];
    for digit in sum.iter_mut().rev() {
        *digit = char::from(ALNUM.as_bytes()[(rest % 62) as usize]);
        rest /= 62;
    }
    random + &sum.into_iter().collect::<String>()
}

/// The secret with this name of the [corpus].
///
/// # Panics
/// There is none.
pub fn value(name: &str) -> String {
    let found = corpus().into_iter().find(|planted| planted.name == name);
    found.unwrap_or_else(|| panic!("no `{name}` in the corpus")).value
}

/// A private key in PEM with this label; its bytes are those of no key.
pub fn private_key(label: &str) -> String {
    let mut draw = Draw::new(label);
    let start = match label {
        "OPENSSH PRIVATE KEY" => "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAE",
        "PGP PRIVATE KEY BLOCK" => "lQVYBGNl",
        _ => "MIIEvgIBADANBgkq",
    };
    let body: Vec<String> = (0..12)
        .map(|line| {
            if line == 0 {
                start.to_owned() + &draw.of(BASE64, 64 - start.len())
            } else {
                draw.of(BASE64, 64)
            }
        })
        .collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", body.join("\n"))
}

type Row = (&'static str, &'static str, &'static str, &'static [Part]);

enum Part {
    Is(&'static str),
    Of(&'static str, usize),
    Summed(usize),
}

use Part::{Is, Of, Summed};

#[rustfmt::skip]
const TOKENS: &[Row] = &[
    ("github_token", "github_token", "ghp_", &[Summed(30)]),
    ("github_oauth", "github_token", "gho_", &[Summed(30)]),
    ("github_user", "github_token", "ghu_", &[Summed(30)]),
    ("github_server", "github_token", "ghs_", &[Summed(30)]),
    ("github_refresh", "github_token", "ghr_", &[Summed(70)]),
    ("github_fine", "github_token", "github_pat_", &[Of(ALNUM, 22), Is("_"), Of(ALNUM, 59)]),
    ("gitlab", "token", "glpat-", &[Of(URL, 20)]),
    ("gitlab_deploy", "token", "gldt-", &[Of(URL, 20)]),
    ("gitlab_runner", "token", "glrt-", &[Of(URL, 20)]),
    ("gitlab_trigger", "token", "glptt-", &[Of(HEX, 40)]),
    ("gitlab_registration", "token", "GR1348941", &[Of(URL, 20)]),
    ("gitlab_oauth", "secret", "gloas-", &[Of(URL, 64)]),
    ("crates_io", "token", "cio", &[Of(ALNUM, 32)]),
    ("npm", "token", "npm_", &[Summed(30)]),
    ("pypi", "token", "pypi-AgEIcHlwaS5vcmc", &[Of(URL, 120)]),
    ("rubygems", "token", "rubygems_", &[Of(HEX, 48)]),
    ("clojars", "token", "CLOJARS_", &[Of(LOWER, 60)]),
    ("docker", "token", "dckr_pat_", &[Of(URL, 27)]),
    ("jfrog", "api_key", "AKCp", &[Of(ALNUM, 69)]),
    ("jfrog_reference", "token", "cmVmd", &[Of(ALNUM, 59)]),
    ("sourcegraph", "token", "sgp_", &[Of(HEX, 40)]),
    ("octopus", "api_key", "API-", &[Of(UPPER, 26)]),
    ("pulumi", "token", "pul-", &[Of(HEX, 40)]),
    ("prefect", "token", "pnu_", &[Of(ALNUM, 36)]),
    ("infracost", "token", "ico-", &[Of(ALNUM, 32)]),
    ("aws_access_key", "aws_access_key", "AKIA", &[Of(BASE32, 12), Is("7Q"), Of(BASE32, 2)]),
    ("aws_temporary", "aws_access_key", "ASIA", &[Of(BASE32, 12), Is("5T"), Of(BASE32, 2)]),
    ("aws_bedrock", "api_key", "ABSK", &[Of(BASE64, 120)]),
    ("google", "api_key", "AIza", &[Of(URL, 35)]),
    ("google_oauth", "secret", "GOCSPX-", &[Of(URL, 28)]),
    ("alibaba", "api_key", "LTAI", &[Of(ALNUM, 20)]),
    ("digitalocean", "token", "dop_v1_", &[Of(HEX, 64)]),
    ("digitalocean_oauth", "token", "doo_v1_", &[Of(HEX, 64)]),
    ("digitalocean_refresh", "token", "dor_v1_", &[Of(HEX, 64)]),
    ("cloudflare", "token", "cfut_", &[Of(ALNUM, 40), Of(HEX, 8)]),
    ("cloudflare_origin", "api_key", "v1.0-", &[Of(HEX, 24), Is("-"), Of(HEX, 146)]),
    ("fly", "token", "fo1_", &[Of(URL, 43)]),
    ("heroku", "api_key", "HRKU-AA", &[Of(URL, 58)]),
    ("vercel", "token", "vcp_", &[Of(ALNUM, 56)]),
    ("scalingo", "token", "tk-us-", &[Of(URL, 48)]),
    ("openshift", "token", "sha256~", &[Of(URL, 43)]),
    ("planetscale", "token", "pscale_tkn_", &[Of(ALNUM, 43)]),
    ("planetscale_password", "password", "pscale_pw_", &[Of(ALNUM, 43)]),
    ("databricks", "token", "dapi", &[Of(HEX, 32)]),
    ("clickhouse", "api_key", "4b1d", &[Of(ALNUM, 38)]),
    ("vault", "token", "hvs.", &[Of(URL, 95)]),
    ("vault_batch", "token", "hvb.", &[Of(URL, 150)]),
    ("doppler", "token", "dp.pt.", &[Of(ALNUM, 43)]),
    ("onepassword", "secret", "A3-", &[Of(UPPER, 6), Is("-"), Of(UPPER, 11), Is("-"), Of(UPPER, 5), Is("-"), Of(UPPER, 5), Is("-"), Of(UPPER, 5)]),
    ("onepassword_service", "token", "ops_eyJ", &[Of(BASE64, 260)]),
    ("tailscale", "api_key", "tskey-", &[Is("auth-"), Of(ALNUM, 17), Is("-"), Of(ALNUM, 32)]),
    ("defined", "api_key", "dnkey-", &[Of(UPPER, 26), Is("-"), Of(UPPER, 52)]),
    ("grafana", "token", "glsa_", &[Of(ALNUM, 32), Is("_"), Of(HEX, 8)]),
    ("grafana_cloud", "token", "glc_", &[Of(BASE64, 80)]),
    ("grafana_key", "api_key", "eyJrIjoi", &[Of(BASE64, 80)]),
    ("sentry_user", "token", "sntryu_", &[Of(HEX, 64)]),
    ("sentry", "token", "sntrys_eyJ", &[Of(ALNUM, 90), Is("_"), Of(ALNUM, 43)]),
    ("dynatrace", "token", "dt0c01.", &[Of(UPPER, 24), Is("."), Of(UPPER, 64)]),
    ("newrelic", "api_key", "NRAK-", &[Of(UPPER, 27)]),
    ("newrelic_insert", "api_key", "NRII-", &[Of(ALNUM, 32)]),
    ("newrelic_browser", "api_key", "NRJS-", &[Of(HEX, 19)]),
    ("age", "token", "AGE-SECRET-KEY-1", &[Of("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58)]),
    ("openai", "api_key", "sk-proj-", &[Of(URL, 74), Is("T3BlbkFJ"), Of(URL, 74)]),
    ("openai_old", "api_key", "sk-", &[Of(ALNUM, 20), Is("T3BlbkFJ"), Of(ALNUM, 20)]),
    ("anthropic", "api_key", "sk-ant-api03-", &[Of(URL, 93), Is("AA")]),
    ("anthropic_admin", "api_key", "sk-ant-admin01-", &[Of(URL, 93), Is("AA")]),
    ("huggingface", "token", "hf_", &[Of(LETTERS, 34)]),
    ("huggingface_organization", "token", "api_org_", &[Of(LETTERS, 34)]),
    ("groq", "api_key", "gsk_", &[Of(ALNUM, 52)]),
    ("perplexity", "api_key", "pplx-", &[Of(ALNUM, 48)]),
    ("slack_bot", "slack_token", "xoxb-", &[Of(DIGITS, 12), Is("-"), Of(DIGITS, 12), Is("-"), Of(ALNUM, 24)]),
    ("slack_user", "slack_token", "xoxp-", &[Of(DIGITS, 12), Is("-"), Of(DIGITS, 12), Is("-"), Of(DIGITS, 12), Is("-"), Of(HEX, 32)]),
    ("slack_app", "slack_token", "xapp-", &[Is("1-A"), Of(UPPER, 10), Is("-"), Of(DIGITS, 13), Is("-"), Of(HEX, 64)]),
    ("slack_hook", "slack_token", "hooks.slack.com/services/", &[Is("T"), Of(UPPER, 8), Is("/B"), Of(UPPER, 8), Is("/"), Of(ALNUM, 24)]),
    ("discord_hook", "secret", "discord.com/api/webhooks/", &[Of(DIGITS, 18), Is("/"), Of(URL, 68)]),
    ("sendgrid", "api_key", "SG.", &[Of(URL, 22), Is("."), Of(URL, 43)]),
    ("brevo", "api_key", "xkeysib-", &[Of(HEX, 64), Is("-"), Of(ALNUM, 16)]),
    ("mailgun", "api_key", "key-", &[Of(HEX, 32)]),
    ("twilio", "api_key", "SK", &[Of(HEX, 32)]),
    ("stripe", "api_key", "sk_live_", &[Of(ALNUM, 24)]),
    ("stripe_restricted", "api_key", "rk_live_", &[Of(ALNUM, 24)]),
    ("stripe_test", "api_key", "sk_test_", &[Of(ALNUM, 24)]),
    ("square", "token", "sq0atp-", &[Of(URL, 22)]),
    ("square_secret", "secret", "sq0csp-", &[Of(URL, 43)]),
    ("shopify", "token", "shpat_", &[Of(HEX, 32)]),
    ("shopify_secret", "secret", "shpss_", &[Of(HEX, 32)]),
    ("shippo", "token", "shippo_live_", &[Of(HEX, 40)]),
    ("duffel", "token", "duffel_live_", &[Of(URL, 43)]),
    ("easypost", "token", "EZAK", &[Of(ALNUM, 54)]),
    ("flutterwave", "secret", "FLWSECK_TEST-", &[Of(HEX, 32), Is("-X")]),
    ("settlemint", "token", "sm_pat_", &[Of(ALNUM, 16)]),
    ("linear", "api_key", "lin_api_", &[Of(ALNUM, 40)]),
    ("notion", "token", "ntn_", &[Of(DIGITS, 11), Of(ALNUM, 35)]),
    ("figma", "token", "figd_", &[Of(URL, 40)]),
    ("postman", "api_key", "PMAK-", &[Of(HEX, 24), Is("-"), Of(HEX, 34)]),
    ("readme", "token", "rdme_", &[Of(LOWER, 70)]),
    ("typeform", "token", "tfp_", &[Of(ALNUM, 59)]),
    ("frameio", "token", "fio-u-", &[Of(URL, 64)]),
    ("airtable", "token", "pat", &[Of(ALNUM, 14), Is("."), Of(HEX, 64)]),
    ("adobe", "secret", "p8e-", &[Of(LOWER, 32)]),
    ("intra42", "secret", "s-s4t2ud-", &[Of(HEX, 64)]),
    ("harness", "api_key", "pat.", &[Of(ALNUM, 22), Is("."), Of(ALNUM, 24), Is("."), Of(ALNUM, 20)]),
    ("facebook", "token", "EAAM", &[Of(ALNUM, 120)]),
    ("azure_secret", "secret", "", &[Of(ALNUM, 3), Is("8Q~"), Of(ALNUM, 34)]),
    ("terraform", "token", "", &[Of(ALNUM, 14), Is(".atlasv1."), Of(URL, 64)]),
    ("telegram", "token", "", &[Is("7"), Of(DIGITS, 9), Is(":AA"), Of(URL, 33)]),
    ("mailchimp", "api_key", "", &[Of(HEX, 32), Is("-us14")]),
    ("maxmind", "api_key", "", &[Of(ALNUM, 6), Is("_"), Of(ALNUM, 29), Is("_mmk")]),
];

const UUID: &[Part] = &[
    Of(HEX, 8),
    Is("-"),
    Of(HEX, 4),
    Is("-"),
    Of(HEX, 4),
    Is("-"),
    Of(HEX, 4),
    Is("-"),
    Of(HEX, 12),
];

#[rustfmt::skip]
const NAMED: &[(&str, &str, &str, &[Part], &str)] = &[
    ("aws_secret_key", "aws_secret_key", "aws_secret_access_key = \"", &[Of(BASE64, 40)], "\""),
    ("aws_secret_settings", "aws_secret_key", "AWS_SECRET_ACCESS_KEY=", &[Of(BASE64, 40)], "\n"),
    ("azure_storage", "api_key", "DefaultEndpointsProtocol=https;AccountName=store;AccountKey=", &[Of(BASE64, 86), Is("==")], ";"),
    ("api_key", "api_key", "const API_KEY: &str = \"", &[Of(ALNUM, 32)], "\";"),
    ("datadog", "api_key", "datadog_api_key = \"", &[Of(HEX, 40)], "\""),
    ("algolia", "api_key", "\"algoliaApiKey\": \"", &[Of(HEX, 32)], "\","),
    ("twitter", "token", "twitter_access_token = '", &[Of(ALNUM, 45)], "'"),
    ("dropbox", "token", "dropbox_token: \"", &[Of(ALNUM, 64)], "\""),
    ("dropbox_short", "token", "dropbox_token = \"", &[Of(LOWER, 15)], "\""),
    ("heroku_uuid", "api_key", "HEROKU_API_KEY=\"", UUID, "\""),
    ("hubspot_uuid", "api_key", "hubspot_api_key: '", UUID, "'"),
    ("snyk_uuid", "token", "snyk_token = \"", UUID, "\""),
    ("squarespace_uuid", "token", "squarespace_access_token = \"", UUID, "\""),
    ("kucoin_uuid", "secret", "kucoin_secret = \"", UUID, "\""),
    ("token", "token", "let token = String::from(\"", &[Of(ALNUM, 40)], "\");"),
    ("secret", "secret", "client_secret: \"", &[Of(ALNUM, 32)], "\""),
    ("password", "password", "password = \"", &[Of("abcdefghjkmnpqrstuvwxyz", 4), Of("ABCDEFGHJKLMNPQRSTUVWXYZ", 3), Of("23456789", 4), Is("!")], "\""),
    ("password_json", "password", "{\\\"password\\\": \\\"", &[Of("kqwzx", 4), Of("ABCDEFGHJKLMNPQRSTUVWXYZ", 4), Of("23456789", 5)], "\\\"}"),
    ("password_url", "password", "postgres://svc:", &[Of(ALNUM, 20)], "@db.prod-cluster.com:5432/app"),
    ("npmrc", "token", "//registry.npmjs.org/:_authToken=", &[Of(ALNUM, 40)], "\n"),
    ("netrc", "password", "machine git.acme-corp.com login ci password ", &[Of(ALNUM, 24)], "\n"),
    ("bearer_token", "bearer_token", "curl -H 'Authorization: Bearer ", &[Of(ALNUM, 40)], "' https://api.acme-corp.com"),
    ("named_key", "api_key", "lob_key = \"live_", &[Of(HEX, 35)], "\""),
    ("kubernetes", "secret", "kind: Secret\nmetadata:\n  name: db\ndata:\n  value: ", &[Is("azVUOHFXMnBMOXZaNHhSN2JOM20="), Of("", 0)], "\n"),
    ("curl_user", "password", "curl -u ci:", &[Of(ALNUM, 20)], " https://git.acme-corp.com/api"),
    ("nuget", "password", "<add key=\"ClearTextPassword\" value=\"", &[Of(ALNUM, 24)], "\" />"),
];

/// One secret of every kind.
pub fn corpus() -> Vec<Planted> {
    let made = |name: &str, parts: &[Part]| {
        let mut draw = Draw::new(name);
        parts.iter().fold(String::new(), |value, part| {
            value
                + &match part {
                    Is(text) => (*text).to_owned(),
                    Of(alphabet, count) => draw.of(alphabet, *count),
                    Summed(count) => summed(draw.of(ALNUM, *count)),
                }
        })
    };
    let mut corpus = Vec::new();
    for (name, kind, prefix, parts) in TOKENS {
        let value = format!("{prefix}{}", made(name, parts));
        corpus.push(Planted {
            name,
            kind,
            text: format!("let x = \"{value}\";\n"),
            value,
        });
    }
    for (name, kind, before, parts, after) in NAMED {
        let value = made(name, parts);
        corpus.push(Planted {
            name,
            kind,
            text: format!("{before}{value}{after}"),
            value,
        });
    }
    for (name, label) in [
        ("private_key", "PRIVATE KEY"),
        ("rsa", "RSA PRIVATE KEY"),
        ("ec", "EC PRIVATE KEY"),
        ("dsa", "DSA PRIVATE KEY"),
        ("encrypted", "ENCRYPTED PRIVATE KEY"),
        ("openssh", "OPENSSH PRIVATE KEY"),
        ("pgp", "PGP PRIVATE KEY BLOCK"),
    ] {
        let text = private_key(label);
        let value = text.lines().nth(1).unwrap_or_default().to_owned();
        corpus.push(Planted {
            name,
            kind: "private_key",
            value,
            text,
        });
    }
    // As in the JSON of a service account.
    let text = format!(
        "\"private_key\": \"{}\"",
        private_key("PRIVATE KEY").replace('\n', "\\n")
    );
    let value = private_key("PRIVATE KEY").lines().nth(1).unwrap_or_default().to_owned();
    corpus.push(Planted {
        name: "service_account",
        kind: "private_key",
        value,
        text,
    });
    let mut draw = Draw::new("putty");
    let lines: Vec<String> = (0..4).map(|_| draw.of(BASE64, 64)).collect();
    corpus.push(Planted {
        name: "putty",
        kind: "private_key",
        value: lines[0].clone(),
        text: format!(
            "PuTTY-User-Key-File-3: ssh-rsa\nPrivate-Lines: 4\n{}\nPrivate-MAC: 0\n",
            lines.join("\n")
        ),
    });
    // {"alg":"HS256","typ":"JWT"} and {"sub":"ci"}
    let token = format!(
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJjaSJ9.{}",
        Draw::new("jwt").of(URL, 43)
    );
    corpus.push(Planted {
        name: "jwt",
        kind: "bearer_token",
        text: format!("let x = \"{token}\";\n"),
        value: token,
    });
    corpus
}
