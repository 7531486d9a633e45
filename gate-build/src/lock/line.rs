//! Where in a lock something stands.

use super::fields::Source;
use crate::sorted::List as _;

/// What of an image is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// Where the image begins.
    Whole,
    /// The value of one of its fields: `isa`.
    Field(&'a str),
    /// The name of one of its entries.
    Entry(&'a str),
}

/// 1-based line of a part of an image in the text of a lock; `None` when it is not there or the text is no TOML.
#[must_use]
pub fn line_of(text: &str, unit: &str, arch: &str, part: Part<'_>) -> Option<usize> {
    let root = toml_span::parse(text).ok()?;
    let images = root.as_table()?.get("image")?.as_array()?;
    let image = images.iter().filter_map(toml_span::Value::as_table).seek(|image| {
        let is = |key: &str, wanted: &str| image.get(key).and_then(toml_span::Value::as_str) == Some(wanted);
        is("unit", unit) && is("arch", arch)
    })?;
    let at = match part {
        Part::Whole => image.keys().map(|key| key.span.start).min()?,
        Part::Field(field) => image.get(field)?.span.start,
        Part::Entry(name) => {
            let entries = image.get("entry")?.as_array()?;
            let names = entries.iter().filter_map(|entry| entry.as_table()?.get("name"));
            names.into_iter().seek(|value| value.as_str() == Some(name))?.span.start
        }
    };
    Some(Source(text).line(at))
}

#[cfg(test)]
mod tests {
    use super::{Part, line_of};

    #[test]
    fn parts_are_found_in_their_image() {
        let image = |arch: &str| {
            format!("[[image]]\nunit = \"k.cu\"\narch = \"{arch}\"\nisa = \"7.0\"\n\n[[image.entry]]\nname = \"f\"\n")
        };
        let text = image("sm_80") + &image("sm_90");
        for (unit, arch, part, line) in [
            ("k.cu", "sm_80", Part::Whole, Some(2)),
            ("k.cu", "sm_90", Part::Whole, Some(9)),
            ("k.cu", "sm_90", Part::Field("isa"), Some(11)),
            ("k.cu", "sm_80", Part::Entry("f"), Some(7)),
            ("k.cu", "sm_90", Part::Entry("f"), Some(14)),
            ("k.cu", "sm_90", Part::Entry("g"), None),
            ("k.cu", "sm_90", Part::Field("ptx"), None),
            ("j.cu", "sm_80", Part::Whole, None),
        ] {
            assert_eq!(line_of(&text, unit, arch, part), line, "{unit} {arch} {part:?}");
        }
        assert_eq!(line_of("=", "k.cu", "sm_80", Part::Whole), None);
    }
}
