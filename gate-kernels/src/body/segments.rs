//! Parts of an array that offsets cut out.

/// Where a segment begins and ends, within an array of `count` elements whatever the offsets say.
#[inline(always)]
pub(crate) fn bounds(first: u64, end: u64, count: usize) -> [usize; 2] {
    let bound = |offset: u64| if offset < count as u64 { offset as usize } else { count };
    let (first, end) = (bound(first), bound(end));
    [first, if end < first { first } else { end }]
}
