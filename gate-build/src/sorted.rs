//! Maps and sets that are sorted vectors, and how vectors are made.
//!
//! Build scripts are compiled without optimisation, once for each type of key and value of a collection, and a tree of the standard library is a
//! thousand lines each time: a third of the time that this crate took to compile. The collections here are small, or filled in order.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::ops::Deref;
use std::{slice, vec};

/// What the standard library does by a dozen functions for each kind of iterator, by one.
pub(crate) trait List: Iterator + Sized {
    /// As `collect`, into a vector.
    fn list(self) -> Vec<Self::Item> {
        let mut all = Vec::new();
        for one in self {
            all.push(one);
        }
        all
    }

    /// As `collect`, into a vector or the first error.
    fn list_ok<T, E>(self) -> Result<Vec<T>, E>
    where
        Self: Iterator<Item = Result<T, E>>,
    {
        let mut all = Vec::new();
        for one in self {
            all.push(one?);
        }
        Ok(all)
    }

    /// As `collect`, into a vector where none is lacking.
    fn list_some<T>(self) -> Option<Vec<T>>
    where
        Self: Iterator<Item = Option<T>>,
    {
        let mut all = Vec::new();
        for one in self {
            all.push(one?);
        }
        Some(all)
    }

    /// As `find`.
    #[expect(clippy::manual_find, reason = "`find` is what this is to be in place of")]
    fn seek(&mut self, mut fits: impl FnMut(&Self::Item) -> bool) -> Option<Self::Item> {
        for one in self {
            if fits(&one) {
                return Some(one);
            }
        }
        None
    }

    /// As `find_map`.
    fn seek_map<T>(&mut self, mut of: impl FnMut(Self::Item) -> Option<T>) -> Option<T> {
        for one in self {
            let found = of(one);
            if found.is_some() {
                return found;
            }
        }
        None
    }
}

impl<I: Iterator> List for I {}

/// A vector to which values are added.
pub(crate) trait Append<T> {
    /// As `extend`.
    fn append_all(&mut self, all: impl IntoIterator<Item = T>);
}

impl<T> Append<T> for Vec<T> {
    fn append_all(&mut self, all: impl IntoIterator<Item = T>) {
        for one in all {
            self.push(one);
        }
    }
}

/// Sorts by insertion, for lists of at most some thousands; equal values keep their order.
pub(crate) fn sort_by<T>(all: &mut Vec<T>, order: impl Fn(&T, &T) -> Ordering) {
    for at in 1..all.len() {
        if order(&all[at - 1], &all[at]) != Ordering::Greater {
            continue;
        }
        let one = all.remove(at);
        let (mut start, mut end) = (0, at - 1);
        while start < end {
            let middle = usize::midpoint(start, end);
            match order(&all[middle], &one) {
                Ordering::Greater => end = middle,
                _ => start = middle + 1,
            }
        }
        all.insert(start, one);
    }
}

/// Sorts as [`sort_by`] does.
pub(crate) fn sort<T: Ord>(all: &mut Vec<T>) {
    sort_by(all, T::cmp);
}

/// Values by their keys, in the order of the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Map<K, V>(Vec<(K, V)>);

/// Values in their order, each once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Set<T>(Vec<T>);

/// Where the key is, or belongs.
fn place<T, Q: Ord + ?Sized>(all: &[T], key: &Q, of: fn(&T) -> &Q) -> Result<usize, usize> {
    let (mut start, mut end) = (0, all.len());
    // Nearly all come in order.
    if let Some(last) = all.last()
        && of(last) < key
    {
        return Err(end);
    }
    while start < end {
        let middle = usize::midpoint(start, end);
        match of(&all[middle]).cmp(key) {
            Ordering::Less => start = middle + 1,
            Ordering::Greater => end = middle,
            Ordering::Equal => return Ok(middle),
        }
    }
    Err(start)
}

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<K: Ord, V> Map<K, V> {
    /// Nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    fn place<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        place(&self.0, key, |(key, _)| key.borrow())
    }

    /// The value of this key.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        let at = self.place(key).ok()?;
        Some(&self.0[at].1)
    }

    /// The value of this key, to be changed.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let at = self.place(key).ok()?;
        Some(&mut self.0[at].1)
    }

    /// Whether the key has a value.
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.place(key).is_ok()
    }

    /// Gives the key this value, and returns the one that it had.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.place(&key) {
            Ok(at) => Some(std::mem::replace(&mut self.0[at].1, value)),
            Err(at) => {
                self.0.insert(at, (key, value));
                None
            }
        }
    }

    /// The value of this key, which gets this one if it has none.
    pub fn get_or_insert_with(&mut self, key: K, value: impl FnOnce() -> V) -> &mut V {
        let at = match self.place(&key) {
            Ok(at) => at,
            Err(at) => {
                self.0.insert(at, (key, value()));
                at
            }
        };
        &mut self.0[at].1
    }

    /// The value of this key, which gets the default if it has none.
    pub fn or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        self.get_or_insert_with(key, V::default)
    }

    /// Takes the value of this key away.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let at = self.place(key).ok()?;
        Some(self.0.remove(at).1)
    }
}

