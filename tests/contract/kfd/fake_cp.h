/* SPDX-License-Identifier: MIT
 *
 * A command processor that executes nothing: it remembers what it was told, and lets a test call
 * the owner back as a device would.
 */
#ifndef TESTS_CONTRACT_KFD_FAKE_CP_H
#define TESTS_CONTRACT_KFD_FAKE_CP_H

#include <stdatomic.h>

#include "softgpu/cp/cp.h"

struct cp_queue {
    struct cp_queue_desc desc;
    atomic_uint rings;
    atomic_bool idle;
    unsigned updates;
    atomic_uint holds;
    uint32_t cu_mask[32];
    uint32_t cu_mask_bits;
    bool gws;
    struct cp_queue *next;
};

/* Newest queue first; NULL when there is none. */
struct cp_queue *fake_cp_queues(void);
unsigned fake_cp_queue_count(void);

#endif
