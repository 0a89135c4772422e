/* SPDX-License-Identifier: MIT
 *
 * A manifest as files on disk, shared by the processes of a user.
 *
 * Thread safety: all functions from any thread and from several processes at once.
 */
#ifndef SOFTGPU_FRONT_SYSFS_TREE_H
#define SOFTGPU_FRONT_SYSFS_TREE_H

#include <limits.h>

#include "base/status.h"
#include "softgpu/front/sysfs/manifest.h"

/* Finds or makes the manifest's tree. `out_root` gets its absolute path without trailing slash.
 * EACCES when the cache folder is not safely ours. */
rw_status tree_publish(const struct manifest *manifest, char out_root[PATH_MAX]) RW_MUST_USE;

/* The folder that holds trees; made when it is missing. For tests and clean-up. */
rw_status tree_cache_folder(char out_path[PATH_MAX]) RW_MUST_USE;

#endif
