//! A group whose lanes are the entries of an array.

use super::lanes::{Lanes, Row};
use super::prefetch::{Prefetched, ask_for};
use super::streaming::Streaming;
use super::tables::Tables;
use crate::body::group::{Group, LANES};

/// One thread that does the work of 256 lanes, compiled for vectors of `WIDTH` bits. The number makes the code of each width
/// another instance of the generic functions, which therefore can all be inlined into the one function that is compiled
/// for those vectors.
pub(crate) struct Cpu<const WIDTH: usize> {
    tables: Tables,
    pub(super) scratch: Scratch,
    /// Where the next row of 16-bit numbers begins while this one is worked on as a copy in `f32`.
    pub(super) next_halves: Option<*const u16>,
    /// Where results go past the cache.
    pub(super) streaming: Option<Streaming<WIDTH>>,
    pub(super) next: Prefetched,
}

/// Rows of 16-bit numbers in `f32`, kept from one row to the next.
#[derive(Default)]
pub(super) struct Scratch {
    pub(super) x: Vec<f32>,
    pub(super) out: Vec<f32>,
}

impl<const WIDTH: usize> Cpu<WIDTH> {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Self {
            tables: Tables::new(),
            scratch: Scratch::default(),
            next_halves: None,
            streaming: None,
            next: Prefetched::NOTHING,
        }
    }

    /// What is written with one value for each element goes past the cache from now on, where the machine can do that.
    #[inline(always)]
    pub(crate) fn write_streaming(&mut self) {
        self.streaming = Streaming::new();
    }

    /// Says what is worked on after this. It only matters where results go past the cache: other data may well be in it.
    #[inline(always)]
    pub(crate) fn read_next<T>(&mut self, data: &[T]) {
        self.next = if self.streaming.is_some() {
            Prefetched::of(data)
        } else {
            Prefetched::NOTHING
        };
    }
}

impl<const WIDTH: usize> Group for Cpu<WIDTH> {
    type Own<A: Copy> = Lanes<A>;
    type Out<'a, T: Copy + 'a> = &'a mut [T];

    #[inline(always)]
    fn fma(a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }

    #[inline(always)]
    fn sqrt(x: f32) -> f32 {
        x.sqrt()
    }

    #[inline(always)]
    fn fold<T: Copy, A: Copy>(&mut self, data: &[T], identity: A, step: impl Fn(A, usize, T) -> A) -> Lanes<A> {
        let mut row = Row([identity; LANES]);
        let values = &mut row.0;
        let (chunks, rest) = data.as_chunks::<LANES>();
        let mut base = 0;
        for chunk in chunks {
            for (lane, (value, element)) in values.iter_mut().zip(chunk).enumerate() {
                *value = step(*value, base + lane, *element);
            }
            base += LANES;
            // The rest while something is computed or written, which takes longer.
            self.next.ask(size_of_val(chunk) / 8);
        }
        for (lane, (value, element)) in values.iter_mut().zip(rest).enumerate() {
            *value = step(*value, base + lane, *element);
        }
        Lanes::of(row, data.len())
    }

    #[inline(always)]
    fn fold2<T: Copy, U: Copy, A: Copy>(
        &mut self,
        left: &[T],
        right: &[U],
        identity: A,
        step: impl Fn(A, usize, T, U) -> A,
    ) -> Lanes<A> {
        let count = left.len().min(right.len());
        let mut row = Row([identity; LANES]);
        let values = &mut row.0;
        let (lefts, left_rest) = left[..count].as_chunks::<LANES>();
        let (rights, right_rest) = right[..count].as_chunks::<LANES>();
        let mut base = 0;
        for (left, right) in lefts.iter().zip(rights) {
            for (lane, (value, (left, right))) in values.iter_mut().zip(left.iter().zip(right)).enumerate() {
                *value = step(*value, base + lane, *left, *right);
            }
            base += LANES;
        }
        for (lane, (value, (left, right))) in values.iter_mut().zip(left_rest.iter().zip(right_rest)).enumerate() {
            *value = step(*value, base + lane, *left, *right);
        }
        Lanes::of(row, count)
    }

