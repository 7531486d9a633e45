//! One cell: what each side gave, what differs, and whether the comparison would have seen it.

use gate_equivalence::compare::{Compared, compare};
use gate_equivalence::mutant::{Score, score};
use gate_equivalence::output::Output;
use gate_equivalence::read::read;
use gate_equivalence::rule::Rules;
use gate_report::CellStanding;

/// What the sides gave for a cell: the first output, and the second where it can be asked for twice.
pub(super) struct Outputs {
    pub(super) name: String,
    pub(super) is_oracle: bool,
    pub(super) given: Result<(Vec<u8>, Option<Vec<u8>>), String>,
}

/// What a cell showed.
#[derive(Debug, Clone, Default)]
pub(super) struct Judged {
    pub(super) standing: Option<CellStanding>,
    pub(super) differences: u64,
    pub(super) max_ulp: Option<u64>,
    pub(super) score: Score,
    pub(super) why: Option<String>,
    /// Sides by their places, and whether they are the same.
    pub(super) pairs: Vec<(usize, usize, bool)>,
}

impl Judged {
    fn ended(mut self, standing: CellStanding, why: String) -> Self {
        self.standing = Some(standing);
        self.why = Some(why);
        self
    }
}

/// Judges a cell. The first side is the implementation under test.
pub(super) fn judge(rules: &Rules, sides: &[Outputs]) -> Judged {
    let mut judged = Judged::default();
    let mut outputs: Vec<Output> = Vec::new();
    // References first: what they lack makes the cell undecided, whatever the implementation does.
    for (at, side) in sides.iter().enumerate().rev() {
        let standing = if at == 0 {
            CellStanding::Different
        } else {
            CellStanding::Undecided
        };
        let (first, second) = match &side.given {
            Ok(given) => given,
            Err(why) => return judged.ended(standing, format!("`{}` {why}", side.name)),
        };
        let read =
            |bytes: &Vec<u8>| read(rules, bytes.clone()).map_err(|why| format!("the output of `{}`, {why}", side.name));
        let output = match read(first) {
            Ok(output) => output,
            Err(why) => return judged.ended(standing, why),
        };
        // The same bytes need no second look.
        if let Some(second) = second.as_ref().filter(|second| *second != first) {
            let again = read(second).and_then(|second| compare(rules, &second, &output));
            match again {
                Ok(compared) if compared.is_same() => {}
                Ok(compared) => {
                    let why = format!("`{}` gives something else each time: {}", side.name, said(&compared));
                    return judged.ended(standing, why);
                }
                Err(why) => return judged.ended(CellStanding::Undecided, why),
            }
        }
        outputs.push(output);
    }
    outputs.reverse();
    let oracle = sides.iter().position(|side| side.is_oracle).unwrap_or(1);
    let mut different: Option<(bool, String)> = None;
    for first in 0..sides.len() {
        for second in first + 1..sides.len() {
            // The oracle is what is right.
            let (found, expected) = if first == oracle {
                (second, first)
            } else {
                (first, second)
            };
            let compared = match compare(rules, &outputs[found], &outputs[expected]) {
                Ok(compared) => compared,
                Err(why) => return judged.ended(CellStanding::Undecided, why),
            };
            judged.pairs.push((first, second, compared.is_same()));
            if first == 0 {
                judged.max_ulp = judged.max_ulp.max(compared.max_ulp);
                judged.differences = judged.differences.max(compared.count);
            }
            if !compared.is_same() {
                let ours = found == 0;
                let why = format!(
                    "`{}` differs from `{}`: {}",
                    sides[found].name,
                    sides[expected].name,
                    said(&compared)
                );
                // What the implementation does is said before what references do among each other.
                if different.as_ref().is_none_or(|(before, _)| ours && !before) {
                    different = Some((ours, why));
                }
            }
        }
    }
    match score(rules, &outputs[oracle]) {
        Ok(score) => judged.score = score,
        Err(why) => return judged.ended(CellStanding::Undecided, why),
    }
    if let Some((_, why)) = different {
        return judged.ended(CellStanding::Different, why);
    }
    if !judged.score.is_complete() {
        let why = match judged.score.survivors.as_slice() {
            [] => "there is nothing that could differ".to_owned(),
            [first, ..] => format!(
                "{} of {} faults are not found, such as: {first}",
                judged.score.made - judged.score.killed,
                judged.score.made
            ),
        };
        return judged.ended(CellStanding::Vacuous, why);
    }
    judged.standing = Some(CellStanding::Same);
    judged
}

/// Differences in words.
fn said(compared: &Compared) -> String {
    let Some(first) = compared.first.first() else {
        return "nothing".to_owned();
    };
    let more = match compared.count {
        1 => String::new(),
        count => format!(", and {} more", count - 1),
    };
    format!("{}: {} instead of {}{more}", first.place, first.found, first.expected)
}
