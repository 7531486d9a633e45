//! A thread block of 256 threads as a group.

use core::arch::asm;
use core::arch::nvptx::{_syncthreads, _thread_idx_x};
use core::marker::PhantomData;

use crate::body::group::{Group, LANES, SLOTS};

// One value of at most 16 bytes for each lane, and the table. Both hold nothing across steps but the table, which only the
// next `tally` or `minima` overwrites.
core::arch::global_asm!(
    ".shared .align 16 .b8 gate_lanes[4096];",
    ".shared .align 16 .b8 gate_table[4096];"
);

const _: () = assert!(LANES * 16 == 4096 && SLOTS * 4 == 4096);

/// The thread block that runs this, seen from one of its threads.
pub(crate) struct Block {
    lane: usize,
}

/// Where a block writes: elements `0..length` from an address on, of which this thread writes those of its lane.
pub(crate) struct Out<'a, T> {
    start: *mut T,
    length: usize,
    lifetime: PhantomData<&'a mut T>,
}

impl<T> Out<'_, T> {
    /// # Safety
    /// `start` is aligned and `length` elements from it are writable, by no other block and by no thread of this one
    /// except through an `Out` over the same elements.
    pub(crate) unsafe fn new(start: *mut T, length: usize) -> Self {
        Self {
            start,
            length,
            lifetime: PhantomData,
        }
    }
}

impl Block {
    /// # Safety
    /// The kernel was launched with 256 threads in a block, all of which call this, and go through the same steps.
    #[inline(always)]
    pub(crate) unsafe fn new() -> Self {
        // SAFETY: reads a register.
        let lane = unsafe { _thread_idx_x() } as usize;
        Self { lane }
    }

    /// Whether this thread writes what a block has only one of.
    #[inline(always)]
    pub(crate) fn speaks(&self) -> bool {
        self.lane == 0
    }

    /// Number of this thread in the block.
    #[inline(always)]
    pub(crate) fn lane(&self) -> usize {
        self.lane
    }

    /// Waits until all threads of the block are here; what they wrote before is visible after.
    #[inline(always)]
    pub(crate) fn wait(&self) {
        // SAFETY: whoever made the `Block` promised that all threads go through the same steps.
        unsafe { _syncthreads() }
    }

    /// 256 values in shared memory, one for each lane.
    #[inline(always)]
    fn lanes<A>(&self) -> *mut A {
        const { assert!(size_of::<A>() <= 16 && align_of::<A>() <= 16) }
        let address: u64;
        // SAFETY: computes the generic address of the array declared above.
        unsafe { asm!("cvta.shared.u64 {}, gate_lanes;", out(reg64) address, options(pure, nomem, nostack)) }
        address as *mut A
    }

    /// The table in shared memory.
    #[inline(always)]
    fn table(&self) -> *mut u32 {
        let address: u64;
        // SAFETY: computes the generic address of the array declared above.
        unsafe { asm!("cvta.shared.u64 {}, gate_table;", out(reg64) address, options(pure, nomem, nostack)) }
        address as *mut u32
    }

    /// Fills the table.
    #[inline(always)]
    fn fill(&self, slots: usize, value: u32) {
        let table = self.table();
        self.wait();
        let mut slot = self.lane;
        while slot < slots.min(SLOTS) {
            // SAFETY: the slot is within the table, and no other lane has it.
            unsafe { table.add(slot).write(value) };
            slot += LANES;
        }
        self.wait();
    }

    #[inline(always)]
    fn count(&self, slots: usize, slot: u32) {
        if (slot as usize) < slots.min(SLOTS) {
            // SAFETY: the slot is within the table; the addition is atomic.
            unsafe {
                let address = self.table().add(slot as usize);
                asm!("red.add.u32 [{}], 1;", in(reg64) address, options(nostack));
            }
        }
    }
}

impl Group for Block {
    type Own<A: Copy> = A;
    type Out<'a, T: Copy + 'a> = Out<'a, T>;

