/* SPDX-License-Identifier: MIT */
#include "softgpu/vm/vm.h"

#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

#include "base/log.h"
#include "softgpu/mem/heaps.h"
#include "softgpu/vm/vm_internal.h"

/* Kernel: AMDGPU_VA_RESERVED_CSA_SIZE and _SEQ64_SIZE. The sequence page lies below the CSA. */
#define RESERVED_CSA_BYTES   (UINT64_C(2) << 20)
#define RESERVED_SEQ64_BYTES (UINT64_C(2) << 20)

/* ---- life ---- */

static rw_status map_sequence_page(struct gpu_vm *vm, struct mem_heaps *heaps)
{
    uint64_t va = vm->limits.size - RESERVED_CSA_BYTES - RESERVED_SEQ64_BYTES;
    struct mem_bo *bo;
    rw_status s;

    RW_TRY(mem_heaps_sequence_bo(heaps, &bo));
    s = gpu_vm_map(vm, GPU_VM_OWNER_KERNEL, bo, 0, gpu_va_make(va), RESERVED_SEQ64_BYTES,
                   GPU_VM_PAGE_READABLE);
    mem_bo_put(bo);
    return s;
}

rw_status gpu_vm_init(struct gpu_vm *vm, const struct gpu_vm_limits *limits,
                      struct mem_heaps *heaps)
{
    rw_status s = RW_OK;

    *vm = (struct gpu_vm){.memory = {.find = vm_find}, .limits = *limits};
    atomic_init(&vm->memory.epoch, 1);
    pthread_mutex_init(&vm->lock, NULL);
    range_map_init(&vm->tree);
    vm->prt.attached = 1;
    vm_list_add(vm);
    vm->resv = mem_resv_create();
    if (!vm->resv || !page_table_init(&vm->table))
        s = RW_FAIL(ENOMEM, "no memory for a VM's page tables");
    if (rw_ok(s) && limits->seq64)
        s = map_sequence_page(vm, heaps);
    if (!rw_ok(s))
        gpu_vm_finish(vm);
    return s;
}

static void garbage_free(struct vm_garbage *list)
{
    for (struct vm_garbage *next; list; list = next) {
        next = list->next;
        free(list);
    }
}

void gpu_vm_finish(struct gpu_vm *vm)
{
    struct vm_bo *vm_bo, *next;
    struct range_node *node;

    vm_list_remove(vm);
    pthread_mutex_lock(&vm->lock);
    vm->reached = UINT64_MAX;
    while ((node = range_map_first(&vm->tree)))
        vm_tree_remove_locked(vm, range_map_entry(node, struct vm_mapping, range));
    HASH_ITER(hh, vm->bos, vm_bo, next)
    {
        vm_bo->attached = vm_bo->queue_users = 0;
        vm_bo_holder_left_locked(vm, vm_bo);
    }
    /* Removing needs memory only to cut leaves, and whole mappings are removed here. */
    if (!rw_ok(vm_update_locked(vm, NULL)))
        rw_error(vm, "no memory to take down a VM; what it maps stays allocated");
    vm_unlock_and_settle(vm);
    garbage_free(vm->garbage);
    page_table_finish(&vm->table);
    free(vm->sink);
    mem_resv_put(vm->resv);
    pthread_mutex_destroy(&vm->lock);
}

void vm_unlock_and_settle(struct gpu_vm *vm)
{
    struct vm_garbage *garbage = vm->garbage;
    uint64_t period = garbage ? grace_start() : 0;

    vm->garbage = NULL;
    /* After the period's start: work that passes because of the new epoch passes this period. */
    atomic_fetch_add(&vm->memory.epoch, 1);
    pthread_mutex_unlock(&vm->lock);
    if (!garbage)
        return;
    if (grace_wait(period, vm, GPU_VM_SETTLE_MS)) {
        garbage_free(garbage);
        return;
    }
    rw_warn(vm, "GPU work has held on to unmapped addresses for %d ms; it may still use them",
            GPU_VM_SETTLE_MS);
    pthread_mutex_lock(&vm->lock);
    while (garbage) {
        struct vm_garbage *item = garbage;

        garbage = item->next;
        item->next = vm->garbage;
        vm->garbage = item;
    }
    pthread_mutex_unlock(&vm->lock);
}

