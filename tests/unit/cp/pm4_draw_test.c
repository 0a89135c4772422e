/* SPDX-License-Identifier: MIT
 *
 * Draw packets on a kernel GFX ring: how often each vertex of each instance reaches the vertex
 * shader, and what it is told. Nothing is rasterised.
 */
#include <sys/mman.h>

#include "pm4_ring.h"

#include "softgpu/gfx/registers.h"

enum { WORDS = 128, INSTANCE_WORDS = 64, AUTO = 2, FIRST_SGPR = GFX_SPI_SHADER_USER_DATA_VS_0 + 2 };

struct bench {
    struct rig *rig;
    struct cp_ring *ring;
    uint64_t to, data; /* what the shader counts in; indices and parameters */
    uint32_t *words;
};

#define SET_SH(number, ...)                                                                        \
    P3(0x76, 1 + sizeof((uint32_t[]){__VA_ARGS__}) / 4), (number)-0x2c00, __VA_ARGS__
#define SET_CONTEXT(number, value) P3(0x69, 2), (number)-0xa000, value
#define SET_UCONFIG(number, value) P3(0x79, 2), (number)-0xc000, value

static void bench_create(struct rig *rig, struct bench *b)
{
    enum { VS_W32 = 1 << 23, RASTERIZATION_KILL = 1 << 22, POINTS = 1, USER_SGPRS = 5 << 1 };
    uint64_t code = rig_alloc(rig, sizeof(program_vertices), 256);

    memcpy(rig_host(rig, code), program_vertices, sizeof(program_vertices));
    b->rig = rig;
    b->ring = ring_make(rig, CP_RING_GFX);
    b->to = rig_alloc(rig, WORDS * 4, 256);
    b->data = rig_alloc(rig, 4096, 256);
    b->words = rig_host(rig, b->to);
    assert_int_equal(
        RUN(rig, b->ring, SET_SH(GFX_SPI_SHADER_PGM_LO_VS, LO(code >> 8), HI(code >> 8)),
            SET_SH(GFX_SPI_SHADER_PGM_RSRC1_VS, 0, USER_SGPRS),
            SET_SH(GFX_SPI_SHADER_USER_DATA_VS_0, VA(b->to), 0, 0, 0),
            SET_CONTEXT(GFX_VGT_SHADER_STAGES_EN, VS_W32),
            SET_CONTEXT(GFX_PA_CL_CLIP_CNTL, RASTERIZATION_KILL),
            SET_UCONFIG(GFX_VGT_PRIMITIVE_TYPE, POINTS),
            SET_UCONFIG(GFX_GE_MAX_VTX_INDX, UINT32_MAX), SET_UCONFIG(GFX_VGT_INDEX_TYPE, 0)),
        CP_RING_DONE);
}

static void bench_destroy(struct bench *b)
{
    cp_ring_destroy(b->ring);
}

/* Vertices first .. first + count - 1 were seen `times` times each, and no others. */
static void expect_vertices(struct bench *b, unsigned first, unsigned count, uint32_t times)
{
    for (unsigned i = 0; i < INSTANCE_WORDS; i++)
        assert_int_equal(b->words[i], i >= first && i < first + count ? times : 0);
}

static void expect_instances(struct bench *b, unsigned first, unsigned count, uint32_t times)
{
    for (unsigned i = 0; i < INSTANCE_WORDS; i++)
        assert_int_equal(b->words[INSTANCE_WORDS + i], i >= first && i < first + count ? times : 0);
    memset(b->words, 0, WORDS * 4);
}

static void test_auto(void **state)
{
    struct bench b;

    bench_create(*state, &b);
    assert_int_equal(RUN(b.rig, b.ring, P3(0x2d, 2), 40, AUTO), CP_RING_DONE);
    expect_vertices(&b, 0, 40, 1);
    expect_instances(&b, 0, 1, 40);
    assert_int_equal(RUN(b.rig, b.ring, SET_SH(FIRST_SGPR, 7, 3), P3(0x2f, 1), 5, P3(0x2d, 2), 10,
                         AUTO, P3(0x2d, 2), 0, AUTO),
                     CP_RING_DONE);
    expect_vertices(&b, 7, 10, 5);
    expect_instances(&b, 3, 5, 10);
    bench_destroy(&b);
}

