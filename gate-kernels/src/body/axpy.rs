//! `y ← a·x + y`.

use super::element::Element;
use super::group::Group;

/// One block of it.
#[inline(always)]
pub(crate) fn block<G: Group, T: Element>(group: &mut G, a: T::Wide, x: &[T], y: &mut G::Out<'_, T>) {
    group.update(y, x, |y: T, x| T::narrow(a * x.widen() + y.widen()));
}
