/* SPDX-License-Identifier: MIT
 *
 * File descriptors of things that the kernel would serve: device nodes, dma-bufs, event streams.
 *
 * A node's descriptor is one end of a socket pair. The kernel gives it everything a descriptor has
 * (dup, fork, SCM_RIGHTS, poll, CLOEXEC) for free; its inode identifies the open file whichever
 * descriptor is used, so two descriptors are the same file exactly when the kernel would say so;
 * and the other end sees a hang-up exactly when the last copy anywhere is closed, which is when
 * `release` is called. Other processes that get a copy call the one that opened it (remote.h);
 * inside such a call, descriptors below are the caller's.
 *
 * Thread safety: all functions from any thread. Operations run on the calling thread; release runs
 * on the node thread.
 */
#ifndef SOFTGPU_FRONT_NODE_H
#define SOFTGPU_FRONT_NODE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/status.h"

struct node;

/* Pages that another process maps: a range of a file, which stays what it is until released. */
struct node_pages {
    int fd; /* borrowed */
    uint64_t offset;
    void (*release)(struct node_pages *pages);
    void *context; /* of `release` */
};

struct node_ops {
    const char *name; /* "kfd", "drm", "dma-buf", ... */
    /* errno that calls get in processes other than the one that opened the node; 0 = they work
     * there too. The kernel's answer on /dev/kfd is EBADF. */
    int foreign_error;
    /* `argument` is the raw ioctl argument; see front/ioctl.h for safe copies. The result is the
     * ioctl's: 0 or a positive value in *out_result, or a failure. */
    rw_status (*ioctl)(struct node *node, unsigned long request, void *argument, int *out_result);
    /* As mmap(2); NULL = ENODEV. */
    rw_status (*mmap)(struct node *node, void *address, size_t length, int prot, int flags,
                      uint64_t offset, void **out_address);
    /* mmap's checks and answer, for a mapping in another process; NULL = ENODEV. */
    rw_status (*share)(struct node *node, size_t length, int prot, int flags, uint64_t offset,
                       struct node_pages *out_pages);
    /* Fills what fstat shows; NULL = an anonymous inode. */
    void (*stat)(struct node *node, struct stat *out_stat);
    /* Size that lseek(SEEK_END) reports; NULL = ESPIPE. */
    uint64_t (*size)(struct node *node);
    /* The last descriptor is gone; frees `private`. */
    void (*release)(struct node *node);
};

/* Makes a node and its descriptor. `flags`: O_CLOEXEC, O_NONBLOCK and the access mode. The
 * descriptor is the lowest free one, as open(2) promises. */
rw_status node_open(const struct node_ops *ops, void *private_data, int flags,
                    int *out_fd) RW_MUST_USE;

/* The node behind a descriptor, with a reference that node_put() drops; NULL when the descriptor
 * is none of ours (or is closed). The reference keeps `private` alive across a concurrent close,
 * but is not an open file: release waits for it. */
struct node *node_get_by_fd(int fd);
struct node *node_get(struct node *node);
void node_put(struct node *node);

const struct node_ops *node_ops(const struct node *node);
void *node_private(const struct node *node);
int node_flags(const struct node *node);

/* A close-on-exec copy of any descriptor that an argument names, out of the way of the program's
 * numbers, to be closed. EBADF. */
rw_status node_fd_copy(int fd, int *out_fd) RW_MUST_USE;

/* Closes a descriptor that node_open() has made, because the program will not hear of it. */
void node_fd_take_back(int fd);

/* What ioctl(2), mmap(2), fstat(2) and lseek(2) do on a node: the operation, or the error of an
 * absent or foreign one. */
rw_status node_call_ioctl(struct node *node, unsigned long request, void *argument,
                          int *out_result) RW_MUST_USE;
rw_status node_call_mmap(struct node *node, void *address, size_t length, int prot, int flags,
                         uint64_t offset, void **out_address) RW_MUST_USE;
void node_call_stat(struct node *node, struct stat *out_stat);
rw_status node_call_seek(struct node *node, int64_t offset, int whence,
                         int64_t *out_position) RW_MUST_USE;

/* Waits until descriptors that were closed before the call have been noticed and, where nothing
 * else holds them, released: close(2) of a real device is synchronous. Not from `release`. */
void node_settle(void);

/* An open-file reference of our own (fget): release is not called before node_file_put(). */
void node_file_get(struct node *node);
void node_file_put(struct node *node);

/* For nodes that have something to read (SMI events): bytes that the user's read(2) will return,
 * and that make poll(2) report POLLIN. Quiet: EAGAIN when the reader has fallen behind, EPIPE when
 * the last descriptor is closed, whether the node thread has seen that or not. */
rw_status node_send(struct node *node, const void *data, size_t length) RW_MUST_USE;
/* What the user has written with write(2) and nobody has received yet, at most `room` bytes of it.
 * Never blocks; 0 when there is nothing. */
size_t node_receive(struct node *node, void *data, size_t room);

#endif
