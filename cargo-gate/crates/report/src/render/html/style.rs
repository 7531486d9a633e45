//! How pages look: one palette in two schemes, and rules that only name its colours.

use std::fmt::Write as _;

/// A colour: its name, its value in the light scheme and in the dark one.
type Colour = (&'static str, &'static str, &'static str);

/// Every colour of a page.
const PALETTE: &[Colour] = &[
    ("page", "#ffffff", "#0d1117"),
    ("panel", "#f6f8fa", "#161b22"),
    ("line", "#d0d7de", "#30363d"),
    ("text", "#1f2328", "#e6edf3"),
    ("muted", "#57606a", "#9aa4af"),
    ("link", "#0550ae", "#6cb6ff"),
    ("good", "#116329", "#56d364"),
    ("good-tint", "#dafbe1", "#12261e"),
    ("bad", "#a40e26", "#ff9492"),
    ("bad-tint", "#ffebe9", "#331a1e"),
    ("warn", "#744500", "#e3b341"),
    ("warn-tint", "#fff8c5", "#2a2213"),
    ("calm", "#5a32a3", "#d2a8ff"),
    ("calm-tint", "#f5efff", "#251e36"),
    ("idle", "#57606a", "#9aa4af"),
    ("idle-tint", "#eff2f5", "#21262d"),
];

const RULES: &str = include_str!("style.css");

/// The sheet of a page.
pub(super) fn sheet() -> String {
    let scheme = |value: fn(&Colour) -> &'static str| {
        PALETTE.iter().fold(String::new(), |mut out, colour| {
            let _ = write!(out, "--{}:{};", colour.0, value(colour));
            out
        })
    };
    let (light, dark) = (scheme(|colour| colour.1), scheme(|colour| colour.2));
    format!(
        ":root{{color-scheme:light dark;{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n{RULES}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs of text and what it is on.
    const READ_ON: &[(&str, &[&str])] = &[
        (
            "text",
            &[
                "page",
                "panel",
                "good-tint",
                "bad-tint",
                "warn-tint",
                "calm-tint",
                "idle-tint",
            ],
        ),
        ("muted", &["page", "panel", "bad-tint", "good-tint", "idle-tint"]),
        (
            "link",
            &["page", "panel", "bad-tint", "warn-tint", "calm-tint", "idle-tint"],
        ),
        ("good", &["page", "panel", "good-tint"]),
        ("bad", &["page", "panel", "bad-tint"]),
        ("warn", &["page", "panel", "warn-tint"]),
        ("calm", &["page", "panel", "calm-tint"]),
        ("idle", &["page", "panel", "idle-tint"]),
    ];

    /// Relative luminance (WCAG 2.2).
    fn luminance(colour: &str) -> f64 {
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).expect("two digits")) / 255.0;
            if value <= 0.04045 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(one: &str, other: &str) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn contrast_is_computed_as_the_standard_says() {
        assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 1e-9);
        assert!((contrast("#777777", "#ffffff") - 4.478).abs() < 1e-3);
    }

    #[test]
    fn every_text_can_be_read_in_both_schemes() {
        let colour = |name: &str| {
            PALETTE
                .iter()
                .find(|colour| colour.0 == name)
                .expect("a colour of the palette")
        };
        let mut poor = Vec::new();
        for (text, grounds) in READ_ON {
            for ground in *grounds {
                let (text, ground) = (colour(text), colour(ground));
                for (scheme, ratio) in [
                    ("light", contrast(text.1, ground.1)),
                    ("dark", contrast(text.2, ground.2)),
                ] {
                    if ratio < 4.5 {
                        poor.push(format!("{} on {} ({scheme}): {ratio:.2}", text.0, ground.0));
                    }
                }
            }
        }
        assert!(poor.is_empty(), "{poor:#?}");
    }

    #[test]
    fn rules_name_colours_of_the_palette_and_load_nothing() {
        for part in RULES.split("var(--").skip(1) {
            let name = part.split(')').next().expect("a name");
            assert!(PALETTE.iter().any(|colour| colour.0 == name), "{name}");
        }
        for foreign in ["url(", "@import", "<", "&"] {
            assert!(!RULES.contains(foreign), "{foreign}");
        }
        assert!(!RULES.contains('#'), "a colour that is not of the palette");
    }
}
