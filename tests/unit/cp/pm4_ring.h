/* SPDX-License-Identifier: MIT
 *
 * Packets on kernel rings, for tests: builds indirect buffers and waits for their end.
 */
#ifndef TESTS_UNIT_CP_PM4_RING_H
#define TESTS_UNIT_CP_PM4_RING_H

#include "suite.h"

#include "softgpu/cp/ring.h"

#define LO(x)         (uint32_t)(x)
#define HI(x)         (uint32_t)((uint64_t)(x) >> 32)
#define VA(x)         LO(x), HI(x)
#define P3(opcode, n) (3u << 30 | ((n)-1u) << 16 | (opcode) << 8) /* n dwords behind it */

struct job {
    struct cp_ring_job job; /* first */
    atomic_uint done;
    enum cp_ring_result result;
};

static inline void job_done(struct cp_ring_job *job, enum cp_ring_result result)
{
    struct job *j = (struct job *)job;

    j->result = result;
    atomic_store(&j->done, 1);
}

static inline struct cp_ring *ring_make(struct rig *rig, enum cp_ring_engine engine)
{
    const struct cp_ring_desc desc = {.engine = engine, .vm = rig->vm};
    struct cp_ring *ring;

    assert_true(rw_ok(cp_ring_create(rig->cp, &desc, &ring)));
    return ring;
}

static inline enum cp_ring_result run_ibs(struct cp_ring *ring, const struct cp_ring_ib *ibs,
                                          unsigned count)
{
    struct job job = {.job = {.ibs = ibs, .ib_count = count, .done = job_done}};

    cp_ring_submit(ring, &job.job);
    assert_true(rig_wait_count(&job.done, 1));
    return job.result;
}

static inline struct cp_ring_ib ib_put(struct rig *rig, const uint32_t *dwords, unsigned count)
{
    struct cp_ring_ib ib = {.va = gpu_va_make(rig_alloc(rig, count * 4ull, 256)), .dwords = count};

    memcpy(rig_host(rig, ib.va.addr), dwords, count * 4ull);
    return ib;
}

static inline enum cp_ring_result run(struct rig *rig, struct cp_ring *ring, const uint32_t *dwords,
                                      unsigned count)
{
    struct cp_ring_ib ib = ib_put(rig, dwords, count);

    return run_ibs(ring, &ib, 1);
}

#define RUN(rig, ring, ...)                                                                        \
    run(rig, ring, (const uint32_t[]){__VA_ARGS__},                                                \
        (unsigned)(sizeof((const uint32_t[]){__VA_ARGS__}) / 4))

/* COPY_DATA of a register to memory. */
#define STORE(number, va) P3(0x40, 5), 5 << 8, number, 0, VA(va)

#endif
