//! MD5 (RFC 1321), for records that have nothing stronger. Two files with the same MD5 are made in seconds: it shows that a download is
//! whole, and no more.

use std::io::{self, Read};

const SHIFTS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];
const BLOCK: usize = 64;

/// MD5 of all that a reader gives, in lowercase hexadecimal.
///
/// # Errors
/// It cannot be read.
pub(crate) fn of_reader(mut reader: impl Read) -> io::Result<String> {
    let mut state = [0x6745_2301_u32, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    let table: [u32; 64] = std::array::from_fn(|at| (((at as f64) + 1.0).sin().abs() * 4_294_967_296.0) as u32);
    let mut buffer = vec![0; 1 << 18];
    let mut length = 0_u64;
    loop {
        let read = fill(&mut reader, &mut buffer)?;
        length = length.wrapping_add(read as u64);
        let whole = read / BLOCK * BLOCK;
        for block in buffer[..whole].chunks_exact(BLOCK) {
            step(&mut state, &table, block);
        }
        if read < buffer.len() {
            let mut last = buffer[whole..read].to_vec();
            last.push(0x80);
            let padded = (last.len() + 8).div_ceil(BLOCK) * BLOCK;
            last.resize(padded - 8, 0);
            last.extend(length.wrapping_mul(8).to_le_bytes());
            for block in last.chunks_exact(BLOCK) {
                step(&mut state, &table, block);
            }
            let bytes = state.iter().flat_map(|word| word.to_le_bytes());
            return Ok(bytes.map(|byte| format!("{byte:02x}")).collect());
        }
    }
}

/// Reads until the buffer is full or the reader ends.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn step(state: &mut [u32; 4], table: &[u32; 64], block: &[u8]) {
    let mut words = [0; 16];
    for (word, bytes) in words.iter_mut().zip(block.chunks_exact(4)) {
        *word = bytes.iter().rev().fold(0, |all, byte| (all << 8) | u32::from(*byte));
    }
    let [mut a, mut b, mut c, mut d] = *state;
    for at in 0..64 {
        let (mixed, word) = match at / 16 {
            0 => ((b & c) | (!b & d), at),
            1 => ((d & b) | (!d & c), (5 * at + 1) % 16),
            2 => (b ^ c ^ d, (3 * at + 5) % 16),
            _ => (c ^ (b | !d), (7 * at) % 16),
        };
        let sum = a.wrapping_add(mixed).wrapping_add(table[at]).wrapping_add(words[word]);
        (a, d, c) = (d, c, b);
        b = b.wrapping_add(sum.rotate_left(SHIFTS[at / 16][at % 4]));
    }
    for (sum, value) in state.iter_mut().zip([a, b, c, d]) {
        *sum = sum.wrapping_add(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_the_rfc() {
        for (text, wanted) in [
            ("", "d41d8cd98f00b204e9800998ecf8427e"),
            ("abc", "900150983cd24fb0d6963f7d28e17f72"),
            (
                "12345678901234567890123456789012345678901234567890123456789012345678901234567890",
                "57edf4a22be3c955ac49da2e2107b67a",
            ),
        ] {
            assert_eq!(of_reader(text.as_bytes()).expect("read"), wanted);
        }
    }

    /// `head -c N /dev/zero | md5sum`, around the sizes of a block and of the buffer.
    #[test]
    fn every_length_is_padded() {
        for (length, wanted) in [
            (55, "c9ea3314b91c9fd4e38f9432064fd1f2"),
            (56, "e3c4dd21a9171fd39d208efa09bf7883"),
            (64, "3b5d3c7d207e37dceeedd301e35e2e58"),
            (1 << 18, "ec87a838931d4d5d2e94a04644788a55"),
        ] {
            assert_eq!(of_reader(&vec![0; length][..]).expect("read"), wanted, "{length}");
        }
    }
}
