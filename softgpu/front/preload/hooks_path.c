/* SPDX-License-Identifier: MIT
 *
 * Questions about paths: may I, where does it lead.
 */
#include <errno.h>
#include <string.h>

#include "softgpu/front/node.h"
#include "softgpu/front/preload/nodes.h"
#include "softgpu/front/preload/real.h"

EXPORT int access(const char *path, int mode)
{
    char tree_path[PATH_MAX];

    return REAL(access)(sysfs_redirect(path, tree_path) ? tree_path : path, mode);
}

EXPORT int euidaccess(const char *path, int mode)
{
    char tree_path[PATH_MAX];

    return REAL(euidaccess)(sysfs_redirect(path, tree_path) ? tree_path : path, mode);
}

EXPORT int eaccess(const char *path, int mode)
{
    char tree_path[PATH_MAX];

    return REAL(eaccess)(sysfs_redirect(path, tree_path) ? tree_path : path, mode);
}

EXPORT int faccessat(int fd, const char *path, int mode, int flags)
{
    char tree_path[PATH_MAX];

    return REAL(faccessat)(fd, sysfs_redirect(path, tree_path) ? tree_path : path, mode, flags);
}

/* ---- symbolic links ---- */

/* /proc/self/fd/N of a node's descriptor: the kernel says "socket:[...]", a real node's path is
 * what belongs there. */
static ssize_t node_link(const char *link, char *buffer, size_t size, ssize_t length)
{
    struct stat st;
    int fd;
    char rest;

    if (length < 7 || memcmp(buffer, "socket:", 7) != 0 ||
        sscanf(link, "/proc/self/fd/%d%c", &fd, &rest) != 1)
        return length;
    struct node *node = node_get_by_fd(fd);
    if (!node)
        return length;
    node_call_stat(node, &st);
    node_put(node);
    char path[48];
    if (!sysfs_node_path(&st, path, sizeof path))
        return length;
    length = (ssize_t)strnlen(path, size);
    memcpy(buffer, path, (size_t)length);
    return length;
}

/* A link's text as the program should see it: not with our cache folder in it. */
static ssize_t link_text(const char *link, char *buffer, size_t size, ssize_t length)
{
    char text[PATH_MAX];

    if (length <= 0 || !sysfs_path_is_candidate(link))
        return length;
    if (buffer[0] != '/')
        return node_link(link, buffer, size, length);
    if ((size_t)length >= sizeof text)
        return length;
    memcpy(text, buffer, (size_t)length);
    text[length] = '\0';
    if (!sysfs_path_restore(text))
        return length;
    length = (ssize_t)strlen(text);
    memcpy(buffer, text, (size_t)length);
    return length;
}

EXPORT ssize_t readlink(const char *path, char *buffer, size_t size)
{
    char tree_path[PATH_MAX];

    if (sysfs_redirect(path, tree_path))
        return REAL(readlink)(tree_path, buffer, size);
    return link_text(path, buffer, size, REAL(readlink)(path, buffer, size));
}

EXPORT ssize_t readlinkat(int fd, const char *path, char *buffer, size_t size)
{
    char tree_path[PATH_MAX];

    if (sysfs_redirect(path, tree_path))
        return REAL(readlinkat)(fd, tree_path, buffer, size);
    return link_text(path, buffer, size, REAL(readlinkat)(fd, path, buffer, size));
}

/* The fortified forms end the program when the buffer is smaller than claimed: libc does it. */
EXPORT ssize_t __readlink_chk(const char *path, char *buffer, size_t size, size_t known)
{
    if (size > known)
        return REAL(__readlink_chk)(path, buffer, size, known);
    return readlink(path, buffer, size);
}

EXPORT ssize_t __readlinkat_chk(int fd, const char *path, char *buffer, size_t size, size_t known)
{
    if (size > known)
        return REAL(__readlinkat_chk)(fd, path, buffer, size, known);
    return readlinkat(fd, path, buffer, size);
}

/* ---- resolving ---- */

EXPORT char *realpath(const char *path, char *resolved)
{
    char tree_path[PATH_MAX];
    bool in_tree = sysfs_redirect(path, tree_path);
    char *result = REAL(realpath)(in_tree ? tree_path : path, resolved);

    /* Also when it led there through a folder that the program has open. */
    if (result)
        sysfs_path_restore(result);
    return result;
}

EXPORT char *__realpath_chk(const char *path, char *resolved, size_t known)
{
    if (known < PATH_MAX)
        return REAL(__realpath_chk)(path, resolved, known);
    return realpath(path, resolved);
}

EXPORT char *canonicalize_file_name(const char *path)
{
    return realpath(path, NULL);
}
