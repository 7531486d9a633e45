//! From one version to the next: `cargo gate release migrate`.
//!
//! `surface`, `map` and `judge` compare what two files declare. A version is a kernel lock (kernels and what they take), a JSON Schema (fields,
//! and the words that a field may hold), or any TOML file (its keys); a map is a file of transforms from names of the old version to names of the
//! new one. Nothing is moved there; what is judged is whether a map loses anything, and whether it can be undone. `protocol` moves a history of
//! events.

mod judge;
mod map;
pub mod protocol;
mod surface;

pub use judge::{Irreversible, Judged, Loss, judge};
pub use map::{Map, MapError, Transform};
pub use surface::{Element, Kind, Surface, SurfaceError};