/* ---- changes ---- */

/* Where stores to ranges without memory go. */
static rw_status sink_make_locked(struct gpu_vm *vm)
{
    if (!vm->sink)
        vm->sink = aligned_alloc(GPU_PAGE_SIZE, GPU_PAGE_SIZE);
    return vm->sink ? RW_OK : RW_FAIL(ENOMEM, "no memory for the page that PRT stores go to");
}

static rw_status update_or_remove_locked(struct gpu_vm *vm, struct vm_bo *vm_bo,
                                         struct vm_mapping *made)
{
    rw_status s = vm_update_locked(vm, vm_bo);

    if (!rw_ok(s))
        vm_tree_remove_locked(vm, made);
    return s;
}

/* MAP, or with `clear` REPLACE: then what lies in the range goes first. */
static rw_status map(struct gpu_vm *vm, enum gpu_vm_owner owner, struct mem_bo *bo,
                     uint64_t bo_offset, gpu_va va, uint64_t size, uint32_t flags, bool clear)
{
    struct vm_mapping want = {
        .range = {.start = va.addr, .last = va.addr + (size - 1)},
        .bo = bo,
        .bo_offset = bo_offset,
        .flags = flags & ~(uint32_t)GPU_VM_DELAY_UPDATE,
        .owner = owner,
    };
    struct vm_mapping *made;
    struct vm_bo *vm_bo;
    rw_status s;

    RW_TRY(vm_verify_range(vm, bo, va.addr, bo_offset, size));
    pthread_mutex_lock(&vm->lock);
    s = bo ? RW_OK : sink_make_locked(vm);
    if (rw_ok(s))
        s = vm_bo_find_or_create_locked(vm, bo, &vm_bo);
    if (rw_ok(s)) {
        vm_bo->attached++; /* clearing must not forget it */
        if (clear)
            s = vm_tree_clear_locked(vm, va.addr, size);
        if (rw_ok(s))
            s = vm_tree_map_locked(vm, vm_bo, &want, &made);
        if (flags & GPU_VM_DELAY_UPDATE)
            vm->delayed = true;
        else if (rw_ok(s))
            s = update_or_remove_locked(vm, vm_bo, made);
        vm_bo->attached--;
        vm_bo_drop_if_unused_locked(vm, vm_bo);
    }
    vm_unlock_and_settle(vm);
    return s;
}

rw_status gpu_vm_map(struct gpu_vm *vm, enum gpu_vm_owner owner, struct mem_bo *bo,
                     uint64_t bo_offset, gpu_va va, uint64_t size, uint32_t flags)
{
    return map(vm, owner, bo, bo_offset, va, size, flags, false);
}

rw_status gpu_vm_replace(struct gpu_vm *vm, enum gpu_vm_owner owner, struct mem_bo *bo,
                         uint64_t bo_offset, gpu_va va, uint64_t size, uint32_t flags)
{
    return map(vm, owner, bo, bo_offset, va, size, flags, true);
}

static rw_status unmap(struct gpu_vm *vm, struct mem_bo *bo, gpu_va va, bool delay, uint64_t ticket)
{
    struct vm_mapping *m = NULL;
    struct range_node *node;
    rw_status s = RW_OK;

    pthread_mutex_lock(&vm->lock);
    node = range_map_find(&vm->tree, va.addr);
    if (node)
        m = range_map_entry(node, struct vm_mapping, range);
    if (!m || m->bo != bo || m->range.start != va.addr) {
        s = RW_FAIL(ENOENT, "no mapping of this buffer object starts at va 0x%llx",
                    (unsigned long long)va.addr);
    } else {
        vm->freeing = ticket;
        vm_tree_drop_locked(vm, m);
        vm->freeing = 0;
        if (delay)
            vm->delayed = true;
        else
            s = vm_update_locked(vm, NULL);
    }
    vm_unlock_and_settle(vm);
    return s;
}

