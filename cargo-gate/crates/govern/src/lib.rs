//! Governance: promotion by a run's report, the close-out of a stage, and migrations.

pub mod closeout;
pub mod migration;
pub mod promotion;
