/* SPDX-License-Identifier: MIT
 *
 * The GPU virtual memory of one DRM file: a tree of mappings (what was asked for) and page tables
 * (what the GPU sees), apart because a moved buffer's page-table entries stay stale until the next
 * update, exactly as in the kernel (amdgpu_vm.c).
 *
 * A gpu_vm is embedded in its drm_file and not reference counted by itself: the file's reference
 * is the VM's. ACQUIRE_VM is one more reference on that file (see vm/file.h).
 *
 * Thread safety: all functions from any thread. Lookups by GPU work (`memory.find`) take no lock.
 *
 * Taking translations away: work that uses windows or gpu_vm_host() pointers runs between
 * gpu_vm_work_begin() and gpu_vm_work_end() on its thread, and says gpu_vm_work_pass() whenever it
 * holds none (when it drops its windows because the epoch has changed). An update that takes a
 * translation away changes the epoch and waits until all work of this VM that had begun before has
 * ended or passed; so when the function returns, no access by the old translation is under way or
 * to come. The wait is bounded (GPU_VM_SETTLE_MS, then a log line): work that neither ends nor
 * passes delays, but never deadlocks. Even then nothing crashes that lies in a pool: pools stay
 * mapped, and a freed range is not reused before all such work is over (mem/pool.h). Userptr memory
 * that the program unmaps too early is the program's own error, as with real hardware.
 * Work that calls these functions from inside begin/end does not wait for itself.
 */
#ifndef SOFTGPU_VM_VM_H
#define SOFTGPU_VM_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/grace.h"
#include "base/status.h"
#include "softgpu/isa/memory.h"
#include "softgpu/mem/bo.h"
#include "softgpu/vm/gpu_va.h"

struct gpu_vm;
struct drm_file;

/* Page rights and attributes of a mapping; the kernel's AMDGPU_VM_PAGE_* values. */
enum gpu_vm_page {
    GPU_VM_DELAY_UPDATE = 1 << 0, /* leave the page tables for the next update of the VM */
    GPU_VM_PAGE_READABLE = 1 << 1,
    GPU_VM_PAGE_WRITEABLE = 1 << 2,
    GPU_VM_PAGE_EXECUTABLE = 1 << 3,
    GPU_VM_PAGE_PRT = 1 << 4,
};

enum gpu_vm_owner { GPU_VM_OWNER_KERNEL, GPU_VM_OWNER_GEM, GPU_VM_OWNER_KFD };

/* Geometry that DEV_INFO, the KFD apertures and the VM's checks share. In bytes. */
struct gpu_vm_limits {
    uint64_t reserved_bottom; /* nothing may be mapped below */
    uint64_t reserved_top;    /* nor in the last so many bytes of the VM */
    uint64_t size;            /* of the VM: 1 << 48 */
    bool seq64; /* map the device's sequence page: such a VM is never empty (>= 6.9) */
};

/* A mapping as lookups report it. */
struct gpu_vm_mapping_info {
    gpu_va start;       /* masked form */
    uint64_t size;      /* bytes */
    uint64_t bo_offset; /* bytes */
    uint32_t flags;     /* enum gpu_vm_page */
    enum gpu_vm_owner owner;
    struct mem_bo *bo; /* borrowed: valid while the mapping is; NULL for PRT */
};

/* Maps [bo_offset, bo_offset+size) of `bo` at `va`. EINVAL on overlap with any mapping, bad
 * alignment, range beyond the BO, or outside the VM. The VM holds a BO reference per mapping. */
rw_status gpu_vm_map(struct gpu_vm *vm, enum gpu_vm_owner owner, struct mem_bo *bo,
                     uint64_t bo_offset, gpu_va va, uint64_t size, uint32_t flags) RW_MUST_USE;
/* Removes the mapping of `bo` that starts exactly at `va`; ENOENT if there is none. `bo` NULL:
 * a PRT range. */
