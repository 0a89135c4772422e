/* SPDX-License-Identifier: MIT
 *
 * SDMA packets of tiled surfaces: elements go where addrlib says, rectangles of all kinds arrive,
 * and what cannot be is refused.
 */
#include "sdma_tiled.h"

/* ---- where elements are ---- */

struct golden {
    struct surface_shape shape;
    uint32_t pipe_bank_xor;
    uint64_t size, hash;
};

#define GOLDEN(dim, mode, bytes, samples, w, h, d, l, xor, total, first, fnv)                      \
    {.shape = {.dimension = SURFACE_##dim,                                                         \
               .swizzle = SURFACE_##mode,                                                          \
               .element_bytes = bytes,                                                             \
               .samples_log2 = samples,                                                            \
               .width = w,                                                                         \
               .height = h,                                                                        \
               .depth = d,                                                                         \
               .levels = l},                                                                       \
     .pipe_bank_xor = xor,                                                                         \
     .size = total,                                                                                \
     .hash = fnv},
static const struct golden goldens[] = {
#include "tests/unit/surface/surface_golden.def"
};

enum { GOLDENS = sizeof(goldens) / sizeof(goldens[0]), ELEMENTS = 1 << 14, TILED = 1 << 20 };

static uint32_t element_count(const struct surface_shape *shape)
{
    uint32_t count = 0;

    for (unsigned level = 0; level < shape->levels; level++) {
        const struct box box = level_box(shape, level);

        count += box.width * box.height * box.depth;
    }
    return count;
}

/* Copies numbers, a digit of the elements' size at a time, and looks where they have come to. */
static void addresses_find(struct rig *rig, struct rig_queue *q, const struct tiled *t,
                           uint64_t linear, uint32_t count, uint64_t *out_addresses)
{
    const unsigned bytes = t->shape.element_bytes, digit = bytes < 4 ? bytes : 4;
    uint8_t *tiled = rig_host(rig, t->va & ~(uint64_t)0x3ffff), *from = rig_host(rig, linear);
    uint32_t *numbers = calloc(t->bytes / bytes, sizeof(*numbers));

    assert_non_null(numbers);
    for (unsigned pass = 0; pass < 4 / digit; pass++) {
        uint64_t at = linear;

        memset(tiled, 0, t->bytes);
        memset(from, 0, (size_t)count * bytes);
        for (uint32_t i = 0; i < count; i++) {
            const uint32_t part = (i + 1) >> 8 * digit * pass % 32;

            memcpy(from + (size_t)i * bytes, &part, digit);
        }
        for (unsigned level = 0; level < t->shape.levels; level++) {
            const struct box box = level_box(&t->shape, level);

            copy_linear(q, t, level, &box, at, 0, NULL);
            at += (uint64_t)box.width * box.height * box.depth * bytes;
        }
        for (uint64_t i = 0; i < t->bytes / bytes; i++) {
            uint32_t part = 0;

            memcpy(&part, tiled + i * bytes, digit);
            numbers[i] |= part << 8 * digit * pass % 32;
        }
    }
    for (uint64_t i = 0; i < t->bytes / bytes; i++) {
        assert_true(numbers[i] <= count);
        if (numbers[i])
            out_addresses[numbers[i] - 1] = i * bytes;
    }
    free(numbers);
}

static uint64_t hash_of(const uint64_t *addresses, uint32_t count)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    for (uint32_t i = 0; i < count; i++)
        for (unsigned b = 0; b < 8; b++)
            hash = (hash ^ (addresses[i] >> 8 * b & 0xff)) * UINT64_C(0x100000001b3);
    return hash;
}

