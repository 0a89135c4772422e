/* SPDX-License-Identifier: MIT
 *
 * Buffer objects. A BO belongs to one device and has one current placement, which changes when it
 * is moved (mem/residency.h); GEM handles, KFD handles, mappings and dma-bufs are references to it.
 * What amdgpu_bo and its GEM object are in the kernel.
 *
 * Ownership: mem_bo_create() returns one reference; mem_bo_put() of the last one frees the
 * memory. Thread safety: reference counting and the accessors from any thread; the metadata
 * under `lock`. `placement`, `pool`, `offset` and `host` change under the residency lock; who uses
 * the memory by `host` without it pins the BO, or knows that it does not move (only
 * MEM_BACKING_POOL does).
 */
#ifndef SOFTGPU_MEM_BO_H
#define SOFTGPU_MEM_BO_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/range_map.h"
#include "base/status.h"
#include "softgpu/mem/pool.h"
#include "softgpu/mem/residency.h"

enum mem_domain {
    MEM_DOMAIN_NONE = 0,
    MEM_DOMAIN_CPU = 1, /* the values are AMDGPU_GEM_DOMAIN_*'s */
    MEM_DOMAIN_GTT = 2,
    MEM_DOMAIN_VRAM = 4,
    MEM_DOMAIN_GDS = 8,
    MEM_DOMAIN_GWS = 16,
    MEM_DOMAIN_OA = 32,
    MEM_DOMAIN_DOORBELL = 64,
};

/* What backs the pages. */
enum mem_backing {
    MEM_BACKING_POOL,    /* a range of the VRAM or GTT pool */
    MEM_BACKING_USERPTR, /* this process's own memory at `user_address` */
    MEM_BACKING_PAGES,   /* pages the device owns elsewhere: doorbells, MMIO remap */
    MEM_BACKING_NONE,    /* on-chip memory (GDS, GWS, OA): no pages a CPU or shader could address */
};

struct mem_heaps; /* one device's VRAM pool and the system's GTT pool; see mem/heaps.h */

struct mem_bo_desc {
    uint64_t size;         /* bytes; rounded up to pages */
    uint64_t align;        /* bytes, power of two; 0 = page */
    uint32_t domains;      /* enum mem_domain bits that are allowed */
    uint64_t create_flags; /* AMDGPU_GEM_CREATE_* */
    enum mem_backing backing;
    uint64_t user_address; /* USERPTR: host address, page aligned */
    uint8_t *pages;        /* PAGES: borrowed host mapping */
    int pages_fd;          /* PAGES: borrowed fd to mmap for the CPU's view, or -1 */
    uint64_t pages_offset; /* PAGES: offset in that fd */
    struct mem_bo *origin; /* PAGES: the other device's BO whose pages they are, or NULL; gets a
                            * reference of its own */
};

struct mem_bo {
    atomic_int refs;
    struct mem_heaps *heaps;    /* borrowed; the owning device's */
    unsigned device;            /* index of the owning device */
    uint64_t id;                /* unique in the process, for logs */
    uint64_t size;              /* bytes, whole pages */
    _Atomic uint32_t preferred; /* enum mem_domain bits: where it belongs */
    _Atomic uint32_t domains;   /* where it may be */
    _Atomic uint32_t placement; /* current: one enum mem_domain */
    uint64_t create_flags;
    enum mem_backing backing;
    struct mem_pool *pool; /* POOL: of the current placement */
    pool_offset offset;    /* POOL: in it */
    uint8_t *_Atomic host; /* current host address of byte 0 (userptr: the user's) */
    int pages_fd;
    uint64_t pages_offset;
    uint64_t mmap_offset; /* fake offset on the device's nodes, unique per device */
    void *vm_private;     /* always-valid objects: the gpu_vm whose life they share; else NULL */
    pthread_mutex_t lock; /* guards what follows */
    uint64_t tiling_info;
    uint64_t metadata_flags;
    uint32_t metadata_size; /* bytes, at most 256 */
    uint8_t metadata[256];
    void *dmabuf; /* the living dma-buf of this BO, if exported; weak, owned by the front */
    bool no_cpu_access;
    bool user_readonly;
    char label[24];              /* who made it, for fault messages: "kfd vram", "gem gtt", ... */
    uint64_t align;              /* bytes, as asked for */
    struct range_node mmap_node; /* in heaps->by_offset */
    struct mem_bo *origin;       /* reference: imported from another device; else NULL */

    /* Residency; see residency.h and cpu_map.h. */
    atomic_int pins;
    atomic_bool forked;         /* a child may have inherited a mapping */
    struct mem_resv own_resv;   /* what `resv` is, unless it is shared */
    struct mem_resv *resv;      /* a shared one is a reference */
    bool reserved, passed_over; /* under the residency lock */
    struct cpu_map *cpu_maps;   /* under the lock of cpu_map.c */
    struct mem_bo **lru;        /* list that it is in, or NULL; under heaps->lock, as the links */
    struct mem_bo *lru_prev, *lru_next;
};

/* Places the BO in the first of VRAM, GTT, CPU that `desc->domains` allows and that has room, else
 * in the first where moving others makes room; the memory reads as zero. Takes the residency lock.
 * EINVAL size 0, bad align; ENOMEM no room. */
rw_status mem_bo_create(struct mem_heaps *heaps, const struct mem_bo_desc *desc, const char *label,
                        struct mem_bo **out_bo) RW_MUST_USE;
struct mem_bo *mem_bo_get(struct mem_bo *bo);
void mem_bo_put(struct mem_bo *bo); /* NULL is fine */

/* Makes it an always-valid object, right after it was created: one that shares life and reservation
 * of the VM `vm_private`. */
void mem_bo_share_resv(struct mem_bo *bo, void *vm_private, struct mem_resv *resv);

/* Finds a device's BO by its fake mmap offset; returns a new reference or NULL. */
struct mem_bo *mem_bo_find_by_mmap_offset(struct mem_heaps *heaps, uint64_t mmap_offset);

/* Maps the BO's pages for the CPU as mmap(2) of a DRM node would: `start` is the byte offset
 * inside the BO. EPERM for userptr and NO_CPU_ACCESS objects, EINVAL beyond the end or for a
 * private writable mapping. The mapping holds the BO until it is unmapped (mem/cpu_map.h), and
 * follows it. */
rw_status mem_bo_mmap(struct mem_bo *bo, void *address, uint64_t length, int prot, int flags,
                      uint64_t start, void **out_address) RW_MUST_USE;

#endif
