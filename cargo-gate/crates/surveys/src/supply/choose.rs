//! Which of several databases is judged by: the newest, or the one that somebody chose, unless a newer one has all of it.

use std::cmp::Reverse;
use std::sync::Arc;

use jiff::civil::Date;
use serde::Serialize;

use gate_report::Reason;

use super::database::{Database, shrunk};
use super::locate::{Origin, Place, VARIABLE};
use super::seen::Seen;
use super::snapshot::{self, Header};
use super::source::{self, OneStamp};

/// A database that was read.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Where it lies.
    pub place: Place,
    /// What it says.
    pub database: Arc<Database>,
    /// The database of the last run with another state.
    pub baseline: Option<Seen>,
    /// Why it was chosen.
    pub why: String,
    /// Every database that there is.
    pub considered: Vec<Considered>,
}

/// A database that could be judged by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Considered {
    /// Where it lies, as reports write it.
    pub place: String,
    /// Who says so.
    pub origin: &'static str,
    /// Number of advisories.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advisories: Option<usize>,
    /// Day of the newest one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newest: Option<Date>,
    /// Why it cannot be judged by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

impl Opened {
    /// How many advisories there were in the last run and are now, where that is a tenth less or worse.
    pub fn shrunk(&self) -> Option<(usize, usize)> {
        shrunk(self.baseline.as_ref()?.ids.len(), self.database.advisories.len())
    }

    /// Whether an advisory was not in the database of the last run; `false` where nothing is known of it.
    pub fn is_new(&self, id: &str) -> bool {
        let known = |seen: &Seen| seen.ids.binary_search_by(|known| known.as_str().cmp(id)).is_ok();
        self.baseline.as_ref().is_some_and(|seen| !known(seen))
    }
}

/// A database that can be read.
struct Candidate<'a> {
    place: &'a Place,
    newest: Date,
    date: Date,
    advisories: usize,
    contents: Contents,
}

enum Contents {
    Read(Arc<Database>),
    Packed(Vec<u8>),
    BuiltIn(&'static [u8]),
}

impl<'a> Candidate<'a> {
    fn read(place: &'a Place, database: &Arc<Database>) -> Result<Self, Reason> {
        let newest = fit(place, database)?;
        Ok(Self {
            place,
            newest,
            date: database.date().unwrap_or(newest),
            advisories: database.advisories.len(),
            contents: Contents::Read(Arc::clone(database)),
        })
    }

    fn packed(place: &'a Place, header: &Header, contents: Contents) -> Self {
        Self {
            place,
            newest: header.newest,
            date: header.commit.date,
            advisories: header.advisories,
            contents,
        }
    }

    /// What makes one newer than another.
    fn key(&self) -> (Date, Date, usize) {
        (self.newest, self.date, self.advisories)
    }

