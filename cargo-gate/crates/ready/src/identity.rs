//! Numbers that stand for a person or an account, told from other numbers by their check digits.

use std::ops::Range;

/// What such a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// A payment card: an issuer's range and length, and the check digit of Luhn (ISO/IEC 7812-1).
    PaymentCard,
    /// An international bank account: the length of its country, remainder 1 modulo 97 (ISO 13616).
    Iban,
    /// A social security number of the United States, written `123-45-6789`, from a range that is in use.
    UsSsn,
    /// A British national insurance number, from prefixes that are in use.
    UkNino,
    /// A Spanish identity number, with its letter.
    EsDni,
    /// An Italian tax code, with its check letter.
    ItCodiceFiscale,
}

impl Kind {
    /// Its name in reports.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::PaymentCard => "payment_card",
            Kind::Iban => "iban",
            Kind::UsSsn => "us_ssn",
            Kind::UkNino => "uk_nino",
            Kind::EsDni => "es_dni",
            Kind::ItCodiceFiscale => "it_codice_fiscale",
        }
    }
}

/// Finds them in a text, in order, without overlaps.
pub(crate) fn scan(bytes: &[u8]) -> Vec<(Kind, Range<usize>)> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(step) = bytes[at..].iter().position(u8::is_ascii_digit) {
        let digit = at + step;
        let start = token_start(bytes, digit);
        let token = token(bytes, start);
        match of_token(bytes, start, token) {
            Some((kind, end)) => {
                found.push((kind, start..end));
                at = end;
            }
            None => at = (start + token).max(digit + 1),
        }
    }
    found
}

/// Where the letters and digits around a digit begin.
fn token_start(bytes: &[u8], digit: usize) -> usize {
    let letters = bytes[..digit]
        .iter()
        .rev()
        .take(8)
        .take_while(|byte| byte.is_ascii_uppercase())
        .count();
    digit - letters
}

/// How many letters and digits there are from here on.
fn token(bytes: &[u8], start: usize) -> usize {
    bytes[start..]
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric())
        .count()
}

fn of_token(bytes: &[u8], start: usize, length: usize) -> Option<(Kind, usize)> {
    let before = start.checked_sub(1).map(|at| bytes[at]);
    if before
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'/' | b'+' | b'#'))
    {
        return None;
    }
    let word = &bytes[start..start + length];
    if word[0].is_ascii_digit() {
        card(bytes, start)
            .map(|end| (Kind::PaymentCard, end))
            .or_else(|| ssn(bytes, start, length).map(|end| (Kind::UsSsn, end)))
            .or_else(|| {
                is_dni(word)
                    .then(|| (Kind::EsDni, start + length))
                    .filter(|(_, end)| ends(bytes, *end))
            })
    } else {
        let whole = |kind| (kind, start + length);
        iban(bytes, start)
            .map(|end| (Kind::Iban, end))
            .or_else(|| is_codice_fiscale(word).then(|| whole(Kind::ItCodiceFiscale)))
            .or_else(|| is_nino(word).then(|| whole(Kind::UkNino)))
            .filter(|(_, end)| ends(bytes, *end))
    }
}

fn ends(bytes: &[u8], end: usize) -> bool {
    !bytes
        .get(end)
        .is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

/// Digits in groups that one kind of separator divides: how many, and where they end.
fn digits(bytes: &[u8], start: usize, most: usize) -> (Vec<u8>, usize) {
    let mut digits = Vec::with_capacity(most);
    let mut end = start;
    let mut separator = None;
    while digits.len() <= most {
        match bytes.get(end) {
            Some(digit @ b'0'..=b'9') => digits.push(digit - b'0'),
            Some(mark @ (b' ' | b'-'))
                if bytes.get(end + 1).is_some_and(u8::is_ascii_digit) && separator.is_none_or(|one| one == *mark) =>
            {
                separator = Some(*mark);
            }
            _ => break,
        }
        end += 1;
    }
    (digits, end)
}

fn card(bytes: &[u8], start: usize) -> Option<usize> {
    let (digits, end) = digits(bytes, start, 19);
    let number = |count: usize| {
        digits
            .iter()
            .take(count)
            .fold(0_u32, |number, digit| number * 10 + u32::from(*digit))
    };
    let issued = match digits.len() {
        16 => {
            let four = number(4);
            digits[0] == 4
                || (51..=55).contains(&number(2))
                || (2221..=2720).contains(&four)
                || four == 6011
                || number(2) == 65
                || (644..=649).contains(&number(3))
                || (3528..=3589).contains(&four)
        }
        15 => matches!(number(2), 34 | 37),
        14 => matches!(number(3), 300..=305) || matches!(number(2), 36 | 38 | 39),
        13 | 19 => digits[0] == 4,
        _ => false,
    };
    let varied = digits.iter().any(|digit| *digit != digits[0]);
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| match u32::from(*digit) << (at % 2) {
            over @ 10.. => over - 9,
            digit => digit,
        })
        .sum();
    (issued && varied && sum.is_multiple_of(10) && ends(bytes, end)).then_some(end)
}

/// Lengths of the accounts of each country, as in the registry of ISO 13616.
const COUNTRIES: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20";

fn iban(bytes: &[u8], start: usize) -> Option<usize> {
    let country = bytes.get(start..start + 2)?;
    let length = COUNTRIES
        .split(' ')
        .find_map(|entry| entry.as_bytes().strip_prefix(country))
        .and_then(|length| std::str::from_utf8(length).ok()?.parse::<usize>().ok())?;
    let mut account = Vec::with_capacity(length);
    let mut end = start;
    while account.len() < length {
        match bytes.get(end)? {
            b' ' if account.len() % 4 == 0 && !account.is_empty() => {}
            byte @ (b'0'..=b'9' | b'A'..=b'Z') => account.push(*byte),
            _ => return None,
        }
        end += 1;
    }
    let check = account.get(2..4)?.iter().all(u8::is_ascii_digit);
    let rest = account[4..]
        .iter()
        .chain(&account[..4])
        .fold(0_u32, |rest, byte| match byte {
            b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
            letter => (rest * 100 + u32::from(letter - b'A') + 10) % 97,
        });
    (check && rest == 1).then_some(end)
}

