//! What is known about published dependencies: advisory databases, read where they lie and never fetched, and the
//! packages of `Cargo.lock` they speak about.
//!
//! ```text
//! locate ─► source (digest by the index) ─► archive / directory ─► contents ─► database (cached by digest) ─┐
//! Cargo.lock ─► lock (lines, shortest chains) ──────────────────────────────────────────────────┴─► hit
//! ```

mod advisory;
pub mod archive;
mod contents;
mod database;
mod hit;
mod locate;
mod lock;
mod range;
mod record;
mod seen;
mod source;

#[cfg(any(test, feature = "testing"))]
pub mod samples;

use std::path::Path;
use std::sync::{Arc, OnceLock};

use gate_base::digest::{Digest, DigestBuilder};
use gate_report::Reason;

pub use advisory::{Advisory, Score};
pub use contents::Skipped;
pub use database::Database;
pub use hit::{Fix, Hit, hits};
pub use locate::{Origin, Place, Places, VARIABLE, places};
pub use lock::PackageGraph;
pub use seen::Seen;

use source::Stamps;

/// The advisory databases of one workspace: where they lie, what state they are in, and what they say once asked.
#[derive(Debug)]
pub struct Advisories {
    places: Places,
    stamps: Stamps,
    baseline: Option<Seen>,
    loaded: OnceLock<Vec<Result<Arc<Database>, Reason>>>,
    opened: OnceLock<Result<Opened, Reason>>,
}

/// A database that was read.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Where it lies.
    pub place: Place,
    /// What it says.
    pub database: Arc<Database>,
    /// The database of the last run with another state.
    pub baseline: Option<Seen>,
}

impl Advisories {
    /// Looks at the state of every place; nothing that the index knows is read.
    pub fn look(places: Places, gate_dir: &Path) -> Self {
        let directory = gate_dir.join("advisories");
        let stamps = Stamps::take(places.all(), &directory);
        let baseline = stamps
            .state()
            .and_then(|state| seen::load(&directory).before(&state).cloned());
        Self {
            places,
            stamps,
            baseline,
            loaded: OnceLock::new(),
            opened: OnceLock::new(),
        }
    }

    /// The places it was made for.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// Digest over where the databases lie, their contents, and the database of the last run that they are compared
    /// with; `None` when one cannot be read, because then nothing tells two states of it apart.
    pub fn fingerprint(&self) -> Option<Digest> {
        let mut digest = DigestBuilder::new("advisory databases");
        for place in self.places.all() {
            digest.part(place.shown.as_bytes());
        }
        digest.part(format!("{:?}", self.places.origin()).as_bytes());
        digest.digest(&self.stamps.state()?);
        if let Some(baseline) = &self.baseline {
            digest.digest(&baseline.state);
        }
        Some(digest.finish())
    }

    /// Reads the databases, or takes what was read before, so that [`open`](Self::open) does not have to. Nothing is judged.
    pub fn load(&self, gate_dir: &Path) -> &[Result<Arc<Database>, Reason>] {
        let directory = gate_dir.join("advisories");
        self.loaded.get_or_init(|| {
            let places = self.places.all().iter().zip(self.stamps.iter());
            places
                .map(|(place, stamp)| source::load(place, stamp, &directory).map(Arc::new))
                .collect()
        })
    }

    /// Reads the databases, or takes what was read before; of several, the one with the newest advisory. Remembers it
    /// as what the next run compares with, unless it looks damaged.
    ///
    /// # Errors
    /// The reason why there is no database to judge by.
    pub fn open(&self, gate_dir: &Path) -> Result<&Opened, &Reason> {
        self.opened.get_or_init(|| self.choose(gate_dir)).as_ref()
    }

    fn choose(&self, gate_dir: &Path) -> Result<Opened, Reason> {
        let directory = &gate_dir.join("advisories");
        let mut best: Option<(&Place, &Arc<Database>)> = None;
        let mut problem = None;
        for (place, database) in self.places.all().iter().zip(self.load(gate_dir)) {
            match database {
                Ok(database) => {
                    let better = best.as_ref().is_none_or(|(_, known)| {
                        (database.newest, database.advisories.len()) > (known.newest, known.advisories.len())
                    });
                    if better {
                        best = Some((place, database));
                    }
                }
                Err(reason) => {
                    problem.get_or_insert(reason);
                }
            }
        }
        let Some((place, database)) = best else {
            let none = || Reason::new("advisory_db_missing", "no advisory database found");
            return Err(problem.cloned().unwrap_or_else(none));
        };
        source::forget_others(&self.stamps, directory);
        let opened = Opened {
            place: place.clone(),
            database: Arc::clone(database),
            baseline: self.baseline.clone(),
        };
        if let Some(state) = self.stamps.state()
            && opened.shrunk().is_none()
            && !opened.database.advisories.is_empty()
        {
            seen::remember(directory, Seen::new(state, &opened.database));
        }
        Ok(opened)
    }
}

impl Opened {
    /// How many advisories there were in the last run and are now, where that is a tenth less or worse: advisories are
    /// withdrawn, but never removed.
    pub fn shrunk(&self) -> Option<(usize, usize)> {
        let before = self.baseline.as_ref()?.ids.len();
        let now = self.database.advisories.len();
        (now * 10 < before * 9).then_some((before, now))
    }

    /// Whether an advisory was not in the database of the last run; `false` where nothing is known of it.
    pub fn is_new(&self, id: &str) -> bool {
        let known = |seen: &Seen| seen.ids.binary_search_by(|known| known.as_str().cmp(id)).is_ok();
        self.baseline.as_ref().is_some_and(|seen| !known(seen))
    }
}
