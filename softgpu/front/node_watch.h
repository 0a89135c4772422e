/* SPDX-License-Identifier: MIT
 *
 * The node thread's epoll set, for the files of this folder. Thread safety: any thread; `ready`
 * runs on the node thread, which must be running (there is a node).
 */
#ifndef SOFTGPU_FRONT_NODE_WATCH_H
#define SOFTGPU_FRONT_NODE_WATCH_H

#include <stdint.h>

#include "base/status.h"
#include "softgpu/front/node.h"

/* First member of who watches; stays where it is until node_watch_stop(). */
struct node_watch {
    void (*ready)(struct node_watch *watch, uint32_t events); /* EPOLLIN, EPOLLHUP ... */
};

rw_status node_watch_start(int fd, struct node_watch *watch) RW_MUST_USE; /* for EPOLLIN */
void node_watch_stop(int fd);

/* node_call_mmap() for a process elsewhere: what it is to map. */
rw_status node_share(struct node *node, size_t length, int prot, int flags, uint64_t offset,
                     struct node_pages *out_pages) RW_MUST_USE;

#endif
