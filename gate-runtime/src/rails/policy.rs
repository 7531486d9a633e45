//! Rails from the policy file of `cargo gate`: `[runtime.rails]` in `gate.toml`.
//!
//! The section is the one that `cargo gate` validates and explains, so a service runs under the rails that were judged. What is read is
//! the part of TOML that such a section needs: a header, and a key with a number or a word on each line. Rails that are written
//! in any other way are refused, never passed over.

use core::fmt;
use std::error::Error;

use super::settings::{InvalidRails, Rails, Settings};

/// Why the rails of a policy file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyError {
    /// Line, from 1; 0 where it is about the whole section.
    pub line: usize,
    /// What is wrong there.
    pub message: String,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.message),
            line => write!(f, "line {line}: {}", self.message),
        }
    }
}

impl Error for PolicyError {}

impl From<InvalidRails> for PolicyError {
    fn from(invalid: InvalidRails) -> PolicyError {
        PolicyError {
            line: 0,
            message: invalid.to_string(),
        }
    }
}

impl Rails {
    /// Reads `[runtime.rails]` of a `gate.toml`. What the section does not name, and everything where there is no such section, has its default.
    ///
    /// ```
    /// use gate_runtime::rails::Rails;
    ///
    /// let rails = Rails::from_policy("version = 1\n\n[runtime.rails]\ndwell = 8 # windows\nlatency-rise = 0.1\n")?;
    /// assert_eq!((rails.settings().dwell, rails.settings().latency_rise), (8, 0.1));
    /// # Ok::<(), gate_runtime::rails::PolicyError>(())
    /// ```
    ///
    /// # Errors
    /// A line of the section that is no key with a plain value, an unknown key, a key that is there twice, a value out of its range, and rails that are
    /// written as an inline table or with dotted keys.
    pub fn from_policy(text: &str) -> Result<Rails, PolicyError> {
        let mut settings = Settings::default();
        let mut seen: Vec<String> = Vec::new();
        let mut section = String::new();
        let mut here = false;
        let mut found = false;
        let mut quoted: Option<&str> = None;
        for (index, line) in text.lines().enumerate() {
            let error = |message: String| PolicyError {
                line: index + 1,
                message,
            };
            // Text of several lines may look like anything; rails stand in none.
            let was_quoted = quoted;
            for mark in ["\"\"\"", "'''"] {
                let switches = line.matches(mark).count() % 2 == 1;
                match quoted {
                    None if switches => quoted = Some(mark),
                    Some(open) if open == mark && switches => quoted = None,
                    _ => {}
                }
            }
            if was_quoted.is_some() {
                continue;
            }
            let line = line.split('#').next().unwrap_or_default().trim();
            if let Some(header) = line.strip_prefix('[').filter(|_| !line.contains('=')) {
                section = header
                    .trim_end_matches(']')
                    .chars()
                    .filter(|c| !c.is_whitespace())
                    .collect();
                here = section == "runtime.rails";
                if here && found {
                    return Err(error("duplicate table `[runtime.rails]`".to_owned()));
                }
                found |= here;
                if section.starts_with("runtime.rails.") || section == "[runtime.rails" {
                    return Err(error(format!(
                        "unknown table `[{section}]`: the rails have no subtables"
                    )));
                }
                continue;
            }
            let Some((key, value)) = line.split_once('=') else {
                if here && !line.is_empty() {
                    return Err(error(format!("expected `key = value`, found `{line}`")));
                }
                continue;
            };
            let (key, value) = (key.trim(), value.trim());
            if !here {
                let whole: String = format!("{section}.{key}")
                    .chars()
                    .filter(|c| !"\"' ".contains(*c))
                    .collect();
                let whole = whole.trim_start_matches('.');
                let inline = whole == "runtime" && value.contains("rails");
                if whole == "runtime.rails" || whole.starts_with("runtime.rails.") || inline {
                    return Err(error("rails must be written as a table: `[runtime.rails]`".to_owned()));
                }
                continue;
            }
            let name = key.replace('-', "_");
            if key.contains('_') {
                return Err(error(format!(
                    "unknown key `{key}`: did you mean `{}`?",
                    key.replace('_', "-")
                )));
            }
            if seen.contains(&name) {
                return Err(error(format!("duplicate key `{key}`")));
            }
            let number = value.replace('_', "");
            settings.set(&name, &number).map_err(|refused| {
                error(if refused.is_unknown() {
                    format!("unknown key `{key}`")
                } else {
                    format!("invalid value `{value}` for `{key}`: expected {}", refused.range)
                })
            })?;
            seen.push(name);
        }
        Ok(Rails::new(settings)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_section_is_read_wherever_it_stands() {
        let text = "version = 1\r\n[kernels]\r\npath = \"native-valid\"\r\n[ runtime.rails ] # ours\r\nwindow-calls = 1_024\r\n\
                    strict = true\r\n\r\n[stage.pilot]\r\nscope = \"dwell = 0\"\r\ndwell = 0\r\n";
        let rails = Rails::from_policy(text).expect("rails");
        let expected = Settings {
            window_calls: 1024,
            strict: true,
            ..Settings::default()
        };
        assert_eq!(*rails.settings(), expected);
        assert_eq!(Rails::from_policy("version = 1\n"), Ok(Rails::default()));
        assert_eq!(
            Rails::from_policy("a = '''\n[runtime.rails]\ndwell = 0\n'''\n"),
            Ok(Rails::default())
        );
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for (text, message) in [
            (
                "[runtime.rails]\ndwell = 0\n",
                "line 2: invalid value `0` for `dwell`: expected 1 to 10000",
            ),
            (
                "[runtime.rails]\ndwell\n",
                "line 2: expected `key = value`, found `dwell`",
            ),
            ("[runtime.rails]\nretries = 1\n", "line 2: unknown key `retries`"),
            (
                "[runtime.rails]\nwindow_calls = 64\n",
                "line 2: unknown key `window_calls`: did you mean `window-calls`?",
            ),
            (
                "[runtime.rails]\ndwell = 1\ndwell = 2\n",
                "line 3: duplicate key `dwell`",
            ),
            (
                "[runtime.rails]\n[a]\n[runtime.rails]\n",
                "line 3: duplicate table `[runtime.rails]`",
            ),
            (
                "[runtime]\nrails = { dwell = 1 }\n",
                "line 2: rails must be written as a table: `[runtime.rails]`",
            ),
            (
                "[runtime]\nrails.dwell = 1\n",
                "line 2: rails must be written as a table: `[runtime.rails]`",
            ),
            (
                "runtime.rails.dwell = 1\n",
                "line 1: rails must be written as a table: `[runtime.rails]`",
            ),
            (
                "runtime = { rails = { dwell = 1 } }\n",
                "line 1: rails must be written as a table: `[runtime.rails]`",
            ),
            (
                "[[runtime.rails]]\ndwell = 1\n",
                "line 1: unknown table `[[runtime.rails]`: the rails have no subtables",
            ),
            (
                "[runtime.rails]\nmin-samples = 65\n",
                "invalid value `65` for `min_samples`: expected 20 to 65536, not above window_calls",
            ),
        ] {
            assert_eq!(Rails::from_policy(text).expect_err(text).to_string(), message, "{text}");
        }
    }
}