static void test_addrlib_agrees(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    const uint64_t tiled = rig_alloc(rig, TILED, 1 << 18),
                   linear = rig_alloc(rig, ELEMENTS * 16, 64);
    uint64_t *addresses = calloc(ELEMENTS, sizeof(*addresses));
    unsigned rows = 0;

    assert_non_null(addresses);
    assert_int_equal(tiled % (1 << 18), 0);
    rig_queue_create(rig, CP_QUEUE_SDMA, &q);
    for (unsigned i = 0; i < GOLDENS; i++) {
        const struct golden *g = &goldens[i];
        const uint32_t count = element_count(&g->shape);
        const struct tiled t = {g->shape, tiled | (uint64_t)g->pipe_bank_xor << 8, g->size};

        if (g->shape.samples_log2 || g->size > TILED || count > ELEMENTS ||
            g->shape.element_bytes == 12)
            continue;
        memset(addresses, 0xff, ELEMENTS * sizeof(*addresses));
        addresses_find(rig, &q, &t, linear, count, addresses);
        if (hash_of(addresses, count) != g->hash)
            fail_msg("row %u: mode %u, %u bytes", i, g->shape.swizzle, g->shape.element_bytes);
        rows++;
    }
    assert_true(rows > 150);
    free(addresses);
    rig_queue_destroy(&q);
}

/* ---- rectangles ---- */

static const struct {
    unsigned from, to; /* swizzle modes */
    bool volumes;      /* three dimensions, too */
} mode_pairs[] = {
    {SURFACE_64KB_R_X, SURFACE_4KB_S, true},    {SURFACE_64KB_Z_X, SURFACE_64KB_R_X, true},
    {SURFACE_64KB_D_X, SURFACE_64KB_S, true},   {SURFACE_256KB_R_X, SURFACE_4KB_D_X, false},
    {SURFACE_64KB_S_T, SURFACE_256B_D, false},  {SURFACE_64KB_S_X, SURFACE_LINEAR, true},
    {SURFACE_4KB_S_X, SURFACE_256KB_Z_X, true}, {SURFACE_64KB_D_T, SURFACE_4KB_D, false},
};

/* A box of `from`, contiguous, moves to a place of `to`, contiguous. */
static void box_move(const uint8_t *from, const struct box *whole, const struct box *box,
                     uint8_t *to, const struct box *to_whole, const struct box *at, unsigned bytes)
{
    for (uint32_t z = 0; z < box->depth; z++)
        for (uint32_t y = 0; y < box->height; y++)
            memcpy(to + (((size_t)(at->z + z) * to_whole->height + at->y + y) * to_whole->width +
                         at->x) *
                            bytes,
                   from + (((size_t)(box->z + z) * whole->height + box->y + y) * whole->width +
                           box->x) *
                              bytes,
                   (size_t)box->width * bytes);
}

enum { SIDE_BYTES = 8 << 20, LEVEL_BYTES = 320 << 10 };

struct places {
    uint64_t a, b, linear, result;
};

/* Linear to tiled, a part of a level of that to a part of a level of another, and back. */
static void round_trip(struct rig *rig, struct rig_queue *q, const struct places *at,
                       const struct surface_shape *shape, unsigned to_mode, unsigned level)
{
    struct tiled a = {.shape = *shape, .va = at->a}, b = {.shape = *shape, .va = at->b};
    const unsigned bytes = shape->element_bytes, to_level = shape->levels - 1 - level;
    struct box whole_a, whole_b, box, to;
    uint8_t *want = malloc(LEVEL_BYTES);

    assert_non_null(want);
    b.shape.swizzle = to_mode;
    whole_a = level_box(&a.shape, level);
    whole_b = level_box(&b.shape, to_level);
    box = (struct box){whole_a.width / 7, whole_a.height / 5, whole_a.depth / 3, 0, 0, 0};
    to = (struct box){whole_b.width / 3, whole_b.height / 9, whole_b.depth / 4, 0, 0, 0};
#define LEAST(x, y) ((x) < (y) ? (x) : (y))
    box.width = LEAST(whole_a.width - box.x, whole_b.width - to.x);
    box.height = LEAST(whole_a.height - box.y, whole_b.height - to.y);
    box.depth = LEAST(whole_a.depth - box.z, whole_b.depth - to.z);
#undef LEAST
    fill_random(rig_host(rig, at->linear), 2 * LEVEL_BYTES);
    memcpy(want, (uint8_t *)rig_host(rig, at->linear) + LEVEL_BYTES, LEVEL_BYTES);
    box_move(rig_host(rig, at->linear), &whole_a, &box, want, &whole_b, &to, bytes);
    copy_linear(q, &a, level, &whole_a, at->linear, 0, NULL);
    copy_linear(q, &b, to_level, &whole_b, at->linear + LEVEL_BYTES, 0, NULL);
    copy_tiled(q, &a, level, &box, &b, to_level, &to, 0, NULL);
    copy_linear(q, &b, to_level, &whole_b, at->result, DETILE, NULL);
    assert_memory_equal(rig_host(rig, at->result), want,
                        (size_t)whole_b.width * whole_b.height * whole_b.depth * bytes);
    free(want);
}

