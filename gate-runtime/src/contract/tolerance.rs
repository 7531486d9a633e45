//! How far two results of one kernel may be apart.

/// How far a result may be from the reference. A value is accepted when it is within `absolute + relative · |reference|`,
/// *or* within `ulps` representable numbers of it. NaN is accepted for NaN and for nothing else, an infinity for itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// In units of the result.
    pub absolute: f64,
    /// As a fraction of the reference.
    pub relative: f64,
    /// In units in the last place of the result's own type.
    pub ulps: u32,
}

impl Tolerance {
    /// Equal numbers only; zeros of both signs are equal.
    pub const EXACT: Tolerance = Tolerance {
        absolute: 0.0,
        relative: 0.0,
        ulps: 0,
    };

    /// Within this many representable numbers.
    #[must_use]
    pub const fn ulps(ulps: u32) -> Tolerance {
        Tolerance {
            ulps,
            ..Tolerance::EXACT
        }
    }

    /// Within `absolute + relative · |reference|`.
    #[must_use]
    pub const fn within(absolute: f64, relative: f64) -> Tolerance {
        Tolerance {
            absolute,
            relative,
            ulps: 0,
        }
    }

    /// Whether `value` is accepted for `reference`, as `f64` results.
    #[must_use]
    pub fn accepts_f64(&self, reference: f64, value: f64) -> bool {
        self.accepts(reference, value, || {
            order(reference.to_bits() as i64, i64::MIN).abs_diff(order(value.to_bits() as i64, i64::MIN))
        })
    }

    /// Whether `value` is accepted for `reference`, as `f32` results.
    #[must_use]
    pub fn accepts_f32(&self, reference: f32, value: f32) -> bool {
        self.accepts(reference.into(), value.into(), || {
            let ordered = |x: f32| order(i64::from(x.to_bits() as i32), i64::from(i32::MIN));
            ordered(reference).abs_diff(ordered(value))
        })
    }

    fn accepts(&self, reference: f64, value: f64, distance: impl Fn() -> u64) -> bool {
        if reference.is_nan() || value.is_nan() {
            return reference.is_nan() && value.is_nan();
        }
        if reference == value {
            return true;
        }
        if reference.is_infinite() || value.is_infinite() {
            return false;
        }
        (value - reference).abs() <= self.absolute + self.relative * reference.abs()
            || distance() <= u64::from(self.ulps)
    }

    pub(super) fn validate(&self) -> Result<(), &'static str> {
        let bound = |x: f64| x.is_finite() && x >= 0.0;
        if bound(self.absolute) && bound(self.relative) {
            Ok(())
        } else {
            Err("a tolerance must be finite and not negative")
        }
    }
}

/// Bits of a number, as a signed integer, to a place on a line where neighbours are one apart and both zeros coincide.
const fn order(bits: i64, lowest: i64) -> i64 {
    if bits < 0 { lowest.wrapping_sub(bits) } else { bits }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_in_the_last_place_are_counted_across_zero() {
        let smallest = f32::from_bits(1);
        assert!(Tolerance::ulps(2).accepts_f32(smallest, -smallest));
        assert!(!Tolerance::ulps(1).accepts_f32(smallest, -smallest));
        assert!(Tolerance::ulps(1).accepts_f32(1.0, 1.0 + f32::EPSILON));
        assert!(!Tolerance::ulps(1).accepts_f32(1.0, 1.0 + 2.0 * f32::EPSILON));
        assert!(Tolerance::ulps(1).accepts_f64(1.0, 1.0 + f64::EPSILON));
        assert!(!Tolerance::EXACT.accepts_f64(1.0, 1.0 + f64::EPSILON));
        assert!(Tolerance::EXACT.accepts_f64(0.0, -0.0));
        assert!(!Tolerance::ulps(u32::MAX).accepts_f64(-1.0, 1.0));
    }

    #[test]
    fn what_is_no_number_equals_only_its_like() {
        let wide = Tolerance::within(f64::MAX, 1.0);
        assert!(wide.accepts_f64(f64::NAN, f64::NAN));
        assert!(!wide.accepts_f64(f64::NAN, 0.0));
        assert!(!wide.accepts_f64(0.0, f64::NAN));
        assert!(wide.accepts_f64(f64::INFINITY, f64::INFINITY));
        assert!(!wide.accepts_f64(f64::INFINITY, f64::MAX));
        assert!(!wide.accepts_f32(f32::NEG_INFINITY, f32::INFINITY));
    }

    #[test]
    fn fractions_are_of_the_reference() {
        let tolerance = Tolerance::within(0.5, 0.1);
        assert!(tolerance.accepts_f64(10.0, 11.5));
        assert!(!tolerance.accepts_f64(10.0, 11.6));
    }
}
