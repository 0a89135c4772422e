/* SPDX-License-Identifier: MIT */
#include "softgpu/front/drm/drm_engine.h"

#include <assert.h>
#include <stddef.h>

#include "softgpu/front/drm/drm_uapi.h"

static_assert(DRM_ENGINES == DRM_UAPI_HW_IP_NUM, "the kernel's engine types");

/* Versions of the kernel's driver blocks. A GPU for computing only has no graphics ring. */
struct ip_block {
    uint32_t gfx_target_version;
    uint8_t gfx_rings, gfx_major, gfx_minor, sdma_major, sdma_minor;
    uint32_t sdma_discovery;
};

static const struct ip_block ip_blocks[] = {
    {90010, 0, 9, 0, 4, 4, 0x040400},
    {100300, 1, 10, 0, 5, 2, 0x050200},
    {110000, 1, 11, 0, 6, 0, 0x060000},
};

static const struct {
    unsigned entities, max_ibs;
} limits[DRM_ENGINES] = {
    [AMDGPU_HW_IP_GFX] = {1, 192},     [AMDGPU_HW_IP_COMPUTE] = {4, 125},
    [AMDGPU_HW_IP_DMA] = {2, 49},      [AMDGPU_HW_IP_UVD] = {1, 49},
    [AMDGPU_HW_IP_VCE] = {1, 49},      [AMDGPU_HW_IP_UVD_ENC] = {1, 49},
    [AMDGPU_HW_IP_VCN_DEC] = {1, 49},  [AMDGPU_HW_IP_VCN_ENC] = {1, 49},
    [AMDGPU_HW_IP_VCN_JPEG] = {1, 16}, [DRM_UAPI_HW_IP_VPE] = {1, 49},
};

unsigned drm_engine_entities(uint32_t ip)
{
    return ip < DRM_ENGINES ? limits[ip].entities : 0;
}

unsigned drm_engine_max_ibs(uint32_t ip)
{
    return ip < DRM_ENGINES ? limits[ip].max_ibs : 0;
}

static const struct ip_block *ip_block_find(const struct gpu_profile *profile)
{
    for (size_t i = 0; i < sizeof ip_blocks / sizeof ip_blocks[0]; i++)
        if (ip_blocks[i].gfx_target_version == profile->gfx_target_version)
            return &ip_blocks[i];
    return NULL;
}

/* GC's IP version is the target's: 100300 is 10.3.0. */
static uint32_t gfx_discovery(uint32_t target)
{
    return target / 10000 << 16 | target / 100 % 100 << 8 | target % 100;
}

static struct drm_engine gfx_engine(const struct ip_block *block, enum cp_ring_engine kind,
                                    unsigned rings)
{
    return (struct drm_engine){
        .present = true,
        .kind = kind,
        .instances = 1,
        .rings = rings,
        .major = block->gfx_major,
        .minor = block->gfx_minor,
        .discovery = gfx_discovery(block->gfx_target_version),
        .ib_start_alignment = 32,
        .ib_size_alignment = 32,
    };
}

struct drm_engine drm_engine_of(const struct gpu_profile *profile, uint32_t ip)
{
    const struct ip_block *block = ip_block_find(profile);

    if (!block)
        return (struct drm_engine){.present = false};
    switch (ip) {
    case AMDGPU_HW_IP_GFX:
        return gfx_engine(block, CP_RING_GFX, block->gfx_rings);
    case AMDGPU_HW_IP_COMPUTE:
        return gfx_engine(block, CP_RING_COMPUTE, limits[ip].entities);
    case AMDGPU_HW_IP_DMA:
        return (struct drm_engine){
            .present = true,
            .kind = CP_RING_SDMA,
            .instances = profile->sdma_engines,
            .rings = profile->sdma_engines < limits[ip].entities ? profile->sdma_engines
                                                                 : limits[ip].entities,
            .major = block->sdma_major,
            .minor = block->sdma_minor,
            .discovery = block->sdma_discovery,
            .ib_start_alignment = 256,
            .ib_size_alignment = 4,
        };
    default: /* no video or display engine */
        return (struct drm_engine){.present = false};
    }
}
