/* SPDX-License-Identifier: MIT
 *
 * Image instructions with a sampler, against a model of the Vulkan specification's equations in
 * double precision, and single facts worked out by hand.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "image_bench.h"
#include "softgpu/isa/exec/image_cube.h"
#include "tests/unit/random.h"

enum {
    REPEAT,
    MIRROR,
    CLAMP,
    MIRROR_ONCE,
    HALF_BORDER,
    MIRROR_ONCE_HALF,
    BORDER,
    MIRROR_ONCE_BORDER
};
enum { POINT, LINEAR };
enum { MIP_NONE, MIP_POINT, MIP_LINEAR };

#define SAMPLE(b, op, dim, dmask)                                                                  \
    do {                                                                                           \
        (b)->inst.dst = ISA_REG_VGPR0 + DST;                                                       \
        bench_run(b, ISA_OP_##op, dim, dmask);                                                     \
    } while (0)

/* ---- the model ---- */

struct model {
    const struct image_desc *desc;
    const struct sampler_desc *sampler;
    const uint8_t *memory;
    double border;
};

static unsigned down(unsigned value, unsigned level)
{
    return value >> level ? value >> level : 1;
}

/* "Wrapping Operation": walks there instead of computing it. */
static int model_wrap(unsigned wrap, int index, int size)
{
    switch (wrap) {
    case REPEAT:
        while (index < 0)
            index += size;
        while (index >= size)
            index -= size;
        return index;
    case MIRROR:
        while (index < 0 || index >= size)
            index = index < 0 ? -1 - index : 2 * size - 1 - index;
        return index;
    case MIRROR_ONCE:
    case MIRROR_ONCE_BORDER:
        index = index < 0 ? -1 - index : index;
        break;
    }
    if (index < 0 || index >= size)
        return wrap == BORDER || wrap == MIRROR_ONCE_BORDER ? -1 : index < 0 ? 0 : size - 1;
    return index;
}

static double model_texel(const struct model *m, unsigned level, const int *index, unsigned axes,
                          unsigned slice)
{
    const unsigned size[3] = {m->desc->width, m->desc->height, m->desc->depth};
    int at[3] = {0};
    float value;

    for (unsigned i = 0; i < axes; i++) {
        at[i] = model_wrap(m->sampler->wrap[i], index[i], (int)down(size[i], level));
        if (at[i] < 0)
            return m->border;
    }
    memcpy(&value,
           m->memory + image_offset(m->desc, 4, level, slice + (unsigned)at[2], (unsigned)at[0],
                                    (unsigned)at[1]),
           4);
    return value;
}

/* One level, with weights of 8 bits. */
static double model_level(const struct model *m, unsigned level, const double *at, unsigned axes,
                          unsigned slice, bool linear)
{
    const unsigned size[3] = {m->desc->width, m->desc->height, m->desc->depth};
    double part[3] = {0}, sum = 0;
    int base[3] = {0};

    for (unsigned i = 0; i < axes; i++) {
        double u = at[i] * (m->sampler->unnormalized ? 1 : down(size[i], level));
        double grid = rint(u * 256) / 256 - (linear ? 0.5 : 0);

        base[i] = (int)floor(grid);
        part[i] = linear ? grid - base[i] : 0;
    }
    for (unsigned corner = 0; corner < 1u << axes; corner++) {
        double weight = 1;
        int index[3] = {0};

        for (unsigned i = 0; i < axes; i++) {
            index[i] = base[i] + (corner >> i & 1 ? 1 : 0);
            weight *= corner >> i & 1 ? part[i] : 1 - part[i];
        }
        if (weight > 0)
            sum += weight * model_texel(m, level, index, axes, slice);
    }
    return sum;
}

static double model_sample(const struct model *m, const double *at, unsigned axes, unsigned slice,
                           double lod)
{
    const struct sampler_desc *s = m->sampler;
    double last = m->desc->last_level;

    lod += s->bias;
    lod = lod < s->min_lod ? s->min_lod : lod > s->max_lod ? s->max_lod : lod;

    bool linear = (lod > 0 ? s->min : s->mag) == LINEAR;

    if (s->mip == MIP_NONE || lod <= 0)
        return model_level(m, 0, at, axes, slice, linear);
    lod = lod > last ? last : lod;
    if (s->mip == MIP_POINT)
        return model_level(m, (unsigned)ceil(lod - 0.5), at, axes, slice, linear);

    double part = floor((lod - floor(lod)) * 256) / 256;
    double first = model_level(m, (unsigned)floor(lod), at, axes, slice, linear);

    return part > 0 ? first * (1 - part) +
                          part * model_level(m, (unsigned)floor(lod) + 1, at, axes, slice, linear)
                    : first;
}

