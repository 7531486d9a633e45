use gate_build::ptx::Module;
use proptest::prelude::*;

use super::{Rule, of_entry};

fn module(params: &str, body: &str) -> String {
    format!(".version 8.0\n.target sm_80\n.address_size 64\n.visible .entry k({params})\n{{\n{body}\n}}\n")
}

/// Rules with the instructions that they point at.
fn hints(params: &str, body: &str) -> Vec<(Rule, String)> {
    let text = module(params, body);
    let parsed = Module::parse(&text).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let found = of_entry(&text, &parsed.entries[0]);
    found
        .into_iter()
        .map(|hint| (hint.rule, lines[hint.line - 1].trim().to_owned()))
        .collect()
}

#[test]
fn doubles_in_a_kernel_of_singles_are_seen() {
    let body = "ld.global.f32 %f1, [%rd1];\ncvt.f64.f32 %fd1, %f1;\nmul.f64 %fd2, %fd1, 0d3FB999999999999A;\ncvt.rn.f32.f64 %f2, %fd2;\n\
                add.f32 %f3, %f2, %f1;\nst.global.f32 [%rd1], %f3;\nret;";
    let found = hints(".param .u64 p", body);
    assert_eq!(
        found,
        [(
            Rule::DoubleInSingle,
            "mul.f64 %fd2, %fd1, 0d3FB999999999999A;".to_owned()
        )]
    );
    // One that takes a double means it.
    assert_eq!(hints(".param .u64 p, .param .f64 x", body), []);
    // The reduction of an argument of `sinf`.
    assert_eq!(
        hints(
            ".param .u64 p",
            &body.replace("0d3FB999999999999A", "0d3BF921FB54442D19")
        ),
        []
    );
    // A kernel of doubles.
    assert_eq!(
        hints(
            ".param .u64 p",
            &body.replace("ld.global.f32 %f1", "ld.global.f64 %fd9")
        ),
        []
    );
}

#[test]
fn barriers_behind_a_branch_on_the_thread_are_seen() {
    let head = "mov.u32 %r1, %tid.x;\nmov.u32 %r2, %ctaid.x;\nsetp.gt.s32 %p1, %r1, 3;\nsetp.gt.s32 %p2, %r2, 3;\n";
    let inside = format!("{head}@%p1 bra $L1;\nst.shared.u32 [%r9], %r1;\nbar.sync 0;\n$L1:\nret;");
    assert_eq!(hints("", &inside), [(Rule::DivergentBarrier, "bar.sync 0;".to_owned())]);
    // Behind the branch all threads meet again.
    let behind = format!("{head}@%p1 bra $L1;\nst.shared.u32 [%r9], %r1;\n$L1:\nbar.sync 0;\nret;");
    assert_eq!(hints("", &behind), []);
    // A branch that is the same for the block.
    assert_eq!(hints("", &inside.replace("@%p1", "@%p2")), []);
    // A barrier for some warps.
    assert_eq!(hints("", &inside.replace("bar.sync 0;", "bar.sync 1, 64;")), []);
    // A loop over a tree: the barrier is reached by all, the addition by some.
    let tree = format!(
        "{head}mov.u32 %r3, 128;\n$L2:\nsetp.ge.u32 %p3, %r1, %r3;\n@%p3 bra $L3;\nst.shared.u32 [%r9], %r1;\n$L3:\nbar.sync 0;\n\
         shr.u32 %r3, %r3, 1;\nsetp.ne.u32 %p4, %r3, 0;\n@%p4 bra $L2;\nret;"
    );
    assert_eq!(hints("", &tree), []);
    // A loop whose number of rounds is the thread's own.
    let rounds =
        format!("{head}$L2:\nbar.sync 0;\nadd.s32 %r1, %r1, 32;\nsetp.lt.s32 %p3, %r1, 100;\n@%p3 bra $L2;\nret;");
    assert_eq!(hints("", &rounds), [(Rule::DivergentBarrier, "bar.sync 0;".to_owned())]);
}

#[test]
fn local_arrays_are_seen() {
    let body = ".local .align 16 .b8 __local_depot0[64];\nst.local.u32 [%rd2], %r1;\nld.local.u32 %r2, [%rd3];\nret;";
    assert_eq!(
        hints("", body),
        [(Rule::LocalArray, "st.local.u32 [%rd2], %r1;".to_owned())]
    );
    let own = body
        .replace("[64]", "[28]")
        .replace("ret;", "mov.u64 %rd9, __cudart_i2opi_f;\nret;");
    assert_eq!(hints("", &own), []);
    let unrolled = body
        .replace("[64]", "[28]")
        .replace("ret;", "mov.u32 %r9, 1011060801;\nret;");
    assert_eq!(hints("", &unrolled), []);
    assert_eq!(hints("", "ret;"), []);
}

#[test]
fn strides_that_stand_in_the_code_are_seen() {
    let access = |bytes: u32, accesses: &str| {
        format!(
            "ld.param.u64 %rd1, [p];\ncvta.to.global.u64 %rd2, %rd1;\nmov.u32 %r1, %ctaid.x;\nmov.u32 %r2, %ntid.x;\nmov.u32 %r3, %tid.x;\n\
             mad.lo.s32 %r4, %r1, %r2, %r3;\nmul.wide.s32 %rd3, %r4, {bytes};\nadd.s64 %rd4, %rd2, %rd3;\n{accesses}\nret;"
        )
    };
    let one = "ld.global.f32 %f1, [%rd4];";
    assert_eq!(hints(".param .u64 p", &access(4, one)), []);
    assert_eq!(
        hints(".param .u64 p", &access(64, one)),
        [(Rule::Strided, one.to_owned())]
    );
    // A thread that uses all of it.
    let all = "ld.global.v4.f32 {%f1, %f2, %f3, %f4}, [%rd4];\nld.global.v4.f32 {%f5, %f6, %f7, %f8}, [%rd4+16];";
    assert_eq!(hints(".param .u64 p", &access(32, all)), []);
    // A factor that is a parameter is not known.
    let unknown = access(4, one).replace("mul.wide.s32 %rd3, %r4, 4", "mul.wide.s32 %rd3, %r4, %r9");
    assert_eq!(hints(".param .u64 p", &unknown), []);
}

#[test]
fn rules_have_ids_of_their_own() {
    let ids: std::collections::BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.id()).collect();
    assert_eq!(ids.len(), Rule::ALL.len());
}

proptest! {
    #[test]
    fn no_body_makes_it_panic(body in "([@!%a-z0-9., \\[\\]+:;\n$]|bra |bar\\.sync 0;|\\$L1:|ret;|%tid\\.x){0,60}") {
        let text = module("", &body);
        if let Ok(parsed) = Module::parse(&text) {
            for entry in &parsed.entries {
                let _ = of_entry(&text, entry);
            }
        }
    }
}
