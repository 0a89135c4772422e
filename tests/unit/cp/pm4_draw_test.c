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

static void test_refused(void **state)
{
    enum { HS_EN = 1 << 2, OPAQUE = 1 << 6 };
    struct bench b;

    bench_create(*state, &b);
    assert_int_equal(RUN(b.rig, b.ring, P3(0x2d, 2), 3, AUTO | OPAQUE), CP_RING_FAULTED);
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
        SUITE_TEST(test_refused),
        SUITE_TEST(test_user_memory_that_goes),
    };

    suite_quiet();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
