/* SPDX-License-Identifier: MIT
 *
 * What the shim counts, one row each: those that only grow, and `shim_fds` and `shim_objects`,
 * which are taken back. What lives in the tables is counted there (buffers.h).
 *
 * Thread safety: any thread; no order between counters.
 */
#ifndef KMT_SHIM_COUNTERS_H
#define KMT_SHIM_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

#include "kmt-shim/include/kmt-shim.h"

#define COUNTERS(X)                                                                                \
    X(acquires)                                                                                    \
    X(shared_opens)                                                                                \
    X(separate_opens)                                                                              \
    X(refusals)                                                                                    \
    X(fallbacks)                                                                                   \
    X(kfd_ioctls)                                                                                  \
    X(drm_ioctls)                                                                                  \
    X(shim_calls)                                                                                  \
    X(shim_fds)                                                                                    \
    X(shim_objects)

#define COUNTERS_FIELD(name) _Atomic uint64_t name;
struct counters {
    COUNTERS(COUNTERS_FIELD)
};
#undef COUNTERS_FIELD

extern struct counters counters;

#define counter_add(name, n)                                                                       \
    ((void)atomic_fetch_add_explicit(&counters.name, (uint64_t)(n), memory_order_relaxed))

/* Fills the rows above and leaves the other members alone. */
void counters_read(struct kmt_shim_counters *out_counters);
/* A forked child counts anew. */
void counters_fork_in_child(void);

#endif
