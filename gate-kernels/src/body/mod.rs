//! What each kernel computes, once for every backend.
//!
//! Nothing here knows where it runs. The functions are generic over a [`Group`]: 256 lanes that work on one block of data
//! in steps. On the CPU a group is a loop that the compiler vectorises; in PTX it is a thread block, and the files of this
//! folder are compiled a second time by `device/lib.rs`. They therefore use `core` only, and hold no `unsafe`.
//!
//! Both backends give the same bits because three things are part of the source, not of the backend:
//! - **order**: which lane takes which element, and in which order lanes are combined, is what [`Group`] says;
//! - **rounding**: every product and every sum is rounded on its own; fused multiply-add happens only where
//!   [`Group::fma`] is written; subnormal numbers are kept;
//! - **functions**: there is no `libm`. [`exp`](exp::exp) is made of additions and multiplications; division and square root
//!   are rounded correctly on both.
//!
//! The exception is the payload of a NaN, which IEEE 754 leaves to the machine.

pub(crate) mod axpy;
pub(crate) mod bootstrap;
pub(crate) mod compare;
pub(crate) mod element;
pub(crate) mod exp;
pub(crate) mod group;
pub(crate) mod histogram;
pub(crate) mod keys;
pub(crate) mod matmul;
pub(crate) mod minhash;
pub(crate) mod rank;
pub(crate) mod reduce;
pub(crate) mod rms_norm;
pub(crate) mod scan;
pub(crate) mod segments;
pub(crate) mod softmax;
