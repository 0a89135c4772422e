/* SPDX-License-Identifier: MIT
 *
 * The ioctls of a DRM node: one row per ioctl of the core and of amdgpu, as the kernel's
 * drm_ioctls[] and amdgpu_ioctls_kms[] list them.
 */
#ifndef SOFTGPU_FRONT_DRM_TABLE_H
#define SOFTGPU_FRONT_DRM_TABLE_H

#include "softgpu/front/drm/drm_fpriv.h"
#include "softgpu/front/ioctl.h"

/* ioctl_row.flags: who may call, and since which minor version of amdgpu. */
enum drm_row_flag {
    DRM_ROW_RENDER = 1 << 0, /* allowed on render nodes */
    DRM_ROW_AUTH = 1 << 1,   /* on primary nodes: authenticated clients only */
    DRM_ROW_MASTER = 1 << 2,
    DRM_ROW_ROOT = 1 << 3,
};
#define DRM_ROW_SINCE(minor)  ((unsigned)(minor) << 8)
#define DRM_ROW_SINCE_OF(row) ((row)->flags >> 8)

/* Minor versions of amdgpu that brought what older kernel profiles lack. */
#define DRM_MINOR_6_0  48 /* no profile lies between 5.10 and 6.1 */
#define DRM_MINOR_6_6  54
#define DRM_MINOR_6_16 64 /* and what came between 6.13 and 7.2: no profile lies there */

/* The row of a request, or NULL when this kernel knows none with its number (EINVAL). */
const struct ioctl_row *drm_row_find(const struct kernel_profile *kernel, unsigned long request);

/* Does the kernel have what was added to known ioctls between 6.13 and 7.2? */
bool drm_kernel_is_7(const struct drm_fpriv *fpriv);

/* Checks that the client may call the row: EACCES (drm_ioctl_permit() in the kernel). */
rw_status drm_row_permit(const struct ioctl_row *row, struct drm_fpriv *fpriv) RW_MUST_USE;

/* Handlers; the context is the struct drm_fpriv. drm_core.c: */
ioctl_handler drm_ioctl_version, drm_ioctl_get_unique, drm_ioctl_get_magic, drm_ioctl_get_client,
    drm_ioctl_get_stats, drm_ioctl_set_client_name, drm_ioctl_get_cap, drm_ioctl_set_client_cap,
    drm_ioctl_set_version, drm_ioctl_auth_magic, drm_ioctl_set_master, drm_ioctl_drop_master,
    drm_ioctl_nothing, drm_ioctl_invalid, drm_ioctl_no_modeset, drm_ioctl_mode_getresources,
    drm_ioctl_mode_getplaneresources;
/* drm_gem.c, drm_gem_create.c, drm_gem_list.c, drm_gem_va.c, drm_prime.c: */
ioctl_handler drm_ioctl_gem_close, drm_ioctl_gem_mmap, drm_ioctl_gem_wait_idle,
    drm_ioctl_gem_metadata, drm_ioctl_gem_op, drm_ioctl_gem_create, drm_ioctl_gem_userptr,
    drm_ioctl_gem_va, drm_ioctl_gem_list_handles, drm_ioctl_prime_handle_to_fd,
    drm_ioctl_prime_fd_to_handle;
/* drm_flink.c: */
ioctl_handler drm_ioctl_gem_flink, drm_ioctl_gem_open;
/* drm_syncobj_ioctls.c: */
ioctl_handler drm_ioctl_syncobj_create, drm_ioctl_syncobj_destroy, drm_ioctl_syncobj_handle_to_fd,
    drm_ioctl_syncobj_fd_to_handle, drm_ioctl_syncobj_transfer, drm_ioctl_syncobj_wait,
    drm_ioctl_syncobj_timeline_wait, drm_ioctl_syncobj_eventfd, drm_ioctl_syncobj_reset,
    drm_ioctl_syncobj_signal, drm_ioctl_syncobj_timeline_signal, drm_ioctl_syncobj_query;
/* drm_info.c, drm_context.c, drm_bo_list.c, drm_cs.c, drm_wait.c: */
ioctl_handler drm_ioctl_info, drm_ioctl_ctx, drm_ioctl_vm, drm_ioctl_bo_list, drm_ioctl_cs,
    drm_ioctl_wait_cs, drm_ioctl_wait_fences, drm_ioctl_fence_to_handle, drm_ioctl_sched,
    drm_ioctl_user_queue;

#endif
