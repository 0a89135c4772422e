/* SPDX-License-Identifier: MIT
 *
 * Calls on nodes that another process has opened. A descriptor that a forked child inherits, or
 * that came by SCM_RIGHTS, is the same open file there; but what is behind it lives in the process
 * that opened it, the owner. So the call travels to it and is executed there:
 *
 *     caller                                          owner
 *     ioctl(fd): a socket whose other end has
 *     the name of a node
 *     socketpair() --- one end, sent over fd -------> node thread: starts a thread for the call
 *     the call -------------------------------------> handler runs, as for the owner itself
 *       <--- "copy in", "copy out", "take this fd",   front_copy_in() ... on that thread
 *            "map this" --- answers ---------------->
 *       <---------------------------------- "done" -- result
 *
 * The caller serves its own memory, descriptors and mappings, on the thread that calls and only
 * during the call. So pointers are checked where they are valid, nested ones too; nobody needs the
 * right to look into another process; and a sandbox that forbids that changes nothing.
 *
 * Every call has a thread of the owner's: one that waits holds up no other. A caller that dies is
 * EFAULT to the handler, which then finishes as it would for a fatal signal. One that is silent for
 * REMOTE_PATIENCE_S while the owner waits for an answer is taken for dead, because handlers may
 * hold locks. When the owner is gone, calls fail with ENODEV.
 *
 * Both sides want the other one's effective user to be their own (SO_PEERCRED): whoever passes that
 * could trace the process anyway. Other users get ENODEV, where a kernel would ask for no more than
 * the descriptor.
 *
 * What does not travel: /dev/kfd (EBADF, as the kernel's answer is), host memory as GPU memory
 * (it is the owner's that the GPU reaches), and ACQUIRE_VM of another process's file.
 *
 * Thread safety: all functions from any thread.
 */
#ifndef SOFTGPU_FRONT_REMOTE_H
#define SOFTGPU_FRONT_REMOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/status.h"

struct node;

#define REMOTE_PATIENCE_S 30
#define REMOTE_CALLS_MAX  256 /* at a time */

/* ---- caller: what system calls do on a descriptor; to be asked when the kernel has refused ----
 */

/* False when it is no node of another process. The calls below then do nothing. */
bool remote_ioctl(int fd, unsigned long request, void *argument, rw_status *out_status,
                  int *out_result);
bool remote_mmap(int fd, void *address, size_t length, int prot, int flags, uint64_t offset,
                 rw_status *out_status, void **out_address);
bool remote_stat(int fd, struct stat *out_stat);
bool remote_seek(int fd, int64_t offset, int whence, rw_status *out_status, int64_t *out_position);
/* The process that opened what is behind the descriptor; 0 = no node of another process. */
pid_t remote_owner(int fd);

/* ---- owner: for node.c ---- */

/* Gives a node's own end the name that others know the node by. */
void remote_name(int peer, const char *kind, int foreign_error, uint64_t inode);
/* Something came in on a node's own end: starts the calls in it. On the node thread. */
void remote_accept(struct node *node, int peer);

/* ---- owner: for handlers ---- */

/* Does this thread work for another process? */
bool remote_is_serving(void);
/* As front_copy_in/out, with the caller's memory. */
rw_status remote_copy_in(void *to, uint64_t from, size_t size) RW_MUST_USE;
rw_status remote_copy_out(uint64_t to, const void *from, size_t size) RW_MUST_USE;
/* Makes `fd`, which stays the owner's to close, a descriptor of the caller's. */
rw_status remote_fd_give(int fd, int flags, int *out_fd) RW_MUST_USE;
/* Closes one that was given. */
void remote_fd_take_back(int number);
/* A copy of the caller's descriptor, to be closed. EBADF. */
rw_status remote_fd_fetch(int number, int *out_fd) RW_MUST_USE;

#endif
