/* SPDX-License-Identifier: MIT
 *
 * A list of the files, links and device nodes that a tree will hold, made in memory first: its
 * hash names the tree on disk, so that processes with the same configuration share one, and any
 * difference makes another.
 *
 * Paths are absolute as the program sees them ("/sys/class/drm/version").
 *
 * Thread safety: none; a manifest belongs to one thread.
 */
#ifndef SOFTGPU_FRONT_SYSFS_MANIFEST_H
#define SOFTGPU_FRONT_SYSFS_MANIFEST_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum manifest_kind { MANIFEST_DIRECTORY, MANIFEST_FILE, MANIFEST_LINK, MANIFEST_DEVICE };

struct manifest_entry {
    enum manifest_kind kind;
    char *path;            /* owned */
    char *content;         /* owned: file content, or link target (relative or absolute) */
    size_t size;           /* of the content, in bytes */
    uint32_t major, minor; /* DEVICE */
};

struct manifest {
    struct manifest_entry *entries; /* owned */
    size_t count, capacity;
    rw_status status; /* the first failure (no memory); adding is a no-op after it */
};

void manifest_finish(struct manifest *manifest); /* frees the entries; zeroed is fine */

/* Printf-like content. */
void manifest_file(struct manifest *manifest, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void manifest_bytes(struct manifest *manifest, const char *path, const void *data, size_t size);
/* A link as sysfs makes them: relative, both paths given absolute. */
void manifest_link(struct manifest *manifest, const char *path, const char *target);
/* A link with this very text. */
void manifest_link_text(struct manifest *manifest, const char *path, const char *text);
void manifest_device(struct manifest *manifest, const char *path, uint32_t major, uint32_t minor);
void manifest_directory(struct manifest *manifest, const char *path);

uint64_t manifest_hash(const struct manifest *manifest);

#endif