static void test_indexed(void **state)
{
    struct bench b;
    uint16_t *indices;

    bench_create(*state, &b);
    indices = rig_host(b.rig, b.data);
    for (unsigned i = 0; i < 32; i++)
        indices[i] = (uint16_t)(10 + i);
    assert_int_equal(RUN(b.rig, b.ring, P3(0x27, 5), 32, VA(b.data), 20, 0), CP_RING_DONE);
    expect_vertices(&b, 10, 20, 1);
    expect_instances(&b, 0, 1, 20);
    /* From INDEX_BASE on, with an offset; beyond the size indices are 0. */
    assert_int_equal(RUN(b.rig, b.ring, P3(0x26, 2), VA(b.data), P3(0x35, 4), 32, 12, 20, 0),
                     CP_RING_DONE);
    expect_vertices(&b, 22, 20, 1);
    expect_instances(&b, 0, 1, 20);
    assert_int_equal(RUN(b.rig, b.ring, P3(0x35, 4), 13, 12, 20, 0), CP_RING_DONE);
    assert_int_equal(b.words[22], 1);
    assert_int_equal(b.words[0], 1); /* once for all that are beyond */
    bench_destroy(&b);
}

static void test_indirect(void **state)
{
    enum { BASE = 256, VERTEX = FIRST_SGPR - 0x2c00, INSTANCE = VERTEX + 1 };
    const uint32_t plain[] = {6, 4, 9, 2}, indexed[] = {5, 3, 2, 20, 1};
    struct bench b;
    uint8_t *data;

    bench_create(*state, &b);
    data = rig_host(b.rig, b.data);
    for (unsigned i = 0; i < 32; i++)
        ((uint16_t *)(void *)data)[i] = (uint16_t)i;
    memcpy(data + BASE + 16, plain, sizeof(plain));
    memcpy(data + BASE + 64, indexed, sizeof(indexed));
    assert_int_equal(RUN(b.rig, b.ring, P3(0x11, 3), 1, VA(b.data + BASE), P3(0x24, 4), 16, VERTEX,
                         INSTANCE, AUTO),
                     CP_RING_DONE);
    expect_vertices(&b, 9, 6, 4);
    expect_instances(&b, 2, 4, 6);
    assert_int_equal(RUN(b.rig, b.ring, P3(0x26, 2), VA(b.data), P3(0x13, 1), 32, P3(0x25, 4), 64,
                         VERTEX, INSTANCE, 0),
                     CP_RING_DONE);
    expect_vertices(&b, 22, 5, 3);
    expect_instances(&b, 1, 3, 5);
    bench_destroy(&b);
}

/* Three draws of different sizes, as many as a count in memory allows, told their numbers. */
static void test_indirect_many(void **state)
{
    enum { BASE = 256, STRIDE = 32, COUNT = 128, VERTEX = FIRST_SGPR - 0x2c00 };
    const uint32_t with_number = 1u << 31, with_count = 1u << 30;
    struct bench b;
    uint8_t *data;

    bench_create(*state, &b);
    data = rig_host(b.rig, b.data);
    for (uint32_t i = 0; i < 4; i++) {
        const uint32_t draw[] = {2, i, 10 * i, 0};

        memcpy(data + BASE + i * STRIDE, draw, sizeof(draw));
    }
    *(uint32_t *)(void *)(data + COUNT) = 3;
    assert_int_equal(RUN(b.rig, b.ring, P3(0x11, 3), 1, VA(b.data + BASE), P3(0x2c, 9), 0, VERTEX,
                         VERTEX + 1, (VERTEX + 2) | with_number | with_count, 4, VA(b.data + COUNT),
                         STRIDE, AUTO),
                     CP_RING_DONE);
    for (unsigned i = 0; i < INSTANCE_WORDS; i++) {
        uint32_t draw = i / 10;

        assert_int_equal(b.words[i], draw < 3 && i % 10 < 2 ? draw << 8 * draw : 0);
    }
    bench_destroy(&b);
}

static void test_predicated(void **state)
{
    enum { BOOL32_VISIBLE = 4 << 16 | 1 << 8 };
    struct bench b;
    uint32_t *predicate;

    bench_create(*state, &b);
    predicate = rig_host(b.rig, b.data);
    for (unsigned on = 0; on < 2; on++) {
        predicate[1] = on;
        assert_int_equal(RUN(b.rig, b.ring, P3(0x20, 3), BOOL32_VISIBLE, VA(b.data + 4),
                             P3(0x2d, 2) | 1, 8, AUTO, P3(0x20, 3), 0, 0, 0),
                         CP_RING_DONE);
        expect_vertices(&b, 0, on ? 8 : 0, 1);
        expect_instances(&b, 0, on, 8);
    }
    bench_destroy(&b);
}

