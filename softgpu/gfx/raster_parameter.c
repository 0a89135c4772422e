/* SPDX-License-Identifier: MIT
 *
 * Parameters as v_interp_* finds them: which export or constant each one is, flat or as
 * differences, and what points put in their place.
 *
 * Sources: Mesa's register database (gfx103.json: SPI_PS_INPUT_CNTL_0, SPI_INTERP_CONTROL_0,
 * SPI_PS_IN_CONTROL); what RADV (offset_to_ps_input) and radeonsi (si_get_ps_input_cntl) program
 * for what the fields mean together; ac_nir_to_llvm.c (load_point_coord_maybe_flipped) for
 * PARAM_GEN.
 */
#include "base/bits.h"
#include "softgpu/gfx/raster.h"
#include "softgpu/isa/exec/sem_base.h"

enum { FIXED_NONE = 0xff };

enum sprite_select { SPRITE_0, SPRITE_1, SPRITE_S, SPRITE_T, SPRITE_NONE };

/* What PARAM_GEN has behind all parameters; of X and Y nothing is known. */
static const uint8_t generated_select[4] = {SPRITE_0, SPRITE_0, SPRITE_S, SPRITE_T};

/* ---- registers ---- */

static enum gfx_result attribute_read(struct gfx_pipeline *pipeline, uint32_t word, bool flat_on,
                                      struct raster_attribute *out)
{
    const bool elsewhere = BITS(word, 5, 5), flat = flat_on && BITS(word, 10, 10);

    if (BITS(word, 11, 16) || BITS(word, 18, 18) || BITS(word, 20, 20) || BITS(word, 23, 23))
        return gfx_refuse(pipeline,
                          "SPI_PS_INPUT_CNTL 0x%08x: cylindrical wrapping, rotated or doubled "
                          "parameters",
                          word);
    *out = (struct raster_attribute){.source = BITS(word, 0, 4),
                                     .fixed = FIXED_NONE,
                                     .flat = flat && !elsewhere,
                                     .raw = flat && elsewhere,
                                     .half = BITS(word, 19, 19),
                                     .sprite = BITS(word, 17, 17)};
    if (elsewhere && !flat)
        out->fixed = BITS(word, 8, 9);
    return GFX_DONE;
}

enum gfx_result gfx_raster_read_attributes(struct gfx_pipeline *pipeline)
{
    const struct gfx_registers *registers = &pipeline->state->registers;
    const uint32_t control = gfx_context(registers, GFX_SPI_INTERP_CONTROL_0);
    const uint32_t in = gfx_context(registers, GFX_SPI_PS_IN_CONTROL);
    const unsigned of_vertices = BITS(in, 0, 5);
    struct gfx_raster *raster = pipeline->raster;

    raster->attributes = of_vertices + BITS(in, 9, 13);
    raster->generates = BITS(in, 6, 6);
    if (raster->attributes + raster->generates > ISA_PARAMETERS)
        return gfx_refuse(pipeline, "%u parameters of vertices and %u of primitives", of_vertices,
                          BITS(in, 9, 13));
    raster->sprites = BITS(control, 1, 1);
    raster->sprite_bottom_up = BITS(control, 14, 14);
    for (unsigned i = 0; i < 4; i++)
        raster->sprite_select[i] = (uint8_t)(control >> (2 + 3 * i) & 7);
    for (unsigned i = 0; i < raster->attributes; i++) {
        uint32_t word = gfx_context(registers, GFX_SPI_PS_INPUT_CNTL_0 + i);
        enum gfx_result result =
            attribute_read(pipeline, word, BITS(control, 0, 0), &raster->attribute[i]);

        if (result != GFX_DONE)
            return result;
        raster->attribute[i].own = i >= of_vertices;
    }
    return GFX_DONE;
}

/* ---- values ---- */

/* DEFAULT_VAL: 0 0 0 0, 0 0 0 1, 1 1 1 0, 1 1 1 1. */
static uint32_t fixed_value(unsigned fixed, unsigned channel)
{
    const unsigned ones = channel == 3 ? fixed & 1 : fixed >> 1;

    return ones ? sem_bits32(1.0f) : 0;
}

