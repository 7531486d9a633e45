//! Limits on what a kernel takes: declared ones, and the ratchet against an earlier report.

use std::fmt;

use crate::sorted::List as _;

use super::ptxas::Usage;

/// What is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// Registers of a thread.
    Registers,
    /// Bytes spilled: stores and loads together.
    Spills,
    /// Bytes of static shared memory of a block.
    Shared,
    /// Bytes of constant memory, parameters included.
    Constant,
    /// Bytes of the stack frame of a thread.
    Stack,
    /// Barriers of a block.
    Barriers,
}

impl Limit {
    /// Every limit, in the order of reports.
    pub const ALL: [Self; 6] = [
        Self::Registers,
        Self::Spills,
        Self::Shared,
        Self::Constant,
        Self::Stack,
        Self::Barriers,
    ];

    /// Stable name: `registers`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Limit::Registers => "registers",
            Limit::Spills => "spills",
            Limit::Shared => "shared",
            Limit::Constant => "constant",
            Limit::Stack => "stack",
            Limit::Barriers => "barriers",
        }
    }

    /// Unit of the number; empty for plain counts.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Limit::Registers | Limit::Barriers => "",
            Limit::Spills | Limit::Shared | Limit::Constant | Limit::Stack => " bytes",
        }
    }

    /// What the kernel takes of it.
    #[must_use]
    pub fn of(self, usage: &Usage) -> u32 {
        match self {
            Limit::Registers => usage.registers,
            Limit::Spills => usage.spill_stores.saturating_add(usage.spill_loads),
            Limit::Shared => usage.shared,
            Limit::Constant => usage.constant,
            Limit::Stack => usage.stack,
            Limit::Barriers => usage.barriers,
        }
    }
}

/// Most that a kernel may take. What is not limited may be anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Budget {
    limits: [Option<u32>; 6],
}

impl Budget {
    /// No limits.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// At most this much of one thing.
    #[must_use]
    pub fn at_most(mut self, limit: Limit, most: u32) -> Self {
        self.limits[limit as usize] = Some(most);
        self
    }

    /// At most this many registers per thread.
    #[must_use]
    pub fn registers(self, most: u32) -> Self {
        self.at_most(Limit::Registers, most)
    }

    /// At most this many bytes spilled, stores and loads together.
    #[must_use]
    pub fn spills(self, most: u32) -> Self {
        self.at_most(Limit::Spills, most)
    }

    /// At most this many bytes of static shared memory per block.
    #[must_use]
    pub fn shared(self, most: u32) -> Self {
        self.at_most(Limit::Shared, most)
    }

    /// At most this many bytes of stack per thread.
    #[must_use]
    pub fn stack(self, most: u32) -> Self {
        self.at_most(Limit::Stack, most)
    }

    /// At most this many bytes of constant memory, parameters included.
    #[must_use]
    pub fn constant(self, most: u32) -> Self {
        self.at_most(Limit::Constant, most)
    }

    /// At most this many barriers per block.
    #[must_use]
    pub fn barriers(self, most: u32) -> Self {
        self.at_most(Limit::Barriers, most)
    }

    /// The limits there are.
    pub fn limits(&self) -> impl Iterator<Item = (Limit, u32)> + '_ {
        Limit::ALL
            .into_iter()
            .filter_map(|limit| Some((limit, self.limits[limit as usize]?)))
    }

    /// What exceeds the budget.
    #[must_use]
    pub fn exceeded_by(&self, usage: &Usage) -> Vec<Excess> {
        self.limits()
            .map(|(limit, most)| Excess {
                limit,
                taken: limit.of(usage),
                most,
            })
            .filter(|excess| excess.taken > excess.most)
            .list()
    }
}

/// A limit that is exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Excess {
    /// Which one.
    pub limit: Limit,
    /// What the kernel takes.
    pub taken: u32,
    /// What it may take at most.
    pub most: u32,
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { limit, taken, most } = self;
        write!(f, "{}: {taken}{}, at most {most} allowed", limit.name(), limit.unit())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::resources) const USAGE: Usage = Usage {
        registers: 40,
        spill_stores: 4,
        spill_loads: 8,
        stack: 8,
        shared: 4096,
        constant: 400,
        local: 0,
        barriers: 1,
    };

    #[test]
    fn a_budget_names_what_exceeds_it_and_by_how_much() {
        let budget = Budget::new().registers(40).spills(0).shared(4095);
        let excess: Vec<String> = budget.exceeded_by(&USAGE).iter().map(ToString::to_string).collect();
        assert_eq!(
            excess,
            [
                "spills: 12 bytes, at most 0 bytes allowed".replace("0 bytes", "0"),
                "shared: 4096 bytes, at most 4095 allowed".to_string()
            ]
        );
    }
}
