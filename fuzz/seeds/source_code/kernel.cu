#include <stdint.h> // why
#define F(x) \
    (x) /* c */ + 1

__global__ void k(float *x) {
    x[0] = F(1'000) + '/'; // "
    printf("// %d\n", 1); /* a
 b */
}
