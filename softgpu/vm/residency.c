/* SPDX-License-Identifier: MIT
 *
 * Validation: buffers where they belong, page tables that say where they are. Kernel:
 * amdgpu_cs_parser_bos(), amdgpu_vm_validate(), amdgpu_vm_handle_moved().
 */
#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

#include "base/log.h"
#include "softgpu/mem/residency.h"
#include "softgpu/vm/vm_internal.h"

/* Jobs that still use the buffer where it is use it there: moving it back has to wait. */
static rw_status bo_validate_locked(struct mem_bo *bo)
{
    rw_status s;

    if (bo->backing != MEM_BACKING_POOL)
        return RW_OK;
    s = mem_bo_validate_locked(bo, bo->preferred);
    if (s.err == ENOMEM || s.err == ENOTSUP || s.err == EBUSY)
        s = mem_bo_validate_locked(bo, bo->domains);
    if (rw_ok(s))
        mem_bo_touch(bo);
    else if (s.err == ENOTSUP || s.err == EBUSY) /* pinned or in use where it is: resident */
        s = RW_OK;
    return s.err == ENOMEM ? RW_FAIL(ENOMEM, "no room to make a %s resident", bo->label) : s;
}

struct bo_set {
    struct mem_bo **bos; /* owned, each with a reference */
    size_t count;
};

static void set_put(struct bo_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        mem_bo_put(set->bos[i]);
    free(set->bos);
}

/* The VM's always-valid objects, which have to be validated without its lock. */
static rw_status private_collect(struct gpu_vm *vm, struct bo_set *out_set)
{
    const struct vm_bo *vm_bo;

    *out_set = (struct bo_set){0};
    pthread_mutex_lock(&vm->lock);
    out_set->bos = calloc(HASH_COUNT(vm->bos) + 1, sizeof *out_set->bos);
    for (vm_bo = vm->bos; out_set->bos && vm_bo; vm_bo = vm_bo->hh.next)
        if (vm_bo->bo->vm_private == vm)
            out_set->bos[out_set->count++] = mem_bo_get(vm_bo->bo);
    pthread_mutex_unlock(&vm->lock);
    return out_set->bos ? RW_OK : RW_FAIL(ENOMEM, "no memory to validate a VM");
}

static void set_reserve_locked(struct mem_bo *const *bos, size_t count, bool reserved)
{
    for (size_t i = 0; i < count; i++)
        mem_bo_reserve_locked(bos[i], reserved);
}

static rw_status set_validate_locked(struct mem_bo *const *bos, size_t count)
{
    for (size_t i = 0; i < count; i++)
        RW_TRY(bo_validate_locked(bos[i]));
    return RW_OK;
}

/* Has nothing moved since the VM was validated, and are `bos` where they belong? The usual case. */
static bool is_valid_locked(const struct gpu_vm *vm, struct mem_bo *const *bos, size_t count)
{
    if (vm->moves_validated != mem_move_count())
        return false;
    for (size_t i = 0; i < count; i++) {
        if (bos[i]->backing == MEM_BACKING_POOL && !(bos[i]->placement & bos[i]->preferred))
            return false;
        mem_bo_touch(bos[i]);
    }
    return true;
}

/* All of them are reserved, so that none moves to make room for another. */
static rw_status validate_locked(struct gpu_vm *vm, struct mem_bo *const *bos, size_t count)
{
    struct bo_set own;
    rw_status s;

    if (is_valid_locked(vm, bos, count))
        return RW_OK;
    RW_TRY(private_collect(vm, &own));
    set_reserve_locked(own.bos, own.count, true);
    set_reserve_locked(bos, count, true);
    s = set_validate_locked(bos, count);
    if (rw_ok(s))
        s = set_validate_locked(own.bos, own.count);
    set_reserve_locked(bos, count, false);
    set_reserve_locked(own.bos, own.count, false);
    set_put(&own);
    if (rw_ok(s))
        vm->moves_validated = mem_move_count();
    return s;
}

rw_status gpu_vm_validate_private_locked(struct gpu_vm *vm)
{
    return validate_locked(vm, NULL, 0);
}

rw_status gpu_vm_update_moved(struct gpu_vm *vm, bool gem)
{
    uint64_t moves = mem_move_count();
    rw_status s = RW_OK;

    pthread_mutex_lock(&vm->lock);
    if (vm->moves_seen == moves && !vm->delayed) {
        pthread_mutex_unlock(&vm->lock);
        return RW_OK;
    }
    s = vm_update_moved_locked(vm, gem);
    if (rw_ok(s) && gem) {
        vm->moves_seen = moves;
        vm->delayed = false;
    }
    vm_unlock_and_settle(vm);
    return s;
}

rw_status gpu_vm_validate_begin(struct gpu_vm *vm, struct mem_bo *const *bos, size_t count)
{
    rw_status s;

    mem_residency_lock();
    s = validate_locked(vm, bos, count);
    if (rw_ok(s))
        s = gpu_vm_update_moved(vm, true);
    if (!rw_ok(s))
        mem_residency_unlock();
    return s;
}

void gpu_vm_validate_end(void)
{
    mem_residency_unlock();
}

void gpu_vm_adopt_bo(struct gpu_vm *vm, struct mem_bo *bo)
{
    mem_bo_share_resv(bo, vm, vm->resv);
}

struct mem_resv *gpu_vm_resv(struct gpu_vm *vm)
{
    return vm->resv;
}

/* ---- all VMs ---- */

static struct {
    pthread_mutex_t lock;
    pthread_once_t once;
    struct gpu_vm *vms;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER, .once = PTHREAD_ONCE_INIT};

/* Work in progress looks its addresses up again: what it held before is free. */
static void epochs_change(void)
{
    struct gpu_vm *vm;

    pthread_mutex_lock(&all.lock);
    DL_FOREACH2(all.vms, vm, all_next)
    atomic_fetch_add(&vm->memory.epoch, 1);
    pthread_mutex_unlock(&all.lock);
}

static void fork_child(void)
{
    pthread_mutex_init(&all.lock, NULL);
    all.vms = NULL;
}

static void all_start(void)
{
    mem_pool_set_kick(epochs_change);
    pthread_atfork(NULL, NULL, fork_child);
}

void vm_list_add(struct gpu_vm *vm)
{
    pthread_once(&all.once, all_start);
    pthread_mutex_lock(&all.lock);
    DL_APPEND2(all.vms, vm, all_prev, all_next);
    pthread_mutex_unlock(&all.lock);
}

void vm_list_remove(struct gpu_vm *vm)
{
    pthread_mutex_lock(&all.lock);
    DL_DELETE2(all.vms, vm, all_prev, all_next);
    pthread_mutex_unlock(&all.lock);
}