    #[inline(always)]
    fn fma(a: f32, b: f32, c: f32) -> f32 {
        let result: f32;
        // SAFETY: arithmetic on registers.
        unsafe {
            asm!(
                "fma.rn.f32 {}, {}, {}, {};",
                out(reg32) result, in(reg32) a, in(reg32) b, in(reg32) c,
                options(pure, nomem, nostack)
            );
        }
        result
    }

    #[inline(always)]
    fn sqrt(x: f32) -> f32 {
        let result: f32;
        // SAFETY: arithmetic on registers.
        unsafe { asm!("sqrt.rn.f32 {}, {};", out(reg32) result, in(reg32) x, options(pure, nomem, nostack)) }
        result
    }

    #[inline(always)]
    fn fold<T: Copy, A: Copy>(&mut self, data: &[T], identity: A, step: impl Fn(A, usize, T) -> A) -> A {
        let mut value = identity;
        let mut index = self.lane;
        while index < data.len() {
            value = step(value, index, data[index]);
            index += LANES;
        }
        value
    }

    #[inline(always)]
    fn fold2<T: Copy, U: Copy, A: Copy>(
        &mut self,
        left: &[T],
        right: &[U],
        identity: A,
        step: impl Fn(A, usize, T, U) -> A,
    ) -> A {
        let mut value = identity;
        let mut index = self.lane;
        while index < left.len() && index < right.len() {
            value = step(value, index, left[index], right[index]);
            index += LANES;
        }
        value
    }

    #[inline(always)]
    fn fold_numbers<A: Copy>(&mut self, count: usize, identity: A, step: impl Fn(A, usize) -> A) -> A {
        let mut value = identity;
        let mut index = self.lane;
        while index < count {
            value = step(value, index);
            index += LANES;
        }
        value
    }

    #[inline(always)]
    fn fold_into<T: Copy, U: Copy, A: Copy>(
        &mut self,
        data: &[T],
        out: &mut Out<'_, U>,
        identity: A,
        f: impl Fn(T) -> U,
        step: impl Fn(A, U) -> A,
    ) -> A {
        let mut value = identity;
        let mut index = self.lane;
        while index < data.len() && index < out.length {
            let result = f(data[index]);
            // SAFETY: the index is below the length, and no other thread writes this element.
            unsafe { out.start.add(index).write(result) };
            value = step(value, result);
            index += LANES;
        }
        value
    }

    #[inline(always)]
    fn combine<A: Copy>(&mut self, own: A, op: impl Fn(A, A) -> A) -> A {
        let lanes = self.lanes::<A>();
        // SAFETY: 256 values fit, a thread writes only the one of its lane, and between a write and a read by another
        // thread all wait. A thread that still reads the last result keeps the next step from writing.
        unsafe {
            self.wait();
            lanes.add(self.lane).write(own);
            self.wait();
            let mut half = LANES / 2;
            while half > 0 {
                if self.lane < half {
                    let value = op(lanes.add(self.lane).read(), lanes.add(self.lane + half).read());
                    lanes.add(self.lane).write(value);
                }
                self.wait();
                half /= 2;
            }
            lanes.read()
        }
    }

    #[inline(always)]
    fn map<T: Copy, U: Copy>(&mut self, data: &[T], out: &mut Out<'_, U>, f: impl Fn(T) -> U) {
        let mut index = self.lane;
        while index < data.len() && index < out.length {
            // SAFETY: the index is below the length, and no other thread writes this element.
            unsafe { out.start.add(index).write(f(data[index])) };
            index += LANES;
        }
    }

    #[inline(always)]
    fn map2<T: Copy, U: Copy, V: Copy>(
        &mut self,
        left: &[T],
        right: &[U],
        out: &mut Out<'_, V>,
        f: impl Fn(T, U) -> V,
    ) {
        let mut index = self.lane;
        while index < left.len() && index < right.len() && index < out.length {
            // SAFETY: the index is below the length, and no other thread writes this element.
            unsafe { out.start.add(index).write(f(left[index], right[index])) };
            index += LANES;
        }
    }

