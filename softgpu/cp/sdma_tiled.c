/* SPDX-License-Identifier: MIT
 *
 * SDMA packets that know of tiled surfaces: copies of rectangles between a tiled surface and a
 * linear one or another tiled one, and data written from the packet.
 *
 * Source: the kernel's navi10_sdma_pkt_open.h; what fields mean: Mesa's radv_sdma.c.
 */
#include <string.h>

#include "base/bits.h"
#include "softgpu/cp/sdma_surface.h"

enum {
    HEADER_TMZ = 1 << 18,
    HEADER_METADATA = 1 << 19, /* "DCC", but of HTILE, too; three dwords follow the packet's own */
    METADATA_DWORDS = 3,
    ENDIAN_SWAP = 3 << 24 | 3 << 16,
};

struct extent {
    uint32_t width, height, depth;
};

struct copy {
    struct sdma_surface from, to;
    struct extent extent;
};

/* ---- surfaces ---- */

/* Elements of a level: rounded up, as surfaces are laid out. */
static uint32_t level_size(uint32_t size, unsigned level)
{
    return (uint32_t)((size + (UINT64_C(1) << level) - 1) >> level);
}

/* `info`: element size, swizzle mode, dimension, mip levels. `extent`: of the first level. */
static const char *surface_decode(struct sdma_surface *out, struct surface_shape *out_shape,
                                  uint64_t base, uint32_t info, const struct extent *extent)
{
    const unsigned dimension = BITS(info, 9, 10), level = BITS(info, 20, 23);

    memset(out, 0, sizeof(*out));
    *out_shape = (struct surface_shape){.dimension = (enum surface_dimension)dimension,
                                        .swizzle = BITS(info, 3, 7),
                                        .element_bytes = 1u << BITS(info, 0, 2),
                                        .width = extent->width,
                                        .height = extent->height,
                                        .depth = extent->depth,
                                        .levels = BITS(info, 16, 19) + 1};
    if (out_shape->element_bytes > SDMA_ELEMENT_BYTES)
        return "elements of more than 16 bytes";
    if (dimension > SURFACE_3D)
        return "surfaces of more than three dimensions";
    if (level >= out_shape->levels)
        return "a mip level that the surface does not have";
    out->base = base;
    out->level = level;
    out->width = level_size(extent->width, level);
    out->height = level_size(extent->height, level);
    out->depth = dimension == SURFACE_3D ? level_size(extent->depth, level) : extent->depth;
    return surface_layout_init(&out->layout, out_shape);
}

/* As COPY_TILED_SUBWIN and COPY_T2T_SUBWIN describe a surface, in six dwords. */
static const char *surface_read(struct sdma_surface *out, const uint32_t *p, const uint32_t *meta)
{
    const struct extent extent = {BITS(p[3], 16, 29) + 1, BITS(p[4], 0, 13) + 1,
                                  BITS(p[4], 16, 28) + 1};
    struct surface_shape shape;
    const char *obstacle = surface_decode(out, &shape, p[0] | (uint64_t)p[1] << 32, p[5], &extent);

    out->x = BITS(p[2], 0, 13);
    out->y = BITS(p[2], 16, 29);
    out->z = BITS(p[3], 0, 12);
    return obstacle || !meta ? obstacle : sdma_metadata_init(out, &shape, meta);
}

/* The linear side of COPY_TILED_SUBWIN, in five dwords. */
static void linear_read(struct sdma_surface *out, const uint32_t *p, unsigned element_bytes)
{
    memset(out, 0, sizeof(*out));
    out->base = p[0] | (uint64_t)p[1] << 32;
    out->x = BITS(p[2], 0, 13);
    out->y = BITS(p[2], 16, 29);
    out->z = BITS(p[3], 0, 12);
    out->layout.element_bytes = element_bytes;
    out->layout.levels = 1;
    out->layout.level[0].row_blocks = (BITS(p[3], 16, 29) + UINT64_C(1)) * element_bytes;
    out->layout.slice = (BITS(p[4], 0, 27) + UINT64_C(1)) * element_bytes;
}

static bool surface_holds(const struct sdma_surface *s, const struct extent *extent)
{
    return s->x + extent->width <= s->width && s->y + extent->height <= s->height &&
           s->z + extent->depth <= s->depth;
}

/* ---- copying ---- */

static struct sdma_place place_in(const struct sdma_surface *s, uint32_t x, uint32_t y, uint32_t z)
{
    return sdma_place_of(s, s->x + x, s->y + y, s->z + z);
}

/* Does `next` lie so many bytes behind the first place, under the same key? */
static bool follows(const struct sdma_place *next, const struct sdma_place *first, uint64_t bytes)
{
    return next->va == first->va + bytes && next->key_va == first->key_va;
}

/* Elements of a cleared block, of which there are no more than the block has. */
static bool clear_write(struct cp_access *access, uint64_t to, const uint8_t *element,
                        unsigned element_bytes, uint64_t bytes)
{
    uint8_t data[SURFACE_DCC_BLOCK];

    for (uint64_t i = 0; i < bytes; i += element_bytes)
        memcpy(data + i, element, element_bytes);
    return cp_access_write(access, to, data, bytes);
}

