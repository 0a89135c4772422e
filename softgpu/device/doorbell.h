/* SPDX-License-Identifier: MIT
 *
 * Doorbells: pages that a program writes to with ordinary stores, and the device's way of noticing
 * without polling. A slice is one process's doorbells on one device (two pages of 64-bit
 * doorbells on SOC15).
 *
 * While its queues are idle a slice is armed: its mappings are write-protected through userfaultfd
 * (user-mode only), so that the first store wakes the watcher thread, which lifts the protection
 * and calls `ring`. While it is not armed the watcher calls `ring` every DOORBELL_POLL_US, because
 * then no store is noticed. So whoever owns a slice writes one function and uses it both as `ring`
 * and as cp_owner_ops.idle:
 *
 *     for each queue: cp_queue_ring(queue);
 *     if (every queue cp_queue_is_idle()) {
 *         doorbell_slice_arm(slice);
 *         for each queue: cp_queue_ring(queue);      // stores that came before the arming
 *     }
 *
 * Where userfaultfd is not to be had the watcher polls all the time, and says so once.
 *
 * Why no store is lost: a program first makes its work visible (packet, write pointer) and then
 * stores to the doorbell. A store that is complete when arming returns was therefore preceded by
 * work that the second round of cp_queue_ring() sees; any later one faults and rings. A store
 * that faulted is itself carried out only after `ring`, so a reader of doorbell values may miss
 * it in that call; the slice therefore stays unarmed for DOORBELL_GRACE_US after a fault, and the
 * next poll sees it.
 *
 * Thread safety: all functions from any thread. `ring` runs on the watcher thread (never two calls
 * for one slice at a time) and must not block, nor create or destroy slices.
 */
#ifndef SOFTGPU_DEVICE_DOORBELL_H
#define SOFTGPU_DEVICE_DOORBELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define DOORBELL_SLICE_BYTES 8192u /* kernel: kfd_doorbell_process_slice() of SOC15 */
#define DOORBELL_BYTES       8u
#define DOORBELL_POLL_US     200u /* between rings of a slice that is not armed */
#define DOORBELL_GRACE_US    50u  /* not armed for so long after a store was noticed */

struct doorbell_slice;

typedef void doorbell_ring(void *context);

rw_status doorbell_slice_create(doorbell_ring *ring, void *context,
                                struct doorbell_slice **out_slice) RW_MUST_USE;
/* Returns when no call of `ring` runs or will run, so not under a lock that `ring` takes. User
 * mappings stay, as mappings of a file do. */
void doorbell_slice_destroy(struct doorbell_slice *slice); /* NULL is fine */

/* The user's mapping (mmap of the doorbell offset on /dev/kfd), shared, at most the whole slice
 * from its start. The program unmaps it with munmap whenever it likes. */
rw_status doorbell_slice_mmap(struct doorbell_slice *slice, void *address, size_t length, int prot,
                              int flags, void **out_address) RW_MUST_USE;

/* The device's own, never protected view. */
volatile uint64_t *doorbell_slice_host(struct doorbell_slice *slice);
/* The view to map into GPU VMs: a kernel's store to it rings like the program's. */
uint8_t *doorbell_slice_gpu(struct doorbell_slice *slice);
int doorbell_slice_fd(const struct doorbell_slice *slice); /* borrowed */

/* Asks for write protection of every mapping; a store that comes later calls `ring`. A store that
 * came before is not reported: look at the queues once more after arming. Cheap when armed.
 * Declines shortly after a store was noticed; `ring` is then called again soon. */
void doorbell_slice_arm(struct doorbell_slice *slice);

/* Are stores noticed without polling on this machine? For `rocweld doctor`. */
bool doorbell_uses_faults(void);

#endif
