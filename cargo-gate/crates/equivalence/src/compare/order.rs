//! Order of values as keys declare it.

use std::cmp::Ordering;

use crate::decimal::Decimal;
use crate::output::Value;
use crate::rule::{Collation, Key, Nulls};

/// How two values of a key are ordered.
pub(super) fn by_key(key: &Key, a: &Value, b: &Value) -> Ordering {
    let null = |value: &Value| matches!(value, Value::Null | Value::Absent);
    match (null(a), null(b)) {
        (true, true) => Ordering::Equal,
        // Where nulls stand does not depend on the direction.
        (true, false) => nulls(key.nulls),
        (false, true) => nulls(key.nulls).reverse(),
        (false, false) => {
            let order = values(key.collation, a, b);
            if key.descending { order.reverse() } else { order }
        }
    }
}

fn nulls(nulls: Nulls) -> Ordering {
    match nulls {
        Nulls::First => Ordering::Less,
        Nulls::Last => Ordering::Greater,
    }
}

fn values(collation: Collation, a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => match (Decimal::parse(a), Decimal::parse(b)) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => a.cmp(b),
        },
        (Value::Text(a), Value::Text(b)) => match collation {
            Collation::Bytes => a.as_bytes().cmp(b.as_bytes()),
            Collation::AsciiCaseless => {
                let lower = |text: &str| text.bytes().map(|byte| byte.to_ascii_lowercase()).collect::<Vec<u8>>();
                lower(a).cmp(&lower(b))
            }
        },
        _ => a.cmp(b),
    }
}
