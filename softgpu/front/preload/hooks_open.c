/* SPDX-License-Identifier: MIT
 *
 * Opening files and folders by path.
 */
#include <errno.h>
#include <string.h>

#include "base/open_mode.h"
#include "softgpu/front/preload/nodes.h"
#include "softgpu/front/preload/real.h"

/* Nothing below the covered folders can be written or made, whoever asks. */
static bool flags_write(int flags)
{
    return (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC));
}

static int tree_open(const char *tree_path, int flags)
{
    const struct sysfs_node *node;
    struct stat st;

    if (!(flags & (O_PATH | O_NOFOLLOW)) && REAL(fstatat)(AT_FDCWD, tree_path, &st, 0) == 0 &&
        (node = sysfs_node_find(&st)))
        return preload_node_open(node, flags);
    if (!(flags & O_PATH) && flags_write(flags)) {
        /* A path that is not there at all is ENOENT, as on a system without the attribute. */
        errno = REAL(access)(tree_path, F_OK) == 0 || (flags & O_CREAT) ? EACCES : ENOENT;
        return -1;
    }
    return REAL(openat)(AT_FDCWD, tree_path, flags);
}

/* Could this path, relative to an open folder of the tree, name a device node? */
static bool names_a_node(const char *path)
{
    const char *last = strrchr(path, '/');

    last = last ? last + 1 : path;
    return strncmp(last, "card", 4) == 0 || strncmp(last, "renderD", 7) == 0 ||
           strncmp(last, "pci-", 4) == 0 || strcmp(last, "kfd") == 0;
}

/* True when the call has been dealt with; `*out_fd` is then its result. */
static bool open_intercept(int folder, const char *path, int flags, int *out_fd)
{
    char tree_path[PATH_MAX];
    const struct sysfs_node *node;
    struct stat st;
    bool live;

    if (!path)
        return false;
    if (path[0] != '/') {
        if (!names_a_node(path) || (flags & O_PATH) || REAL(fstatat)(folder, path, &st, 0) != 0 ||
            !(node = sysfs_node_find(&st)))
            return false;
        *out_fd = preload_node_open(node, flags);
        return true;
    }
    if (!sysfs_path_is_candidate(path))
        return false;
    *out_fd = sysfs_live_open(path, flags, &live);
    if (live)
        return true;
    if (!sysfs_redirect(path, tree_path))
        return false;
    *out_fd = tree_open(tree_path, flags);
    return true;
}

#define DEFINE_OPEN(name)                                                                          \
    EXPORT int name(const char *path, int flags, ...)                                              \
    {                                                                                              \
        mode_t mode = 0;                                                                           \
        int fd;                                                                                    \
        OPEN_MODE_TAKE(flags, mode);                                                               \
        if (open_intercept(AT_FDCWD, path, flags, &fd))                                            \
            return fd;                                                                             \
        return REAL(name)(path, flags, mode);                                                      \
    }

#define DEFINE_OPENAT(name)                                                                        \
    EXPORT int name(int folder, const char *path, int flags, ...)                                  \
    {                                                                                              \
        mode_t mode = 0;                                                                           \
        int fd;                                                                                    \
        OPEN_MODE_TAKE(flags, mode);                                                               \
        if (open_intercept(folder, path, flags, &fd))                                              \
            return fd;                                                                             \
        return REAL(name)(folder, path, flags, mode);                                              \
    }

DEFINE_OPEN(open)
DEFINE_OPEN(open64)
DEFINE_OPENAT(openat)
DEFINE_OPENAT(openat64)

EXPORT int __open_2(const char *path, int flags)
{
    int fd;

    return open_intercept(AT_FDCWD, path, flags, &fd) ? fd : REAL(__open_2)(path, flags);
}

EXPORT int __open64_2(const char *path, int flags)
{
    int fd;

    return open_intercept(AT_FDCWD, path, flags, &fd) ? fd : REAL(__open64_2)(path, flags);
}

