//! A part of a comparison that another machine carried out, with the digests of what it compared.

use serde::{Deserialize, Serialize};

use gate_base::error::Result;

use super::overlap::Overlap;
use super::scan::Shard;
use crate::directory::sha256;

type Side = super::scan::Side;

/// Version of the form and of the rules by which texts are the same: parts of two versions do not add up.
const VERSION: u32 = 1;

/// Most parts that a comparison is divided into.
pub const MOST: u64 = 1000;

/// What one of several machines found. It does not say which machine made it; the signature around it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    version: u32,
    part: u64,
    of: u64,
    train: Vec<Compared>,
    eval: Vec<Compared>,
    found: Overlap,
}

/// A file that was compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Compared {
    /// What it is called in reports.
    name: String,
    /// SHA-256 of its bytes.
    sha256: String,
}

fn digests(side: &Side) -> Result<Vec<Compared>> {
    let of = |(name, path): &(String, std::path::PathBuf)| {
        Ok(Compared {
            name: name.clone(),
            sha256: sha256(path)?,
        })
    };
    side.iter().map(of).collect()
}

impl Part {
    /// A part of a comparison of these files. `found` makes it; files that change meanwhile are an error in the inner result.
    ///
    /// # Errors
    /// A file cannot be read.
    pub(crate) fn of(
        shard: Shard,
        train: &Side,
        eval: &Side,
        found: impl FnOnce() -> std::result::Result<Overlap, String>,
    ) -> Result<std::result::Result<Self, String>> {
        let before = (digests(train)?, digests(eval)?);
        let found = match found() {
            Ok(found) => found,
            Err(why) => return Ok(Err(why)),
        };
        if (digests(train)?, digests(eval)?) != before {
            return Ok(Err("the data changed while it was compared".into()));
        }
        Ok(Ok(Self {
            version: VERSION,
            part: shard.part,
            of: shard.of,
            train: before.0,
            eval: before.1,
            found,
        }))
    }

    /// Reads a part.
    ///
    /// # Errors
    /// Why it is not one, as the end of a sentence.
    pub fn parse(bytes: &[u8]) -> std::result::Result<Self, String> {
        let part: Self = serde_json::from_slice(bytes).map_err(|error| format!("it is not a part: {error}"))?;
        if part.version != VERSION {
            return Err(format!(
                "it has version {}, and this tool reads version {VERSION}",
                part.version
            ));
        }
        if !(1..=MOST).contains(&part.of) || !(1..=part.of).contains(&part.part) {
            return Err(format!("there is no part {} of {}", part.part, part.of));
        }
        if !part.found.is_of(part.train.len(), part.eval.len()) {
            return Err("it names rows of files that it did not compare".into());
        }
        Ok(part)
    }

    /// The file, with a line break at its end.
    pub fn to_json(&self) -> String {
        // Texts and whole numbers are always JSON.
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }
}

/// Adds up parts, with what each is called: all of one comparison, each once, and of the files as they are now.
///
/// # Errors
/// A file cannot be read. The inner error names the part that does not fit, and why.
pub(crate) fn merged(
    parts: &[(String, Part)],
    train: &Side,
    eval: &Side,
    items: usize,
) -> Result<std::result::Result<Overlap, String>> {
    let now = (digests(train)?, digests(eval)?);
    let mut whole = Overlap::default();
    let mut seen: Vec<(u64, &str)> = Vec::new();
    let Some((first, Part { of, .. })) = parts.first() else {
        return Ok(Err("no part of the comparison".into()));
    };
    let of = *of;
    for (name, part) in parts {
        if part.of != of {
            let other = part.of;
            return Ok(Err(format!(
                "`{name}` is one of {other} parts and `{first}` one of {of}"
            )));
        }
        for (side, then, now) in [("training", &part.train, &now.0), ("evaluation", &part.eval, &now.1)] {
            if let Some(why) = differs(then, now) {
                return Ok(Err(format!("`{name}` is about other {side} data: {why}")));
            }
        }
        if part.found.items.iter().any(|item| *item as usize >= items) {
            return Ok(Err(format!("`{name}` names evaluated rows that do not exist")));
        }
        if let Some((_, other)) = seen.iter().find(|(number, _)| *number == part.part) {
            return Ok(Err(format!(
                "`{name}` and `{other}` are both part {} of {of}",
                part.part
            )));
        }
        seen.push((part.part, name));
        whole.merge(part.found.clone());
    }
    let missing = (1..=of).find(|number| seen.iter().all(|(part, _)| part != number));
    Ok(match missing {
        Some(missing) => Err(format!("part {missing} of {of} is missing")),
        None => Ok(whole),
    })
}

