//! Outputs that are the same although they are written in another way, and faults that are put into them. Both come from seeds.

use gate_base::stats::SplitMix64;
use gate_equivalence::dtype::Dtype;
use gate_equivalence::rule::{ColumnRule, Format, Key, Kind, Nan, Nulls, Reduction, RowOrder, Rules, Terms, Ties};

/// What a reference and another implementation wrote.
pub(crate) struct Pair {
    /// How they are compared.
    pub(crate) rules: Rules,
    /// Bytes of the reference.
    pub(crate) reference: Vec<u8>,
    /// Bytes of the other, which are right.
    pub(crate) other: Vec<u8>,
}

/// Shapes of pairs.
pub(crate) const SHAPES: u64 = 9;

fn float(name: &str) -> ColumnRule {
    ColumnRule {
        name: name.to_owned(),
        kind: Kind::Float,
        ..ColumnRule::default()
    }
}

/// The pair of a seed.
pub(crate) fn pair(seed: u64) -> Pair {
    let random = &mut SplitMix64::new(seed);
    match seed % SHAPES {
        0 => decimals(random),
        1 => rows(random, RowOrder::Multiset),
        2 => rows(random, RowOrder::Set),
        3 => sorted(random, Ties::Any),
        4 => sorted(random, Ties::Stable),
        5 => relative(random),
        6 => sums(random),
        7 => tensors(random),
        _ => near_rows(random),
    }
}

fn word(random: &mut SplitMix64) -> String {
    const WORDS: [&str; 8] = ["ada", "Ada", "née", "", "a,b", "\u{1F980}", "null", "0"];
    format!("{}{}", WORDS[random.below(WORDS.len())], random.below(1000))
}

