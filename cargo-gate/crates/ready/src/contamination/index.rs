//! The evaluation side, indexed.

use std::collections::HashMap;

use super::compare::{containment, resemblance};
use super::normal::Normal;
use super::overlap::Kind;

/// Least share of 3-grams of texts that are nearly the same.
pub(crate) const NEAR: f64 = 0.7;
/// Least share of an item's runs of words that makes an excerpt.
pub(crate) const EXCERPT: f64 = 0.5;
/// A candidate shares at least one in this many of the windows of an item. Texts that share seven in ten of their 3-grams share about half of their windows
/// where single characters were changed at random, three in ten where they were changed at regular distances, and more where changes lie together.
const VOTES: u32 = 10;
/// Items up to this many bytes have so few sampled windows that they are also found by shorter ones.
const SHORT: usize = 96;
/// Texts up to this many bytes can be nearly the same as a short item.
const SHORT_PROBE: usize = 160;
/// A window that more items than this have says little; see [`Postings::new`].
const COMMON: usize = 8;
/// Windows that every item keeps, the rarest of its own, however common they are.
const KEPT: usize = 16;
/// Least bytes of a prompt that can be recognised: "Summarize" is everybody's.
const PROMPT: usize = 12;

/// What is evaluated.
#[derive(Debug)]
pub(crate) struct Item {
    /// Number of the file.
    pub(crate) eval: u32,
    /// Row of the file, from 1.
    pub(crate) row: u64,
    text: String,
    prompt: usize,
}

/// Windows of a text, by the hashes of their bytes.
#[derive(Debug, Clone, Copy)]
enum Windows {
    /// Twelve bytes; one in four is kept, by its hash.
    Sampled,
    /// Five bytes; all are kept.
    All,
}

impl Windows {
    /// Replaces `kept` with the hashes of the windows of a text that are kept.
    fn of(self, text: &[u8], kept: &mut Vec<u64>) {
        /// Odd numbers without pattern: of the golden ratio, and of wyhash.
        const ODD: [u64; 3] = [0x9e37_79b9_7f4a_7c15, 0xa076_1d64_78bd_642f, 0xd6e8_feb8_6659_fd93];
        let mix = |mixed: u64| (mixed ^ mixed >> 32).wrapping_mul(ODD[2]);
        kept.clear();
        match self {
            Windows::Sampled => {
                // Written without a branch: which windows are kept cannot be predicted.
                kept.resize(text.len(), 0);
                let mut count = 0;
                for window in text.windows(12) {
                    let (Some(first), Some(last)) = (window.first_chunk(), window.last_chunk()) else {
                        continue;
                    };
                    let mixed = u64::from_le_bytes(*first).wrapping_mul(ODD[0])
                        ^ u64::from_le_bytes(*last).wrapping_mul(ODD[1]).rotate_left(32);
                    kept[count] = mix(mixed);
                    count += usize::from(mixed >> 62 == 0);
                }
                kept.truncate(count);
            }
            Windows::All => kept.extend(text.windows(5).map(|window| {
                let mut word = [0; 8];
                word[..5].copy_from_slice(window);
                mix(u64::from_le_bytes(word).wrapping_mul(ODD[0]))
            })),
        }
    }
}

/// Which items have a window.
#[derive(Debug, Default)]
struct Postings {
    /// One bit for each of the low bits of a hash that occurs: most windows of the other side end here.
    filter: Vec<u64>,
    /// The upper half of a hash beside the item, from 1, at the place that the hash names or the next free one; 0 is free. Half of the places are.
    places: Vec<u64>,
    /// Windows of each item in here.
    windows: Vec<u32>,
}

/// Where the places of a hash begin.
fn place(hash: u64, places: usize) -> usize {
    ((u128::from(hash) * places as u128) >> 64) as usize
}

impl Postings {
    /// Indexes items. A window that many items have is left out where an item has enough others: it is a template, finds everything, and costs
    /// as much as all the others.
    fn new(items: &[Item], windows: Windows, wanted: impl Fn(&Item) -> bool) -> Self {
        let mut all: Vec<(u64, u32)> = Vec::new();
        let mut kept = Vec::new();
        for (number, item) in (0_u32..).zip(items) {
            if wanted(item) {
                windows.of(item.text.as_bytes(), &mut kept);
                all.extend(kept.iter().map(|hash| (*hash, number)));
            }
        }
        all.sort_unstable();
        all.dedup();
        let all = without_common(all, items.len());
        let mut counts = vec![0_u32; items.len()];
        let mut filter = vec![0_u64; all.len().div_ceil(4).next_power_of_two()];
        let mask = filter.len() * 64 - 1;
        let mut places = vec![0_u64; all.len() * 2 + 1];
        for (hash, item) in all {
            counts[item as usize] += 1;
            let bit = hash as usize & mask;
            filter[bit / 64] |= 1 << (bit % 64);
            let mut at = place(hash, places.len());
            while places[at] != 0 {
                at = (at + 1) % places.len();
            }
            places[at] = hash >> 32 << 32 | u64::from(item + 1);
        }
        Self {
            filter,
            places,
            windows: counts,
        }
    }

