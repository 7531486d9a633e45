//! The machine that kernels are written for.

/// Lanes of a group: threads of a block in PTX, entries of an array on the CPU.
pub(crate) const LANES: usize = 256;

/// Elements of one block of an elementwise kernel or a reduction: 64 for each lane.
pub(crate) const BLOCK: usize = 64 * LANES;

/// Slots of the table that [`Group::tally`] and [`Group::minima`] fill.
pub(crate) const SLOTS: usize = 1024;

/// 256 lanes that work on one block of data together.
///
/// Element `i` of a block belongs to lane `i mod 256`, and a lane takes its elements in ascending order. In the
/// `*_runs` steps, lane `l` has the elements `l·run ..` instead. Every step ends with all lanes having finished it.
///
/// `identity` must not change what it is combined with, bit by bit: `-0.0` for a sum, not `0.0`. That is what lets a
/// backend leave out lanes that have no element.
pub(crate) trait Group {
    /// One value for each lane.
    type Own<A: Copy>;

    /// Where a block's results go; no other block writes there.
    type Out<'a, T: Copy + 'a>;

    /// `a·b + c`, rounded once.
    fn fma(a: f32, b: f32, c: f32) -> f32;

    /// The square root, rounded correctly.
    fn sqrt(x: f32) -> f32;

    /// Each lane folds its elements; `step` gets the index of the element as well.
    fn fold<T: Copy, A: Copy>(&mut self, data: &[T], identity: A, step: impl Fn(A, usize, T) -> A) -> Self::Own<A>;

    /// [`Group::fold`] over two arrays, as far as both reach.
    fn fold2<T: Copy, U: Copy, A: Copy>(
        &mut self,
        left: &[T],
        right: &[U],
        identity: A,
        step: impl Fn(A, usize, T, U) -> A,
    ) -> Self::Own<A>;

    /// The largest `value(left[i], right[i])` above 0, or 0, as far as both reach. `value` gives no NaN, and `exceeds(max, …)` is
    /// only false where `value` is at most `max`: what costs much is left out where it cannot matter. The order does not
    /// matter for the result, so backends have their own.
    #[inline(always)]
    fn largest2<T: Copy, U: Copy>(
        &mut self,
        left: &[T],
        right: &[U],
        exceeds: impl Fn(f64, T, U) -> bool,
        value: impl Fn(T, U) -> f64,
    ) -> f64 {
        let larger = |a: f64, b: f64| if b > a { b } else { a };
        let lanes = self.fold2(left, right, 0.0, |max, _, a, b| {
            if exceeds(max, a, b) {
                larger(max, value(a, b))
            } else {
                max
            }
        });
        self.combine(lanes, larger)
    }

    /// The first index at which `wanted` holds, as far as both reach; `u32::MAX` where there is none.
    #[inline(always)]
    fn first2<T: Copy, U: Copy>(&mut self, left: &[T], right: &[U], wanted: impl Fn(T, U) -> bool) -> u32 {
        let smaller = |a: u32, b: u32| if b < a { b } else { a };
        let lanes = self.fold2(left, right, u32::MAX, |first, index, a, b| {
            smaller(first, if wanted(a, b) { index as u32 } else { u32::MAX })
        });
        self.combine(lanes, smaller)
    }

    /// [`Group::fold`] over the numbers `0..count`.
    fn fold_numbers<A: Copy>(&mut self, count: usize, identity: A, step: impl Fn(A, usize) -> A) -> Self::Own<A>;

    /// Each lane writes `f` of its elements to `out` and folds what it wrote, as far as both reach.
    fn fold_into<T: Copy, U: Copy, A: Copy>(
        &mut self,
        data: &[T],
        out: &mut Self::Out<'_, U>,
        identity: A,
        f: impl Fn(T) -> U,
        step: impl Fn(A, U) -> A,
    ) -> Self::Own<A>;

    /// Combines the values of all lanes in a tree: lane `l` with lane `l + 128`, then with `l + 64`, down to `l + 1`.
    /// Every lane gets the result.
    fn combine<A: Copy>(&mut self, own: Self::Own<A>, op: impl Fn(A, A) -> A) -> A;

    /// `out[i] = f(data[i])`, as far as both reach.
    fn map<T: Copy, U: Copy>(&mut self, data: &[T], out: &mut Self::Out<'_, U>, f: impl Fn(T) -> U);

    /// `out[i] = f(left[i], right[i])`, as far as all three reach.
    fn map2<T: Copy, U: Copy, V: Copy>(
        &mut self,
        left: &[T],
        right: &[U],
        out: &mut Self::Out<'_, V>,
        f: impl Fn(T, U) -> V,
    );

    /// `place[i] = f(place[i], data[i])`, as far as both reach.
    fn update<T: Copy, U: Copy>(&mut self, place: &mut Self::Out<'_, U>, data: &[T], f: impl Fn(U, T) -> U);

    /// Each lane folds its run of `run` neighbouring elements.
    fn fold_runs<T: Copy, A: Copy>(
        &mut self,
        data: &[T],
        run: usize,
        identity: A,
        step: impl Fn(A, T) -> A,
    ) -> Self::Own<A>;

    /// What stands before each lane, and the total. In rounds `d = 1, 2, 4 … 128`, lane `l ≥ d` takes
    /// `op(value of l − d, own value)`; lane `l` then gets what lane `l − 1` has, and lane 0 the identity.
    fn before<A: Copy>(&mut self, own: Self::Own<A>, identity: A, op: impl Fn(A, A) -> A) -> (Self::Own<A>, A);

    /// Each lane goes through its run, starting from `op(offset, before)`. `out` gets the running value with the element
    /// itself in it (`inclusive`) or without.
    #[expect(
        clippy::too_many_arguments,
        reason = "one step of a scan, all of whose parts differ in kind"
    )]
    fn scan_runs<T: Copy>(
        &mut self,
        data: &[T],
        run: usize,
        offset: T,
        before: Self::Own<T>,
        inclusive: bool,
        out: &mut Self::Out<'_, T>,
        op: impl Fn(T, T) -> T,
    );

    /// Counts in the table how many elements fall into each of `slots` slots; what falls outside is not counted.
    fn tally<T: Copy>(&mut self, slots: usize, data: &[T], slot: impl Fn(T) -> u32);

    /// [`Group::tally`] over two arrays, as far as both reach.
    fn tally2<T: Copy, U: Copy>(&mut self, slots: usize, left: &[T], right: &[U], slot: impl Fn(T, U) -> u32);

    /// Keeps in the table the smallest value of each of `slots` slots, `u32::MAX` where there is none.
    fn minima<T: Copy>(&mut self, slots: usize, data: &[T], entry: impl Fn(T) -> (u32, u32));

    /// `out[i] = f(table, i)` for each slot of the last `tally` or `minima`.
    fn map_table(&mut self, slots: usize, out: &mut Self::Out<'_, u32>, f: impl Fn(&[u32], usize) -> u32);
}
