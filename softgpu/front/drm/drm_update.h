/* SPDX-License-Identifier: MIT
 *
 * Page-table updates that take addresses away, behind the jobs of their file: GEM_VA and GEM_CLOSE
 * return at once, jobs that were submitted before still have their translations, and those that
 * come later start when the update is made. Kernel: amdgpu_vm_clear_freed(), an SDMA job that waits
 * for all of the VM, and vm->last_update, which all later jobs wait for.
 *
 * An update is a ticket of the VM (gpu_vm_unmap_behind) and a fence. Updates of a file are made in
 * order, by the thread that ends the last job before them.
 *
 * Thread safety: all functions from any thread, without the fence lock.
 */
#ifndef SOFTGPU_FRONT_DRM_UPDATE_H
#define SOFTGPU_FRONT_DRM_UPDATE_H

#include <stdint.h>

#include "base/status.h"
#include "softgpu/front/drm/drm_sched.h"

/* The ticket for what is taken away next: 0, at once, when no job is under way. One that nothing is
 * taken away with does no harm. ENOMEM. */
rw_status drm_update_begin(struct drm_sched *sched, uint64_t *out_ticket) RW_MUST_USE;
/* When the page tables are as they should be: the fence of the last update, a new reference; NULL
 * when none is to come. */
struct drm_fence *drm_update_last(struct drm_sched *sched);
/* Makes those updates whose jobs are over. */
void drm_update_run(struct drm_sched *sched);

#endif