    /// Replaces `hits` with the items that have any of these windows, once for each. `kept` is used up.
    fn find(&self, kept: &mut [u64], hits: &mut Vec<u32>) {
        hits.clear();
        let mask = self.filter.len() * 64 - 1;
        let mut count = 0;
        for at in 0..kept.len() {
            let hash = kept[at];
            let bit = hash as usize & mask;
            kept[count] = hash;
            count += (self.filter[bit / 64] >> (bit % 64) & 1) as usize;
        }
        for hash in &kept[..count] {
            let mut at = place(*hash, self.places.len());
            while self.places[at] != 0 {
                if self.places[at] >> 32 == hash >> 32 {
                    hits.push(self.places[at] as u32 - 1);
                }
                at = (at + 1) % self.places.len();
            }
        }
    }
}

/// Leaves out windows that more than [`COMMON`] items have, but for the [`KEPT`] rarest of each item.
fn without_common(all: Vec<(u64, u32)>, items: usize) -> Vec<(u64, u32)> {
    let groups: Vec<&[(u64, u32)]> = all.chunk_by(|left, right| left.0 == right.0).collect();
    if groups.iter().all(|group| group.len() <= COMMON) {
        drop(groups);
        return all;
    }
    let mut order: Vec<usize> = (0..groups.len()).collect();
    order.sort_by_key(|at| groups[*at].len());
    let mut kept = vec![0_usize; items];
    let mut left = Vec::with_capacity(all.len());
    for at in order {
        let group = groups[at];
        for entry in group {
            let own = &mut kept[entry.1 as usize];
            if group.len() <= COMMON || *own < KEPT {
                *own += 1;
                left.push(*entry);
            }
        }
    }
    left.sort_unstable();
    left
}

/// The evaluation side.
#[derive(Debug, Default)]
pub(crate) struct Index {
    items: Vec<Item>,
    texts: HashMap<u64, Vec<u32>>,
    prompts: HashMap<u64, Vec<u32>>,
    long: Postings,
    short: Postings,
}

/// What looking up one text after the other uses again.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    kept: Vec<u64>,
    hits: Vec<u32>,
    seen: Vec<u32>,
}

impl Index {
    /// An item to index; rows without text have nothing to find.
    pub(crate) fn item(eval: u32, row: u64, normal: &Normal) -> Option<Item> {
        let text = normal.as_str();
        (!text.is_empty()).then(|| Item {
            eval,
            row,
            text: text.to_owned(),
            prompt: normal.prompt,
        })
    }

    /// Indexes the items.
    pub(crate) fn new(items: Vec<Item>) -> Self {
        let mut texts: HashMap<u64, Vec<u32>> = HashMap::new();
        let mut prompts: HashMap<u64, Vec<u32>> = HashMap::new();
        for (number, item) in (0_u32..).zip(&items) {
            texts.entry(hash(item.text.as_bytes())).or_default().push(number);
            if item.prompt >= PROMPT && item.prompt < item.text.len() {
                prompts
                    .entry(hash(&item.text.as_bytes()[..item.prompt]))
                    .or_default()
                    .push(number);
            }
        }
        // A question that many items share is a template and not a question.
        let many = (items.len() / 10).max(4);
        prompts.retain(|_, same| same.len() <= many);
        Self {
            long: Postings::new(&items, Windows::Sampled, |_| true),
            short: Postings::new(&items, Windows::All, |item| item.text.len() <= SHORT),
            items,
            texts,
            prompts,
        }
    }

    /// How many items there are.
    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// The item with this number.
    pub(crate) fn get(&self, number: u32) -> &Item {
        &self.items[number as usize]
    }

    /// Every item that has something in common with a text, with how much.
    pub(crate) fn find(&self, normal: &Normal, scratch: &mut Scratch, mut found: impl FnMut(u32, Kind, f64)) {
        let Scratch { kept, hits, seen } = scratch;
        seen.clear();
        let text = normal.text.as_slice();
        for &number in self.texts.get(&hash(text)).into_iter().flatten() {
            if self.items[number as usize].text.as_bytes() == text {
                seen.push(number);
                found(number, Kind::Exact, 1.0);
            }
        }
        if self.items.is_empty() {
            return;
        }
        Windows::Sampled.of(text, kept);
        self.long.find(kept, hits);
        self.candidates(&self.long, normal, hits, seen, &mut found);
        if text.len() <= SHORT_PROBE && self.short.places.len() > 1 {
            Windows::All.of(text, kept);
            self.short.find(kept, hits);
            self.candidates(&self.short, normal, hits, seen, &mut found);
        }
        if normal.prompt >= PROMPT {
            for &number in self.prompts.get(&hash(normal.prompt())).into_iter().flatten() {
                let item = &self.items[number as usize];
                if !seen.contains(&number) && item.text.as_bytes()[..item.prompt] == *normal.prompt() {
                    found(number, Kind::Prompt, 1.0);
                }
            }
        }
    }