    #[inline(always)]
    fn largest2<T: Copy, U: Copy>(
        &mut self,
        left: &[T],
        right: &[U],
        exceeds: impl Fn(f64, T, U) -> bool,
        value: impl Fn(T, U) -> f64,
    ) -> f64 {
        // The largest of all lanes so far is what others must exceed: after a few chunks, few do.
        let mut largest = 0.0;
        for (lefts, rights) in left.chunks(LANES).zip(right.chunks(LANES)) {
            let mut exceeding = 0_u32;
            for (a, b) in lefts.iter().zip(rights) {
                exceeding += u32::from(exceeds(largest, *a, *b));
            }
            if exceeding > 0 {
                for (a, b) in lefts.iter().zip(rights) {
                    let value = value(*a, *b);
                    if value > largest {
                        largest = value;
                    }
                }
            }
        }
        largest
    }

    #[inline(always)]
    fn first2<T: Copy, U: Copy>(&mut self, left: &[T], right: &[U], wanted: impl Fn(T, U) -> bool) -> u32 {
        let found = left.iter().zip(right).position(|(a, b)| wanted(*a, *b));
        found.and_then(|index| u32::try_from(index).ok()).unwrap_or(u32::MAX)
    }

    #[inline(always)]
    fn fold_numbers<A: Copy>(&mut self, count: usize, identity: A, step: impl Fn(A, usize) -> A) -> Lanes<A> {
        let mut row = Row([identity; LANES]);
        let values = &mut row.0;
        let mut base = 0;
        while base < count {
            for (lane, value) in values.iter_mut().enumerate().take(count - base) {
                *value = step(*value, base + lane);
            }
            base += LANES;
        }
        Lanes::of(row, count)
    }

    #[inline(always)]
    fn fold_into<T: Copy, U: Copy, A: Copy>(
        &mut self,
        data: &[T],
        out: &mut &mut [U],
        identity: A,
        f: impl Fn(T) -> U,
        step: impl Fn(A, U) -> A,
    ) -> Lanes<A> {
        let count = data.len().min(out.len());
        let mut row = Row([identity; LANES]);
        let values = &mut row.0;
        for (index, (chunk, out)) in data.chunks(LANES).zip(out.chunks_mut(LANES)).enumerate() {
            if self.next.is_asked_for() {
                // The next piece of the same array follows this one, most often.
                match self.next_halves {
                    Some(next) => ask_for(next.wrapping_add(index * LANES), LANES, data.len()),
                    None => ask_for(
                        data.as_ptr().wrapping_add(data.len() + index * LANES),
                        LANES,
                        data.len(),
                    ),
                }
            } else {
                self.next.ask(size_of_val(chunk));
            }
            for (value, (out, element)) in values.iter_mut().zip(out.iter_mut().zip(chunk)) {
                *out = f(*element);
                *value = step(*value, *out);
            }
        }
        Lanes::of(row, count)
    }

    #[inline(always)]
    fn combine<A: Copy>(&mut self, own: Lanes<A>, op: impl Fn(A, A) -> A) -> A {
        let Lanes {
            row: Row(mut values),
            used,
        } = own;
        // A round whose length is known is a few instructions, without a loop.
        macro_rules! rounds {
            ($($half:literal)*) => {$(
                let (lower, upper) = values.split_at_mut($half);
                for (value, other) in lower.iter_mut().zip(upper.iter()) {
                    *value = op(*value, *other);
                }
            )*};
        }
        // Lanes that were not used hold the identity: rounds that would combine with nothing else are left out.
        if used > LANES / 2 {
            rounds!(128 64 32 16 8 4 2 1);
        } else {
            let mut half = used.next_power_of_two() / 2;
            while half > 0 {
                let (lower, upper) = values.split_at_mut(half);
                for (value, other) in lower.iter_mut().zip(upper.iter()) {
                    *value = op(*value, *other);
                }
                half /= 2;
            }
        }
        let [first, ..] = values;
        first
    }

    #[inline(always)]
    fn map<T: Copy, U: Copy>(&mut self, data: &[T], out: &mut &mut [U], f: impl Fn(T) -> U) {
        if self.streaming.is_some() {
            return self.map2(data, data, out, |element, _| f(element));
        }
        for (out, element) in out.iter_mut().zip(data) {
            *out = f(*element);
        }
    }