/* ---- against the model ---- */

struct shape {
    unsigned type, dim, axes, width, height, depth;
};

static const struct shape shapes[] = {
    {TYPE_1D, DIM_1D, 1, 13, 1, 1},
    {TYPE_2D, DIM_2D, 2, 9, 6, 1},
    {TYPE_3D, DIM_3D, 3, 5, 7, 4},
    {TYPE_1D_ARRAY, DIM_1D_ARRAY, 1, 8, 1, 3},
    {TYPE_2D_ARRAY, DIM_2D_ARRAY, 2, 4, 5, 3},
};

static void sampler_shuffle(uint64_t *random, struct sampler_desc *s)
{
    static const unsigned wraps[] = {REPEAT,      MIRROR, CLAMP,
                                     MIRROR_ONCE, BORDER, MIRROR_ONCE_BORDER};

    *s = (struct sampler_desc){
        .mag = (unsigned)random_below(random, 2),
        .min = (unsigned)random_below(random, 2),
        .mip = (unsigned)random_below(random, 3),
        .border_type = 2,
        .min_lod = (float)random_below(random, 2),
        .max_lod = 1 + (float)random_below(random, 3),
        .bias = (float)random_below(random, 3) - 1,
    };
    for (unsigned i = 0; i < 3; i++)
        s->wrap[i] = wraps[random_below(random, 6)];
}

/* Multiples of 1/8192 are exact in all formats on the way, mostly within three image widths. */
static double coordinate_shuffle(uint64_t *random)
{
    return ((double)random_below(random, 3 * 8192) - 8192) / 8192;
}

static void test_random_samples(void **state)
{
    struct image_bench *b = bench_create(32);
    uint64_t random = 1;

    (void)state;
    for (unsigned round = 0; round < 600; round++) {
        const struct shape *shape = &shapes[round % 5];
        struct image_desc desc =
            image_plain(shape->type, FORMAT_32_FLOAT, shape->width, shape->height, shape->depth);
        struct sampler_desc sampler;
        struct model m = {&desc, &sampler, b->memory, 1};
        double at[32][3] = {{0}}, lod[32];
        unsigned slice[32] = {0};
        bool layered = shape->dim == DIM_1D_ARRAY || shape->dim == DIM_2D_ARRAY;

        desc.levels = 3;
        desc.last_level = 2;
        sampler_shuffle(&random, &sampler);
        for (unsigned i = 0; i < IMAGE_BYTES / 4 && round < 5; i++) {
            float value = (float)random_below(&random, 1000) / 8;

            memcpy(b->memory + 4 * i, &value, 4);
        }
        bench_set_image(b, &desc);
        bench_set_sampler(b, &sampler);
        for (unsigned lane = 0; lane < 32; lane++) {
            unsigned row = ADDR;

            for (unsigned i = 0; i < shape->axes; i++) {
                at[lane][i] = coordinate_shuffle(&random);
                bench_set_float(b, row++, lane, (float)at[lane][i]);
            }
            if (layered) {
                slice[lane] = (unsigned)random_below(&random, shape->depth);
                bench_set_float(b, row++, lane, (float)slice[lane] + 0.25f);
            }
            lod[lane] = (double)random_below(&random, 16) / 4 - 0.5;
            bench_set_float(b, row, lane, (float)lod[lane]);
        }
        SAMPLE(b, image_sample_l, shape->dim, 1);
        for (unsigned lane = 0; lane < 32; lane++)
            assert_float_equal(float_of(bench_get(b, 0, lane)),
                               model_sample(&m, at[lane], shape->axes, slice[lane], lod[lane]),
                               1e-3);
    }
    bench_destroy(b);
}

/* ---- single facts ---- */

/* A 4 by 4 image of its texels' numbers, x + 10 y. */
static void numbers_prepare(struct image_bench *b, const struct sampler_desc *sampler)
{
    struct image_desc desc = image_plain(TYPE_2D, FORMAT_32_FLOAT, 4, 4, 1);

    bench_set_image(b, &desc);
    bench_set_sampler(b, sampler);
    for (unsigned i = 0; i < 16; i++) {
        float value = (float)(i % 4 + 10 * (i / 4));

        memcpy(b->memory + image_offset(&desc, 4, 0, 0, i % 4, i / 4), &value, 4);
    }
}

