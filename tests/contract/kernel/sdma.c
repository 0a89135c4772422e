/* SPDX-License-Identifier: MIT */
#include "tests/contract/kernel/sdma.h"

#include <string.h>
#include <sys/ioctl.h>

#define CREATE_QUEUE         _IOWR('K', 0x02, struct create_queue_args)

#define DOORBELL_SLICE_BYTES KIB(8)

/* Headers: opcode in bits 7:0, the rest is the opcode's. */
enum {
    SDMA_COPY = 1,
    SDMA_FENCE = 5,
    SDMA_FENCE_UNCACHED = 3 << 16, /* MTYPE */
    SDMA_POLL = 8,
    SDMA_POLL_EQUAL = 3 << 28,
    SDMA_POLL_MEMORY = 1u << 31,
    SDMA_POLL_FOREVER = 0xfff << 16 | 4,
};

int queue_create(int kfd, struct create_queue_args *args)
{
    return call(kfd, CREATE_QUEUE, args);
}

int queue_destroy(int kfd, uint32_t id)
{
    struct kfd_ioctl_destroy_queue_args args = {.queue_id = id};

    return call(kfd, AMDKFD_IOC_DESTROY_QUEUE, &args);
}

struct create_queue_args sdma_args(const struct session *session, uint64_t va,
                                   struct sdma_queue *out_queue)
{
    struct sdma_queue queue = {.kfd = session->kfd};

    queue.ring = buffer_make(session, va, SDMA_RING_BYTES, GTT);
    queue.dwords = buffer_mmap(session->drm, &queue.ring);
    for (unsigned i = 0; i < 2; i++)
        queue.pointers[i] = buffer_make(session, va + KIB(16) * (i + 1), PAGE, GTT);
    queue.written = buffer_mmap(session->drm, &queue.pointers[0]);
    queue.read = buffer_mmap(session->drm, &queue.pointers[1]);
    *out_queue = queue;
    return (struct create_queue_args){.head = {
                                          .ring_base_address = queue.ring.va,
                                          .ring_size = (uint32_t)queue.ring.size,
                                          .write_pointer_address = queue.pointers[0].va,
                                          .read_pointer_address = queue.pointers[1].va,
                                          .gpu_id = session->gpu->id,
                                          .queue_type = KFD_IOC_QUEUE_TYPE_SDMA,
                                          .queue_percentage = KFD_MAX_QUEUE_PERCENTAGE,
                                          .queue_priority = 7,
                                      }};
}

volatile uint64_t *queue_doorbell(int kfd, const struct create_queue_args *args)
{
    const uint64_t in_slice = DOORBELL_SLICE_BYTES - 1;
    void *doorbells;

    EXPECT(mmap_try(kfd, args->head.doorbell_offset & ~in_slice, DOORBELL_SLICE_BYTES, &doorbells),
           0);
    return (volatile uint64_t *)doorbells +
           (args->head.doorbell_offset & in_slice) / sizeof(uint64_t);
}

struct sdma_queue sdma_open(const struct session *session, uint64_t va)
{
    struct sdma_queue queue;
    struct create_queue_args args = sdma_args(session, va, &queue);

    EXPECT(queue_create(session->kfd, &args), 0);
    queue.id = args.head.queue_id;
    queue.doorbell = queue_doorbell(session->kfd, &args);
    return queue;
}

static void emit(struct sdma_queue *queue, const uint32_t *packet, size_t dwords)
{
    for (size_t i = 0; i < dwords; i++, queue->next += sizeof *packet)
        queue->dwords[queue->next % SDMA_RING_BYTES / sizeof *packet] = packet[i];
}

#define EMIT(queue, ...)                                                                           \
    emit(queue, (const uint32_t[]){__VA_ARGS__},                                                   \
         sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))
#define VA(va) (uint32_t)(va), (uint32_t)((va) >> 32)

void sdma_copy(struct sdma_queue *queue, uint64_t to, uint64_t from, uint32_t bytes)
{
    EMIT(queue, SDMA_COPY, bytes - 1, 0, VA(from), VA(to));
}

void sdma_store(struct sdma_queue *queue, uint64_t to, uint32_t value)
{
    EMIT(queue, SDMA_FENCE | SDMA_FENCE_UNCACHED, VA(to), value);
}

void sdma_wait(struct sdma_queue *queue, uint64_t at, uint32_t value)
{
    EMIT(queue, SDMA_POLL | SDMA_POLL_EQUAL | SDMA_POLL_MEMORY, VA(at), value, UINT32_MAX,
         SDMA_POLL_FOREVER);
}

void sdma_submit(struct sdma_queue *queue)
{
    __atomic_store_n(queue->written, queue->next, __ATOMIC_RELEASE);
    __atomic_store_n(queue->doorbell, queue->next, __ATOMIC_RELEASE);
}
