/* SPDX-License-Identifier: MIT
 *
 * PM4 packets on kernel rings: what the graphics engine and the constant engine take, registers
 * and their spaces, queries, predication. The packets that compute queues have, too, are in
 * pm4_test.c.
 */
#include "pm4_ring.h"

#include "softgpu/cp/pm4.h"
#include "softgpu/gfx/registers.h"

static void test_registers(void **state)
{
    struct rig *rig = *state;
    struct cp_ring *ring = ring_make(rig, CP_RING_GFX);
    uint64_t to = rig_alloc(rig, 64, 64), from = rig_alloc(rig, 4096, 64);
    uint32_t *words = rig_host(rig, to), *source = rig_host(rig, from);

    source[0] = 0x11;
    source[0x240 + 3] = 0x22;
    assert_int_equal(
        RUN(rig, ring, P3(0x28, 2), 0x80000000, 0x80000000, P3(0x12, 1), 0,       /* clear */
            STORE(GFX_PA_SC_SCREEN_SCISSOR_BR, to),                               /* by now */
            P3(0x69, 3), GFX_CB_BLEND_RED - 0xa000, 5, 6,                         /* context */
            P3(0x51, 3), GFX_CB_BLEND_RED - 0xa000, 0xf0, 0xff,                   /* rmw */
            STORE(GFX_CB_BLEND_RED, to + 4), STORE(GFX_CB_BLEND_RED + 1, to + 8), /* */
            P3(0x79, 2), GFX_VGT_PRIMITIVE_TYPE - 0xc000, 7,                      /* uconfig */
            STORE(GFX_VGT_PRIMITIVE_TYPE, to + 12),                               /* */
            P3(0x63, 4), VA(from), GFX_COMPUTE_USER_DATA_0 - 0x2c00, 1,           /* load */
            STORE(GFX_COMPUTE_USER_DATA_0, to + 16),                              /* */
            P3(0x5f, 4), VA(from), GFX_COMPUTE_USER_DATA_0 + 3 - 0x2c00, 1,       /* of a shadow */
            STORE(GFX_COMPUTE_USER_DATA_0 + 3, to + 20),                          /* */
            P3(0x9b, 2), (GFX_SPI_SHADER_PGM_RSRC3_PS - 0x2c00) | 3u << 28, 0xffff, /* index */
            STORE(GFX_SPI_SHADER_PGM_RSRC3_PS, to + 24)),
        CP_RING_DONE);
    assert_int_equal(words[0], 0x40004000);
    assert_int_equal(words[1], 0xf5);
    assert_int_equal(words[2], 6);
    assert_int_equal(words[3], 7);
    assert_int_equal(words[4], 0x11);
    assert_int_equal(words[5], 0x22);
    assert_int_equal(words[6], 0xffff);
    cp_ring_destroy(ring);
}

static void test_register_table(void **state)
{
    static struct gfx_registers registers;

    (void)state;
    assert_string_equal(gfx_register_name(GFX_COMPUTE_PGM_LO), "COMPUTE_PGM_LO");
    assert_string_equal(gfx_register_name(GFX_DB_RENDER_CONTROL), "DB_RENDER_CONTROL");
    assert_null(gfx_register_name(0x1234));
    assert_ptr_equal(gfx_registers_at(&registers, GFX_COMPUTE_PGM_LO, 1),
                     &registers.sh[GFX_COMPUTE_PGM_LO - 0x2c00]);
    assert_null(gfx_registers_at(&registers, 0x2fff, 2)); /* across the end of a space */
    assert_null(gfx_registers_at(&registers, 0x1fff, 1));
    assert_string_equal(cp_pm4_packet_name(P3(0x15, 4)), "DISPATCH_DIRECT");
    assert_string_equal(cp_pm4_packet_name(P3(0xee, 4)), "unknown");
}

