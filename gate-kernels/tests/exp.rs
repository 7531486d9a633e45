//! The exponential function of the kernels, over a sample of its arguments. `examples/exhaustive_exp` takes all of them.

#[path = "../examples/exhaustive_exp/error.rs"]
mod error;

use error::Error;

#[test]
fn the_error_is_as_small_as_stated() {
    let negative = Error::largest((1 << 31..=u32::MAX).step_by(4099));
    let positive = Error::largest(std::iter::once(0).chain((0x7f80_0001..=0x7fff_ffff).step_by(4099)));
    let largest = negative.larger(positive);
    assert!(largest.ulps < 0.95, "{largest:?}");
    // The measure sees an error at all: what is rounded once is half a unit off somewhere.
    assert!(largest.ulps > 0.5, "{largest:?}");
}
