#!/usr/bin/env run
//! Docs with `unsafe { }`.
#![allow(unsafe_code)]
#[cfg(not(test))]
extern "C" { fn f(x: *const u8); static S: i32; }
unsafe extern "C" { safe fn g(); }
#[unsafe(no_mangle)]
pub unsafe extern "C" fn h<'a>(x: &'a u8) -> u8 { unsafe { *std::ptr::from_ref(x) } }
unsafe impl Send for T {}
unsafe trait U { unsafe fn m(&self); }
mod inner { #[path = "x/y.rs"] mod z; include!("gen.rs"); }
macro_rules! m { ($x:expr) => { unsafe { $x } }; }
fn asm() { core::arch::asm!("nop", options(nomem)); let r#unsafe = r##"unsafe { "# } "##; let c = 'a'; /* /* unsafe */ */ }
// SAFETY: nothing
fn k() { let _ = b"\xff"; let _ = c"x"; 1.0_f32; 'l: loop { break 'l } }
