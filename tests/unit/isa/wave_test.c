/* SPDX-License-Identifier: MIT
 *
 * Workgroups that run whole programs: loops, barriers, divergence, waves and workgroups that wait
 * for each other, workers on several threads; and the code cache under them.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mem_fake.h"
#include "wave_programs.inc"

enum { BUFFER_VA = 0x300000, BUDGET = 1000000 };
#define PROGRAM(name) program_##name, sizeof(program_##name) / 4

/* A workgroup, and the buffer that its s[0:1] points to. */
struct bench {
    struct fake_group fake;
    uint32_t buffer[1024];
};

static void registers_set(struct bench *b)
{
    fake_group_restart(&b->fake);
    for (unsigned i = 0; i < b->fake.group->wave_count; i++) {
        struct isa_wave *w = &b->fake.group->waves[i];

        w->sgpr[0] = BUFFER_VA;
        w->sgpr[2] = i;
        for (unsigned lane = 0; lane < w->lanes; lane++)
            w->vgpr[lane] = lane;
    }
}

static struct bench *bench_create(unsigned waves, unsigned lanes, const uint32_t *words,
                                  size_t count)
{
    struct bench *b = calloc(1, sizeof(*b));

    assert_non_null(b);
    fake_group_create(&b->fake, waves, lanes, 1024, words, count);
    fake_memory_map(&b->fake.memory, BUFFER_VA, b->buffer, sizeof(b->buffer), FAKE_RW);
    registers_set(b);
    return b;
}

/* A second workgroup on the memory and code of `b`. */
static struct isa_workgroup *group_beside(struct bench *b, unsigned waves, uint64_t pc)
{
    struct isa_workgroup *group;

    assert_true(rw_ok(isa_workgroup_create(waves, 32, 64, 1024, &group)));
    group->memory = &b->fake.memory.memory;
    group->code = b->fake.code;
    group->host = &b->fake.host;
    for (unsigned i = 0; i < waves; i++) {
        group->waves[i].sgpr[ISA_REG_EXEC_LO] = UINT32_MAX;
        group->waves[i].sgpr[0] = BUFFER_VA;
        group->waves[i].sgpr[2] = i;
        group->waves[i].pc = pc;
    }
    return group;
}

static void bench_destroy(struct bench *b)
{
    fake_group_destroy(&b->fake);
    free(b);
}

static enum isa_stop run(struct bench *b, uint64_t budget)
{
    return isa_workgroup_run(b->fake.group, budget);
}

static struct isa_wave *wave(struct bench *b, unsigned index)
{
    return &b->fake.group->waves[index];
}

static void test_loop(void **state)
{
    struct bench *b = bench_create(1, 32, PROGRAM(loop));

    (void)state;
    wave(b, 0)->sgpr[3] = 1000;
    assert_int_equal(run(b, BUDGET), ISA_STOP_END);
    assert_int_equal(b->buffer[0], 500500);
    assert_int_equal(wave(b, 0)->executed, 1 + 4 * 1000 + 5);
    assert_int_equal(run(b, BUDGET), ISA_STOP_END); /* and stays so */
    bench_destroy(b);
}

/* A budget ends in the middle; the next run goes on there. */
static void test_budget(void **state)
{
    struct bench *b = bench_create(1, 32, PROGRAM(loop));
    unsigned turns = 1;

    (void)state;
    wave(b, 0)->sgpr[3] = 1000;
    for (; run(b, 100) == ISA_STOP_YIELD; turns++)
        assert_int_equal(wave(b, 0)->executed, 100 * turns);
    assert_int_equal(turns, 41);
    assert_int_equal(b->buffer[0], 500500);
    bench_destroy(b);
}

static void test_reduction_with_barriers(void **state)
{
    struct bench *b = bench_create(4, 32, PROGRAM(reduce));

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(run(b, BUDGET), ISA_STOP_END);
        assert_int_equal(b->buffer[0], 127 * 128 / 2);
        b->buffer[0] = 0;
        registers_set(b);
    }
    bench_destroy(b);
}

