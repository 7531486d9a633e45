//! Asking memory for what is worked on next, so that its way is behind the arithmetic.

use super::wide::{Cache, LINE, prefetch};

/// Bytes of the smallest page. Each page has a place of its own in memory, which is looked up when it is first come to.
const PAGE: usize = 1 << 12;

/// Has the page after the next one looked up, where the next one begins within `bytes` bytes from `place` on. Looking up takes longer than reading
/// a line, a store past the cache waits for it, and asking for the second cache does not begin it. To be called for neighbouring parts of what is
/// read or written, none larger than a page.
#[inline(always)]
pub(crate) fn prefetch_page(place: *const u8, bytes: usize) {
    let rest = place.addr().wrapping_neg() % PAGE;
    if rest < bytes {
        prefetch(Cache::First, place.wrapping_add(rest + PAGE));
    }
}

/// Data that is worked on next, and where asking for it has come to.
pub(super) struct Prefetched {
    place: *const u8,
    bytes: usize,
}

impl Prefetched {
    /// Nothing is.
    pub(super) const NOTHING: Self = Self {
        place: std::ptr::null(),
        bytes: 0,
    };

    /// This is.
    #[inline(always)]
    pub(super) fn of<T>(data: &[T]) -> Self {
        Self {
            place: data.as_ptr().cast(),
            bytes: size_of_val(data),
        }
    }

    /// Whether all of it was asked for.
    #[inline(always)]
    pub(super) fn is_asked_for(&self) -> bool {
        self.bytes == 0
    }

    /// Asks for so many bytes more, which are no more than a page.
    #[inline(always)]
    pub(super) fn ask(&mut self, bytes: usize) {
        let bytes = bytes.min(self.bytes);
        prefetch_page(self.place, bytes);
        for offset in (0..bytes).step_by(LINE) {
            prefetch(Cache::Second, self.place.wrapping_add(offset));
        }
        self.place = self.place.wrapping_add(bytes);
        self.bytes -= bytes;
    }
}

/// Asks for so many elements from `place` on: a part of a piece of `piece` elements that is worked on next while another one is.
/// Pieces beyond some size would push each other out of the cache.
#[inline(always)]
pub(super) fn ask_for<T>(place: *const T, elements: usize, piece: usize) {
    const LARGEST: usize = 1 << 17;
    if piece * size_of::<T>() <= LARGEST {
        for offset in (0..elements * size_of::<T>()).step_by(LINE) {
            prefetch(Cache::First, place.cast::<u8>().wrapping_add(offset));
        }
    }
}
