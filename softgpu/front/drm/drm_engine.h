/* SPDX-License-Identifier: MIT
 *
 * The engines that submissions name (AMDGPU_HW_IP_*): what each GPU has of them, how many rings a
 * context can name, and what their indirect buffers may look like. INFO reports from here, CS
 * checks by it.
 *
 * Sources: amdgpu_ctx_num_entities[], amdgpu_ring_max_ibs(), amdgpu_hw_ip_info() and the IP block
 * versions of gfx_v*_0.c and sdma_v*_0.c in Linux 6.12.
 */
#ifndef SOFTGPU_FRONT_DRM_ENGINE_H
#define SOFTGPU_FRONT_DRM_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "softgpu/cp/ring.h"
#include "softgpu/device/profile.h"

enum {
    DRM_ENGINES = 10, /* AMDGPU_HW_IP_NUM of Linux 6.12 */
    DRM_RINGS_MAX = 4,
    DRM_IB_MAX_DWORDS = 0xfffff,
};

/* What an engine of this type is like on one GPU. */
struct drm_engine {
    bool present;
    enum cp_ring_engine kind;
    unsigned instances; /* HW_IP_COUNT */
    unsigned rings;     /* that execute */
    uint8_t major, minor;
    uint32_t discovery; /* IP version: bits 23:16 major, 15:8 minor, 7:0 revision */
    uint32_t ib_start_alignment, ib_size_alignment;
};

/* `ip` < DRM_ENGINES. */
struct drm_engine drm_engine_of(const struct gpu_profile *profile, uint32_t ip);

/* Rings that a context can name, whether the GPU has the engine or not; 0 beyond DRM_ENGINES. */
unsigned drm_engine_entities(uint32_t ip);
/* Indirect buffers in one job. */
unsigned drm_engine_max_ibs(uint32_t ip);

#endif
