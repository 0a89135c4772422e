/* SPDX-License-Identifier: MIT
 *
 * A GPU memory for tests: see mem_fake.h.
 */
#include "mem_fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "softgpu/isa/exec/handlers.h"

static bool fake_find(struct isa_memory *memory, uint64_t va, unsigned access,
                      struct isa_window *out, bool *out_mapped)
{
    struct fake_memory *fake = (struct fake_memory *)memory;

    atomic_fetch_add(&fake->finds, 1);
    *out_mapped = false;
    for (unsigned i = 0; i < fake->count; i++) {
        const struct isa_window *r = &fake->regions[i];

        if (va - r->va >= r->size)
            continue;
        *out_mapped = true;
        if ((r->access & access) != access)
            return false;
        *out = *r;
        return true;
    }
    return false;
}

void fake_memory_init(struct fake_memory *fake)
{
    memset(fake, 0, sizeof(*fake));
    fake->memory.find = fake_find;
    atomic_init(&fake->memory.epoch, 1);
}

void fake_memory_map(struct fake_memory *fake, uint64_t va, void *host, uint64_t size,
                     unsigned access)
{
    assert_in_range(fake->count, 0, FAKE_REGIONS - 1);
    fake->regions[fake->count++] = (struct isa_window){va, size, host, access};
}

void fake_memory_unmap_all(struct fake_memory *fake)
{
    fake->count = 0;
    atomic_fetch_add(&fake->memory.epoch, 1);
}

void fake_group_restart(struct fake_group *fake)
{
    isa_workgroup_reset(fake->group);
    for (unsigned i = 0; i < fake->group->wave_count; i++) {
        struct isa_wave *w = &fake->group->waves[i];

        w->pc = FAKE_CODE_VA;
        w->sgpr_count = 106;
        w->sgpr[ISA_REG_EXEC_LO] = UINT32_MAX;
        w->sgpr[ISA_REG_EXEC_HI] = w->lanes == 64 ? UINT32_MAX : 0;
        w->mode = 0xf0; /* keep denormals */
        w->shared_base = 0x1000000000000;
        w->private_base = 0x2000000000000;
    }
}

void fake_group_create(struct fake_group *fake, unsigned waves, unsigned lanes, uint32_t lds_size,
                       const uint32_t *words, size_t count)
{
    memset(fake, 0, sizeof(*fake));
    fake_memory_init(&fake->memory);
    assert_in_range(count, 0, sizeof(fake->program) / 4);
    if (count)
        memcpy(fake->program, words, count * 4);
    fake_memory_map(&fake->memory, FAKE_CODE_VA, fake->program, sizeof(fake->program), FAKE_RX);
    assert_true(rw_ok(isa_code_create(ISA_GEN_GFX10_3, &fake->memory.memory, &fake->code)));
    assert_true(rw_ok(isa_workgroup_create(waves, lanes, 64, lds_size, &fake->group)));
    fake->group->memory = &fake->memory.memory;
    fake->group->code = fake->code;
    fake->group->host = &fake->host;
    fake_group_restart(fake);
}

void fake_group_destroy(struct fake_group *fake)
{
    isa_workgroup_destroy(fake->group);
    isa_code_destroy(fake->code);
}

void fake_execute(struct fake_group *fake, const struct isa_inst *inst)
{
    struct isa_wave *w = &fake->group->waves[0];
    isa_handler *handler = isa_handler_find((enum isa_op)inst->op);

    assert_non_null(handler);
    w->pc = FAKE_CODE_VA + 4u * inst->dwords;
    w->stop = ISA_STOP_NONE;
    memset(&w->fault, 0, sizeof(w->fault));
    memset(&fake->group->fault, 0, sizeof(fake->group->fault));
    handler(w, inst);
}

uint32_t *fake_vgpr(struct fake_group *fake, unsigned index, unsigned lane)
{
    struct isa_wave *w = &fake->group->waves[0];

    return &w->vgpr[(size_t)index * w->lanes + lane];
}
