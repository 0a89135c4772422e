/* SPDX-License-Identifier: MIT */
#include "softgpu/device/profile.h"

#include <string.h>

#define GPU_PROFILE(...) {__VA_ARGS__},
static const struct gpu_profile gpus[] = {
#include "softgpu/device/profiles.def"
};

#define KERNEL_PROFILE(...) {__VA_ARGS__},
static const struct kernel_profile kernels[] = {
#include "softgpu/device/kernels.def"
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

const struct gpu_profile *gpu_profile_at(unsigned index)
{
    return index < COUNT(gpus) ? &gpus[index] : NULL;
}

const struct gpu_profile *gpu_profile_find(const char *name)
{
    for (size_t i = 0; i < COUNT(gpus); i++)
        if (strcmp(gpus[i].name, name) == 0)
            return &gpus[i];
    return NULL;
}

uint32_t gpu_profile_cu_mask(const struct gpu_profile *profile, unsigned engine, unsigned array)
{
    unsigned arrays = profile->shader_engines * profile->arrays_per_engine;
    unsigned pairs = profile->active_cus / 2;
    unsigned rank = array * profile->shader_engines + engine;
    unsigned cus = 2 * (pairs / arrays + (rank < pairs % arrays));

    return (1u << cus) - 1;
}

const struct kernel_profile *kernel_profile_at(unsigned index)
{
    return index < COUNT(kernels) ? &kernels[index] : NULL;
}

const struct kernel_profile *kernel_profile_find(const char *name)
{
    for (size_t i = 0; i < COUNT(kernels); i++)
        if (strcmp(kernels[i].name, name) == 0)
            return &kernels[i];
    return NULL;
}

const struct kernel_profile *kernel_profile_default(void)
{
    return kernel_profile_find(KERNEL_DEFAULT);
}
