/* Launches one kernel of a Rust library: y := 2 x + y. */

#include "gate_runtime.h"

#include <stdio.h>

/* Exported by the library of the service. */
GateHandle service_open(void);

static int32_t axpy(GateHandle handle, float a, const float *x, float *y, size_t n, GateReport *report) {
  GateArgument args[3] = {
      {GATE_ROLE_SCALAR, GATE_TYPE_F32, 0, 0, {0}, &a, sizeof a},
      {GATE_ROLE_INPUT, GATE_TYPE_F32, 1, 0, {n}, (void *)x, n * sizeof *x},
      {GATE_ROLE_IN_OUT, GATE_TYPE_F32, 1, 0, {n}, y, n * sizeof *y},
  };
  return gate_launch(handle, "axpy_f32", args, 3, report);
}

int main(void) {
  float x[3] = {1.0f, 2.0f, 3.0f}, y[3] = {10.0f, 20.0f, 30.0f};
  GateReport report;
  GateHandle handle = service_open();
  if (handle == 0) {
    fputs("the kernels cannot be opened\n", stderr);
    return 1;
  }
  int32_t status = axpy(handle, 2.0f, x, y, 3, &report);
  printf("%s: %g %g %g (%s)\n", gate_status_name(status), y[0], y[1], y[2], report.reason);
  return gate_free(handle) == GATE_STATUS_OK && status == GATE_STATUS_OK ? 0 : 1;
}
