/* SPDX-License-Identifier: MIT
 *
 * Which buffer is at a GPU address, so that command buffers can be read: follows the GEM_VA calls
 * of each descriptor. Contents are read as the program itself could, by a CPU mapping of the
 * buffer that is made for the purpose (GEM_MMAP) and goes away again.
 *
 * Thread safety: any thread.
 */
#ifndef ROCWELD_TRACE_BUFFERS_H
#define ROCWELD_TRACE_BUFFERS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The functions that the tracer stands in front of. */
struct buffers_calls {
    int (*ioctl)(int fd, unsigned long request, ...);
    void *(*mmap)(void *wanted, size_t length, int protection, int flags, int fd, off_t offset);
};

/* A DRM ioctl has succeeded; `argument` is as the call left it. */
void buffers_note(int fd, unsigned number, const void *argument);
/* The descriptor is closed; its number may be another file's soon. */
void buffers_forget(int fd);

/* Copies `size` bytes at a GPU address of the VM of `fd`. NULL, or why they cannot be had (static
 * storage). Addresses count modulo 2^48: packets have no more bits. */
const char *buffers_read(const struct buffers_calls *calls, int fd, uint64_t va, void *to,
                         size_t size);

#endif
