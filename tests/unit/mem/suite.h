/* SPDX-License-Identifier: MIT
 *
 * What the tests of buffers share. Include after cmocka.h.
 */
#ifndef ROCWELD_TESTS_UNIT_MEM_SUITE_H
#define ROCWELD_TESTS_UNIT_MEM_SUITE_H

#include "softgpu/mem/bo.h"
#include "softgpu/mem/heaps.h"

#define MIB (UINT64_C(1) << 20)

static inline int heaps_make(uint32_t device, uint64_t vram, uint64_t gtt, void **state)
{
    struct mem_heaps *heaps;

    if (!rw_ok(mem_heaps_create(device, vram, gtt, &heaps)))
        return -1;
    *state = heaps;
    return 0;
}

static inline struct mem_bo *bo_make(struct mem_heaps *heaps, uint64_t size, uint32_t domains,
                                     uint64_t flags)
{
    struct mem_bo_desc desc = {.size = size, .domains = domains, .create_flags = flags};
    struct mem_bo *bo = NULL;

    assert_true(rw_ok(mem_bo_create(heaps, &desc, "test", &bo)));
    return bo;
}

#endif
