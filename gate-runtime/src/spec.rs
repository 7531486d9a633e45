//! What a program says of a kernel when it registers it.

use crate::argument::Arg;
use crate::contract::{Contract, Geometry};
use crate::module::ModuleImage;
use crate::status::Status;

/// The CPU side of a kernel. It is called with arguments that keep the contract; every output has to be complete when it
/// returns [`Status::Ok`]. Panics are contained.
pub type CpuFn = fn(&mut [Arg<'_>]) -> Status;

/// How a launch with these arguments is cut into blocks. The arguments keep the contract.
pub type GeometryFn = fn(&[Arg<'_>]) -> Geometry;

/// One native implementation of a kernel.
#[derive(Debug, Clone, Copy)]
pub struct Variant {
    /// The module that has it.
    pub module: &'static ModuleImage,
    /// Symbol of its `.entry`.
    pub entry: &'static str,
    /// How it is launched.
    pub geometry: GeometryFn,
    /// The variant with the highest score that the device can run is taken; of equal ones the lexically smallest symbol.
    pub score: u32,
}

/// What is registered under one name: the contract, the CPU function, and any number of native variants.
#[derive(Debug, Clone, Copy)]
pub struct KernelSpec {
    /// What the kernel accepts.
    pub contract: &'static Contract,
    /// The CPU side; there is always one.
    pub cpu: CpuFn,
    /// The native side.
    pub variants: &'static [Variant],
}
