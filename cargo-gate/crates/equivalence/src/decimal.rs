//! Decimal numbers of any size, compared exactly.

use std::cmp::Ordering;

/// A decimal number: `± digits · 10^exponent`, without zeros at either end of the digits. Zero has none, and no sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    exponent: i64,
}

impl Decimal {
    /// Reads `-12.5e3`. `None` where the text is no finite decimal number.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let (negative, rest) = match bytes {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            _ => (false, bytes),
        };
        let (number, power) = match rest.iter().position(|byte| matches!(byte, b'e' | b'E')) {
            Some(at) => (
                &rest[..at],
                std::str::from_utf8(&rest[at + 1..]).ok()?.parse::<i32>().ok()?,
            ),
            None => (rest, 0),
        };
        let point = number.iter().position(|byte| *byte == b'.');
        let (whole, fraction) = match point {
            Some(at) => (&number[..at], &number[at + 1..]),
            None => (number, &[][..]),
        };
        let mut digits: Vec<u8> = [whole, fraction].concat();
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let mut exponent = i64::from(power) - i64::try_from(fraction.len()).ok()?;
        let zeros = digits.iter().rev().take_while(|digit| **digit == b'0').count();
        digits.truncate(digits.len() - zeros);
        exponent += i64::try_from(zeros).ok()?;
        let leading = digits.iter().take_while(|digit| **digit == b'0').count();
        digits.drain(..leading);
        if digits.is_empty() {
            return Some(Self {
                negative: false,
                digits,
                exponent: 0,
            });
        }
        Some(Self {
            negative,
            digits,
            exponent,
        })
    }

    /// The number in one form: equal numbers have equal texts.
    pub fn canonical(&self) -> String {
        let digits: String = self.digits.iter().map(|digit| char::from(*digit)).collect();
        let sign = if self.negative { "-" } else { "" };
        format!("{sign}{digits}e{}", self.exponent)
    }

    /// Power of ten of the first digit.
    fn magnitude(&self) -> i64 {
        self.exponent.saturating_add(self.digits.len() as i64)
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |number: &Self| match (number.digits.is_empty(), number.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        let by_sign = sign(self).cmp(&sign(other));
        if by_sign != Ordering::Equal || self.digits.is_empty() {
            return by_sign;
        }
        // Without zeros at the end, a number that is a prefix of another is smaller.
        let size = (self.magnitude(), &self.digits).cmp(&(other.magnitude(), &other.digits));
        if self.negative { size.reverse() } else { size }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn the_same_number_in_other_words() {
        for same in [
            ["1", "1.000"],
            ["100", "1e2"],
            ["-0.0", "0"],
            ["12345678901234567890.10", "1234567890123456789010E-2"],
        ] {
            assert_eq!(number(same[0]), number(same[1]));
        }
        assert_ne!(number("0.1"), number("0.10000000000000001"));
        for wrong in ["", "-", ".", "1e", "NaN", "0x1", "1 ", "1e99999999999"] {
            assert_eq!(Decimal::parse(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn order_is_that_of_whole_numbers(a in -10_000_i64..10_000, b in -10_000_i64..10_000, power in 0_usize..6) {
            let text = |number: i64| {
                let digits = format!("{:06}", number.abs());
                let (whole, fraction) = digits.split_at(6 - power);
                format!("{}{whole}.{fraction}0", if number < 0 { "-" } else { "" })
            };
            prop_assert_eq!(number(&text(a)).cmp(&number(&text(b))), a.cmp(&b));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,20}") {
            let _ = Decimal::parse(&text);
        }
    }
}
