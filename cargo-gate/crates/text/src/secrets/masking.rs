//! Which forms a mask hides, and which it leaves; and that none of them is a finding in a source.

use super::{mask_text, planted, scan};

/// Values of every kind that people choose: `X` in the forms.
const VALUES: &[&str] = &["zebra02moon", "Zebra-02-moon!", "k7Rw2pXq9LmT4vBn"];

/// Forms in which any value is hidden.
const FORMS: &[&str] = &[
    "mysql -u root -pX",
    "mysqldump -h db -u root -p'X' shop > x.sql",
    "running \"mysql\" \"-u\" \"root\" \"-pX\"",
    "mysql -u root \\\n  -pX shop",
    "sshpass -p X ssh host",
    "sshpass -pX ssh host",
    "docker login -u u -p X registry.io",
    "podman login -p 'X' registry.io",
    "redis-cli -h cache -a X ping",
    "curl -u ci:X https://git.acme-corp.com",
    "Cookie: session=X",
    "> Cookie: theme=dark; session=X",
    "-H 'Cookie: session=X; lang=en'",
    "Set-Cookie: session=X; Path=/; HttpOnly",
    "{\"set-cookie\": \"session=X; Path=/\"}",
    "curl --cookie \"session=X\" https://a.org",
    "$env:API_TOKEN = \"X\"",
    "$Env:API_TOKEN='X'",
    "set -x API_TOKEN X",
    "set -gx API_TOKEN \"X\"",
    "setx API_TOKEN X",
    "setenv API_TOKEN X",
    "export API_TOKEN=X",
    "X-Api-Key: X",
    "-H \"X-Api-Key: X\"",
    "X-Auth-Token: X",
    "Authorization: Basic X",
    "authorization: basic X",
    "Authorization: token X",
    "Authorization: Bearer X",
    "Authorization: X",
    "(\"Authorization\", \"token X\")",
    "{\"Authorization\":\"Basic X\"}",
    "{\\\"Authorization\\\":\\\"Basic X\\\"}",
    "Proxy-Authorization: Basic X",
    "password: X",
    "Password: X",
    "{\"password\":\"X\"}",
    "{\\\"password\\\":\\\"X\\\"}",
    "Config { user: \"a\", password: \"X\" }",
    "Config { password: Some(\"X\") }",
    "secret: X",
    "{\"client_secret\": \"X\"}",
    "machine a.org login ada password X",
    "--password X",
    "DB_PASS=X",
];

#[test]
fn every_form_is_hidden_and_nothing_around_it() {
    let mut raw = Vec::new();
    for form in FORMS {
        for value in VALUES {
            // `X-Api-Key` and `X-Auth-Token` begin with an X of their own.
            let at = form.rfind('X').unwrap();
            let text = format!("before\n{}{value}{}\nafter\n", &form[..at], &form[at + 1..]);
            let masked = mask_text(&text);
            let ends = masked.starts_with("before\n") && masked.ends_with("\nafter\n");
            if masked.contains(value) || masked.matches("[redacted ").count() != 1 || !ends {
                raw.push(masked.into_owned());
            }
        }
    }
    assert!(raw.is_empty(), "{}", raw.concat());
}

#[test]
fn a_token_as_the_user_of_an_address_is_hidden() {
    for text in [
        "git clone https://k7Rw2pXq9LmT4vBn@git.acme-corp.com/a",
        "https://k7Rw2pXq9LmT4vBn:x-oauth-basic@git.acme-corp.com/a",
        "https://k7Rw2pXq9LmT4vBn:@git.acme-corp.com/a",
    ] {
        let masked = mask_text(text);
        assert!(
            !masked.contains("k7Rw") && masked.contains("@git.acme-corp.com/a"),
            "{masked}"
        );
    }
    for text in [
        "ssh://git@a.org/x",
        "https://ada.lovelace@a.org/x",
        "https://a.org/k7Rw2pXq9LmT4vBn@1.2",
    ] {
        assert_eq!(mask_text(text), text);
    }
}

