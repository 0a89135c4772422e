/* SPDX-License-Identifier: MIT
 *
 * Jobs that hang or fault: who is told what, and that others go on. Only the engine that a group is
 * about has a time-out: on a busy machine, what only takes long on another one is no hang. Times
 * are read once in a process, so each group has its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/wait.h>

#include "tests/contract/drm/support.h"

#define GFX     AMDGPU_HW_IP_GFX
#define COMPUTE AMDGPU_HW_IP_COMPUTE
#define DMA     AMDGPU_HW_IP_DMA

static uint64_t hang(struct client *c, unsigned ip)
{
    uint64_t sequence;
    struct drm_amdgpu_cs_chunk_ib ib = ip == DMA ? IB(c, ip, 0, SDMA_WAIT(word_va(c, 9), 1))
                                                 : IB(c, ip, 0, PM4_WAIT(word_va(c, 9), 1));

    assert_int_equal(submit_ib(c, ib, &sequence), 0);
    return sequence;
}

static uint32_t state2(struct client *c, uint32_t ctx)
{
    union drm_amdgpu_ctx args = {.in = {.op = AMDGPU_CTX_OP_QUERY_STATE2, .ctx_id = ctx}};

    assert_int_equal(call(c->fd, DRM_IOCTL_AMDGPU_CTX, &args), 0);
    return args.out.state.flags;
}

static uint32_t reset_status(struct client *c, uint32_t ctx)
{
    union drm_amdgpu_ctx args = {.in = {.op = AMDGPU_CTX_OP_QUERY_STATE, .ctx_id = ctx}};

    assert_int_equal(call(c->fd, DRM_IOCTL_AMDGPU_CTX, &args), 0);
    return args.out.state.reset_status;
}

static void assert_works(struct client *c, uint32_t ctx, unsigned ip)
{
    struct submission s = {.ctx = ctx};
    struct drm_amdgpu_cs_chunk_ib ib = ip == DMA ? IB(c, ip, 0, SDMA_WRITE(word_va(c, 3), 42))
                                                 : IB(c, ip, 0, PM4_WRITE(word_va(c, 3), 42));
    uint64_t sequence;
    bool busy;

    c->memory[3] = 0;
    chunk_add(&s, AMDGPU_CHUNK_ID_IB, &ib, sizeof ib);
    assert_int_equal(submit(c->fd, &s, &sequence), 0);
    assert_int_equal(wait_cs(c->fd, ctx, ip, 0, sequence, FOREVER, &busy), 0);
    assert_int_equal(c->memory[3], 42);
}

static void a_hang(unsigned ip)
{
    struct client c;
    uint32_t innocent;
    uint64_t hung, behind;
    bool busy;

    client_open(&c);
    innocent = ctx_new(c.fd);
    hung = hang(&c, ip);
    assert_int_equal(submit_ib(&c, IB(&c, ip, 0, ip == DMA ? 0 : PM4_NOP), &behind), 0);
    assert_int_equal(state2(&c, c.ctx), 0);
    /* The wait that sees the time-out gets it; later ones see the context's jobs skipped. */
    assert_int_equal(wait_cs(c.fd, c.ctx, ip, 0, hung, FOREVER, &busy), ETIME);
    while (wait_cs(c.fd, c.ctx, ip, 0, behind, FOREVER, &busy) != ECANCELED)
        sleep_ms(1);
    assert_int_equal(submit_ib(&c, IB(&c, GFX, 0, PM4_NOP), NULL), ECANCELED);
    assert_int_equal(state2(&c, c.ctx),
                     AMDGPU_CTX_QUERY2_FLAGS_RESET | AMDGPU_CTX_QUERY2_FLAGS_GUILTY);
    assert_int_equal(state2(&c, innocent), AMDGPU_CTX_QUERY2_FLAGS_RESET);
    assert_int_equal(reset_status(&c, innocent), AMDGPU_CTX_UNKNOWN_RESET);
    assert_int_equal(reset_status(&c, innocent), AMDGPU_CTX_NO_RESET); /* since then */
    assert_works(&c, innocent, ip);
    assert_works(&c, ctx_new(c.fd), ip);
    client_close(&c);
}

static void a_hung_graphics_job(void **state)
{
    (void)state;
    a_hang(GFX);
}

