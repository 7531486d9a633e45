//! Results of single items, and how sure a difference between two runs is.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::directory::Directory;
use crate::json;
use crate::report::Status;

/// How often items are drawn again.
pub(crate) const RESAMPLES: usize = 2000;
/// Where results of single items lie.
const FILES: &[&str] = &[
    "eval/items.jsonl",
    "eval/per_item.jsonl",
    "eval/predictions.jsonl",
    "eval/samples.jsonl",
];

/// The metrics of each item, by its id.
#[derive(Debug, Default)]
pub(crate) struct Samples(BTreeMap<String, BTreeMap<String, f64>>);

impl Samples {
    /// The results of single items of a run; none where there is no such file.
    ///
    /// # Errors
    /// Why they cannot be used, in a sentence: a failure where a line cannot be read, otherwise a warning.
    pub(crate) fn of(directory: &Directory) -> Result<Self, (Status, String)> {
        for path in FILES {
            match directory.document(path) {
                Ok(None) => {}
                Ok(Some(bytes)) => {
                    return Self::parse(&bytes).map_err(|(status, why)| (status, format!("`{path}` {why}")));
                }
                Err(why) => return Err((Status::Warn, format!("`{path}` cannot be read: {why}"))),
            }
        }
        Ok(Self::default())
    }

    fn parse(bytes: &[u8]) -> Result<Self, (Status, String)> {
        let mut items = BTreeMap::new();
        for (number, line) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
            if line.trim_ascii().is_empty() {
                continue;
            }
            let broken = |why: &str| (Status::Fail, format!("line {number} cannot be read: {why}"));
            let row = json::parse(line).map_err(|why| broken(&why))?;
            let id = row.get("id").map_or_else(
                || number.to_string(),
                |id| id.as_str().map_or_else(|| id.to_string(), str::to_owned),
            );
            let metrics = row
                .get("metrics")
                .unwrap_or(&row)
                .as_object()
                .ok_or_else(|| broken("it is not a JSON object"))?;
            let values = metrics.iter().filter_map(|(name, value)| {
                let number = match value {
                    Value::Bool(passed) => f64::from(u8::from(*passed)),
                    value => value.as_f64()?,
                };
                Some((name.clone(), number))
            });
            // An id that stands twice pairs nothing.
            if items.insert(id, values.collect()).is_some() {
                return Err((Status::Warn, format!("line {number} has an id for the second time")));
            }
        }
        Ok(Self(items))
    }

    /// How many items there are, how many of them have this metric, and the mean of those.
    pub(crate) fn mean(&self, metric: &str) -> (usize, usize, f64) {
        let values: Vec<f64> = self
            .0
            .values()
            .filter_map(|values| values.get(metric).copied())
            .collect();
        let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
        (self.0.len(), values.len(), mean)
    }
}

/// Where the mean difference of items lies, new less old.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Interval {
    /// 2.5 % of the resamples are below.
    pub(crate) low: f64,
    /// 2.5 % of the resamples are above.
    pub(crate) high: f64,
    /// Items that both runs have.
    pub(crate) items: usize,
}

/// The paired bootstrap (Efron and Tibshirani, 1993, chapter 13) of a metric, over the items that both runs have; `None` where not the
/// same items have it. The draws are the same each time.
pub(crate) fn difference(new: &Samples, old: &Samples, metric: &str) -> Option<Interval> {
    /// Fewer items say nothing about their mean.
    const LEAST: usize = 10;
    let pairs: Option<Vec<f64>> = new
        .0
        .iter()
        .map(|(id, values)| Some(values.get(metric)? - old.0.get(id)?.get(metric)?))
        .collect();
    let pairs = pairs.filter(|pairs| pairs.len() >= LEAST && new.0.len() == old.0.len())?;
    let mut state = 0x243f_6a88_85a3_08d3_u64;
    let mut draw = || {
        // SplitMix64 (Steele, Lea and Flood, 2014).
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = state;
        word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ word >> 31
    };
    let count = pairs.len();
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            (0..count)
                .map(|_| pairs[((u128::from(draw()) * count as u128) >> 64) as usize])
                .sum::<f64>()
                / count as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);
    Some(Interval {
        low: means[RESAMPLES / 40],
        high: means[RESAMPLES - 1 - RESAMPLES / 40],
        items: count,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(values: impl Iterator<Item = f64>) -> Samples {
        Samples(
            values
                .enumerate()
                .map(|(at, value)| (at.to_string(), BTreeMap::from([("f1".to_owned(), value)])))
                .collect(),
        )
    }

    #[test]
    fn a_difference_has_bounds() {
        let old = samples((0..400).map(|at| f64::from(at % 2)));
        let new = samples((0..400).map(|at| f64::from(at % 2) - if at % 5 == 0 { 0.5 } else { 0.0 }));
        let interval = difference(&new, &old, "f1").expect("paired");
        // Mean -0.1; the standard error is 0.5 * sqrt(.2 * .8 / 400) = 0.01.
        assert!(interval.low > -0.13 && interval.low < -0.11, "{interval:?}");
        assert!(interval.high < -0.07 && interval.high > -0.09, "{interval:?}");
        assert_eq!(
            difference(&new, &old, "f1"),
            Some(interval),
            "the draws are the same each time"
        );
    }

    #[test]
    fn only_the_same_items_are_paired() {
        let old = samples((0..20).map(f64::from));
        assert_eq!(difference(&samples((0..19).map(f64::from)), &old, "f1"), None);
        assert_eq!(difference(&old, &old, "em"), None);
        let twice = Samples::parse(b"{\"id\":1,\"f1\":1}\n{\"id\":1,\"f1\":0}\n").expect_err("twice");
        assert_eq!(twice, (Status::Warn, "line 2 has an id for the second time".to_owned()));
    }
}