    /// Compares the items of which a text has enough windows.
    fn candidates(
        &self,
        postings: &Postings,
        normal: &Normal,
        hits: &mut [u32],
        seen: &mut Vec<u32>,
        found: &mut impl FnMut(u32, Kind, f64),
    ) {
        hits.sort_unstable();
        for same in hits.chunk_by(|left, right| left == right) {
            let number = same[0];
            let least = postings.windows[number as usize].div_ceil(VOTES);
            if same.len() < least as usize || seen.contains(&number) {
                continue;
            }
            let (item, text) = (&self.items[number as usize].text, normal.as_str());
            let near = resemblance(item, text);
            if near >= NEAR {
                seen.push(number);
                found(number, Kind::Near, near);
                continue;
            }
            let excerpt = containment(item, text);
            if excerpt >= EXCERPT {
                seen.push(number);
                found(number, Kind::Excerpt, excerpt);
            }
        }
    }
}

/// A hash of a text, eight bytes at a time. Equal hashes are compared.
fn hash(text: &[u8]) -> u64 {
    const ODD: u64 = 0xa076_1d64_78bd_642f;
    let mut state = text.len() as u64 ^ ODD;
    let mut chunks = text.chunks_exact(8);
    for chunk in &mut chunks {
        let mut word = [0; 8];
        word.copy_from_slice(chunk);
        state = (state ^ u64::from_le_bytes(word)).wrapping_mul(ODD).rotate_left(29);
    }
    for byte in chunks.remainder() {
        state = (state ^ u64::from(*byte)).wrapping_mul(ODD).rotate_left(29);
    }
    state ^ state >> 31
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::Text;

    fn normal(prompt: &str, rest: &str) -> Normal {
        let mut normal = Normal::default();
        normal.read(&Text {
            prompt: prompt.into(),
            rest: rest.into(),
            ..Text::default()
        });
        normal
    }

    fn found(items: &[(&str, &str)], prompt: &str, rest: &str) -> Vec<(u32, Kind)> {
        let items = (1..)
            .zip(items)
            .filter_map(|(row, (prompt, rest))| Index::item(0, row, &normal(prompt, rest)));
        let index = Index::new(items.collect());
        let mut found = Vec::new();
        index.find(&normal(prompt, rest), &mut Scratch::default(), |item, kind, _| {
            found.push((item, kind));
        });
        found
    }

    const QUESTION: &str = "Which river flows through the town where the treaty of 1648 was signed by both parties?";
    const ANSWER: &str =
        "Two rivers do: the Aa flows through one of the towns, and the Hase through the other of them.";

    #[test]
    fn each_kind_is_found() {
        let items = [(QUESTION, ANSWER), ("Name a prime above ten.", "Eleven")];
        assert_eq!(found(&items, QUESTION, &ANSWER.to_uppercase()), [(0, Kind::Exact)]);
        let edited = ANSWER.replace("towns", "cities").replace("other", "second");
        assert_eq!(found(&items, QUESTION, &edited), [(0, Kind::Near)]);
        let other = |from: u64| {
            (from..from + 400)
                .map(|at| format!("{:x}", at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40))
                .collect::<Vec<_>>()
                .join(" ")
        };
        let long = format!("{} {QUESTION} {ANSWER} {}", other(1), other(1000));
        assert_eq!(found(&items, "", &long), [(0, Kind::Excerpt)]);
        assert_eq!(
            found(
                &items,
                QUESTION,
                "Nobody knows, and I would rather talk about the weather, the garden, the price of bread and my old aunt in Hamburg."
            ),
            [(0, Kind::Prompt)]
        );
        assert_eq!(found(&items, "Name a prime above ten", "Eleven!"), [(1, Kind::Exact)]);
        assert_eq!(
            found(
                &items,
                "What is the name of the river?",
                "It has none that anybody would know."
            ),
            []
        );
    }

    #[test]
    fn short_texts_are_found_with_one_edit() {
        let items = [("", "a short answer here")];
        assert_eq!(found(&items, "", "a short answer hers"), [(0, Kind::Near)]);
    }

    #[test]
    fn a_template_does_not_hide_its_items() {
        let frame =
            "You are a helpful assistant. Answer the following question as briefly as you can, and cite your source. "
                .repeat(3);
        let rows: Vec<(String, String)> = (0..300)
            .map(|at| (format!("{frame}{at}"), format!("The answer is number {}", at * 7919)))
            .collect();
        let items: Vec<(&str, &str)> = rows
            .iter()
            .map(|(prompt, rest)| (prompt.as_str(), rest.as_str()))
            .collect();
        let hit = found(&items, &rows[77].0, &rows[77].1);
        assert!(hit.contains(&(77, Kind::Exact)), "{hit:?}");
    }
}