static void test_divergence(void **state)
{
    struct bench *b = bench_create(1, 32, PROGRAM(diverge));

    (void)state;
    assert_int_equal(run(b, BUDGET), ISA_STOP_END);
    for (unsigned lane = 0; lane < 32; lane++)
        assert_int_equal(b->buffer[lane], (lane < 10 ? 100 : 200) + lane);
    bench_destroy(b);
}

/* Waves that ended do not hold up the barrier. */
static void test_barrier_without_ended_waves(void **state)
{
    struct bench *b = bench_create(5, 32, PROGRAM(early_end));

    (void)state;
    assert_int_equal(run(b, BUDGET), ISA_STOP_END);
    assert_int_equal(wave(b, 0)->vgpr[3 * 32], 2);
    assert_int_equal(wave(b, 1)->vgpr[3 * 32], 2);
    bench_destroy(b);
}

/* A wave that spins on LDS must let the wave it waits for have its turn. */
static void test_waves_take_turns(void **state)
{
    struct bench *b = bench_create(2, 32, PROGRAM(spin_lds));

    (void)state;
    assert_int_equal(run(b, BUDGET), ISA_STOP_END);
    assert_in_range(wave(b, 0)->executed, 100, BUDGET / 2);
    bench_destroy(b);
}

/* One workgroup waits for another on the same thread: it yields, at once when it sleeps. */
static void waits_for_another(const uint32_t *words, size_t count, uint64_t most_executed)
{
    struct bench *b = bench_create(1, 32, words, count);
    const uint64_t signal_pc = FAKE_CODE_VA + 0x1000;
    struct isa_workgroup *other = group_beside(b, 1, signal_pc);

    memcpy(&b->fake.program[0x400], program_signal, sizeof(program_signal));
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(run(b, BUDGET), ISA_STOP_YIELD);
    assert_in_range(wave(b, 0)->executed, 1, most_executed);
    assert_int_equal(isa_workgroup_run(other, BUDGET), ISA_STOP_END);
    assert_int_equal(run(b, BUDGET), ISA_STOP_END);
    isa_workgroup_destroy(other);
    bench_destroy(b);
}

static void test_sleeping_wait(void **state)
{
    (void)state;
    waits_for_another(PROGRAM(wait), 30);
}

static void test_spinning_wait(void **state)
{
    (void)state;
    waits_for_another(PROGRAM(spin), 3 * BUDGET);
}

/* ---- threads ---- */

struct worker {
    pthread_t thread;
    struct isa_workgroup *group;
    enum isa_stop stop;
};

static void *worker_run(void *argument)
{
    struct worker *worker = argument;

    do
        worker->stop = isa_workgroup_run(worker->group, 5000);
    while (worker->stop == ISA_STOP_YIELD);
    return NULL;
}

/* Two threads share memory, code that is decoded meanwhile, and a counter. */
static void test_atomics_of_two_threads(void **state)
{
    enum { WORKERS = 2, WAVES = 3, ROUNDS = 2000 };
    struct bench *b = bench_create(1, 32, PROGRAM(count));
    struct worker workers[WORKERS];

    (void)state;
    for (unsigned i = 0; i < WORKERS; i++) {
        workers[i].group = group_beside(b, WAVES, FAKE_CODE_VA);
        for (unsigned k = 0; k < WAVES; k++)
            workers[i].group->waves[k].sgpr[3] = ROUNDS;
    }
    for (unsigned i = 0; i < WORKERS; i++)
        assert_int_equal(pthread_create(&workers[i].thread, NULL, worker_run, &workers[i]), 0);
    for (unsigned i = 0; i < ROUNDS; i++) /* and the CPU counts, too */
        __atomic_fetch_add(&b->buffer[0], 1, __ATOMIC_RELAXED);
    for (unsigned i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_int_equal(workers[i].stop, ISA_STOP_END);
        isa_workgroup_destroy(workers[i].group);
    }
    assert_int_equal(b->buffer[0], WORKERS * WAVES * 32 * ROUNDS + ROUNDS);
    bench_destroy(b);
}