EXPORT int __openat_2(int folder, const char *path, int flags)
{
    int fd;

    return open_intercept(folder, path, flags, &fd) ? fd : REAL(__openat_2)(folder, path, flags);
}

EXPORT int __openat64_2(int folder, const char *path, int flags)
{
    int fd;

    return open_intercept(folder, path, flags, &fd) ? fd : REAL(__openat64_2)(folder, path, flags);
}

/* ---- streams ---- */

static int mode_flags(const char *mode)
{
    int flags = mode[0] == 'r' ? 0 : O_CREAT | (mode[0] == 'w' ? O_TRUNC : O_APPEND);

    flags |= strchr(mode, '+') ? O_RDWR : mode[0] == 'r' ? O_RDONLY : O_WRONLY;
    return flags | (strchr(mode, 'e') ? O_CLOEXEC : 0);
}

static bool fopen_intercept(const char *path, const char *mode, FILE **out_file)
{
    int fd;

    if (!sysfs_path_is_candidate(path) || !mode ||
        !open_intercept(AT_FDCWD, path, mode_flags(mode), &fd))
        return false;
    *out_file = fd < 0 ? NULL : fdopen(fd, mode);
    if (fd >= 0 && !*out_file) {
        int err = errno;
        close(fd);
        errno = err;
    }
    return true;
}

EXPORT FILE *fopen(const char *path, const char *mode)
{
    FILE *file;

    return fopen_intercept(path, mode, &file) ? file : REAL(fopen)(path, mode);
}

EXPORT FILE *fopen64(const char *path, const char *mode)
{
    FILE *file;

    return fopen_intercept(path, mode, &file) ? file : REAL(fopen64)(path, mode);
}

/* The stream is the program's to keep: libc reopens it by a name that leads to our descriptor. */
static bool freopen_path(const char *path, const char *mode, char out_path[PATH_MAX], int *out_fd)
{
    if (!sysfs_path_is_candidate(path) || !mode ||
        !open_intercept(AT_FDCWD, path, mode_flags(mode), out_fd))
        return false;
    if (*out_fd >= 0)
        snprintf(out_path, PATH_MAX, "/proc/self/fd/%d", *out_fd);
    return true;
}

#define DEFINE_FREOPEN(name)                                                                       \
    EXPORT FILE *name(const char *path, const char *mode, FILE *stream)                            \
    {                                                                                              \
        char substitute[PATH_MAX];                                                                 \
        int fd;                                                                                    \
        if (!freopen_path(path, mode, substitute, &fd))                                            \
            return REAL(name)(path, mode, stream);                                                 \
        if (fd < 0) {                                                                              \
            int err = errno;                                                                       \
            fclose(stream);                                                                        \
            errno = err;                                                                           \
            return NULL;                                                                           \
        }                                                                                          \
        FILE *file = REAL(name)(substitute, mode, stream);                                         \
        int err = errno;                                                                           \
        close(fd);                                                                                 \
        errno = err;                                                                               \
        return file;                                                                               \
    }

DEFINE_FREOPEN(freopen)
DEFINE_FREOPEN(freopen64)

/* ---- folders ---- */

EXPORT DIR *opendir(const char *path)
{
    char tree_path[PATH_MAX];

    return REAL(opendir)(sysfs_redirect(path, tree_path) ? tree_path : path);
}

EXPORT int scandir(const char *path, struct dirent ***out_names,
                   int (*filter)(const struct dirent *),
                   int (*compare)(const struct dirent **, const struct dirent **))
{
    char tree_path[PATH_MAX];

    return REAL(scandir)(sysfs_redirect(path, tree_path) ? tree_path : path, out_names, filter,
                         compare);
}

EXPORT int scandir64(const char *path, struct dirent64 ***out_names,
                     int (*filter)(const struct dirent64 *),
                     int (*compare)(const struct dirent64 **, const struct dirent64 **))
{
    char tree_path[PATH_MAX];

    return REAL(scandir64)(sysfs_redirect(path, tree_path) ? tree_path : path, out_names, filter,
                           compare);
}
