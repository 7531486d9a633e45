//! Files that repeat what `[toolchain]` declares: `rust-toolchain.toml`, `rust-version`, the resolver. Documents repeat it in
//! a generated block (`generated::toolchain`).

use gate_base::Location;
use gate_policy::ToolchainPolicy;
use gate_world::cargo::Member;
use gate_world::manifest::Manifest;
use gate_world::toolchain::ToolchainFile;

/// One place that repeats a value of the policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consumer {
    /// The file, relative to the workspace root.
    pub path: String,
    /// Keys that lead to the value.
    pub keys: Vec<&'static str>,
    /// What the policy says.
    pub expected: String,
    /// What the file says; `None` where it says nothing.
    pub found: Option<String>,
    /// Where it says so, or where it should.
    pub location: Location,
    /// Member that it is about, where it is about one alone.
    pub package: Option<String>,
}

impl Consumer {
    /// Whether the file says what the policy says, byte for byte.
    pub fn agrees(&self) -> bool {
        self.found.as_deref() == Some(self.expected.as_str())
    }

    /// The key as it is written, and its value, as a line of TOML.
    pub fn line(&self) -> String {
        let key = self.keys.last().copied().unwrap_or_default();
        format!("{key} = {}", toml::Value::from(self.expected.as_str()))
    }

    /// The table of the key.
    pub fn table(&self) -> String {
        self.keys[..self.keys.len().saturating_sub(1)].join(".")
    }

    /// The text of the file with the value of the policy in it, in place of another one or as the first line of its table.
    /// `None` where there is no such table, or where the text is not TOML.
    pub fn written(&self, text: &str) -> Option<String> {
        let manifest = Manifest::parse(self.path.as_str(), text).ok()?;
        if let Some(value) = manifest.value_span(&self.keys) {
            let expected = toml::Value::from(self.expected.as_str()).to_string();
            return Some(format!("{}{expected}{}", &text[..value.start], &text[value.end..]));
        }
        let header = format!("[{}]", self.table());
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            at += line.len();
            if line.trim_end() == header && line.ends_with('\n') {
                let end = if line.ends_with("\r\n") { "\r\n" } else { "\n" };
                return Some(format!("{}{}{end}{}", &text[..at], self.line(), &text[at..]));
            }
        }
        None
    }
}

/// Name of the file that pins the compiler, where there is none yet.
pub const TOOLCHAIN_FILE: &str = "rust-toolchain.toml";

/// Every place, in the order of the policy and then of the manifests, the root first.
pub fn consumers(
    policy: &ToolchainPolicy,
    file: Option<&ToolchainFile>,
    members: &[Member],
    manifests: &[Manifest],
) -> Vec<Consumer> {
    let mut found = vec![channel(policy, file)];
    let text =
        |manifest: &Manifest, keys: &[&str]| manifest.value(keys).and_then(toml::Value::as_str).map(str::to_owned);
    let shared = ["workspace", "package", "rust-version"];
    let own = ["package", "rust-version"];
    if let Some(root) = manifests.first()
        && root.value(&shared).is_some()
    {
        found.push(Consumer {
            path: root.path.clone(),
            keys: shared.to_vec(),
            expected: policy.minimum.clone(),
            found: text(root, &shared),
            location: root.nearest(&shared),
            package: None,
        });
    }
    for manifest in manifests {
        let Some(member) = members.iter().find(|member| member.manifest == manifest.path) else {
            continue;
        };
        let inherits = manifest.value(&own).is_some_and(toml::Value::is_table);
        // A member that nobody can depend on need not say what it supports; what it says has to be right.
        if inherits || (!member.publish && manifest.value(&own).is_none()) {
            continue;
        }
        found.push(Consumer {
            path: manifest.path.clone(),
            keys: own.to_vec(),
            expected: policy.minimum.clone(),
            found: text(manifest, &own),
            location: manifest.nearest(&own),
            package: Some(member.name.clone()),
        });
    }
    if let (Some(expected), Some(root)) = (&policy.resolver, manifests.first()) {
        let keys = match root.value(&["workspace"]) {
            Some(_) => vec!["workspace", "resolver"],
            None => vec!["package", "resolver"],
        };
        found.push(Consumer {
            path: root.path.clone(),
            expected: expected.clone(),
            found: text(root, &keys).or_else(|| implied_resolver(root)),
            location: root.nearest(&keys),
            keys,
            package: None,
        });
    }
    found
}

fn channel(policy: &ToolchainPolicy, file: Option<&ToolchainFile>) -> Consumer {
    let file = file.filter(|file| !file.outside);
    Consumer {
        path: file.map_or(TOOLCHAIN_FILE, |file| &file.path).to_owned(),
        keys: vec!["toolchain", "channel"],
        expected: policy.release.clone(),
        found: file.and_then(|file| file.channel.clone()),
        location: match file {
            Some(file) if file.line > 0 => Location::line(&file.path, file.line),
            Some(file) => Location::file(&file.path),
            None => policy.location.clone(),
        },
        package: None,
    }
}

/// The resolver of a root manifest that names none: the edition of its package decides, and without a package the oldest one.
fn implied_resolver(root: &Manifest) -> Option<String> {
    let edition = match root.value(&["package"]) {
        None => "2015",
        Some(package) => match package.get("edition") {
            None => "2015",
            Some(toml::Value::String(edition)) => edition.as_str(),
            Some(_) => root.value(&["workspace", "package", "edition"])?.as_str()?,
        },
    };
    let resolver = match edition {
        "2015" | "2018" => "1",
        "2021" => "2",
        _ => "3",
    };
    Some(resolver.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn consumer(keys: &[&'static str]) -> Consumer {
        Consumer {
            path: "Cargo.toml".to_owned(),
            keys: keys.to_vec(),
            expected: "1.85".to_owned(),
            found: None,
            location: Location::file("Cargo.toml"),
            package: None,
        }
    }

    #[test]
    fn a_value_is_replaced_and_everything_else_stays() {
        let text = "# why\r\n[package]\r\nrust-version  =  '1.80' # old\r\nname = \"a\"\r\n";
        let written = consumer(&["package", "rust-version"]).written(text).expect("a text");
        assert_eq!(written, text.replace("'1.80'", "\"1.85\""));
        let absent = "[package]\r\nname = \"a\"\r\n";
        let written = consumer(&["package", "rust-version"]).written(absent).expect("a text");
        assert_eq!(written, "[package]\r\nrust-version = \"1.85\"\r\nname = \"a\"\r\n");
        assert_eq!(
            consumer(&["workspace", "package", "rust-version"]).written(absent),
            None
        );
        assert_eq!(consumer(&["package", "rust-version"]).written("[package"), None);
    }

    #[test]
    fn an_edition_implies_a_resolver() {
        let resolver = |text: &str| implied_resolver(&Manifest::parse("Cargo.toml", text).expect("TOML"));
        assert_eq!(resolver("[package]\nedition = \"2024\"\n").as_deref(), Some("3"));
        assert_eq!(resolver("[package]\nedition = \"2021\"\n").as_deref(), Some("2"));
        assert_eq!(resolver("[package]\n").as_deref(), Some("1"));
        assert_eq!(resolver("[workspace]\n").as_deref(), Some("1"));
        let inherited = "[package]\nedition.workspace = true\n[workspace.package]\nedition = \"2024\"\n";
        assert_eq!(resolver(inherited).as_deref(), Some("3"));
    }
}
