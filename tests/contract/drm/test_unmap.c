/* SPDX-License-Identifier: MIT
 *
 * Unmapping while jobs are under way: the call returns at once, jobs that were submitted before it
 * still have their translations, and those that come later have not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#include "tests/contract/drm/support.h"

#define GFX       AMDGPU_HW_IP_GFX
#define COMPUTE   AMDGPU_HW_IP_COMPUTE
#define PAGE      UINT64_C(4096)
#define ELSEWHERE UINT64_C(0x200000000)

enum { GATE = 9, WITNESS = 3 }; /* words of the client's memory */

static int va(struct client *c, uint32_t operation, uint32_t bo, uint64_t at, uint64_t size)
{
    return gem_va(c->fd, operation, bo, at, 0, size, operation == AMDGPU_VA_OP_CLEAR ? 0 : VA_RW);
}

/* A job that waits at the gate, and then writes to `at`. */
static uint64_t write_behind_gate(struct client *c, uint64_t at, uint32_t value)
{
    uint64_t job;

    assert_int_equal(
        submit_ib(c, IB(c, GFX, 0, PM4_WAIT(word_va(c, GATE), 1), PM4_WRITE(at, value)), &job), 0);
    return job;
}

static uint64_t write_from(struct client *c, uint32_t ctx, uint64_t at, uint32_t value)
{
    struct drm_amdgpu_cs_chunk_ib ib = IB(c, COMPUTE, 0, PM4_WRITE(at, value));
    struct submission s = {.ctx = ctx};
    uint64_t job;

    chunk_add(&s, AMDGPU_CHUNK_ID_IB, &ib, sizeof ib);
    assert_int_equal(submit(c->fd, &s, &job), 0);
    return job;
}

static void operations_under_way(uint32_t operation)
{
    struct client c;
    uint64_t before, after;
    uint32_t late;
    bool busy;

    client_open(&c);
    late = ctx_new(c.fd); /* a fault makes its context guilty */
    assert_int_equal(va(&c, AMDGPU_VA_OP_MAP, c.bo, ELSEWHERE, PAGE), 0);
    before = write_behind_gate(&c, ELSEWHERE + 4 * WITNESS, 77);
    assert_int_equal(va(&c, operation, c.bo, ELSEWHERE, PAGE), 0);
    assert_busy(&c, GFX, 0, before); /* nothing has waited for it */
    after = write_from(&c, late, ELSEWHERE + 4 * WITNESS, 88);
    c.memory[GATE] = 1;
    assert_done(&c, GFX, 0, before);
    assert_int_equal(wait_cs(c.fd, late, COMPUTE, 0, after, FOREVER, &busy), ETIME); /* a fault */
    assert_int_equal(c.memory[WITNESS], 77);
    client_close(&c);
}

static void unmap_returns_at_once(void **state)
{
    (void)state;
    operations_under_way(AMDGPU_VA_OP_UNMAP);
}

static void clear_returns_at_once(void **state)
{
    (void)state;
    operations_under_way(AMDGPU_VA_OP_CLEAR);
}

/* Also when the memory has no handle any more. */
static void close_returns_at_once(void **state)
{
    struct client c;
    uint32_t bo, late;
    uint64_t before, after;
    bool busy;

    (void)state;
    client_open(&c);
    late = ctx_new(c.fd);
    bo = gem_create(c.fd, PAGE, AMDGPU_GEM_DOMAIN_GTT);
    assert_int_equal(va(&c, AMDGPU_VA_OP_MAP, bo, ELSEWHERE, PAGE), 0);
    before = write_behind_gate(&c, ELSEWHERE, 77);
    assert_int_equal(gem_close(c.fd, bo), 0);
    assert_busy(&c, GFX, 0, before);
    after = write_from(&c, late, ELSEWHERE, 88);
    c.memory[GATE] = 1;
    assert_done(&c, GFX, 0, before);
    assert_int_equal(wait_cs(c.fd, late, COMPUTE, 0, after, FOREVER, &busy), ETIME);
    client_close(&c);
}

/* A part of a mapping: the rest stays. */
static void a_cut_takes_only_its_part(void **state)
{
    struct client c;
    uint64_t before, after;

    (void)state;
    client_open(&c);
    assert_int_equal(va(&c, AMDGPU_VA_OP_MAP, c.bo, ELSEWHERE, 3 * PAGE), 0);
    before = write_behind_gate(&c, ELSEWHERE + PAGE, 77);
    assert_int_equal(va(&c, AMDGPU_VA_OP_CLEAR, 0, ELSEWHERE + PAGE, PAGE), 0);
    after = write_from(&c, c.ctx, ELSEWHERE + 2 * PAGE, 88);
    assert_busy(&c, GFX, 0, before);
    c.memory[GATE] = 1;
    assert_done(&c, GFX, 0, before);
    assert_done(&c, COMPUTE, 0, after);
    assert_int_equal(c.memory[PAGE / 4], 77);
    assert_int_equal(c.memory[2 * PAGE / 4], 88);
    client_close(&c);
}

/* Several, each behind the jobs before it: the second must not take away what the job between the
 * two uses. */
