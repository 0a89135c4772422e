/* SPDX-License-Identifier: MIT
 *
 * SDMA packets of surfaces with metadata: blocks that were cleared by their keys alone are read and
 * written as if they had been filled, and what would be compressed is refused.
 */
#include "sdma_tiled.h"

enum { DCC_WIDTH = 150, DCC_HEIGHT = 70, DCC_TEXELS = DCC_WIDTH * DCC_HEIGHT, KEYS = 1 << 16 };
#define RGBA8 (10u | 1 << 8)

static const struct box dcc_all = {.width = DCC_WIDTH, .height = DCC_HEIGHT, .depth = 1};

struct dcc {
    struct tiled t;
    struct metadata m;
    uint64_t linear;
    uint8_t *keys;
    uint32_t *texels; /* in `linear` */
};

static void dcc_create(struct rig *rig, uint32_t config, struct dcc *out)
{
    *out = (struct dcc){
        .t = {.shape = {.dimension = SURFACE_2D,
                        .swizzle = SURFACE_64KB_R_X,
                        .element_bytes = 4,
                        .width = DCC_WIDTH,
                        .height = DCC_HEIGHT,
                        .depth = 1,
                        .levels = 1},
              .va = rig_alloc(rig, 4 << 16, 1 << 16),
              .bytes = 4 << 16},
        .m = {rig_alloc(rig, KEYS, KEYS), config},
        .linear = rig_alloc(rig, DCC_TEXELS * 4, 64),
    };
    out->keys = rig_host(rig, out->m.va);
    out->texels = rig_host(rig, out->linear);
    fill_random(rig_host(rig, out->t.va), out->t.bytes);
}

static void test_cleared_colours_are_read(void **state)
{
    static const struct {
        uint32_t config;
        uint8_t key;
        uint32_t texel;
    } cases[] = {
        {RGBA8, SURFACE_DCC_CLEAR_0000, 0},
        {RGBA8, SURFACE_DCC_CLEAR_0001, 0xff000000},
        {RGBA8, SURFACE_DCC_CLEAR_1110, 0x00ffffff},
        {RGBA8, SURFACE_DCC_CLEAR_1111, 0xffffffff},
        {RGBA8 | PIPE_ALIGNED, SURFACE_DCC_CLEAR_0001, 0xff000000},
        {10, SURFACE_DCC_CLEAR_0001, 0x000000ff},         /* alpha has the lowest bits */
        {10 | 1 << 8 | 5 << 9, 0x40, 0x7f000000},         /* signed integers */
        {4 | 1 << 8 | 7 << 9, 0xc0, 0x3f800000},          /* a float */
        {9 | 1 << 8, SURFACE_DCC_CLEAR_1110, 0x3fffffff}, /* 10 bits, and 2 of alpha */
    };
    struct rig *rig = *state;
    struct rig_queue q;
    struct dcc d;

    rig_queue_create(rig, CP_QUEUE_SDMA, &q);
    dcc_create(rig, 0, &d);
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        d.m.config = cases[i].config;
        memset(d.keys, cases[i].key, KEYS);
        copy_linear(&q, &d.t, 0, &dcc_all, d.linear, DETILE, &d.m);
        for (unsigned k = 0; k < DCC_TEXELS; k++)
            assert_int_equal(d.texels[k], cases[i].texel);
        assert_int_equal(d.keys[0], cases[i].key);
    }
    rig_queue_destroy(&q);
}

