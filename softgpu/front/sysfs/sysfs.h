/* SPDX-License-Identifier: MIT
 *
 * The generated file tree: what /sys, /proc and /dev would show of the software GPUs, as real
 * files in a private folder, and which paths of a program lead there.
 *
 * The tree is kept in $XDG_RUNTIME_DIR/rocweld or /tmp/rocweld-<uid> (mode 0700, ours), in a
 * folder named by the hash of its content, made under another name and renamed into place;
 * processes share it. It has the layout of the real root: <tree>/sys/class/drm, <tree>/dev/kfd.
 * Device nodes are placeholders: empty files, known by their inode.
 *
 * Paths that a rule covers but the tree lacks do not exist, as on a system with these GPUs and
 * no others: real GPUs are hidden.
 *
 * Thread safety: all functions from any thread; the tree is built on first need, and immutable.
 */
#ifndef SOFTGPU_FRONT_SYSFS_SYSFS_H
#define SOFTGPU_FRONT_SYSFS_SYSFS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

/* Could a rule cover this path? Answers from the first bytes. */
static inline bool sysfs_path_is_candidate(const char *path)
{
    if (!path || path[0] != '/')
        return false;
    return (path[1] == 'd' && path[2] == 'e' && path[3] == 'v') ||
           (path[1] == 's' && path[2] == 'y' && path[3] == 's') ||
           (path[1] == 'p' && path[2] == 'r' && path[3] == 'o') || path[1] == '/' || path[1] == '.';
}

/* Where an absolute path of the program leads in the tree. False: it is none of ours. */
bool sysfs_redirect(const char *path, char out_path[PATH_MAX]);

/* The inverse, in place: strips the tree's root from a resolved path. False: not in the tree. */
bool sysfs_path_restore(char *path);

struct sysfs_node {
    char path[48]; /* "/dev/dri/renderD128" */
    uint32_t major, minor;
};

/* The device node that a file of the tree stands for; NULL for ordinary files. */
const struct sysfs_node *sysfs_node_find(const struct stat *st);

/* Turns the placeholder's attributes into the node's. */
void sysfs_node_stat(const struct sysfs_node *node, struct stat *stat);

/* The path of the device node with these attributes (of a node's descriptor). */
bool sysfs_node_path(const struct stat *st, char *out_path, size_t size);

/* Where that node is: its file system and inode, which all of its descriptors have in common. */
void sysfs_node_place(struct stat *st);

/* Files whose content depends on the moment: a new descriptor with the content, read-only and
 * close-on-exec as `flags` says. -1 when `path` (the program's) is not such a file, or on failure
 * (errno). `out_live` tells the two apart. */
int sysfs_live_open(const char *path, int flags, bool *out_live);

/* Set while this thread builds the tree: file calls must then go to the real system. */
extern _Thread_local bool sysfs_is_building;

#endif
