/* SPDX-License-Identifier: MIT
 *
 * A device's heaps and one DRM file, for tests of VMs. Include cmocka.h before.
 */
#ifndef TESTS_UNIT_VM_FIXTURE_H
#define TESTS_UNIT_VM_FIXTURE_H

#include "softgpu/mem/heaps.h"
#include "softgpu/vm/file.h"

#define VA(page) gpu_va_make(UINT64_C(0x100000) + (uint64_t)(page)*4096)

static const struct gpu_vm_limits test_limits = {
    .reserved_bottom = 65536,
    .reserved_top = (4 << 20) + 65536,
    .size = UINT64_C(1) << 48,
};

struct fixture {
    struct mem_heaps *heaps;
    struct drm_file *file;
    struct gpu_vm *vm;
};

static inline int fixture_make(void **state)
{
    static struct fixture f;

    if (!rw_ok(mem_heaps_create(0, 64 << 20, 64 << 20, &f.heaps)) ||
        !rw_ok(drm_file_create(0, f.heaps, &test_limits, true, &f.file)))
        return -1;
    f.vm = drm_file_vm(f.file);
    *state = &f;
    return 0;
}

static inline int fixture_end(void **state)
{
    struct fixture *f = *state;
    struct mem_usage usage;

    drm_file_put(f->file);
    mem_heaps_usage(f->heaps, &usage);
    mem_heaps_destroy(f->heaps);
    return usage.vram_used || usage.gtt_used ? -1 : 0; /* nothing may leak */
}

static inline struct mem_bo *fixture_bo(struct fixture *f, uint64_t pages)
{
    struct mem_bo_desc desc = {.size = pages * 4096, .domains = MEM_DOMAIN_VRAM};
    struct mem_bo *bo = NULL;

    assert_true(rw_ok(mem_bo_create(f->heaps, &desc, "test bo", &bo)));
    return bo;
}

#define RIGHTS_RW  (GPU_VM_PAGE_READABLE | GPU_VM_PAGE_WRITEABLE)
#define RIGHTS_RWX (RIGHTS_RW | GPU_VM_PAGE_EXECUTABLE)

#endif
