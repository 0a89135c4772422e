/* SPDX-License-Identifier: MIT
 *
 * A GPU memory for tests: a few regions of host memory at made-up addresses, with holes and rights,
 * and a workgroup that runs on it.
 */
#ifndef TESTS_UNIT_ISA_MEM_FAKE_H
#define TESTS_UNIT_ISA_MEM_FAKE_H

#include <stddef.h>

#include "softgpu/isa/exec/code.h"
#include "softgpu/isa/wave.h"

enum { FAKE_REGIONS = 8 };

struct fake_memory {
    struct isa_memory memory; /* first: `find` gets back from it to this */
    struct isa_window regions[FAKE_REGIONS];
    unsigned count;
    _Atomic unsigned finds; /* calls of find() */
};

void fake_memory_init(struct fake_memory *fake);
/* Maps `size` bytes of `host` at `va`. */
void fake_memory_map(struct fake_memory *fake, uint64_t va, void *host, uint64_t size,
                     unsigned access);
/* Removes all mappings and tells users so. */
void fake_memory_unmap_all(struct fake_memory *fake);

enum {
    FAKE_RW = ISA_ACCESS_READ | ISA_ACCESS_WRITE,
    FAKE_RX = ISA_ACCESS_READ | ISA_ACCESS_EXECUTE
};

/* Where programs of fake_group_create() lie. */
enum { FAKE_CODE_VA = 0x10000 };

struct fake_group {
    struct fake_memory memory;
    struct isa_host host;
    struct isa_code *code;
    struct isa_workgroup *group;
    uint32_t program[2048]; /* mapped at FAKE_CODE_VA; the rest is 0 */
};

/* A workgroup with `words` as its program, all lanes enabled; asserts that it works. */
void fake_group_create(struct fake_group *fake, unsigned waves, unsigned lanes, uint32_t lds_size,
                       const uint32_t *words, size_t count);
void fake_group_destroy(struct fake_group *fake);
/* Registers as a new wave has them: everything 0, EXEC all ones, PC at the program. */
void fake_group_restart(struct fake_group *fake);

/* Executes one instruction on wave 0. */
void fake_execute(struct fake_group *fake, const struct isa_inst *inst);

/* The value of `lane` in VGPR `index` of wave 0. */
uint32_t *fake_vgpr(struct fake_group *fake, unsigned index, unsigned lane);

#endif
