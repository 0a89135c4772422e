/* SPDX-License-Identifier: MIT
 *
 * What the tests of single stages have in common: a pipeline without stages, whose programs lie in
 * fake memory. Include cmocka.h before.
 */
#ifndef TESTS_UNIT_GFX_STAGE_BENCH_H
#define TESTS_UNIT_GFX_STAGE_BENCH_H

#include "softgpu/gfx/pipeline.h"
#include "tests/unit/isa/mem_fake.h"

/* `machine` has the host and go_on() with its context; all else is borrowed. */
static inline void stage_open(struct gfx_pipeline *pipeline, struct gfx_state *state,
                              struct fake_memory *memory, struct gfx_machine machine)
{
    machine.gen = ISA_GEN_GFX10_3;
    machine.memory = &memory->memory;
    pipeline->state = state;
    pipeline->machine = machine;
    assert_true(rw_ok(isa_code_create(machine.gen, machine.memory, &pipeline->machine.code)));
}

static inline void stage_close(struct gfx_pipeline *pipeline)
{
    isa_code_destroy(pipeline->machine.code);
}

#endif