static void test_rectangles(void **state)
{
    static const struct surface_shape shapes[] = {
        {.dimension = SURFACE_2D, .width = 67, .height = 45, .depth = 3, .levels = 1},
        {.dimension = SURFACE_2D, .width = 70, .height = 130, .depth = 2, .levels = 4},
        {.dimension = SURFACE_3D, .width = 37, .height = 20, .depth = 11, .levels = 3},
    };
    struct rig *rig = *state;
    struct rig_queue q;
    const struct places at = {rig_alloc(rig, SIDE_BYTES, 1 << 18),
                              rig_alloc(rig, SIDE_BYTES, 1 << 18),
                              rig_alloc(rig, 2 * LEVEL_BYTES, 64), rig_alloc(rig, LEVEL_BYTES, 64)};

    rig_queue_create(rig, CP_QUEUE_SDMA, &q);
    for (unsigned m = 0; m < sizeof(mode_pairs) / sizeof(mode_pairs[0]); m++)
        for (unsigned s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++)
            for (unsigned element = 0; element < 5; element++)
                for (unsigned level = 0; level < shapes[s].levels; level += 2) {
                    struct surface_shape shape = shapes[s];

                    if (shape.dimension == SURFACE_3D && !mode_pairs[m].volumes)
                        continue;
                    shape.swizzle = mode_pairs[m].from;
                    shape.element_bytes = 1u << element;
                    round_trip(rig, &q, &at, &shape, mode_pairs[m].to, level);
                }
    rig_queue_destroy(&q);
}

/* A long copy lets in who suspends its queue, and goes on afterwards. */
static void test_long_copies_can_be_suspended(void **state)
{
    enum { SIZE = 4096, BYTES = SIZE * SIZE, ATTEMPTS = 20 };
    struct rig *rig = *state;
    struct rig_queue q;
    const struct tiled t = {.shape = {.dimension = SURFACE_2D,
                                      .swizzle = SURFACE_64KB_S_X,
                                      .element_bytes = 1,
                                      .width = SIZE,
                                      .height = SIZE,
                                      .depth = 1,
                                      .levels = 1},
                            .va = rig_alloc(rig, BYTES, 1 << 16)};
    const struct box all = {.width = SIZE, .height = SIZE, .depth = 1};
    const uint64_t linear = rig_alloc(rig, BYTES, 64);
    uint8_t *from = rig_host(rig, t.va), *to = rig_host(rig, linear);
    bool in_the_middle = false;
    uint32_t p[17];

    rig_queue_create(rig, CP_QUEUE_SDMA, &q);
    memset(from, 1, BYTES);
    for (unsigned i = 0; i < ATTEMPTS && !in_the_middle; i++) {
        memset(to, 0, BYTES);
        rig_put(&q, p, linear_packet(p, &t, 0, &all, linear, DETILE, NULL));
        while (!__atomic_load_n(to, __ATOMIC_ACQUIRE))
            ;
        cp_queue_suspend(q.queue);
        in_the_middle = !__atomic_load_n(&to[BYTES - 1], __ATOMIC_ACQUIRE);
        cp_queue_resume(q.queue);
        assert_true(rig_drained(&q));
        assert_int_equal(to[BYTES - 1], 1);
    }
    assert_true(in_the_middle);
    rig_queue_destroy(&q);
}

