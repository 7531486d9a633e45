//! What an error says about each kind of call that breaks its contract: the argument, what is expected, what is given.

use gate_runtime::argument::{ArgDesc, Role};
use gate_runtime::{Arg, Contract, DType, Dim, LaunchLimits, Param, Shape};
use support::{leak, matrix};

const BASE: usize = 4096;

fn buffer(role: Role, address: usize, shape: Shape) -> ArgDesc {
    ArgDesc {
        role,
        dtype: DType::F32,
        shape,
        address,
        bytes: 4 * shape.elements().unwrap_or_default(),
        value: 0,
    }
}

fn scalar(dtype: DType, value: u64) -> ArgDesc {
    ArgDesc {
        role: Role::Scalar,
        dtype,
        shape: Shape::SCALAR,
        address: 0,
        bytes: dtype.size(),
        value,
    }
}

/// Says what the contract refuses, and that it does refuse it.
fn said(params: &'static [Param], args: &[ArgDesc]) -> String {
    of(&Contract::new("kernel", params), args)
}

fn of(contract: &Contract, args: &[ArgDesc]) -> String {
    assert_eq!(contract.validate(), Ok(()));
    assert!(contract.check(args).is_err(), "{args:?}");
    contract.violation(args).expect("a call that is refused").to_string()
}

const PAIR: &[Param] = &[
    Param::input(DType::F32, &[Dim::Same(0)]),
    Param::output(DType::F32, &[Dim::Same(0)]),
];

#[test]
fn buffers_are_named_with_what_is_wrong_about_their_memory() {
    let line = Shape::line(4);
    let (x, y) = (|at| buffer(Role::Input, at, line), |at| buffer(Role::Output, at, line));
    assert_eq!(
        Contract::new("kernel", PAIR).violation(&[x(BASE), y(2 * BASE)]),
        None,
        "nothing is wrong with these"
    );
    assert_eq!(
        said(PAIR, &[x(BASE), y(0)]),
        "argument 1: expected a buffer, given a null pointer"
    );
    assert_eq!(
        said(PAIR, &[x(BASE + 1), y(2 * BASE)]),
        "argument 0: expected an address that is a multiple of 4, given 0x1001"
    );
    assert_eq!(
        said(PAIR, &[x(BASE), y(BASE + 12)]),
        "argument 1: expected memory of its own, given part of argument 0"
    );
    let limits = LaunchLimits {
        max_bytes: 31,
        ..LaunchLimits::USUAL
    };
    assert_eq!(
        of(&Contract::new("kernel", PAIR).limits(limits), &[x(BASE), y(2 * BASE)]),
        "expected at most 31 bytes in all buffers, given 32"
    );
}

#[test]
fn inputs_may_overlap_and_only_the_written_buffer_is_named() {
    const THREE: &[Param] = &[
        Param::input(DType::F32, &[Dim::Any]),
        Param::input(DType::F32, &[Dim::Any]),
        Param::output(DType::F32, &[Dim::Any]),
    ];
    let at = |role, address| buffer(role, address, Shape::line(4));
    let given = [at(Role::Input, BASE), at(Role::Input, BASE), at(Role::Output, BASE + 8)];
    assert_eq!(
        said(THREE, &given),
        "argument 2: expected memory of its own, given part of argument 0"
    );
}

#[test]
fn dimensions_are_named_with_what_they_may_be() {
    let given = |columns| [buffer(Role::Output, BASE, matrix(2, columns))];
    for (dims, columns, expected) in [
        ([Dim::Any, Dim::AtMost(8)], 9, "at most 8"),
        ([Dim::Any, Dim::MultipleOf(4)], 6, "a multiple of 4"),
        ([Dim::Any, Dim::Exactly(3)], 5, "3"),
        ([Dim::Same(0), Dim::Same(0)], 5, "2"),
    ] {
        assert_eq!(
            said(leak([Param::output(DType::F32, leak(dims))]), &given(columns)),
            format!("argument 0, dimension 1: expected {expected}, given {columns}")
        );
    }
}

#[test]
fn scalars_are_named_with_what_they_may_be() {
    const STATED: &[Param] = &[
        Param::output(DType::F32, &[Dim::Same(0)]),
        Param::scalar(DType::U64).states_dim(0),
    ];
    let y = buffer(Role::Output, BASE, Shape::line(4));
    assert_eq!(
        said(STATED, &[y, scalar(DType::U64, 5)]),
        "argument 1: expected the dimension it states, 4, given 5"
    );
    const BOUNDED: &[Param] = &[
        Param::output(DType::F32, &[Dim::Any]),
        Param::scalar(DType::F64).at_least(0.5),
    ];
    for (value, shown) in [(0.25, "0.25"), (f64::NAN, "NaN"), (f64::INFINITY, "inf"), (-1.0, "-1")] {
        assert_eq!(
            said(BOUNDED, &[y, scalar(DType::F64, value.to_bits())]),
            format!("argument 1: expected a finite number not below 0.5, given {shown}")
        );
    }
}

#[test]
fn an_error_names_the_argument_what_is_expected_and_what_is_given() {
    let runtime = support::device().expect("the device opens").runtime;
    let said = |args: &mut [Arg<'_>]| {
        let error = runtime
            .launch("axpy_f32", args)
            .ok()
            .expect_err("it breaks the contract");
        error.to_string()
    };
    let (a, x, mut y) = (Arg::scalar(2.0_f32), [1.0_f32, 2.0], [3.0_f32, 4.0]);
    let doubles = [1.0_f64; 2];
    assert_eq!(
        said(&mut [a, Arg::input(&doubles), Arg::in_out(&mut y)]),
        "INVALID_ARGUMENT: The element type of an input or scalar differs from the contract: argument 1: expected f32, given f64 \
         (input_dtype_mismatch)"
    );
    let a = || Arg::scalar(2.0_f32);
    assert!(said(&mut []).contains(": expected 3 arguments, given 0 ("));
    assert!(
        said(&mut [a(), Arg::input(&x[..1]), Arg::in_out(&mut y)])
            .contains("argument 2, dimension 0: expected 1, given 2")
    );
    let square = matrix(1, 2);
    assert!(
        said(&mut [a(), Arg::input(&x).shaped(square), Arg::in_out(&mut y)])
            .contains("argument 1: expected 1 dimensions, given 2")
    );
    assert!(
        said(&mut [a(), Arg::in_out(&mut y), Arg::input(&x)])
            .contains("argument 1: expected an input, given an input that is written")
    );
    let long = Shape::line(3);
    assert!(
        said(&mut [a(), Arg::input(&x).shaped(long), Arg::in_out(&mut y)])
            .contains("argument 1: expected 12 bytes, given 8")
    );
    assert!(
        said(&mut [a(), Arg::input::<f32>(&[]), Arg::in_out(&mut y[..0])])
            .contains("argument 1: expected elements, given none")
    );
}
