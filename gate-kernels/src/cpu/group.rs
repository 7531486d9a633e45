//! A group whose lanes are the entries of an array.

use crate::body::group::{Group, LANES, SLOTS};

/// Tables that are counted into in turn: equal neighbours in the data would otherwise wait for each other's store.
const TABLES: usize = 4;

/// One thread that does the work of 256 lanes, compiled for vectors of `WIDTH` bits. The number makes the code of each width
/// another instance of the generic functions, which therefore can all be inlined into the one function that is compiled
/// for those vectors.
pub(crate) struct Cpu<const WIDTH: usize> {
    tables: [[u32; SLOTS]; TABLES],
}

impl<const WIDTH: usize> Cpu<WIDTH> {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Self {
            tables: [[0; SLOTS]; TABLES],
        }
    }

    #[inline(always)]
    fn clear(&mut self, slots: usize) {
        for table in &mut self.tables {
            table[..slots].fill(0);
        }
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

/// The values of the lanes, of which those from `used` on are the identity.
#[derive(Clone, Copy)]
pub(crate) struct Lanes<A> {
    values: [A; LANES],
    used: usize,
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
        let mut values = [identity; LANES];
        let (chunks, rest) = data.as_chunks::<LANES>();
        let mut base = 0;
        for chunk in chunks {
            for (lane, (value, element)) in values.iter_mut().zip(chunk).enumerate() {
                *value = step(*value, base + lane, *element);
            }
            base += LANES;
        }
        for (lane, (value, element)) in values.iter_mut().zip(rest).enumerate() {
            *value = step(*value, base + lane, *element);
        }
        let used = data.len().min(LANES);
        Lanes { values, used }
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
        let mut values = [identity; LANES];
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
        let used = count.min(LANES);
        Lanes { values, used }
    }

    #[inline(always)]
    fn fold_numbers<A: Copy>(&mut self, count: usize, identity: A, step: impl Fn(A, usize) -> A) -> Lanes<A> {
        let mut values = [identity; LANES];
        let mut base = 0;
        while base < count {
            for (lane, value) in values.iter_mut().enumerate().take(count - base) {
                *value = step(*value, base + lane);
            }
            base += LANES;
        }
        let used = count.min(LANES);
        Lanes { values, used }
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
        let mut values = [identity; LANES];
        let (chunks, rest) = data[..count].as_chunks::<LANES>();
        let (outs, out_rest) = out[..count].as_chunks_mut::<LANES>();
        for (chunk, out) in chunks.iter().zip(outs) {
            for (value, (out, element)) in values.iter_mut().zip(out.iter_mut().zip(chunk)) {
                *out = f(*element);
                *value = step(*value, *out);
            }
        }
        for (value, (out, element)) in values.iter_mut().zip(out_rest.iter_mut().zip(rest)) {
            *out = f(*element);
            *value = step(*value, *out);
        }
        let used = count.min(LANES);
        Lanes { values, used }
    }

    #[inline(always)]
    fn combine<A: Copy>(&mut self, own: Lanes<A>, op: impl Fn(A, A) -> A) -> A {
        let Lanes { mut values, used } = own;
        // Lanes that were not used hold the identity: rounds that would combine with nothing else are left out.
        let mut half = used.next_power_of_two() / 2;
        while half > 0 {
            let (lower, upper) = values.split_at_mut(half);
            for (value, other) in lower.iter_mut().zip(upper.iter()) {
                *value = op(*value, *other);
            }
            half /= 2;
        }
        values[0]
    }

    #[inline(always)]
    fn map<T: Copy, U: Copy>(&mut self, data: &[T], out: &mut &mut [U], f: impl Fn(T) -> U) {
        for (out, element) in out.iter_mut().zip(data) {
            *out = f(*element);
        }
    }

    #[inline(always)]
    fn map2<T: Copy, U: Copy, V: Copy>(&mut self, left: &[T], right: &[U], out: &mut &mut [V], f: impl Fn(T, U) -> V) {
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
        let mut values = [identity; LANES];
        for (value, run) in values.iter_mut().zip(data.chunks(run)) {
            *value = run.iter().fold(identity, |value, element| step(value, *element));
        }
        let used = data.len().div_ceil(run).min(LANES);
        Lanes { values, used }
    }

    #[inline(always)]
    fn before<A: Copy>(&mut self, own: Lanes<A>, identity: A, op: impl Fn(A, A) -> A) -> (Lanes<A>, A) {
        let Lanes { mut values, used } = own;
        let mut distance = 1;
        while distance < LANES {
            let last = values;
            for (value, earlier) in values[distance..].iter_mut().zip(&last) {
                *value = op(*earlier, *value);
            }
            distance *= 2;
        }
        let total = values[LANES - 1];
        let mut before = [identity; LANES];
        before[1..].copy_from_slice(&values[..LANES - 1]);
        (Lanes { values: before, used }, total)
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
        let runs = data.chunks(run).zip(out.chunks_mut(run)).zip(before.values);
        for ((data, out), before) in runs {
            let mut sum = op(offset, before);
            for (out, element) in out.iter_mut().zip(data) {
                let next = op(sum, *element);
                *out = if inclusive { next } else { sum };
                sum = next;
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
        for element in rest {
            if let Some(count) = self.tables[0].get_mut(slot(*element) as usize) {
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
            for chosen in chosen[..count].chunks(TABLES) {
                for (table, slot) in self.tables.iter_mut().zip(chosen) {
                    if let Some(count) = table.get_mut(*slot as usize) {
                        *count += 1;
                    }
                }
            }
        }
        self.add_tables(slots);
    }

    #[inline(always)]
    fn minima<T: Copy>(&mut self, slots: usize, data: &[T], entry: impl Fn(T) -> (u32, u32)) {
        let table = &mut self.tables[0][..slots];
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
        let table = &self.tables[0][..slots];
        for (slot, out) in out.iter_mut().enumerate().take(slots) {
            *out = f(table, slot);
        }
    }
}
