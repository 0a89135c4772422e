/* SPDX-License-Identifier: MIT */
#include "tests/contract/kfd/fake_cp.h"

#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#include "softgpu/device/machine.h"

struct cp_device {
    struct soft_device *device;
};

static struct cp_queue *queues;

struct cp_queue *fake_cp_queues(void)
{
    return queues;
}

unsigned fake_cp_queue_count(void)
{
    const struct cp_queue *queue;
    unsigned count;

    LL_COUNT(queues, queue, count);
    return count;
}

rw_status cp_device_create(struct soft_device *device, unsigned threads, struct cp_device **out_cp)
{
    /* The machine keeps its command processors for good. */
    static struct cp_device devices[SOFT_MAX_DEVICES];

    (void)threads;
    devices[device->index].device = device;
    *out_cp = &devices[device->index];
    return RW_OK;
}

rw_status cp_queue_create(struct cp_device *cp, const struct cp_queue_desc *desc,
                          struct cp_queue **out_queue)
{
    struct cp_queue *queue = calloc(1, sizeof *queue);

    (void)cp;
    queue->desc = *desc;
    atomic_init(&queue->idle, true);
    LL_PREPEND(queues, queue);
    *out_queue = queue;
    return RW_OK;
}

void cp_queue_destroy(struct cp_queue *queue)
{
    LL_DELETE(queues, queue);
    free(queue);
}

rw_status cp_queue_update(struct cp_queue *queue, gpu_va ring, uint64_t ring_bytes,
                          uint32_t percent, uint32_t priority)
{
    queue->desc.ring = ring;
    queue->desc.ring_bytes = ring_bytes;
    queue->desc.percent = percent;
    queue->desc.priority = priority;
    queue->updates++;
    return RW_OK;
}

void cp_queue_set_cu_mask(struct cp_queue *queue, const uint32_t *mask, uint32_t bits)
{
    memcpy(queue->cu_mask, mask, bits / 8);
    queue->cu_mask_bits = bits;
}

void cp_queue_set_trap_handler(struct cp_queue *queue, gpu_va tba, gpu_va tma)
{
    queue->desc.tba = tba;
    queue->desc.tma = tma;
}

void cp_queue_ring(struct cp_queue *queue)
{
    atomic_fetch_add(&queue->rings, 1);
}

void cp_queue_hold(struct cp_queue *queue)
{
    atomic_fetch_add(&queue->holds, 1);
}

void cp_queue_suspend(struct cp_queue *queue)
{
    atomic_fetch_add(&queue->holds, 1);
}

void cp_queue_resume(struct cp_queue *queue)
{
    atomic_fetch_sub(&queue->holds, 1);
}

bool cp_queue_is_idle(struct cp_queue *queue)
{
    return atomic_load(&queue->idle);
}

rw_status cp_queue_set_gws(struct cp_queue *queue, bool attached)
{
    queue->gws = attached;
    return RW_OK;
}