/* The first element of a block is all of its elements'. */
static void test_single_clears_are_read(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    struct dcc d;
    uint32_t *words, *plain = malloc(DCC_TEXELS * 4);

    assert_non_null(plain);
    rig_queue_create(rig, CP_QUEUE_SDMA, &q);
    dcc_create(rig, RGBA8 | PIPE_ALIGNED, &d);
    words = rig_host(rig, d.t.va);
    for (uint32_t i = 0; i < d.t.bytes / 4; i++)
        words[i] = i / 64;
    copy_linear(&q, &d.t, 0, &dcc_all, d.linear, DETILE, NULL);
    memcpy(plain, d.texels, DCC_TEXELS * 4);
    for (uint32_t i = 0; i < d.t.bytes / 4; i++)
        if (i % 64)
            words[i] = ~0u;
    memset(d.keys, SURFACE_DCC_CLEAR_SINGLE, KEYS);
    copy_linear(&q, &d.t, 0, &dcc_all, d.linear, DETILE, &d.m);
    assert_memory_equal(d.texels, plain, DCC_TEXELS * 4);
    free(plain);
    rig_queue_destroy(&q);
}

static const struct box dcc_part = {.x = 13, .y = 9, .width = 77, .height = 31, .depth = 1};

static bool is_in_part(unsigned texel)
{
    return texel % DCC_WIDTH - dcc_part.x < dcc_part.width &&
           texel / DCC_WIDTH - dcc_part.y < dcc_part.height;
}

/* Each texel of the part is its number, the others are as they were cleared. */
static void part_check(struct rig_queue *q, struct dcc *d, const struct metadata *m)
{
    unsigned number = 0;

    memset(d->texels, 0xa5, DCC_TEXELS * 4);
    copy_linear(q, &d->t, 0, &dcc_all, d->linear, DETILE, m);
    for (unsigned i = 0; i < DCC_TEXELS; i++)
        assert_int_equal(d->texels[i], is_in_part(i) ? ++number : 0xff000000);
}

/* The blocks that were written, and no others, are as they are in memory. */
static void keys_check(struct rig_queue *q, struct dcc *d, uint32_t *memory)
{
    unsigned opened = 0;

    for (unsigned i = 0; i < KEYS; i++)
        opened += d->keys[i] == SURFACE_DCC_UNCOMPRESSED;
    /* Blocks have 8 by 8 texels: 13 to 89 and 9 to 39 are in 11 by 4 of them. */
    assert_int_equal(opened, 11 * 4);
    copy_linear(q, &d->t, 0, &dcc_all, d->linear, DETILE, NULL);
    for (unsigned i = 0; i < DCC_TEXELS; i++) {
        const bool in = i % DCC_WIDTH / 8 - 1 < 11 && i / DCC_WIDTH / 8 - 1 < 4;

        if (!in)
            assert_int_equal(d->texels[i], memory[i]);
    }
}

static void test_cleared_colours_are_written(void **state)
{
    const uint32_t configs[] = {RGBA8, RGBA8 | PIPE_ALIGNED};
    struct rig *rig = *state;
    struct rig_queue q;
    struct dcc d;
    uint32_t *before = malloc(DCC_TEXELS * 4);

    assert_non_null(before);
    rig_queue_create(rig, CP_QUEUE_SDMA, &q);
    dcc_create(rig, 0, &d);
    for (unsigned i = 0; i < 2; i++) {
        struct metadata m = {d.m.va, configs[i]}, write = {d.m.va, configs[i] | COMPRESS};

        fill_random(rig_host(rig, d.t.va), d.t.bytes);
        copy_linear(&q, &d.t, 0, &dcc_all, d.linear, DETILE, NULL);
        memcpy(before, d.texels, DCC_TEXELS * 4);
        memset(d.keys, SURFACE_DCC_CLEAR_0001, KEYS);
        for (unsigned k = 0; k < dcc_part.width * dcc_part.height; k++)
            d.texels[k] = k + 1;
        copy_linear(&q, &d.t, 0, &dcc_part, d.linear, 0, &write);
        part_check(&q, &d, &m);
        keys_check(&q, &d, before);
    }
    free(before);
    rig_queue_destroy(&q);
}