static void point_set(struct image_bench *b, unsigned row, float x, float y)
{
    for (unsigned lane = 0; lane < 32; lane++) {
        bench_set_float(b, row, lane, x);
        bench_set_float(b, row + 1, lane, y);
    }
}

static void test_gather(void **state)
{
    struct image_bench *b = bench_create(32);
    const struct sampler_desc sampler = {.wrap = {CLAMP, CLAMP, CLAMP}};

    (void)state;
    numbers_prepare(b, &sampler);
    point_set(b, ADDR, 0.5f, 0.5f);
    SAMPLE(b, image_gather4_lz, DIM_2D, 1);
    assert_float_equal(float_of(bench_get(b, 0, 3)), 21, 0);
    assert_float_equal(float_of(bench_get(b, 1, 3)), 22, 0);
    assert_float_equal(float_of(bench_get(b, 2, 3)), 12, 0);
    assert_float_equal(float_of(bench_get(b, 3, 3)), 11, 0);
    /* The same a texel to the left and two up: offsets in front of the coordinates. */
    for (unsigned lane = 0; lane < 32; lane++)
        bench_set(b, ADDR, lane, 0x3f | 0x3e << 8);
    point_set(b, ADDR + 1, 0.5f, 0.5f);
    SAMPLE(b, image_gather4_lz_o, DIM_2D, 1);
    assert_float_equal(float_of(bench_get(b, 0, 3)), 0, 0);
    assert_float_equal(float_of(bench_get(b, 1, 3)), 1, 0);
    bench_destroy(b);
}

static void test_compare(void **state)
{
    struct image_bench *b = bench_create(32);
    /* Of the four texels 11, 12, 21, 22 around the middle, those for which `20 op texel`. */
    static const float want[8] = {0, 0.5f, 0, 0.5f, 0.5f, 1, 0.5f, 1};

    (void)state;
    for (unsigned op = 0; op < 8; op++) {
        struct sampler_desc sampler = {.wrap = {CLAMP, CLAMP, CLAMP}, .compare = op, .mag = LINEAR};

        numbers_prepare(b, &sampler);
        for (unsigned lane = 0; lane < 32; lane++)
            bench_set_float(b, ADDR, lane, 20);
        point_set(b, ADDR + 1, 0.5f, 0.5f);
        SAMPLE(b, image_sample_c_lz, DIM_2D, 1);
        assert_float_equal(float_of(bench_get(b, 0, 9)), want[op], 0);
    }
    bench_destroy(b);
}

/* Derivatives of two texels a lane are level 1, whether lanes differ by them or they are given;
 * the bias adds. */
static void test_levels(void **state)
{
    struct image_bench *b = bench_create(32);
    struct image_desc desc = image_plain(TYPE_2D, FORMAT_32_FLOAT, 16, 16, 1);
    const struct sampler_desc sampler = {.mip = MIP_LINEAR, .max_lod = 8};

    (void)state;
    desc.levels = 5;
    desc.last_level = 4;
    bench_set_image(b, &desc);
    bench_set_sampler(b, &sampler);
    for (unsigned level = 0; level < 5; level++) {
        float value = (float)level;

        for (unsigned i = 0; i < down(16, level) * down(16, level); i++)
            memcpy(b->memory +
                       image_offset(&desc, 4, level, 0, i % down(16, level), i / down(16, level)),
                   &value, 4);
    }
    for (unsigned lane = 0; lane < 32; lane++) {
        bench_set_float(b, ADDR, lane, (float)(lane % 2) * 2 / 16);
        bench_set_float(b, ADDR + 1, lane, (float)(lane / 2 % 2) * 1 / 16);
    }
    SAMPLE(b, image_sample, DIM_2D, 1);
    assert_float_equal(float_of(bench_get(b, 0, 6)), 1, 1e-5);
    SAMPLE(b, image_get_lod, DIM_2D, 3);
    assert_float_equal(float_of(bench_get(b, 0, 6)), 1, 1e-5);
    assert_float_equal(float_of(bench_get(b, 1, 6)), 1, 1e-5);

    for (unsigned lane = 0; lane < 32; lane++) {
        const float value[7] = {0.5f / 16, 0, 0, 4.0f / 16, 0.5f, 0.5f};

        for (unsigned i = 0; i < 6; i++)
            bench_set_float(b, ADDR + i, lane, value[i]);
    }
    SAMPLE(b, image_sample_d, DIM_2D, 1);
    assert_float_equal(float_of(bench_get(b, 0, 6)), 2, 1e-5);
    for (unsigned lane = 0; lane < 32; lane++)
        bench_set_float(b, ADDR + 6, lane, 3.5f);
    SAMPLE(b, image_sample_d_cl, DIM_2D, 1); /* not below level 3.5 */
    assert_float_equal(float_of(bench_get(b, 0, 6)), 3.5, 1e-5);

    for (unsigned lane = 0; lane < 32; lane++) {
        bench_set_float(b, ADDR, lane, 1.25f);
        bench_set_float(b, ADDR + 1, lane, (float)(lane % 2) * 2 / 16);
        bench_set_float(b, ADDR + 2, lane, 0);
    }
    SAMPLE(b, image_sample_b, DIM_2D, 1);
    assert_float_equal(float_of(bench_get(b, 0, 6)), 2.25, 1e-5);
    bench_destroy(b);
}

