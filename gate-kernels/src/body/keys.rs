//! Unsigned integers that sort as the numbers they stand for.

/// A number with a sort key.
pub trait SortKey: Copy + Send + Sync {
    /// The unsigned integer of the same width.
    type Key: Copy + Ord + Send + Sync;

    /// The key. For floating point it is IEEE 754's total order: −NaN, −∞ … −0, +0 … +∞, +NaN.
    fn sort_key(self) -> Self::Key;
}

macro_rules! float_key {
    ($float:ty, $unsigned:ty) => {
        impl SortKey for $float {
            type Key = $unsigned;

            #[inline(always)]
            fn sort_key(self) -> $unsigned {
                let bits = self.to_bits();
                let top = 1 << (<$unsigned>::BITS - 1);
                // Of negative numbers the larger magnitude comes first: all bits are turned. Of others only the sign.
                let mask = if bits & top == 0 { top } else { <$unsigned>::MAX };
                bits ^ mask
            }
        }
    };
}

macro_rules! integer_key {
    ($signed:ty, $unsigned:ty) => {
        impl SortKey for $signed {
            type Key = $unsigned;

            #[inline(always)]
            fn sort_key(self) -> $unsigned {
                self as $unsigned ^ (1 << (<$unsigned>::BITS - 1))
            }
        }
    };
}

float_key!(f32, u32);
float_key!(f64, u64);
integer_key!(i32, u32);
integer_key!(i64, u64);

/// The keys of one block.
#[inline(always)]
pub(crate) fn block<G: super::group::Group, T: SortKey>(group: &mut G, x: &[T], out: &mut G::Out<'_, T::Key>) {
    group.map(x, out, T::sort_key);
}