/* Drivers give the pipes' share of META_ADDR, or leave it to the surface's address. */
static void test_metadata_follow_the_surfaces_pipes(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    struct metadata m, with;
    struct dcc d;

    rig_queue_create(rig, CP_QUEUE_SDMA, &q);
    dcc_create(rig, 0, &d);
    m = (struct metadata){d.m.va, RGBA8 | PIPE_ALIGNED | COMPRESS};
    with = (struct metadata){d.m.va | 0x1300, m.config};
    d.t.va |= 0x9300;
    memset(d.keys, SURFACE_DCC_CLEAR_0001, KEYS);
    for (unsigned k = 0; k < dcc_part.width * dcc_part.height; k++)
        d.texels[k] = k + 1;
    copy_linear(&q, &d.t, 0, &dcc_part, d.linear, 0, &m);
    part_check(&q, &d, &with);
    part_check(&q, &d, &m);
    rig_queue_destroy(&q);
}

/* From a surface with metadata to one without, and the other way round. */
static void test_t2t_with_metadata(void **state)
{
    const struct metadata *none = NULL;
    struct rig *rig = *state;
    struct rig_queue q;
    struct metadata write;
    struct tiled other;
    struct dcc d;

    rig_queue_create(rig, CP_QUEUE_SDMA, &q);
    dcc_create(rig, RGBA8 | PIPE_ALIGNED, &d);
    write = (struct metadata){d.m.va, d.m.config | COMPRESS};
    other = d.t;
    other.va = rig_alloc(rig, other.bytes, 1 << 16);
    other.shape.swizzle = SURFACE_64KB_D_X;
    for (unsigned i = 0; i < DCC_TEXELS; i++)
        d.texels[i] = i;
    copy_linear(&q, &other, 0, &dcc_all, d.linear, 0, none);
    memset(d.keys, SURFACE_DCC_CLEAR_1111, KEYS);
    copy_tiled(&q, &other, 0, &dcc_part, &d.t, 0, &dcc_part, 0, &write);
    memset(d.texels, 0, DCC_TEXELS * 4);
    copy_linear(&q, &other, 0, &dcc_all, d.linear, 0, none);
    copy_tiled(&q, &d.t, 0, &dcc_all, &other, 0, &dcc_all, FROM_METADATA, &d.m);
    copy_linear(&q, &other, 0, &dcc_all, d.linear, DETILE, none);
    for (unsigned i = 0; i < DCC_TEXELS; i++)
        assert_int_equal(d.texels[i], is_in_part(i) ? i : ~0u);
    rig_queue_destroy(&q);
}

/* One depth surface: cleared tiles are read, and filled before they are written to. */
static void depth_check(struct rig *rig, struct rig_queue *q, unsigned bytes, uint32_t config,
                        uint32_t word, uint32_t clear, uint32_t plain)
{
    enum { WIDTH = 60, HEIGHT = 36 };
    const struct tiled t = {.shape = {.dimension = SURFACE_2D,
                                      .swizzle = SURFACE_64KB_Z_X,
                                      .element_bytes = bytes,
                                      .width = WIDTH,
                                      .height = HEIGHT,
                                      .depth = 1,
                                      .levels = 1},
                            .va = rig_alloc(rig, 1 << 16, 1 << 16)};
    const struct metadata m = {rig_alloc(rig, 1 << 16, 1 << 16), config | PIPE_ALIGNED};
    const struct metadata write = {m.va, m.config | COMPRESS};
    const struct box all = {.width = WIDTH, .height = HEIGHT, .depth = 1};
    const struct box part = {.x = 11, .y = 8, .width = 9, .height = 3, .depth = 1};
    const uint64_t linear = rig_alloc(rig, WIDTH * HEIGHT * 4, 64);
    uint32_t *words = rig_host(rig, m.va), opened = 0;
    uint8_t *got = rig_host(rig, linear);

    fill_random(rig_host(rig, t.va), 1 << 16);
    for (unsigned i = 0; i < (1 << 16) / 4; i++)
        words[i] = word;
    memset(got, 0x33, part.width * part.height * bytes);
    copy_linear(q, &t, 0, &part, linear, 0, &write);
    copy_linear(q, &t, 0, &all, linear, DETILE, &m);
    for (unsigned i = 0; i < WIDTH * HEIGHT; i++) {
        const bool in = i % WIDTH - part.x < part.width && i / WIDTH - part.y < part.height;
        uint32_t value = 0, want = clear;

        memcpy(&value, got + i * bytes, bytes);
        if (in)
            memset(&want, 0x33, sizeof(want));
        assert_int_equal(value, bytes == 4 ? want : want & ((1u << 8 * bytes) - 1));
    }
    for (unsigned i = 0; i < (1 << 16) / 4; i++) {
        assert_true(words[i] == word || words[i] == (word | plain));
        opened += words[i] != word;
    }
    assert_int_equal(opened, 2); /* tiles of 8 by 8 */
}