impl<K, V> Map<K, V> {
    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no key.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keys and values.
    #[must_use]
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter(self.0.iter())
    }

    /// The keys.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> + ExactSizeIterator + Clone {
        self.0.iter().map(|(key, _)| key)
    }

    /// The values.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + ExactSizeIterator + Clone {
        self.0.iter().map(|(_, value)| value)
    }

    /// Keys, and their values to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.0.iter_mut().map(|(key, value)| (&*key, value))
    }

    /// Keeps what fits.
    pub fn retain(&mut self, mut fits: impl FnMut(&K, &V) -> bool) {
        self.0.retain(|(key, value)| fits(key, value));
    }
}

/// Keys and values of a [`Map`].
#[derive(Debug)]
pub struct Iter<'a, K, V>(slice::Iter<'a, (K, V)>);

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        let (key, value) = self.0.next()?;
        Some((key, value))
    }
}

impl<'a, K, V> IntoIterator for &'a Map<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;

    fn into_iter(self) -> Iter<'a, K, V> {
        self.iter()
    }
}

impl<K, V> IntoIterator for Map<K, V> {
    type Item = (K, V);
    type IntoIter = vec::IntoIter<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<K: Ord, V> Extend<(K, V)> for Map<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, all: I) {
        for (key, value) in all {
            self.insert(key, value);
        }
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Map<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(all: I) -> Self {
        let mut map = Self::new();
        map.extend(all);
        map
    }
}

impl<K: Ord, V, const N: usize> From<[(K, V); N]> for Map<K, V> {
    fn from(all: [(K, V); N]) -> Self {
        all.into_iter().collect()
    }
}

impl<T> Default for Set<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Ord> Set<T> {
    /// Nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Whether the value is in it.
    pub fn contains<Q: Ord + ?Sized>(&self, value: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        place(&self.0, value, T::borrow).is_ok()
    }

    /// Adds a value; whether it was not in it.
    pub fn insert(&mut self, value: T) -> bool {
        let at = place(&self.0, &value, |value| value);
        if let Err(at) = at {
            self.0.insert(at, value);
        }
        at.is_err()
    }

    /// Takes a value away; whether it was in it.
    pub fn remove<Q: Ord + ?Sized>(&mut self, value: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        let at = place(&self.0, value, T::borrow);
        if let Ok(at) = at {
            self.0.remove(at);
        }
        at.is_ok()
    }

    /// What is in this and not in the other.
    pub fn difference<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a T> {
        self.0.iter().filter(move |value| !other.contains(*value))
    }
}

impl<T> Set<T> {
    /// Keeps what fits.
    pub fn retain(&mut self, fits: impl FnMut(&T) -> bool) {
        self.0.retain(fits);
    }
}

impl<T> Deref for Set<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'a, T> IntoIterator for &'a Set<T> {
    type Item = &'a T;
    type IntoIter = slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl<T> IntoIterator for Set<T> {
    type Item = T;
    type IntoIter = vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<T: Ord> Extend<T> for Set<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, all: I) {
        for value in all {
            self.insert(value);
        }
    }
}

impl<T: Ord> FromIterator<T> for Set<T> {
    fn from_iter<I: IntoIterator<Item = T>>(all: I) -> Self {
        let mut set = Self::new();
        set.extend(all);
        set
    }
}

impl<T: Ord, const N: usize> From<[T; N]> for Set<T> {
    fn from(all: [T; N]) -> Self {
        all.into_iter().collect()
    }
}
