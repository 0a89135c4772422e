/* SPDX-License-Identifier: MIT
 *
 * When to share: the user's wish and what the kernel is good for. Thread safety: any thread.
 */
#ifndef KMT_SHIM_POLICY_H
#define KMT_SHIM_POLICY_H

#include <stdbool.h>

#include "base/status.h"
#include "kmt-shim/include/kmt-shim.h"

/* ROCWELD_SHARE, read once. A word that is none of the three is told once and means auto. */
enum kmt_shim_policy policy_wish(void);
void policy_set_wish(enum kmt_shim_policy wish);

/* ROCWELD_RESIDENCY, likewise. */
enum policy_residency {
    POLICY_RESIDENCY_AUTO,
    POLICY_RESIDENCY_EXPLICIT,
    POLICY_RESIDENCY_OFF,
};
enum policy_residency policy_residency(void);

/* Quiet success when compute may use a graphics client's VM; ENOTSUP with the reason otherwise.
 * Opens /dev/kfd for a moment when first asked. */
rw_status policy_check(void) RW_MUST_USE;

/* Whether this KFD counts what is imported without being mapped; ENOTSUP with the reason. */
rw_status policy_check_residency(void) RW_MUST_USE;
/* Whether compute's VM has to be acquired before graphics maps anything: sharing is required, of a
 * KFD that is too old. */
bool policy_acquires_early(void);

/* The child of a fork has the calling thread only. */
void policy_fork_in_child(void);

#endif