    #[inline(always)]
    fn map2<T: Copy, U: Copy, V: Copy>(&mut self, left: &[T], right: &[U], out: &mut &mut [V], f: impl Fn(T, U) -> V) {
        if let Some(streaming) = &self.streaming {
            let next = &mut self.next;
            return streaming.map2(left, right, out, f, |bytes| next.ask(bytes));
        }
        for (out, (left, right)) in out.iter_mut().zip(left.iter().zip(right)) {
            *out = f(*left, *right);
        }
    }

    #[inline(always)]
    fn update<T: Copy, U: Copy>(&mut self, place: &mut &mut [U], data: &[T], f: impl Fn(U, T) -> U) {
        for (place, element) in place.iter_mut().zip(data) {
            *place = f(*place, *element);
        }
    }

    #[inline(always)]
    fn fold_runs<T: Copy, A: Copy>(
        &mut self,
        data: &[T],
        run: usize,
        identity: A,
        step: impl Fn(A, T) -> A,
    ) -> Lanes<A> {
        let mut row = Row([identity; LANES]);
        let values = &mut row.0;
        for (value, run) in values.iter_mut().zip(data.chunks(run)) {
            // By four: the compiler would gather what lies a run apart into vectors if it saw that all runs are as long.
            let (quads, rest) = run.as_chunks::<4>();
            let mut sum = identity;
            for [a, b, c, d] in quads {
                sum = step(step(step(step(sum, *a), *b), *c), *d);
            }
            *value = rest.iter().fold(sum, |value, element| step(value, *element));
        }
        Lanes::of(row, data.len().div_ceil(run))
    }

    #[inline(always)]
    fn before<A: Copy>(&mut self, own: Lanes<A>, identity: A, op: impl Fn(A, A) -> A) -> (Lanes<A>, A) {
        let Lanes { row: mut values, used } = own;
        let mut distance = 1;
        while distance < LANES {
            let last = values;
            for (value, earlier) in values.0[distance..].iter_mut().zip(&last.0) {
                *value = op(*earlier, *value);
            }
            distance *= 2;
        }
        let Row([.., total]) = values;
        let mut row = Row([identity; LANES]);
        let Row([_, places @ ..]) = &mut row;
        for (place, value) in places.iter_mut().zip(&values.0) {
            *place = *value;
        }
        (Lanes { row, used }, total)
    }

    #[inline(always)]
    fn scan_runs<T: Copy>(
        &mut self,
        data: &[T],
        run: usize,
        offset: T,
        before: Lanes<T>,
        inclusive: bool,
        out: &mut &mut [T],
        op: impl Fn(T, T) -> T,
    ) {
        for ((data, out), before) in data.chunks(run).zip(out.chunks_mut(run)).zip(&before.row.0) {
            let mut sum = op(offset, *before);
            let mut next = |out: &mut T, element: &T| {
                let next = op(sum, *element);
                *out = if inclusive { next } else { sum };
                sum = next;
            };
            // By four, as in `fold_runs`.
            let (quads, rest) = data.as_chunks::<4>();
            let (out_quads, out_rest) = out.as_chunks_mut::<4>();
            for ([a, b, c, d], [out_a, out_b, out_c, out_d]) in quads.iter().zip(out_quads) {
                next(out_a, a);
                next(out_b, b);
                next(out_c, c);
                next(out_d, d);
            }
            for (out, element) in out_rest.iter_mut().zip(rest) {
                next(out, element);
            }
        }
    }

    #[inline(always)]
    fn tally<T: Copy>(&mut self, slots: usize, data: &[T], slot: impl Fn(T) -> u32) {
        self.tables.tally(slots, data, slot);
    }

    #[inline(always)]
    fn tally2<T: Copy, U: Copy>(&mut self, slots: usize, left: &[T], right: &[U], slot: impl Fn(T, U) -> u32) {
        self.tables.tally2(slots, left, right, slot);
    }

    #[inline(always)]
    fn minima<T: Copy>(&mut self, slots: usize, data: &[T], entry: impl Fn(T) -> (u32, u32)) {
        self.tables.minima(slots, data, entry);
    }

    #[inline(always)]
    fn map_table(&mut self, slots: usize, out: &mut &mut [u32], f: impl Fn(&[u32], usize) -> u32) {
        let table = self.tables.of(slots);
        for (slot, out) in out.iter_mut().enumerate().take(slots) {
            *out = f(table, slot);
        }
    }
}