/* Offsets and pitches of the linear side. */
static void test_linear_window(void **state)
{
    enum { PITCH = 48, SLICE = 48 * 20 };
    struct rig *rig = *state;
    struct rig_queue q;
    const struct tiled t = {.shape = {.dimension = SURFACE_2D,
                                      .swizzle = SURFACE_64KB_D_X,
                                      .element_bytes = 4,
                                      .width = 32,
                                      .height = 16,
                                      .depth = 4,
                                      .levels = 1},
                            .va = rig_alloc(rig, 4 << 16, 1 << 16)};
    const struct box all = {.width = 32, .height = 16, .depth = 4};
    const uint64_t from = rig_alloc(rig, SLICE * 6 * 4, 64),
                   to = rig_alloc(rig, 32 * 16 * 4 * 4, 64);
    const uint32_t *source = rig_host(rig, from), *got = rig_host(rig, to);

    rig_queue_create(rig, CP_QUEUE_SDMA, &q);
    fill_random(rig_host(rig, from), SLICE * 6 * 4);
    copy_linear(&q, &t, 0, &all, to, 0, NULL); /* zeros */
    SDMA(&q, 1 | 5 << 8, VA(t.va), 5 | 3 << 16, 1 | 31 << 16, 15 | 3 << 16,
         2 | SURFACE_64KB_D_X << 3 | SURFACE_2D << 9, VA(from), 7 | 2 << 16, 1 | (PITCH - 1) << 16,
         SLICE - 1, (20 - 1) | (11 - 1) << 16, 2 - 1);
    copy_linear(&q, &t, 0, &all, to, DETILE, NULL);
    for (uint32_t z = 0; z < 4; z++)
        for (uint32_t y = 0; y < 16; y++)
            for (uint32_t x = 0; x < 32; x++) {
                const bool in = x - 5 < 20 && y - 3 < 11 && z - 1 < 2;

                assert_int_equal(got[(z * 16 + y) * 32 + x],
                                 in ? source[z * SLICE + (y - 1) * PITCH + x + 2] : 0);
            }
    rig_queue_destroy(&q);
}

static void test_write_tiled(void **state)
{
    struct rig *rig = *state;
    struct rig_queue q;
    const struct tiled t = {.shape = {.dimension = SURFACE_2D,
                                      .swizzle = SURFACE_64KB_S_X,
                                      .element_bytes = 2,
                                      .width = 6,
                                      .height = 2,
                                      .depth = 3,
                                      .levels = 1},
                            .va = rig_alloc(rig, 3 << 16, 1 << 16)};
    const uint32_t info = 1 | SURFACE_64KB_S_X << 3 | SURFACE_2D << 9;
    const struct box all = {.width = 6, .height = 2, .depth = 3};
    const uint64_t to = rig_alloc(rig, 72, 64);
    uint32_t p[9 + 7] = {2 | 1 << 8, VA(t.va), 5, 1 | 2 << 16, info, 0, 1, 7 - 1};
    const uint16_t *got = rig_host(rig, to);

    rig_queue_create(rig, CP_QUEUE_SDMA, &q);
    for (uint16_t i = 0; i < 14; i++)
        ((uint16_t *)&p[9])[i] = i + 1;
    run_packet(&q, p, 16); /* slice 1, and two elements of slice 2 */
    SDMA(&q, 2 | 1 << 8, VA(t.va), 5, 1 | 2 << 16, info, 3 | 1 << 16, 0, 0, 88 | 99 << 16);
    copy_linear(&q, &t, 0, &all, to, DETILE, NULL);
    for (unsigned i = 0; i < 36; i++)
        assert_int_equal(got[i], i >= 12 && i < 26 ? i - 11 : i == 9 ? 88 : i == 10 ? 99 : 0);
    rig_queue_destroy(&q);
    EXPECT_STOP(rig, false, 2 | 1 << 8, VA(t.va), 5, 1 | 2 << 16, info, 5, 0, 0, 0); /* row's end */
    EXPECT_STOP(rig, false, 2 | 1 << 8, VA(t.va), 5, 1 | 2 << 16, info, 4 | 1 << 16, 2, 1, 0, 0);
    EXPECT_STOP(rig, false, 2 | 1 << 8, VA(t.va), 5, 1, info | 3, 0, 0, 0, 0); /* half an element */
    EXPECT_STOP(rig, false, 2 | 1 << 8, VA(t.va), 5, 1, info, 0, 0, 9, 0);     /* cut short */
}

