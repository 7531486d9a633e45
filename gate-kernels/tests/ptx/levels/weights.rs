#![no_std]
#![feature(abi_ptx, stdarch_nvptx)]
//! Sums of eight neighbours, weighted, and how many are positive: the kernel of `weights.cu` in Rust.

use core::arch::nvptx::{_block_dim_x, _block_idx_x, _thread_idx_x};

#[unsafe(no_mangle)]
pub unsafe extern "ptx-kernel" fn weights(x: *const f32, y: *mut f32, positive: *mut u32, n: u32) {
    unsafe {
        let i = (_block_idx_x() * _block_dim_x() + _thread_idx_x()) as u32;
        if i < n {
            let mut sum = 0.0_f32;
            let mut count = 0_u32;
            let mut j = 0_u32;
            while j < 8 {
                let value = *x.add(((i.wrapping_add(j)) % n) as usize);
                sum += value * (j.wrapping_add(1)) as f32;
                if value > 0.0 {
                    count = count.wrapping_add(j.wrapping_add(1));
                }
                j = j.wrapping_add(1);
            }
            *y.add(i as usize) = sum;
            *positive.add(i as usize) = count.wrapping_mul(3).wrapping_add(i & 5);
        }
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
