/* SPDX-License-Identifier: MIT
 *
 * The tree of mappings, and how it gets into the page tables. The checks and their order are
 * those of amdgpu_vm.c: amdgpu_vm_bo_map(), _unmap(), _clear_mappings(), _replace_map().
 */
#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

#include "base/log.h"
#include "softgpu/vm/vm_internal.h"

#define PAGE_MASK ((uint64_t)GPU_PAGE_SIZE - 1)

static struct vm_mapping *mapping_of(struct range_node *node)
{
    return node ? range_map_entry(node, struct vm_mapping, range) : NULL;
}

rw_status vm_verify_range(const struct gpu_vm *vm, const struct mem_bo *bo, uint64_t va,
                          uint64_t bo_offset, uint64_t size)
{
    uint64_t end;

    if ((va | bo_offset | size) & PAGE_MASK)
        return RW_FAIL(EINVAL, "va 0x%llx, offset 0x%llx and size 0x%llx must be whole pages",
                       (unsigned long long)va, (unsigned long long)bo_offset,
                       (unsigned long long)size);
    if (size == 0 || __builtin_add_overflow(va, size, &end) ||
        __builtin_add_overflow(bo_offset, size, &end))
        return RW_FAIL(EINVAL, "range at va 0x%llx is empty or wraps around",
                       (unsigned long long)va);
    if (bo && bo_offset + size > bo->size)
        return RW_FAIL(EINVAL, "range ends 0x%llx bytes behind a %s of 0x%llx bytes",
                       (unsigned long long)(bo_offset + size - bo->size), bo->label,
                       (unsigned long long)bo->size);
    if (va + (size - 1) >= vm->limits.size)
        return RW_FAIL(EINVAL, "va 0x%llx, size 0x%llx: beyond the VM's end 0x%llx",
                       (unsigned long long)va, (unsigned long long)size,
                       (unsigned long long)vm->limits.size);
    return RW_OK;
}

/* ---- BOs of a VM ---- */

struct vm_bo *vm_bo_find_locked(struct gpu_vm *vm, const struct mem_bo *bo)
{
    struct vm_bo *vm_bo = NULL;

    if (!bo)
        return &vm->prt;
    HASH_FIND_PTR(vm->bos, &bo, vm_bo);
    return vm_bo;
}

rw_status vm_bo_find_or_create_locked(struct gpu_vm *vm, struct mem_bo *bo,
                                      struct vm_bo **out_vm_bo)
{
    struct vm_bo *vm_bo = vm_bo_find_locked(vm, bo);

    if (!vm_bo) {
        vm_bo = calloc(1, sizeof *vm_bo);
        if (!vm_bo)
            return RW_FAIL(ENOMEM, "no memory to note a buffer object in a VM");
        vm_bo->bo = mem_bo_get(bo);
        HASH_ADD_PTR(vm->bos, bo, vm_bo);
    }
    *out_vm_bo = vm_bo;
    return RW_OK;
}

static bool only_gem_maps(const struct vm_bo *vm_bo)
{
    const struct vm_mapping *m;

    DL_FOREACH(vm_bo->mappings, m)
    {
        if (m->owner != GPU_VM_OWNER_GEM)
            return false;
    }
    return true;
}

void vm_bo_drop_if_unused_locked(struct gpu_vm *vm, struct vm_bo *vm_bo)
{
    if (vm_bo == &vm->prt || vm_bo->attached || vm_bo->queue_users || vm_bo->mappings)
        return;
    HASH_DEL(vm->bos, vm_bo);
    mem_bo_put(vm_bo->bo);
    free(vm_bo);
}

void vm_bo_holder_left_locked(struct gpu_vm *vm, struct vm_bo *vm_bo)
{
    if (vm_bo == &vm->prt || vm_bo->attached || vm_bo->queue_users || !only_gem_maps(vm_bo))
        return;
    while (vm_bo->mappings)
        vm_tree_remove_locked(vm, vm_bo->mappings);
    vm_bo_drop_if_unused_locked(vm, vm_bo);
}

/* ---- the tree ---- */

static struct vm_mapping *mapping_copy(const struct vm_mapping *from)
{
    struct vm_mapping *m = calloc(1, sizeof *m);

