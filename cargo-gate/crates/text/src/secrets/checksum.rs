//! The check sum inside tokens of GitHub and npm: CRC-32 of the random part, in base 62, as the last six characters.

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const WIDTH: usize = 6;

/// Whether the last six characters are the check sum of the others.
pub(super) fn fits(body: &[u8]) -> bool {
    let Some((random, sum)) = body.split_last_chunk::<WIDTH>() else {
        return false;
    };
    base62(crc32(random)) == *sum
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            let polynomial = if crc & 1 == 1 { 0xedb8_8320 } else { 0 };
            (crc >> 1) ^ polynomial
        })
    })
}

fn base62(mut number: u32) -> [u8; WIDTH] {
    let mut digits = [b'0'; WIDTH];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(number % 62) as usize];
        number /= 62;
    }
    digits
}

/// The check sum of a random part.
#[cfg(test)]
pub(super) fn of(random: &[u8]) -> [u8; WIDTH] {
    base62(crc32(random))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_is_crc32_in_base_62() {
        // The check value of CRC-32/ISO-HDLC.
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(&base62(61 + 62), b"00001z");
        let body = [b"some random characters".as_slice(), &of(b"some random characters")].concat();
        assert!(fits(&body));
        assert!(!fits(&body[1..]) && !fits(b"short") && !fits(b""));
    }
}