fn ssn(bytes: &[u8], start: usize, length: usize) -> Option<usize> {
    let word = bytes.get(start..start + 11)?;
    let form = word.iter().enumerate().all(|(at, byte)| {
        if at == 3 || at == 6 {
            *byte == b'-'
        } else {
            byte.is_ascii_digit()
        }
    });
    let number = |range: Range<usize>| {
        word[range]
            .iter()
            .fold(0_u32, |number, byte| number * 10 + u32::from(byte.wrapping_sub(b'0')))
    };
    let in_use =
        form && length == 3 && !matches!(number(0..3), 0 | 666 | 900..) && number(4..6) != 0 && number(7..11) != 0;
    // Numbers that were printed in advertisements and stand for nobody.
    let void = word == b"078-05-1120" || word == b"219-09-9999" || word == b"123-45-6789";
    (in_use && !void && ends(bytes, start + 11) && bytes.get(start + 11) != Some(&b'-')).then_some(start + 11)
}

fn is_dni(word: &[u8]) -> bool {
    let [digits @ .., letter] = word else { return false };
    let number = |digits: &[u8]| {
        digits
            .iter()
            .fold(0_usize, |number, digit| number * 10 + usize::from(digit - b'0'))
    };
    digits.len() == 8
        && digits.iter().all(u8::is_ascii_digit)
        && *letter == b"TRWAGMYFPDXBNJZSQVHLCKE"[number(digits) % 23]
}

fn is_nino(word: &[u8]) -> bool {
    let [first, second, digits @ .., suffix] = word else {
        return false;
    };
    let prefix = [*first, *second];
    let letters = |byte: &u8, no: &[u8]| byte.is_ascii_uppercase() && !no.contains(byte);
    digits.len() == 6
        && digits.iter().all(u8::is_ascii_digit)
        && letters(first, b"DFIQUV")
        && letters(second, b"DFIOQUV")
        && !matches!(&prefix, b"BG" | b"GB" | b"KN" | b"NK" | b"NT" | b"TN" | b"ZZ")
        && matches!(suffix, b'A'..=b'D')
        && *digits != *b"123456"
}

fn is_codice_fiscale(word: &[u8]) -> bool {
    const ODD: [u32; 26] = [
        1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
    ];
    let form = word.len() == 16
        && word.iter().enumerate().all(|(at, byte)| match at {
            6 | 7 | 9 | 10 | 12..=14 => byte.is_ascii_digit(),
            _ => byte.is_ascii_uppercase(),
        });
    form && {
        let value = |byte: &u8| {
            usize::from(if byte.is_ascii_digit() {
                byte - b'0'
            } else {
                byte - b'A'
            })
        };
        let sum: u32 = word[..15]
            .iter()
            .enumerate()
            .map(|(at, byte)| {
                if at % 2 == 0 {
                    ODD[value(byte)]
                } else {
                    value(byte) as u32
                }
            })
            .sum();
        word[15] == b'A' + (sum % 26) as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(text: &str) -> Vec<(&'static str, &str)> {
        scan(text.as_bytes())
            .into_iter()
            .map(|(kind, span)| (kind.name(), &text[span]))
            .collect()
    }

    /// Numbers of tests that the networks and registries publish; taken apart, so that this file holds none.
    fn card() -> String {
        ["4111", "1111", "1111", "1111"].concat()
    }

    #[test]
    fn numbers_with_check_digits_are_found() {
        let card = card();
        assert_eq!(
            found(&format!("pay with {card} now")),
            [("payment_card", card.as_str())]
        );
        let spaced = ["3782", "822463", "10005"].join(" ");
        assert_eq!(found(&format!("({spaced})")), [("payment_card", spaced.as_str())]);
        let iban = ["DE89", "3704", "0044", "0532", "0130", "00"].join(" ");
        assert_eq!(found(&format!("IBAN: {iban}.")), [("iban", iban.as_str())]);
        let ssn = ["536", "90", "4399"].join("-");
        assert_eq!(found(&format!("ssn {ssn}")), [("us_ssn", ssn.as_str())]);
        let nino = ["AB", "654321", "C"].concat();
        assert_eq!(found(&nino), [("uk_nino", nino.as_str())]);
        let dni = ["87654321", "X"].concat();
        assert_eq!(found(&dni), [("es_dni", dni.as_str())]);
        let code = ["RSSMRA", "85T10", "A562S"].concat();
        assert_eq!(found(&code), [("it_codice_fiscale", code.as_str())]);
    }

    #[test]
    fn other_numbers_are_not() {
        for text in [
            "4111111111111112",
            "0000000000000000",
            "v1.4111111111111111",
            "id_4111111111111111",
            "DE89370400440532013001",
            "000-12-3456 666-12-3456 900-12-3456 123-00-4567 123-45-0000",
            "1234-56-78901",
            "BG123456A QQ123456C AB1234567",
            "12345678A",
            "1700000000000 1699999999999999",
            "12345678901234567890123456789",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = scan(&bytes);
        }

        #[test]
        fn what_is_found_lies_in_order(text in "[0-9A-Z -]{0,80}") {
            let found = scan(text.as_bytes());
            prop_assert!(found.windows(2).all(|pair| pair[0].1.end <= pair[1].1.start));
        }
    }
}