    if (m) {
        m->bo = from->bo ? mem_bo_get(from->bo) : NULL;
        m->bo_offset = from->bo_offset;
        m->flags = from->flags;
        m->owner = from->owner;
    }
    return m;
}

static void mapping_destroy(struct vm_mapping *m)
{
    if (m)
        mem_bo_put(m->bo);
    free(m);
}

rw_status vm_tree_map_locked(struct gpu_vm *vm, struct vm_bo *vm_bo, const struct vm_mapping *want,
                             struct vm_mapping **out_mapping)
{
    struct vm_mapping *other, *m;

    other = mapping_of(range_map_first_in(&vm->tree, want->range.start, want->range.last));
    if (other)
        return RW_FAIL(EINVAL, "va 0x%llx..0x%llx overlaps a mapping of a %s at 0x%llx..0x%llx",
                       (unsigned long long)want->range.start, (unsigned long long)want->range.last,
                       other->bo ? other->bo->label : "PRT range",
                       (unsigned long long)other->range.start,
                       (unsigned long long)other->range.last);
    m = mapping_copy(want);
    if (!m)
        return RW_FAIL(ENOMEM, "no memory for a mapping");
    m->vm_bo = vm_bo;
    range_map_insert(&vm->tree, &m->range, want->range.start, want->range.last);
    DL_APPEND(vm_bo->mappings, m);
    *out_mapping = m;
    return RW_OK;
}

void vm_tree_remove_locked(struct gpu_vm *vm, struct vm_mapping *m)
{
    range_map_remove(&vm->tree, &m->range);
    DL_DELETE(m->vm_bo->mappings, m);
    m->vm_bo = NULL;
    m->ticket = vm->freeing;
    if (m->run)
        DL_APPEND(vm->freed, m);
    else
        mapping_destroy(m);
}

void vm_tree_drop_locked(struct gpu_vm *vm, struct vm_mapping *m)
{
    struct vm_bo *vm_bo = m->vm_bo;
    bool held = m->owner != GPU_VM_OWNER_GEM;

    vm_tree_remove_locked(vm, m);
    if (held)
        vm_bo_holder_left_locked(vm, vm_bo);
    else
        vm_bo_drop_if_unused_locked(vm, vm_bo);
}

/* ---- page tables ---- */

/* What the mapping allows and the pages do: those of a read-only userptr are never written. */
static unsigned access_of_mapping(const struct vm_mapping *m)
{
    uint32_t flags = m->flags;

    if (!m->bo) /* a partially resident range; see prt_window() */
        return ISA_ACCESS_READ | ISA_ACCESS_WRITE;
    if (m->bo->user_readonly)
        flags &= ~(uint32_t)GPU_VM_PAGE_WRITEABLE;
    return ((flags & GPU_VM_PAGE_READABLE) ? ISA_ACCESS_READ : 0u) |
           ((flags & GPU_VM_PAGE_WRITEABLE) ? ISA_ACCESS_WRITE : 0u) |
           ((flags & GPU_VM_PAGE_EXECUTABLE) ? ISA_ACCESS_EXECUTE : 0u);
}

/* Where the pages are now. The BO may move at any time; then the entries lag behind. */
static uint8_t *host_of_mapping(const struct vm_mapping *m)
{
    return m->bo ? m->bo->host + m->bo_offset : NULL;
}

/* Has the mapping memory that page-table entries could name? On-chip objects have none. */
static bool has_pages(const struct vm_mapping *m)
{
    return !m->bo || m->bo->host;
}

static struct page_run *run_create(const struct vm_mapping *m)
{
    struct page_run *run = malloc(sizeof *run);

    if (run)
        *run = (struct page_run){
            .va = m->range.start,
            .size = m->range.last - m->range.start + 1,
            .host = host_of_mapping(m),
            .access = access_of_mapping(m),
        };
    return run;
}

static void run_retire(struct gpu_vm *vm, struct vm_mapping *m)
{
    if (m->run) {
        m->run->garbage.next = vm->garbage;
        vm->garbage = &m->run->garbage;
        m->run = NULL;
    }
}

