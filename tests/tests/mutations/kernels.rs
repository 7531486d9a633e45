//! Mutations of locked GPU kernels. Each adds a kernel with its lock and breaks what the lock promises.

use cargo_gate::kernels::rebuild::{Rebuild, Rebuilt};
use cargo_gate::workspace::environment::Environment;
use cargo_gate::workspace::{Options, Workspace};

use super::machine::{COMMITTED, turn_the_gate_red};
use super::{Gate, Mutation};

/// Mutations that the checks of kernels must find.
pub(crate) const ALL: &[Mutation] = &[
    Mutation {
        name: "change a kernel after its PTX was locked",
        check: "kernels.locked",
        apply: |gate| {
            add_locked_kernel(gate);
            gate.append("kernels/axpy.cu", "// faster\n");
        },
        ..COMMITTED
    },
    Mutation {
        name: "change one instruction of locked PTX",
        check: "kernels.locked",
        apply: |gate| {
            add_locked_kernel(gate);
            gate.replace("ptx/kernels/axpy.cu.sm_80.ptx", "fma.rn.f32", "fma.rz.f32");
        },
        ..COMMITTED
    },
    Mutation {
        name: "state another digest in the lock",
        check: "kernels.locked",
        apply: |gate| {
            add_locked_kernel(gate);
            gate.replace("kernels.lock", "ptx-digest = \"", "ptx-digest = \"0000");
        },
        ..COMMITTED
    },
    Mutation {
        name: "take more registers than the budget allows",
        check: "kernels.budget",
        apply: |gate| {
            add_locked_kernel(gate);
            gate.append("gate.toml", "\n[[kernels.budget]]\nkernel = \"axpy\"\nregisters = 8\n");
        },
        ..COMMITTED
    },
    Mutation {
        name: "compile another PTX from the locked sources",
        check: "kernels.reproducible",
        apply: |gate| {
            add_locked_kernel(gate);
            gate.append("gate.toml", "\n[kernels]\nreproducible = true\n");
            gate.git(["add", "--all"]);
            let workspace = Workspace::open(Options {
                cwd: gate.workspace().to_path_buf(),
                manifest_path: None,
                target_dir: None,
                offline: true,
                environment: Environment::of_process(),
            });
            let workspace = workspace.expect("a workspace");
            let messages = vec!["nvcc 13.5 does not write the PTX for sm_80".to_owned()];
            let record = Rebuild::new(&workspace, Rebuilt::Different, messages).expect("a lock");
            record.write(&workspace).expect("a record");
        },
        ..COMMITTED
    },
    Mutation {
        name: "claim the device for a run on the CPU",
        check: "kernels.path",
        also: &["runtime.prod"],
        apply: |gate| add_run(gate, "path = \"native-valid\"\n", "axpy"),
        ..COMMITTED
    },
    Mutation {
        name: "lock a kernel that no run registered",
        check: "kernels.contract",
        also: &["runtime.prod"],
        apply: |gate| add_run(gate, "path = \"fallback-valid\"\n", "scale"),
        ..COMMITTED
    },
    Mutation {
        name: "support a type without a kernel",
        check: "kernels.fallback-coverage",
        also: &["runtime.prod"],
        apply: |gate| {
            let scope = "path = \"fallback-valid\"\n\n[[kernels.scope]]\nkernel = \"axpy\"\ndtypes = [\"f64\"]\n";
            add_run(gate, scope, "axpy");
        },
        ..COMMITTED
    },
];

/// A locked kernel and the stats of a run on the CPU that registered and called `kernel`.
fn add_run(gate: &Gate, policy: &str, kernel: &str) {
    add_locked_kernel(gate);
    let stats = include_str!("../../fixtures/kernels.path/clean/run_stats.json");
    gate.write("run_stats.json", stats.replace("axpy_f32", kernel));
    gate.append(
        "gate.toml",
        &format!("\n[runtime]\nrun-stats = [\"run_stats.json\"]\n\n[kernels]\n{policy}"),
    );
}

fn add_locked_kernel(gate: &Gate) {
    gate.write(
        "kernels/axpy.cu",
        include_str!("../../fixtures/kernels.locked/clean/kernels/axpy.cu"),
    );
    gate.write(
        "kernels.lock",
        include_str!("../../fixtures/kernels.locked/clean/kernels.lock"),
    );
    gate.write(
        "ptx/kernels/axpy.cu.sm_80.ptx",
        include_str!("../../fixtures/kernels.locked/clean/ptx/kernels/axpy.cu.sm_80.ptx"),
    );
}

#[test]
fn kernels_turn_the_gate_red() {
    turn_the_gate_red(ALL);
}