rw_status gpu_vm_unmap(struct gpu_vm *vm, struct mem_bo *bo, gpu_va va)
{
    return unmap(vm, bo, va, false, 0);
}

rw_status gpu_vm_unmap_behind(struct gpu_vm *vm, struct mem_bo *bo, gpu_va va, uint64_t ticket)
{
    return unmap(vm, bo, va, false, ticket);
}

rw_status gpu_vm_unmap_delayed(struct gpu_vm *vm, struct mem_bo *bo, gpu_va va)
{
    return unmap(vm, bo, va, true, 0);
}

static rw_status clear(struct gpu_vm *vm, gpu_va va, uint64_t size, bool delay, uint64_t ticket)
{
    rw_status s;

    RW_TRY(vm_verify_range(vm, NULL, va.addr, 0, size));
    pthread_mutex_lock(&vm->lock);
    vm->freeing = ticket;
    s = vm_tree_clear_locked(vm, va.addr, size);
    vm->freeing = 0;
    if (delay)
        vm->delayed = true;
    else if (rw_ok(s))
        s = vm_update_locked(vm, NULL);
    vm_unlock_and_settle(vm);
    return s;
}

rw_status gpu_vm_clear(struct gpu_vm *vm, gpu_va va, uint64_t size)
{
    return clear(vm, va, size, false, 0);
}

rw_status gpu_vm_clear_behind(struct gpu_vm *vm, gpu_va va, uint64_t size, uint64_t ticket)
{
    return clear(vm, va, size, false, ticket);
}

rw_status gpu_vm_clear_delayed(struct gpu_vm *vm, gpu_va va, uint64_t size)
{
    return clear(vm, va, size, true, 0);
}

/* For callers that cannot fail. */
static void update_removed_locked(struct gpu_vm *vm, const struct mem_bo *bo)
{
    if (!rw_ok(vm_update_locked(vm, NULL)))
        rw_error(vm, "no memory to unmap a %s; the GPU may go on using it", bo->label);
}

void gpu_vm_reach(struct gpu_vm *vm, uint64_t ticket)
{
    pthread_mutex_lock(&vm->lock);
    if (ticket > vm->reached)
        vm->reached = ticket;
    if (!rw_ok(vm_update_locked(vm, NULL)))
        rw_error(vm, "no memory to unmap behind jobs; the GPU may go on using what they used");
    vm_unlock_and_settle(vm);
}

void gpu_vm_unmap_bo(struct gpu_vm *vm, enum gpu_vm_owner owner, struct mem_bo *bo)
{
    struct vm_mapping *m, *next;
    struct vm_bo *vm_bo;

    pthread_mutex_lock(&vm->lock);
    vm_bo = vm_bo_find_locked(vm, bo);
    if (vm_bo) {
        DL_FOREACH_SAFE(vm_bo->mappings, m, next)
        {
            if (m->owner == owner)
                vm_tree_remove_locked(vm, m);
        }
        if (owner == GPU_VM_OWNER_GEM)
            vm_bo_drop_if_unused_locked(vm, vm_bo);
        else
            vm_bo_holder_left_locked(vm, vm_bo);
        update_removed_locked(vm, bo);
    }
    vm_unlock_and_settle(vm);
}

rw_status gpu_vm_bo_attach(struct gpu_vm *vm, struct mem_bo *bo)
{
    struct vm_bo *vm_bo;
    rw_status s;

    pthread_mutex_lock(&vm->lock);
    s = vm_bo_find_or_create_locked(vm, bo, &vm_bo);
    if (rw_ok(s))
        vm_bo->attached++;
    pthread_mutex_unlock(&vm->lock);
    return s;
}

