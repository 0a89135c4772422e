/* SPDX-License-Identifier: MIT
 *
 * Doorbells: pages that a program writes to with ordinary stores, and the device's way of noticing
 * without polling. A slice is one process's doorbells on one device (two pages of 64-bit
 * doorbells on SOC15). While its queues are idle the slice is armed: write-protected through
 * userfaultfd (user-mode only), so that the first store wakes the watcher thread, which lifts the
 * protection and calls `ring`; the owner re-arms when its queues have nothing to do. Where
 * userfaultfd is not to be had the watcher polls, and says so once.
 *
 * Thread safety: all functions from any thread. `ring` runs on the watcher thread and must not
 * block.
 */
#ifndef SOFTGPU_DEVICE_DOORBELL_H
#define SOFTGPU_DEVICE_DOORBELL_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define DOORBELL_SLICE_BYTES 8192u /* kernel: kfd_doorbell_process_slice() of SOC15 */
#define DOORBELL_BYTES       8u

struct doorbell_slice;

typedef void doorbell_ring(void *context);

rw_status doorbell_slice_create(doorbell_ring *ring, void *context,
                                struct doorbell_slice **out_slice) RW_MUST_USE;
void doorbell_slice_destroy(struct doorbell_slice *slice);

/* The user's mapping (mmap of the doorbell offset on /dev/kfd). Whole slice, shared. */
rw_status doorbell_slice_mmap(struct doorbell_slice *slice, void *address, size_t length,
                              int prot, int flags, void **out_address) RW_MUST_USE;

/* The device's own, never protected view. */
volatile uint64_t *doorbell_slice_host(struct doorbell_slice *slice);
int doorbell_slice_fd(const struct doorbell_slice *slice); /* borrowed */

/* Write-protects every user mapping; a store that comes later calls `ring`. A store that came
 * before is not reported: look at the doorbells once more after arming. Cheap when armed. */
void doorbell_slice_arm(struct doorbell_slice *slice);

#endif