#[test]
fn a_long_header_is_hidden_to_its_end() {
    let value = planted::Draw::new("long").of("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789", 900);
    for scheme in ["Bearer", "token", "Basic"] {
        let masked = mask_text(&format!("Authorization: {scheme} {value}\n")).into_owned();
        assert_eq!(masked, format!("Authorization: {scheme} [redacted bearer_token]\n"));
    }
}

/// Sources, documents and messages in which nothing is a secret.
const HARMLESS: &[&str] = &[
    "password: String,",
    "password: Option<String>,",
    "pub password: &'static str,",
    "password: required",
    "Password: ",
    "password: <password>",
    "password: changeme",
    "password: ${DB_PASSWORD}",
    "{\"password\": \"changeme\"}",
    "{\"password\": \"<password>\"}",
    "{\"password\": \"${X}\"}",
    "{\"password\": {\"type\": \"string\"}}",
    "password: \"string\"",
    "the password is wrong: try again",
    "error: expected token: `,`",
    "unexpected token: identifier",
    "token: Token,",
    "secret: [u8; 32],",
    "secret: Vec<u8>,",
    "secret_key: Ed25519SecretKey,",
    "let token = lexer.next();",
    "secret: required",
    "secret: db-credentials",
    "cache-key: linux-v2-release",
    "foreign_key: \"users_2\"",
    "set -x TOKENS",
    "Authorization: <token>",
    "Authorization: Bearer <token>",
    "Authorization: Bearer ${TOKEN}",
    "authorization: basic authentication failed",
    "authorization: required",
    "Cookie: <name>=<value>",
    "cookie: HashMap<String, String>",
    "Cookies are set by default",
    "docker run -p3306:3306 mysql",
    "mysql -u root -p",
    "mysql -p\"$PASSWORD\" shop",
    "mysql -h db -P 3306 | grep -port",
    "docker login --help",
    "pub const STATUS_NO_TOKEN: u32 = 0x8009_0030u32;",
    "pub const AUTH_TOKEN_SIZE: usize = 4096usize;",
    "pub type EXTENDED_KEY_USAGE = CTL_USAGE_2;",
    "secret_kind: SECP256K1_KEY,",
    "token: lookahead_2.token,",
    "USER_PASSWORD_OID: &str = \"2.5.4.35\";",
    "[\"TIMEOUT-PASS\", \"SLOW2\", \"password\", \"private2\"]",
    "`nothing_is_no_pass`, `a_run_of_2_runs`",
    "large_types_passed_by_value = \"allow\"",
    "needless_pass_by_value = \"allow\"",
    "mysql -p\\\"$PASSWORD\\\" shop",
    "let secret = vec![0u8; 32];",
    "trait Authorization: Header2 {",
    "curl -u $USER:$PASSWORD https://a.org",
];

#[test]
fn harmless_text_stays() {
    let masked: Vec<_> = HARMLESS.iter().map(|text| mask_text(text)).collect();
    assert_eq!(masked, HARMLESS);
}

/// What is only hidden is no finding: a value that a person chose may be an example.
#[test]
fn what_is_only_hidden_is_no_finding() {
    // This one is a finding, in sources too.
    for form in FORMS.iter().filter(|form| !form.starts_with("curl -u")) {
        let at = form.rfind('X').unwrap();
        let text = format!("{}zebra02moon{}\n", &form[..at], &form[at + 1..]);
        assert_eq!(scan(text.as_bytes()), [], "{text}");
    }
    for text in HARMLESS {
        assert_eq!(scan(text.as_bytes()), [], "{text}");
    }
}

/// The guide says so.
#[test]
fn what_is_encoded_is_not_hidden() {
    let token = planted::value("github_token");
    let percent: String = token.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let hex: String = token.bytes().map(|byte| format!("{byte:02x}")).collect();
    let split = format!("{}\u{200b}{}", &token[..12], &token[12..]);
    for text in [percent, hex, split] {
        assert_eq!(mask_text(&text), text);
    }
}
