//! Texts without what does not matter: case, punctuation, white space.

use crate::rows::Text;

/// Appends a text in lower case, each run of anything but letters and digits as one space. There is no space at the start, and
/// none is doubled.
fn append(text: &str, out: &mut Vec<u8>) {
    let mut spaced = out.last().is_none_or(|byte| *byte == b' ');
    let mut rest = text;
    while !rest.is_empty() {
        // Most text is ASCII: a table says what becomes of each byte, without a branch, as nobody can predict the ends of words.
        let ascii = rest.bytes().position(|byte| byte >= 128).unwrap_or(rest.len());
        let (plain, other) = rest.split_at(ascii);
        let mut length = out.len();
        out.resize(length + ascii, 0);
        for byte in plain.bytes() {
            let letter = TABLE[usize::from(byte)];
            let is_space = letter == b' ';
            out[length] = letter;
            length += usize::from(!(is_space & spaced));
            spaced = is_space;
        }
        out.truncate(length);
        let Some(letter) = other.chars().next() else { break };
        rest = &other[letter.len_utf8()..];
        if letter.is_alphanumeric() {
            for lower in letter.to_lowercase() {
                out.extend_from_slice(lower.encode_utf8(&mut [0; 4]).as_bytes());
            }
            spaced = false;
        } else if !spaced {
            out.push(b' ');
            spaced = true;
        }
    }
}

/// Lower case of ASCII letters and digits; a space for the rest.
const TABLE: [u8; 256] = {
    let mut table = [b' '; 256];
    let mut byte = 0;
    while byte < 128 {
        let at = byte as u8;
        if at.is_ascii_alphanumeric() {
            table[byte] = at.to_ascii_lowercase();
        }
        byte += 1;
    }
    table
};

/// A row without what does not matter.
#[derive(Debug, Default, Clone)]
pub(crate) struct Normal {
    /// Prompt, a space, everything else; UTF-8.
    pub(crate) text: Vec<u8>,
    /// How many bytes of it are the prompt.
    pub(crate) prompt: usize,
}

impl Normal {
    /// Takes in a row, in place of what was there.
    pub(crate) fn read(&mut self, row: &Text) {
        self.text.clear();
        append(&row.prompt, &mut self.text);
        self.prompt = self.text.trim_ascii_end().len();
        self.text.truncate(self.prompt);
        if self.prompt > 0 {
            self.text.push(b' ');
        }
        append(&row.rest, &mut self.text);
        let end = self.text.trim_ascii_end().len();
        self.text.truncate(end);
    }

    /// The prompt.
    pub(crate) fn prompt(&self) -> &[u8] {
        &self.text[..self.prompt]
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.text).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn normal(prompt: &str, rest: &str) -> Normal {
        let mut normal = Normal::default();
        normal.read(&Text {
            prompt: prompt.into(),
            rest: rest.into(),
            ..Text::default()
        });
        normal
    }

    #[test]
    fn case_punctuation_and_white_space_do_not_matter() {
        let one = normal("  What IS\n2+2?", "Four, of course!");
        assert_eq!(one.as_str(), "what is 2 2 four of course");
        assert_eq!(one.prompt(), b"what is 2 2");
        assert_eq!(normal("", "  ÉTÉ — 東京 ").as_str(), "été 東京");
        assert_eq!(normal("a", "").as_str(), "a");
        assert_eq!(normal("?", "!").as_str(), "");
    }

    proptest! {
        #[test]
        fn what_is_normal_stays_so(prompt in ".{0,40}", rest in ".{0,80}") {
            let once = normal(&prompt, &rest);
            prop_assert!(!once.as_str().contains("  ") && once.as_str().trim() == once.as_str() && once.as_str().len() == once.text.len());
            let again = normal("", once.as_str());
            prop_assert_eq!(&again.text, &once.text);
        }
    }
}
