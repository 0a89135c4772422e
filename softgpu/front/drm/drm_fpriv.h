/* SPDX-License-Identifier: MIT
 *
 * One open of a DRM node as the ioctls see it: the drm_file, and what only the front knows of
 * (authentication, syncobjs, contexts, buffer lists). It is the drm_file's front part and ends with
 * it, which after ACQUIRE_VM may be later than the last close().
 *
 * Thread safety: ioctls of one file run on many threads; `lock` guards the tables.
 */
#ifndef SOFTGPU_FRONT_DRM_FPRIV_H
#define SOFTGPU_FRONT_DRM_FPRIV_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/handle_table.h"
#include "base/status.h"
#include "softgpu/device/machine.h"
#include "softgpu/vm/file.h"

#define DRM_CONTEXT_MAX 4095 /* kernel: ids below AMDGPU_VM_MAX_NUM_CTX */

struct drm_sched;

struct drm_fpriv {
    struct drm_file_front front; /* first */
    struct soft_machine *machine;
    struct soft_device *device;
    struct drm_file *file; /* borrowed: owns us */
    bool render;

    /* Guarded by drm_core.c; primary nodes only. */
    bool authenticated, was_master;
    uint32_t magic; /* 0 = none */

    pthread_mutex_t lock; /* guards what follows */
    struct handle_table syncobjs;
    struct handle_table contexts;
    struct handle_table bo_lists;

    struct drm_sched *sched; /* owned; its own lock */
};

/* drm_core.c: master and authentication of primary nodes (drm_auth.c in the kernel). */
void drm_auth_open(struct drm_fpriv *fpriv);
void drm_auth_close(struct drm_fpriv *fpriv);
bool drm_auth_is_master(struct drm_fpriv *fpriv);
bool drm_auth_is_authenticated(struct drm_fpriv *fpriv);
/* Stands for the capabilities that the kernel asks for (CAP_SYS_ADMIN, CAP_SYS_NICE). */
bool drm_auth_is_administrator(void);

/* Empties the tables when the file ends. */
void drm_syncobj_table_finish(struct drm_fpriv *fpriv);
void drm_context_table_finish(struct drm_fpriv *fpriv);
void drm_bo_list_table_finish(struct drm_fpriv *fpriv);

#endif
