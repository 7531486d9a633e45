//! Theoretical occupancy: how many warps of a kernel a multiprocessor holds at once.
//!
//! The limits are those of the table "Technical Specifications per Compute Capability" of the *CUDA Programming Guide*; the granularities of allocation are
//! those of NVIDIA's `cuda_occupancy.h`, the header behind the driver's occupancy functions.

use crate::arch::Arch;

/// What a multiprocessor of one compute capability has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capability {
    /// Compute capability without its point: 80 for 8.0.
    pub number: u32,
    /// Most warps it holds.
    pub warps: u32,
    /// Most blocks it holds.
    pub blocks: u32,
    /// Its shared memory, in bytes.
    pub shared: u32,
    /// Shared memory the system reserves for each block, in bytes.
    pub shared_reserved: u32,
    /// Unit in which shared memory is handed out, in bytes.
    pub shared_unit: u32,
    /// Schedulers, among which warps and registers are divided.
    pub schedulers: u32,
    /// Most registers of a block.
    pub block_registers: u32,
}

/// Registers of a multiprocessor, of every capability listed here.
const REGISTERS: u32 = 65_536;
/// Unit in which registers are handed out to a warp.
const REGISTER_UNIT: u32 = 256;
/// Threads of a warp.
const WARP: u32 = 32;

const fn capability(number: u32, warps: u32, blocks: u32, shared_kib: u32) -> Capability {
    let recent = number >= 80;
    Capability {
        number,
        warps,
        blocks,
        shared: shared_kib * 1024,
        shared_reserved: if recent { 1024 } else { 0 },
        shared_unit: if recent { 128 } else { 256 },
        schedulers: if number == 60 { 2 } else { 4 },
        block_registers: if number == 53 || number == 62 {
            REGISTERS / 2
        } else {
            REGISTERS
        },
    }
}

const CAPABILITIES: [Capability; 19] = [
    capability(50, 64, 32, 64),
    capability(52, 64, 32, 96),
    capability(53, 64, 32, 64),
    capability(60, 64, 32, 64),
    capability(61, 64, 32, 96),
    capability(62, 64, 32, 64),
    capability(70, 64, 32, 96),
    capability(72, 64, 32, 96),
    capability(75, 32, 16, 64),
    capability(80, 64, 32, 164),
    capability(86, 48, 16, 100),
    capability(87, 48, 16, 164),
    capability(89, 48, 24, 100),
    capability(90, 64, 32, 228),
    capability(100, 64, 32, 228),
    capability(103, 64, 32, 228),
    capability(110, 48, 24, 228),
    capability(120, 48, 24, 100),
    capability(121, 48, 24, 100),
];

impl Capability {
    /// What is known about an architecture; `None` for one this crate does not know.
    #[must_use]
    pub fn of(arch: Arch) -> Option<Self> {
        CAPABILITIES
            .into_iter()
            .find(|capability| capability.number == arch.number())
    }
}

/// How many warps a multiprocessor holds at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occupancy {
    /// Blocks at once.
    pub blocks: u32,
    /// Warps at once.
    pub warps: u32,
    /// Most warps it could hold.
    pub most_warps: u32,
}

impl Occupancy {
    /// Warps held in per cent of the most, rounded down.
    #[must_use]
    pub fn percent(self) -> u32 {
        (self.warps * 100).checked_div(self.most_warps).unwrap_or(0)
    }
}

/// Theoretical occupancy of a kernel with this many registers per thread and bytes of shared memory per block (static and dynamic together) when
/// launched with blocks of `threads`. Zero blocks: the launch is impossible. `None` when the architecture is not known or `threads` is 0.
#[must_use]
pub fn occupancy(arch: Arch, registers: u32, shared: u32, threads: u32) -> Option<Occupancy> {
    let capability = Capability::of(arch)?;
    if threads == 0 {
        return None;
    }
    let warps = threads.min(4096).div_ceil(WARP);
    let by_warps = capability.warps / warps;
    let by_registers = if registers == 0 {
        capability.blocks
    } else {
        let per_warp = (registers.min(256) * WARP).next_multiple_of(REGISTER_UNIT);
        // Each scheduler has its part of the registers, and a whole number of warps.
        let schedulers = capability.schedulers;
        let most_warps = REGISTERS / schedulers / per_warp * schedulers;
        // The hardware checks a block as if all schedulers had as many of its warps as the one with the most.
        let assumed = per_warp * warps.next_multiple_of(schedulers);
        if registers > 255 || assumed > capability.block_registers {
            0
        } else {
            most_warps / warps
        }
    };
    let per_block = shared
        .checked_add(capability.shared_reserved)?
        .next_multiple_of(capability.shared_unit);
    let by_shared = capability.shared.checked_div(per_block).unwrap_or(capability.blocks);
    let blocks = capability.blocks.min(by_warps).min(by_registers).min(by_shared);
    let blocks = if threads > 1024 { 0 } else { blocks };
    Some(Occupancy {
        blocks,
        warps: blocks * warps,
        most_warps: capability.warps,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(arch: &str, registers: u32, shared: u32, threads: u32) -> (u32, u32) {
        let occupancy = occupancy(arch.parse().unwrap(), registers, shared, threads).unwrap();
        (occupancy.blocks, occupancy.percent())
    }

    #[test]
    fn each_resource_limits_in_its_turn() {
        assert_eq!(at("sm_80", 32, 0, 256), (8, 100), "warps");
        assert_eq!(
            at("sm_80", 40, 0, 256),
            (6, 75),
            "registers: 1280 per warp, 12 per scheduler"
        );
        assert_eq!(
            at("sm_80", 32, 48 * 1024, 256),
            (3, 37),
            "shared memory: 49 KiB with what is reserved"
        );
        assert_eq!(at("sm_86", 16, 0, 32), (16, 33), "blocks");
        assert_eq!(
            at("sm_80", 255, 0, 1024),
            (0, 0),
            "one block needs more registers than there are"
        );
        assert_eq!(at("sm_80", 64, 0, 1024), (1, 50), "exactly all registers");
        assert_eq!(at("sm_80", 72, 0, 29 * 32), (0, 0), "29 warps count as 32");
        assert_eq!(at("sm_53", 64, 0, 1024), (0, 0), "half of the registers for a block");
    }

    #[test]
    fn an_unknown_architecture_has_no_occupancy() {
        assert_eq!(occupancy("sm_35".parse().unwrap(), 32, 0, 256), None);
    }
}