/* A result may take the registers of the coordinates that the quad's derivatives come from. */
static void test_result_over_coordinates(void **state)
{
    struct image_bench *b = bench_create(32);
    struct image_desc desc = image_plain(TYPE_2D, FORMAT_32_FLOAT, 16, 16, 1);
    const struct sampler_desc sampler = {.mip = MIP_POINT, .max_lod = 8};

    (void)state;
    desc.levels = 5;
    desc.last_level = 4;
    bench_set_image(b, &desc);
    bench_set_sampler(b, &sampler);
    for (unsigned lane = 0; lane < 32; lane++) {
        bench_set_float(b, ADDR, lane, (float)(lane % 2) * 4 / 16);
        bench_set_float(b, ADDR + 1, lane, (float)(lane / 2 % 2) * 4 / 16);
    }
    b->inst.dst = ISA_REG_VGPR0 + ADDR;
    bench_run(b, ISA_OP_image_get_lod, DIM_2D, 3);
    for (unsigned lane = 0; lane < 32; lane++)
        assert_float_equal(float_of(bench_wave(b)->vgpr[ADDR * 32 + lane]), 2, 1e-5);
    bench_destroy(b);
}

/* The lanes of a quad that is at an edge of a cube have different faces, and yet the level is that
 * of the face's texels. */
static void test_cube_levels(void **state)
{
    struct image_bench *b = bench_create(32);
    struct image_desc desc = image_plain(TYPE_CUBE, FORMAT_32_FLOAT, 16, 16, 6);
    const struct sampler_desc sampler = {.mip = MIP_POINT, .max_lod = 8};
    /* A step of a texel to the left and down from the corner where +Z, -X and +Y meet. */
    static const float lanes[4][3] = {{2 - 1.0f / 32, 1 + 1.0f / 32, 1}, /* on -X */
                                      {1 + 1.0f / 32, 1 + 1.0f / 32, 4},
                                      {2 - 1.0f / 32, 1 + 3.0f / 32, 1},
                                      {1 + 1.0f / 32, 1 + 3.0f / 32, 4}};

    (void)state;
    desc.levels = 5;
    desc.last_level = 4;
    bench_set_image(b, &desc);
    bench_set_sampler(b, &sampler);
    for (unsigned lane = 0; lane < 32; lane++)
        for (unsigned i = 0; i < 3; i++)
            bench_set_float(b, ADDR + i, lane, lanes[lane % 4][i]);
    SAMPLE(b, image_get_lod, DIM_CUBE, 3);
    for (unsigned lane = 0; lane < 4; lane++)
        if (fabsf(float_of(bench_get(b, 1, lane))) > 0.3f)
            fail_msg("lane %u: level %f", lane, (double)float_of(bench_get(b, 1, lane)));
    bench_destroy(b);
}

