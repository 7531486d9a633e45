//! Whether characters were drawn at random, or written by a person.

/// Shannon entropy in bits per character.
pub(super) fn entropy(text: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text {
        counts[usize::from(*byte)] += 1;
    }
    let total = text.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f64::from(*count) / total;
            -share * share.log2()
        })
        .sum()
}

/// Whether the characters look drawn: enough different ones, none repeated or counted up, and no words that people put
/// in the place of a secret.
pub(super) fn is_random(text: &[u8]) -> bool {
    let least = if text.len() < 20 { 2.7 } else { 3.0 };
    entropy(text) >= least && !is_patterned(text) && !has_stand_in(text) && !is_language(text)
}

/// Runs of one character, counting up or down, and repetitions.
pub(super) fn is_patterned(text: &[u8]) -> bool {
    const SAME: usize = 5;
    const COUNTED: usize = 6;
    let (mut same, mut up, mut down) = (1, 1, 1);
    for pair in text.array_windows() {
        let [one, next] = pair.map(|byte| i16::from(byte.to_ascii_lowercase()));
        // `90` goes on from `1234567890`.
        let step = if pair == b"90" { 1 } else { next - one };
        same = if step == 0 { same + 1 } else { 1 };
        up = if step == 1 { up + 1 } else { 1 };
        down = if step == -1 { down + 1 } else { 1 };
        if same >= SAME || up >= COUNTED || down >= COUNTED {
            return true;
        }
    }
    let periodic = |period: usize| text.iter().zip(text.iter().skip(period)).all(|(a, b)| a == b);
    (1..=text.len() / 2).any(periodic)
}

/// Words that stand in for a secret. Each is long enough to turn up in random characters less than once in ten
/// thousand tokens.
pub(super) fn has_stand_in(text: &[u8]) -> bool {
    const WORDS: &str = "\
        example placeholder changeme change_me change-me redacted dummy sample foobar your_ your- yourtoken yourkey \
        yourapi mytoken insert replace secret passw invalid notreal not_real deadbeef cafebabe qwerty asdf xxxx fake \
        test_ test- _test -test **** ....";
    let lower = text.to_ascii_lowercase();
    let mut words = WORDS.split_whitespace();
    words.any(|word| memchr::memmem::find(&lower, word.as_bytes()).is_some())
}

/// Whether pairs of letters are those of language and not of chance: the pairs below make up two thirds of English
/// text, and less than a fifth of all pairs.
pub(super) fn is_language(text: &[u8]) -> bool {
    const PAIRS: &str = "th he in er an re nd at on nt ha es st en ed to it ou ea hi is or ti as te et ng of al de se le \
                         sa si ar ve ra ld ur me ne ro ri io ic ll co ma ec ce li la ta el ch om us il no tr lo ho di \
                         ac ca ke ey ct pe po ge ss so be wa wi ee em ad un mo ut ai rt id ts ol ir oo pa pr am ly";
    const LEAST: usize = 7;
    // The first six letters make pairs of language by chance.
    if text.iter().all(u8::is_ascii_hexdigit) {
        return false;
    }
    let (mut all, mut common) = (0, 0);
    for pair in text.array_windows::<2>() {
        let pair = pair.map(|byte| byte.to_ascii_lowercase());
        if pair.iter().all(u8::is_ascii_lowercase) {
            all += 1;
            let at = |chunk: &[u8]| chunk.starts_with(&pair);
            common += usize::from(PAIRS.as_bytes().chunks(3).any(at));
        }
    }
    all >= LEAST && common * 100 > all * 45
}

/// Whether a value of which nothing is known but the name it is assigned to was generated.
pub(super) fn is_generated(text: &[u8]) -> bool {
    let count = |wanted: fn(&u8) -> bool| text.iter().filter(|byte| wanted(byte)).count();
    let digits = count(u8::is_ascii_digit);
    let letters = count(u8::is_ascii_alphabetic);
    let least = match text.len() {
        0..16 => 2.9,
        16..20 => 3.2,
        _ => 3.4,
    };
    digits >= 2
        && letters >= 2
        && entropy(text) >= least
        && !is_patterned(text)
        && !has_stand_in(text)
        && !is_language(text)
        && !is_spelled(text)
}

/// Words of language put together by `-`, `_`, `.` or `/`: names, paths, versions.
fn is_spelled(text: &[u8]) -> bool {
    let parts: Vec<&[u8]> = text
        .split(|byte| !byte.is_ascii_alphanumeric())
        .filter(|part| !part.is_empty())
        .collect();
    let plain = |part: &&[u8]| part.iter().all(u8::is_ascii_alphabetic) || part.iter().all(u8::is_ascii_digit);
    parts.len() > 1 && parts.iter().filter(|part| plain(part)).count() * 3 >= parts.len() * 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_by_a_person() {
        for text in [
            "aaaaaaaaaaaaaaaaaaaa",
            "1234567890abcdefghij",
            "abc123abc123abc123",
            "this_is_a_fake_token_1",
            "correcthorsebatterystaple9",
            "my-favourite-2024-release",
        ] {
            assert!(!is_generated(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn drawn_by_a_machine() {
        // Digests of nothing, so that no value stands here.
        for seed in 0..50_u8 {
            let hex = gate_base::digest::sha256_hex(&[seed]);
            assert!(is_random(&hex.as_bytes()[..32]), "{seed}");
            assert!(is_generated(&hex.as_bytes()[..40]), "{seed}");
        }
    }

    #[test]
    fn entropy_is_shannons() {
        assert!(entropy(b"").abs() < 1e-9);
        assert!(entropy(b"aaaa").abs() < 1e-9);
        assert!((entropy(b"abcd") - 2.0).abs() < 1e-9);
    }
}
