/* A service that launches a kernel of a Rust library, and everything that it can do wrong. */

#include "gate_runtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Exported by the library of the service, see src/lib.rs. */
GateHandle service_open(void);

/* As the library asserts. */
_Static_assert(sizeof(GateArgument) == 16 + 8 * sizeof(size_t), "no field lies elsewhere");
_Static_assert(sizeof(GateReport) == 280, "no field lies elsewhere");

static int failures = 0;

#define CHECK(condition)                                          \
  do {                                                            \
    if (!(condition)) {                                           \
      printf("line %d: not so: %s\n", __LINE__, #condition);      \
      failures++;                                                 \
    }                                                             \
  } while (0)

static int32_t axpy(GateHandle handle, float a, const float *x, float *y, size_t n, GateReport *report) {
  GateArgument args[3] = {
      {GATE_ROLE_SCALAR, GATE_TYPE_F32, 0, 0, {0}, &a, sizeof a},
      {GATE_ROLE_INPUT, GATE_TYPE_F32, 1, 0, {n}, (void *)x, n * sizeof *x},
      {GATE_ROLE_IN_OUT, GATE_TYPE_F32, 1, 0, {n}, y, n * sizeof *y},
  };
  return gate_launch(handle, "axpy_f32", args, 3, report);
}

static void refuses(GateHandle handle) {
  float a = 2.0f, x[2] = {1.0f, 2.0f}, y[2] = {10.0f, 20.0f};
  GateArgument good[3] = {
      {GATE_ROLE_SCALAR, GATE_TYPE_F32, 0, 0, {0}, &a, sizeof a},
      {GATE_ROLE_INPUT, GATE_TYPE_F32, 1, 0, {2}, x, sizeof x},
      {GATE_ROLE_IN_OUT, GATE_TYPE_F32, 1, 0, {2}, y, sizeof y},
  };
  GateArgument args[3];
  GateReport report;

#define REFUSED(call, code)                                              \
  do {                                                                   \
    memset(&report, 0x5a, sizeof report);                                \
    CHECK((call) == GATE_STATUS_INVALID_ARGUMENT);                       \
    CHECK(report.status == GATE_STATUS_INVALID_ARGUMENT);                \
    CHECK(report.outputs == GATE_OUTPUTS_UNTOUCHED);                     \
    CHECK(strcmp(report.reason, code) == 0);                             \
    CHECK(y[0] == 10.0f && y[1] == 20.0f);                               \
  } while (0)
#define WITH(change, code)                                             \
  do {                                                                 \
    memcpy(args, good, sizeof good);                                   \
    change;                                                            \
    REFUSED(gate_launch(handle, "axpy_f32", args, 3, &report), code);  \
  } while (0)

  REFUSED(gate_launch(0, "axpy_f32", good, 3, &report), "unknown_kernel");
  REFUSED(gate_launch(0xdeadbeef, "axpy_f32", good, 3, &report), "unknown_kernel");
  REFUSED(gate_launch(handle, NULL, good, 3, &report), "unknown_kernel");
  REFUSED(gate_launch(handle, "", good, 3, &report), "unknown_kernel");
  REFUSED(gate_launch(handle, "\xff\xfe", good, 3, &report), "unknown_kernel");
  REFUSED(gate_launch(handle, "axpy_f32", NULL, 3, &report), "input_count_mismatch");
  REFUSED(gate_launch(handle, "axpy_f32", good, 0, &report), "input_count_mismatch");
  REFUSED(gate_launch(handle, "axpy_f32", good, 2, &report), "output_count_mismatch");
  REFUSED(gate_launch(handle, "axpy_f32", good, (size_t)-1, &report), "input_count_mismatch");
  WITH(args[0].data = NULL, "input_unavailable");
  WITH(args[1].data = NULL, "input_unavailable");
  WITH(args[2].data = NULL, "input_unavailable");
  WITH(args[1].data = (char *)x + 1, "misaligned_buffer");
  WITH(args[1].role = 77, "argument_role_mismatch");
  WITH(args[1].element = 77, "input_dtype_mismatch");
  WITH(args[1].element = GATE_TYPE_I32, "input_dtype_mismatch");
  WITH(args[1].rank = 77, "input_shape_mismatch");
  WITH(args[1].rank = 2, "input_shape_mismatch");
  WITH(args[1].dims[0] = (size_t)-1, "input_size_mismatch");
  WITH(args[1].bytes = 4, "input_size_mismatch");
  WITH(args[2].bytes = (size_t)-1, "output_size_mismatch");
  WITH(args[1].data = y, "aliased_buffers");
  CHECK(gate_launch(handle, "axpy_f32", NULL, 0, NULL) == GATE_STATUS_INVALID_ARGUMENT);

  CHECK(gate_stats_json(0, NULL, 0, NULL) == GATE_STATUS_INVALID_ARGUMENT);
  CHECK(gate_flush(0) == GATE_STATUS_INVALID_ARGUMENT);
  CHECK(gate_free(0) == GATE_STATUS_INVALID_ARGUMENT);
}

int main(void) {
  CHECK(gate_abi_version() == GATE_ABI_VERSION);
  CHECK(strcmp(gate_status_name(GATE_STATUS_OK), "OK") == 0);
  CHECK(strcmp(gate_status_name(GATE_STATUS_RUNTIME_FAILED), "RUNTIME_FAILED") == 0);
  CHECK(strcmp(gate_status_name(-1), "UNKNOWN") == 0);

  GateHandle handle = service_open();
  CHECK(handle != 0);

  float x[3] = {1.0f, 2.0f, 3.0f}, y[3] = {10.0f, 20.0f, 30.0f};
  GateReport report;
  CHECK(axpy(handle, 2.0f, x, y, 3, &report) == GATE_STATUS_OK);
  CHECK(y[0] == 12.0f && y[1] == 24.0f && y[2] == 36.0f);
  CHECK(report.status == GATE_STATUS_OK && report.backend == GATE_BACKEND_CPU && report.outputs == GATE_OUTPUTS_COMPLETE);
  CHECK(strcmp(report.reason, "no_native_variant") == 0);
  CHECK(axpy(handle, 2.0f, x, y, 3, NULL) == GATE_STATUS_OK);

  refuses(handle);

  size_t needed = 0;
  CHECK(gate_stats_json(handle, NULL, 0, &needed) == GATE_STATUS_INVALID_ARGUMENT);
  char *json = malloc(needed);
  CHECK(json != NULL && gate_stats_json(handle, json, needed - 1, NULL) == GATE_STATUS_INVALID_ARGUMENT);
  if (json != NULL) {
    CHECK(gate_stats_json(handle, json, needed, &needed) == GATE_STATUS_OK);
    CHECK(strlen(json) + 1 == needed);
    printf("%s\n", json);
    free(json);
  }

  CHECK(gate_flush(handle) == GATE_STATUS_OK);
  CHECK(gate_free(handle) == GATE_STATUS_OK);
  CHECK(gate_free(handle) == GATE_STATUS_INVALID_ARGUMENT);
  CHECK(axpy(handle, 2.0f, x, y, 3, NULL) == GATE_STATUS_INVALID_ARGUMENT);
  return failures == 0 ? 0 : 1;
}