/* ---- refusals ---- */

static void test_impossible_surfaces(void **state)
{
    const struct box one = {.width = 1, .height = 1, .depth = 1};
    struct rig *rig = *state;
    const struct tiled good = {.shape = {.dimension = SURFACE_2D,
                                         .swizzle = SURFACE_64KB_R_X,
                                         .element_bytes = 4,
                                         .width = 33,
                                         .height = 20,
                                         .depth = 2,
                                         .levels = 3},
                               .va = rig_alloc(rig, 1 << 20, 1 << 16)};
    struct tiled bad = good;
    struct box box = one;
    uint32_t p[18];

    bad.shape.element_bytes = 32;
    expect_refusal(rig, &bad, 0, &one, 0, NULL);
    bad = good, bad.shape.swizzle = 23; /* 4KB_R_X */
    expect_refusal(rig, &bad, 0, &one, 0, NULL);
    bad = good, bad.shape.dimension = 3;
    expect_refusal(rig, &bad, 0, &one, 0, NULL);
    bad = good, bad.shape.dimension = SURFACE_3D, bad.shape.swizzle = SURFACE_256B_D;
    expect_refusal(rig, &bad, 0, &one, 0, NULL);
    expect_refusal(rig, &good, 3, &one, 0, NULL);
    expect_refusal(rig, &good, 0, &one, 1 << 18, NULL); /* TMZ */
    box = one, box.x = 17;                              /* levels' sizes are rounded up */
    expect_refusal(rig, &good, 1, &box, 0, NULL);
    box = one, box.height = 21;
    expect_refusal(rig, &good, 0, &box, DETILE, NULL);
    box = one, box.z = 2;
    expect_refusal(rig, &good, 0, &box, 0, NULL);
    bad = good, bad.shape.element_bytes = 8;
    expect_stop(rig, p, t2t_packet(p, &good, 0, &one, &bad, 0, &one, 0, NULL), false);
    expect_stop(rig, p, t2t_packet(p, &good, 0, &one, &good, 2, &box, 0, NULL), false);
    expect_stop(rig, p, linear_packet(p, &good, 0, &one, good.va, 0, NULL) - 1, false);
}

static void test_memory_faults(void **state)
{
    const struct box one = {.width = 1, .height = 1, .depth = 1};
    struct rig *rig = *state;
    struct tiled t = {.shape = {.dimension = SURFACE_2D,
                                .swizzle = SURFACE_64KB_R_X,
                                .element_bytes = 4,
                                .width = 33,
                                .height = 20,
                                .depth = 1,
                                .levels = 1},
                      .va = rig_unmapped_va()};
    const uint64_t linear = rig_alloc(rig, 64, 64);
    uint32_t p[17];

    expect_stop(rig, p, linear_packet(p, &t, 0, &one, linear, DETILE, NULL), true);
    assert_int_equal(rig->fault.isa.access, ISA_ACCESS_READ);
    expect_stop(rig, p, linear_packet(p, &t, 0, &one, linear, 0, NULL), true);
    assert_int_equal(rig->fault.isa.access, ISA_ACCESS_WRITE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(test_addrlib_agrees), SUITE_TEST(test_rectangles),
        SUITE_TEST(test_linear_window),  SUITE_TEST(test_long_copies_can_be_suspended),
        SUITE_TEST(test_write_tiled),    SUITE_TEST(test_impossible_surfaces),
        SUITE_TEST(test_memory_faults),
    };

    suite_quiet();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