/* The grid's size lies at a base; invocations are counted between START and STOP. */
static void test_dispatch_and_statistics(void **state)
{
    enum { ENABLE = 1, WAVE32 = 1 << 15, CS_INVOCATIONS = 10 };
    struct rig *rig = *state;
    struct cp_ring *ring = ring_make(rig, CP_RING_GFX);
    uint64_t code = rig_alloc(rig, sizeof(program_fill), 256);
    uint64_t kernarg = rig_alloc(rig, 64, 64), buffer = rig_alloc(rig, 1024, 64);
    uint64_t grid = rig_alloc(rig, 64, 64), to = rig_alloc(rig, 256, 64);
    const uint64_t *counts = rig_host(rig, to);
    const uint32_t *words = rig_host(rig, buffer);

    memcpy(rig_host(rig, code), program_fill, sizeof(program_fill));
    memcpy(rig_host(rig, kernarg), &buffer, 8);
    memcpy(rig_host(rig, grid + 4), (uint32_t[]){2, 1, 1}, 12);
    assert_int_equal(
        RUN(rig, ring, P3(0x46, 1), 0x19, P3(0x76, 4), GFX_COMPUTE_NUM_THREAD_X - 0x2c00, 64, 1, 1,
            P3(0x76, 3), GFX_COMPUTE_PGM_LO - 0x2c00, LO(code >> 8), HI(code >> 8), P3(0x76, 3),
            GFX_COMPUTE_PGM_RSRC1 - 0x2c00, 2, 2 << 1 | RIG_GROUP_X, P3(0x76, 3),
            GFX_COMPUTE_USER_DATA_0 - 0x2c00, VA(kernarg), P3(0x11, 3), 1, VA(grid), P3(0x16, 2), 4,
            ENABLE | WAVE32, P3(0x46, 1), 7 | 4 << 8, P3(0x46, 1), 0x1a, /* */
            P3(0x46, 3), 0x1e | 2 << 8, VA(to)),
        CP_RING_DONE);
    for (unsigned i = 0; i < 128; i++)
        assert_int_equal(words[i], 3 * i + 1);
    assert_int_equal(words[128], 0);
    assert_int_equal(counts[CS_INVOCATIONS], 128);
    assert_int_equal(counts[0], 0);
    cp_ring_destroy(ring);
}

static void test_queries(void **state)
{
    struct rig *rig = *state;
    struct cp_ring *ring = ring_make(rig, CP_RING_GFX);
    unsigned backends = rig->device.profile->render_backends;
    uint64_t to = rig_alloc(rig, 1024, 64), fences = rig_alloc(rig, 64, 64);
    const uint64_t *counts = rig_host(rig, to);
    const uint32_t *words = rig_host(rig, fences);

    assert_int_equal(RUN(rig, ring, P3(0x46, 3), 0x15 | 1 << 8, VA(to), /* samples passed */
                         P3(0x49, 7), 0x28 | 5 << 8, 1u << 29 | 3 << 24, VA(fences), 9, 0, 0, /* */
                         P3(0x47, 5), 0x28 | 5 << 8, LO(fences + 4), HI(fences) | 1u << 29, 8, 0,
                         P3(0x48, 4), 0x2f | 6 << 8, LO(fences + 8), HI(fences) | 2u << 29, 7,
                         P3(0x45, 8), 3 | 1 << 4 | 1 << 8, VA(fences), 9, ~0u, VA(fences + 12), 6,
                         P3(0x45, 8), 4 | 1 << 4 | 1 << 8, VA(fences), 9, ~0u, VA(fences + 16), 5),
                     CP_RING_DONE);
    for (unsigned i = 0; i < backends; i++)
        assert_true(counts[2 * i] == UINT64_C(1) << 63 && counts[2 * i + 1] == 0);
    assert_true(counts[2 * backends] == 0);
    assert_int_equal(words[0], 9);
    assert_int_equal(words[1], 8);
    assert_int_equal(words[2], 7);
    assert_int_equal(words[3], 6);
    assert_int_equal(words[4], 0);
    cp_ring_destroy(ring);
}

#define WRITE(predicate, va, value) P3(0x37, 4) | (predicate), 5 << 8, VA(va), value

static void test_predication(void **state)
{
    enum { VISIBLE = 1 << 8, BOOL64 = 3 << 16, BOOL32 = 4 << 16 };
    struct rig *rig = *state;
    struct cp_ring *ring = ring_make(rig, CP_RING_GFX);
    uint64_t to = rig_alloc(rig, 64, 64), on = rig_alloc(rig, 64, 64);
    const uint32_t *words = rig_host(rig, to);

    *(uint64_t *)rig_host(rig, on) = UINT64_C(1) << 32;
    assert_int_equal(RUN(rig, ring, P3(0x20, 3), BOOL64 | VISIBLE, VA(on), WRITE(1, to, 1),
                         P3(0x20, 3), BOOL64, VA(on), WRITE(1, to + 4, 1), WRITE(0, to + 8, 1),
                         P3(0x20, 3), BOOL32 | VISIBLE, VA(on), WRITE(1, to + 12, 1), P3(0x20, 3),
                         0, 0, 0, WRITE(1, to + 16, 1)),
                     CP_RING_DONE);
    assert_int_equal(words[0], 1);
    assert_int_equal(words[1], 0); /* wanted zero */
    assert_int_equal(words[2], 1); /* does not care */
    assert_int_equal(words[3], 0); /* the low half is zero */
    assert_int_equal(words[4], 1); /* cleared */
    cp_ring_destroy(ring);
}

