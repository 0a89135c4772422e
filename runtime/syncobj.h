/* SPDX-License-Identifier: MIT
 *
 * DRM syncobjs as timelines: the kernel's calls (drm_syncobj.c), each with its errno and a
 * sentence. Handles belong to a file of a render node. Thread safety: any thread.
 */
#ifndef RUNTIME_SYNCOBJ_H
#define RUNTIME_SYNCOBJ_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

/* A close-on-exec descriptor of the GPU's render node, good for syncobjs: of the shared file where
 * there is one. */
rw_status syncobj_device_open(unsigned render_minor, int *out_device) RW_MUST_USE;

/* Has this kernel SYNCOBJ_EVENTFD (Linux 6.6)? */
bool syncobj_has_eventfd(int device);

rw_status syncobj_create(int device, uint32_t *out_handle) RW_MUST_USE;
rw_status syncobj_import(int device, int syncobj_fd, uint32_t *out_handle) RW_MUST_USE;
rw_status syncobj_export(int device, uint32_t handle, int *out_fd) RW_MUST_USE;
void syncobj_destroy(int device, uint32_t handle);

/* The point gets a signalled fence. */
rw_status syncobj_signal(int device, uint32_t handle, uint64_t point) RW_MUST_USE;
rw_status syncobj_query(int device, uint32_t handle, uint64_t *out_point) RW_MUST_USE;
/* The eventfd counts up once the point is signalled. The kernel keeps the eventfd until then. */
rw_status syncobj_arm(int device, uint32_t handle, uint64_t point, int eventfd) RW_MUST_USE;

/* Sleeps until one of the points is signalled, submitted or not yet. `deadline`: CLOCK_MONOTONIC
 * ns, INT64_MAX for never. Quiet ETIME. */
rw_status syncobj_wait_any(int device, uint32_t *handles, uint64_t *points, uint32_t count,
                           int64_t deadline) RW_MUST_USE;

/* A time from now as a deadline. */
int64_t syncobj_deadline(uint64_t timeout_ns);

#endif