/* The CPU answers a program that polls, from another thread. */
static void test_program_waits_for_the_cpu(void **state)
{
    struct bench *b = bench_create(1, 32, PROGRAM(wait));
    struct worker worker = {.group = b->fake.group};

    (void)state;
    assert_int_equal(pthread_create(&worker.thread, NULL, worker_run, &worker), 0);
    __atomic_store_n(&b->buffer[0], 5, __ATOMIC_RELEASE);
    assert_int_equal(pthread_join(worker.thread, NULL), 0);
    assert_int_equal(worker.stop, ISA_STOP_END);
    assert_int_equal(b->buffer[1], 5);
    bench_destroy(b);
}

/* ---- spellings ---- */

static uint32_t bytes_at(const void *memory, unsigned at, unsigned count)
{
    uint32_t value = 0;

    memcpy(&value, (const uint8_t *)memory + at, count);
    return value;
}

static void descriptor_set(uint32_t *sgpr, uint32_t stride, uint32_t records, uint32_t format,
                           uint32_t oob)
{
    sgpr[0] = BUFFER_VA;
    sgpr[1] = stride << 16;
    sgpr[2] = records;
    sgpr[3] = 4 | 5 << 3 | 6 << 6 | 7 << 9 | format << 12 | 1u << 24 | oob << 28;
}

static void memory_scalars_check(struct bench *b, const uint32_t *before)
{
    assert_int_equal(wave(b, 0)->sgpr[30], bytes_at(before, 8, 4));
    assert_int_equal(wave(b, 0)->sgpr[31], bytes_at(before, 12, 4));
    assert_int_equal(wave(b, 0)->sgpr[32], bytes_at(before, 4, 4));
    assert_int_equal(wave(b, 0)->sgpr[33], bytes_at(before, 60, 4));
    assert_memory_equal(&wave(b, 0)->sgpr[36], (const uint8_t *)before + 0x14, 16);
}

static void memory_lane_check(struct bench *b, const uint32_t *before, unsigned lane)
{
    const uint32_t *v = wave(b, 0)->vgpr + lane;
    unsigned at = 4 * lane;

#define V(n) v[(n)*32]
    assert_int_equal(V(10) & 0xffff, bytes_at(before, at + 16, 2));
    assert_int_equal(V(10) >> 16, bytes_at(before, at + 2, 2));
    assert_int_equal(V(11), (uint32_t)(int8_t)bytes_at(before, at + 61, 1));
    assert_int_equal(V(12), bytes_at(before, at + 56, 4));
    assert_int_equal(V(13), bytes_at(before, at + 60, 4));
    assert_int_equal(V(14), bytes_at(before, at + 66, 2));
    assert_int_equal(V(15), lane);
    assert_int_equal(V(16), lane);
    assert_int_equal(V(17), lane < 2 ? 0 : bytes_at(before, at + 8, 4));
    assert_int_equal(V(18), bytes_at(before, at + 12, 4));
    assert_int_equal(V(19), bytes_at(before, 12, 4));
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(V(20 + i), bytes_at(before, at + i, 1));
    assert_int_equal(V(24), bytes_at(before, 8 * lane + at + 1, 1));
    assert_int_equal(V(25), bytes_at(before, 8 * lane + 4, 2));
    assert_int_equal(V(26), bytes_at(before, 8 * lane + 6, 2));
    assert_int_equal(V(27), lane ^ 1);
    assert_int_equal(V(28), (lane + 2) % 32);
    assert_int_equal(V(29), bytes_at(before, at + 512, 4));
    assert_int_equal(V(30), bytes_at(before, at + 512, 4) + 3);
    assert_int_equal(V(4), bytes_at(before, at + 640, 4));
    assert_int_equal(V(31), lane);
#undef V
    assert_int_equal(bytes_at(b->buffer, at + 512, 4), lane);
    assert_int_equal(bytes_at(b->buffer, at + 640, 4),
                     lane > bytes_at(before, at + 640, 4) ? lane : bytes_at(before, at + 640, 4));
    assert_int_equal(bytes_at(b->buffer, at + 768, 2), bytes_at(before, at + 18, 2));
    assert_int_equal(bytes_at(wave(b, 0)->lds, at + 256, 4), 2 * lane);
}

