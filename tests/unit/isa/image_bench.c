/* SPDX-License-Identifier: MIT */
#include "image_bench.h"

#include <stdlib.h>
#include <string.h>

struct image_bench *bench_create(unsigned lanes)
{
    struct image_bench *b = calloc(1, sizeof(*b));

    assert_non_null(b);
    fake_group_create(&b->fake, 1, lanes, 0, NULL, 0);
    fake_memory_map(&b->fake.memory, IMAGE_VA, b->memory, IMAGE_BYTES, FAKE_RW);
    fake_memory_map(&b->fake.memory, BORDER_VA, b->border, sizeof(b->border), FAKE_RW);
    b->fake.host.border_colors = BORDER_VA;
    return b;
}

void bench_destroy(struct image_bench *b)
{
    fake_group_destroy(&b->fake);
    free(b);
}

struct image_desc image_plain(unsigned type, unsigned format, unsigned width, unsigned height,
                              unsigned depth)
{
    return (struct image_desc){.type = type,
                               .format = format,
                               .width = width,
                               .height = height,
                               .depth = depth,
                               .levels = 1,
                               .select = SELECT_XYZW};
}

void bench_set_image(struct image_bench *b, const struct image_desc *desc)
{
    uint32_t *word = &bench_wave(b)->sgpr[IMAGE_SRD];
    unsigned width = desc->width - 1;

    b->desc = *desc;
    word[0] = IMAGE_VA >> 8 | desc->tile_xor;
    word[1] = desc->format << 20 | (width & 3) << 30;
    word[2] = width >> 2 | (desc->height - 1) << 14 | 1u << 31;
    word[3] = desc->select | desc->base_level << 12 |
              (desc->samples_log2 ? desc->samples_log2 : desc->last_level) << 16 |
              desc->swizzle << 20 | desc->border_swizzle << 25 | desc->type << 28;
    word[4] = (desc->pitch ? desc->pitch - 1 : desc->depth - 1) | desc->base_array << 16;
    word[5] = (desc->levels - 1) << 4 | desc->store_view;
    word[6] = word[7] = 0;
}

static uint32_t fixed(float value, unsigned bits)
{
    return (uint32_t)(int32_t)(value * 256) & ((1u << bits) - 1);
}

void bench_set_sampler(struct image_bench *b, const struct sampler_desc *s)
{
    uint32_t *word = &bench_wave(b)->sgpr[SAMPLER_SRD];

    word[0] = s->wrap[0] | s->wrap[1] << 3 | s->wrap[2] << 6 | s->max_aniso_log2 << 9 |
              s->compare << 12 | (uint32_t)s->unnormalized << 15 | (uint32_t)s->trunc << 27 |
              s->reduction << 29;
    word[1] = fixed(s->min_lod, 12) | fixed(s->max_lod, 12) << 12;
    word[2] = fixed(s->bias, 14) | s->mag << 20 | s->min << 22 | s->z << 24 | s->mip << 26;
    word[3] = s->border_index | s->border_type << 30;
}

static unsigned up(unsigned value, unsigned level)
{
    while (level--)
        value = value / 2 + value % 2;
    return value;
}

struct surface_shape image_shape(const struct image_desc *desc, unsigned bytes)
{
    return (struct surface_shape){.dimension = desc->type == TYPE_3D ? SURFACE_3D : SURFACE_2D,
                                  .swizzle = desc->swizzle,
                                  .element_bytes = bytes,
                                  .samples_log2 = desc->samples_log2,
                                  .width = desc->width,
                                  .height = desc->height,
                                  .depth = desc->depth,
                                  .levels = desc->levels};
}

uint64_t image_offset(const struct image_desc *desc, unsigned bytes, unsigned level, unsigned slice,
                      unsigned x, unsigned y)
{
    uint64_t slice_bytes = 0, level_at = 0, level_row = 0;

    for (int l = (int)desc->levels - 1; l >= 0; l--) {
        uint64_t row = (uint64_t)(desc->pitch ? desc->pitch : up(desc->width, (unsigned)l)) * bytes;

        row = (row + 255) / 256 * 256;
        if ((unsigned)l == level) {
            level_at = slice_bytes;
            level_row = row;
        }
        slice_bytes += row * up(desc->height, (unsigned)l);
    }
    return slice * slice_bytes + level_at + y * level_row + (uint64_t)x * bytes;
}

void bench_run(struct image_bench *b, enum isa_op op, unsigned dim, unsigned dmask)
{
    struct isa_inst *inst = &b->inst;

    inst->op = (uint16_t)op;
    inst->enc = ISA_ENC_MIMG;
    inst->dwords = 2;
    inst->src[0] = ISA_REG_VGPR0 + ADDR;
    inst->src[1] = ISA_REG_VGPR0 + DATA;
    inst->src[2] = IMAGE_SRD;
    inst->src[3] = SAMPLER_SRD;
    inst->img.dim = (uint8_t)dim;
    inst->img.dmask = (uint8_t)dmask & 0xf;
    fake_execute(&b->fake, inst);
    assert_int_equal(bench_wave(b)->stop, ISA_STOP_NONE);
}
