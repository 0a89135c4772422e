/* SPDX-License-Identifier: MIT
 *
 * How GPU work reaches memory: through the page tables, without a lock.
 */
#include <errno.h>
#include <string.h>

#include "softgpu/vm/vm_internal.h"

/* What a partially resident range shows to loads. */
static const _Alignas(GPU_PAGE_SIZE) uint8_t zero_page[GPU_PAGE_SIZE];

/* Addresses are sign-extended; those of the upper half may have zeros above bit 47 instead, as
 * compilers leave them when they add to the program counter (s_getpc_b64). */
static bool address_to_masked(uint64_t va, uint64_t *out_masked)
{
    *out_masked = va & GPU_VA_MASK;
    return va <= GPU_VA_MASK || va >= GPU_VA_HOLE_END;
}

/* Loads from a range without memory give zero, stores vanish. An atomic would need both at once
 * and is refused. */
static bool prt_window(struct gpu_vm *vm, uint64_t va, unsigned access, struct isa_window *out)
{
    bool store = access & ISA_ACCESS_WRITE;

    if (store && (access & ISA_ACCESS_READ))
        return false;
    *out = (struct isa_window){
        .va = va & ~(uint64_t)(GPU_PAGE_SIZE - 1),
        .size = GPU_PAGE_SIZE,
        .host = store ? vm->sink : (uint8_t *)(uintptr_t)zero_page,
        .access = store ? ISA_ACCESS_WRITE : ISA_ACCESS_READ,
    };
    return true;
}

bool vm_find(struct isa_memory *memory, uint64_t va, unsigned access, struct isa_window *out,
             bool *out_mapped)
{
    struct gpu_vm *vm = (struct gpu_vm *)memory;
    const struct page_run *run = NULL;
    struct page_run found;
    uint64_t masked;

    *out_mapped = false;
    if (!address_to_masked(va, &masked))
        return false;
    grace_enter(vm);
    run = page_table_find(&vm->table, masked >> GPU_PAGE_SHIFT);
    if (run)
        found = *run;
    grace_leave();
    if (!run)
        return false;
    *out_mapped = true;
    if ((found.access & access) != access)
        return false;
    if (!found.host)
        return prt_window(vm, va, access, out);
    *out = (struct isa_window){
        .va = found.va | (va & ~GPU_VA_MASK),
        .size = found.size,
        .host = found.host,
        .access = found.access,
    };
    return true;
}

/* Host address of `va`, and how many of `size` bytes lie there in one piece; NULL on a fault. */
static uint8_t *piece_at(struct gpu_vm *vm, uint64_t va, uint64_t size, unsigned access,
                         uint64_t *out_length)
{
    struct isa_window window;
    bool mapped;

    if (!vm_find(&vm->memory, va, access, &window, &mapped))
        return NULL;
    *out_length = window.size - (va - window.va);
    if (*out_length > size)
        *out_length = size;
    return window.host + (va - window.va);
}

static rw_status check_range(struct gpu_vm *vm, uint64_t va, uint64_t size, unsigned access,
                             gpu_va *out_fault)
{
    for (uint64_t length; size; va += length, size -= length) {
        if (piece_at(vm, va, size, access, &length))
            continue;
        if (out_fault)
            *out_fault = gpu_va_make(va);
        return RW_FAIL(EFAULT, "GPU cannot %s 0x%llx", access & ISA_ACCESS_WRITE ? "write" : "read",
                       (unsigned long long)va);
    }
    return RW_OK;
}

/* Words that others may be changing at this moment are copied whole. */
static void copy_shared(void *to, const void *from, uint64_t size)
{
    uintptr_t alignment = (uintptr_t)to | (uintptr_t)from;

    if (size == 8 && alignment % 8 == 0)
        __atomic_store_n((uint64_t *)to, __atomic_load_n((const uint64_t *)from, __ATOMIC_ACQUIRE),
                         __ATOMIC_RELEASE);
    else if (size == 4 && alignment % 4 == 0)
        __atomic_store_n((uint32_t *)to, __atomic_load_n((const uint32_t *)from, __ATOMIC_ACQUIRE),
                         __ATOMIC_RELEASE);
    else
        memcpy(to, from, size);
}

/* Copies between the VM at `va` and `data`, in the direction that `access` says. */
static rw_status copy_range(struct gpu_vm *vm, uint64_t va, uint8_t *data, uint64_t size,
                            unsigned access, gpu_va *out_fault)
{
    rw_status s;

    gpu_vm_work_begin(vm);
    s = check_range(vm, va, size, access, out_fault);
    while (rw_ok(s) && size) {
        uint64_t length;
        uint8_t *host = piece_at(vm, va, size, access, &length);

        if (!host) { /* unmapped since it was checked */
            s = check_range(vm, va, size, access, out_fault);
            continue;
        }
        if (access & ISA_ACCESS_WRITE)
            copy_shared(host, data, length);
        else
            copy_shared(data, host, length);
        va += length;
        data += length;
        size -= length;
    }
    gpu_vm_work_end();
    return s;
}

rw_status gpu_vm_read(struct gpu_vm *vm, gpu_va va, void *data, uint64_t size, gpu_va *out_fault)
{
    return copy_range(vm, va.addr, data, size, ISA_ACCESS_READ, out_fault);
}

rw_status gpu_vm_write(struct gpu_vm *vm, gpu_va va, const void *data, uint64_t size,
                       gpu_va *out_fault)
{
    return copy_range(vm, va.addr, (uint8_t *)(uintptr_t)data, size, ISA_ACCESS_WRITE, out_fault);
}

void *gpu_vm_host(struct gpu_vm *vm, gpu_va va, uint64_t size, unsigned access)
{
    uint64_t length;
    uint8_t *host = piece_at(vm, va.addr, size, access, &length);

    return host && length == size ? host : NULL;
}
