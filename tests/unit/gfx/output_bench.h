/* SPDX-License-Identifier: MIT
 *
 * The back ends with registers, a memory of their own and nothing before them.
 */
#ifndef TESTS_UNIT_GFX_OUTPUT_BENCH_H
#define TESTS_UNIT_GFX_OUTPUT_BENCH_H

#include "softgpu/gfx/output.h"
#include "tests/unit/isa/mem_fake.h"

enum { BENCH_VA = 0x200000000, BENCH_BYTES = 1 << 20 };

struct bench {
    struct gfx_state state;
    struct gfx_pipeline pipeline;
    struct fake_memory memory;
    uint8_t *bytes; /* BENCH_BYTES of them at BENCH_VA */
};

/* A colour target: fields of its registers. */
struct bench_target {
    uint32_t format, number, swap, rounding; /* of CB_COLORn_INFO */
    uint32_t info;                           /* further bits of it */
    uint32_t width, height, slices, levels;  /* 0: 1 */
    uint32_t level, first_slice, last_slice;
    uint32_t dimension, swizzle, samples_log2;
    uint32_t blend;  /* CB_BLENDn_CONTROL */
    uint64_t offset; /* from BENCH_VA */
};

/* Everything mapped, all registers 0 but what a draw needs: normal mode, COPY, all components. */
void bench_create(struct bench *bench);
void bench_destroy(struct bench *bench);

void bench_set(struct bench *bench, uint32_t number, uint32_t value);
void bench_set_target(struct bench *bench, unsigned n, const struct bench_target *target);

/* Each asserts the outcome. */
void bench_begin(struct bench *bench);
void bench_draw(struct bench *bench, const struct gfx_fragment *fragment);
/* Begins, and expects to be refused with words that contain `words`. */
void bench_refuses(struct bench *bench, const char *words);

#endif