static void updates_come_in_order(void **state)
{
    const uint64_t second = ELSEWHERE + 16 * PAGE;
    struct client c;
    uint64_t before, between;

    (void)state;
    client_open(&c);
    assert_int_equal(va(&c, AMDGPU_VA_OP_MAP, c.bo, ELSEWHERE, PAGE), 0);
    assert_int_equal(va(&c, AMDGPU_VA_OP_MAP, c.bo, second, PAGE), 0);
    before = write_behind_gate(&c, ELSEWHERE + 4 * WITNESS, 77);
    assert_int_equal(va(&c, AMDGPU_VA_OP_UNMAP, c.bo, ELSEWHERE, PAGE), 0);
    between = write_from(&c, c.ctx, second + 4 * WITNESS + 4, 88);
    assert_int_equal(va(&c, AMDGPU_VA_OP_UNMAP, c.bo, second, PAGE), 0);
    c.memory[GATE] = 1;
    assert_done(&c, GFX, 0, before);
    assert_done(&c, COMPUTE, 0, between);
    assert_int_equal(c.memory[WITNESS], 77);
    assert_int_equal(c.memory[WITNESS + 1], 88);
    client_close(&c);
}

static void *open_gate(void *word)
{
    sleep_ms(20);
    __atomic_store_n((uint32_t *)word, 1, __ATOMIC_RELEASE);
    return NULL;
}

/* Something else in the place of what was unmapped: who comes before still has the old. */
static void what_comes_in_its_place(void **state)
{
    struct client c;
    uint32_t other;
    uint64_t before, after;
    volatile uint32_t *words;
    pthread_t opener;

    (void)state;
    client_open(&c);
    other = gem_create(c.fd, PAGE, AMDGPU_GEM_DOMAIN_GTT);
    words = bo_map(c.fd, other, PAGE);
    assert_int_equal(va(&c, AMDGPU_VA_OP_MAP, c.bo, ELSEWHERE, PAGE), 0);
    before = write_behind_gate(&c, ELSEWHERE + 4 * WITNESS, 77);
    assert_int_equal(va(&c, AMDGPU_VA_OP_UNMAP, c.bo, ELSEWHERE, PAGE), 0);
    assert_int_equal(pthread_create(&opener, NULL, open_gate, (void *)(uintptr_t)&c.memory[GATE]),
                     0);
    assert_int_equal(va(&c, AMDGPU_VA_OP_MAP, other, ELSEWHERE, PAGE), 0);
    after = write_from(&c, c.ctx, ELSEWHERE + 4 * WITNESS, 88);
    assert_done(&c, GFX, 0, before);
    assert_done(&c, COMPUTE, 0, after);
    pthread_join(opener, NULL);
    assert_int_equal(c.memory[WITNESS], 77);
    assert_int_equal(words[WITNESS], 88);
    mem_cpu_munmap((void *)words, PAGE);
    client_close(&c);
}

/* A file that ends with updates to be made. */
static void a_file_ends_meanwhile(void **state)
{
    struct client c;

    (void)state;
    client_open(&c);
    assert_int_equal(va(&c, AMDGPU_VA_OP_MAP, c.bo, ELSEWHERE, PAGE), 0);
    (void)write_behind_gate(&c, ELSEWHERE, 1);
    assert_int_equal(va(&c, AMDGPU_VA_OP_UNMAP, c.bo, ELSEWHERE, PAGE), 0);
    (void)write_from(&c, c.ctx, word_va(&c, 1), 1);
    c.memory[GATE] = 1;
    client_close(&c);
}

/* ---- many ---- */

enum { THREADS = 4, ROUNDS = 400, UNDER_WAY = 16 };

struct worker {
    struct client *c;
    uint32_t ctx;
    uint64_t at;
    unsigned index, word;
    unsigned failed_round; /* 0 = none; what a thread finds is asserted by the main one */
};

/* Maps, submits a job that writes through the mapping, and unmaps. */
static bool round_runs(struct worker *w, uint32_t i, uint64_t *out_job)
{
    const uint32_t packet[] = {PM4_WRITE(w->at + 4 * w->word, i)};
    struct submission s = {.ctx = w->ctx};
    struct drm_amdgpu_cs_chunk_ib ib = ib_make_in(w->c, w->index * UNDER_WAY + i % UNDER_WAY,
                                                  COMPUTE, 0, packet, sizeof packet / 4);
    bool ok;

    chunk_add(&s, AMDGPU_CHUNK_ID_IB, &ib, sizeof ib);
    ok = va(w->c, AMDGPU_VA_OP_MAP, w->c->bo, w->at, PAGE) == 0 &&
         submit(w->c->fd, &s, out_job) == 0 &&
         va(w->c, AMDGPU_VA_OP_UNMAP, w->c->bo, w->at, PAGE) == 0;
    w->at += PAGE; /* so that nothing comes in its place soon */
    return ok;
}

static void *map_write_unmap(void *argument)
{
    struct worker *w = argument;
    uint64_t job;
    bool busy, ok = true;

    for (uint32_t i = 1; ok && i <= ROUNDS; i++) {
        ok = round_runs(w, i, &job);
        if (ok && i % UNDER_WAY == 0)
            ok = wait_cs(w->c->fd, w->ctx, COMPUTE, 0, job, FOREVER, &busy) == 0 &&
                 w->c->memory[w->word] == i;
        if (!ok)
            w->failed_round = i;
    }
    return NULL;
}

static void many_at_once(void **state)
{
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    struct client c;

    (void)state;
    client_open(&c);
    for (unsigned i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){
            .c = &c, .ctx = ctx_new(c.fd), .at = ELSEWHERE * (i + 1), .index = i, .word = 16 + i};
        assert_int_equal(pthread_create(&threads[i], NULL, map_write_unmap, &workers[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(workers[i].failed_round, 0);
    client_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unmap_returns_at_once), cmocka_unit_test(clear_returns_at_once),
        cmocka_unit_test(close_returns_at_once), cmocka_unit_test(a_cut_takes_only_its_part),
        cmocka_unit_test(updates_come_in_order), cmocka_unit_test(what_comes_in_its_place),
        cmocka_unit_test(a_file_ends_meanwhile), cmocka_unit_test(many_at_once),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, machine_setup, NULL);
}