void gpu_vm_bo_detach_behind(struct gpu_vm *vm, struct mem_bo *bo, uint64_t ticket)
{
    struct vm_bo *vm_bo;

    pthread_mutex_lock(&vm->lock);
    vm_bo = vm_bo_find_locked(vm, bo);
    if (vm_bo && vm_bo->attached && --vm_bo->attached == 0) {
        vm->freeing = ticket;
        vm_bo_holder_left_locked(vm, vm_bo);
        vm->freeing = 0;
        update_removed_locked(vm, bo);
    }
    vm_unlock_and_settle(vm);
}

void gpu_vm_bo_detach(struct gpu_vm *vm, struct mem_bo *bo)
{
    gpu_vm_bo_detach_behind(vm, bo, 0);
}

bool gpu_vm_bo_is_attached(struct gpu_vm *vm, struct mem_bo *bo)
{
    struct vm_bo *vm_bo;
    bool attached;

    pthread_mutex_lock(&vm->lock);
    vm_bo = vm_bo_find_locked(vm, bo);
    attached = vm_bo && vm_bo->attached;
    pthread_mutex_unlock(&vm->lock);
    return attached;
}

bool gpu_vm_bo_is_mapped(struct gpu_vm *vm, struct mem_bo *bo)
{
    const struct vm_bo *vm_bo;
    bool mapped;

    pthread_mutex_lock(&vm->lock);
    vm_bo = vm_bo_find_locked(vm, bo);
    mapped = vm_bo && vm_bo->mappings;
    pthread_mutex_unlock(&vm->lock);
    return mapped;
}

/* ---- lookups of what was asked for ---- */

static void info_fill(const struct vm_mapping *m, struct gpu_vm_mapping_info *out_info)
{
    *out_info = (struct gpu_vm_mapping_info){
        .start = {m->range.start},
        .size = m->range.last - m->range.start + 1,
        .bo_offset = m->bo_offset,
        .flags = m->flags,
        .owner = m->owner,
        .bo = m->bo,
    };
}

bool gpu_vm_range_is_free(struct gpu_vm *vm, gpu_va va, uint64_t size)
{
    uint64_t start = gpu_va_masked(va);
    bool is_free;

    if (size == 0)
        return true;
    pthread_mutex_lock(&vm->lock);
    is_free = !range_map_first_in(&vm->tree, start, start + (size - 1));
    pthread_mutex_unlock(&vm->lock);
    return is_free;
}

static bool info_of_node(struct range_node *node, struct gpu_vm_mapping_info *out_info)
{
    if (!node)
        return false;
    info_fill(range_map_entry(node, struct vm_mapping, range), out_info);
    if (out_info->bo)
        mem_bo_get(out_info->bo);
    return true;
}

bool gpu_vm_lookup(struct gpu_vm *vm, gpu_va va, struct gpu_vm_mapping_info *out_info)
{
    bool found;

    pthread_mutex_lock(&vm->lock);
    found = info_of_node(range_map_find(&vm->tree, gpu_va_masked(va)), out_info);
    pthread_mutex_unlock(&vm->lock);
    return found;
}

bool gpu_vm_lookup_nearest(struct gpu_vm *vm, gpu_va va, struct gpu_vm_mapping_info *out_info)
{
    uint64_t address = gpu_va_masked(va);
    struct range_node *nearest, *above;
    bool found;

    pthread_mutex_lock(&vm->lock);
    nearest = range_map_find(&vm->tree, address);
    if (!nearest) {
        nearest = range_map_below(&vm->tree, address);
        above = range_map_above(&vm->tree, address);
        if (!nearest || (above && above->start - address < address - nearest->last))
            nearest = above;
    }
    found = info_of_node(nearest, out_info);
    pthread_mutex_unlock(&vm->lock);
    return found;
}

