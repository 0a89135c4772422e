/* SPDX-License-Identifier: MIT
 *
 * How executing code reaches memory: by windows. A window is a range of GPU virtual addresses
 * that lies contiguously in host memory with one set of access rights. A wave keeps a few windows
 * and compares addresses with them; it asks the memory's owner (a GPU VM, or a test's array) only
 * when none fits, so translation costs a compare per instruction and not a walk per lane.
 *
 * Thread safety: `find` is called from many worker threads at once. A window stays usable until
 * the owner changes `epoch`; users reload their windows when they see another epoch, which they
 * check at least once per instruction that touches memory.
 */
#ifndef SOFTGPU_ISA_MEMORY_H
#define SOFTGPU_ISA_MEMORY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum isa_access { ISA_ACCESS_READ = 1, ISA_ACCESS_WRITE = 2, ISA_ACCESS_EXECUTE = 4 };

struct isa_window {
    uint64_t va;   /* first GPU virtual address, in bytes */
    uint64_t size; /* bytes; 0 = empty window */
    uint8_t *host; /* borrowed from the owner: host address of `va` */
    unsigned access; /* enum isa_access bits */
};

struct isa_memory {
    /* Finds the largest known window around `va` that grants `access`. Returns false when the
     * page is not mapped, or mapped without that right (out_mapped tells which). */
    bool (*find)(struct isa_memory *memory, uint64_t va, unsigned access, struct isa_window *out,
                 bool *out_mapped);
    _Atomic uint64_t epoch;
};

#endif
