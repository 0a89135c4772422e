/* SPDX-License-Identifier: MIT
 *
 * The functions that the hooks stand in front of: REAL(open)(path, flags) calls the next open()
 * in search order, which is libc's or another interposer's.
 *
 * Found when first called, one by one: hooks run before any constructor of ours, and inside
 * memory allocators that are starting up. Nothing here allocates.
 *
 * Thread safety: any thread.
 */
#ifndef SOFTGPU_FRONT_PRELOAD_REAL_H
#define SOFTGPU_FRONT_PRELOAD_REAL_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/xattr.h>
#include <unistd.h>

/* libc's, without a public prototype in the headers that we compile with. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int fd, const char *path, int flags);
int __openat64_2(int fd, const char *path, int flags);
int __xstat(int version, const char *path, struct stat *stat);
int __xstat64(int version, const char *path, struct stat64 *stat);
int __lxstat(int version, const char *path, struct stat *stat);
int __lxstat64(int version, const char *path, struct stat64 *stat);
int __fxstat(int version, int fd, struct stat *stat);
int __fxstat64(int version, int fd, struct stat64 *stat);
int __fxstatat(int version, int fd, const char *path, struct stat *stat, int flags);
int __fxstatat64(int version, int fd, const char *path, struct stat64 *stat, int flags);
ssize_t __readlink_chk(const char *path, char *buffer, size_t size, size_t known);
ssize_t __readlinkat_chk(int fd, const char *path, char *buffer, size_t size, size_t known);
char *__realpath_chk(const char *path, char *resolved, size_t known);

enum hook {
#define HOOK(name) HOOK_##name,
#include "softgpu/front/preload/hooks.def"
#undef HOOK
    HOOK_COUNT
};

/* Never NULL: a libc without the function ends the program with a message. */
void *real_function(enum hook hook);

#define REAL(name) ((__typeof__(&name))real_function(HOOK_##name))

#define EXPORT     __attribute__((visibility("default")))

#endif
