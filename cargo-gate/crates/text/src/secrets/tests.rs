use proptest::prelude::*;

use super::planted::{self, Planted};
use super::*;

fn contains(text: &str, part: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), part.as_bytes()).is_some()
}

/// Texts like those that people write, one secret among them.
fn around(planted: &Planted) -> String {
    format!("// Größe: 3\nfn main() {{}}\n{}\nlet end = 1;\n", planted.text)
}

#[test]
fn everything_planted_is_found_once_and_never_shown() {
    let mut missed = Vec::new();
    for planted in planted::corpus() {
        let text = around(&planted);
        let hits = scan(text.as_bytes());
        let [hit] = hits.as_slice() else {
            missed.push(format!("{}: {} hits", planted.name, hits.len()));
            continue;
        };
        let found = &text[hit.span.clone()];
        if hit.kind.name() != planted.kind || !contains(found, &planted.value) {
            missed.push(format!(
                "{}: {} instead of {}",
                planted.name,
                hit.kind.name(),
                planted.kind
            ));
        }
        let shown = format!("{} {} {}", hit.masked, hit.what, serde_json::to_string(hit).unwrap());
        assert!(!contains(&shown, &planted.value), "{}", planted.name);
        let masked = mask_text(&text);
        assert!(!contains(&masked, &planted.value), "{}", planted.name);
        assert_eq!(markers(masked.as_bytes()).len(), 1, "{}", planted.name);
        assert!(contains(&masked, "let end = 1;"), "{}", planted.name);
        let blanked = blank(&text);
        assert!(!contains(&blanked, &planted.value), "{}", planted.name);
        assert_eq!(blanked.chars().count(), text.chars().count(), "{}", planted.name);
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[test]
fn places_are_lines_and_columns_of_characters() {
    let planted = planted::corpus().swap_remove(0);
    let value = &planted.value;
    for end in ["\n", "\r\n"] {
        let text = format!("a{end}größe = \"{value}\"{end}b");
        let [hit] = scan(text.as_bytes()).try_into().unwrap();
        assert_eq!((hit.line, hit.column, hit.length as usize), (2, 10, value.len()));
    }
    let key = planted::private_key("PRIVATE KEY").replace('\n', "\r\n");
    let [windows] = scan(key.as_bytes()).try_into().unwrap();
    let [unix] = scan(planted::private_key("PRIVATE KEY").as_bytes()).try_into().unwrap();
    assert_eq!(windows.digest, unix.digest, "line ends do not change a key");
    assert_eq!((unix.line, unix.length), (1, 27));
}

#[test]
fn check_sums_tell_tokens_from_inventions() {
    let token = planted::value("github_token");
    assert!(scan(token.as_bytes())[0].certain);
    let mut other = token.clone();
    let last = other.pop().unwrap();
    other.push(if last == 'a' { 'b' } else { 'a' });
    assert_eq!(scan(other.as_bytes()), []);
    // Words go on before and after: no token.
    assert_eq!(scan(format!("x{token}").as_bytes()), []);
    assert_eq!(scan(format!("{token}x").as_bytes()), []);
    for around in [("\\n", "\\n"), ("\u{1b}[31m", "\u{1b}[0m"), ("/", "/"), ("", ".")] {
        let text = format!("{}{token}{}", around.0, around.1);
        assert_eq!(scan(text.as_bytes()).len(), 1, "{text:?}");
    }
}

#[test]
fn what_stands_for_a_secret_is_none() {
    let alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
    for text in [
        format!("AKIA{}EXAMPLE", "IOSFODNN7"),
        format!("glpat-{}", "x".repeat(20)),
        format!("glpat-{}", &alphabet[..20]),
        format!("sk_live_{}", "your_key_goes_here_please"),
        "password = \"correct horse battery staple\"".into(),
        "password = \"${DATABASE_PASSWORD}\"".into(),
        "let token = tokenizer.next_token(\"identifier_1\");".into(),
        "postgres://postgres:password@localhost:5432/app".into(),
        "https://user:hunter2@example.com/".into(),
        "https://{user}:{password}@host.io/".into(),
        "https://user:hunter2024@radio.io/".into(),
        "ice+http://source:p4ssw0rd@ingest.radio.io:8000/radio".into(),
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----".into(),
        "token = \"550e8400-e29b-41d4-a716-446655440000\"".into(),
        format!("checksum = \"{}\"", gate_base::digest::sha256_hex(b"")),
        "Authorization: Bearer <token>".into(),
        format!("Authorization: Bearer {PATTERNED_WEB_TOKEN}"),
        format!("Authorization: Bearer {EXAMPLE_WEB_TOKEN}"),
        format!("let session_token = \"{EXAMPLE_WEB_TOKEN}\";"),
    ] {
        assert_eq!(scan(text.as_bytes()), [], "{text}");
    }
}

/// The claims end in a row of zeros.
const PATTERNED_WEB_TOKEN: &str = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJiQGIuY29tIiwiY29tcGFueSI6IkFDTUUiLCJleHAiOjEwMDAwMDAwMDAwfQ.M3LAZmrzUkXDC1q5mSzFAs_kJrwuKz3jOoDmjJ0G4gM";

/// Signed with the key `secret`.
const EXAMPLE_WEB_TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhZGFAdGlkZS5pbyIsInJvbGUiOiJhZG1pbiIsImV4cCI6MTc5MzUyNTEyN30.BdLHjBV887BSPvxJeJOg03DYEveHftTbX6xAIYK9BrA";

/// A command with many words is one line of a report.
#[test]
fn what_is_masked_may_be_on_a_long_line() {
    let filler = "word ".repeat(600);
    for name in ["api_key", "aws_secret_key", "datadog"] {
        let corpus = planted::corpus();
        let planted = corpus.iter().find(|planted| planted.name == name).expect("a kind");
        let text = format!("{filler}{}{filler}", planted.text.trim_end());
        assert!(!mask_text(&text).contains(&planted.value), "{name}");
    }
    let bearer = format!("{filler}Authorization: Bearer Zx7Kq9Lm2Np4Rt6Vw8Yb1Cd3 {filler}");
    assert!(!mask_text(&bearer).contains("Zx7Kq9Lm2Np4Rt6Vw8Yb1Cd3"));
}

#[test]
fn a_web_token_with_another_signature_is_no_example() {
    let signed = EXAMPLE_WEB_TOKEN.rsplit_once('.').unwrap().0;
    let token = format!("{signed}.{}", "LKCsb3DKBkPs-q8M1JS1qcsV9aj7xgqh6a-nkZ_sPnA");
    for text in [token.clone(), format!("Authorization: Bearer {token}")] {
        let [hit] = scan(text.as_bytes()).try_into().unwrap();
        assert_eq!(hit.kind, Kind::BearerToken, "{text}");
    }
}

#[test]
fn test_code_and_documentation_are_told_apart() {
    let value = planted::value("gitlab");
    let in_test = |text: String| scan(text.as_bytes())[0].in_test;
    assert!(in_test(format!(
        "#[cfg(test)]\nmod tests {{\n    const T: &str = \"{value}\";\n}}\n"
    )));
    assert!(in_test(format!("/// let t = \"{value}\";\nfn x() {{}}\n")));
    assert!(!in_test(format!(
        "#[cfg(test)]\nmod tests {{\n}}\n\nconst T: &str = \"{value}\";\n"
    )));
    assert!(!in_test(format!(
        "const T: &str = \"{value}\";\n#[cfg(test)]\nmod tests {{\n}}\n"
    )));
}

#[test]
fn utf16_is_text_and_binary_is_not() {
    let value = planted::value("gitlab");
    let utf16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(value.encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    assert_eq!(scan(&utf16).len(), 1);
    assert_eq!(scan(format!("\0\0{value}").as_bytes()), []);
    let store = [&[0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2][..], &[0; 64]].concat();
    assert_eq!(scan(&store)[0].what, "a Java key store");
}

#[test]
fn home_directories_of_somebody() {
    let homes = |text: &str| -> Vec<String> {
        scan_all(text.as_bytes())
            .homes
            .into_iter()
            .map(|home| home.text)
            .collect()
    };
    assert_eq!(homes("at /home/grace/src/x.rs:1"), ["/home/grace"]);
    assert_eq!(homes("file:///Users/grace/x"), ["/Users/grace"]);
    assert_eq!(homes(r"C:\Users\grace\x"), [r"C:\Users\grace"]);
    assert_eq!(homes(r#""C:\\Users\\grace\\x""#), [r"C:\\Users\\grace"]);
    assert_eq!(homes(".file 1 \"/home/grace/kernels/add.cu\""), ["/home/grace"]);
    for none in [
        "/home/user/x",
        "/Users/name/x",
        "https://a.org/home/grace/x",
        "/home/",
        "~/home/grace/x",
        "/home/$USER/x",
    ] {
        assert_eq!(homes(none), [""; 0], "{none}");
    }
    assert_eq!(mask_text("see /home/grace/x"), "see [redacted home]/x");
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let found = scan_all(&bytes);
        for hit in &found.hits {
            prop_assert!(hit.span.end <= bytes.len() && hit.line > 0 && hit.column > 0);
        }
    }

    #[test]
    fn no_mixture_of_keywords_panics(words in proptest::collection::vec(prop::sample::select(PIECES), 0..30)) {
        let text = words.concat();
        let (masked, _) = mask(text.as_bytes());
        drop(scan_all(&masked));
    }

    #[test]
    fn masking_leaves_no_part_of_a_secret(at in 0_usize..100, before in "[ -~\\n]{0,40}", after in "[ \\n\"',;)][ -~\\n]{0,40}") {
        let corpus = planted::corpus();
        let planted = &corpus[at % corpus.len()];
        let text = format!("{before} {}{after}", planted.text);
        let masked = mask_text(&text);
        // Text in front may turn the secret into something else; then nothing may be masked that is no secret.
        if masked != text && scan(text.as_bytes()).iter().any(|hit| contains(&text[hit.span.clone()], &planted.value)) {
            prop_assert!(!contains(&masked, &planted.value));
        }
        for hit in scan(text.as_bytes()) {
            prop_assert!(!contains(&hit.masked, &text[hit.span.clone()]));
            let line = text.lines().nth(hit.line as usize - 1).unwrap_or_default();
            let first: String = text[hit.span.clone()].lines().next().unwrap_or_default().to_owned();
            let at_column: String = line.chars().skip(hit.column as usize - 1).collect();
            prop_assert!(at_column.starts_with(first.trim_end()));
        }
    }
}

const PIECES: &[&str] = &[
    "-----BEGIN ",
    "RSA ",
    "PRIVATE KEY",
    "-----",
    "-----END ",
    "\n",
    "\r\n",
    "\\n",
    "eyJ",
    ".",
    "://",
    "user",
    ":",
    "@",
    "password",
    "=",
    "\"",
    "'",
    " ",
    "sk-",
    "T3BlbkFJ",
    "Q~",
    ":AA",
    "-us1",
    "_mmk",
    ".atlasv1.",
    "Private-Lines:",
    "/home/",
    "grace",
    "/",
    "C:\\Users\\",
    "é",
    "Bearer ",
    "Basic ",
    "Authorization",
    ": ",
    "Set-",
    "Cookie",
    ";",
    ",",
    "$env:",
    "set -x ",
    "mysql ",
    " login ",
    "sshpass ",
    "-p",
    "zebra02moon",
    "AZDO",
    "AccountKey=",
    "((((",
    "Some(",
    "{",
    "0123",
    "MIIE",
];

/// What the property tests cannot come upon: a prefix with nothing behind it, or not enough.
#[test]
fn a_prefix_alone_is_no_token() {
    for format in formats::all() {
        for behind in ["", ".", "..", " ", "\"", ".a", "a.", "é", "\0"] {
            for before in ["", "=", "\"", "https://x/", "é"] {
                let text = format!("{before}{}{behind}", format.prefix);
                scan_all(text.as_bytes());
                mask_text(&text);
            }
        }
    }
    for planted in planted::corpus() {
        for (cut, _) in planted.text.char_indices() {
            let text = &planted.text[..cut];
            assert!(mask_text(text).len() < planted.text.len() + 200, "{}", planted.name);
            scan_all(text.as_bytes());
            scan_all(&planted.text.as_bytes()[cut..]);
        }
    }
}
