//! What the path of a file says about the secrets in it.

/// What a file is, as far as its path tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Tests, fixtures, examples, benchmarks, documentation: keys there are usually made for it.
    pub is_test: bool,
    /// Prose, where values behind names are examples.
    pub is_prose: bool,
    /// Settings, where values stand without quotes.
    pub is_settings: bool,
}

/// Words in the names of directories and files that hold what is made for tests or to show something.
const TEST_WORDS: &str = "\
    test tests testing testdata tester fixture fixtures example examples bench benches benchmark benchmarks sample \
    samples mock mocks mocked demo demos dummy fake fuzz corpus corpora snapshot snapshots snap e2e integration \
    tutorial tutorials testcase testcases testcerts testkeys testutil testutils testsuite testserver vectors \
    testvectors selfsigned signed snakeoil localhost spec specs playground doc docs book unittest unittests bogo rfc \
    rfcs website reference";

/// Extensions of prose.
const PROSE_EXTENSIONS: &[&str] = &["md", "mdx", "markdown", "rst", "adoc", "html", "ipynb"];

/// Names of files in which values stand without quotes.
const SETTINGS: &str = "\
    .npmrc .netrc _netrc .pypirc .pgpass .my.cnf .s3cfg .dockercfg credentials Dockerfile Makefile Jenkinsfile \
    .htpasswd .git-credentials";

/// Their extensions.
const SETTINGS_EXTENSIONS: &str = "\
    env ini cfg conf config properties yml yaml sh bash zsh fish ps1 bat cmd tf tfvars toml npmrc netrc pypirc cnf log \
    service";

/// What the path of a file says about it. The path is `/`-separated and relative.
pub fn place(path: &str) -> Place {
    let name = path.rsplit('/').next().unwrap_or(path);
    let (_, extension) = name.rsplit_once('.').unwrap_or((name, ""));
    Place {
        is_test: path.split('/').any(is_test_name),
        is_prose: PROSE_EXTENSIONS
            .iter()
            .any(|known| extension.eq_ignore_ascii_case(known)),
        is_settings: SETTINGS.split_whitespace().any(|known| known == name)
            || name.starts_with(".env")
            || SETTINGS_EXTENSIONS
                .split_whitespace()
                .any(|known| extension.eq_ignore_ascii_case(known)),
    }
}

fn is_test_name(name: &str) -> bool {
    let stem = name
        .split_once('.')
        .map_or(name, |(stem, _)| if stem.is_empty() { name } else { stem });
    words(stem).any(|word| TEST_WORDS.split_whitespace().any(|known| known == word))
}

/// Words of a name: at `-`, `_`, and where a capital letter follows a small one.
fn words(name: &str) -> impl Iterator<Item = String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for character in name.chars() {
        let starts = !character.is_alphanumeric() || character.is_uppercase() && before.is_lowercase();
        if starts {
            words.push(String::new());
        }
        if let (true, Some(word)) = (character.is_alphanumeric(), words.last_mut()) {
            word.extend(character.to_lowercase());
        }
        before = character;
    }
    words.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_for_tests() {
        for path in [
            "tests/key.pem",
            "test-ca/rsa/end.key",
            "src/tests.rs",
            "crates/a/testdata/k",
            "src/key_test.rs",
            "src/testKeys/k",
            "examples/tls/key.pem",
            "docs/setup.md",
        ] {
            assert!(place(path).is_test, "{path}");
        }
        for path in [
            "src/lib.rs",
            "deploy/key.pem",
            "contest/k",
            "src/latest.rs",
            "README.md",
            ".env",
        ] {
            assert!(!place(path).is_test, "{path}");
        }
    }

    #[test]
    fn where_values_have_no_quotes() {
        for path in [".env", ".env.production", "a/.npmrc", "b.yml", "c.INI", "credentials"] {
            assert!(place(path).is_settings, "{path}");
        }
        assert!(!place("src/lib.rs").is_settings);
        assert!(place("README.md").is_prose && !place("src/lib.rs").is_prose);
    }
}
