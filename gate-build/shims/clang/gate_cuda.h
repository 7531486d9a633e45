// What CUDA sources expect without including anything, for clang without a CUDA toolkit.
#pragma once
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __host__ __attribute__((host))
#define __shared__ __attribute__((shared))
#define __constant__ __attribute__((constant))
#define __managed__ __attribute__((managed))
#define __launch_bounds__(...) __attribute__((launch_bounds(__VA_ARGS__)))
#define __forceinline__ __inline__ __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __align__(n) __attribute__((aligned(n)))

struct dim3;
struct uint3 {
    unsigned x, y, z;
};
struct float2 {
    float x, y;
};
struct __attribute__((aligned(16))) float4 {
    float x, y, z, w;
};
struct __attribute__((aligned(16))) int4 {
    int x, y, z, w;
};
struct dim3 {
    unsigned x, y, z;
    __attribute__((host, device)) constexpr dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
    __attribute__((host, device)) constexpr dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
    __attribute__((host, device)) constexpr operator uint3() const { return uint3{x, y, z}; }
};

#include <stddef.h>

#include <__clang_cuda_builtin_vars.h>

#define __syncthreads() __nvvm_bar_sync(0)
#define __threadfence() __nvvm_membar_gl()
#define __threadfence_block() __nvvm_membar_cta()
#define __threadfence_system() __nvvm_membar_sys()

// Functions that are one instruction each. The others live in libdevice, which comes with a toolkit.
#define GATE_DEVICE static __inline__ __attribute__((device, always_inline))
GATE_DEVICE float fabsf(float x) { return __builtin_fabsf(x); }
GATE_DEVICE double fabs(double x) { return __builtin_fabs(x); }
GATE_DEVICE float sqrtf(float x) { return __nvvm_sqrt_rn_f(x); }
GATE_DEVICE double sqrt(double x) { return __nvvm_sqrt_rn_d(x); }
GATE_DEVICE float fmaf(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
GATE_DEVICE double fma(double a, double b, double c) { return __builtin_fma(a, b, c); }
GATE_DEVICE float fmaxf(float a, float b) { return __builtin_fmaxf(a, b); }
GATE_DEVICE float fminf(float a, float b) { return __builtin_fminf(a, b); }
GATE_DEVICE double fmax(double a, double b) { return __builtin_fmax(a, b); }
GATE_DEVICE double fmin(double a, double b) { return __builtin_fmin(a, b); }
GATE_DEVICE float floorf(float x) { return __builtin_floorf(x); }
GATE_DEVICE float ceilf(float x) { return __builtin_ceilf(x); }
GATE_DEVICE float truncf(float x) { return __builtin_truncf(x); }
GATE_DEVICE int min(int a, int b) { return a < b ? a : b; }
GATE_DEVICE int max(int a, int b) { return a > b ? a : b; }
GATE_DEVICE unsigned min(unsigned a, unsigned b) { return a < b ? a : b; }
GATE_DEVICE unsigned max(unsigned a, unsigned b) { return a > b ? a : b; }
GATE_DEVICE int atomicAdd(int *p, int v) { return __nvvm_atom_add_gen_i(p, v); }
GATE_DEVICE unsigned atomicAdd(unsigned *p, unsigned v) { return (unsigned)__nvvm_atom_add_gen_i((int *)p, (int)v); }
GATE_DEVICE float atomicAdd(float *p, float v) { return __nvvm_atom_add_gen_f(p, v); }
#undef GATE_DEVICE