rw_status gpu_vm_unmap(struct gpu_vm *vm, struct mem_bo *bo, gpu_va va) RW_MUST_USE;
/* Splits or deletes whatever lies in the range, whoever owns it (GEM_VA CLEAR). */
rw_status gpu_vm_clear(struct gpu_vm *vm, gpu_va va, uint64_t size) RW_MUST_USE;
/* The same with GPU_VM_DELAY_UPDATE: the GPU keeps its translation until the next update. */
rw_status gpu_vm_unmap_delayed(struct gpu_vm *vm, struct mem_bo *bo, gpu_va va) RW_MUST_USE;
rw_status gpu_vm_clear_delayed(struct gpu_vm *vm, gpu_va va, uint64_t size) RW_MUST_USE;
/* The same for jobs that have been submitted already: the mapping is gone at once, its translation
 * when the caller says that `ticket` is reached. Tickets are the caller's, ascending from 1; one
 * that has been reached is at once, as is 0. What is mapped by KFD or shared over such addresses
 * meanwhile takes the translation away before; others ask gpu_vm_is_behind(). */
rw_status gpu_vm_unmap_behind(struct gpu_vm *vm, struct mem_bo *bo, gpu_va va,
                              uint64_t ticket) RW_MUST_USE;
rw_status gpu_vm_clear_behind(struct gpu_vm *vm, gpu_va va, uint64_t size,
                              uint64_t ticket) RW_MUST_USE;
void gpu_vm_reach(struct gpu_vm *vm, uint64_t ticket);
/* Does a translation wait for its ticket in this range? */
bool gpu_vm_is_behind(struct gpu_vm *vm, gpu_va va, uint64_t size);
/* CLEAR and MAP in one step (GEM_VA REPLACE). `bo` may be NULL with GPU_VM_PAGE_PRT. */
rw_status gpu_vm_replace(struct gpu_vm *vm, enum gpu_vm_owner owner, struct mem_bo *bo,
                         uint64_t bo_offset, gpu_va va, uint64_t size, uint32_t flags) RW_MUST_USE;
/* Removes every mapping of `bo` made by `owner` (last handle closed). */
void gpu_vm_unmap_bo(struct gpu_vm *vm, enum gpu_vm_owner owner, struct mem_bo *bo);

/* A BO's place in the VM (the kernel's bo_va), which GEM and KFD share: it lives while it is
 * attached (a GEM handle, a KFD allocation that was mapped once) or has a mapping that is not
 * GEM's. When it goes, GEM mappings that are left go with it. KFD need not attach: its mappings
 * hold. */
rw_status gpu_vm_bo_attach(struct gpu_vm *vm, struct mem_bo *bo) RW_MUST_USE;
void gpu_vm_bo_detach(struct gpu_vm *vm, struct mem_bo *bo);
void gpu_vm_bo_detach_behind(struct gpu_vm *vm, struct mem_bo *bo, uint64_t ticket);
bool gpu_vm_bo_is_attached(struct gpu_vm *vm, struct mem_bo *bo);
bool gpu_vm_bo_is_mapped(struct gpu_vm *vm, struct mem_bo *bo); /* by whomever */

/* Is [va, va+size) free of mappings? (SVM checks this; GEM_VA and KFD MAP check it themselves.) */
bool gpu_vm_range_is_free(struct gpu_vm *vm, gpu_va va, uint64_t size);
/* The mapping that covers `va`. `out_info->bo` gets a reference of its own, to be put. */
bool gpu_vm_lookup(struct gpu_vm *vm, gpu_va va, struct gpu_vm_mapping_info *out_info);
/* Like gpu_vm_lookup, for the nearest mapping below or above an unmapped address. */
bool gpu_vm_lookup_nearest(struct gpu_vm *vm, gpu_va va, struct gpu_vm_mapping_info *out_info);
/* Calls `visit` for each mapping in address order; stops when it returns false. */
void gpu_vm_for_each_mapping(struct gpu_vm *vm,
                             bool (*visit)(void *context, const struct gpu_vm_mapping_info *info),
                             void *context);

/* ---- residency (mem/residency.h) ----
 *
 * When a buffer moves, the page tables keep its old place until one of these updates them. */

/* Kernel: the validation part of CS. Makes the VM's always-valid objects and `bos` resident where
 * they prefer to be, else where they may be, and all page-table entries of the VM current, those of
 * private objects too. On success nothing moves, and no other VM is validated, before
 * gpu_vm_validate_end(): in between the caller adds its job's fence to the reservations (see
 * mem_jobs_set_waiter()). ENOMEM: they do not fit. On failure there is nothing to end. */
