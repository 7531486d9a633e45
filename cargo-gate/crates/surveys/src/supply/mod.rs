//! What is known about published dependencies: advisory databases, read where they lie, and the packages of `Cargo.lock`
//! they speak about.
//!
//! ```text
//! locate ─► source (digest by the index) ─► archive / directory ─► contents ─► database (cached by digest) ─► choose ─┐
//!           snapshot (compiled in, or of an update) ───────────────────────────────────────────────────────────┘  │
//! Cargo.lock ─► lock (lines, shortest chains) ──────────────────────────────────────────────────────────────┴─► hit
//! ```
//!
//! `index` is cargo's own copy of what registries list. A run never fetches anything: [`fetched`] is for `cargo gate advisories update`.

mod advisory;
pub mod archive;
mod choose;
mod contents;
mod database;
mod hit;
pub mod index;
mod locate;
mod lock;
mod range;
mod record;
mod repository;
mod seen;
pub mod snapshot;
mod source;

#[cfg(any(test, feature = "testing"))]
pub mod samples;

use std::path::Path;
use std::sync::{Arc, OnceLock};

use gate_base::digest::{Digest, DigestBuilder};
use gate_report::Reason;

pub use advisory::{Advisory, Score};
pub use choose::{Considered, Opened};
pub use contents::Skipped;
pub use database::{Commit, Database, shrunk};
pub use hit::{Fix, Hit, hits};
pub use locate::{Origin, Place, Places, VARIABLE, places, updated};
pub use lock::PackageGraph;
pub use repository::{fetched, of_repository};
pub use seen::Seen;

use choose::Loaded;
use source::Stamps;

/// The advisory databases of one workspace: where they lie, what state they are in, and what they say once asked.
#[derive(Debug)]
pub struct Advisories {
    places: Places,
    stamps: Stamps,
    /// The snapshot that is compiled in.
    built_in: Option<&'static [u8]>,
    baseline: Option<Seen>,
    loaded: OnceLock<Vec<Loaded>>,
    opened: OnceLock<Result<Opened, Reason>>,
}

impl Advisories {
    /// Looks at the state of every place; nothing that the index knows is read. `built_in` is what counts besides.
    pub fn look(places: Places, built_in: Option<&'static [u8]>, gate_dir: &Path) -> Self {
        let directory = gate_dir.join("advisories");
        let stamps = Stamps::take(places.all(), &directory);
        let mut this = Self {
            places,
            stamps,
            built_in,
            baseline: None,
            loaded: OnceLock::new(),
            opened: OnceLock::new(),
        };
        this.baseline = this
            .state()
            .and_then(|state| seen::load(&directory).before(this.chosen(), &state).cloned());
        this
    }

    /// The places it was made for.
    pub fn places(&self) -> &Places {
        &self.places
    }

    /// The database that somebody chose, as reports write it.
    fn chosen(&self) -> Option<&str> {
        self.places.declared().map(|place| place.shown.as_str())
    }

    /// Digest over the contents of all databases; `None` when one cannot be read.
    fn state(&self) -> Option<Digest> {
        let mut digest = DigestBuilder::new("advisory database contents");
        digest.digest(&self.stamps.state()?);
        // Its header has a digest of the rest.
        let header = self
            .built_in
            .and_then(|bytes| bytes.split(|byte| *byte == b'\n').next());
        digest.part(header.unwrap_or_default());
        Some(digest.finish())
    }

    /// Digest over where the databases lie, their contents, and the database of the last run that they are compared
    /// with; `None` when one cannot be read, because then nothing tells two states of it apart.
    pub fn fingerprint(&self) -> Option<Digest> {
        let mut digest = DigestBuilder::new("advisory databases");
        for place in self.places.all() {
            digest.part(place.origin.name().as_bytes()).part(place.shown.as_bytes());
        }
        digest.digest(&self.state()?);
        if let Some(baseline) = &self.baseline {
            digest.digest(&baseline.state);
        }
        Some(digest.finish())
    }

    /// Reads the databases of many files, or takes what was read before, so that [`open`](Self::open) does not have to.
    /// Nothing is judged. Snapshots are left out: most runs do without them.
    pub fn load(&self, gate_dir: &Path) -> &[Loaded] {
        let directory = gate_dir.join("advisories");
        self.loaded.get_or_init(|| {
            let places = self.places.all().iter().zip(self.stamps.iter());
            let of_files = |place: &Place| place.origin != Origin::Update;
            let load = |(place, stamp)| of_files(place).then(|| source::load(place, stamp, &directory).map(Arc::new));
            places.map(load).collect()
        })
    }

    /// Reads the databases, or takes what was read before, and chooses one. Remembers it as what the next run compares with,
    /// unless it looks damaged.
    ///
    /// # Errors
    /// The reason why there is no database to judge by.
    pub fn open(&self, gate_dir: &Path) -> Result<&Opened, &Reason> {
        let open = || {
            let places = self
                .places
                .all()
                .iter()
                .zip(self.stamps.iter())
                .zip(self.load(gate_dir));
            let places = places.map(|((place, stamp), loaded)| (place, stamp, loaded));
            let opened = choose::choose(places, self.built_in, self.baseline.as_ref())?;
            let directory = &gate_dir.join("advisories");
            source::forget_others(&self.stamps, directory);
            if let Some(state) = self.state()
                && opened.shrunk().is_none()
            {
                let chosen = self.chosen().map(str::to_owned);
                seen::remember(directory, Seen::new(chosen, state, &opened.database));
            }
            Ok(opened)
        };
        self.opened.get_or_init(open).as_ref()
    }
}
