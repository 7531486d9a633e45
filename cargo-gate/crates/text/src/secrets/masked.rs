//! Text that may leave the process.

use std::borrow::Cow;
use std::fmt;

use super::mask::mask_secrets;

/// Text without secrets. What prints or publishes takes this type, and making one masks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masked<'t>(Cow<'t, str>);

impl Masked<'_> {
    /// Text that was put together from what is masked already and from the program's own words. `tests/tests/tidy.rs` lists who
    /// calls it.
    pub fn assembled(text: String) -> Masked<'static> {
        Masked(Cow::Owned(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text as bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl<'t> From<&'t str> for Masked<'t> {
    fn from(text: &'t str) -> Self {
        Self(mask_secrets(text))
    }
}

impl<'t> From<&'t String> for Masked<'t> {
    fn from(text: &'t String) -> Self {
        text.as_str().into()
    }
}

impl From<String> for Masked<'static> {
    fn from(text: String) -> Self {
        match mask_secrets(&text) {
            Cow::Owned(masked) => Masked(Cow::Owned(masked)),
            Cow::Borrowed(_) => Masked(Cow::Owned(text)),
        }
    }
}

impl fmt::Display for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::planted;

    #[test]
    fn whatever_it_is_made_from_holds_no_secret() {
        let text = format!("a {} b", planted::value("github_token"));
        let expected = "a [redacted github_token] b";
        assert_eq!(Masked::from(text.as_str()).as_str(), expected);
        assert_eq!(Masked::from(&text).to_string(), expected);
        assert_eq!(Masked::from(text), Masked::from(expected.to_owned()));
    }
}