static void test_cleared_depth(void **state)
{
    enum { DEPTH = 1 << 12, STENCIL = 2 << 12 };
    struct rig *rig = *state;
    struct rig_queue q;

    rig_queue_create(rig, CP_QUEUE_SDMA, &q);
    depth_check(rig, &q, 4, 4 | 7 << 9 | DEPTH, 0xfffffff0, 0x3f800000, 0xf); /* to 1 */
    depth_check(rig, &q, 4, 4 | 7 << 9 | DEPTH, 0x00000000, 0, 0xf);
    depth_check(rig, &q, 2, 2 | DEPTH, 0xfffffff0, 0xffff, 0xf);
    depth_check(rig, &q, 1, 1 | 4 << 9 | STENCIL, 0xfffffc0f, 0, 0x300);
    rig_queue_destroy(&q);
}

/* ---- refusals ---- */

static void test_impossible_metadata(void **state)
{
    static const struct {
        uint32_t config;
        uint8_t key;
    } cases[] = {
        {RGBA8 | PIPE_ALIGNED, SURFACE_DCC_CLEAR_REG},
        {RGBA8 | PIPE_ALIGNED, 0x77}, /* compressed */
        {2, 0xff} /* 16 bits */,
        {63, 0xff} /* no such format */,
        {RGBA8 | 3 << 12, 0xff} /* FMASK */,
        {4 | 1 << 12, 0xff} /* depth */,
    };
    const struct box one = {.width = 1, .height = 1, .depth = 1};
    struct rig *rig = *state;
    struct dcc d;

    dcc_create(rig, 0, &d);
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        d.m.config = cases[i].config;
        memset(d.keys, cases[i].key, KEYS);
        expect_refusal(rig, &d.t, 0, &one, DETILE, &d.m);
        expect_refusal(rig, &d.t, 0, &one, 0, &d.m);
    }
    memset(d.keys, 0xff, KEYS);
    d.m.config = RGBA8;
    d.t.shape.swizzle = SURFACE_64KB_D_X; /* which has no metadata */
    expect_refusal(rig, &d.t, 0, &one, DETILE, &d.m);
}

static void test_keys_out_of_reach(void **state)
{
    const struct box one = {.width = 1, .height = 1, .depth = 1};
    struct rig *rig = *state;
    struct dcc d;
    uint32_t p[17];

    dcc_create(rig, RGBA8, &d);
    d.m.va = rig_unmapped_va();
    expect_stop(rig, p, linear_packet(p, &d.t, 0, &one, d.linear, 0, &d.m), true);
    expect_stop(rig, p, linear_packet(p, &d.t, 0, &one, d.linear, DETILE, &d.m), true);
    assert_int_equal(rig->fault.isa.access, ISA_ACCESS_READ);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(test_cleared_colours_are_read),
        SUITE_TEST(test_single_clears_are_read),
        SUITE_TEST(test_cleared_colours_are_written),
        SUITE_TEST(test_metadata_follow_the_surfaces_pipes),
        SUITE_TEST(test_t2t_with_metadata),
        SUITE_TEST(test_cleared_depth),
        SUITE_TEST(test_impossible_metadata),
        SUITE_TEST(test_keys_out_of_reach),
    };

    suite_quiet();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
