//! Whether everything of an old version has somewhere to go in a new one: `cargo gate release migrate`.
//!
//! A version is what a file declares: a kernel lock (kernels and what they take), a JSON Schema (fields, and the words that a field may hold), or any
//! TOML file (its keys). A migration is data: a file of transforms from names of the old version to names of the new one. Nothing is migrated
//! here; what is judged is whether a migration loses anything, and whether it can be taken back.

mod judge;
mod map;
mod surface;

pub use judge::{Irreversible, Judged, Loss, judge};
pub use map::{Map, MapError, Transform};
pub use surface::{Element, Kind, Surface, SurfaceError};
