/* SPDX-License-Identifier: MIT
 *
 * Scratch of AQL queues. The program's runtime owns it: the processor looks into amd_queue_t, and
 * when a packet wants more than there is it says so through queue_inactive_signal and waits until
 * the runtime has allocated, updated amd_queue_t, and set the signal back to 0 (ROCr:
 * AqlQueue::DynamicScratchHandler). Any other value means that the runtime has given up; the
 * queue then waits to be destroyed.
 */
#include <inttypes.h>

#include "softgpu/cp/aql.h"
#include "softgpu/cp/dispatch.h"
#include "softgpu/cp/signal.h"

static bool scratch_suffices(const struct amd_queue *amd, uint32_t lane_bytes, unsigned lanes)
{
    return lane_bytes == 0 ||
           (CP_TMPRING_WAVES(amd->compute_tmpring_size) > 0 &&
            (uint64_t)lane_bytes * lanes <= CP_TMPRING_WAVE_BYTES(amd->compute_tmpring_size));
}

static enum cp_test signal_is_zero(struct cp_queue *queue, const void *argument)
{
    const uint64_t *signal = argument;
    int64_t value;

    if (!cp_signal_load(queue, *signal, &value)) {
        cp_fail_access(queue);
        return CP_TEST_FAULT;
    }
    return value == 0 ? CP_TEST_YES : CP_TEST_NO;
}

/* A runtime that knows nothing of dynamic scratch has no signal, and will never answer. */
static enum cp_step scratch_ask(struct cp_queue *queue, uint64_t signal, int64_t code,
                                uint32_t lane_bytes)
{
    enum cp_step step;

    if (signal == 0)
        return cp_fail(queue, CP_ERROR_PACKET_CODE,
                       "a kernel wants %u bytes of scratch a work-item, the queue has less, and "
                       "queue_inactive_signal is null, so nobody can be asked for more",
                       lane_bytes);
    step = cp_amd_queue_raise(queue, code);
    return step == CP_DONE ? cp_queue_wait(queue, signal_is_zero, &signal) : step;
}

enum cp_step cp_scratch_prepare(struct cp_queue *queue, const struct aql_dispatch *packet,
                                unsigned lanes, struct cp_amd_queue *amd)
{
    uint32_t lane_bytes = packet->private_segment_size;

    while (!scratch_suffices(&amd->fields, lane_bytes, lanes)) {
        int64_t code = lanes == 64 ? AMD_QUEUE_SCRATCH_WAVE64 : AMD_QUEUE_SCRATCH_WAVE32;
        enum cp_step step = scratch_ask(queue, amd->fields.queue_inactive_signal, code, lane_bytes);

        if (step == CP_DONE)
            step = cp_amd_queue_read(queue, amd);
        if (step != CP_DONE)
            return step;
    }
    return CP_DONE;
}

static enum cp_test scratch_is_returned(struct cp_queue *queue, const void *unused)
{
    uint32_t properties;

    (void)unused;
    if (cp_amd_queue_properties(queue, &properties) != CP_DONE)
        return CP_TEST_FAULT;
    return properties & AMD_QUEUE_USE_SCRATCH_ONCE ? CP_TEST_NO : CP_TEST_YES;
}

enum cp_step cp_scratch_release(struct cp_queue *queue)
{
    uint32_t properties;
    enum cp_step step = cp_amd_queue_properties(queue, &properties);

    if (step != CP_DONE || !(properties & AMD_QUEUE_USE_SCRATCH_ONCE))
        return step;
    step = cp_amd_queue_raise(queue, AMD_QUEUE_SCRATCH_RECLAIM);
    return step == CP_DONE ? cp_queue_wait(queue, scratch_is_returned, NULL) : step;
}
