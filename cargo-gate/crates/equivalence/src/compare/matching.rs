//! Which rows of two sides belong together, where more than one may: a matching in a bipartite graph.

/// Most rows that are matched by all their combinations.
pub(super) const MOST: usize = 400;

/// A partner of each row on the left, by augmenting paths (Kuhn, 1955); `None` for a row that has none.
pub(super) fn partners(count: usize, fits: impl Fn(usize, usize) -> bool) -> Vec<Option<usize>> {
    let edges: Vec<Vec<usize>> = (0..count)
        .map(|left| (0..count).filter(|right| fits(left, *right)).collect())
        .collect();
    let mut taken: Vec<Option<usize>> = vec![None; count];
    for left in 0..count {
        let mut seen = vec![false; count];
        augment(left, &edges, &mut taken, &mut seen);
    }
    let mut partners = vec![None; count];
    for (right, left) in taken.iter().enumerate() {
        if let Some(left) = left {
            partners[*left] = Some(right);
        }
    }
    partners
}

/// Finds a free partner, or one whose own can have another. The depth is at most the number of rows, [`MOST`].
fn augment(left: usize, edges: &[Vec<usize>], taken: &mut [Option<usize>], seen: &mut [bool]) -> bool {
    for right in &edges[left] {
        if std::mem::replace(&mut seen[*right], true) {
            continue;
        }
        if taken[*right].is_none_or(|other| augment(other, edges, taken, seen)) {
            taken[*right] = Some(left);
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_greedy_choice_is_taken_back() {
        // Row 0 fits both, row 1 only the first.
        let fits = |left: usize, right: usize| [[true, true], [true, false]][left][right];
        assert_eq!(partners(2, fits), [Some(1), Some(0)]);
        assert_eq!(partners(2, |_, right| right == 0), [Some(0), None]);
    }
}
