//! The shortest way from a member to each package of `Cargo.lock`.

use std::collections::{BTreeMap, VecDeque};

use gate_world::cargo::lock::{Lock, LockedPackage};

/// The packages of a lockfile and what depends on what.
#[derive(Debug)]
pub struct PackageGraph {
    lock: Lock,
    /// Whoever comes before a package on the shortest way from a member, for every package that a member reaches.
    before: BTreeMap<usize, Option<usize>>,
}

impl PackageGraph {
    /// Reads a lockfile. Ways start at packages without a source: members, and what they depend on by path.
    ///
    /// # Errors
    /// Why the lockfile cannot be read.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let lock = Lock::parse(bytes)?;
        let packages = lock.packages().iter().enumerate();
        let starts = packages.filter(|(_, package)| package.source.is_none());
        let mut queue: VecDeque<usize> = starts.map(|(at, _)| at).collect();
        let mut before: BTreeMap<usize, Option<usize>> = queue.iter().map(|start| (*start, None)).collect();
        while let Some(from) = queue.pop_front() {
            for to in lock.dependencies(&lock.packages()[from]) {
                before.entry(to).or_insert_with(|| {
                    queue.push_back(to);
                    Some(from)
                });
            }
        }
        Ok(Self { lock, before })
    }

    /// All packages, sorted by name and version.
    pub fn packages(&self) -> &[LockedPackage] {
        self.lock.packages()
    }

    /// How many versions of a package there are.
    pub fn versions_of(&self, name: &str) -> usize {
        self.lock.named(name).len()
    }

    /// The shortest way from a member to the package at this position, both included; empty where none leads there.
    pub fn way(&self, to: usize) -> Vec<&LockedPackage> {
        let mut way = Vec::new();
        let mut at = Some(to);
        while let Some((package, before)) = at.and_then(|at| Some((self.packages().get(at)?, self.before.get(&at)?))) {
            way.push(package);
            at = *before;
        }
        way.reverse();
        way
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "version = 4\r\n\r\n[[package]]\r\nname = \"app\"\r\nversion = \"0.1.0\"\r\ndependencies = [\r\n \
        \"chrono\",\r\n \"log 0.4.0\",\r\n]\r\n\r\n[[package]]\r\nname = \"chrono\"\r\nversion = \"0.4.19\"\r\nsource = \
        \"registry+https://github.com/rust-lang/crates.io-index\"\r\ndependencies = [\r\n \"log 0.3.0\",\r\n \"time\",\r\n]\r\n\r\n\
        [[package]]\r\nname = \"log\"\r\nversion = \"0.3.0\"\r\nsource = \
        \"registry+https://github.com/rust-lang/crates.io-index\"\r\n\r\n[[package]]\r\nname = \"log\"\r\nversion = \
        \"0.4.0\"\r\n\r\n[[package]]\r\nname = \"time\"\r\nversion = \"0.1.43\"\r\nsource = \"git+https://example.com/time#0123456789\"\r\n\r\n\
        [[package]]\r\nname = \"unused\"\r\nversion = \"1.0.0\"\r\n";

    #[test]
    fn lines_and_shortest_ways() {
        let graph = PackageGraph::parse(LOCK.as_bytes()).unwrap();
        let text: Vec<String> = (0..graph.packages().len())
            .map(|at| {
                let package = &graph.packages()[at];
                let way: Vec<_> = graph
                    .way(at)
                    .iter()
                    .map(|one| format!("{} {}", one.name, one.version))
                    .collect();
                format!("{} {} {}", package.line, package.is_published(), way.join(" > "))
            })
            .collect();
        insta::assert_snapshot!(text.join("\n"), @"
        4 false app 0.1.0
        12 true app 0.1.0 > chrono 0.4.19
        21 true app 0.1.0 > chrono 0.4.19 > log 0.3.0
        26 false log 0.4.0
        30 false app 0.1.0 > chrono 0.4.19 > time 0.1.43
        35 false unused 1.0.0
        ");
        assert_eq!(graph.versions_of("log"), 2);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let broken = |text: &[u8]| PackageGraph::parse(text).unwrap_err();
        insta::assert_snapshot!([broken(b"\xff"), broken(b"<<<<<<< HEAD\n"), broken(b"[[package]]\nname = \"a\"\n")].join("\n"), @"
        it is not UTF-8
        line 1: key with no value, expected `=`
        line 1: missing field `version`
        ");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_fine(at in 0usize..700, with in "[\\PC\n\"=\\[\\]]{0,8}") {
            let mut text = LOCK.to_owned();
            text.insert_str(at.min(text.len()), &with);
            if let Ok(graph) = PackageGraph::parse(text.as_bytes()) {
                for at in 0..graph.packages().len() {
                    graph.way(at);
                }
            }
        }
    }
}
