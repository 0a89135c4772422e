/* SPDX-License-Identifier: MIT
 *
 * A user-mode SDMA queue written against the ioctls alone: GPU work that needs no shader. Packets
 * are those of SDMA 5 (GFX10) and later.
 */
#ifndef TESTS_CONTRACT_KERNEL_SDMA_H
#define TESTS_CONTRACT_KERNEL_SDMA_H

#include "tests/contract/kernel/contract.h"

/* CREATE_QUEUE as of KFD 1.17; older kernels take the head of it. */
struct create_queue_args {
    struct kfd_ioctl_create_queue_args head;
    uint32_t sdma_engine_id, pad;
};

#define SDMA_RING_BYTES KIB(4)

struct sdma_queue {
    int kfd;
    uint32_t id;
    struct buffer ring, pointers[2]; /* write, read */
    uint32_t *dwords;                /* the ring in the program's address space */
    volatile uint64_t *written, *read;
    volatile uint64_t *doorbell;
    uint64_t next; /* byte offset of the next packet; does not wrap */
};

/* CREATE_QUEUE alone. */
int queue_create(int kfd, struct create_queue_args *args);
int queue_destroy(int kfd, uint32_t id);
/* The doorbell of a queue that was made with `args`, mapped anew; or the case fails. */
volatile uint64_t *queue_doorbell(int kfd, const struct create_queue_args *args);

/* Arguments for an SDMA queue whose buffers are mapped as they must be; `va` starts 64 KiB that it
 * takes for them. `out_queue` has everything but id and doorbell. */
struct create_queue_args sdma_args(const struct session *session, uint64_t va,
                                   struct sdma_queue *out_queue);
/* The queue runs, or the case fails. */
struct sdma_queue sdma_open(const struct session *session, uint64_t va);

void sdma_copy(struct sdma_queue *queue, uint64_t to, uint64_t from, uint32_t bytes);
void sdma_store(struct sdma_queue *queue, uint64_t to, uint32_t value);
/* Waits until the word has the value. */
void sdma_wait(struct sdma_queue *queue, uint64_t at, uint32_t value);
/* Rings the doorbell for what has been written so far. */
void sdma_submit(struct sdma_queue *queue);

#endif
