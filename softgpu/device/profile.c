/* SPDX-License-Identifier: MIT */
#include "softgpu/device/profile.h"

#include <errno.h>
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

rw_status gpu_profile_keep_cus(struct gpu_profile *profile, unsigned cus)
{
    if (cus == 0 || cus % 2 || cus > profile->active_cus)
        return RW_FAIL(EINVAL,
                       "%u compute units; give an even number up to the %u of a %s, as units are "
                       "switched off by twos (a WGP)",
                       cus, profile->active_cus, profile->name);
    profile->active_cus = cus;
    return RW_OK;
}

uint32_t gpu_profile_cu_mask(const struct gpu_profile *profile, unsigned engine, unsigned array)
{
    unsigned arrays = profile->shader_engines * profile->arrays_per_engine;
    unsigned pairs = profile->active_cus / 2;
    unsigned rank = array * profile->shader_engines + engine;
    unsigned cus = 2 * (pairs / arrays + (rank < pairs % arrays));

    return (1u << cus) - 1;
}

/* ---- the save area ---- */

static uint64_t round_up(uint64_t value, uint64_t unit)
{
    return (value + unit - 1) / unit * unit;
}

static uint64_t at_most(uint64_t value, uint64_t most)
{
    return value < most ? value : most;
}

/* Waves that there is room for, which before Navi10 the engines limited, too. */
static uint64_t saved_waves(const struct gpu_profile *profile)
{
    if (profile->gfx_target_version >= 100100)
        return profile->active_cus * UINT64_C(32);
    return at_most(profile->active_cus * UINT64_C(40), profile->shader_engines * UINT64_C(512));
}

struct gpu_save_area gpu_profile_save_area(const struct gpu_profile *profile)
{
    enum { PAGE = 4096, HEADER = 40, SGPRS_OF_CU = 0x4000, REGISTERS_OF_CU = 0x1000 };
    enum { VGPR_BYTES = 32 * 4, DEBUG_BYTES_OF_WAVE = 32, DEBUG_UNIT = 64, GFX10_STACK = 0x7000 };
    enum { FIRST_GPU_THAT_SAVES = 80001 }; /* no CPU does, either */
    const uint64_t waves = saved_waves(profile);
    const uint64_t vgprs = (uint64_t)profile->simd_per_cu * profile->vgprs_per_simd * VGPR_BYTES;
    const uint64_t cu = vgprs + SGPRS_OF_CU + profile->lds_bytes_per_cu + REGISTERS_OF_CU;
    const unsigned stack_of_wave = profile->gfx_target_version >= 100100 ? 12 : 8;
    uint64_t stack = round_up(HEADER + waves * stack_of_wave + 8, PAGE);

    if (profile->gfx_target_version < FIRST_GPU_THAT_SAVES)
        return (struct gpu_save_area){.cwsr_bytes = 0};
    if (profile->gfx_target_version / 10000 == 10)
        stack = at_most(stack, GFX10_STACK);
    return (struct gpu_save_area){
        .ctl_stack_bytes = stack,
        .cwsr_bytes = stack + round_up(profile->active_cus * cu, PAGE),
        .debug_bytes = round_up(waves * DEBUG_BYTES_OF_WAVE, DEBUG_UNIT),
    };
}

/* ---- kernels ---- */

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
