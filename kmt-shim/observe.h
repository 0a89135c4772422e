/* SPDX-License-Identifier: MIT
 *
 * The ioctls that the shim follows: one table, one handler each. A handler makes the call, by
 * next_ioctl(), and looks at it before and after; whatever is not in the table passes untouched.
 * Requests are matched by type and number, since structs grow: a handler uses only what the
 * oldest kernel's struct has.
 *
 * Thread safety: any thread.
 */
#ifndef KMT_SHIM_OBSERVE_H
#define KMT_SHIM_OBSERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "kmt-shim/files.h"

struct observed_call {
    int fd;
    unsigned long request;
    void *argument;        /* readable, as far as the row says; what it points at need not be */
    struct drm_file *file; /* DRM: not NULL; the caller's reference. KFD: NULL */
};

/* Returns what ioctl(2) returns, with errno. */
typedef int observe_handler(const struct observed_call *call);

/* Is the request one of the KFD's or of a DRM driver's? A comparison each. */
static inline bool observe_is_candidate(unsigned long request)
{
    unsigned type = request >> 8 & 0xff; /* _IOC_TYPE */

    return type == 'd' || type == 'K';
}

/* ioctl(2) on behalf of the program, for candidates. */
int observe_ioctl(int fd, unsigned long request, void *argument);
/* The same for calls of the shim's own that make or end something which clients will see. */
int observe_own_ioctl(int fd, unsigned long request, void *argument);

/* observe_gem.c */
observe_handler observe_gem_create, observe_gem_userptr, observe_gem_close, observe_gem_open,
    observe_gem_op, observe_prime_handle_to_fd, observe_prime_fd_to_handle, observe_info,
    observe_context;
/* observe_va.c */
observe_handler observe_gem_va;
/* observe_kfd.c */
observe_handler observe_kfd_acquire, observe_kfd_alloc, observe_kfd_free, observe_kfd_map,
    observe_kfd_unmap, observe_kfd_import, observe_kfd_export, observe_kfd_svm,
    observe_kfd_create_queue, observe_kfd_create_process;
/* fault.c */
observe_handler observe_kfd_create_event, observe_kfd_destroy_event, observe_kfd_wait_events;

/* Identity and size of the DMABuf behind a descriptor; false when it has none to show. */
bool observe_dmabuf_id(int fd, struct dmabuf_id *out_id, uint64_t *out_size);
/* The same of a descriptor that the kernel has just given out or taken as a DMABuf's. */
bool observe_dmabuf_seen(int fd, struct dmabuf_id *out_id, uint64_t *out_size);
/* The file system that DMABufs are on; 0: none was seen yet. */
dev_t observe_dmabuf_device(void);
/* A GEM handle that appeared in a way that is not followed is asked after. NULL: the
 * kernel does not know it, or no memory. Returns with the buffers' lock held, in either case. */
struct bo *observe_gem_find(struct drm_file *file, int fd, uint32_t gem);

#endif