/* Elements that lie together on both sides, beginning in the rectangle's column `x`. */
struct strip {
    uint32_t x, y, z;
    struct sdma_place from, to;
    uint64_t bytes;
};

static struct sdma_element element_of(const struct sdma_surface *s, const struct strip *strip,
                                      const struct sdma_place *place)
{
    return (struct sdma_element){s->x + strip->x, s->y + strip->y, s->z + strip->z, *place};
}

static enum cp_step strip_move_with_metadata(struct sdma_run *run, const struct copy *copy,
                                             const struct strip *strip)
{
    const struct sdma_element from = element_of(&copy->from, strip, &strip->from);
    const struct sdma_element to = element_of(&copy->to, strip, &strip->to);
    struct cp_access *access = &run->queue->access;
    uint8_t element[SDMA_ELEMENT_BYTES];
    bool cleared = false, moved;
    enum cp_step step = CP_DONE;

    if (copy->from.metadata != SDMA_PLAIN)
        step = sdma_block_read(run, &copy->from, &from, &cleared, element);
    if (step == CP_DONE && copy->to.metadata != SDMA_PLAIN)
        step = sdma_block_open(run, &copy->to, &to);
    if (step != CP_DONE)
        return step;
    moved = cleared ? clear_write(access, strip->to.va, element, copy->from.layout.element_bytes,
                                  strip->bytes)
                    : cp_access_copy(access, strip->to.va, strip->from.va, strip->bytes);
    return moved ? CP_DONE : cp_fail_access(run->queue);
}

static enum cp_step strip_move(struct sdma_run *run, const struct copy *copy,
                               const struct strip *strip)
{
    if (copy->from.metadata != SDMA_PLAIN || copy->to.metadata != SDMA_PLAIN)
        return strip_move_with_metadata(run, copy, strip);
    return cp_access_copy(&run->queue->access, strip->to.va, strip->from.va, strip->bytes)
               ? CP_DONE
               : cp_fail_access(run->queue);
}

static enum cp_step row_copy(struct sdma_run *run, const struct copy *copy, uint32_t y, uint32_t z)
{
    const unsigned bytes = copy->from.layout.element_bytes;
    struct sdma_place from = place_in(&copy->from, 0, y, z), to = place_in(&copy->to, 0, y, z);
    enum cp_step step = CP_DONE;

    for (uint32_t x = 0; x < copy->extent.width && step == CP_DONE;) {
        struct strip strip = {x, y, z, from, to, 0};

        do {
            strip.bytes += bytes;
            if (++x == copy->extent.width)
                break;
            from = place_in(&copy->from, x, y, z);
            to = place_in(&copy->to, x, y, z);
        } while (follows(&from, &strip.from, strip.bytes) && follows(&to, &strip.to, strip.bytes));
        step = strip_move(run, copy, &strip);
    }
    return step;
}

static enum cp_step rectangle_copy(struct sdma_run *run, const struct copy *copy)
{
    const struct extent *extent = &copy->extent;
    enum cp_step step = CP_DONE;

    for (uint32_t z = 0; z < extent->depth; z++)
        for (uint32_t y = 0; y < extent->height; y++) {
            step = row_copy(run, copy, y, z);
            if (step == CP_DONE)
                step = cp_queue_breathe(run->queue);
            if (step != CP_DONE)
                return step;
        }
    atomic_fetch_add_explicit(&run->queue->cp->counters.bytes_copied,
                              (uint64_t)extent->width * extent->height * extent->depth *
                                  copy->from.layout.element_bytes,
                              memory_order_relaxed);
    return CP_DONE;
}

/* ---- the packets ---- */

static enum cp_step flags_check(struct sdma_run *run, uint32_t swap)
{
    if (run->p[0] & HEADER_TMZ)
        return sdma_refuse(run, "encrypted memory (TMZ) is not modelled");
    if (swap & ENDIAN_SWAP)
        return sdma_refuse(run, "endian swap is not modelled");
    return CP_DONE;
}

/* What both copies share. `dwords`: of the packet without metadata; *out_meta: NULL if there is
 * none. */
static enum cp_step copy_begin(struct sdma_run *run, unsigned dwords, uint32_t swap,
                               const uint32_t **out_meta)
{
    enum cp_step step = flags_check(run, swap);

    *out_meta = run->p[0] & HEADER_METADATA ? &run->p[dwords] : NULL;
    return step == CP_DONE && *out_meta ? sdma_need(run, dwords + METADATA_DWORDS) : step;
}

static enum cp_step outside(struct sdma_run *run)
{
    return sdma_refuse(run, "a rectangle that is not inside of its surface");
}

enum cp_step sdma_copy_tiled_subwindow(struct sdma_run *run)
{
    enum { DWORDS = 14, DETILE = 31 };
    const bool detile = run->p[0] >> DETILE;
    struct copy copy = {.extent = {BITS(run->p[12], 0, 13) + 1, BITS(run->p[12], 16, 29) + 1,
                                   BITS(run->p[13], 0, 12) + 1}};
    struct sdma_surface *tiled = detile ? &copy.from : &copy.to;
    const uint32_t *meta;
    const char *obstacle;
    enum cp_step step = copy_begin(run, DWORDS, run->p[13], &meta);

