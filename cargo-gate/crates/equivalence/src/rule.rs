//! How outputs are compared, as a policy declares it.

use crate::JsonSchema;
use gate_base::pattern;
use serde::{Deserialize, Serialize};

use crate::dtype::Dtype;

/// How outputs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// A JSON object in each line.
    #[default]
    Jsonl,
    /// CSV with a header.
    Csv,
    /// An array of numpy.
    Npy,
    /// Named arrays.
    Safetensors,
    /// Bytes that are the same or not.
    Bytes,
}

/// What the order of rows means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RowOrder {
    /// Rows are compared one by one.
    #[default]
    Ordered,
    /// Rows are sorted by `keys`, which is checked; among equal keys `ties` counts.
    Sorted,
    /// Order means nothing, how often a row occurs does.
    Multiset,
    /// Neither order nor how often a row occurs means anything.
    Set,
}

/// What the order of rows with equal keys means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Ties {
    /// They have the order of the reference: the sort is stable.
    #[default]
    Stable,
    /// They may have any order.
    Any,
}

/// Where nulls stand among sorted rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Nulls {
    /// Before all values.
    First,
    /// After all values.
    #[default]
    Last,
}

/// How texts are ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Collation {
    /// By their bytes.
    #[default]
    Bytes,
    /// By their bytes, with the letters `A` to `Z` as `a` to `z`.
    AsciiCaseless,
}

/// A column by which rows are sorted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Key {
    /// Name of the column.
    #[schemars(extend("minLength" = 1, "maxLength" = 200, "x-format" = "text", "examples" = ["id"]))]
    pub column: String,
    /// Whether the largest comes first.
    #[serde(default)]
    pub descending: bool,
    /// Where nulls stand, whichever comes first of the values.
    #[serde(default)]
    pub nulls: Nulls,
    /// How texts are ordered.
    #[serde(default)]
    pub collation: Collation,
}

/// What is the same in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The same type and the same characters, or the same bits.
    #[default]
    Exact,
    /// The same decimal number, however it is written.
    Decimal,
    /// Floating-point numbers within the tolerance.
    Float,
}

/// How NaN is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Nan {
    /// Every NaN is the same.
    Class,
    /// A NaN is the same as one with its bits.
    Bits,
}

/// How zeros are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Zero {
    /// 0 and −0 differ.
    Distinct,
    /// They are the same.
    Equal,
}

/// Number of terms of a sum: a number, or the name of an axis that has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Terms {
    /// So many.
    Number(u32),
    /// As many as the value of this axis.
    Axis(String),
}

/// The bound of a sum: `factor · terms · ε · Σ|x|` (Higham, *Accuracy and Stability of Numerical Algorithms*, 4.2: every order of
/// summation keeps it with a factor of 1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Reduction {
    /// Number of terms, or the axis that has it.
    #[schemars(extend("examples" = ["k"]))]
    pub terms: Terms,
    /// Name of the column or tensor of the reference that has `Σ|x|` of each sum. Only the reference gives it.
    #[schemars(extend("minLength" = 1, "maxLength" = 200, "x-format" = "text", "examples" = ["magnitude"]))]
    pub magnitude: String,
    /// Factor of the bound. Default: 1.
    #[serde(default = "one")]
    #[schemars(range(min = 0.001, max = 16.0), extend("x-sane-max" = 4.0, "x-why" = "no order of summation needs more than 1; products of rounded factors need 2", "examples" = [2.0]))]
    pub factor: f64,
}

fn one() -> f64 {
    1.0
}

/// How the values of a column, or the elements of a tensor, are compared.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ColumnRule {
    /// Name of the column or tensor; `*` matches any characters. The first entry that matches applies.
    #[schemars(extend("minLength" = 1, "maxLength" = 200, "x-format" = "text", "examples" = ["total"]))]
    pub name: String,
    /// What is the same: `exact`, `decimal` or `float`.
    #[serde(default)]
    pub kind: Kind,
    /// For `float` in JSON lines and CSV: the type in which ULP are counted. Default: `f64`. Arrays have their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dtype: Option<Dtype>,
    /// Largest distance in units in the last place.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000_000_000_u64), extend("x-sane-max" = 1024, "x-why" = "a thousand units in the last place hide an error of method", "examples" = [2]))]
    pub ulp: Option<u64>,
    /// Largest difference.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1e-300, max = 1e300), extend("x-sane-max" = 0.01, "x-why" = "a large difference accepts every small number", "examples" = [1e-9]))]
    pub absolute: Option<f64>,
    /// Largest difference as a part of the value of the reference.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1e-18, max = 0.5), extend("x-sane-max" = 0.01, "x-why" = "a half accepts numbers without a correct digit", "examples" = [1e-6]))]
    pub relative: Option<f64>,
    /// The bound of a sum, by its terms and magnitude.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reduction: Option<Reduction>,
    /// How NaN is compared. Default: `class` where there is a tolerance, `bits` otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nan: Option<Nan>,
    /// How zeros are compared. Default: `equal` where there is a tolerance, `distinct` otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zero: Option<Zero>,
}

