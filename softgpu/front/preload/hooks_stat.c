/* SPDX-License-Identifier: MIT
 *
 * Attributes of files. On x86-64 struct stat and struct stat64 are the same.
 */
#include <string.h>
#include <sys/sysmacros.h>

#include "softgpu/front/preload/nodes.h"
#include "softgpu/front/preload/real.h"

_Static_assert(sizeof(struct stat) == sizeof(struct stat64), "one layout for both");

/* In the tree everything belongs to root, as in sysfs. */
static int tree_stat(const char *tree_path, struct stat *st, int flags)
{
    int result = REAL(fstatat)(AT_FDCWD, tree_path, st, flags);

    if (result == 0) {
        st->st_uid = 0;
        st->st_gid = 0;
        preload_stat_fix(-1, st);
    }
    return result;
}

/* What remains to be done when the kernel has answered for a path or descriptor of its own. */
static int stat_after(int result, int fd, struct stat *st)
{
    if (result == 0)
        preload_stat_fix(fd, st);
    return result;
}

#define DEFINE_STAT(name, struct_name, flags)                                                      \
    EXPORT int name(const char *path, struct struct_name *out_stat)                                \
    {                                                                                              \
        char tree_path[PATH_MAX];                                                                  \
        if (sysfs_path_is_candidate(path) && sysfs_redirect(path, tree_path))                      \
            return tree_stat(tree_path, (struct stat *)out_stat, flags);                           \
        return stat_after(REAL(name)(path, out_stat), -1, (struct stat *)out_stat);                \
    }

DEFINE_STAT(stat, stat, 0)
DEFINE_STAT(stat64, stat64, 0)
DEFINE_STAT(lstat, stat, AT_SYMLINK_NOFOLLOW)
DEFINE_STAT(lstat64, stat64, AT_SYMLINK_NOFOLLOW)

EXPORT int fstat(int fd, struct stat *out_stat)
{
    return stat_after(REAL(fstat)(fd, out_stat), fd, out_stat);
}

EXPORT int fstat64(int fd, struct stat64 *out_stat)
{
    return stat_after(REAL(fstat64)(fd, out_stat), fd, (struct stat *)out_stat);
}

/* A NULL path, which newer kernels take for an empty one, too. */
static bool means_fd(const char *path, int flags)
{
    return (flags & AT_EMPTY_PATH) && (!path || *path == '\0');
}

#define DEFINE_FSTATAT(name, struct_name)                                                          \
    EXPORT int name(int fd, const char *path, struct struct_name *out_stat, int flags)             \
    {                                                                                              \
        char tree_path[PATH_MAX];                                                                  \
        bool by_fd = means_fd(path, flags);                                                        \
        if (sysfs_path_is_candidate(path) && sysfs_redirect(path, tree_path))                      \
            return tree_stat(tree_path, (struct stat *)out_stat, flags);                           \
        return stat_after(REAL(name)(fd, path, out_stat, flags), by_fd ? fd : -1,                  \
                          (struct stat *)out_stat);                                                \
    }

DEFINE_FSTATAT(fstatat, stat)
DEFINE_FSTATAT(fstatat64, stat64)

/* Programs linked before glibc 2.33 pass the layout's version, of which x86-64 has but one. */
EXPORT int __xstat(int version, const char *path, struct stat *out_stat)
{
    (void)version;
    return stat(path, out_stat);
}

EXPORT int __xstat64(int version, const char *path, struct stat64 *out_stat)
{
    (void)version;
    return stat64(path, out_stat);
}

EXPORT int __lxstat(int version, const char *path, struct stat *out_stat)
{
    (void)version;
    return lstat(path, out_stat);
}

EXPORT int __lxstat64(int version, const char *path, struct stat64 *out_stat)
{
    (void)version;
    return lstat64(path, out_stat);
}

EXPORT int __fxstat(int version, int fd, struct stat *out_stat)
{
    (void)version;
    return fstat(fd, out_stat);
}

EXPORT int __fxstat64(int version, int fd, struct stat64 *out_stat)
{
    (void)version;
    return fstat64(fd, out_stat);
}

EXPORT int __fxstatat(int version, int fd, const char *path, struct stat *out_stat, int flags)
{
    (void)version;
    return fstatat(fd, path, out_stat, flags);
}

EXPORT int __fxstatat64(int version, int fd, const char *path, struct stat64 *out_stat, int flags)
{
    (void)version;
    return fstatat64(fd, path, out_stat, flags);
}

/* statx() with the parts that a node changes taken from, and put back into, a struct stat. */
static void statx_fix(int fd, bool in_tree, struct statx *stx)
{
    struct stat st = {
        .st_dev = makedev(stx->stx_dev_major, stx->stx_dev_minor),
        .st_ino = stx->stx_ino,
        .st_mode = stx->stx_mode,
        .st_size = (off_t)stx->stx_size,
        .st_rdev = makedev(stx->stx_rdev_major, stx->stx_rdev_minor),
        .st_uid = in_tree ? 0 : stx->stx_uid,
        .st_gid = in_tree ? 0 : stx->stx_gid,
    };

    preload_stat_fix(fd, &st);
    stx->stx_dev_major = major(st.st_dev);
    stx->stx_dev_minor = minor(st.st_dev);
    stx->stx_ino = st.st_ino;
    stx->stx_mode = (uint16_t)st.st_mode;
    stx->stx_size = (uint64_t)st.st_size;
    stx->stx_rdev_major = major(st.st_rdev);
    stx->stx_rdev_minor = minor(st.st_rdev);
    stx->stx_uid = st.st_uid;
    stx->stx_gid = st.st_gid;
}

EXPORT int statx(int fd, const char *path, int flags, unsigned mask, struct statx *out_statx)
{
    char tree_path[PATH_MAX];
    bool by_fd = means_fd(path, flags);
    bool in_tree = sysfs_path_is_candidate(path) && sysfs_redirect(path, tree_path);
    /* What tells a node is asked for as well; more than `mask` is allowed in the answer. */
    unsigned all = mask | STATX_TYPE | STATX_INO | STATX_SIZE;
    int result = REAL(statx)(fd, in_tree ? tree_path : path, flags, all, out_statx);

    if (result == 0)
        statx_fix(by_fd ? fd : -1, in_tree, out_statx);
    return result;
}

/* ---- extended attributes: none, but ls(1) asks for them by path ---- */

#define XATTR_PATH(path, tree_path) (sysfs_redirect(path, tree_path) ? (tree_path) : (path))

EXPORT ssize_t getxattr(const char *path, const char *name, void *value, size_t size)
{
    char tree_path[PATH_MAX];

    return REAL(getxattr)(XATTR_PATH(path, tree_path), name, value, size);
}

EXPORT ssize_t lgetxattr(const char *path, const char *name, void *value, size_t size)
{
    char tree_path[PATH_MAX];

    return REAL(lgetxattr)(XATTR_PATH(path, tree_path), name, value, size);
}

EXPORT ssize_t listxattr(const char *path, char *list, size_t size)
{
    char tree_path[PATH_MAX];

    return REAL(listxattr)(XATTR_PATH(path, tree_path), list, size);
}

EXPORT ssize_t llistxattr(const char *path, char *list, size_t size)
{
    char tree_path[PATH_MAX];

    return REAL(llistxattr)(XATTR_PATH(path, tree_path), list, size);
}