static void test_border(void **state)
{
    struct image_bench *b = bench_create(32);
    struct sampler_desc sampler = {
        .wrap = {BORDER, BORDER, BORDER}, .border_type = 3, .border_index = 2};

    (void)state;
    memcpy(b->border[2], (float[]){0.25f, 0.5f, 0.75f, 0.125f}, 16);
    numbers_prepare(b, &sampler);
    point_set(b, ADDR, 1.5f, 0.5f);
    SAMPLE(b, image_sample_lz, DIM_2D, 0xf);
    assert_float_equal(float_of(bench_get(b, 0, 1)), 0.25, 0);
    assert_float_equal(float_of(bench_get(b, 3, 1)), 0.125, 0);
    sampler.border_type = 1;
    bench_set_sampler(b, &sampler);
    SAMPLE(b, image_sample_lz, DIM_2D, 0xf);
    assert_float_equal(float_of(bench_get(b, 0, 1)), 0, 0);
    assert_float_equal(float_of(bench_get(b, 3, 1)), 1, 0);
    bench_destroy(b);
}

/* OpenGL's CLAMP and MIRROR_CLAMP: far outside, a filter takes half of the border, a point none. */
static void test_half_border(void **state)
{
    static const unsigned wraps[] = {HALF_BORDER, MIRROR_ONCE_HALF};
    struct image_bench *b = bench_create(32);
    struct image_desc desc = image_plain(TYPE_1D, FORMAT_32_FLOAT, 4, 1, 1);

    (void)state;
    bench_set_image(b, &desc);
    for (unsigned i = 0; i < 4; i++) {
        float value = (float)(8 + i);

        memcpy(b->memory + image_offset(&desc, 4, 0, 0, i, 0), &value, 4);
    }
    for (unsigned n = 0; n < 4; n++) {
        const struct sampler_desc sampler = {.wrap = {wraps[n / 2]}, .mag = n % 2 ? LINEAR : POINT};

        bench_set_sampler(b, &sampler);
        for (unsigned lane = 0; lane < 32; lane++)
            bench_set_float(b, ADDR, lane, lane < 16 ? 1.5f : n < 2 ? 0.875f : -1.5f);
        SAMPLE(b, image_sample_lz, DIM_1D, 1);
        assert_float_equal(float_of(bench_get(b, 0, 0)), (n % 2 ? 5.5 : 11), 1e-5);
        assert_float_equal(float_of(bench_get(b, 0, 16)), (n == 3 ? 5.5 : 11), 1e-5);
    }
    bench_destroy(b);
}

static void test_odd_coordinates(void **state)
{
    struct image_bench *b = bench_create(32);
    struct sampler_desc sampler = {.wrap = {CLAMP, CLAMP, CLAMP}};

    (void)state;
    numbers_prepare(b, &sampler);
    point_set(b, ADDR, NAN, INFINITY);
    SAMPLE(b, image_sample_lz, DIM_2D, 1);
    assert_float_equal(float_of(bench_get(b, 0, 0)), 30, 0);
    point_set(b, ADDR, -1e30f, 1e30f);
    SAMPLE(b, image_sample_lz, DIM_2D, 1);
    assert_float_equal(float_of(bench_get(b, 0, 0)), 30, 0);
    sampler.unnormalized = true;
    bench_set_sampler(b, &sampler);
    point_set(b, ADDR, 2.5f, 1.5f);
    SAMPLE(b, image_sample_lz, DIM_2D, 1);
    assert_float_equal(float_of(bench_get(b, 0, 0)), 12, 0);
    bench_destroy(b);
}

/* Where coordinates repeat, infinity is no place: it counts as 0, like NaN. */
static void test_infinite_coordinates(void **state)
{
    static const unsigned wraps[] = {REPEAT, MIRROR};
    struct image_bench *b = bench_create(32);

    (void)state;
    for (unsigned n = 0; n < 4; n++) {
        const struct sampler_desc sampler = {.wrap = {wraps[n / 2], wraps[n / 2]}, .mag = LINEAR};

        numbers_prepare(b, &sampler);
        point_set(b, ADDR, n % 2 ? -INFINITY : INFINITY, 0.375f);
        SAMPLE(b, image_sample_lz, DIM_2D, 1);
        assert_float_equal(float_of(bench_get(b, 0, 0)), (n < 2 ? 11.5 : 10), 1e-5);
    }
    bench_destroy(b);
}