impl ColumnRule {
    /// Whether it accepts floating-point numbers that differ.
    pub fn is_tolerant(&self) -> bool {
        self.kind == Kind::Float
            && (self.ulp.is_some() || self.absolute.is_some() || self.relative.is_some() || self.reduction.is_some())
    }

    /// How NaN is compared.
    pub fn nan(&self) -> Nan {
        self.nan
            .unwrap_or(if self.is_tolerant() { Nan::Class } else { Nan::Bits })
    }

    /// How zeros are compared.
    pub fn zero(&self) -> Zero {
        self.zero.unwrap_or(if self.is_tolerant() {
            Zero::Equal
        } else {
            Zero::Distinct
        })
    }
}

/// A comparison, with the number of terms of each sum filled in.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Rules {
    /// How outputs are written.
    pub format: Format,
    /// What the order of rows means.
    pub order: RowOrder,
    /// Columns by which rows are sorted.
    pub keys: Vec<Key>,
    /// What the order of rows with equal keys means.
    pub ties: Ties,
    /// In CSV, the field that is null.
    pub null: String,
    /// Rules of columns and tensors, in the order of the policy.
    pub columns: Vec<ColumnRule>,
}

impl Rules {
    /// The rule of a column; exact where there is none.
    pub fn column(&self, name: &str) -> ColumnRule {
        let found = self.columns.iter().find(|rule| pattern::matches(&rule.name, name));
        found.cloned().unwrap_or_default()
    }

    /// Columns and tensors that only a reference gives.
    pub fn magnitudes(&self) -> impl Iterator<Item = &str> {
        let sums = self.columns.iter().filter_map(|rule| rule.reduction.as_ref());
        sums.map(|reduction| reduction.magnitude.as_str())
    }

    /// The same with the terms of every sum as a number. The error names the axis that has none.
    ///
    /// # Errors
    /// `terms` names an axis whose value is no number.
    pub fn with_terms(&self, value: impl Fn(&str) -> Option<u32>) -> Result<Self, String> {
        let mut this = self.clone();
        for rule in &mut this.columns {
            if let Some(reduction) = &mut rule.reduction
                && let Terms::Axis(axis) = &reduction.terms
            {
                let terms = value(axis).ok_or_else(|| axis.clone())?;
                reduction.terms = Terms::Number(terms);
            }
        }
        Ok(this)
    }
}

/// The tolerance of one number, in the terms of its type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tolerance {
    pub(crate) dtype: Dtype,
    pub(crate) ulp: u64,
    pub(crate) absolute: f64,
    pub(crate) relative: f64,
    /// What `Σ|x|` is multiplied by.
    pub(crate) sum: f64,
    pub(crate) nan: Nan,
    pub(crate) zero: Zero,
}

impl Tolerance {
    pub(crate) fn of(rule: &ColumnRule, dtype: Dtype) -> Self {
        let float = rule.kind == Kind::Float;
        let or = |limit: Option<f64>| limit.filter(|_| float).unwrap_or(0.0);
        let sum = rule.reduction.as_ref().filter(|_| float).map(|reduction| {
            let terms = match reduction.terms {
                Terms::Number(terms) => f64::from(terms),
                Terms::Axis(_) => 0.0,
            };
            reduction.factor * terms * dtype.epsilon()
        });
        Self {
            dtype,
            ulp: rule.ulp.filter(|_| float).unwrap_or(0),
            absolute: or(rule.absolute),
            relative: or(rule.relative),
            sum: sum.unwrap_or(0.0),
            nan: rule.nan(),
            zero: rule.zero(),
        }
    }

    /// Whether `found` is what `expected` is, and how many ULP apart they are, where both are finite.
    pub(crate) fn accepts(&self, found: u64, expected: u64, magnitude: f64) -> (bool, Option<u64>) {
        let (a, b) = (self.dtype.float(found), self.dtype.float(expected));
        if found == expected {
            return (true, a.is_finite().then_some(0));
        }
        if a.is_nan() || b.is_nan() {
            return (a.is_nan() && b.is_nan() && self.nan == Nan::Class, None);
        }
        if a.is_infinite() || b.is_infinite() {
            return (false, None);
        }
        let apart = self.dtype.place(found).abs_diff(self.dtype.place(expected));
        if apart == 0 {
            return (self.zero == Zero::Equal, Some(0));
        }
        let sum = if self.sum > 0.0 {
            self.sum * magnitude.abs()
        } else {
            0.0
        };
        let limit = self.absolute.max(self.relative * b.abs()).max(sum);
        (apart <= self.ulp || (a - b).abs() <= limit, Some(apart))
    }
}