fn shuffle<T>(random: &mut SplitMix64, list: &mut [T]) {
    for at in (1..list.len()).rev() {
        list.swap(at, random.below(at + 1));
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// JSON lines with keys in another order and decimals in other words.
fn decimals(random: &mut SplitMix64) -> Pair {
    let (mut reference, mut other) = (String::new(), String::new());
    for _ in 0..random.below(60) + 1 {
        let (name, cents) = (quoted(&word(random)), random.below(1_000_000));
        let none = random.below(5) == 0;
        let amount = if none {
            "null".to_owned()
        } else {
            format!("{}.{:02}", cents / 100, cents % 100)
        };
        let again = if none { amount.clone() } else { format!("{cents}0e-3") };
        reference += &format!("{{\"name\": {name}, \"amount\": {amount}}}\n");
        other += &format!("{{\"amount\":{again},\"name\":{name}}}\n");
    }
    let column = ColumnRule {
        name: "amount".to_owned(),
        kind: Kind::Decimal,
        ..ColumnRule::default()
    };
    Pair {
        rules: Rules {
            columns: vec![column],
            ..Rules::default()
        },
        reference: reference.into_bytes(),
        other: other.into_bytes(),
    }
}

fn csv_field(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// CSV whose order means nothing.
fn rows(random: &mut SplitMix64, order: RowOrder) -> Pair {
    let count = random.below(80) + 1;
    let mut lines: Vec<String> = (0..count)
        .map(|at| format!("{at},{},{}\n", csv_field(&word(random)), random.below(3)))
        .collect();
    let reference = format!("id,name,class\n{}", lines.concat());
    if order == RowOrder::Set {
        lines.push(lines[random.below(count)].clone());
    }
    shuffle(random, &mut lines);
    Pair {
        rules: Rules {
            format: Format::Csv,
            order,
            ..Rules::default()
        },
        reference: reference.into_bytes(),
        other: format!("id,name,class\n{}", lines.concat()).into_bytes(),
    }
}

/// CSV that is sorted by a key with many ties and nulls.
fn sorted(random: &mut SplitMix64, ties: Ties) -> Pair {
    let count = random.below(80) + 2;
    let mut lines: Vec<(Option<usize>, String)> = (0..count)
        .map(|at| {
            let key = (random.below(6) > 0).then(|| random.below(5));
            (
                key,
                format!("{},{at}\n", key.map_or_else(String::new, |key| key.to_string())),
            )
        })
        .collect();
    lines.sort_by_key(|(key, _)| (key.is_none(), *key));
    let text = |lines: &[(Option<usize>, String)]| {
        let lines: String = lines.iter().map(|(_, line)| line.as_str()).collect();
        format!("key,id\n{lines}").into_bytes()
    };
    let reference = text(&lines);
    if ties == Ties::Any {
        shuffle(random, &mut lines);
        lines.sort_by_key(|(key, _)| (key.is_none(), *key));
    }
    let key = Key {
        column: "key".to_owned(),
        descending: false,
        nulls: Nulls::Last,
        collation: Default::default(),
    };
    Pair {
        rules: Rules {
            format: Format::Csv,
            order: RowOrder::Sorted,
            keys: vec![key],
            ties,
            ..Rules::default()
        },
        reference,
        other: text(&lines),
    }
}

fn npy(values: &[f32]) -> Vec<u8> {
    let header = format!(
        "{{'descr': '<f4', 'fortran_order': False, 'shape': ({},), }}\n",
        values.len()
    );
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

/// Numbers of many sizes, moved within the tolerance.
fn relative(random: &mut SplitMix64) -> Pair {
    let ulp = random.coin().then(|| random.below(8) as u64 + 1);
    let mut rule = float("*");
    rule.ulp = ulp;
    rule.relative = ulp.is_none().then_some(1e-3);
    let reference: Vec<f32> = (0..random.below(500) + 1)
        .map(|_| ((random.unit() - 0.5) * 10_f64.powi(random.below(40) as i32 - 20)) as f32)
        .collect();
    let other = reference.iter().map(|value| match ulp {
        Some(ulp) => f32::from_bits(value.to_bits() + random.below(ulp as usize + 1) as u32),
        None => (f64::from(*value) * (1.0 + (random.unit() - 0.5) * 1.9e-3)) as f32,
    });
    Pair {
        rules: Rules {
            format: Format::Npy,
            columns: vec![rule],
            ..Rules::default()
        },
        other: npy(&other.collect::<Vec<_>>()),
        reference: npy(&reference),
    }
}

/// Tensors of a file: name, type, shape, bytes.
type Named<'a> = (&'a str, &'a str, Vec<usize>, Vec<u8>);

fn safetensors(tensors: &[Named<'_>]) -> Vec<u8> {
    let (mut header, mut data) = (serde_json::Map::new(), Vec::<u8>::new());
    for (name, dtype, shape, bytes) in tensors {
        let begin = data.len();
        data.extend(bytes);
        let entry = serde_json::json!({"dtype": dtype, "shape": shape, "data_offsets": [begin, data.len()]});
        header.insert((*name).to_owned(), entry);
    }
    let header = serde_json::Value::Object(header).to_string();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

fn floats(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Sums of 64 or 4096 numbers of both signs, added one by one and in halves.
fn sums(random: &mut SplitMix64) -> Pair {
    fn halves(terms: &[f32]) -> f32 {
        match terms {
            [] => 0.0,
            [one] => *one,
            _ => halves(&terms[..terms.len() / 2]) + halves(&terms[terms.len() / 2..]),
        }
    }
    let terms = if random.coin() { 64 } else { 4096 };
    let (mut reference, mut other, mut magnitude) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..8 {
        let list: Vec<f32> = (0..terms).map(|_| (random.unit() - 0.3) as f32).collect();
        reference.push(halves(&list));
        other.push(list.iter().fold(0.0, |sum, term| sum + term));
        magnitude.push(list.iter().map(|term| term.abs()).sum());
    }
    let mut rule = float("sum");
    rule.reduction = Some(Reduction {
        terms: Terms::Number(terms),
        magnitude: "magnitude".to_owned(),
        factor: 1.0,
    });
    let sums = |values: &[f32]| ("sum", "F32", vec![8], floats(values));
    Pair {
        rules: Rules {
            format: Format::Safetensors,
            columns: vec![rule],
            ..Rules::default()
        },
        reference: safetensors(&[sums(&reference), ("magnitude", "F32", vec![8], floats(&magnitude))]),
        other: safetensors(&[sums(&other)]),
    }
}

/// Several types beside each other, with NaN of other payloads.
fn tensors(random: &mut SplitMix64) -> Pair {
    let count = random.below(40) + 1;
    let ints: Vec<u8> = (0..count * 4).map(|_| random.next_bits() as u8).collect();
    let halves: Vec<u8> = (0..count)
        .flat_map(|_| (random.next_bits() as u16 & 0x3fff).to_le_bytes())
        .collect();
    let mut numbers: Vec<f32> = (0..count).map(|_| random.unit() as f32).collect();
    numbers[0] = f32::from_bits(0x7fc0_0000);
    let file = |numbers: &[f32]| {
        safetensors(&[
            ("ids", "I32", vec![count], ints.clone()),
            ("weights", "BF16", vec![count, 1], halves.clone()),
            ("scores", "F32", vec![count], floats(numbers)),
        ])
    };
    let reference = file(&numbers);
    numbers[0] = f32::from_bits(0xffc0_1234);
    let mut rule = float("scores");
    rule.nan = Some(Nan::Class);
    Pair {
        rules: Rules {
            format: Format::Safetensors,
            columns: vec![rule],
            ..Rules::default()
        },
        reference,
        other: file(&numbers),
    }
}

/// Rows without an order, with numbers within a tolerance.
fn near_rows(random: &mut SplitMix64) -> Pair {
    let values: Vec<(usize, f64)> = (0..random.below(60) + 1)
        .map(|_| (random.below(4), random.unit() * 10.0))
        .collect();
    let line = |(class, value): &(usize, f64)| format!("{{\"class\": {class}, \"value\": {value}}}\n");
    let reference: String = values.iter().map(line).collect();
    let mut moved: Vec<(usize, f64)> = values
        .iter()
        .map(|(class, value)| (*class, value + (random.unit() - 0.5) * 1.9e-3))
        .collect();
    shuffle(random, &mut moved);
    let mut rule = float("value");
    rule.absolute = Some(1e-3);
    Pair {
        rules: Rules {
            order: RowOrder::Multiset,
            columns: vec![rule],
            ..Rules::default()
        },
        reference: reference.into_bytes(),
        other: moved.iter().map(line).collect::<String>().into_bytes(),
    }
}

/// A fault in the bytes of an output, which knows nothing of how they are compared: a line lost, written twice or with another digit,
/// or a high bit of a number flipped.
pub(crate) fn fault(format: Format, bytes: &[u8], random: &mut SplitMix64) -> Vec<u8> {
    if matches!(format, Format::Jsonl | Format::Csv) {
        let text = String::from_utf8_lossy(bytes);
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let first = usize::from(format == Format::Csv);
        let at = first + random.below(lines.len() - first);
        match random.below(3) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(
                at,
                format!(
                    "{}7{}",
                    &lines[at][..lines[at].len() - 1],
                    &lines[at][lines[at].len() - 1..]
                ),
            ),
            _ => lines[at] = digits(&lines[at]),
        }
        return (lines.join("\n") + "\n").into_bytes();
    }
    let mut bytes = bytes.to_vec();
    // The elements end the file, and their last byte has the sign and the exponent, or the highest bits of an integer.
    let size = if format == Format::Npy { Dtype::F32.size() } else { 1 };
    let last = bytes.len() - 1;
    let back = if format == Format::Npy {
        random.below(last.saturating_sub(100).min(64) / size + 1) * size
    } else {
        0
    };
    bytes[last - back.min(last)] ^= 0x40;
    bytes
}

/// Every digit by the next.
fn digits(line: &str) -> String {
    line.chars()
        .map(|char| {
            char.to_digit(10)
                .map_or(char, |digit| char::from_digit((digit + 1) % 10, 10).unwrap_or(char))
        })
        .collect()
}
