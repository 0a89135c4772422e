/* SPDX-License-Identifier: MIT
 *
 * The BO table (W5, W6): the buffers of every amdgpu file and of the KFD, and where they are mapped
 * in which VM. It follows what the kernel granted: a row is added, changed or removed after the
 * ioctl that did so returned. As other threads' calls may have come between, a call takes a number
 * before its ioctl (buffers_now) and removes only what was there then; and what is newly granted
 * an address or a handle replaces whatever the table still has there.
 *
 * The kernel's rules that it models (docs/contract.md has their source):
 *   - a mapping made by GEM_VA lives as long as the buffer is known to the VM: through a GEM handle
 *     of the file, or through the KFD, which has mapped it there and not freed it ("twins" here);
 *   - CLEAR and REPLACE cut and delete whatever is in the way; UNMAP goes by the exact start;
 *   - host memory registered as SVM is in no VM's tree, and disappears with its CPU mapping.
 *
 * Thread safety: one lock for all writers, held for moments, never across a system call; functions
 * named _locked need it held. Readers of `ranges` need no lock (base/range_index.h): a mapping's
 * `range` never changes once it is in the index.
 */
#ifndef KMT_SHIM_BUFFERS_H
#define KMT_SHIM_BUFFERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <uthash.h>

#include "base/range_index.h"
#include "base/range_map.h"
#include "kmt-shim/include/kmt-shim.h"

struct bo;
struct drm_file;

/* What tells two DMABufs apart: the inode that all descriptors of one have. */
struct dmabuf_id {
    dev_t device;
    ino_t inode; /* 0: none known */
};

/* The buffers and the VM of one DRM file. */
struct buffer_set {
    unsigned minor;
    bool gpu_id_known;
    uint32_t gpu_id;
    struct bo *gems;            /* owned; by GEM handle */
    struct range_index *ranges; /* of struct mapping, which it owns a reference of */
    uint64_t bytes;             /* mapped */
};

/* One mapping. Immutable while in an index, but for the list links. */
struct mapping {
    struct kmt_shim_range range;
    atomic_uint refs;
    uint64_t serial;
    struct buffer_set *set;
    bool by_kfd;                 /* else by GEM_VA, or SVM */
    bool held;                   /* its addresses are reserved against the CPU (va.h) */
    struct bo *bo;               /* NULL for SVM and page-table-only mappings */
    struct mapping *prev, *next; /* of the same buffer */
    struct mapping *taken;       /* next in a list of removed ones */
};

enum residency { RESIDENCY_NONE, RESIDENCY_CLAIMED, RESIDENCY_DONE };

/* One buffer as one handle names it. */
struct bo {
    kmt_shim_handle handle;
    enum kmt_shim_api api;
    uint32_t flags;
    unsigned minor;
    uint32_t gpu_id;
    uint32_t gem;
    uint64_t kfd;
    uint64_t size; /* bytes of memory */
    uint64_t serial;
    struct buffer_set *set; /* GEM: whose handle it is */
    struct mapping *mappings;
    unsigned mapping_count;
    struct dmabuf_id dmabuf;
    struct bo *dmabuf_prev, *dmabuf_next;
    struct bo *twin;          /* the same buffer as the other interface names it */
    uint64_t attached;        /* KFD: bit per GPU (minor - 128) that it has ever been mapped on */
    enum residency residency; /* GEM */
    uint64_t resident_handle; /* the KFD's, when DONE by an import of ours */
    bool resident_by_import;
    uint64_t address; /* KFD: where it will be mapped */
    bool doubled;     /* KFD: mapped twice in a row */
    bool guarded;     /* `guard` is in the map of the KFD's addresses */
    struct range_node guard;
    UT_hash_handle hh;
};

void buffers_lock(void);
void buffers_unlock(void);
void buffers_fork_in_child(void);

/* The number to hand in as `before` for what a call that begins now may remove. */
uint64_t buffers_now(void);

/* A canonical address, or false for one that no VM can have. Bits above 47 that are clear are
 * filled in, as faults report addresses without them. */
