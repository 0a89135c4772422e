/* SPDX-License-Identifier: MIT */
#include "output_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void bench_create(struct bench *bench)
{
    memset(bench, 0, sizeof(*bench));
    bench->bytes = calloc(1, BENCH_BYTES);
    assert_non_null(bench->bytes);
    fake_memory_init(&bench->memory);
    fake_memory_map(&bench->memory, BENCH_VA, bench->bytes, BENCH_BYTES, FAKE_RW);
    bench->pipeline.state = &bench->state;
    bench->pipeline.machine =
        (struct gfx_machine){.gen = ISA_GEN_GFX10_3, .memory = &bench->memory.memory};
    assert_true(rw_ok(gfx_output_create(&bench->pipeline)));
    bench_set(bench, GFX_CB_COLOR_CONTROL, 1 << 4 | 0xcc << 16);
    bench_set(bench, GFX_CB_TARGET_MASK, UINT32_MAX);
    bench_set(bench, GFX_CB_SHADER_MASK, UINT32_MAX);
}

void bench_destroy(struct bench *bench)
{
    gfx_output_destroy(&bench->pipeline);
    free(bench->bytes);
}

void bench_set(struct bench *bench, uint32_t number, uint32_t value)
{
    *gfx_registers_at(&bench->state.registers, number, 1) = value;
}

static uint32_t less_one(uint32_t value)
{
    return value ? value - 1 : 0;
}

void bench_set_target(struct bench *bench, unsigned n, const struct bench_target *t)
{
    const unsigned at = n * GFX_COLOR_STRIDE;
    const uint64_t base = (BENCH_VA + t->offset) >> 8;

    bench_set(bench, GFX_CB_COLOR0_BASE + at, (uint32_t)base);
    bench_set(bench, GFX_CB_COLOR0_BASE_EXT + n, (uint32_t)(base >> 32));
    bench_set(bench, GFX_CB_COLOR0_INFO + at,
              t->format << 2 | t->number << 8 | t->swap << 11 | t->rounding << 18 | t->info);
    bench_set(bench, GFX_CB_COLOR0_ATTRIB + at, t->samples_log2 << 12 | t->samples_log2 << 15);
    bench_set(bench, GFX_CB_COLOR0_ATTRIB2 + n,
              less_one(t->height) | less_one(t->width) << 14 | less_one(t->levels) << 28);
    bench_set(bench, GFX_CB_COLOR0_ATTRIB3 + n,
              less_one(t->slices) | t->swizzle << 14 | t->dimension << 24);
    bench_set(bench, GFX_CB_COLOR0_VIEW + at,
              t->first_slice | t->last_slice << 13 | t->level << 26);
    bench_set(bench, GFX_CB_BLEND0_CONTROL + n, t->blend);
}

void bench_begin(struct bench *bench)
{
    enum gfx_result result = gfx_output_begin(&bench->pipeline);

    if (result != GFX_DONE)
        print_error("refused: %s\n", bench->pipeline.obstacle);
    assert_int_equal(result, GFX_DONE);
}

void bench_draw(struct bench *bench, const struct gfx_fragment *fragment)
{
    assert_int_equal(gfx_output_color(&bench->pipeline, fragment, 1), GFX_DONE);
}

void bench_refuses(struct bench *bench, const char *words)
{
    assert_int_equal(gfx_output_begin(&bench->pipeline), GFX_FAULT);
    assert_int_equal(bench->pipeline.fault.kind, ISA_FAULT_NONE);
    if (!strstr(bench->pipeline.obstacle, words))
        fail_msg("'%s' does not say '%s'", bench->pipeline.obstacle, words);
}
