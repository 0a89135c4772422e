/* SPDX-License-Identifier: MIT
 *
 * Many submissions from several threads on several rings: all run, in their rings' order, and
 * nothing is left behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <malloc.h>
#include <pthread.h>

#include "tests/contract/drm/support.h"

enum { THREADS = 4, SUBMISSIONS = 25000, BATCH = IB_SLOTS / THREADS };

static const struct {
    unsigned ip, ring;
} rings[] = {{AMDGPU_HW_IP_GFX, 0}, {AMDGPU_HW_IP_COMPUTE, 1}, {AMDGPU_HW_IP_DMA, 0}};
enum { RINGS = sizeof rings / sizeof rings[0] };

struct worker {
    struct client *client;
    unsigned number, made;
    uint32_t ctx, syncobj;
    pthread_t thread;
    int err;
};

/* Its jobs write 1, 2, 3... to a word per ring. */
static unsigned word_of(const struct worker *w, unsigned ring)
{
    return (w->number * RINGS + ring) * 16;
}

static int one(struct worker *w, unsigned ring, uint32_t value, uint64_t *out_sequence)
{
    struct client *c = w->client;
    uint64_t va = word_va(c, word_of(w, ring));
    const uint32_t sdma[] = {SDMA_WRITE(va, value)}, pm4_[] = {PM4_WRITE(va, value)};
    unsigned slot = w->number * BATCH + w->made++ % BATCH;
    struct drm_amdgpu_cs_chunk_ib ib =
        ib_make_in(c, slot, rings[ring].ip, rings[ring].ring,
                   rings[ring].ip == AMDGPU_HW_IP_DMA ? sdma : pm4_, 5);
    struct drm_amdgpu_cs_chunk_sem out = {.handle = w->syncobj};
    struct drm_amdgpu_bo_list_entry entry = {.bo_handle = c->bo};
    struct drm_amdgpu_bo_list_in bos = {
        .bo_number = 1, .bo_info_size = sizeof entry, .bo_info_ptr = (uintptr_t)&entry};
    struct submission s = {.ctx = w->ctx};

    chunk_add(&s, AMDGPU_CHUNK_ID_IB, &ib, sizeof ib);
    chunk_add(&s, AMDGPU_CHUNK_ID_BO_HANDLES, &bos, sizeof bos);
    chunk_add(&s, AMDGPU_CHUNK_ID_SYNCOBJ_OUT, &out, sizeof out);
    if (value > 1)
        chunk_add(&s, AMDGPU_CHUNK_ID_SYNCOBJ_IN, &out, sizeof out);
    return submit(c->fd, &s, out_sequence);
}

/* Each thread has its own places for indirect buffers; a batch is over before they come again. */
static void *worker_main(void *argument)
{
    struct worker *w = argument;
    uint64_t last[RINGS] = {0};

    for (unsigned done = 0; done < SUBMISSIONS && !w->err;) {
        for (unsigned i = 0; i < BATCH && !w->err && done < SUBMISSIONS; i++, done++)
            w->err = one(w, done % RINGS, done / RINGS + 1, &last[done % RINGS]);
        for (unsigned r = 0; r < RINGS && !w->err; r++) {
            bool busy;

            if (last[r])
                w->err = wait_cs(w->client->fd, w->ctx, rings[r].ip, rings[r].ring, last[r],
                                 FOREVER, &busy);
        }
    }
    return NULL;
}

static void run(struct client *c)
{
    struct worker workers[THREADS];

    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){
            .client = c, .number = i, .ctx = ctx_new(c->fd), .syncobj = syncobj_new(c->fd)};
        pthread_create(&workers[i].thread, NULL, worker_main, &workers[i]);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].err, 0);
        for (unsigned r = 0; r < RINGS; r++)
            assert_int_equal(c->memory[word_of(&workers[i], r)],
                             (SUBMISSIONS - r + RINGS - 1) / RINGS);
    }
}

static void nothing_is_left_behind(void **state)
{
    struct client c;
    size_t before, after;
    uint64_t vram;

    (void)state;
    client_open(&c); /* what is made once per process */
    assert_int_equal(submit_ib(&c, IB(&c, AMDGPU_HW_IP_GFX, 0, PM4_NOP), NULL), 0);
    client_close(&c);
    vram = vram_used(0);
    before = mallinfo2().uordblks;
    client_open(&c);
    run(&c);
    client_close(&c);
    after = mallinfo2().uordblks;
    assert_int_equal(vram_used(0), vram);
    /* A leak of one byte per submission would show. */
    assert_true(after < before + THREADS * SUBMISSIONS);
}

static atomic_bool enough;

static void *busy_main(void *argument)
{
    struct worker *w = argument;
    uint64_t sequence;

    for (uint32_t i = 1; !atomic_load(&enough) && !w->err; i++) {
        bool busy;

        w->err = one(w, 0, i, &sequence);
        if (!w->err && i % BATCH == 0)
            w->err = wait_cs(w->client->fd, w->ctx, rings[0].ip, rings[0].ring, sequence, FOREVER,
                             &busy);
    }
    return NULL;
}

/* Unmapping waits for what has been submitted, not for what others go on to submit. */
static void unmapping_is_not_held_up(void **state)
{
    const uint64_t va = MEMORY_VA + MEMORY_BYTES;
    struct worker workers[2];
    struct client c;
    uint32_t bo;

    (void)state;
    client_open(&c);
    bo = gem_create(c.fd, 4096, AMDGPU_GEM_DOMAIN_VRAM);
    for (unsigned i = 0; i < 2; i++) {
        workers[i] = (struct worker){
            .client = &c, .number = i, .ctx = ctx_new(c.fd), .syncobj = syncobj_new(c.fd)};
        pthread_create(&workers[i].thread, NULL, busy_main, &workers[i]);
    }
    for (unsigned i = 0; i < 50; i++) {
        assert_int_equal(gem_va(c.fd, AMDGPU_VA_OP_MAP, bo, va, 0, 4096, VA_RW), 0);
        assert_int_equal(gem_va(c.fd, AMDGPU_VA_OP_UNMAP, bo, va, 0, 4096, 0), 0);
    }
    atomic_store(&enough, true);
    for (unsigned i = 0; i < 2; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].err, 0);
    }
    client_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_left_behind),
        cmocka_unit_test(unmapping_is_not_held_up),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, machine_setup, NULL);
}
