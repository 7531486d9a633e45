//! What a kernel takes of a multiprocessor: registers, spills, shared memory, occupancy; limits on it.

mod budget;
mod examine;
mod occupancy;
mod ptxas;

pub use budget::{Budget, Excess, Limit, Ratchet};
pub use examine::{Facts, Ptxas};
pub use occupancy::{Capability, Occupancy, occupancy};
pub use ptxas::{ReportError, Usage, ptxas_report};
