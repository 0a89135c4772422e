/* SPDX-License-Identifier: MIT
 *
 * A submission while it is taken apart: what CS's two passes over the chunks collect.
 */
#ifndef SOFTGPU_FRONT_DRM_CS_H
#define SOFTGPU_FRONT_DRM_CS_H

#include "softgpu/front/drm/drm_sched.h"
#include "softgpu/front/drm/drm_syncobj.h"
#include "softgpu/front/drm/drm_uapi.h"

enum { DRM_GANG_MAX = 4 }; /* AMDGPU_CS_GANG_SIZE */

struct cs_chunk {
    uint32_t id, dwords;
    void *data; /* owned; `dwords` dwords */
};

/* A syncobj to signal. */
struct cs_out {
    struct drm_syncobj *syncobj; /* reference */
    uint64_t point;              /* 0 = binary */
};

struct cs_parser {
    struct drm_fpriv *fpriv;
    struct drm_context *ctx; /* reference */
    uint32_t chunk_count;
    struct cs_chunk *chunks;

    /* A job per entity that indirect buffers name; the last one named leads. */
    unsigned gang_size, leader;
    struct drm_entity *entities[DRM_GANG_MAX];
    unsigned ib_counts[DRM_GANG_MAX];
    struct drm_job *jobs[DRM_GANG_MAX]; /* owned until they are pushed */

    struct drm_bo_list *bos;   /* reference */
    struct mem_bo *user_fence; /* reference */
    uint64_t user_fence_offset;
    unsigned preemptible_ce, preemptible_de;

    /* What the jobs wait for. */
    struct drm_fence **deps; /* references */
    unsigned dep_count, dep_room;

    bool outs_given; /* only one chunk of them may be */
    struct cs_out *outs;
    uint32_t out_count;
};

/* Takes the fence's reference over, also when it fails. */
rw_status cs_dep_add(struct cs_parser *p, struct drm_fence *fence) RW_MUST_USE;

/* The two passes over the chunks (drm_cs_chunks.c). The first copies them in and finds entities,
 * user fence and buffers; the second, with jobs made, fills in the rest. */
rw_status cs_pass1(struct cs_parser *p, const struct drm_amdgpu_cs_in *in) RW_MUST_USE;
rw_status cs_pass2(struct cs_parser *p) RW_MUST_USE;

#endif