void gpu_vm_for_each_mapping(struct gpu_vm *vm,
                             bool (*visit)(void *context, const struct gpu_vm_mapping_info *info),
                             void *context)
{
    pthread_mutex_lock(&vm->lock);
    for (struct range_node *n = range_map_first(&vm->tree); n; n = range_map_next(n)) {
        struct gpu_vm_mapping_info info;

        info_fill(range_map_entry(n, struct vm_mapping, range), &info);
        if (!visit(context, &info))
            break;
    }
    pthread_mutex_unlock(&vm->lock);
}

/* ---- queue buffers ---- */

rw_status gpu_vm_queue_buffer_get(struct gpu_vm *vm, gpu_va va, uint64_t size,
                                  struct mem_bo **out_bo)
{
    uint64_t first_page = va.addr >> GPU_PAGE_SHIFT, pages = size >> GPU_PAGE_SHIFT;
    struct vm_mapping *m = NULL;
    struct range_node *node;
    rw_status s = RW_OK;

    pthread_mutex_lock(&vm->lock);
    node = range_map_find(&vm->tree, first_page << GPU_PAGE_SHIFT);
    if (node)
        m = range_map_entry(node, struct vm_mapping, range);
    if (!m || !m->bo)
        s = RW_FAIL(EINVAL, "queue buffer at 0x%llx is not mapped", (unsigned long long)va.addr);
    else if (m->range.start >> GPU_PAGE_SHIFT != first_page ||
             (pages && m->range.last >> GPU_PAGE_SHIFT != first_page + pages - 1))
        s = RW_FAIL(EINVAL,
                    "queue buffer 0x%llx, 0x%llx bytes, is not exactly one mapping: it lies in "
                    "0x%llx..0x%llx",
                    (unsigned long long)va.addr, (unsigned long long)size,
                    (unsigned long long)m->range.start, (unsigned long long)m->range.last);
    if (rw_ok(s)) {
        m->vm_bo->queue_users++;
        *out_bo = mem_bo_get(m->bo);
    }
    pthread_mutex_unlock(&vm->lock);
    return s;
}

void gpu_vm_queue_buffer_put(struct gpu_vm *vm, gpu_va va, struct mem_bo *bo)
{
    struct vm_bo *vm_bo;

    if (!bo)
        return;
    pthread_mutex_lock(&vm->lock);
    vm_bo = vm_bo_find_locked(vm, bo);
    if (vm_bo && vm_bo->queue_users && --vm_bo->queue_users == 0) {
        vm_bo_holder_left_locked(vm, vm_bo);
        update_removed_locked(vm, bo);
    }
    if (!vm_bo)
        rw_debug(vm, "queue buffer at 0x%llx is not known to its VM any more",
                 (unsigned long long)va.addr);
    vm_unlock_and_settle(vm);
    mem_bo_put(bo);
}

bool gpu_vm_used_by_queue(struct gpu_vm *vm, struct mem_bo *bo)
{
    struct vm_bo *vm_bo;
    bool used;

    pthread_mutex_lock(&vm->lock);
    vm_bo = vm_bo_find_locked(vm, bo);
    used = vm_bo && vm_bo->queue_users;
    pthread_mutex_unlock(&vm->lock);
    return used;
}

void gpu_vm_note_fault(struct gpu_vm *vm, gpu_va va, uint32_t status)
{
    pthread_mutex_lock(&vm->lock);
    vm->fault_address = va.addr & ~(uint64_t)(GPU_PAGE_SIZE - 1);
    vm->fault_status = status;
    pthread_mutex_unlock(&vm->lock);
}

void gpu_vm_last_fault(struct gpu_vm *vm, uint64_t *out_address, uint32_t *out_status)
{
    pthread_mutex_lock(&vm->lock);
    *out_address = vm->fault_address;
    *out_status = vm->fault_status;
    pthread_mutex_unlock(&vm->lock);
}

const struct gpu_vm_limits *gpu_vm_limits(const struct gpu_vm *vm)
{
    return &vm->limits;
}

struct isa_memory *gpu_vm_memory(struct gpu_vm *vm)
{
    return &vm->memory;
}

bool gpu_vm_is_compute(const struct gpu_vm *vm)
{
    return vm->is_compute;
}