static void a_hung_compute_job(void **state)
{
    (void)state;
    a_hang(COMPUTE);
}

static void a_hung_sdma_job(void **state)
{
    (void)state;
    a_hang(DMA);
}

/* Other rings and other files do not notice. */
static void others_go_on(void **state)
{
    struct client c, other;
    uint64_t hung, slow, sequence;
    uint32_t ctx;
    bool busy;

    (void)state;
    client_open(&c);
    client_open(&other);
    hung = hang(&c, GFX);
    assert_works(&other, other.ctx, COMPUTE);
    ctx = ctx_new(c.fd);
    assert_works(&c, ctx, DMA);
    /* One that was begun before the reset, and ends behind it. */
    assert_int_equal(
        submit_ib(&other, IB(&other, COMPUTE, 0, PM4_WAIT(word_va(&other, 0), 1)), &slow), 0);
    assert_int_equal(wait_cs(c.fd, c.ctx, GFX, 0, hung, FOREVER, &busy), ETIME);
    other.memory[0] = 1;
    assert_done(&other, COMPUTE, 0, slow);
    assert_int_equal(submit_ib(&other, IB(&other, GFX, 0, PM4_NOP), &sequence), 0);
    client_close(&c);
    client_close(&other);
}

static void a_fault_is_a_hang_at_once(void **state)
{
    const uint64_t nowhere = UINT64_C(0x7654321000);
    struct drm_uapi_info_gpuvm_fault fault;
    struct drm_amdgpu_info info = {.query = DRM_UAPI_INFO_GPUVM_FAULT,
                                   .return_pointer = (uintptr_t)&fault,
                                   .return_size = sizeof fault};
    struct client c;
    uint64_t sequence;
    bool busy;

    (void)state;
    client_open(&c);
    assert_int_equal(submit_ib(&c, IB(&c, GFX, 0, PM4_WRITE(nowhere + 8, 1)), &sequence), 0);
    assert_int_equal(wait_cs(c.fd, c.ctx, GFX, 0, sequence, FOREVER, &busy), ETIME);
    assert_int_equal(submit_ib(&c, IB(&c, GFX, 0, PM4_NOP), NULL), ECANCELED);
    assert_int_equal(call(c.fd, DRM_IOCTL_AMDGPU_INFO, &info), 0);
    assert_int_equal(fault.addr, nowhere);
    assert_int_not_equal(fault.status & 1 << 18, 0); /* a write */
    assert_works(&c, ctx_new(c.fd), GFX);
    client_close(&c);
}

static void a_bad_packet_fails_its_job(void **state)
{
    struct client c;
    uint64_t sequence;
    bool busy;

    (void)state;
    client_open(&c);
    assert_int_equal(submit_ib(&c, IB(&c, GFX, 0, pm4(0xff, 2), 0), &sequence), 0);
    assert_int_equal(wait_cs(c.fd, c.ctx, GFX, 0, sequence, FOREVER, &busy), ETIME);
    assert_works(&c, ctx_new(c.fd), GFX);
    client_close(&c);
}

/* Who waits for a hung job's fence is let go, and runs. */
static void waiters_of_a_hung_job_run(void **state)
{
    struct client c;
    struct submission s = {0};
    struct drm_amdgpu_cs_chunk_ib ib;
    struct drm_amdgpu_cs_chunk_dep dep;
    uint64_t sequence;
    bool busy;
    uint32_t other;

    (void)state;
    client_open(&c);
    other = ctx_new(c.fd);
    s.ctx = other;
    dep = (struct drm_amdgpu_cs_chunk_dep){
        .ip_type = COMPUTE, .ctx_id = c.ctx, .handle = hang(&c, COMPUTE)};
    ib = IB(&c, GFX, 0, PM4_WRITE(word_va(&c, 3), 7));
    chunk_add(&s, AMDGPU_CHUNK_ID_IB, &ib, sizeof ib);
    chunk_add(&s, AMDGPU_CHUNK_ID_DEPENDENCIES, &dep, sizeof dep);
    assert_int_equal(submit(c.fd, &s, &sequence), 0);
    assert_int_equal(wait_cs(c.fd, other, GFX, 0, sequence, FOREVER, &busy), 0);
    assert_int_equal(c.memory[3], 7);
    client_close(&c);
}