/* ---- streamout ---- */

enum { /* STRMOUT_BUFFER_UPDATE */
       UPDATE_STORE = 1,
       UPDATE_FROM_FILLED = 1 << 1,
       UPDATE_FROM_MEMORY = 2 << 1,
       UPDATE_FROM_NOWHERE = 3 << 1,
       UPDATE_IN_BYTES = 1 << 7,
       UPDATE_BUFFER_2 = 2 << 8,
};

#define UPDATE(control, to, from) P3(0x34, 5), (control), VA(to), VA(from)
#define OPAQUE_REGISTER           (GFX_VGT_STRMOUT_DRAW_OPAQUE_BUFFER_FILLED_SIZE - 0xa000)
#define STREAMOUT_ON(room)                                                                         \
    SET_CONTEXT(GFX_VGT_STRMOUT_CONFIG, 0xf), SET_CONTEXT(GFX_VGT_STRMOUT_BUFFER_CONFIG, 4),       \
        SET_CONTEXT(GFX_VGT_STRMOUT_BUFFER_SIZE_2, room),                                          \
        SET_CONTEXT(GFX_VGT_STRMOUT_VTX_STRIDE_2, 3)

/* Where capturing begins, from the packet, memory or where it was, and how far it has come. */
static void test_streamout_update(void **state)
{
    struct bench b;
    uint32_t *data;

    bench_create(*state, &b);
    data = rig_host(b.rig, b.data);
    data[8] = 40;
    assert_int_equal(
        RUN(b.rig, b.ring, STREAMOUT_ON(64), UPDATE(UPDATE_BUFFER_2, 0, 7), P3(0x2d, 2), 4, AUTO,
            UPDATE(UPDATE_BUFFER_2 | UPDATE_STORE | UPDATE_FROM_NOWHERE, b.data, 0),
            UPDATE(UPDATE_BUFFER_2 | UPDATE_STORE | UPDATE_FROM_FILLED, b.data + 4, 0),
            STORE(GFX_VGT_STRMOUT_BUFFER_OFFSET_2, b.data + 8),
            UPDATE(UPDATE_BUFFER_2 | UPDATE_FROM_MEMORY | UPDATE_IN_BYTES, 0, b.data + 32),
            P3(0x2d, 2), 2, AUTO,
            UPDATE(UPDATE_BUFFER_2 | UPDATE_STORE | UPDATE_FROM_NOWHERE | UPDATE_IN_BYTES,
                   b.data + 12, 0)),
        CP_RING_DONE);
    assert_int_equal(data[0], 7 + 4 * 3);
    assert_int_equal(data[1], 7 + 4 * 3);
    assert_int_equal(data[2], 7 + 4 * 3);
    assert_int_equal(data[3], 40 + 2 * 3 * 4);
    assert_int_equal(RUN(b.rig, b.ring, UPDATE(UPDATE_STORE, UINT64_C(0x123456780000), 0)),
                     CP_RING_FAULTED);
    bench_destroy(&b);
}

/* Clear, flush, wait: as drivers do before they look at filled sizes. */
static void test_streamout_flush(void **state)
{
    enum { FLUSH = 0x1f, EQUAL = 3, RESET = 0x0a };
    struct bench b;

    bench_create(*state, &b);
    assert_int_equal(RUN(b.rig, b.ring, P3(0x37, 4), 0, GFX_CP_STRMOUT_CNTL, 0, 0, P3(0x46, 1),
                         FLUSH, P3(0x3c, 6), EQUAL, GFX_CP_STRMOUT_CNTL, 0, 1, 1, 4),
                     CP_RING_DONE);
    assert_int_equal(RUN(b.rig, b.ring, P3(0x37, 4), 0, GFX_CP_STRMOUT_CNTL, 0, 0, P3(0x3c, 6),
                         EQUAL, GFX_CP_STRMOUT_CNTL, 0, 1, 1, 4),
                     CP_RING_FAULTED); /* nothing is going to set it */
    bench_destroy(&b);
    bench_create(*state, &b);
    assert_int_equal(RUN(b.rig, b.ring, P3(0x46, 1), RESET), CP_RING_FAULTED);
    bench_destroy(&b);
}