/* A view whose levels end before they begin has no texels, wherever its image has them. */
static void test_no_levels(void **state)
{
    struct image_bench *b = bench_create(32);
    const struct sampler_desc sampler = {.mip = MIP_POINT, .max_lod = 15};
    struct image_desc desc = image_plain(TYPE_2D, FORMAT_32_FLOAT, 4, 4, 1);

    (void)state;
    memset(b->memory, 0x3f, IMAGE_BYTES);
    desc.base_level = 15;
    bench_set_image(b, &desc);
    bench_set_sampler(b, &sampler);
    for (unsigned level = 0; level < 16; level++) {
        point_set(b, ADDR, 0.5f, 0.5f);
        point_set(b, ADDR + 2, (float)level, 0);
        SAMPLE(b, image_sample_l, DIM_2D, 1);
        assert_int_equal(bench_get(b, 0, 0), 0);
    }
    bench_destroy(b);
}

static void test_reduction(void **state)
{
    struct image_bench *b = bench_create(32);

    (void)state;
    for (unsigned mode = 1; mode <= 2; mode++) {
        struct sampler_desc sampler = {
            .wrap = {CLAMP, CLAMP, CLAMP}, .mag = LINEAR, .reduction = mode};

        numbers_prepare(b, &sampler);
        point_set(b, ADDR, 0.45f, 0.45f);
        SAMPLE(b, image_sample_lz, DIM_2D, 1);
        assert_float_equal(float_of(bench_get(b, 0, 0)), mode == 1 ? 11 : 22, 0);
    }
    bench_destroy(b);
}

/* Filtering across a cube's edges: a face's colour fades into its neighbour's, half and half on
 * the edge, whichever of the twelve it is. */
static void test_cube_edges(void **state)
{
    struct image_bench *b = bench_create(32);
    struct image_desc desc = image_plain(TYPE_CUBE, FORMAT_32_FLOAT, 8, 8, 6);
    const struct sampler_desc sampler = {.wrap = {CLAMP, CLAMP, CLAMP}, .mag = LINEAR};
    /* Which face is beyond left, right, top and bottom of each. */
    static const unsigned neighbours[6][4] = {{4, 5, 2, 3}, {5, 4, 2, 3}, {1, 0, 5, 4},
                                              {1, 0, 4, 5}, {1, 0, 2, 3}, {0, 1, 2, 3}};
    static const float edge[4][2] = {{1, 1.5f}, {2, 1.5f}, {1.5f, 1}, {1.5f, 2}};

    (void)state;
    bench_set_sampler(b, &sampler);
    for (unsigned face = 0; face < 6; face++) {
        for (unsigned i = 0; i < 64; i++) {
            float value = (float)(1 << face);

            memcpy(b->memory + image_offset(&desc, 4, 0, face, i % 8, i / 8), &value, 4);
        }
    }
    for (unsigned n = 0; n < 12; n++) {
        const unsigned face = n % 6;

        desc.depth = n < 6 ? 6 : 1; /* the cube's last face, or its first */
        bench_set_image(b, &desc);
        for (unsigned side = 0; side < 4; side++) {
            double want = ((1 << face) + (1 << neighbours[face][side])) / 2.0;

            for (unsigned lane = 0; lane < 32; lane++) {
                bench_set_float(b, ADDR, lane, edge[side][0]);
                bench_set_float(b, ADDR + 1, lane, edge[side][1]);
                bench_set_float(b, ADDR + 2, lane, (float)face);
            }
            SAMPLE(b, image_sample_lz, DIM_CUBE, 1);
            assert_float_equal(float_of(bench_get(b, 0, 0)), want, 1e-5);
        }
    }
    bench_destroy(b);
}

/* A point on an edge is the same, whichever of its two faces it is asked of, and whatever else
 * would become of coordinates there: where faces end others begin. */
