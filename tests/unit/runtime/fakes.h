/* SPDX-License-Identifier: MIT
 *
 * As much of the HSA runtime, of the kernel's syncobjs and of kmt-shim as runtime/ uses, in one
 * process without a device, so that sanitizers see all of it and every call can be made to fail.
 * Thread safety: any thread, but for the switches.
 */
#ifndef ROCWELD_TESTS_UNIT_RUNTIME_FAKES_H
#define ROCWELD_TESTS_UNIT_RUNTIME_FAKES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <hsa/hsa.h>

#include "kmt-shim/include/kmt-shim.h"

#define FAKE_GPU ((hsa_agent_t){1000})
#define FAKE_CPU ((hsa_agent_t){1001})

/* ---- the kernel (fake_drm.c) ---- */

struct fake_kernel {
    bool has_eventfd;
    atomic_uint pause_us; /* after an eventfd has counted */
    atomic_ulong failing; /* the request that fails, with ENOMEM */
    unsigned syncobjs;    /* living; read-only */
};
extern struct fake_kernel fake_kernel;

/* Graphics gets to a point: of the timeline that has this handle. */
void fake_signal(uint32_t handle, uint64_t point);

/* ---- the HSA runtime (fake_hsa.c) ---- */

extern atomic_uint fake_signals;     /* living */
extern bool fake_events_are_used_up; /* new signals raise none */
extern unsigned fake_runtime_references;
extern atomic_uint fake_spinning_waits; /* a signal that was waited for twice at once */

/* ---- kmt-shim (fake_hsa.c) ---- */

extern struct kmt_shim_range fake_range; /* the only one; of no size: none */
extern int fake_resident_result;
void fake_event(const struct kmt_shim_event *event);

#endif
