#undef assert
#ifdef NDEBUG
#define assert(condition) ((void)0)
#else
#define assert(condition)                                                                                              \
    ((condition) ? (void)0 : __assertfail(#condition, __FILE__, __LINE__, __func__, sizeof(char)))
#endif
#ifndef GATE_SHIM_ASSERT
#define GATE_SHIM_ASSERT
extern "C" __device__ void __assertfail(const char *, const char *, unsigned, const char *, size_t);
#endif
