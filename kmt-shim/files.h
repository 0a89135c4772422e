/* SPDX-License-Identifier: MIT
 *
 * Which open file of an amdgpu GPU a descriptor is of. Files that were opened by path and their
 * duplicates are known by the hooks of open, dup, fcntl and close. Another descriptor (received,
 * inherited, made behind libc) is looked at once, when an ioctl is made on it: kcmp(2) tells of
 * which known file it is, else it is a file of its own. Where the kernel has no kcmp for us, it is
 * taken for the file of its node that is shared, else for the one opened last, and said so once.
 *
 * A file is forgotten, with its buffers, when its last known descriptor is closed. (A duplicate
 * that nobody saw being made and that outlives it then counts as a new file.)
 *
 * Thread safety: any thread. A child of vfork() changes nothing here; one of fork() starts empty.
 */
#ifndef KMT_SHIM_FILES_H
#define KMT_SHIM_FILES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "kmt-shim/buffers.h"

struct drm_file {
    unsigned minor;         /* of the GPU's render node, whichever node this is of */
    bool opened;            /* by this process, by path */
    atomic_bool separate;   /* never to be shared: its client asked for that */
    atomic_bool shared;     /* settled as the one whose VM graphics and compute share */
    atomic_bool acquired;   /* compute's VM is this file's */
    atomic_bool queues;     /* compute has, or had, a queue there */
    atomic_bool used;       /* amdgpu ioctls were made on it */
    struct buffer_set bufs; /* guarded by the lock of buffers.h */
    unsigned refs;          /* from here on: files.c */
    int fd;                 /* one of its descriptors */
    unsigned fds;           /* how many are known */
    struct drm_file *prev, *next;
};

/* The file behind a descriptor, with a reference; NULL when it is no amdgpu node, or closed. */
struct drm_file *files_get(int fd);
void files_put(struct drm_file *file);

/* Has the descriptor been found to be of an amdgpu node? One load, no reference. */
bool files_is_known(int fd);
/* A KFD descriptor that has been made a context of its own (AMDKFD_IOC_CREATE_PROCESS): what is
 * done through it concerns other VMs and other handles. */
bool files_is_secondary_kfd(int fd);
void files_mark_secondary_kfd(int fd);

/* The hooks report. `files_note_close` comes before the descriptor is closed, as its number may be
 * given out again at once. */
void files_note_open(int fd, unsigned minor);
void files_note_dup(int fd, int copy);
void files_note_close(int fd);
void files_note_close_range(unsigned first, unsigned last);

/* A descriptor of the file of this GPU to share: one in use before one that is only open, the
 * eldest first; one that this process opened. -1: there is none. */
int files_choose(unsigned minor);

/* What is mapped at a canonical address in another file's VM of the same GPU. */
bool files_find_range(const struct drm_file *but, uint64_t address,
                      struct kmt_shim_range *out_range);

/* Descriptors of the shim's own, which the program's close() does not reach. */
void files_private_add(int fd);
void files_private_remove(int fd);
bool files_is_private(int fd);
/* The lowest private descriptor in [first, last], or -1. */
int files_private_in(unsigned first, unsigned last);

/* The child of a fork forgets all; its own descriptors are looked at again when used. */
void files_fork_in_child(void);

#endif