static uint32_t vram_losses(int fd)
{
    uint32_t count = UINT32_MAX;
    struct drm_amdgpu_info info = {.query = AMDGPU_INFO_VRAM_LOST_COUNTER,
                                   .return_pointer = (uintptr_t)&count,
                                   .return_size = sizeof count};

    assert_int_equal(call(fd, DRM_IOCTL_AMDGPU_INFO, &info), 0);
    return count;
}

/* By its user, so that nobody is guilty: what runs and what waits is lost, and all contexts that
 * the GPU has had see it. */
static void a_whole_device_is_reset(void **state)
{
    const uint32_t lost = AMDGPU_CTX_QUERY2_FLAGS_RESET | AMDGPU_CTX_QUERY2_FLAGS_VRAMLOST;
    struct client c, idle;
    uint64_t runs, waits;
    int elsewhere = node_of(1, true);
    struct client other = {.fd = elsewhere, .ctx = ctx_new(elsewhere)};
    bool busy;

    (void)state;
    client_open(&c);
    client_open(&idle);
    assert_int_equal(vram_losses(c.fd), 0);
    runs = hang(&c, GFX);
    assert_int_equal(submit_ib(&c, IB(&c, GFX, 0, PM4_WRITE(word_va(&c, 3), 7)), &waits), 0);
    assert_busy(&c, GFX, 0, runs);
    drm_device_reset(&test_machine->devices[0]);
    assert_int_equal(wait_cs(c.fd, c.ctx, GFX, 0, runs, FOREVER, &busy), ECANCELED);
    assert_int_equal(wait_cs(c.fd, c.ctx, GFX, 0, waits, FOREVER, &busy), ECANCELED);
    assert_int_equal(c.memory[3], 0);
    assert_int_equal(state2(&c, c.ctx), lost);
    assert_int_equal(state2(&idle, idle.ctx), lost);
    assert_int_equal(state2(&c, ctx_new(c.fd)), 0);
    assert_int_equal(vram_losses(c.fd), 1);
    assert_int_equal(submit_ib(&c, IB(&c, GFX, 0, PM4_NOP), NULL),
                     ECANCELED); /* behind a lost one */
    assert_works(&c, c.ctx, COMPUTE);
    assert_works(&idle, idle.ctx, GFX);
    assert_int_equal(state2(&other, other.ctx), 0);
    assert_int_equal(vram_losses(elsewhere), 0);
    client_close(&c);
    client_close(&idle);
    node_close(elsewhere);
}

/* ---- groups ---- */

#define SOON "1000" /* ms, and not so soon that a good job behind the hung one could miss it */

static const struct CMUnitTest graphics_tests[] = {
    cmocka_unit_test(a_hung_graphics_job),
    cmocka_unit_test(others_go_on),
    cmocka_unit_test(a_fault_is_a_hang_at_once),
    cmocka_unit_test(a_bad_packet_fails_its_job),
};
static const struct CMUnitTest compute_tests[] = {
    cmocka_unit_test(a_hung_compute_job),
    cmocka_unit_test(waiters_of_a_hung_job_run),
};
static const struct CMUnitTest sdma_tests[] = {
    cmocka_unit_test(a_hung_sdma_job),
};
static const struct CMUnitTest device_tests[] = {
    cmocka_unit_test(a_whole_device_is_reset),
};

#define RUN_GROUP(timeouts, tests)                                                                 \
    (setenv("ROCWELD_LOCKUP_TIMEOUT", (timeouts), 1),                                              \
     cmocka_run_group_tests(tests, machine_setup, NULL))

static int group_run(unsigned group)
{
    cmocka_set_message_output(CM_OUTPUT_TAP);
    switch (group) {
    case 0:
        return RUN_GROUP(SOON ",-1,-1", graphics_tests);
    case 1:
        return RUN_GROUP("-1," SOON ",-1", compute_tests);
    case 2:
        return RUN_GROUP("-1,-1," SOON, sdma_tests);
    default:
        return RUN_GROUP("-1,-1,-1", device_tests);
    }
}

int main(void)
{
    int failed = 0;

    for (unsigned group = 0; group < 4; group++) {
        int status = -1;
        pid_t child = fork();

        if (child == 0)
            exit(group_run(group));
        failed |= child < 0 || waitpid(child, &status, 0) != child || status != 0;
    }
    return failed;
}
