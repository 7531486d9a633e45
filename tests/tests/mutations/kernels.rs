//! Mutations of locked GPU kernels. Each adds a kernel with its lock and breaks what the lock promises.

use gate_gpu::kernels::rebuild::{Rebuild, Rebuilt};
use gate_world::environment::Environment;
use gate_world::{Options, Workspace};

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
        name: "state no digest in the lock",
        check: "kernels.locked",
        apply: |gate| {
            add_locked_kernel(gate);
            gate.replace("kernels.lock", "ptx-digest = \"", "ptx-digest = \"0000");
        },
        // What is no digest cannot be understood, and the lock may hold a budget.
        also: &["kernels.budget"],
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
    Mutation {
        name: "claim that nothing is fused in PTX with a fused multiply-add",
        check: "kernels.semantics",
        apply: |gate| {
            add_locked_kernel(gate);
            gate.append(
                "gate.toml",
                "\n[[kernels.semantics]]\nbackend = \"cuda\"\nlocked-ptx = true\ncomparison = \"ulp\"\nrounding = \"nearest-even\"\n\
                 fma = \"never\"\ndenormals = \"kept\"\nreduction-order = \"fixed\"\nsort = \"none\"\nnan = \"propagated\"\n",
            );
        },
        ..COMMITTED
    },
    Mutation {
        name: "write to a buffer that the policy only lends for reading",
        check: "kernels.representation",
        apply: |gate| {
            add_locked_kernel(gate);
            let allow = "\n[kernels.representation]\nallow = [\"scalar_copied\", \"buffer_read\"]\n";
            gate.append("gate.toml", allow);
        },
        ..COMMITTED
    },
    Mutation {
        name: "lock a kernel without line information",
        check: "kernels.source-map",
        apply: |gate| {
            add_locked_kernel(gate);
            gate.append("gate.toml", "\n[kernels.source-map]\n");
        },
        ..COMMITTED
    },
    Mutation {
        name: "rename the file of a row of the conformance matrix",
        check: "conformance.matrix",
        apply: |gate| conform(gate, "counts_up", "logic/src/counts.rs"),
        ..COMMITTED
    },
    Mutation {
        name: "support an operator that no test shows",
        check: "conformance.coverage",
        apply: |gate| conform(gate, "counts_down", "logic/src/lib.rs"),
        ..COMMITTED
    },
    Mutation {
        name: "lock a kernel that is in no scope",
        check: "conformance.scope",
        apply: |gate| {
            add_locked_kernel(gate);
            conform(gate, "counts_up", "logic/src/lib.rs");
        },
        ..COMMITTED
    },
];

/// A conformance matrix with one operator.
fn conform(gate: &Gate, operator: &str, file: &str) {
    gate.append(
        "gate.toml",
        &format!(
            "\n[conformance]\nprofiles = [\"commit\"]\n\n[[conformance.backend]]\nname = \"cpu\"\nsupported = [\"{operator}\"]\n\n\
             [[conformance.row]]\nid = \"unit\"\nbackend = \"cpu\"\nprofile = \"commit\"\nsuite = \"logic\"\n\
             test-files = [\"{file}\", \"logic/src/lib.rs\"]\ncases = \"tests::{{operator}}\"\n"
        ),
    );
}

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