/* Puts `run` in force for the mapping, in place of what was there. The nodes are reserved. */
static void run_install(struct gpu_vm *vm, struct vm_mapping *m, struct page_run *run)
{
    page_table_set(&vm->table, m->range.start >> GPU_PAGE_SHIFT, m->range.last >> GPU_PAGE_SHIFT,
                   run, &vm->garbage);
    run_retire(vm, m);
    m->run = run;
}

static rw_status freed_take_locked(struct gpu_vm *vm, struct vm_mapping *m)
{
    if (!page_table_reserve(&vm->table, 1))
        return RW_FAIL(ENOMEM, "no memory for page tables");
    DL_DELETE(vm->freed, m);
    run_install(vm, m, NULL);
    mapping_destroy(m);
    return RW_OK;
}

static rw_status freed_update_locked(struct gpu_vm *vm)
{
    struct vm_mapping *m, *next;

    DL_FOREACH_SAFE(vm->freed, m, next)
    {
        if (m->ticket <= vm->reached)
            RW_TRY(freed_take_locked(vm, m));
    }
    return RW_OK;
}

static bool meets(const struct vm_mapping *m, uint64_t start, uint64_t last)
{
    return m->range.start <= last && m->range.last >= start;
}

rw_status vm_freed_yield_locked(struct gpu_vm *vm, uint64_t start, uint64_t last)
{
    struct vm_mapping *m, *next;

    DL_FOREACH_SAFE(vm->freed, m, next)
    {
        if (meets(m, start, last))
            RW_TRY(freed_take_locked(vm, m));
    }
    return RW_OK;
}

bool gpu_vm_is_behind(struct gpu_vm *vm, gpu_va va, uint64_t size)
{
    const struct vm_mapping *m;
    bool found = false;

    if (size == 0)
        return false;
    pthread_mutex_lock(&vm->lock);
    DL_FOREACH(vm->freed, m)
    {
        found |= m->ticket > vm->reached && meets(m, va.addr, va.addr + (size - 1));
    }
    pthread_mutex_unlock(&vm->lock);
    return found;
}

static bool is_current(const struct vm_mapping *m)
{
    if (!m->run || !has_pages(m))
        return !m->run && !has_pages(m);
    return m->run->host == host_of_mapping(m);
}

static rw_status mapping_update_locked(struct gpu_vm *vm, struct vm_mapping *m)
{
    struct page_run *run;

    if (is_current(m))
        return RW_OK;
    RW_TRY(vm_freed_yield_locked(vm, m->range.start, m->range.last));
    bool reserved = page_table_reserve(&vm->table, 1);
    run = reserved && has_pages(m) ? run_create(m) : NULL;
    if (!reserved || (has_pages(m) && !run))
        return RW_FAIL(ENOMEM, "no memory for page tables");
    run_install(vm, m, run);
    return RW_OK;
}

rw_status vm_update_locked(struct gpu_vm *vm, struct vm_bo *vm_bo)
{
    struct vm_mapping *m;

    RW_TRY(freed_update_locked(vm));
    if (!vm_bo)
        return RW_OK;
    DL_FOREACH(vm_bo->mappings, m)
    RW_TRY(mapping_update_locked(vm, m));
    return RW_OK;
}

rw_status vm_update_moved_locked(struct gpu_vm *vm, bool gem)
{
    RW_TRY(freed_update_locked(vm));
    for (struct range_node *n = range_map_first(&vm->tree); n; n = range_map_next(n)) {
        struct vm_mapping *m = mapping_of(n);

        if (gem || m->owner != GPU_VM_OWNER_GEM)
            RW_TRY(mapping_update_locked(vm, m));
    }
    return RW_OK;
}

/* ---- CLEAR ---- */

/* What splitting a mapping around a cleared range needs, taken before anything is changed. */
struct split {
    struct vm_mapping *before, *after;
    struct page_run *before_run, *middle_run, *after_run;
};

static void split_destroy(struct split *split)
{
    mapping_destroy(split->before);
    mapping_destroy(split->after);
    free(split->before_run);
    free(split->middle_run);
    free(split->after_run);
}

