/* SPDX-License-Identifier: MIT
 *
 * Surfaces are laid out as addrlib lays them out, no two elements share memory, and shapes that
 * cannot be are refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "softgpu/device/profile.h"
#include "softgpu/surface/surface.h"
#include "surface_golden.h"

struct golden {
    struct surface_shape shape;
    uint32_t pipe_bank_xor;
    uint64_t size, first_level, hash;
};

#define GOLDEN(dim, mode, bytes, samples, w, h, d, l, xor, total, first, fnv)                      \
    {.shape = GOLDEN_SHAPE(SURFACE_##dim, SURFACE_##mode, bytes, samples, w, h, d, l),             \
     .pipe_bank_xor = xor,                                                                         \
     .size = total,                                                                                \
     .first_level = first,                                                                         \
     .hash = fnv},
static const struct golden goldens[] = {
#include "surface_golden.def"
};

enum { GOLDENS = sizeof(goldens) / sizeof(goldens[0]) };

static uint32_t level_size(uint32_t size, unsigned level)
{
    return size >> level ? size >> level : 1;
}

/* Calls `visit` with the address of every element. */
static void each_element(const struct surface_shape *shape, const struct surface_layout *layout,
                         uint64_t base, void (*visit)(void *context, uint64_t address),
                         void *context)
{
    for (unsigned level = 0; level < shape->levels; level++) {
        uint32_t width = level_size(shape->width, level), height = level_size(shape->height, level);
        uint32_t depth =
            shape->dimension == SURFACE_3D ? level_size(shape->depth, level) : shape->depth;

        for (uint32_t z = 0; z < depth; z++)
            for (uint32_t y = 0; y < height; y++)
                for (uint32_t x = 0; x < width; x++)
                    for (unsigned s = 0; s < 1u << shape->samples_log2; s++)
                        visit(context, surface_locate(layout, base, level, x, y, z, s));
    }
}

static void hash_address(void *context, uint64_t address)
{
    uint64_t *hash = context;

    *hash = golden_hash(*hash, address);
}

static void golden_values(void **state)
{
    (void)state;
    for (unsigned i = 0; i < GOLDENS; i++) {
        const struct golden *g = &goldens[i];
        uint64_t hash = GOLDEN_HASH;
        struct surface_layout layout;

        assert_null(surface_layout_init(&layout, &g->shape));
        each_element(&g->shape, &layout, (uint64_t)g->pipe_bank_xor << 8, hash_address, &hash);
        if (layout.size != g->size || layout.level[0].offset != g->first_level || hash != g->hash)
            fail_msg("row %u: mode %u, %u bytes: size 0x%jx, first level 0x%jx, hash 0x%jx", i,
                     g->shape.swizzle, g->shape.element_bytes, (uintmax_t)layout.size,
                     (uintmax_t)layout.level[0].offset, (uintmax_t)hash);
    }
}

struct used {
    uint8_t *bytes;
    uint64_t size;
    unsigned element;
};

static void use_address(void *context, uint64_t address)
{
    struct used *used = context;

    assert_true(address + used->element <= used->size);
    for (unsigned i = 0; i < used->element; i++)
        assert_false(used->bytes[address + i]++);
}

static void elements_are_apart(void **state)
{
    (void)state;
    for (unsigned i = 0; i < GOLDENS; i++) {
        const struct golden *g = &goldens[i];
        struct surface_layout layout;

        assert_null(surface_layout_init(&layout, &g->shape));
        if (layout.size > 16u << 20)
            continue;

        struct used used = {calloc(1, layout.size), layout.size, g->shape.element_bytes};

        assert_non_null(used.bytes);
        each_element(&g->shape, &layout, 0, use_address, &used);
        free(used.bytes);
    }
}

static void base_address_counts(void **state)
{
    const struct surface_shape shape = {.dimension = SURFACE_2D,
                                        .swizzle = SURFACE_64KB_R_X,
                                        .element_bytes = 4,
                                        .width = 256,
                                        .height = 256,
                                        .depth = 3,
                                        .levels = 1};
    const uint64_t base = UINT64_C(0x800012340000), bits = 0x4700;
    struct surface_layout layout;

    (void)state;
    assert_null(surface_layout_init(&layout, &shape));
    for (uint32_t i = 0; i < 256; i += 5) {
        uint64_t plain = surface_locate(&layout, 0, 0, i, 255 - i, i % 3, 0);

        assert_int_equal(surface_locate(&layout, base, 0, i, 255 - i, i % 3, 0), base + plain);
        assert_int_equal(surface_locate(&layout, base | bits, 0, i, 255 - i, i % 3, 0),
                         base + (plain ^ bits));
    }
}

static void linear_rows(void **state)
{
    const struct surface_shape shape = {.dimension = SURFACE_2D,
                                        .element_bytes = 12,
                                        .width = 100,
                                        .height = 7,
                                        .depth = 2,
                                        .levels = 1,
                                        .pitch = 128};
    struct surface_layout layout;

    (void)state;
    assert_null(surface_layout_init(&layout, &shape));
    assert_int_equal(surface_locate(&layout, 0x1000, 0, 3, 2, 1, 0),
                     0x1000 + 9 * 128 * 12 + 3 * 12);
    assert_int_equal(layout.size, 14 * 128 * 12);
}

static void impossible_shapes(void **state)
{
    const struct surface_shape good = {.dimension = SURFACE_2D,
                                       .swizzle = SURFACE_64KB_R_X,
                                       .element_bytes = 4,
                                       .width = 16,
                                       .height = 16,
                                       .depth = 1,
                                       .levels = 1};
    struct surface_shape shape = good;
    struct surface_layout layout;

    (void)state;
    assert_null(surface_layout_init(&layout, &shape));
    shape.swizzle = 23; /* 4KB_R_X */
    assert_non_null(surface_layout_init(&layout, &shape));
    shape.swizzle = 99;
    assert_non_null(surface_layout_init(&layout, &shape));
    shape = good, shape.swizzle = SURFACE_64KB_D_X, shape.samples_log2 = 1;
    assert_non_null(surface_layout_init(&layout, &shape));
    shape = good, shape.samples_log2 = 1, shape.levels = 2;
    assert_non_null(surface_layout_init(&layout, &shape));
    shape = good, shape.element_bytes = 12;
    assert_non_null(surface_layout_init(&layout, &shape));
    shape = good, shape.swizzle = SURFACE_256B_S, shape.dimension = SURFACE_3D;
    assert_non_null(surface_layout_init(&layout, &shape));
    shape = good, shape.swizzle = SURFACE_LINEAR, shape.samples_log2 = 2;
    assert_non_null(surface_layout_init(&layout, &shape));
}

/* Drivers lay images out by what a GPU says of itself. */
static void profiles_are_modelled(void **state)
{
    const struct gpu_profile *profile;

    (void)state;
    for (unsigned i = 0; (profile = gpu_profile_at(i)) != NULL; i++)
        assert_int_equal(profile->gb_addr_config & SURFACE_ADDR_CONFIG_MASK, SURFACE_ADDR_CONFIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_values),       cmocka_unit_test(elements_are_apart),
        cmocka_unit_test(base_address_counts), cmocka_unit_test(linear_rows),
        cmocka_unit_test(impossible_shapes),   cmocka_unit_test(profiles_are_modelled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