/* The decoder and the memory instructions mean the same by an operand. */
static void test_memory_spellings(void **state)
{
    struct bench *b = bench_create(1, 32, PROGRAM(memory));
    uint32_t before[1024];

    (void)state;
    for (unsigned i = 0; i < sizeof(before); i++)
        ((uint8_t *)before)[i] = (uint8_t)(i * 37 + i / 256 * 11 + 5);
    for (unsigned i = 160; i < 192; i += 2)
        before[i] = i % 16; /* for the maximum */
    memcpy(b->buffer, before, sizeof(before));
    wave(b, 0)->sgpr[4] = BUFFER_VA + 64;
    descriptor_set(&wave(b, 0)->sgpr[16], 0, sizeof(before), 0, 3);
    descriptor_set(&wave(b, 0)->sgpr[20], 8, 128, 27, 1); /* 16_16_UINT */
    assert_int_equal(run(b, BUDGET), ISA_STOP_END);
    memory_scalars_check(b, before);
    for (unsigned lane = 0; lane < 32; lane++)
        memory_lane_check(b, before, lane);
    bench_destroy(b);
}

/* ---- code ---- */

/* A wave64 executes the same programs. */
static void test_wave64(void **state)
{
    struct bench *b = bench_create(2, 64, PROGRAM(count));

    (void)state;
    wave(b, 0)->sgpr[3] = 10;
    wave(b, 1)->sgpr[3] = 10;
    assert_int_equal(run(b, BUDGET), ISA_STOP_END);
    assert_int_equal(b->buffer[0], 2 * 64 * 10);
    bench_destroy(b);
}

/* An instruction whose literal is on the next page, which lies elsewhere in host memory. */
static void test_instruction_across_pages(void **state)
{
    enum { CODE_VA = 0x600000 };
    struct bench *b = bench_create(1, 32, PROGRAM(call));
    uint32_t *pages = aligned_alloc(4096, 3 * 4096);

    (void)state;
    assert_non_null(pages);
    pages[1023] = program_across[0];
    pages[2048] = program_across[1];
    pages[2049] = program_across[2];
    fake_memory_map(&b->fake.memory, CODE_VA, pages, 4096, FAKE_RX);
    fake_memory_map(&b->fake.memory, CODE_VA + 4096, &pages[2048], 4096, FAKE_RX);
    wave(b, 0)->sgpr[4] = CODE_VA + 4092;
    assert_int_equal(run(b, BUDGET), ISA_STOP_END);
    assert_int_equal(wave(b, 0)->sgpr[8], 0x12345678);

    /* Its second page changes: the first one's decoded instruction, too. */
    pages[2048] = 0x9abcdef0;
    isa_code_revalidate(b->fake.code);
    registers_set(b);
    wave(b, 0)->sgpr[4] = CODE_VA + 4092;
    assert_int_equal(run(b, BUDGET), ISA_STOP_END);
    assert_int_equal(wave(b, 0)->sgpr[8], 0x9abcdef0);
    bench_destroy(b);
    free(pages);
}

static void test_code_that_ends_inside_an_instruction(void **state)
{
    enum { CODE_VA = 0x600000 };
    struct bench *b = bench_create(1, 32, PROGRAM(call));
    uint32_t page[1024] = {[1023] = program_across[0]};
    const struct isa_fault *fault = &b->fake.group->fault;

    (void)state;
    fake_memory_map(&b->fake.memory, CODE_VA, page, sizeof(page), FAKE_RX);
    wave(b, 0)->sgpr[4] = CODE_VA + 4092;
    assert_int_equal(run(b, BUDGET), ISA_STOP_FAULT);
    assert_int_equal(fault->kind, ISA_FAULT_FETCH);
    assert_int_equal(fault->va, CODE_VA + 4096);
    assert_int_equal(fault->pc, CODE_VA + 4092);
    bench_destroy(b);
}