/* What came, then what there was room for, and only of the first stream. */
static void test_streamout_counts(void **state)
{
    enum { STATS_0 = 0x20 | 3 << 8, STATS_1 = 0x01 | 3 << 8, START = 0x19 };
    const uint64_t written = UINT64_C(1) << 63;
    struct bench b;
    uint64_t *data;

    bench_create(*state, &b);
    data = rig_host(b.rig, b.data);
    assert_int_equal(RUN(b.rig, b.ring, P3(0x46, 1), START, STREAMOUT_ON(31),
                         UPDATE(UPDATE_BUFFER_2, 0, 0), P3(0x2f, 1), 3, P3(0x2d, 2), 4, AUTO,
                         P3(0x46, 3), STATS_0, VA(b.data), P3(0x46, 3), STATS_1, VA(b.data + 16)),
                     CP_RING_DONE);
    assert_true(data[0] == (written | 12) && data[1] == (written | 10));
    assert_true(data[2] == written && data[3] == written);
    bench_destroy(&b);
}

/* Draws as many vertices as were captured. */
static void test_opaque(void **state)
{
    enum { USE_OPAQUE = 1 << 6 };
    struct bench b;

    bench_create(*state, &b);
    *(uint32_t *)rig_host(b.rig, b.data) = 12 + 7 * 12 + 11;
    assert_int_equal(RUN(b.rig, b.ring, SET_CONTEXT(GFX_VGT_STRMOUT_DRAW_OPAQUE_OFFSET, 12),
                         SET_CONTEXT(GFX_VGT_STRMOUT_DRAW_OPAQUE_VERTEX_STRIDE, 12), P3(0x9f, 4),
                         VA(b.data), OPAQUE_REGISTER, 1, P3(0x2d, 2), 0, AUTO | USE_OPAQUE),
                     CP_RING_DONE);
    expect_vertices(&b, 0, 7, 1);
    expect_instances(&b, 0, 1, 7);
    assert_int_equal(RUN(b.rig, b.ring,
                         SET_CONTEXT(GFX_VGT_STRMOUT_DRAW_OPAQUE_BUFFER_FILLED_SIZE, 11),
                         P3(0x2d, 2), 0, AUTO | USE_OPAQUE),
                     CP_RING_DONE);
    expect_vertices(&b, 0, 0, 0);
    bench_destroy(&b);
}

/* ---- predicates that are queries ---- */

enum { /* SET_PREDICATION */
       BY_SAMPLES = 1 << 16,
       BY_STREAMOUT = 2 << 16,
       IF_VISIBLE = 1 << 8,
       NO_WAIT = 1 << 12,
};

/* A draw behind it is done if it says so. */
static bool predicate_draws(struct bench *b, uint32_t first, uint32_t second)
{
    const uint32_t goes_on = 1u << 31;
    bool drawn;

    assert_int_equal(RUN(b->rig, b->ring, P3(0x20, 3), first, VA(b->data), P3(0x20, 3),
                         second ? second | goes_on : first, VA(b->data + (second ? 2048 : 0)),
                         P3(0x2d, 2) | 1, 8, AUTO, P3(0x20, 3), 0, 0, 0),
                     CP_RING_DONE);
    drawn = b->words[0] != 0;
    memset(b->words, 0, WORDS * 4);
    return drawn;
}

static void test_predicated_by_streamout(void **state)
{
    const uint64_t written = UINT64_C(1) << 63;
    struct bench b;
    uint64_t *first, *second;

    bench_create(*state, &b);
    first = rig_host(b.rig, b.data);
    second = first + 256;
    for (unsigned lost = 0; lost < 4; lost++) {
        const uint64_t counts[2][4] = {
            {written | 5, written | 3, written | 9, written | (7 - (lost & 1))},
            {written | 2, written | 2, written | 8, written | (lost >= 2 ? 7 : 8)}};

        memcpy(first, counts[0], sizeof(counts[0]));
        memcpy(second, counts[1], sizeof(counts[1]));
        assert_int_equal(predicate_draws(&b, BY_STREAMOUT | IF_VISIBLE, 0), !(lost & 1));
        assert_int_equal(predicate_draws(&b, BY_STREAMOUT, 0), lost & 1);
        assert_int_equal(predicate_draws(&b, BY_STREAMOUT | IF_VISIBLE, BY_STREAMOUT | IF_VISIBLE),
                         lost == 0);
        assert_int_equal(predicate_draws(&b, BY_STREAMOUT, BY_STREAMOUT), lost != 0);
    }
    first[3] = 0; /* not known yet: draws in either case */
    assert_true(predicate_draws(&b, BY_STREAMOUT | IF_VISIBLE | NO_WAIT, 0));
    assert_true(predicate_draws(&b, BY_STREAMOUT | NO_WAIT, 0));
    bench_destroy(&b);
}

