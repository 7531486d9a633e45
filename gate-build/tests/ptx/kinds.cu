#include <stdio.h>
#include <assert.h>
struct Shape { unsigned long long rows, columns; float scale; };
namespace { __device__ __noinline__ float hidden(float x) { return x * x + 1.0f; } }
__constant__ float table[4] = {1.0f, 2.0f, 3.0f, 4.0f};
extern "C" __global__ void __launch_bounds__(256, 2)
scale_rows(const float *__restrict__ input, float *__restrict__ output, const Shape shape, unsigned flags) {
    __shared__ float tile[256];
    unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    tile[threadIdx.x] = i < shape.rows * shape.columns ? input[i] : 0.0f;
    __syncthreads();
    assert(flags < 4);
    if (i < shape.rows * shape.columns) output[i] = hidden(tile[threadIdx.x ^ 1]) * shape.scale * table[flags & 3];
}
template <typename T> __global__ void fill(T *out, T value, int n) { int i = threadIdx.x; if (i < n) out[i] = value; }
template __global__ void fill<double>(double *, double, int);
template __global__ void fill<unsigned char>(unsigned char *, unsigned char, int);
extern "C" __global__ void count(const int *values, unsigned *counts, bool verbose) {
    if (values[threadIdx.x] > 0) atomicAdd(counts, 1u);
    if (verbose && threadIdx.x == 0) printf("%d\n", values[0]);
}
extern "C" __global__ void nothing() {}
