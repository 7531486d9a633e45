//! Plants what an evaluation has in common with its training data into made-up text, and measures what is found of it, and how fast.
//!
//! ```text
//! RAYON_NUM_THREADS=1 cargo run --release -p cargo-gate-ready --example contamination -- [ROWS [ITEMS]]
//! ```
//!
//! Rows have about 600 bytes of JSON and words as frequent as in language (Zipf). One row in 200 is planted: the same text, the same with
//! edits of single characters or of words, a longer text with an item in it, or an item's question with another answer. What counts as nearly the
//! same is computed here with sets of character 3-grams, apart from the code that is measured. The text is made from a seed: every run measures the same.
#![expect(clippy::print_stdout, reason = "that is what benchmarks do")]

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::time::Instant;

use gate_ready::{Kind, Overlap, Shard, overlap};

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ word >> 31
    }

    fn below(&mut self, limit: usize) -> usize {
        ((u128::from(self.next()) * limit as u128) >> 64) as usize
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

struct Language(Vec<String>);

impl Language {
    /// 30,000 words of syllables, short ones first.
    fn new(draw: &mut Draw) -> Self {
        let syllables: Vec<String> = "b br c ch d dr f fl g gr h j k l m n p pl qu r s sh st t tr v w z"
            .split(' ')
            .flat_map(|start| ["a", "e", "i", "o", "u", "ai", "ea", "ou"].map(|vowel| format!("{start}{vowel}")))
            .collect();
        let word = |at: usize, draw: &mut Draw| {
            let count = 1 + usize::from(at > 60) + usize::from(at > 2000) + usize::from(at > 12_000);
            let mut word: String = (0..count)
                .map(|_| syllables[draw.below(syllables.len())].as_str())
                .collect();
            word.push_str(["", "n", "s", "r", "t"][draw.below(5)]);
            word
        };
        Self((0..30_000).map(|at| word(at, draw)).collect())
    }

    /// Text of about this many bytes. The rank of a word is `N^u`, so that its frequency falls with its rank.
    fn text(&self, bytes: usize, draw: &mut Draw) -> String {
        let mut text = String::with_capacity(bytes + 16);
        while text.len() < bytes {
            let rank = (self.0.len() as f64).powf(draw.unit()) as usize;
            text.push_str(&self.0[rank.min(self.0.len() - 1)]);
            text.push_str([" ", " ", " ", " ", " ", " ", ", ", ". "][draw.below(8)]);
        }
        text
    }
}

fn grams(text: &str) -> HashSet<String> {
    let normal: String = text
        .to_lowercase()
        .chars()
        .map(|letter| if letter.is_alphanumeric() { letter } else { ' ' })
        .collect();
    let letters: Vec<char> = normal
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .collect();
    letters.windows(3).map(|gram| gram.iter().collect()).collect()
}

fn resemblance(left: &str, right: &str) -> f64 {
    let (left, right) = (grams(left), grams(right));
    let both = left.intersection(&right).count();
    both as f64 / (left.len() + right.len() - both) as f64
}

/// A text with a share of its characters or words replaced.
fn edited(text: &str, share: f64, by_word: bool, language: &Language, draw: &mut Draw) -> String {
    if by_word {
        return text
            .split(' ')
            .map(|word| {
                if draw.unit() < share * 4.0 {
                    language.0[draw.below(30_000)].clone()
                } else {
                    word.to_owned()
                }
            })
            .collect::<Vec<_>>()
            .join(" ");
    }
    text.chars()
        .map(|letter| {
            if draw.unit() < share {
                char::from(b'a' + draw.below(26) as u8)
            } else {
                letter
            }
        })
        .collect()
}

fn row(number: usize, (input, output): (&str, &str)) -> String {
    format!("{{\"id\": \"{number}\", \"input\": \"{input}\", \"output\": \"{output}\"}}\n")
}

/// What all threads of this process have had of the processors so far; known on Linux only.
fn processor_seconds() -> Option<f64> {
    let tasks = fs::read_dir("/proc/self/task").ok()?.flatten();
    let nanoseconds = |task: fs::DirEntry| {
        fs::read_to_string(task.path().join("schedstat"))
            .ok()?
            .split(' ')
            .next()?
            .parse::<f64>()
            .ok()
    };
    Some(tasks.filter_map(nanoseconds).sum::<f64>() / 1e9)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<usize>());
    let rows = arguments.next().transpose()?.unwrap_or(200_000);
    let items = arguments.next().transpose()?.unwrap_or(2000);
    let mut draw = Draw(1);
    let language = Language::new(&mut draw);
    let folder = tempfile::tempdir()?;
    let (train, eval) = (folder.path().join("train.jsonl"), folder.path().join("eval.jsonl"));
    let evaluated: Vec<(String, String)> = (0..items)
        .map(|_| (language.text(180, &mut draw), language.text(360, &mut draw)))
        .collect();
    fs::write(
        &eval,
        evaluated
            .iter()
            .enumerate()
            .map(|(at, (input, output))| row(at, (input, output)))
            .collect::<String>(),
    )?;
    // The kinds that count as found, by training row; near matches with their resemblance.
    let mut planted: BTreeMap<u64, (usize, &str, f64)> = BTreeMap::new();
    let mut file = BufWriter::new(File::create(&train)?);
    for number in 0..rows {
        let (mut input, mut output) = (language.text(180, &mut draw), language.text(360, &mut draw));
        if number % 200 == 7 {
            let item = draw.below(items);
            let (asked, answered) = &evaluated[item];
            let kind = number / 200 % 5;
            let mut share = 1.0;
            let name = ["exact", "characters", "words", "excerpt", "prompt"][kind];
            match kind {
                0 => (input, output) = (asked.clone(), answered.to_uppercase()),
                1 | 2 => {
                    let changed = draw.unit() * 0.09;
                    input = edited(asked, changed, kind == 2, &language, &mut draw);
                    output = edited(answered, changed, kind == 2, &language, &mut draw);
                    share = resemblance(&format!("{input} {output}"), &format!("{asked} {answered}"));
                }
                3 => {
                    output = format!(
                        "{} {asked} {answered} {}",
                        language.text(1500, &mut draw),
                        language.text(1500, &mut draw)
                    );
                }
                _ => input.clone_from(asked),
            }
            planted.insert(number as u64 + 1, (item, name, share));
        }
        file.write_all(row(number, (&input, &output)).as_bytes())?;
    }
    file.flush()?;
    drop(file);
    let size = fs::metadata(&train)?.len();
    let of = rows.div_ceil(1000) as u64;
    // In parts as small as the list of named matches, so that every match is named; the parts are timed apart from this.
    let mut found: Vec<gate_ready::Match> = Vec::new();
    let (train, eval) = ([train], [eval]);
    let mut whole = Overlap::default();
    let mut times = Vec::new();
    for _ in 0..5 {
        let (began, before) = (Instant::now(), processor_seconds());
        whole = overlap(&train, &eval, Shard { part: 1, of: 1 })?;
        times.push((
            processor_seconds().zip(before).map(|(after, before)| after - before),
            began.elapsed().as_secs_f64(),
        ));
    }
    times.sort_by(|left, right| left.partial_cmp(right).unwrap_or(std::cmp::Ordering::Equal));
    let (processor, seconds) = times[2];
    // Parts of a mebibyte or more.
    let parts = (size >> 20) + 1;
    for part in 1..=parts.min(of) {
        found.extend(
            overlap(
                &train,
                &eval,
                Shard {
                    part,
                    of: parts.min(of),
                },
            )?
            .named,
        );
    }
    let pairs: HashSet<(u64, u64)> = found.iter().map(|one| (one.train_row, one.eval_row)).collect();
    let wanted = |name: &str, least: f64| {
        let all: Vec<_> = planted
            .iter()
            .filter(|(_, (_, kind, share))| *kind == name && *share >= least)
            .collect();
        let hit = all
            .iter()
            .filter(|(row, (item, ..))| pairs.contains(&(**row, *item as u64 + 1)))
            .count();
        (hit, all.len())
    };
    println!(
        "{rows} rows of {} bytes, {items} items, {} threads",
        size / rows as u64,
        rayon::current_num_threads()
    );
    println!(
        "{:.0} rows/s, {:.0} MB/s",
        rows as f64 / seconds,
        size as f64 / seconds / 1e6
    );
    if let Some(processor) = processor {
        println!(
            "{:.0} rows/s and core, {:.0} MB/s and core",
            rows as f64 / processor,
            size as f64 / processor / 1e6
        );
    }
    for (name, least) in [
        ("exact", 0.0),
        ("characters", 0.7),
        ("words", 0.7),
        ("excerpt", 0.0),
        ("prompt", 0.0),
    ] {
        let (hit, all) = wanted(name, least);
        println!("{name}: {hit} of {all} found");
    }
    let wrong = found
        .iter()
        .filter(|one| one.kind != Kind::Prompt)
        .filter(|one| {
            planted
                .get(&one.train_row)
                .is_none_or(|(item, ..)| *item as u64 + 1 != one.eval_row)
        })
        .count();
    println!(
        "{wrong} of {} matches were not planted; {} matches in all",
        found.len(),
        whole.counts.iter().sum::<u64>()
    );
    Ok(())
}
