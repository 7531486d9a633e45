//! The share of the suites that one of several machines has.

use std::fmt;
use std::str::FromStr;

use crate::JsonSchema;
use serde::{Deserialize, Serialize};

/// [Code](crate::Reason::code) of a suite that has no judgement because another share of the suites has it.
pub const OTHER_SHARD: &str = "other_shard";

/// Most machines that share the suites of a run.
const MOST: u32 = 1000;

/// A share of the suites: `2/3` is the second of three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Partition {
    /// Which share, from 1.
    pub shard: u32,
    /// Number of shares.
    pub of: u32,
}

impl Partition {
    /// The share that what stands at this place of an order falls to: they take turns.
    #[must_use]
    pub fn at(self, place: usize) -> Self {
        let turn = u32::try_from(place % self.of.max(1) as usize).unwrap_or_default();
        Self {
            shard: turn + 1,
            of: self.of,
        }
    }

    /// Whether there are other shares.
    pub fn is_partial(self) -> bool {
        self.of > 1
    }

    /// Whether it is one of its shares, which a file that somebody wrote may deny.
    pub fn is_valid(self) -> bool {
        (1..=MOST).contains(&self.of) && (1..=self.of).contains(&self.shard)
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.shard, self.of)
    }
}

impl FromStr for Partition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |digits: &str| {
            digits
                .bytes()
                .all(|byte| byte.is_ascii_digit())
                .then(|| digits.parse().ok())?
        };
        text.split_once('/')
            .and_then(|(shard, of)| {
                Some(Self {
                    shard: number(shard)?,
                    of: number(of)?,
                })
            })
            .filter(|partition| partition.is_valid())
            .ok_or_else(|| format!("write SHARD/COUNT, such as 1/3, with numbers from 1 to {MOST}"))
    }
}

/// What part of a suite ran, where the runner itself divides it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SuitePart {
    /// Which part.
    pub partition: Partition,
    /// Least number of tests that all parts together must run.
    pub min_tests: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_one_of_its_number() {
        for good in ["1/1", "2/3", "1000/1000"] {
            assert_eq!(good.parse::<Partition>().unwrap().to_string(), good);
        }
        for bad in [
            "", "1", "0/3", "4/3", "1/0", "+1/3", "1/-3", "1/3/3", "1/1001", "a/b", " 1/3",
        ] {
            assert!(bad.parse::<Partition>().is_err(), "{bad}");
        }
    }

    #[test]
    fn shares_take_turns() {
        let mine = Partition { shard: 2, of: 3 };
        let shards: Vec<u32> = (0..5).map(|place| mine.at(place).shard).collect();
        assert_eq!(shards, [1, 2, 3, 1, 2]);
    }
}
