// What the sources are written in, as CUDA C++ for NVRTC: the sister of prelude_opencl.cl.

typedef unsigned int uint;
typedef unsigned long long ulong;

// What a kernel is told goes by value.
typedef struct {
    uint w[PARAM_WORDS];
} told;

// A kernel with the five buffers that every kernel has.
#define KERNEL(name)                                                                                                                  \
    static __device__ __forceinline__ void name##_body(const uint *params, const uint *input, uint *work, uint *output, uint *tables); \
    extern "C" __global__ void __launch_bounds__(64) name(const told params, const uint *input, uint *work, uint *output, uint *tables) { \
        name##_body(params.w, input, work, output, tables);                                                                            \
    }                                                                                                                                  \
    static __device__ __forceinline__ void name##_body(const uint *params, const uint *input, uint *work, uint *output, uint *tables)
#define FUNCTION static __device__
#define NOINLINE __noinline__
#define UNROLL _Pragma("unroll")

// Sums go through the carry flag.
#define WORD_CARRIES 1
#define WORD_ROWS 1

#define GLOBAL
#define CONSTANT static __device__ const
#define LOCAL
#define LOCAL_MEMORY __shared__
#define BARRIER() __syncthreads()

#define LANE() ((uint)(blockIdx.x * 64u + threadIdx.x))
#define LOCAL_LANE() ((uint)threadIdx.x)
#define GROUP() ((uint)blockIdx.x)
