/* SPDX-License-Identifier: MIT
 *
 * Inside of a GPU VM, for the files of this folder.
 *
 * A mapping that is in force owns one page run that covers exactly its range; a mapping without a
 * run waits for its page-table update (AMDGPU_VM_DELAY_UPDATE). A mapping that was removed but
 * whose page-table entries are still there is on the `freed` list, with its BO held.
 */
#ifndef SOFTGPU_VM_VM_INTERNAL_H
#define SOFTGPU_VM_VM_INTERNAL_H

#include <pthread.h>
#include <uthash.h>

#include "base/range_map.h"
#include "softgpu/vm/file.h"
#include "softgpu/vm/page_table.h"
#include "softgpu/vm/vm.h"

struct vm_bo;

struct vm_mapping {
    struct range_node range; /* masked addresses, bytes */
    struct vm_bo *vm_bo;     /* borrowed; NULL once freed */
    struct mem_bo *bo;       /* reference; NULL for PRT */
    uint64_t bo_offset;      /* bytes */
    uint32_t flags;          /* enum gpu_vm_page */
    enum gpu_vm_owner owner;
    struct page_run *run;           /* owned; NULL = not in the page tables */
    uint64_t ticket;                /* freed: the translation stays until it is reached */
    struct vm_mapping *prev, *next; /* in vm_bo->mappings, or in vm->freed */
};

/* What the kernel calls a bo_va: one BO's place in one VM. */
struct vm_bo {
    struct mem_bo *bo;    /* key; reference; NULL for the VM's PRT pseudo object */
    unsigned attached;    /* GEM handles and KFD attachments */
    unsigned queue_users; /* queues that use it as a buffer */
    struct vm_mapping *mappings;
    UT_hash_handle hh;
};

struct gpu_vm {
    struct isa_memory memory; /* first: what `find` gets */
    struct gpu_vm_limits limits;
    pthread_mutex_t lock;     /* guards all but the lookups of `table` */
    struct range_map tree;    /* of vm_mapping.range */
    struct vm_bo *bos;        /* hash by BO */
    struct vm_bo prt;         /* holds mappings without a BO */
    struct vm_mapping *freed; /* see above */
    uint64_t freeing;         /* ticket of what is being removed; 0 = at the next update */
    uint64_t reached;         /* ticket */
    struct page_table table;
    struct vm_garbage *garbage; /* taken out of `table`; free after garbage_period */
    uint64_t garbage_period;
    uint64_t fault_address; /* of the last fault; 0 = none */
    uint32_t fault_status;
    uint8_t *sink; /* page that PRT stores fall into; made with the first PRT mapping */
    bool is_compute;
    bool delayed; /* a mapping was made or removed without its page-table update */
    struct vm_process_info *process_info; /* borrowed; NULL = graphics only */
    struct gpu_vm *prev, *next;           /* in process_info's list */
    struct mem_resv *resv;                /* reference */
    uint64_t moves_seen;                  /* mem_move_count() at the last complete update */
    uint64_t moves_validated;             /* and at the last validation; under the residency lock */
    struct gpu_vm *all_prev, *all_next;   /* of all VMs */
};

rw_status gpu_vm_init(struct gpu_vm *vm, const struct gpu_vm_limits *limits,
                      struct mem_heaps *heaps) RW_MUST_USE;
void gpu_vm_finish(struct gpu_vm *vm);

/* access.c: memory.find */
bool vm_find(struct isa_memory *memory, uint64_t va, unsigned access, struct isa_window *out,
             bool *out_mapped);

/* mapping.c; the lock is held. Each changes the tree and leaves the page tables for
 * vm_update_locked(). */
rw_status vm_tree_map_locked(struct gpu_vm *vm, struct vm_bo *vm_bo, const struct vm_mapping *want,
                             struct vm_mapping **out_mapping) RW_MUST_USE;
rw_status vm_tree_clear_locked(struct gpu_vm *vm, uint64_t start, uint64_t size) RW_MUST_USE;
void vm_tree_remove_locked(struct gpu_vm *vm, struct vm_mapping *mapping);
/* The same, and what follows from it for the BO's place; other mappings may go too. */
void vm_tree_drop_locked(struct gpu_vm *vm, struct vm_mapping *mapping);
rw_status vm_verify_range(const struct gpu_vm *vm, const struct mem_bo *bo, uint64_t va,
                          uint64_t bo_offset, uint64_t size) RW_MUST_USE;

/* Takes freed mappings out of the page tables, then puts those of `vm_bo` (may be NULL) in. */
rw_status vm_update_locked(struct gpu_vm *vm, struct vm_bo *vm_bo) RW_MUST_USE;

/* Takes the freed mappings of a range out, whatever they wait for: others come in their place. */
rw_status vm_freed_yield_locked(struct gpu_vm *vm, uint64_t start, uint64_t last) RW_MUST_USE;

/* Makes the entries of mappings current that have lagged behind a move. */
rw_status vm_update_moved_locked(struct gpu_vm *vm, bool gem) RW_MUST_USE;

struct vm_bo *vm_bo_find_locked(struct gpu_vm *vm, const struct mem_bo *bo);
rw_status vm_bo_find_or_create_locked(struct gpu_vm *vm, struct mem_bo *bo,
                                      struct vm_bo **out_vm_bo) RW_MUST_USE;
/* An attachment, a queue or a mapping that is not GEM's has gone: with the last of them go the
 * GEM mappings that are left, and the BO's place. */
void vm_bo_holder_left_locked(struct gpu_vm *vm, struct vm_bo *vm_bo);
/* Forgets the BO when nothing, not even a mapping, needs its place any more. */
void vm_bo_drop_if_unused_locked(struct gpu_vm *vm, struct vm_bo *vm_bo);

/* residency.c: the list of all VMs of the process. */
void vm_list_add(struct gpu_vm *vm);
void vm_list_remove(struct gpu_vm *vm);

/* Unlocks. When translations were taken away, waits until no GPU work uses them any more. */
void vm_unlock_and_settle(struct gpu_vm *vm);

#endif
