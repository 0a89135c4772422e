/* SPDX-License-Identifier: MIT
 *
 * What the bridge must know of an HSA signal beyond the API: amd_signal_t is the layout that GPUs
 * and tools rely on (hsa/amd_hsa_signal.h), and a signal's handle is its address.
 */
#ifndef RUNTIME_SIGNAL_H
#define RUNTIME_SIGNAL_H

#include <errno.h>
#include <stdbool.h>

#include <hsa/amd_hsa_signal.h>
#include <hsa/hsa.h>

#include "base/status.h"

/* Can one sleep until the signal meets such a condition? */
static inline rw_status signal_check(hsa_signal_t signal, hsa_signal_condition_t condition)
{
    const amd_signal_t *memory = (const amd_signal_t *)signal.handle;

    if (!memory || memory->kind != AMD_SIGNAL_KIND_USER)
        return RW_FAIL(EINVAL, "no HSA signal that a program made");
    if (condition > HSA_SIGNAL_CONDITION_GTE)
        return RW_FAIL(EINVAL, "there is no condition %u", (unsigned)condition);
    if (!memory->event_mailbox_ptr)
        return RW_FAIL(ENOTSUP, "the HSA signal raises no event and would have to be polled; make "
                                "it without HSA_AMD_SIGNAL_AMD_GPU_ONLY, and leave "
                                "HSA_ENABLE_INTERRUPT at 1");
    return RW_OK;
}

/* The program destroyed it. The HSA runtime keeps the memory for later signals. */
static inline bool signal_is_gone(hsa_signal_t signal)
{
    return ((const amd_signal_t *)signal.handle)->kind != AMD_SIGNAL_KIND_USER;
}

static inline bool signal_meets(hsa_signal_value_t now, hsa_signal_condition_t condition,
                                hsa_signal_value_t value)
{
    switch (condition) {
    case HSA_SIGNAL_CONDITION_EQ:
        return now == value;
    case HSA_SIGNAL_CONDITION_NE:
        return now != value;
    case HSA_SIGNAL_CONDITION_LT:
        return now < value;
    default: /* HSA_SIGNAL_CONDITION_GTE; others have been refused */
        return now >= value;
    }
}

#endif
