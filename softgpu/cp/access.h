/* SPDX-License-Identifier: MIT
 *
 * A packet processor's reach into GPU memory: reads, writes, copies and fills by GPU virtual
 * address through a few cached windows, at memcpy speed. What fails is noted in `fault`, like a
 * hardware engine's page fault.
 *
 * Ownership: the memory is borrowed.
 * Thread safety: a cp_access is used by one thread at a time.
 */
#ifndef SOFTGPU_CP_ACCESS_H
#define SOFTGPU_CP_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "softgpu/isa/wave.h"
#include "softgpu/vm/vm.h"

enum { CP_ACCESS_WINDOWS = 8 };

struct cp_access {
    struct gpu_vm *vm;         /* borrowed; NULL in tests that bring their own memory */
    struct isa_memory *memory; /* borrowed */
    uint64_t epoch;
    struct isa_window windows[CP_ACCESS_WINDOWS];
    unsigned next; /* window to replace next */
    struct isa_fault fault;
};

void cp_access_init(struct cp_access *access, struct gpu_vm *vm);

/* Host address of `size` bytes at `va` when they lie together, else NULL: with access->fault set
 * when the first byte is out of reach, and with fault.kind NONE when only their continuation lies
 * elsewhere. Valid until the caller next leaves the processor's grace section. */
void *cp_access_host(struct cp_access *access, uint64_t va, uint64_t size, unsigned rights);

/* False: access->fault says where. What was in reach before that place has been done. */
bool cp_access_read(struct cp_access *access, uint64_t va, void *data, uint64_t size);
bool cp_access_write(struct cp_access *access, uint64_t va, const void *data, uint64_t size);
bool cp_access_copy(struct cp_access *access, uint64_t to, uint64_t from, uint64_t size);
/* Repeats the low `unit` bytes (1, 2 or 4) of `pattern`. */
bool cp_access_fill(struct cp_access *access, uint64_t va, uint32_t pattern, unsigned unit,
                    uint64_t size);

/* Naturally aligned words, read and written in one piece with acquire and release order. */
bool cp_access_load32(struct cp_access *access, uint64_t va, uint32_t *out_value);
bool cp_access_load64(struct cp_access *access, uint64_t va, uint64_t *out_value);
bool cp_access_store32(struct cp_access *access, uint64_t va, uint32_t value);
bool cp_access_store64(struct cp_access *access, uint64_t va, uint64_t value);

/* Atomic operations as SDMA's ATOMIC and PM4's ATOMIC_MEM number them: the TC_OP encoding. */
enum cp_atomic_status { CP_ATOMIC_OK, CP_ATOMIC_FAULT, CP_ATOMIC_UNKNOWN };
enum cp_atomic_status cp_access_atomic(struct cp_access *access, unsigned operation, uint64_t va,
                                       uint64_t operand, uint64_t compare, uint64_t *out_before);
/* Is it a compare-and-swap? (SDMA repeats those until they succeed when LOOP is set.) */
bool cp_atomic_compares(unsigned operation);

#endif