static void test_fetch_faults(void **state)
{
    struct bench *b = bench_create(1, 32, PROGRAM(call));
    const struct isa_fault *fault = &b->fake.group->fault;

    (void)state;
    wave(b, 0)->sgpr[4] = 0xabc000;
    wave(b, 0)->sgpr[5] = 0x12;
    assert_int_equal(run(b, BUDGET), ISA_STOP_FAULT);
    assert_int_equal(fault->kind, ISA_FAULT_FETCH);
    assert_int_equal(fault->va, 0x1200abc000);
    assert_int_equal(fault->access, ISA_ACCESS_EXECUTE);

    registers_set(b); /* readable is not executable */
    wave(b, 0)->sgpr[4] = BUFFER_VA;
    assert_int_equal(run(b, BUDGET), ISA_STOP_FAULT);
    assert_int_equal(fault->kind, ISA_FAULT_FETCH);
    assert_int_equal(fault->va, BUFFER_VA);
    bench_destroy(b);
}

/* Code in the upper half of the 48-bit space; s_swappc returns behind the call. */
static void test_high_addresses(void **state)
{
    struct bench *b = bench_create(1, 32, PROGRAM(call));
    uint32_t page[1024];

    (void)state;
    memset(page, 0, sizeof(page));
    memcpy(page, program_across, sizeof(program_across));
    fake_memory_map(&b->fake.memory, 0xffff800000600000, page, sizeof(page), FAKE_RX);
    wave(b, 0)->sgpr[4] = 0x600000;
    wave(b, 0)->sgpr[5] = 0xffff8000;
    assert_int_equal(run(b, BUDGET), ISA_STOP_END);
    assert_int_equal(wave(b, 0)->sgpr[8], 0x12345678);
    bench_destroy(b);
}

/* Changed bytes are seen after revalidation; unchanged ones keep their decoded instructions. */
static void test_revalidation(void **state)
{
    struct bench *b = bench_create(1, 32, PROGRAM(loop));
    struct isa_code_page *page;
    isa_handler *handler;

    (void)state;
    wave(b, 0)->sgpr[3] = 10;
    assert_int_equal(run(b, BUDGET), ISA_STOP_END);
    assert_int_equal(b->buffer[0], 55);
    page = isa_code_page_get(b->fake.code, FAKE_CODE_VA);
    assert_non_null(page);
    handler = atomic_load(&page->entries[0].handler);
    assert_non_null(handler);
    isa_code_revalidate(b->fake.code);
    assert_ptr_equal(isa_code_page_get(b->fake.code, FAKE_CODE_VA), page);
    assert_ptr_equal(atomic_load(&page->entries[0].handler), handler);

    b->fake.program[0] = 0xbe8403c0; /* s_mov_b32 s4, 64 */
    isa_code_revalidate(b->fake.code);
    registers_set(b);
    wave(b, 0)->sgpr[3] = 10;
    assert_int_equal(run(b, BUDGET), ISA_STOP_END);
    assert_int_equal(b->buffer[0], 64 + 55);
    bench_destroy(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loop),
        cmocka_unit_test(test_budget),
        cmocka_unit_test(test_reduction_with_barriers),
        cmocka_unit_test(test_divergence),
        cmocka_unit_test(test_barrier_without_ended_waves),
        cmocka_unit_test(test_waves_take_turns),
        cmocka_unit_test(test_sleeping_wait),
        cmocka_unit_test(test_spinning_wait),
        cmocka_unit_test(test_atomics_of_two_threads),
        cmocka_unit_test(test_program_waits_for_the_cpu),
        cmocka_unit_test(test_memory_spellings),
        cmocka_unit_test(test_wave64),
        cmocka_unit_test(test_instruction_across_pages),
        cmocka_unit_test(test_code_that_ends_inside_an_instruction),
        cmocka_unit_test(test_fetch_faults),
        cmocka_unit_test(test_high_addresses),
        cmocka_unit_test(test_revalidation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
