//! The guarded CPU path does not allocate, with decision log and stats on.

#![expect(unsafe_code, reason = "counting allocations means being the allocator")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use gate_runtime::observe::{Observation, Observer};
use gate_runtime::{Arg, Runtime};
use support::{axpy_spec, logged};

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: every call is handed to the system's allocator as it is; counting touches only a thread-local number.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of `alloc`, which is the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the pointer came from `alloc` above with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(work: impl FnOnce()) -> u64 {
    let before = COUNT.with(Cell::get);
    work();
    COUNT.with(Cell::get) - before
}

fn launch(kernel: &gate_runtime::Kernel, y: &mut [f32]) {
    let mut args = [Arg::scalar(2.0_f32), Arg::input(&[1.0_f32, 2.0, 3.0]), Arg::in_out(y)];
    assert!(kernel.launch(&mut args).is_ok());
}

#[test]
fn a_call_on_the_cpu_allocates_nothing() {
    let (builder, _log) = logged();
    let runtime = builder.cpu_only().build().expect("the configuration is valid");
    let kernel = runtime.register(axpy_spec()).expect("the kernel is valid");
    let mut y = [0.0; 3];
    assert!(
        allocations(|| launch(&kernel, &mut y)) > 0,
        "the first call of a thread makes its ring: counting works"
    );
    let many = allocations(|| (0..10_000).for_each(|_| launch(&kernel, &mut y)));
    assert_eq!(many, 0);
    assert!(runtime.stats().calls.total == 10_001);
}

#[test]
fn refused_and_dropped_calls_allocate_nothing() {
    let runtime = Runtime::builder()
        .cpu_only()
        .build()
        .expect("the configuration is valid");
    let kernel = runtime.register(axpy_spec()).expect("the kernel is valid");
    let mut args = [Arg::scalar(1_u8)];
    assert!(!kernel.launch(&mut args).is_ok());
    assert_eq!(allocations(|| assert!(!kernel.launch(&mut args).is_ok())), 0);
}

/// Remembers whether it was told.
#[derive(Default)]
struct Told {
    told: AtomicBool,
    kernel: Mutex<String>,
}

impl Observer for Told {
    fn observed(&self, observation: &Observation<'_>) {
        self.told.store(true, Ordering::Relaxed);
        observation
            .kernel
            .clone_into(&mut self.kernel.lock().expect("no test panics here"));
        panic!("an observer that fails does not fail the call");
    }
}

#[test]
fn observers_are_told_and_contained() {
    let told = Arc::new(Told::default());
    let runtime = Runtime::builder()
        .cpu_only()
        .observer(Arc::<Told>::clone(&told))
        .build();
    let runtime = runtime.expect("the configuration is valid");
    let kernel = runtime.register(axpy_spec()).expect("the kernel is valid");
    launch(&kernel, &mut [0.0; 3]);
    assert!(told.told.load(Ordering::Relaxed));
}