/* As the render backends write them, two counts each. */
static void test_predicated_by_samples(void **state)
{
    const uint64_t written = UINT64_C(1) << 63;
    struct bench b;
    uint64_t *data;

    bench_create(*state, &b);
    data = rig_host(b.rig, b.data);
    for (unsigned passed = 0; passed < 2; passed++) {
        for (unsigned i = 0; i < 64; i++)
            data[i] = data[256 + i] = written | 100;
        data[5] += passed; /* at the end, of the third one */
        assert_int_equal(predicate_draws(&b, BY_SAMPLES | IF_VISIBLE, 0), passed);
        assert_int_equal(predicate_draws(&b, BY_SAMPLES, 0), !passed);
        assert_int_equal(predicate_draws(&b, BY_SAMPLES | IF_VISIBLE, BY_SAMPLES | IF_VISIBLE),
                         passed);
    }
    data[1] = 0;
    assert_true(predicate_draws(&b, BY_SAMPLES | IF_VISIBLE | NO_WAIT, 0));
    assert_true(predicate_draws(&b, BY_SAMPLES | NO_WAIT, 0));
    bench_destroy(&b);
}

/* ---- what goes wrong ---- */

static void test_refused(void **state)
{
    enum { HS_EN = 1 << 2, OPAQUE = 1 << 6 };
    struct bench b;

    bench_create(*state, &b);
    assert_int_equal(RUN(b.rig, b.ring, P3(0x2d, 2), 3, AUTO | OPAQUE), CP_RING_FAULTED); /* of 0 */
    bench_destroy(&b);
    bench_create(*state, &b);
    assert_int_equal(RUN(b.rig, b.ring, P3(0x2d, 2), 3, 0), CP_RING_FAULTED); /* whose indices? */
    bench_destroy(&b);
    bench_create(*state, &b);
    assert_int_equal(
        RUN(b.rig, b.ring, SET_CONTEXT(GFX_VGT_SHADER_STAGES_EN, HS_EN), P3(0x2d, 2), 3, AUTO),
        CP_RING_FAULTED);
    bench_destroy(&b);
    bench_create(*state, &b);
    assert_int_equal(RUN(b.rig, b.ring, P3(0x27, 5), 8, VA(UINT64_C(0x123456780000)), 3, 0),
                     CP_RING_FAULTED); /* no indices there */
    bench_destroy(&b);
}

/* Memory that the program takes away while the GPU still has it mapped. */
static void test_user_memory_that_goes(void **state)
{
    struct bench b;
    uint8_t *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint64_t va;

    assert_true(memory != MAP_FAILED);
    bench_create(*state, &b);
    va = rig_map_user(b.rig, memory, 4096);
    for (int turn = 0; turn < 2; turn++) {
        assert_int_equal(
            RUN(b.rig, b.ring, SET_SH(GFX_SPI_SHADER_USER_DATA_VS_0, VA(va)), P3(0x2d, 2), 3, AUTO),
            turn ? CP_RING_FAULTED : CP_RING_DONE);
        assert_int_equal(mprotect(memory, 4096, PROT_NONE), 0);
    }
    bench_destroy(&b);
    munmap(memory, 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(test_auto),
        SUITE_TEST(test_indexed),
        SUITE_TEST(test_indirect),
        SUITE_TEST(test_indirect_many),
        SUITE_TEST(test_predicated),
        SUITE_TEST(test_streamout_update),
        SUITE_TEST(test_streamout_flush),
        SUITE_TEST(test_streamout_counts),
        SUITE_TEST(test_opaque),
        SUITE_TEST(test_predicated_by_streamout),
        SUITE_TEST(test_predicated_by_samples),
        SUITE_TEST(test_refused),
        SUITE_TEST(test_user_memory_that_goes),
    };

    suite_quiet();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
