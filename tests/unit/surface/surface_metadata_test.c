/* SPDX-License-Identifier: MIT
 *
 * Metadata is laid out as addrlib lays it out, and no two blocks of a surface share a key.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "softgpu/surface/surface_metadata.h"
#include "surface_golden.h"

struct golden {
    enum surface_metadata kind;
    struct surface_shape shape;
    uint32_t pipe_xor;
    uint64_t size, first_level, hash;
};

#define METADATA(what, bytes, samples, w, h, d, l, xor, total, first, fnv)                         \
    {.kind = SURFACE_##what,                                                                       \
     .shape = GOLDEN_SHAPE(SURFACE_2D,                                                             \
                           SURFACE_##what < SURFACE_HTILE ? SURFACE_64KB_R_X : SURFACE_64KB_Z_X,   \
                           bytes, samples, w, h, d, l),                                            \
     .pipe_xor = xor,                                                                              \
     .size = total,                                                                                \
     .first_level = first,                                                                         \
     .hash = fnv},
static const struct golden goldens[] = {
#include "surface_golden.def"
};

enum { GOLDENS = sizeof(goldens) / sizeof(goldens[0]) };

static uint64_t hash_of(const struct golden *g, const struct surface_layout *layout)
{
    uint64_t hash = GOLDEN_HASH;

    for (uint32_t z = 0; z < g->shape.depth; z++)
        for (uint32_t y = 0; y < g->shape.height; y += 3)
            for (uint32_t x = 0; x < g->shape.width; x += 3)
                hash = golden_hash(
                    hash, surface_locate(layout, (uint64_t)g->pipe_xor << 8, 0, x, y, z, 0));
    return hash;
}

static void golden_values(void **state)
{
    (void)state;
    for (unsigned i = 0; i < GOLDENS; i++) {
        const struct golden *g = &goldens[i];
        struct surface_layout layout;

        assert_null(surface_metadata_init(&layout, g->kind, &g->shape));
        assert_int_equal(layout.size, g->size);
        assert_int_equal(layout.level[0].offset, g->first_level);
        if (g->hash && hash_of(g, &layout) != g->hash)
            fail_msg("row %u: kind %d, %u bytes", i, g->kind, g->shape.element_bytes);
    }
}

/* Log2 of the elements that share a key. */
static unsigned covered_width(const struct golden *g)
{
    unsigned bits = 8u - (unsigned)__builtin_ctz(g->shape.element_bytes);

    return g->kind >= SURFACE_HTILE ? 3 : (bits + 1) / 2;
}

static unsigned covered_height(const struct golden *g)
{
    return g->kind >= SURFACE_HTILE ? 3
                                    : (8u - (unsigned)__builtin_ctz(g->shape.element_bytes)) / 2;
}

static uint32_t level_blocks(uint32_t size, unsigned level, unsigned covered)
{
    uint32_t elements = (size + (1u << level) - 1) >> level;

    return (elements + (1u << covered) - 1) >> covered;
}

/* Also of what addrlib does not say: mip levels and fragments. */
static void keys_are_apart(void **state)
{
    (void)state;
    for (unsigned i = 0; i < GOLDENS; i++) {
        const struct golden *g = &goldens[i];
        unsigned width_log2 = covered_width(g), height_log2 = covered_height(g);
        unsigned fragments = g->shape.samples_log2 ? SURFACE_DCC_FRAGMENTS : 1;
        struct surface_layout layout;
        uint8_t *used;

        assert_null(surface_metadata_init(&layout, g->kind, &g->shape));
        used = calloc(1, layout.size);
        assert_non_null(used);
        for (unsigned level = 0; level < g->shape.levels; level++)
            for (uint32_t z = 0; z < g->shape.depth; z++)
                for (uint32_t y = 0; y < level_blocks(g->shape.height, level, height_log2); y++)
                    for (uint32_t x = 0; x < level_blocks(g->shape.width, level, width_log2); x++)
                        for (unsigned s = 0; s < fragments; s++) {
                            uint64_t at = surface_locate(&layout, 0, level, x << width_log2,
                                                         y << height_log2, z, s);

                            assert_true(at < layout.size);
                            assert_false(used[at]++);
                        }
        free(used);
    }
}

