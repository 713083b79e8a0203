// What the sources are written in, as CUDA C++ for NVRTC: the sister of prelude_opencl.cl.

typedef unsigned int uint;
typedef unsigned long long ulong;
typedef unsigned char uchar;

// A kernel with the five buffers that every kernel has.
#define KERNEL(name)                                                                                                            \
    extern "C" __global__ void __launch_bounds__(64) name(const uint *__restrict__ params, const uint *__restrict__ input, \
                                                              uint *work, uint *output, uint *tables)
#define FUNCTION static __device__
#define NOINLINE __noinline__
#define UNROLL _Pragma("unroll")

#define GLOBAL
#define CONSTANT static __device__ const
#define LOCAL
#define LOCAL_MEMORY __shared__
#define BARRIER() __syncthreads()

#define LANE() ((uint)(blockIdx.x * 64u + threadIdx.x))
#define LOCAL_LANE() ((uint)threadIdx.x)
#define GROUP() ((uint)blockIdx.x)