bool buffers_canonical(uint64_t *address);

void buffer_set_init(struct buffer_set *set, unsigned minor);
/* Takes the lock. */
void buffer_set_finish(struct buffer_set *set);

/* ---- Buffers ---- */

/* What is newly known by this handle. NULL: no memory. `taken`: see below. */
struct bo *buffers_add_gem_locked(struct buffer_set *set, uint32_t gem, enum kmt_shim_api api,
                                  uint32_t flags, uint64_t size, struct mapping **taken);
struct bo *buffers_find_gem_locked(const struct buffer_set *set, uint32_t gem);
/* The handle was closed. */
void buffers_remove_gem_locked(struct bo *bo, struct mapping **taken);

struct bo *buffers_add_kfd_locked(uint64_t handle, enum kmt_shim_api api, uint32_t flags,
                                  uint64_t address, uint64_t size, bool doubled,
                                  struct mapping **taken);
struct bo *buffers_find_kfd_locked(uint64_t handle);
void buffers_remove_kfd_locked(struct bo *bo, struct mapping **taken);
/* A living KFD buffer whose place of [start, last] overlaps and that is mapped on no GPU yet. */
struct bo *buffers_find_kfd_place_locked(uint64_t start, uint64_t last);
unsigned buffers_count_kfd_locked(void);

void buffers_set_dmabuf_locked(struct bo *bo, struct dmabuf_id id);
/* The buffers with this DMABuf, linked by dmabuf_next; NULL: none. */
struct bo *buffers_find_dmabuf_locked(struct dmabuf_id id);
/* The same buffer on both sides, when `bo` and one with the same DMABuf are. */
void buffers_pair_locked(struct bo *bo);

/* ---- Mappings ----
 *
 * Removed mappings go to the list `*taken`, with a reference each, for what is to be done with
 * them once the lock is released (mappings_dispose). */

struct mapping_place {
    uint64_t start, size, offset;
    uint32_t rights; /* KMT_SHIM_BO_READ ... */
    bool by_kfd, held;
};

/* The kernel mapped it: what is still in the way is out of date. NULL: no memory, told once. */
struct mapping *mappings_add_locked(struct buffer_set *set, struct bo *bo,
                                    const struct mapping_place *place, struct mapping **taken);
void mappings_remove_locked(struct mapping *mapping, struct mapping **taken);
/* It belongs to another name of its buffer from now on. */
void mapping_move_locked(struct mapping *mapping, struct bo *bo);
/* Everything in [start, last] that is older than `before`; cuts what sticks out. */
void mappings_cut_locked(struct buffer_set *set, uint64_t start, uint64_t last, uint64_t before,
                         struct mapping **taken);
/* The mapping that begins at `start`, or the lowest that overlaps; NULL: none. */
struct mapping *mappings_at_locked(const struct buffer_set *set, uint64_t start);
struct mapping *mappings_first_in_locked(const struct buffer_set *set, uint64_t start,
                                         uint64_t last);
/* Publishes the buffer's mappings anew after its flags, or the name they go by, have changed. */
void mappings_refresh_locked(struct bo *bo);
/* SVM: [start, last] where nothing is known. */
void mappings_fill_svm_locked(struct buffer_set *set, uint64_t start, uint64_t last);

/* Imports (resident.h) of buffers that are no more: the KFD's handle of one to free. False: none is
 * left, which costs one load. Without the lock. */
bool buffers_take_orphan(uint64_t *out_handle);

/* What the tables count: changed by mappings.c under the lock. */
uint64_t buffers_next_serial(void);

/* Tells subscribers of the mappings in [start, last] that are not older than `since`. */
void mappings_tell_new(struct buffer_set *set, uint64_t start, uint64_t last, uint64_t since);
/* What a change of the table leaves to be done without the lock: gives reserved addresses back to
 * the CPU, tells subscribers when `tell`, drops the references, frees orphaned imports. */
void mappings_dispose(struct mapping *taken, bool tell);

#endif