    if (step != CP_DONE)
        return step;
    obstacle = surface_read(tiled, &run->p[1], meta);
    if (obstacle)
        return sdma_refuse(run, obstacle);
    if (!surface_holds(tiled, &copy.extent))
        return outside(run);
    linear_read(detile ? &copy.to : &copy.from, &run->p[7], tiled->layout.element_bytes);
    return rectangle_copy(run, &copy);
}

/* One of the surfaces may have metadata. */
enum cp_step sdma_copy_t2t_subwindow(struct sdma_run *run)
{
    enum { DWORDS = 15, FROM_METADATA = 31 };
    const bool from_metadata = run->p[0] >> FROM_METADATA;
    struct copy copy = {.extent = {BITS(run->p[13], 0, 13) + 1, BITS(run->p[13], 16, 29) + 1,
                                   BITS(run->p[14], 0, 12) + 1}};
    const uint32_t *meta;
    const char *obstacle;
    enum cp_step step = copy_begin(run, DWORDS, run->p[14], &meta);

    if (step != CP_DONE)
        return step;
    obstacle = surface_read(&copy.from, &run->p[1], from_metadata ? meta : NULL);
    if (!obstacle)
        obstacle = surface_read(&copy.to, &run->p[7], from_metadata ? NULL : meta);
    if (obstacle)
        return sdma_refuse(run, obstacle);
    if (copy.from.layout.element_bytes != copy.to.layout.element_bytes)
        return sdma_refuse(run, "surfaces whose elements have different sizes");
    if (!surface_holds(&copy.from, &copy.extent) || !surface_holds(&copy.to, &copy.extent))
        return outside(run);
    return rectangle_copy(run, &copy);
}

/* ---- data from the packet ---- */

/* Elements follow each other in rows. What comes after a row's end is not published where the data
 * begin inside of a row: in the next row, or below their beginning. The same goes for slices. */
static const char *data_place(const struct sdma_surface *s, uint64_t elements)
{
    const uint64_t rows = (s->x + elements + s->width - 1) / s->width;
    const uint64_t slices = (s->y + rows + s->height - 1) / s->height;

    if (s->x >= s->width || s->y >= s->height || s->z + slices > s->depth)
        return "data that do not fit into their surface";
    if ((rows > 1 && s->x != 0) || (slices > 1 && s->y != 0))
        return "data that begin inside of a row (or slice) and go beyond its end";
    return NULL;
}

static enum cp_step data_write(struct sdma_run *run, const struct sdma_surface *s, uint64_t skip,
                               uint64_t dwords)
{
    enum { PIECE = 64 };
    const unsigned bytes = s->layout.element_bytes;
    uint64_t at = s->x + ((uint64_t)s->z * s->height + s->y) * s->width;
    uint32_t data[PIECE];
    enum cp_step step = CP_DONE;

    for (uint64_t done = 0, here; done < dwords && step == CP_DONE; done += here) {
        here = dwords - done < PIECE ? dwords - done : PIECE;
        if (!cp_stream_peek(run->queue, run->stream, skip + done, data, here))
            return cp_fail_access(run->queue);
        for (uint64_t i = 0; i < here * sizeof(data[0]); i += bytes, at++) {
            struct sdma_place to =
                sdma_place_of(s, (uint32_t)(at % s->width), (uint32_t)(at / s->width % s->height),
                              (uint32_t)(at / s->width / s->height));

            if (!cp_access_write(&run->queue->access, to.va, (uint8_t *)data + i, bytes))
                return cp_fail_access(run->queue);
        }
        step = cp_queue_breathe(run->queue);
    }
    return step;
}

enum cp_step sdma_write_tiled(struct sdma_run *run)
{
    enum { DWORDS = 9 };
    const struct extent extent = {BITS(run->p[3], 0, 13) + 1, BITS(run->p[4], 0, 13) + 1,
                                  BITS(run->p[4], 16, 28) + 1};
    const uint64_t count = (run->p[8] & 0xfffff) + UINT64_C(1);
    struct sdma_surface to;
    struct surface_shape shape;
    const char *obstacle;
    enum cp_step step = flags_check(run, run->p[7]);

    if (step == CP_DONE)
        step = sdma_need(run, DWORDS + count);
    if (step != CP_DONE)
        return step;
    obstacle = surface_decode(&to, &shape, sdma_va_at(run, 1), run->p[5], &extent);
    to.x = BITS(run->p[6], 0, 13);
    to.y = BITS(run->p[6], 16, 29);
    to.z = BITS(run->p[7], 0, 12);
    if (!obstacle && count * 4 % shape.element_bytes)
        obstacle = "data that end inside of an element";
    if (!obstacle)
        obstacle = data_place(&to, count * 4 / shape.element_bytes);
    if (obstacle)
        return sdma_refuse(run, obstacle);
    return data_write(run, &to, DWORDS, count);
}
