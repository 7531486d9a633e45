//! `histogram_u8` against its definition.

use gate_kernels::{BINS, histogram_u8};
use gate_runtime::Status;
use proptest::collection::vec;
use proptest::prelude::{any, proptest};
use proptest::prop_assert_eq;

/// The definition, one value at a time.
fn definition(data: &[u8], value: u8) -> u32 {
    data.iter().filter(|byte| **byte == value).count() as u32
}

proptest! {
    #[test]
    fn histogram_u8_agrees_with_the_definition(data in vec(any::<u8>(), 0..700)) {
        let mut counts = [0; BINS];
        prop_assert_eq!(histogram_u8(&data, &mut counts), Status::Ok);
        for value in 0..=u8::MAX {
            prop_assert_eq!(counts[usize::from(value)], definition(&data, value));
        }
    }

    #[test]
    fn pieces_add_up(data in vec(0_u8..4, 0..300), cut in 0_usize..300) {
        let (left, right) = data.split_at(cut.min(data.len()));
        let mut whole = [0; BINS];
        let mut pieces = [0; BINS];
        prop_assert_eq!(histogram_u8(&data, &mut whole), Status::Ok);
        prop_assert_eq!(histogram_u8(left, &mut pieces), Status::Ok);
        prop_assert_eq!(histogram_u8(right, &mut pieces), Status::Ok);
        prop_assert_eq!(whole, pieces);
    }

    #[test]
    fn a_wrong_number_of_counters_is_refused(length in 0_usize..600) {
        let mut counts = vec![7; length];
        let status = histogram_u8(b"data", &mut counts);
        if length == BINS {
            prop_assert_eq!(status, Status::Ok);
        } else {
            prop_assert_eq!(status, Status::InvalidArgument);
            prop_assert_eq!(counts, vec![7; length]);
        }
    }

    #[test]
    fn a_full_counter_is_refused_and_nothing_is_written(room in 0_u32..6, times in 0_usize..12) {
        let mut counts = [3; BINS];
        counts[200] = u32::MAX - room;
        let before = counts;
        let mut data = vec![200; times];
        data.insert(0, 9);
        let status = histogram_u8(&data, &mut counts);
        if times as u32 <= room {
            prop_assert_eq!(status, Status::Ok);
            prop_assert_eq!(counts[200], u32::MAX - room + times as u32);
            prop_assert_eq!(counts[9], 4);
        } else {
            prop_assert_eq!(status, Status::InvalidArgument);
            prop_assert_eq!(counts, before);
        }
    }
}
