/* SPDX-License-Identifier: MIT
 *
 * SDMA packets of tiled surfaces, for the tests of them.
 */
#ifndef TESTS_UNIT_CP_SDMA_TILED_H
#define TESTS_UNIT_CP_SDMA_TILED_H

#include "sdma_ring.h"

#include "softgpu/surface/surface_metadata.h"

/* A tiled surface in the rig's memory; sizes are those of the first level, in elements. */
struct tiled {
    struct surface_shape shape;
    uint64_t va;    /* with the pipes' and banks' share */
    uint64_t bytes; /* with all levels and slices */
};

struct box {
    uint32_t x, y, z, width, height, depth;
};

/* META_ADDR and META_CONFIG. */
struct metadata {
    uint64_t va;
    uint32_t config;
};

enum {
    DETILE = 1u << 31,
    FROM_METADATA = 1u << 31,
    WITH_METADATA = 1 << 19,
    COMPRESS = 1 << 28,
};
#define PIPE_ALIGNED (1u << 31)

static inline uint32_t level_size(uint32_t size, unsigned level)
{
    return size >> level ? size >> level : 1;
}

static inline struct box level_box(const struct surface_shape *shape, unsigned level)
{
    return (struct box){.width = level_size(shape->width, level),
                        .height = level_size(shape->height, level),
                        .depth = shape->dimension == SURFACE_3D ? level_size(shape->depth, level)
                                                                : shape->depth};
}

/* ---- packets ---- */

static inline unsigned put_surface(uint32_t *p, const struct tiled *t, unsigned level,
                                   const struct box *box)
{
    const struct surface_shape *s = &t->shape;

    p[0] = LO(t->va);
    p[1] = HI(t->va);
    p[2] = box->x | box->y << 16;
    p[3] = box->z | (s->width - 1) << 16;
    p[4] = (s->height - 1) | (s->depth - 1) << 16;
    p[5] = (uint32_t)__builtin_ctz(s->element_bytes) | s->swizzle << 3 | s->dimension << 9 |
           (s->levels - 1) << 16 | level << 20;
    return 6;
}

static inline unsigned put_metadata(uint32_t *p, const struct metadata *m)
{
    if (!m)
        return 0;
    p[0] = LO(m->va);
    p[1] = HI(m->va);
    p[2] = m->config;
    return 3;
}

static inline void run_packet(struct rig_queue *q, const uint32_t *p, unsigned count)
{
    rig_put(q, p, count);
    assert_true(rig_drained(q));
}

/* Between the box of a level and memory that holds just the box. */
static inline unsigned linear_packet(uint32_t *p, const struct tiled *t, unsigned level,
                                     const struct box *box, uint64_t linear, uint32_t flags,
                                     const struct metadata *m)
{
    unsigned n = 0;

    p[n++] = 1 | 5 << 8 | flags | (m ? WITH_METADATA : 0);
    n += put_surface(p + n, t, level, box);
    p[n++] = LO(linear);
    p[n++] = HI(linear);
    p[n++] = 0;
    p[n++] = (box->width - 1) << 16;
    p[n++] = box->width * box->height - 1;
    p[n++] = (box->width - 1) | (box->height - 1) << 16;
    p[n++] = box->depth - 1;
    return n + put_metadata(p + n, m);
}

static inline void copy_linear(struct rig_queue *q, const struct tiled *t, unsigned level,
                               const struct box *box, uint64_t linear, uint32_t flags,
                               const struct metadata *m)
{
    uint32_t p[17];

    run_packet(q, p, linear_packet(p, t, level, box, linear, flags, m));
}

static inline unsigned t2t_packet(uint32_t *p, const struct tiled *from, unsigned from_level,
                                  const struct box *box, const struct tiled *to, unsigned to_level,
                                  const struct box *at, uint32_t flags, const struct metadata *m)
{
    unsigned n = 0;

    p[n++] = 1 | 6 << 8 | flags | (m ? WITH_METADATA : 0);
    n += put_surface(p + n, from, from_level, box);
    n += put_surface(p + n, to, to_level, at);
    p[n++] = (box->width - 1) | (box->height - 1) << 16;
    p[n++] = box->depth - 1;
    return n + put_metadata(p + n, m);
}

static inline void copy_tiled(struct rig_queue *q, const struct tiled *from, unsigned from_level,
                              const struct box *box, const struct tiled *to, unsigned to_level,
                              const struct box *at, uint32_t flags, const struct metadata *m)
{
    uint32_t p[18];

    run_packet(q, p, t2t_packet(p, from, from_level, box, to, to_level, at, flags, m));
}

static inline void expect_refusal(struct rig *rig, const struct tiled *t, unsigned level,
                                  const struct box *box, uint32_t flags, const struct metadata *m)
{
    uint32_t p[17];

    expect_stop(rig, p, linear_packet(p, t, level, box, t->va, flags, m), false);
}

#endif
