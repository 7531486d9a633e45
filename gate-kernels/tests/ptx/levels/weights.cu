// Sums of eight neighbours, weighted, and how many are positive: loops, branches, integers and floats.
extern "C" __global__ void weights(const float *x, float *y, unsigned *positive, unsigned n) {
    unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) {
        float sum = 0.0f;
        unsigned count = 0;
        for (unsigned j = 0; j < 8; ++j) {
            float value = x[(i + j) % n];
            sum = sum + value * (float)(j + 1);
            if (value > 0.0f) {
                count += j + 1;
            }
        }
        y[i] = sum;
        positive[i] = count * 3 + (i & 5);
    }
}