static uint32_t difference(bool half, uint32_t from, uint32_t to)
{
    const struct sem_mode mode = SEM_MODE_DEFAULT;
    uint32_t low, high;

    if (!half)
        return sem_bits32(sem_f32(to) - sem_f32(from));
    low = sem_out_f16(mode, sem_in_f16(mode, to & 0xffff) - sem_in_f16(mode, from & 0xffff));
    high = sem_out_f16(mode, sem_in_f16(mode, to >> 16) - sem_in_f16(mode, from >> 16));
    return low | high << 16;
}

/* I and J of a point are its sprite coordinates. */
static void sprite_fill(const uint8_t select[4], bool bottom_up, struct isa_parameter *out)
{
    const uint32_t one = sem_bits32(1.0f), minus_one = sem_bits32(-1.0f);

    for (unsigned c = 0; c < 4; c++) {
        if (select[c] >= SPRITE_NONE)
            continue;
        out->p0[c] = select[c] == SPRITE_1 ? one : 0;
        out->p10[c] = select[c] == SPRITE_S ? one : 0;
        out->p20[c] = 0;
        if (select[c] == SPRITE_T) {
            out->p0[c] = bottom_up ? one : 0;
            out->p20[c] = bottom_up ? minus_one : one;
        }
    }
}

static void parameter_fill(const struct raster_attribute *attribute,
                           const struct gfx_vertex *const *vertices, unsigned count,
                           const struct gfx_vertex *provoking, struct isa_parameter *out)
{
    for (unsigned c = 0; c < 4; c++) {
        uint32_t at[3] = {0, 0, 0};

        for (unsigned i = 0; i < count; i++)
            at[i] = vertices[i]->parameters[attribute->source][c];
        if (attribute->flat)
            at[0] = provoking->parameters[attribute->source][c];
        out->p0[c] = at[0];
        out->p10[c] = out->p20[c] = 0;
        if (attribute->raw) {
            out->p10[c] = at[count > 1 ? 1 : 0];
            out->p20[c] = at[count - 1];
        } else if (!attribute->flat) {
            out->p10[c] = count > 1 ? difference(attribute->half, at[0], at[1]) : 0;
            out->p20[c] = count > 2 ? difference(attribute->half, at[0], at[2]) : 0;
        }
    }
}

/* Not exported: zeros. */
static void own_fill(const uint32_t (*own)[4], unsigned source, struct isa_parameter *out)
{
    for (unsigned c = 0; c < 4; c++)
        out->p0[c] = own ? own[source][c] : 0;
}

const struct isa_parameter *gfx_raster_parameters(struct gfx_raster *raster,
                                                  const struct gfx_vertex *const *vertices,
                                                  unsigned count,
                                                  const struct gfx_vertex *provoking,
                                                  const uint32_t (*own)[4], bool point)
{
    struct isa_parameter *parameters = raster->parameter[raster->parameter_count++];

    for (unsigned i = 0; i < raster->attributes; i++) {
        const struct raster_attribute *attribute = &raster->attribute[i];

        parameters[i] = (struct isa_parameter){{0}, {0}, {0}};
        if (attribute->own)
            own_fill(own, attribute->source, &parameters[i]);
        else if (attribute->fixed == FIXED_NONE)
            parameter_fill(attribute, vertices, count, provoking, &parameters[i]);
        else
            for (unsigned c = 0; c < 4; c++)
                parameters[i].p0[c] = fixed_value(attribute->fixed, c);
        if (point && raster->sprites && attribute->sprite)
            sprite_fill(raster->sprite_select, raster->sprite_bottom_up, &parameters[i]);
    }
    if (raster->generates) {
        parameters[raster->attributes] = (struct isa_parameter){{0}, {0}, {0}};
        if (point)
            sprite_fill(generated_select, raster->sprite_bottom_up,
                        &parameters[raster->attributes]);
    }
    return parameters;
}
