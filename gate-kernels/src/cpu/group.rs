//! A group whose lanes are the entries of an array.

use super::ahead::{Ahead, ask_for};
use super::past::{LINE, Past};
use crate::body::group::{Group, LANES, SLOTS};

/// Tables that are counted into in turn: equal neighbours in the data would otherwise wait for each other's store.
const TABLES: usize = 4;

/// One thread that does the work of 256 lanes, compiled for vectors of `WIDTH` bits. The number makes the code of each width
/// another instance of the generic functions, which therefore can all be inlined into the one function that is compiled
/// for those vectors.
pub(crate) struct Cpu<const WIDTH: usize> {
    tables: [[u32; SLOTS]; TABLES],
    pub(super) scratch: Scratch,
    /// Where the next row of 16-bit numbers begins while this one is worked on as a copy in `f32`.
    pub(super) next_halves: Option<*const u16>,
    /// Where results go past the cache.
    past: Option<Past<WIDTH>>,
    ahead: Ahead,
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
            tables: [[0; SLOTS]; TABLES],
            scratch: Scratch::default(),
            next_halves: None,
            past: None,
            ahead: Ahead::NOTHING,
        }
    }

    /// What is written with one value for each element goes past the cache from now on, where the machine can do that.
    #[inline(always)]
    pub(crate) fn write_past_the_cache(&mut self) {
        self.past = Past::new();
    }

    /// Says what is worked on after this. It only matters where results go past the cache: other data may well be in it.
    #[inline(always)]
    pub(crate) fn read_next<T>(&mut self, data: &[T]) {
        self.ahead = if self.past.is_some() {
            Ahead::of(data)
        } else {
            Ahead::NOTHING
        };
    }

    #[inline(always)]
    fn clear(&mut self, slots: usize) {
        for table in &mut self.tables {
            for count in table.iter_mut().take(slots) {
                *count = 0;
            }
        }
    }

    /// Counts slots one by one.
    #[inline(always)]
    fn tally_each(&mut self, chosen: &[u32]) {
        for chosen in chosen.chunks(TABLES) {
            for (table, slot) in self.tables.iter_mut().zip(chosen) {
                if let Some(count) = table.get_mut(*slot as usize) {
                    *count += 1;
                }
            }
        }
    }

    /// Counts slots where they are few neighbours: as often as there are slots, but with vectors. Says whether it did.
    #[inline(always)]
    fn tally_neighbours(&mut self, chosen: &[u32; LANES]) -> bool {
        const FEW: u32 = 4;
        let (mut least, mut most) = (u32::MAX, 0);
        for slot in chosen {
            least = least.min(*slot);
            most = most.max(*slot);
        }
        if most - least >= FEW {
            return false;
        }
        let [table, ..] = &mut self.tables;
        for (slot, count) in (least..=most).zip(table.iter_mut().skip(least as usize)) {
            *count += chosen.iter().map(|chosen| u32::from(*chosen == slot)).sum::<u32>();
        }
        true
    }

    #[inline(always)]
    fn add_tables(&mut self, slots: usize) {
        let [first, others @ ..] = &mut self.tables;
        for other in others {
            for (sum, count) in first.iter_mut().zip(other.iter()).take(slots) {
                *sum += count;
            }
        }
    }
}

/// One value for each lane. Vectors of any width begin at its address, so that none lies in two cache lines.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Row<A>([A; LANES]);

/// The values of the lanes, of which those from `used` on are the identity.
#[derive(Clone, Copy)]
pub(crate) struct Lanes<A> {
    row: Row<A>,
    used: usize,
}

impl<A: Copy> Lanes<A> {
    /// The same value for each.
    pub(crate) fn filled(value: A) -> Self {
        Self::of(Row([value; LANES]), LANES)
    }

    /// The values.
    #[inline(always)]
    pub(crate) fn values(&self) -> &[A; LANES] {
        &self.row.0
    }

    /// The values, to be written.
    #[inline(always)]
    pub(crate) fn values_mut(&mut self) -> &mut [A; LANES] {
        &mut self.row.0
    }

    #[inline(always)]
    fn of(values: Row<A>, elements: usize) -> Self {
        Self {
            row: values,
            used: elements.min(LANES),
        }
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
            // The rest while something is written, which takes longer.
            self.ahead.ask(size_of_val(chunk) / 4);
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
            if self.ahead.is_asked_for() {
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
                self.ahead.ask(size_of_val(chunk));
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
        if self.past.is_some() {
            return self.map2(data, data, out, |element, _| f(element));
        }
        for (out, element) in out.iter_mut().zip(data) {
            *out = f(*element);
        }
    }

    #[inline(always)]
    fn map2<T: Copy, U: Copy, V: Copy>(&mut self, left: &[T], right: &[U], out: &mut &mut [V], f: impl Fn(T, U) -> V) {
        if let Some(past) = &self.past {
            let ahead = &mut self.ahead;
            let line = LINE * size_of::<T>() / size_of::<V>();
            return past.map2(left, right, out, f, || ahead.ask(line));
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
        self.clear(slots);
        let (chunks, rest) = data.as_chunks::<TABLES>();
        for chunk in chunks {
            for (table, element) in self.tables.iter_mut().zip(chunk) {
                if let Some(count) = table.get_mut(slot(*element) as usize) {
                    *count += 1;
                }
            }
        }
        let [table, ..] = &mut self.tables;
        for element in rest {
            if let Some(count) = table.get_mut(slot(*element) as usize) {
                *count += 1;
            }
        }
        self.add_tables(slots);
    }

    #[inline(always)]
    fn tally2<T: Copy, U: Copy>(&mut self, slots: usize, left: &[T], right: &[U], slot: impl Fn(T, U) -> u32) {
        self.clear(slots);
        // Slots first: that loop is vectorised, the counting is not.
        let mut chosen = [0_u32; LANES];
        for (left, right) in left.chunks(LANES).zip(right.chunks(LANES)) {
            let count = left.len().min(right.len());
            for (chosen, (left, right)) in chosen.iter_mut().zip(left.iter().zip(right)) {
                *chosen = slot(*left, *right);
            }
            if count < LANES || !self.tally_neighbours(&chosen) {
                self.tally_each(&chosen[..count]);
            }
        }
        self.add_tables(slots);
    }

    #[inline(always)]
    fn minima<T: Copy>(&mut self, slots: usize, data: &[T], entry: impl Fn(T) -> (u32, u32)) {
        let [table, ..] = &mut self.tables;
        let table = &mut table[..slots];
        table.fill(u32::MAX);
        for element in data {
            let (slot, value) = entry(*element);
            if let Some(least) = table.get_mut(slot as usize) {
                *least = value.min(*least);
            }
        }
    }

    #[inline(always)]
    fn map_table(&mut self, slots: usize, out: &mut &mut [u32], f: impl Fn(&[u32], usize) -> u32) {
        let [table, ..] = &self.tables;
        let table = &table[..slots];
        for (slot, out) in out.iter_mut().enumerate().take(slots) {
            *out = f(table, slot);
        }
    }
}
