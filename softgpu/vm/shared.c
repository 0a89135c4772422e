/* SPDX-License-Identifier: MIT
 *
 * Shared virtual memory in the page tables. A piece is one page run whose host address is its GPU
 * address; nothing else of the VM knows it.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "softgpu/vm/vm_internal.h"

struct gpu_vm_shared {
    struct page_run run; /* first: becomes garbage by its first member */
};

rw_status gpu_vm_share(struct gpu_vm *vm, uint64_t address, uint64_t size, unsigned access,
                       struct gpu_vm_shared **out_shared)
{
    struct gpu_vm_shared *shared;

    RW_TRY(vm_verify_range(vm, NULL, address, 0, size));
    shared = malloc(sizeof *shared);
    if (!shared)
        return RW_FAIL(ENOMEM, "no memory to share pages with the GPU");
    shared->run = (struct page_run){
        .va = address,
        .size = size,
        .host = (uint8_t *)(uintptr_t)address,
        .access = access,
    };
    pthread_mutex_lock(&vm->lock);
    bool reserved = rw_ok(vm_freed_yield_locked(vm, address, address + size - 1)) &&
                    page_table_reserve(&vm->table, 1);
    if (reserved)
        page_table_set(&vm->table, address >> GPU_PAGE_SHIFT,
                       (address + size - 1) >> GPU_PAGE_SHIFT, &shared->run, &vm->garbage);
    vm_unlock_and_settle(vm);
    if (!reserved) {
        free(shared);
        return RW_FAIL(ENOMEM, "no memory for page tables");
    }
    *out_shared = shared;
    return RW_OK;
}

void gpu_vm_unshare(struct gpu_vm *vm, struct gpu_vm_shared *shared, bool replaced)
{
    uint64_t first = shared->run.va >> GPU_PAGE_SHIFT;
    uint64_t last = (shared->run.va + shared->run.size - 1) >> GPU_PAGE_SHIFT;

    pthread_mutex_lock(&vm->lock);
    if (!replaced && !page_table_reserve(&vm->table, 1)) {
        rw_error(vm, "no memory to take shared pages from the GPU; it may go on using them");
    } else {
        if (!replaced)
            page_table_set(&vm->table, first, last, NULL, &vm->garbage);
        shared->run.garbage.next = vm->garbage;
        vm->garbage = &shared->run.garbage;
    }
    vm_unlock_and_settle(vm);
}
