/* SPDX-License-Identifier: MIT
 *
 * Questions about paths: may I, where does it lead.
 */
#include <errno.h>
#include <string.h>

#include "softgpu/front/node.h"
#include "softgpu/front/preload/nodes.h"
#include "softgpu/front/preload/real.h"
#include "softgpu/front/remote.h"

/* The tree is in a folder of the effective user, who alone may enter it; the files that it stands
 * for are everybody's. So a setuid program's real user is not asked about it. */
EXPORT int access(const char *path, int mode)
{
    char tree_path[PATH_MAX];

    if (sysfs_redirect(path, tree_path))
        return REAL(faccessat)(AT_FDCWD, tree_path, mode, AT_EACCESS);
    return REAL(access)(path, mode);
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

    if (sysfs_redirect(path, tree_path))
        return REAL(faccessat)(AT_FDCWD, tree_path, mode, flags | AT_EACCESS);
    return REAL(faccessat)(fd, path, mode, flags);
}

/* ---- symbolic links ---- */

/* /proc/self/fd/N of a node's descriptor: the kernel says "socket:[...]", but a device's path
 * belongs there. */
static void node_link(const char *link, char text[PATH_MAX])
{
    struct stat st;
    int fd;
    char rest;

    if (sscanf(link, "/proc/self/fd/%d%c", &fd, &rest) != 1)
        return;
    struct node *node = node_get_by_fd(fd);
    if (node)
        node_call_stat(node, &st);
    else if (!remote_stat(fd, &st))
        return;
    node_put(node);
    sysfs_node_path(&st, text, PATH_MAX);
}

/* Links of /proc lead to what the program has open: shown by their names outside our cache. */
static ssize_t proc_readlink(int folder, const char *path, char *buffer, size_t size)
{
    char text[PATH_MAX];
    ssize_t length = REAL(readlinkat)(folder, path, text, sizeof text - 1);

    if (length < 0)
        return length;
    text[length] = '\0';
    if (!sysfs_path_restore(text) && strncmp(text, "socket:", 7) == 0)
        node_link(path, text);
    length = (ssize_t)strnlen(text, size);
    memcpy(buffer, text, (size_t)length);
    return length;
}

/* Only with a real buffer: the kernel's answers to bad ones are the kernel's to give. */
static bool is_proc_link(const char *path, const char *buffer, size_t size)
{
    return path && buffer && size && strncmp(path, "/proc/", 6) == 0;
}

EXPORT ssize_t readlink(const char *path, char *buffer, size_t size)
{
    char tree_path[PATH_MAX];

    if (is_proc_link(path, buffer, size))
        return proc_readlink(AT_FDCWD, path, buffer, size);
    return REAL(readlink)(sysfs_redirect(path, tree_path) ? tree_path : path, buffer, size);
}

EXPORT ssize_t readlinkat(int fd, const char *path, char *buffer, size_t size)
{
    char tree_path[PATH_MAX];

    if (is_proc_link(path, buffer, size))
        return proc_readlink(fd, path, buffer, size);
    return REAL(readlinkat)(fd, sysfs_redirect(path, tree_path) ? tree_path : path, buffer, size);
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
