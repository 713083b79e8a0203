// What the sources are written in, as OpenCL C 1.2. CUDA has a prelude of its own.

// A kernel with the five buffers that every kernel has.
#define KERNEL(name)                                                                                                          \
    __kernel __attribute__((reqd_work_group_size(64, 1, 1))) void name(__global const uint *params, __global const uint *input, \
                                                                       __global uint *work, __global uint *output,             \
                                                                       __global uint *tables)
#define FUNCTION static
// Before FUNCTION: called, not pasted in. Compilers paste in all that is static, and products are many.
#define NOINLINE __attribute__((noinline))
// Before a loop whose counter indexes private arrays.
#define UNROLL _Pragma("unroll")

#define GLOBAL __global
#define CONSTANT __constant
// A pointer to memory of the group, and an array there, which only kernels declare.
#define LOCAL __local
#define LOCAL_MEMORY __local
// All lanes of the group come here, and see what the others wrote before.
#define BARRIER() barrier(CLK_LOCAL_MEM_FENCE)

// The lane in the launch, the lane in the group, the group.
#define LANE() ((uint)get_global_id(0))
#define LOCAL_LANE() ((uint)get_local_id(0))
#define GROUP() ((uint)get_group_id(0))