static void test_cube_edge_points(void **state)
{
    struct image_bench *b = bench_create(32);
    struct image_desc desc = image_plain(TYPE_CUBE, FORMAT_32_FLOAT, 4, 4, 6);
    const struct sampler_desc sampler = {.wrap = {REPEAT, MIRROR, CLAMP}, .mag = LINEAR};
    uint64_t random = 3;
    unsigned edges = 0;

    (void)state;
    bench_set_image(b, &desc);
    bench_set_sampler(b, &sampler);
    for (unsigned i = 0; i < IMAGE_BYTES / 4; i++) {
        float value = (float)random_below(&random, 1000);

        memcpy(b->memory + 4 * i, &value, 4);
    }
    for (int n = 0; n < 6 * 4 * 6 * 7; n++) {
        const int face = n % 6, side = n / 6 % 4, other = n / 24 % 6, along = n / 144;
        const double at = (along - 3) / 4.0, edge = side % 2 ? 1 : -1;
        const double point[2] = {side < 2 ? edge : at, side < 2 ? at : edge};
        double beyond[2];

        if (other == face || !isa_cube_point_on(face, point[0], point[1], other, beyond) ||
            fabs(beyond[0]) > 1 || fabs(beyond[1]) > 1)
            continue;
        for (unsigned lane = 0; lane < 32; lane++) {
            bench_set_float(b, ADDR, lane, (float)((lane ? beyond[0] : point[0]) + 3) / 2);
            bench_set_float(b, ADDR + 1, lane, (float)((lane ? beyond[1] : point[1]) + 3) / 2);
            bench_set_float(b, ADDR + 2, lane, (float)(lane ? other : face));
        }
        SAMPLE(b, image_sample_lz, DIM_CUBE, 1);
        if (fabsf(float_of(bench_get(b, 0, 0)) - float_of(bench_get(b, 0, 1))) > 0.01f)
            fail_msg("face %d (%g, %g): %f; face %d (%g, %g): %f", face, point[0], point[1],
                     (double)float_of(bench_get(b, 0, 0)), other, beyond[0], beyond[1],
                     (double)float_of(bench_get(b, 0, 1)));
        edges++;
    }
    assert_int_equal(edges, 24 * 7);
    bench_destroy(b);
}

/* Layers that there are not are the nearest one; the face remains. */
static void test_cube_layers(void **state)
{
    struct image_bench *b = bench_create(32);
    struct image_desc desc = image_plain(TYPE_CUBE, FORMAT_32_FLOAT, 4, 4, 12);
    const struct sampler_desc sampler = {.wrap = {CLAMP, CLAMP, CLAMP}};
    static const int layers[][2] = {{0, 0}, {1, 1}, {2, 1}, {9000, 1}, {-1, 0}, {-9000, 0}};

    (void)state;
    bench_set_image(b, &desc);
    bench_set_sampler(b, &sampler);
    for (unsigned slice = 0; slice < 12; slice++)
        for (unsigned i = 0; i < 16; i++) {
            float value = (float)slice;

            memcpy(b->memory + image_offset(&desc, 4, 0, slice, i % 4, i / 4), &value, 4);
        }
    for (unsigned n = 0; n < sizeof(layers) / sizeof(layers[0]); n++)
        for (int face = 0; face < 6; face++) {
            point_set(b, ADDR, 1.5f, 1.5f);
            point_set(b, ADDR + 2, (float)(8 * layers[n][0] + face), 0);
            SAMPLE(b, image_sample_lz, DIM_CUBE, 1);
            assert_float_equal(float_of(bench_get(b, 0, 0)), 6 * layers[n][1] + face, 0);
        }
    bench_destroy(b);
}

/* A footprint four times as long as wide is averaged along its length, at the level of its width.
 */
static void test_anisotropy(void **state)
{
    struct image_bench *b = bench_create(32);
    const struct sampler_desc sampler = {
        .wrap = {REPEAT, REPEAT, REPEAT}, .mag = 3, .min = 3, .max_aniso_log2 = 2, .max_lod = 4};

    (void)state;
    numbers_prepare(b, &sampler);
    for (unsigned lane = 0; lane < 32; lane++) {
        const float value[6] = {1, 0, 0, 0.25f, 0.5f, 0.125f};

        for (unsigned i = 0; i < 6; i++)
            bench_set_float(b, ADDR + i, lane, value[i]);
    }
    SAMPLE(b, image_sample_d, DIM_2D, 1);
    assert_float_equal(float_of(bench_get(b, 0, 0)), 1.5, 1e-5); /* of 0, 1, 2, 3 */
    bench_destroy(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_samples),
        cmocka_unit_test(test_gather),
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_result_over_coordinates),
        cmocka_unit_test(test_cube_levels),
        cmocka_unit_test(test_border),
        cmocka_unit_test(test_half_border),
        cmocka_unit_test(test_odd_coordinates),
        cmocka_unit_test(test_infinite_coordinates),
        cmocka_unit_test(test_no_levels),
        cmocka_unit_test(test_reduction),
        cmocka_unit_test(test_cube_edges),
        cmocka_unit_test(test_cube_edge_points),
        cmocka_unit_test(test_cube_layers),
        cmocka_unit_test(test_anisotropy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