rw_status gpu_vm_validate_begin(struct gpu_vm *vm, struct mem_bo *const *bos,
                                size_t count) RW_MUST_USE;
void gpu_vm_validate_end(void);

/* The same for the VM's always-valid objects alone, under the residency lock (a KFD restore). */
rw_status gpu_vm_validate_private_locked(struct gpu_vm *vm) RW_MUST_USE;
/* Brings the page tables up to date with what was delayed, and with what has moved since: for
 * mappings by KFD and the kernel, and with `gem` for all others. ENOMEM. */
rw_status gpu_vm_update_moved(struct gpu_vm *vm, bool gem) RW_MUST_USE;

/* Makes `bo`, just created, always valid in this VM (AMDGPU_GEM_CREATE_VM_ALWAYS_VALID). */
void gpu_vm_adopt_bo(struct gpu_vm *vm, struct mem_bo *bo);
/* The reservation of the VM's page tables and always-valid objects. */
struct mem_resv *gpu_vm_resv(struct gpu_vm *vm);

/* Queue buffers must be exactly one mapping (6.12). Finds it, checks start and size, takes a
 * reference on the BO and marks the mapping as used by a queue (unmap by KFD then gets EBUSY).
 * EINVAL when it is not mapped exactly so. */
rw_status gpu_vm_queue_buffer_get(struct gpu_vm *vm, gpu_va va, uint64_t size,
                                  struct mem_bo **out_bo) RW_MUST_USE;
void gpu_vm_queue_buffer_put(struct gpu_vm *vm, gpu_va va, struct mem_bo *bo);
bool gpu_vm_used_by_queue(struct gpu_vm *vm, struct mem_bo *bo);

/* Shared virtual memory: the program's memory at its own address, in the page tables alone. It is
 * no mapping: lookups and overlap checks do not know of it, and what is mapped over it wins
 * (kernel: svm_range_map_to_gpu). `access`: enum isa_access. ENOMEM. */
struct gpu_vm_shared;
rw_status gpu_vm_share(struct gpu_vm *vm, uint64_t address, uint64_t size, unsigned access,
                       struct gpu_vm_shared **out_shared) RW_MUST_USE;
/* Takes it away; `replaced`: all of its pages have been shared anew, and those entries stay. */
void gpu_vm_unshare(struct gpu_vm *vm, struct gpu_vm_shared *shared, bool replaced);

/* The last page fault of the VM, for INFO's GPUVM_FAULT: the page's address, and the hardware's
 * status word. Zero while there was none. */
void gpu_vm_note_fault(struct gpu_vm *vm, gpu_va va, uint32_t status);
void gpu_vm_last_fault(struct gpu_vm *vm, uint64_t *out_address, uint32_t *out_status);

const struct gpu_vm_limits *gpu_vm_limits(const struct gpu_vm *vm);
/* What executing code reaches memory by; valid as long as the VM. */
struct isa_memory *gpu_vm_memory(struct gpu_vm *vm);

/* Brackets for work on the GPU's behalf; see the top of this file. They nest. */
static inline void gpu_vm_work_begin(struct gpu_vm *vm)
{
    grace_enter(vm);
}
static inline void gpu_vm_work_pass(void)
{
    grace_pass();
}
static inline void gpu_vm_work_end(void)
{
    grace_leave();
}

#define GPU_VM_SETTLE_MS 1000

/* Host access for packet processors: copies through the page tables, EFAULT with the first
 * address that is not accessible in *out_fault (may be NULL). */
rw_status gpu_vm_read(struct gpu_vm *vm, gpu_va va, void *data, uint64_t size,
                      gpu_va *out_fault) RW_MUST_USE;
rw_status gpu_vm_write(struct gpu_vm *vm, gpu_va va, const void *data, uint64_t size,
                       gpu_va *out_fault) RW_MUST_USE;
/* Host address of `size` bytes at `va` if they lie contiguously and grant `access`, else NULL. To
 * be used within one gpu_vm_work_begin/end. */
void *gpu_vm_host(struct gpu_vm *vm, gpu_va va, uint64_t size, unsigned access);

#endif
