/* SPDX-License-Identifier: MIT
 *
 * Which GPU a descriptor or an id belongs to. A GPU is named by the minor number of its render
 * node: 128..191 (include/drm/drm_file.h: DRM_MINOR_RENDER), one for each GPU or partition.
 *
 * Thread safety: any thread. What the KFD's topology says of a GPU is kept once it was read.
 */
#ifndef KMT_SHIM_GPU_H
#define KMT_SHIM_GPU_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

enum { GPU_FIRST_MINOR = 128, GPU_COUNT_MAX = 64 };

static inline bool gpu_is_minor(unsigned minor)
{
    return minor >= GPU_FIRST_MINOR && minor < GPU_FIRST_MINOR + GPU_COUNT_MAX;
}

/* "/dev/dri/renderD<minor>", exactly. */
bool gpu_minor_of_path(const char *path, unsigned *out_minor);
/* An open render node; cheap. */
bool gpu_minor_of_render_fd(int fd, unsigned *out_minor);
/* Any node of an amdgpu GPU. EBADF: not open. EINVAL: something else. */
rw_status gpu_minor_of_fd(int fd, unsigned *out_minor) RW_MUST_USE;
/* The same without a sentence, for any descriptor that ioctls are made on. */
bool gpu_minor_of_amdgpu_fd(int fd, unsigned *out_minor);
/* From the KFD's topology; false when it does not list such a GPU. */
bool gpu_minor_of_gpu_id(uint32_t gpu_id, unsigned *out_minor);
/* The KFD's id of the GPU with this render node; 0 when it lists none. */
uint32_t gpu_id_of_minor(unsigned minor);

/* Whether two descriptors are of one file (open file description): 1, 0, or -1 when the kernel
 * does not tell. */
int gpu_same_file(int fd, int other);

#endif
