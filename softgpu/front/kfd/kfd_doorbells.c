/* SPDX-License-Identifier: MIT
 *
 * A process's doorbells on a GPU: two pages of 64-bit doorbells (SOC15). Compute queues get the
 * lowest free one; SDMA queues have fixed ones, because the bus routes doorbells by address: the
 * ones from the first SDMA engine's on, and their mirror half a slice further, never reach the
 * compute queues. Source: kfd_doorbell.c, allocate_doorbell() in kfd_device_queue_manager.c,
 * amdgpu_doorbell.h (Navi 10's layout, which GFX10.3 has too).
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <utlist.h>

#include "softgpu/front/kfd/kfd_queues.h"

#define DOORBELL_COUNT  (DOORBELL_SLICE_BYTES / DOORBELL_BYTES)
#define DOORBELL_MIRROR (DOORBELL_COUNT / 2)

#define SDMA_FIRST      0x100u
#define SDMA_PER_ENGINE 10u
#define NON_CP_FIRST    SDMA_FIRST
#define NON_CP_LAST     0x190u

static void bit_set(uint64_t *bits, unsigned at)
{
    bits[at / 64] |= UINT64_C(1) << at % 64;
}

static void bit_clear(uint64_t *bits, unsigned at)
{
    bits[at / 64] &= ~(UINT64_C(1) << at % 64);
}

static bool bit_test(const uint64_t *bits, unsigned at)
{
    return bits[at / 64] >> at % 64 & 1;
}

/* ---- noticing stores ---- */

static void ring_all_locked(struct kfd_pdd *pdd)
{
    struct kfd_queue *queue;

    DL_FOREACH(pdd->queues, queue)
    cp_queue_ring(queue->cp);
}

static bool all_idle_locked(struct kfd_pdd *pdd)
{
    struct kfd_queue *queue;

    DL_FOREACH(pdd->queues, queue)
    if (!cp_queue_is_idle(queue->cp))
        return false;
    return true;
}

/* device/doorbell.h says why it takes two rounds. */
void kfd_doorbells_look(struct kfd_pdd *pdd)
{
    pthread_mutex_lock(&pdd->queues_lock);
    ring_all_locked(pdd);
    if (all_idle_locked(pdd)) {
        doorbell_slice_arm(pdd->doorbells.slice);
        ring_all_locked(pdd);
    }
    pthread_mutex_unlock(&pdd->queues_lock);
}

static void on_store(void *context)
{
    kfd_doorbells_look(context);
}

/* ---- the slice ---- */

rw_status kfd_doorbells_make(struct kfd_pdd *pdd)
{
    struct kfd_doorbells *doorbells = &pdd->doorbells;

    if (doorbells->slice)
        return RW_OK;
    RW_TRY(doorbell_slice_create(on_store, pdd, &doorbells->slice));
    for (unsigned i = NON_CP_FIRST; i <= NON_CP_LAST; i++) {
        bit_set(doorbells->used, i);
        bit_set(doorbells->used, i + DOORBELL_MIRROR);
    }
    return RW_OK;
}

void kfd_doorbells_finish(struct kfd_pdd *pdd)
{
    doorbell_slice_destroy(pdd->doorbells.slice);
    pdd->doorbells.slice = NULL;
}

rw_status kfd_doorbells_mmap(struct kfd_pdd *pdd, void *address, size_t length, int prot, int flags,
                             void **out_address)
{
    rw_status status;

    if (length != DOORBELL_SLICE_BYTES)
        return RW_FAIL(EINVAL, "mmap of %zu bytes of doorbells; they are %u", length,
                       DOORBELL_SLICE_BYTES);
    pthread_mutex_lock(&pdd->process->mutex);
    status = kfd_doorbells_make(pdd);
    pthread_mutex_unlock(&pdd->process->mutex);
    if (!rw_ok(status))
        return status;
    return doorbell_slice_mmap(pdd->doorbells.slice, address, length, prot, flags, out_address);
}

/* ---- which doorbell, which place ---- */

static uint32_t sdma_doorbell(const struct kfd_sdma_place *place)
{
    return SDMA_FIRST + place->engine * SDMA_PER_ENGINE + (place->queue & 1) * DOORBELL_MIRROR +
           (place->queue >> 1);
}

rw_status kfd_doorbell_take(struct kfd_queue *queue)
{
    struct kfd_doorbells *doorbells = &queue->pdd->doorbells;

    if (queue->sdma.used) {
        queue->doorbell = sdma_doorbell(&queue->sdma);
        return RW_OK;
    }
    for (unsigned i = 0; i < DOORBELL_COUNT; i++) {
        if (bit_test(doorbells->used, i))
            continue;
        bit_set(doorbells->used, i);
        queue->doorbell = i;
        return RW_OK;
    }
    return RW_FAIL(EBUSY, "all doorbells of this process on GPU %#x are taken",
                   queue->pdd->device->gpu_id);
}

void kfd_doorbell_give_back(struct kfd_queue *queue)
{
    if (!queue->sdma.used)
        bit_clear(queue->pdd->doorbells.used, queue->doorbell);
}

static bool sdma_place_is_free(const struct kfd_pdd *pdd, uint32_t engine, uint32_t place)
{
    const struct kfd_queue *queue;

    DL_FOREACH(pdd->queues, queue)
    if (queue->sdma.used && queue->sdma.engine == engine && queue->sdma.queue == place)
        return false;
    return true;
}

/* The kernel hands out the first queue of every engine before any second one. */
rw_status kfd_sdma_place_take(struct kfd_queue *queue, uint32_t engine)
{
    const struct gpu_profile *profile = queue->pdd->device->profile;
    bool by_engine = queue->type == KFD_QUEUE_TYPE_SDMA_BY_ENGINE;

    if (queue->type == KFD_QUEUE_TYPE_SDMA_XGMI)
        return RW_FAIL(ENOMEM, "GPU %#x has no SDMA engines for XGMI", queue->pdd->device->gpu_id);
    for (uint32_t place = 0; place < profile->sdma_queues_per_engine; place++) {
        for (uint32_t at = 0; at < profile->sdma_engines; at++) {
            if ((by_engine && at != engine) || !sdma_place_is_free(queue->pdd, at, place))
                continue;
            queue->sdma = (struct kfd_sdma_place){.used = true, .engine = at, .queue = place};
            return RW_OK;
        }
    }
    return RW_FAIL(ENOMEM, "all SDMA queues of GPU %#x are taken", queue->pdd->device->gpu_id);
}