/* All elements of a block have the same key. */
static void blocks_have_one_key(void **state)
{
    (void)state;
    for (unsigned i = 0; i < GOLDENS; i++) {
        const struct golden *g = &goldens[i];
        unsigned width = 1u << covered_width(g), height = 1u << covered_height(g);
        struct surface_layout layout;

        assert_null(surface_metadata_init(&layout, g->kind, &g->shape));
        for (uint32_t y = 0; y < height; y++)
            for (uint32_t x = 0; x < width; x++)
                assert_int_equal(surface_locate(&layout, 0, 0, 3 * width + x, y, 0, 0),
                                 surface_locate(&layout, 0, 0, 3 * width, 0, 0, 0));
    }
}

/* Of the levels that share a block the first one has keys. */
static void levels_in_tail(void **state)
{
    struct surface_shape shape = {.dimension = SURFACE_2D,
                                  .swizzle = SURFACE_64KB_R_X,
                                  .element_bytes = 1,
                                  .width = 512,
                                  .height = 512,
                                  .depth = 1};
    static const unsigned expected[] = {1, 2, 3, 3, 3};
    struct surface_layout layout;

    (void)state;
    for (shape.levels = 1; shape.levels <= 5; shape.levels++) {
        assert_null(surface_metadata_init(&layout, SURFACE_DCC, &shape));
        assert_int_equal(layout.levels, expected[shape.levels - 1]);
    }
}

/* Depth and stencil are surfaces of their own with elements of other sizes, and share words. */
static void planes_share_words(void **state)
{
    struct surface_shape shape = {.dimension = SURFACE_2D,
                                  .swizzle = SURFACE_64KB_Z_X,
                                  .width = 1000,
                                  .height = 300,
                                  .depth = 2,
                                  .levels = 10};
    struct surface_layout first, layout;

    (void)state;
    shape.element_bytes = 4;
    assert_null(surface_metadata_init(&first, SURFACE_HTILE, &shape));
    for (shape.element_bytes = 1; shape.element_bytes < 4; shape.element_bytes *= 2) {
        assert_null(surface_metadata_init(&layout, SURFACE_HTILE, &shape));
        assert_int_equal(layout.levels, first.levels);
        for (unsigned level = 0; level < layout.levels; level++)
            for (uint32_t y = 0; y < shape.height >> level; y += 8)
                for (uint32_t x = 0; x < shape.width >> level; x += 8)
                    assert_int_equal(surface_locate(&layout, 0, level, x, y, 1, 0),
                                     surface_locate(&first, 0, level, x, y, 1, 0));
    }
}

static void no_metadata(void **state)
{
    const struct surface_shape shape = {.dimension = SURFACE_2D,
                                        .swizzle = SURFACE_64KB_S_X,
                                        .element_bytes = 4,
                                        .width = 64,
                                        .height = 64,
                                        .depth = 1,
                                        .levels = 1};
    struct surface_layout layout;

    (void)state;
    assert_non_null(surface_metadata_init(&layout, SURFACE_DCC, &shape));
    assert_non_null(surface_metadata_init(&layout, SURFACE_HTILE, &shape));
}

/* The lock is there again for others after it has been abandoned, and only then is it given up. */
static void lock_is_abandoned(void **state)
{
    (void)state;
    surface_metadata_lock();
    surface_metadata_abandon();
    surface_metadata_lock();
    surface_metadata_unlock();
    surface_metadata_abandon();
    surface_metadata_lock();
    surface_metadata_unlock();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_values),       cmocka_unit_test(keys_are_apart),
        cmocka_unit_test(blocks_have_one_key), cmocka_unit_test(levels_in_tail),
        cmocka_unit_test(planes_share_words),  cmocka_unit_test(no_metadata),
        cmocka_unit_test(lock_is_abandoned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