    fn database(&self) -> Result<Arc<Database>, Reason> {
        let unpacked = match &self.contents {
            Contents::Read(database) => return Ok(Arc::clone(database)),
            Contents::Packed(bytes) => snapshot::read(bytes),
            Contents::BuiltIn(bytes) => snapshot::read(bytes),
        };
        let unreadable = |why: String| source::unreadable(&self.place.shown, &why);
        unpacked.map(Arc::new).map_err(unreadable)
    }
}

/// The day of the newest advisory of a database, or why nothing can be judged by it.
fn fit(place: &Place, database: &Database) -> Result<Date, Reason> {
    let named = place.named();
    let unfit = |code, message| {
        let help = "fetch it again: `git clone --depth 1 https://github.com/RustSec/advisory-db`";
        Err(Reason::new(code, message).help(help))
    };
    let (read, skipped) = (database.advisories.len(), database.skipped.len());
    match (database.newest, database.skipped.first()) {
        (None, None) => unfit("advisory_db_empty", format!("{named} contains no advisories")),
        (None, Some(first)) => {
            let why = format!("`{}`: {}", first.path, first.why);
            unfit(
                "advisory_db_empty",
                format!("cannot parse any of {skipped} files of {named}; {why}"),
            )
        }
        (Some(_), _) if database.is_damaged() => {
            let message = format!("cannot parse {skipped} of {} files of {named}", read + skipped);
            unfit("advisory_db_damaged", message)
        }
        (Some(newest), _) => Ok(newest),
    }
}

/// What was read of the database at a place; nothing of a snapshot.
pub(super) type Loaded = Option<Result<Arc<Database>, Reason>>;

/// Chooses between the databases of places and the one that is compiled in.
///
/// # Errors
/// The reason why there is no database to judge by.
pub(super) fn choose<'a>(
    places: impl Iterator<Item = (&'a Place, &'a OneStamp, &'a Loaded)>,
    compiled_in: Option<&'static [u8]>,
    baseline: Option<&Seen>,
) -> Result<Opened, Reason> {
    let built_in = Place::built_in();
    let mut candidates: Vec<(&Place, Result<Candidate<'_>, Reason>)> = Vec::new();
    for (place, stamp, loaded) in places {
        let candidate = match loaded {
            Some(Ok(database)) => Candidate::read(place, database),
            Some(Err(reason)) => Err(reason.clone()),
            None => source::packed(place, stamp).and_then(|bytes| match snapshot::header(&bytes) {
                Ok((header, _)) => Ok(Candidate::packed(place, &header, Contents::Packed(bytes))),
                Err(why) => Err(source::unreadable(&place.shown, &why)),
            }),
        };
        candidates.push((place, candidate));
    }
    if let Some(bytes) = compiled_in
        && let Ok((header, _)) = snapshot::header(bytes)
    {
        let candidate = Candidate::packed(&built_in, &header, Contents::BuiltIn(bytes));
        candidates.push((&built_in, Ok(candidate)));
    }
    leave_out_parts(&mut candidates);
    let considered: Vec<Considered> = candidates.iter().map(considered).collect();
    let problem = candidates
        .iter()
        .find_map(|(_, candidate)| candidate.as_ref().err().cloned());
    // What somebody chose and cannot be read is not replaced with something else.
    if let Some((_, Err(reason))) = candidates.iter().find(|(place, _)| place.origin.is_declared()) {
        return Err(reason.clone());
    }
    let mut readable: Vec<Candidate<'_>> = candidates.into_iter().filter_map(|(_, one)| one.ok()).collect();
    // Of equals, the first.
    readable.sort_by_key(|one| Reverse(one.key()));
    let none = || problem.unwrap_or_else(|| Reason::new("advisory_db_missing", "no advisory database found"));
    let Pick {
        candidate,
        database,
        why,
    } = pick(&readable)?.ok_or_else(none)?;
    Ok(Opened {
        place: candidate.place.clone(),
        database,
        baseline: baseline.cloned(),
        why,
        considered,
    })
}

/// Leaves out what nobody chose and has a tenth fewer advisories than another such database that is not newer: it is not the
/// public one.
fn leave_out_parts(candidates: &mut [(&Place, Result<Candidate<'_>, Reason>)]) {
    let found = candidates.iter().filter(|(place, _)| !place.origin.is_declared());
    let readable = found.filter_map(|(_, one)| one.as_ref().ok());
    let sizes: Vec<(Date, usize)> = readable.map(|one| (one.newest, one.advisories)).collect();
    for (place, candidate) in candidates {
        let Ok(one) = candidate else { continue };
        let is_part =
            |(newest, size): &&(Date, usize)| *newest <= one.newest && shrunk(*size, one.advisories).is_some();
        if let Some((_, size)) = sizes.iter().find(is_part).filter(|_| !place.origin.is_declared()) {
            let message = format!(
                "{} has {} advisories, and an older one {size}",
                place.named(),
                one.advisories
            );
            *candidate = Err(Reason::new("advisory_db_shrunk", message));
        }
    }
}

/// The database that was picked, and why.
struct Pick<'c> {
    candidate: &'c Candidate<'c>,
    database: Arc<Database>,
    why: String,
}

/// Picks one of databases in order, the newest first.
fn pick<'c>(readable: &'c [Candidate<'c>]) -> Result<Option<Pick<'c>>, Reason> {
    let picked = |candidate, database, why| {
        Ok(Some(Pick {
            candidate,
            database,
            why,
        }))
    };
    let Some(newest) = readable.first() else {
        return Ok(None);
    };
    let Some(declared) = readable.iter().find(|one| one.place.origin.is_declared()) else {
        let why = match readable.len() {
            1 => "no other was found".to_owned(),
            many => format!("it is the newest of {many}"),
        };
        return picked(newest, newest.database()?, why);
    };
    let named_by = match declared.place.origin {
        Origin::Policy => "`advisory-db` under `[supply]`",
        _ => VARIABLE,
    };
    let own = declared.database()?;
    if newest.key() > declared.key() {
        let other = newest.database()?;
        // A private database has advisories that no public one has.
        if other.has_all_of(&own) {
            let why = format!("it is newer than the one that {named_by} names, and has all of its advisories");
            return picked(newest, other, why);
        }
    }
    picked(declared, own, format!("{named_by} names it"))
}

fn considered((place, candidate): &(&Place, Result<Candidate<'_>, Reason>)) -> Considered {
    let readable = candidate.as_ref().ok();
    Considered {
        place: place.shown.clone(),
        origin: place.origin.name(),
        advisories: readable.map(|one| one.advisories),
        newest: readable.map(|one| one.newest),
        problem: candidate.as_ref().err().map(|reason| reason.message.clone()),
    }
}
