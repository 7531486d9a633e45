//! Rows of `softmax` that go past the cache.

use super::group::Cpu;
use super::lanes::{Lanes, Row};
use super::prefetch::{Prefetched, prefetch_page};
use super::streaming::Streaming;
use super::wide::LINE;
use crate::body::element::Element;
use crate::body::exp::scaled_exp;
use crate::body::group::{Group, LANES};

/// A row whose powers are known, and that is written chunk by chunk.
struct Done<'a, T> {
    powers: std::slice::Iter<'a, [T; LANES]>,
    out: std::slice::IterMut<'a, [T; LANES]>,
    /// What is no whole chunk when chunks begin where lines do.
    last_powers: &'a [T],
    last_out: &'a mut [T],
    scale: f32,
}

impl<'a, T: Element<Wide = f32>> Done<'a, T> {
    /// Writes what lies before the first line.
    #[inline(always)]
    fn begin(powers: &'a [T], scale: f32, out: &'a mut [T]) -> Self {
        let head = out.as_ptr().align_offset(LINE).min(out.len());
        let (first_out, out) = out.split_at_mut(head);
        let (first_powers, powers) = powers.split_at(head);
        for (out, power) in first_out.iter_mut().zip(first_powers) {
            *out = scaled(*power, scale);
        }
        let (powers, last_powers) = powers.as_chunks();
        let (out, last_out) = out.as_chunks_mut();
        Self {
            powers: powers.iter(),
            out: out.iter_mut(),
            last_powers,
            last_out,
            scale,
        }
    }

    /// Writes the next chunk.
    #[inline(always)]
    fn write<const WIDTH: usize>(&mut self, streaming: &Streaming<WIDTH>) {
        if let (Some(powers), Some(out)) = (self.powers.next(), self.out.next()) {
            prefetch_page(out.as_ptr().cast(), size_of_val(out));
            streaming.lines(&powers.map(|power| scaled(power, self.scale)), out);
        }
    }

    /// Writes what is left behind the chunks.
    #[inline(always)]
    fn end<const WIDTH: usize>(self, streaming: &Streaming<WIDTH>) {
        let scale = self.scale;
        let power = |power, _| scaled(power, scale);
        streaming.map2(self.last_powers, self.last_powers, self.last_out, power, |_| ());
    }
}

#[inline(always)]
fn scaled<T: Element<Wide = f32>>(power: T, scale: f32) -> T {
    T::narrow(power.widen() * scale)
}

impl<const WIDTH: usize> Cpu<WIDTH> {
    /// Does rows of `columns` numbers, a multiple of [`LANES`], of `x` from row number `first` on, if results go past the cache; says whether they
    /// do. A row is read while the powers of the one before are computed and the one before that is written, so that memory
    /// and arithmetic seldom wait for each other. Operations and their order are those of [`row`](crate::body::softmax::row) for numbers that
    /// are computed in their own type.
    #[inline(always)]
    pub(crate) fn softmax_streaming<T: Element<Wide = f32>>(
        &mut self,
        x: &[T],
        columns: usize,
        first: usize,
        out: &mut [T],
    ) -> bool {
        debug_assert!(T::IS_WIDE && columns.is_multiple_of(LANES) && out.len().is_multiple_of(columns));
        let Some(streaming) = self.streaming.take() else {
            return false;
        };
        let larger = |a: f32, b: f32| if b > a { b } else { a };
        let mut rows = x.chunks_exact(columns).skip(first);
        let count = out.len() / columns;
        let mut outs = out.chunks_exact_mut(columns);
        let [mut powers, mut done] = [(); 2].map(|()| vec![T::narrow(0.0); columns]);
        let (mut max, mut scale) = (f32::NEG_INFINITY, 0.0);
        let mut next = rows.next();
        let mut now: Option<&[T]> = None;
        // Two steps more than rows: in the first one nothing is computed, in the first two nothing is written, in the last two nothing is read.
        for step in 0..count + 2 {
            let out = if step < 2 { None } else { outs.next() };
            let mut written = Done::begin(&done, scale, out.unwrap_or_default());
            let following = rows.next();
            let mut prefetched = Prefetched::of(following.unwrap_or_default());
            let read = next.filter(|_| step < count).unwrap_or_default();
            let mut maxima = Row([f32::NEG_INFINITY; LANES]);
            let mut sums = Row([-0.0_f32; LANES]);
            let mut read_chunks = read.as_chunks::<LANES>().0.iter();
            let mut chunks = now.unwrap_or_default().as_chunks::<LANES>().0.iter();
            for powers in powers.as_chunks_mut::<LANES>().0 {
                written.write(&streaming);
                if let Some(x) = read_chunks.next() {
                    for (max, x) in maxima.0.iter_mut().zip(x) {
                        *max = larger(*max, x.widen());
                    }
                }
                prefetched.ask(size_of_val(powers));
                if let Some(x) = chunks.next() {
                    for (sum, (x, power)) in sums.0.iter_mut().zip(x.iter().zip(powers)) {
                        *power = T::narrow(scaled_exp(x.widen() - max, Self::fma));
                        *sum += power.widen();
                    }
                }
            }
            written.end(&streaming);
            scale = 1.0 / self.combine(Lanes::of(sums, columns), |a, b| a + b);
            max = self.combine(Lanes::of(maxima, columns), larger);
            std::mem::swap(&mut powers, &mut done);
            now = next.filter(|_| step < count);
            next = following;
        }
        self.streaming = Some(streaming);
        true
    }
}
