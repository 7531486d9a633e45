/* gate-runtime in C: launches kernels that a Rust library registered. Version 1 of the interface.
 *
 * Status codes are those of the Rust crate and never change. Every function returns one, and none panics or throws.
 * Functions may be called from any thread. */

#ifndef GATE_RUNTIME_H
#define GATE_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GATE_ABI_VERSION 1

/* Most dimensions of a buffer. */
#define GATE_MAX_RANK 6

/* Size of the reason in a report, its zero included. */
#define GATE_REASON_SIZE 256

enum GateStatus {
  GATE_OK = 0,               /* the work was done and its output is complete */
  GATE_INVALID_ARGUMENT = 1, /* an argument was refused before anything ran; outputs are untouched */
  GATE_VERIFY_FAILED = 2,    /* what was to be compiled or run is not what it claims to be */
  GATE_COMPILE_FAILED = 3,   /* a kernel could not be compiled */
  GATE_RUNTIME_FAILED = 4    /* the work was started and failed; outputs are not to be used */
};

enum GateRole {
  GATE_SCALAR = 0, /* a number; `data` leads to it, `rank` is 0 */
  GATE_INPUT = 1,  /* read and never written */
  GATE_OUTPUT = 2, /* written completely */
  GATE_IN_OUT = 3  /* read and written */
};

enum GateType {
  GATE_U8 = 0,
  GATE_U16 = 1,
  GATE_U32 = 2,
  GATE_U64 = 3,
  GATE_I8 = 4,
  GATE_I16 = 5,
  GATE_I32 = 6,
  GATE_I64 = 7,
  GATE_F16 = 8, /* IEEE 754 binary16, as its bits */
  GATE_BF16 = 9,
  GATE_F32 = 10,
  GATE_F64 = 11
};

/* A runtime. 0 is none. */
typedef uint64_t GateHandle;

/* One argument of a launch. A buffer is dense and row-major. Written buffers may not overlap others of the call. */
typedef struct GateArgument {
  uint32_t role;    /* enum GateRole */
  uint32_t element; /* enum GateType */
  uint32_t rank;
  uint32_t reserved; /* 0 */
  size_t dims[GATE_MAX_RANK];
  void *data; /* an input is not written, although the pointer is not const */
  size_t bytes;
} GateArgument;

/* How a launch ended. */
typedef struct GateReport {
  int32_t status;  /* enum GateStatus */
  int32_t backend; /* 0 processor, 1 CUDA */
  int32_t outputs; /* 0 complete, 1 untouched, 2 undefined */
  int32_t reserved;
  uint64_t latency_ns;
  char reason[GATE_REASON_SIZE]; /* codes, the outermost first, separated by `;` */
} GateReport;

/* The version of the interface that the library has. */
uint32_t gate_abi_version(void);

/* The name of a status, "UNKNOWN" for a number that is none. Lives for ever. */
const char *gate_status_name(int32_t status);

/* Launches a kernel and waits for it. `report` may be null. */
int32_t gate_launch(GateHandle handle, const char *kernel, const GateArgument *args, size_t count, GateReport *report);

/* Writes the run stats as JSON, ended by a zero. `needed`, which may be null, gets the size, also where `capacity` is too
 * small: that is GATE_INVALID_ARGUMENT, and nothing is written. */
int32_t gate_stats_json(GateHandle handle, char *buffer, size_t capacity, size_t *needed);

/* Waits until what this thread did is in the decision log. */
int32_t gate_flush(GateHandle handle);

/* Ends a runtime and writes its decision log to the end. Freeing it again is GATE_INVALID_ARGUMENT. */
int32_t gate_free(GateHandle handle);

#ifdef __cplusplus
}
#endif

#endif
