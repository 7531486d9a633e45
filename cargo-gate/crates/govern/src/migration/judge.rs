//! Totality, injectivity, and whether there is a way back.

use std::collections::BTreeMap;

use serde::Serialize;

use super::map::{Map, Transform};
use super::surface::{Element, Kind, Surface};

/// What is wrong with a migration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Loss {
    /// `uncovered`, `changed`, `non_injective`, `unknown_source`, `unknown_target`.
    pub code: &'static str,
    /// The elements of the old version that it is about; two for `non_injective`.
    pub sources: Vec<Element>,
    /// What is wrong.
    pub message: String,
    /// 1-based line of the map, where one is to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
}

/// Why a migration cannot be taken back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Irreversible {
    /// `dropped`, `payload_map` or `non_injective`.
    pub reason: &'static str,
    /// The element of the old version.
    pub source: Element,
    /// The words of the map about it.
    pub note: String,
}

/// What is known of a migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// Elements of the old version.
    pub elements: usize,
    /// Those that are in the new version as they were.
    pub kept: usize,
    /// Those that a transform moves.
    pub moved: usize,
    /// Those that a transform drops.
    pub dropped: usize,
    /// What is lost or contradicts itself: each fails the migration. Sorted.
    pub losses: Vec<Loss>,
    /// Whether the old version can be made of the new one again.
    pub reversible: bool,
    /// Why not. Sorted.
    pub irreversible: Vec<Irreversible>,
}

/// Judges a migration from one version to another.
///
/// An element that is in both versions with the same shape stays what it is unless the map says otherwise. Anything else needs a transform. A
/// transform that changes the shape states how, in `payload`; then the way back is not the way there.
pub fn judge(old: &Surface, new: &Surface, map: &Map) -> Judged {
    let mut judged = Judged {
        elements: old.elements.len(),
        kept: 0,
        moved: 0,
        dropped: 0,
        losses: Vec::new(),
        reversible: true,
        irreversible: Vec::new(),
    };
    let mut arrivals: BTreeMap<Element, Vec<&Element>> = BTreeMap::new();
    for (element, shape) in &old.elements {
        match map.transforms.get(element) {
            Some(transform) => {
                if let Some(target) = judged.transform(element, shape, transform, new) {
                    arrivals.entry(target).or_default().push(element);
                }
            }
            None => match new.elements.get(element) {
                Some(now) if now == shape => {
                    judged.kept += 1;
                    arrivals.entry(element.clone()).or_default().push(element);
                }
                Some(now) => judged.losses.push(Loss {
                    code: "changed",
                    sources: vec![element.clone()],
                    message: format!(
                        "{element} was `{shape}` and is `{now}`, and no transform says how one becomes the other"
                    ),
                    line: None,
                }),
                None if follows_field(element, old, map) => judged.dropped += 1,
                None => judged.losses.push(Loss {
                    code: "uncovered",
                    sources: vec![element.clone()],
                    message: format!("{element} is not in the new version, and no transform says where it goes"),
                    line: None,
                }),
            },
        }
    }
    for (element, transform) in &map.transforms {
        if !old.elements.contains_key(element) {
            judged.losses.push(Loss {
                code: "unknown_source",
                sources: vec![element.clone()],
                message: format!("{element} is not in the old version"),
                line: Some(transform.line),
            });
        }
    }
    for (target, sources) in arrivals {
        // Each pair of neighbours, so that every source is named.
        for pair in sources.windows(2) {
            let [first, second] = pair else { continue };
            let line = pair
                .iter()
                .filter_map(|source| map.transforms.get(*source))
                .map(|transform| transform.line)
                .max();
            judged.losses.push(Loss {
                code: "non_injective",
                sources: vec![(*first).clone(), (*second).clone()],
                message: format!("{first} and {second} both become `{}`", target.name),
                line,
            });
            judged.irreversible.push(Irreversible {
                reason: "non_injective",
                source: (*second).clone(),
                note: format!("`{}` is also what `{}` becomes", target.name, first.name),
            });
        }
    }
    judged.losses.sort();
    judged.irreversible.sort();
    judged.reversible = judged.irreversible.is_empty() && judged.losses.is_empty();
    judged
}