/// The first file in which two sides differ, in words.
fn differs(then: &[Compared], now: &[Compared]) -> Option<String> {
    if then.len() != now.len() {
        return Some(format!("{} files, and the run has {}", then.len(), now.len()));
    }
    let pair = then.iter().zip(now).find(|(then, now)| then != now)?;
    Some(if pair.0.name == pair.1.name {
        format!("`{}` has changed", pair.1.name)
    } else {
        format!("`{}`, and the run has `{}`", pair.0.name, pair.1.name)
    })
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use proptest::prelude::*;

    use super::*;
    use crate::contamination::{index, scan, scan_shard};

    /// Writes files of rows, each a sentence of the words of these numbers.
    fn side(directory: &Path, name: &str, files: &[Vec<u8>]) -> Vec<(String, PathBuf)> {
        let write = |(at, rows): (usize, &Vec<u8>)| {
            let name = format!("{name}{at}.jsonl");
            let path = directory.join(&name);
            let row = |seed: &u8| {
                let words: Vec<String> = (0..20_u64)
                    .map(|word| format!("w{}", (u64::from(*seed) + word) * 7919))
                    .collect();
                format!("{{\"text\": \"{}\"}}\n", words.join(" "))
            };
            std::fs::write(&path, rows.iter().map(row).collect::<String>()).expect("written");
            (name, path)
        };
        files.iter().enumerate().map(write).collect()
    }

    fn parts(train: &Side, eval: &Side, of: u64) -> Vec<(String, Part)> {
        let (indexed, _) = index(eval).expect("indexed");
        let one = |part: u64| {
            let shard = Shard { part, of };
            let found = Part::of(shard, train, eval, || scan_shard(&indexed, train, shard));
            let text = found.expect("read").expect("compared").to_json();
            (
                format!("{part}.json"),
                Part::parse(text.as_bytes()).expect("it reads back"),
            )
        };
        (1..=of).map(one).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn parts_give_the_bytes_of_the_whole(
            train in prop::collection::vec(prop::collection::vec(0..60_u8, 1..30), 1..8),
            eval in prop::collection::vec(prop::collection::vec(0..60_u8, 1..8), 1..3),
            of in 1..9_u64,
            turn in 0..9_usize,
        ) {
            let directory = tempfile::tempdir().expect("a directory");
            let (train, eval) = (side(directory.path(), "train", &train), side(directory.path(), "eval", &eval));
            let (indexed, _) = index(&eval).expect("indexed");
            let whole = scan(&indexed, &train).expect("scanned");
            let mut parts = parts(&train, &eval, of);
            let count = parts.len();
            parts.rotate_left(turn % count);
            let merged = merged(&parts, &train, &eval, indexed.len()).expect("read").expect("merged");
            prop_assert_eq!(serde_json::to_string(&merged).expect("JSON"), serde_json::to_string(&whole).expect("JSON"));
        }
    }

    #[test]
    fn a_part_that_does_not_fit_is_refused_by_name() {
        let directory = tempfile::tempdir().expect("a directory");
        let train = side(directory.path(), "train", &[vec![1, 2], vec![3], vec![40]]);
        let eval = side(directory.path(), "eval", &[vec![4, 50]]);
        let told = |parts: &[(String, Part)], train: &Side, eval: &Side| {
            let merged = merged(parts, train, eval, 2).expect("read");
            merged.map_or_else(|why| why, |_| "merged".to_owned())
        };
        let good = parts(&train, &eval, 3);
        assert_eq!(told(&good, &train, &eval), "merged");
        assert_eq!(told(&good[..2], &train, &eval), "part 3 of 3 is missing");
        let twice = [
            good[0].clone(),
            good[1].clone(),
            ("again.json".into(), good[1].1.clone()),
        ];
        assert_eq!(
            told(&twice, &train, &eval),
            "`again.json` and `2.json` are both part 2 of 3"
        );
        let mixed = [good[0].clone(), parts(&train, &eval, 2)[1].clone()];
        assert_eq!(
            told(&mixed, &train, &eval),
            "`2.json` is one of 2 parts and `1.json` one of 3"
        );
        assert_eq!(
            told(&good, &train[..2], &eval),
            "`1.json` is about other training data: 3 files, and the run has 2"
        );
        let mut turned = train.clone();
        turned.swap(0, 1);
        assert_eq!(
            told(&good, &turned, &eval),
            "`1.json` is about other training data: `train0.jsonl`, and the run has `train1.jsonl`"
        );
        side(directory.path(), "eval", &[vec![4, 51]]);
        assert_eq!(
            told(&good, &train, &eval),
            "`1.json` is about other evaluation data: `eval0.jsonl` has changed"
        );
    }

    #[test]
    fn data_that_changes_while_it_is_compared_gives_no_part() {
        let directory = tempfile::tempdir().expect("a directory");
        let train = side(directory.path(), "train", &[vec![1]]);
        let shard = Shard { part: 1, of: 1 };
        let part = Part::of(shard, &train, &[], || {
            side(directory.path(), "train", &[vec![2]]);
            Ok(Overlap::default())
        });
        assert_eq!(
            part.expect("read"),
            Err("the data changed while it was compared".to_owned())
        );
    }

    #[test]
    fn what_no_part_says_is_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        let train = side(directory.path(), "train", &[vec![1, 5]]);
        let text = parts(&train, &side(directory.path(), "eval", &[vec![5]]), 1)[0]
            .1
            .to_json();
        assert!(Part::parse(text.as_bytes()).is_ok());
        let nan = f64::NAN.to_bits().to_string();
        let one = 1.0_f64.to_bits().to_string();
        for (from, to) in [
            ("\"version\":1", "\"version\":2"),
            ("\"part\":1", "\"part\":2"),
            ("\"of\":1", "\"of\":0"),
            ("\"train\":0", "\"train\":1"),
            (one.as_str(), nan.as_str()),
            ("\"version\"", "\"status\":\"PASS\",\"version\""),
            ("{\"version\":1", "{"),
        ] {
            assert!(text.contains(from), "{from}: {text}");
            assert!(Part::parse(text.replace(from, to).as_bytes()).is_err(), "{to}");
        }
    }
}
