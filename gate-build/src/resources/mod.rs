//! What a kernel takes of a multiprocessor: registers, spills, shared memory, occupancy; limits on it.

mod budget;
mod examine;
#[cfg(feature = "analysis")]
mod occupancy;
mod ptxas;
#[cfg(feature = "analysis")]
mod ratchet;

pub use budget::{Budget, Excess, Limit};
pub use examine::{Facts, Ptxas};
#[cfg(feature = "analysis")]
pub use occupancy::{Capability, Occupancy, occupancy};
pub use ptxas::{ReportError, Usage, ptxas_report};
#[cfg(feature = "analysis")]
pub use ratchet::Ratchet;