    #[inline(always)]
    fn update<T: Copy, U: Copy>(&mut self, place: &mut Out<'_, U>, data: &[T], f: impl Fn(U, T) -> U) {
        let mut index = self.lane;
        while index < data.len() && index < place.length {
            // SAFETY: the index is below the length, and no other thread writes this element.
            unsafe {
                let address = place.start.add(index);
                address.write(f(address.read(), data[index]));
            }
            index += LANES;
        }
    }

    #[inline(always)]
    fn fold_runs<T: Copy, A: Copy>(&mut self, data: &[T], run: usize, identity: A, step: impl Fn(A, T) -> A) -> A {
        let mut value = identity;
        let mut index = self.lane * run;
        let end = index + run;
        while index < end && index < data.len() {
            value = step(value, data[index]);
            index += 1;
        }
        value
    }

    #[inline(always)]
    fn before<A: Copy>(&mut self, own: A, identity: A, op: impl Fn(A, A) -> A) -> (A, A) {
        let lanes = self.lanes::<A>();
        let mut value = own;
        // SAFETY: as in `combine`.
        unsafe {
            let mut distance = 1;
            while distance < LANES {
                self.wait();
                lanes.add(self.lane).write(value);
                self.wait();
                if self.lane >= distance {
                    value = op(lanes.add(self.lane - distance).read(), value);
                }
                distance *= 2;
            }
            self.wait();
            lanes.add(self.lane).write(value);
            self.wait();
            let before = if self.lane == 0 {
                identity
            } else {
                lanes.add(self.lane - 1).read()
            };
            (before, lanes.add(LANES - 1).read())
        }
    }

    #[inline(always)]
    fn scan_runs<T: Copy>(
        &mut self,
        data: &[T],
        run: usize,
        offset: T,
        before: T,
        inclusive: bool,
        out: &mut Out<'_, T>,
        op: impl Fn(T, T) -> T,
    ) {
        let mut sum = op(offset, before);
        let mut index = self.lane * run;
        let end = index + run;
        while index < end && index < data.len() && index < out.length {
            let next = op(sum, data[index]);
            // SAFETY: the index is below the length, and no other thread writes this element.
            unsafe { out.start.add(index).write(if inclusive { next } else { sum }) };
            sum = next;
            index += 1;
        }
    }

    #[inline(always)]
    fn tally<T: Copy>(&mut self, slots: usize, data: &[T], slot: impl Fn(T) -> u32) {
        self.fill(slots, 0);
        let mut index = self.lane;
        while index < data.len() {
            self.count(slots, slot(data[index]));
            index += LANES;
        }
        self.wait();
    }

    #[inline(always)]
    fn tally2<T: Copy, U: Copy>(&mut self, slots: usize, left: &[T], right: &[U], slot: impl Fn(T, U) -> u32) {
        self.fill(slots, 0);
        let mut index = self.lane;
        while index < left.len() && index < right.len() {
            self.count(slots, slot(left[index], right[index]));
            index += LANES;
        }
        self.wait();
    }

    #[inline(always)]
    fn minima<T: Copy>(&mut self, slots: usize, data: &[T], entry: impl Fn(T) -> (u32, u32)) {
        self.fill(slots, u32::MAX);
        let mut index = self.lane;
        while index < data.len() {
            let (slot, value) = entry(data[index]);
            if (slot as usize) < slots.min(SLOTS) {
                // SAFETY: the slot is within the table; the minimum is atomic.
                unsafe {
                    let address = self.table().add(slot as usize);
                    asm!("red.min.u32 [{}], {};", in(reg64) address, in(reg32) value, options(nostack));
                }
            }
            index += LANES;
        }
        self.wait();
    }

    #[inline(always)]
    fn map_table(&mut self, slots: usize, out: &mut Out<'_, u32>, f: impl Fn(&[u32], usize) -> u32) {
        // SAFETY: all threads have waited since the last write to the table, and the next one waits first.
        let table = unsafe { core::slice::from_raw_parts(self.table(), slots.min(SLOTS)) };
        let mut slot = self.lane;
        while slot < slots && slot < out.length {
            // SAFETY: the index is below the length, and no other thread writes this element.
            unsafe { out.start.add(slot).write(f(table, slot)) };
            slot += LANES;
        }
    }
}