static rw_status split_prepare(struct split *split, const struct vm_mapping *m, uint64_t start,
                               uint64_t last)
{
    bool ok = true;

    *split = (struct split){0};
    if (m->range.start < start)
        ok &= (split->before = mapping_copy(m)) != NULL;
    if (m->range.last > last)
        ok &= (split->after = mapping_copy(m)) != NULL;
    if (m->run && (split->before || split->after)) {
        ok &= (split->before_run = malloc(sizeof *split->before_run)) != NULL;
        ok &= (split->middle_run = malloc(sizeof *split->middle_run)) != NULL;
        ok &= (split->after_run = malloc(sizeof *split->after_run)) != NULL;
    }
    if (!ok) {
        split_destroy(split);
        return RW_FAIL(ENOMEM, "no memory to split a mapping");
    }
    return RW_OK;
}

/* The piece of `from`, the run in force, that covers the mapping's range. */
static void run_cut(struct page_run *run, const struct page_run *from, const struct vm_mapping *m)
{
    *run = *from;
    run->va = m->range.start;
    run->size = m->range.last - m->range.start + 1;
    run->host = from->host ? from->host + (m->range.start - from->va) : NULL;
}

/* Puts one remainder of a split mapping, which has left the tree, back into it. */
static void remainder_insert(struct gpu_vm *vm, struct vm_mapping *part, struct vm_bo *vm_bo,
                             uint64_t start, uint64_t last, struct page_run **run,
                             const struct page_run *from)
{
    part->vm_bo = vm_bo;
    range_map_insert(&vm->tree, &part->range, start, last);
    DL_APPEND(vm_bo->mappings, part);
    if (from) {
        run_cut(*run, from, part);
        run_install(vm, part, *run);
        *run = NULL;
    }
}

/* Removes [start, last] from one mapping. What remains of it keeps its translation, by runs of its
 * own: a run must not reach beyond its mapping, or a window would outlive what it covers. */
static void mapping_cut(struct gpu_vm *vm, struct vm_mapping *m, uint64_t start, uint64_t last,
                        struct split *split)
{
    struct vm_bo *vm_bo = m->vm_bo;
    const struct page_run *run = m->run;
    uint64_t old_start = m->range.start, old_last = m->range.last;

    if (split->after)
        split->after->bo_offset += last + 1 - old_start;
    range_map_resize(&vm->tree, &m->range, old_start < start ? start : old_start,
                     old_last > last ? last : old_last);
    if (m->range.start > old_start)
        m->bo_offset += m->range.start - old_start;
    if (split->before)
        remainder_insert(vm, split->before, vm_bo, old_start, start - 1, &split->before_run, run);
    if (split->after)
        remainder_insert(vm, split->after, vm_bo, last + 1, old_last, &split->after_run, run);
    if (split->middle_run) {
        run_cut(split->middle_run, run, m);
        run_install(vm, m, split->middle_run);
        split->middle_run = NULL;
    }
    split->before = split->after = NULL;
    split_destroy(split);
    vm_tree_drop_locked(vm, m);
}

rw_status vm_tree_clear_locked(struct gpu_vm *vm, uint64_t start, uint64_t size)
{
    uint64_t last = start + (size - 1);
    struct vm_mapping *lowest, *highest;
    struct vm_bo *pinned;
    bool held;
    struct split low, high;

    lowest = mapping_of(range_map_first_in(&vm->tree, start, last));
    if (!lowest)
        return RW_OK;
    highest = mapping_of(range_map_find(&vm->tree, last));
    if (!page_table_reserve(&vm->table, 6))
        return RW_FAIL(ENOMEM, "no memory for page tables");
    RW_TRY(split_prepare(&low, lowest, start, last));
    pinned = lowest->vm_bo;
    held = !only_gem_maps(pinned);
    pinned->attached++; /* cutting the highest must not take the lowest away with it */
    if (highest && highest != lowest) {
        rw_status s = split_prepare(&high, highest, start, last);
        if (!rw_ok(s)) {
            pinned->attached--;
            split_destroy(&low);
            return s;
        }
        mapping_cut(vm, highest, start, last, &high);
    }
    mapping_cut(vm, lowest, start, last, &low);
    pinned->attached--;
    if (held)
        vm_bo_holder_left_locked(vm, pinned);
    else
        vm_bo_drop_if_unused_locked(vm, pinned);
    while ((lowest = mapping_of(range_map_first_in(&vm->tree, start, last))))
        vm_tree_drop_locked(vm, lowest);
    return RW_OK;
}
