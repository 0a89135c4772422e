/* SPDX-License-Identifier: MIT
 *
 * The little that the kernels of this folder need of a GPU, so that one OpenCL C source compiles
 * freestanding for AMDGPU (no device libraries) and by any OpenCL implementation, which makes fair
 * comparisons possible.
 */
#ifndef ROCWELD_KERNELS_GPU_H
#define ROCWELD_KERNELS_GPU_H

#ifdef __AMDGCN__

/* hsa_kernel_dispatch_packet_t: workgroup sizes at byte 4, grid sizes at byte 12. */
#define GPU_PACKET ((constant const char *)__builtin_amdgcn_dispatch_ptr())

static inline uint gpu_local_size(void)
{
    return ((constant const ushort *)(GPU_PACKET + 4))[0];
}
static inline uint gpu_grid_size(void)
{
    return ((constant const uint *)(GPU_PACKET + 12))[0];
}
static inline uint gpu_local_id(void)
{
    return __builtin_amdgcn_workitem_id_x();
}
static inline uint gpu_local_id_y(void)
{
    return __builtin_amdgcn_workitem_id_y();
}
static inline uint gpu_group_id(void)
{
    return __builtin_amdgcn_workgroup_id_x();
}
static inline uint gpu_group_id_y(void)
{
    return __builtin_amdgcn_workgroup_id_y();
}
static inline void gpu_barrier(void)
{
    __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
    __builtin_amdgcn_s_barrier();
    __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
}
static inline void gpu_atomic_add_local(volatile local uint *p, uint value)
{
    __opencl_atomic_fetch_add((volatile local atomic_uint *)p, value, __ATOMIC_RELAXED,
                              __OPENCL_MEMORY_SCOPE_WORK_GROUP);
}
static inline void gpu_atomic_add_global(volatile global uint *p, uint value)
{
    __opencl_atomic_fetch_add((volatile global atomic_uint *)p, value, __ATOMIC_RELAXED,
                              __OPENCL_MEMORY_SCOPE_DEVICE);
}
static inline float gpu_rsqrt(float x)
{
    return __builtin_amdgcn_rsqf(x);
}
static inline float gpu_fma(float a, float b, float c)
{
    return __builtin_fmaf(a, b, c);
}

#else

#define gpu_local_size()            ((uint)get_local_size(0))
#define gpu_grid_size()             ((uint)get_global_size(0))
#define gpu_local_id()              ((uint)get_local_id(0))
#define gpu_local_id_y()            ((uint)get_local_id(1))
#define gpu_group_id()              ((uint)get_group_id(0))
#define gpu_group_id_y()            ((uint)get_group_id(1))
#define gpu_barrier()               barrier(CLK_LOCAL_MEM_FENCE)
#define gpu_atomic_add_local(p, v)  atomic_add((p), (v))
#define gpu_atomic_add_global(p, v) atomic_add((p), (v))
#define gpu_rsqrt(x)                rsqrt(x)
#define gpu_fma(a, b, c)            fma((a), (b), (c))

#endif

static inline uint gpu_global_id(void)
{
    return gpu_group_id() * gpu_local_size() + gpu_local_id();
}

#endif