static void test_constant_engine(void **state)
{
    struct rig *rig = *state;
    struct cp_ring *ring = ring_make(rig, CP_RING_GFX);
    uint64_t to = rig_alloc(rig, 64, 64);
    const uint32_t constant[] = {P3(0x89, 1), 0, P3(0x84, 1), 1};
    const uint32_t draw[] = {WRITE(0, to + 4, 1), P3(0x86, 1), 1, P3(0x85, 1), 0, WRITE(0, to, 3)};
    struct cp_ring_ib ibs[2] = {ib_put(rig, constant, 4), ib_put(rig, draw, sizeof(draw) / 4)};
    uint32_t *begun = (uint32_t *)rig_host(rig, to) + 1;
    struct job job = {.job = {.ibs = &ibs[1], .ib_count = 1, .done = job_done}};

    ibs[0].constant_engine = true;
    assert_int_equal(run_ibs(ring, ibs, 2), CP_RING_DONE);
    assert_int_equal(*(uint32_t *)rig_host(rig, to), 3);
    /* Without the constant engine's half the draw engine waits until somebody loses patience. */
    __atomic_store_n(begun, 0, __ATOMIC_RELAXED);
    cp_ring_submit(ring, &job.job);
    while (!__atomic_load_n(begun, __ATOMIC_ACQUIRE))
        rig_sleep_us(100);
    rig_sleep_us(2000);
    assert_int_equal(atomic_load(&job.done), 0);
    cp_ring_reset(ring, &job.job);
    assert_true(rig_wait_count(&job.done, 1));
    assert_int_equal(job.result, CP_RING_RESET);
    cp_ring_destroy(ring);
}

static void test_rewind(void **state)
{
    struct rig *rig = *state;
    struct cp_ring *ring = ring_make(rig, CP_RING_COMPUTE);
    uint64_t to = rig_alloc(rig, 64, 64);
    const uint32_t code[] = {P3(0x59, 1), 0, WRITE(0, to, 3)};
    struct cp_ring_ib ib = ib_put(rig, code, sizeof(code) / 4);
    struct job job = {.job = {.ibs = &ib, .ib_count = 1, .done = job_done}};
    uint32_t *words = rig_host(rig, ib.va.addr);

    cp_ring_submit(ring, &job.job);
    rig_sleep_us(1000);
    assert_int_equal(atomic_load(&job.done), 0);
    words[6] = 4; /* the program writes what follows, then says so */
    __atomic_store_n(&words[1], 1u << 31, __ATOMIC_RELEASE);
    assert_true(rig_wait_count(&job.done, 1));
    assert_int_equal(*(uint32_t *)rig_host(rig, to), 4);
    cp_ring_destroy(ring);
}

/* A job that cannot be done fails, and the next one finds the ring as new. */
static void test_refused(void **state)
{
    struct rig *rig = *state;
    struct cp_ring *gfx = ring_make(rig, CP_RING_GFX), *mec = ring_make(rig, CP_RING_COMPUTE);
    uint64_t to = rig_alloc(rig, 64, 64);
    uint32_t *words = rig_host(rig, to);

    words[0] = 0x55;
    assert_int_equal(RUN(rig, gfx, P3(0x76, 2), 0x240, 9, P3(0x2d, 2), 3, 2), CP_RING_FAULTED);
    assert_int_equal(RUN(rig, gfx, STORE(GFX_COMPUTE_USER_DATA_0, to)), CP_RING_DONE);
    assert_int_equal(words[0], 0);
    assert_int_equal(RUN(rig, mec, P3(0x69, 2), 0, 0), CP_RING_FAULTED);     /* context registers */
    assert_int_equal(RUN(rig, mec, P3(0x12, 1), 0), CP_RING_FAULTED);        /* CLEAR_STATE */
    assert_int_equal(RUN(rig, gfx, P3(0x84, 1), 1), CP_RING_FAULTED);        /* the CE's */
    assert_int_equal(RUN(rig, gfx, P3(0x69, 2), 0x400, 0), CP_RING_FAULTED); /* no such register */
    assert_int_equal(RUN(rig, gfx, P3(0x46, 1), 0x17), CP_RING_FAULTED); /* performance counters */
    assert_int_equal(RUN(rig, gfx, P3(0x20, 3), 5 << 16, VA(to)), CP_RING_FAULTED); /* unknown */
    assert_int_equal(RUN(rig, gfx, P3(0x37, 4), 0, 0x100, 0, 1), CP_RING_FAULTED);  /* GRBM */
    cp_ring_destroy(mec);
    cp_ring_destroy(gfx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SUITE_TEST(test_registers),
        cmocka_unit_test(test_register_table),
        SUITE_TEST(test_dispatch_and_statistics),
        SUITE_TEST(test_queries),
        SUITE_TEST(test_predication),
        SUITE_TEST(test_constant_engine),
        SUITE_TEST(test_rewind),
        SUITE_TEST(test_refused),
    };

    suite_quiet();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