/// Whether an element is a state of a field that is dropped: its words go with it.
fn follows_field(element: &Element, old: &Surface, map: &Map) -> bool {
    let Some((field, _)) = element.name.split_once('=').filter(|_| element.kind == Kind::State) else {
        return false;
    };
    let field = Element {
        kind: Kind::Field,
        name: field.trim_end_matches("[]").to_owned(),
    };
    old.elements.contains_key(&field)
        && map
            .transforms
            .get(&field)
            .is_some_and(|transform| transform.to.is_none())
}

impl Judged {
    /// What a transform does to an element, and where that arrives.
    fn transform(&mut self, element: &Element, shape: &str, transform: &Transform, new: &Surface) -> Option<Element> {
        let Some(to) = &transform.to else {
            self.dropped += 1;
            self.irreversible.push(Irreversible {
                reason: "dropped",
                source: element.clone(),
                note: transform.drop.clone().unwrap_or_default(),
            });
            return None;
        };
        let target = Element {
            kind: element.kind,
            name: to.clone(),
        };
        let Some(now) = new.elements.get(&target) else {
            self.losses.push(Loss {
                code: "unknown_target",
                sources: vec![element.clone()],
                message: format!("{element} becomes `{to}`, which is not in the new version"),
                line: Some(transform.line),
            });
            return None;
        };
        self.moved += 1;
        match &transform.payload {
            Some(payload) => self.irreversible.push(Irreversible {
                reason: "payload_map",
                source: element.clone(),
                note: payload.clone(),
            }),
            None if now != shape => self.losses.push(Loss {
                code: "changed",
                sources: vec![element.clone()],
                message: format!("{element} was `{shape}` and becomes `{to}`, which is `{now}`: `payload` is missing"),
                line: Some(transform.line),
            }),
            None => {}
        }
        Some(target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surface(elements: &[(Kind, &str, &str)]) -> Surface {
        let element = |(kind, name, shape): &(Kind, &str, &str)| {
            let element = Element {
                kind: *kind,
                name: (*name).to_owned(),
            };
            (element, (*shape).to_owned())
        };
        Surface {
            elements: elements.iter().map(element).collect(),
        }
    }

    fn codes(judged: &Judged) -> Vec<&str> {
        judged.losses.iter().map(|loss| loss.code).collect()
    }

    fn map(text: &str) -> Map {
        Map::parse(&format!("version = 1\n{text}")).unwrap()
    }

    use Kind::{Field, Kernel, State};

    #[test]
    fn everything_old_needs_a_place() {
        let old = surface(&[
            (Kernel, "add", "(u64)"),
            (Kernel, "scale", "(u64, f32)"),
            (Field, "a", "string"),
        ]);
        let new = surface(&[
            (Kernel, "add", "(u64)"),
            (Kernel, "scale", "(u64, f64)"),
            (Kernel, "new", "()"),
        ]);
        let judged = judge(&old, &new, &Map::default());
        assert_eq!(codes(&judged), ["changed", "uncovered"]);
        assert_eq!((judged.kept, judged.reversible), (1, false));
        let transforms = "[[kernel]]\nfrom = \"scale\"\nto = \"scale\"\npayload = \"widened\"\n[[field]]\nfrom = \"a\"\ndrop = \"unused\"\n";
        let judged = judge(&old, &new, &map(transforms));
        assert_eq!(codes(&judged), Vec::<&str>::new());
        let reasons: Vec<&str> = judged.irreversible.iter().map(|one| one.reason).collect();
        assert_eq!(reasons, ["dropped", "payload_map"]);
        assert!(!judged.reversible);
    }

    #[test]
    fn two_states_do_not_become_one() {
        let old = surface(&[
            (State, "mode=CPU", ""),
            (State, "mode=SAFE", ""),
            (State, "mode=NATIVE", ""),
        ]);
        let new = surface(&[(State, "mode=SAFE", ""), (State, "mode=NATIVE", "")]);
        // One of the two stays what it is without being named.
        let judged = judge(&old, &new, &map("[[state]]\nfrom = \"mode=CPU\"\nto = \"mode=SAFE\"\n"));
        assert_eq!(codes(&judged), ["non_injective"]);
        assert_eq!(
            judged.losses[0].message,
            "state `mode=CPU` and state `mode=SAFE` both become `mode=SAFE`"
        );
        assert_eq!(judged.losses[0].sources.len(), 2);
        assert_eq!(judged.irreversible[0].reason, "non_injective");
        // A renaming of all of them is a way there and back.
        let new = surface(&[(State, "mode=A", ""), (State, "mode=B", ""), (State, "mode=NATIVE", "")]);
        let renamed =
            "[[state]]\nfrom = \"mode=CPU\"\nto = \"mode=A\"\n[[state]]\nfrom = \"mode=SAFE\"\nto = \"mode=B\"\n";
        let judged = judge(&old, &new, &map(renamed));
        assert!(judged.reversible && judged.losses.is_empty(), "{judged:?}");
        assert_eq!((judged.kept, judged.moved), (1, 2));
    }

    #[test]
    fn transforms_are_about_what_is_there() {
        let old = surface(&[(Field, "a", "string")]);
        let new = surface(&[(Field, "b", "integer")]);
        let judged = judge(
            &old,
            &new,
            &map("[[field]]\nfrom = \"a\"\nto = \"c\"\n[[field]]\nfrom = \"x\"\nto = \"b\"\n"),
        );
        assert_eq!(codes(&judged), ["unknown_source", "unknown_target"]);
        let judged = judge(&old, &new, &map("[[field]]\nfrom = \"a\"\nto = \"b\"\n"));
        assert_eq!(codes(&judged), ["changed"]);
    }

    #[test]
    fn the_words_of_a_dropped_field_go_with_it() {
        let old = surface(&[(Field, "mode", "string"), (State, "mode=A", "")]);
        let new = surface(&[(Field, "other", "string")]);
        let judged = judge(
            &old,
            &new,
            &map("[[field]]\nfrom = \"mode\"\ndrop = \"one mode is left\"\n"),
        );
        assert_eq!(codes(&judged), Vec::<&str>::new());
        assert_eq!(judged.dropped, 2);
    }

    #[test]
    fn surfaces_of_files() {
        let toml = Surface::of(
            "gate.toml",
            "version = 1\n[stage.pilot]\nscope = \"x\"\n[[waiver]]\ncheck = \"a.b\"\n",
        )
        .unwrap();
        let names: Vec<String> = toml.elements.keys().map(ToString::to_string).collect();
        assert_eq!(
            names,
            ["field `stage.pilot.scope`", "field `version`", "field `waiver.check`"]
        );
        let schema = r##"{"properties":{"mode":{"$ref":"#/definitions/M"},"n":{"type":"integer"}},"definitions":{"M":{"type":"string","enum":["A","B"]}}}"##;
        let schema = Surface::of("x.json", schema).unwrap();
        let names: Vec<String> = schema
            .elements
            .iter()
            .map(|(element, shape)| format!("{element} {shape}"))
            .collect();
        assert_eq!(
            names,
            [
                "field `mode` string",
                "field `n` integer",
                "state `mode=A` ",
                "state `mode=B` "
            ]
        );
        assert!(Surface::of("x.json", "{").is_err());
        assert!(Surface::of("x.toml", "").is_err());
        assert_eq!(Surface::of("x.toml", "a = 1\nb =\n").unwrap_err().line, Some(2));
        assert!(Surface::of("kernels.lock", "version = 7\n").is_err());
        // A schema that refers to itself ends.
        assert!(Surface::of("x.json", r##"{"properties":{"a":{"$ref":"#"}}}"##).is_ok());
    }
}
