/* SPDX-License-Identifier: MIT
 *
 * The functions behind the shim's own: the next in search order, which is libc's or that of
 * another interposer. They set errno. Thread-safe.
 */
#ifndef KMT_SHIM_NEXT_H
#define KMT_SHIM_NEXT_H

#include <sys/types.h>

int next_openat(int folder, const char *path, int flags, mode_t mode);
int next_ioctl(int fd, unsigned long request, void *argument);

int next_close(int fd);
int next_close_range(unsigned first, unsigned last, int flags);

#endif
