/* SPDX-License-Identifier: MIT
 *
 * Image instructions without a sampler: loads, stores, atomics and get_resinfo; and the operands
 * that all of them share. Coordinates that no texel has read 0 and keep nothing.
 *
 * Source: RDNA 2 ISA guide, "Vector Memory Image Instructions".
 */
#include "softgpu/isa/exec/image.h"

#include <string.h>

#include "base/log.h"
#include "softgpu/isa/decode/image_shape.h"
#include "softgpu/isa/exec/block.h"
#include "softgpu/isa/exec/elements.h"
#include "softgpu/isa/exec/handlers.h"
#include "softgpu/isa/exec/image_metadata.h"
#include "softgpu/isa/exec/trap.h"
#include "softgpu/isa/exec/vmem.h"
#include "softgpu/isa/exec/window.h"
#include "softgpu/isa/spec/flags.h"

/* ---- operands ---- */

unsigned isa_image_coordinates(unsigned dim)
{
    static const uint8_t counts[8] = {1, 2, 3, 3, 2, 3, 3, 4};

    return counts[dim & 7];
}

/* Which registers hold what: walks the data components that DMASK enables, two to a register with
 * D16. */
struct data_cursor {
    uint16_t reg;
    bool d16;
    unsigned index; /* of the next component among those that are there */
};

static uint32_t *cursor_next(const struct isa_wave *w, struct data_cursor *c, unsigned lane,
                             unsigned *out_shift)
{
    unsigned n = c->index++;

    *out_shift = c->d16 && n % 2 ? 16 : 0;
    return &isa_reg_row(w, c->reg, c->d16 ? n / 2 : n)[lane];
}

void isa_image_data_read(const struct isa_wave *w, const struct isa_inst *inst,
                         const struct isa_format *format, unsigned lane, uint32_t out[4])
{
    struct data_cursor cursor = {inst->src[1], inst->img.d16, 0};
    unsigned shift;

    for (unsigned i = 0; i < 4; i++) {
        out[i] = 0;
        if (!(inst->img.dmask >> i & 1))
            continue;
        out[i] = *cursor_next(w, &cursor, lane, &shift);
        if (inst->img.d16)
            out[i] = isa_format_from_d16(format, (uint16_t)(out[i] >> shift));
    }
}

void isa_image_data_write(struct isa_wave *w, const struct isa_inst *inst,
                          const struct isa_format *format, unsigned lane, bool four,
                          const uint32_t value[4])
{
    struct data_cursor cursor = {inst->dst, inst->img.d16, 0};
    unsigned dmask = four ? 0xf : inst->img.dmask ? inst->img.dmask : 1, shift;

    for (unsigned i = 0; i < 4; i++) {
        if (!(dmask >> i & 1))
            continue;

        uint32_t *out = cursor_next(w, &cursor, lane, &shift);

        if (inst->img.d16)
            *out = (*out & ~(0xffffu << shift)) | (uint32_t)isa_format_to_d16(format, value[i])
                                                      << shift;
        else
            *out = value[i];
    }
}

void isa_image_tfe_write(struct isa_wave *w, const struct isa_inst *inst)
{
    if (!inst->img.tfe)
        return;

    uint32_t *row = isa_reg_row(w, inst->dst, isa_image_data_dwords(inst) - 1);

    ISA_FOR_LANES(lane, isa_wave_exec(w))
    row[lane] = 0;
}

void isa_image_refuse(struct isa_wave *w, const struct isa_inst *inst, const char *why)
{
    rw_warn(isa, "%s: %s", isa_ops[inst->op].name, why);
    isa_handler_unsupported(w, inst);
}

static const uint32_t image_zeros[ISA_FORMAT_LANES];

/* ---- one instruction ---- */

struct image_access {
    const struct isa_image *image;
    struct isa_image_texels texels;
    struct isa_lanes lanes;
    uint64_t outside; /* active lanes whose texel does not exist, or reads as 0 anyway */
};

/* False: the model cannot, and has said so, or a fault was raised. */
static bool access_prepare(struct isa_wave *w, const struct isa_inst *inst, struct image_access *a)
{
    const char *obstacle;
    uint64_t zeros;

    isa_windows_sync(w);
    a->image = isa_image_get(w, inst->src[2], inst->img.r128);
    obstacle = isa_image_obstacle(a->image);
    if (obstacle) {
        isa_image_refuse(w, inst, obstacle);
        return false;
    }
    isa_image_texels(w, inst, a->image, isa_ops[inst->op].flags & ISA_F_IMG_LOD, &a->texels);
    a->lanes.mask = isa_wave_exec(w);
    a->lanes.stride = 4;
    a->outside = isa_image_locate_lanes(a->image, &a->texels, w->lanes, a->lanes.mask, a->lanes.va);
    if (!isa_image_open_lanes(w, inst, a->image, &a->texels, a->lanes.mask & ~a->outside,
                              a->lanes.va, &zeros))
        return false;
    a->outside |= zeros;
    return true;
}

/* ---- loads and stores ---- */

/* The register, or the half of one, of the n-th component that DMASK enables. */
static uint32_t *data_place(const struct isa_wave *w, const struct isa_inst *inst, uint16_t reg,
                            unsigned n, enum isa_component_part *out_part)
{
    if (!inst->img.d16) {
        *out_part = ISA_PART_WHOLE;
        return isa_reg_row(w, reg, n);
    }
    *out_part = n % 2 ? ISA_PART_HIGH : ISA_PART_LOW;
    return isa_reg_row(w, reg, n / 2);
}

static void load_write(struct isa_wave *w, const struct isa_inst *inst,
                       const struct image_access *a, const uint32_t value[ISA_FORMAT_ROWS],
                       uint64_t active)
{
    const struct isa_format *format = a->image->format;
    unsigned dmask = inst->img.dmask ? inst->img.dmask : 1, n = 0;
    uint32_t constant[ISA_FORMAT_LANES];

    for (unsigned i = 0; i < 4; i++) {
        enum isa_component_part part;

        if (!(dmask >> i & 1))
            continue;

        uint32_t *row = data_place(w, inst, inst->dst, n++, &part);
        const uint32_t *component =
            isa_elements_select(format, a->image->dst_sel, value, i, w->lanes, constant);

        isa_component_write(w, row, part, format, component, active & ~a->outside);
        isa_component_write(w, row, part, format, image_zeros, a->outside);
    }
}

/* Block-compressed texels, lane by lane. */
static bool blocks_load(struct isa_wave *w, const struct isa_inst *inst,
                        const struct image_access *a, uint32_t out_value[ISA_FORMAT_ROWS])
{
    const struct isa_format *format = a->image->format;

    ISA_FOR_LANES(lane, a->lanes.mask)
    {
        uint8_t block[16];
        uint32_t texel[4];

        if (!isa_lane_read(w, inst, &a->lanes, (unsigned)lane, block, format->bytes))
            return false;
        isa_block_unpack(format, block, a->texels.x[lane] % 4, a->texels.y[lane] % 4, texel);
        for (unsigned i = 0; i < 4; i++)
            out_value[i * w->lanes + (unsigned)lane] = texel[i];
    }
    return true;
}

static bool texels_load(struct isa_wave *w, const struct isa_inst *inst,
                        const struct image_access *a, uint32_t out_value[ISA_FORMAT_ROWS])
{
    if (isa_format_is_compressed(a->image->format))
        return blocks_load(w, inst, a, out_value);
    return isa_elements_load(w, inst, &a->lanes, a->image->format, out_value);
}

static void image_load(struct isa_wave *w, const struct isa_inst *inst)
{
    _Alignas(64) uint32_t value[ISA_FORMAT_ROWS];
    struct image_access a;
    uint64_t active;

    if (!access_prepare(w, inst, &a))
        return;
    active = a.lanes.mask;
    a.lanes.mask &= ~a.outside;
    if (a.lanes.mask && !texels_load(w, inst, &a, value))
        return;
    load_write(w, inst, &a, value, active);
    isa_image_tfe_write(w, inst);
}

/* Memory's components, each from the register that the selection and DMASK name. */
static void store_read(const struct isa_wave *w, const struct isa_inst *inst,
                       const struct isa_image *image, uint32_t out_value[ISA_FORMAT_ROWS])
{
    for (unsigned i = 0; i < 4; i++) {
        int from = isa_elements_unselect(image->dst_sel, i);
        uint32_t *component = out_value + i * w->lanes;
        enum isa_component_part part;

        if (from < 0 || !(inst->img.dmask >> from & 1)) {
            memset(component, 0, w->lanes * sizeof(*component));
            continue;
        }

        unsigned before = inst->img.dmask & ((1u << from) - 1);
        const uint32_t *row =
            data_place(w, inst, inst->src[1], (unsigned)__builtin_popcount(before), &part);

        isa_component_read(w, row, part, image->format, component);
    }
}

/* The same for stores. */
static bool store_prepare(struct isa_wave *w, const struct isa_inst *inst, struct image_access *a)
{
    if (!access_prepare(w, inst, a))
        return false;
    if (a->image->format && (isa_format_is_compressed(a->image->format) ||
                             a->image->format->numeric == ISA_FORMAT_FRAGMENTS)) {
        isa_image_refuse(w, inst, "an image of this format (BCn, FMASK) cannot be stored to");
        return false;
    }
    return true;
}

static void image_store(struct isa_wave *w, const struct isa_inst *inst)
{
    _Alignas(64) uint32_t value[ISA_FORMAT_ROWS];
    struct image_access a;

    if (!store_prepare(w, inst, &a))
        return;
    a.lanes.mask &= ~a.outside;
    if (!a.lanes.mask)
        return;
    store_read(w, inst, a.image, value);
    isa_elements_store(w, inst, &a.lanes, a.image->format, value);
}

/* The _pck forms move elements as they are, without a format: `sign` extends what is shorter than a
 * register. */
static void image_load_packed(struct isa_wave *w, const struct isa_inst *inst, bool sign)
{
    struct image_access a;

    if (!access_prepare(w, inst, &a))
        return;
    ISA_FOR_LANES(lane, a.lanes.mask)
    {
        uint32_t value[4] = {0};
        unsigned bytes = a.image->format ? a.image->format->bytes : 4;

        if (!(a.outside >> lane & 1) &&
            !isa_lane_read(w, inst, &a.lanes, (unsigned)lane, value, bytes))
            return;
        if (sign && bytes < 4)
            value[0] = (uint32_t)((int32_t)(value[0] << (32 - 8 * bytes)) >> (32 - 8 * bytes));
        isa_image_data_write(w, inst, a.image->format, (unsigned)lane, false, value);
    }
    isa_image_tfe_write(w, inst);
}

static void image_load_pck(struct isa_wave *w, const struct isa_inst *inst)
{
    image_load_packed(w, inst, false);
}

static void image_load_pck_sgn(struct isa_wave *w, const struct isa_inst *inst)
{
    image_load_packed(w, inst, true);
}

static void image_store_pck(struct isa_wave *w, const struct isa_inst *inst)
{
    struct image_access a;

    if (!store_prepare(w, inst, &a))
        return;
    ISA_FOR_LANES(lane, a.lanes.mask & ~a.outside)
    {
        uint32_t value[4];

        isa_image_data_read(w, inst, a.image->format, (unsigned)lane, value);
        if (!isa_lane_write(w, inst, &a.lanes, (unsigned)lane, value, a.image->format->bytes))
            return;
    }
}

/* ---- atomics ---- */

/* Addresses of the lanes that have a texel; the others get 0. False: refused, or nothing to do. */
static bool atomic_prepare(struct isa_wave *w, const struct isa_inst *inst, unsigned bytes,
                           struct image_access *a)
{
    if (!access_prepare(w, inst, a))
        return false;
    for (unsigned d = 0; d < bytes / 4 && inst->dst != ISA_REG_NONE; d++) {
        uint32_t *row = isa_reg_row(w, inst->dst, d);

        ISA_FOR_LANES(lane, a->outside)
        row[lane] = 0;
    }
    a->lanes.mask &= ~a->outside;
    if (a->lanes.mask && a->image->format->bytes != bytes) {
        isa_image_refuse(w, inst, "the operands' size is not that of the image's format");
        return false;
    }
    return a->lanes.mask != 0;
}

/* DMASK tells the size: one or two dwords of data, and as many to compare with. */
static bool atomic_is_wide(const struct isa_inst *inst, bool compares)
{
    return __builtin_popcount(inst->img.dmask) == (compares ? 4 : 2);
}

static void image_atomic(struct isa_wave *w, const struct isa_inst *inst, isa_atomic_fn32 *op32,
                         isa_atomic_fn64 *op64, bool compares)
{
    struct image_access a;

    if (atomic_is_wide(inst, compares)) {
        if (atomic_prepare(w, inst, 8, &a))
            isa_lanes_atomic64(w, inst, &a.lanes, op64, isa_atomic_regs_of(inst, 2, compares));
    } else if (atomic_prepare(w, inst, 4, &a)) {
        isa_lanes_atomic32(w, inst, &a.lanes, op32, isa_atomic_regs_of(inst, 1, compares));
    }
}

/* ---- queries ---- */

/* Width, height, depth or layers, levels. */
static void image_get_resinfo(struct isa_wave *w, const struct isa_inst *inst)
{
    const struct isa_image *image = isa_image_get(w, inst->src[2], inst->img.r128);
    const uint32_t *levels = isa_image_address_row(w, inst, 0);
    const uint32_t address = inst->img.a16 ? 0xffff : UINT32_MAX;

    ISA_FOR_LANES(lane, isa_wave_exec(w))
    {
        uint64_t level = (uint64_t)(levels[lane] & address) + image->base_level;
        uint32_t value[4] = {0};

        if (image->format)
            value[3] = image->last_level - image->base_level + 1;
        if (image->format && level <= image->last_level) {
            value[0] = image->levels[level].width;
            value[1] = image->levels[level].height;
            value[2] = isa_image_is_array(image) ? image->last_array - image->base_array + 1
                                                 : image->levels[level].depth - image->base_array;
        }
        isa_image_data_write(w, inst, isa_format_find(20), (unsigned)lane, false, value);
    }
    isa_image_tfe_write(w, inst);
}

/* ---- the table ---- */

#define IMAGE_DEFINE_ATOMIC(enc, op, compares)                                                     \
    static void enc##_atomic_##op(struct isa_wave *w, const struct isa_inst *inst)                 \
    {                                                                                              \
        image_atomic(w, inst, isa_atomic_host_##op##_uint32_t, isa_atomic_host_##op##_uint64_t,    \
                     compares);                                                                    \
    }
ISA_VMEM_ATOMICS(IMAGE_DEFINE_ATOMIC, image)
#define IMAGE_ATOMIC_ROW(enc, op, compares) [ISA_OP_##enc##_atomic_##op] = enc##_atomic_##op,

/* X(name, with a reference: name, handler's suffix): each also exists with an offset, "_o". */
#define IMAGE_SAMPLES(X)                                                                           \
    X(sample, sample_c, )                                                                          \
    X(sample_cl, sample_c_cl, _clamp)                                                              \
    X(sample_d, sample_c_d, )                                                                      \
    X(sample_d_cl, sample_c_d_cl, _clamp)                                                          \
    X(sample_cd, sample_c_cd, )                                                                    \
    X(sample_cd_cl, sample_c_cd_cl, _clamp)                                                        \
    X(sample_b, sample_c_b, )                                                                      \
    X(sample_b_cl, sample_c_b_cl, _clamp)                                                          \
    X(sample_l, sample_c_l, _level)                                                                \
    X(sample_lz, sample_c_lz, _zero)
#define IMAGE_SAMPLES_G16(X)                                                                       \
    X(sample_d, sample_c_d, )                                                                      \
    X(sample_d_cl, sample_c_d_cl, _clamp)                                                          \
    X(sample_cd, sample_c_cd, )                                                                    \
    X(sample_cd_cl, sample_c_cd_cl, _clamp)
#define IMAGE_GATHERS(X)                                                                           \
    X(gather4, gather4_c, )                                                                        \
    X(gather4_cl, gather4_c_cl, _clamp)                                                            \
    X(gather4_b, gather4_c_b, )                                                                    \
    X(gather4_b_cl, gather4_c_b_cl, _clamp)                                                        \
    X(gather4_l, gather4_c_l, _level)                                                              \
    X(gather4_lz, gather4_c_lz, _zero)

#define IMAGE_ROWS(name, handler)                                                                  \
    [ISA_OP_image_##name] = handler, [ISA_OP_image_##name##_o] = handler,
#define SAMPLE_ROWS(name, compared, suffix)                                                        \
    IMAGE_ROWS(name, isa_image_sample##suffix) IMAGE_ROWS(compared, isa_image_sample##suffix)
#define GATHER_ROWS(name, compared, suffix)                                                        \
    IMAGE_ROWS(name, isa_image_gather##suffix) IMAGE_ROWS(compared, isa_image_gather##suffix)
#define G16_ROWS(name, compared, suffix)                                                           \
    [ISA_OP_image_##name##_g16] = isa_image_sample##suffix,                                        \
    [ISA_OP_image_##name##_o_g16] = isa_image_sample##suffix,                                      \
    [ISA_OP_image_##compared##_g16] = isa_image_sample##suffix,                                    \
    [ISA_OP_image_##compared##_o_g16] = isa_image_sample##suffix,

isa_handler *const isa_image_handlers[ISA_OP_COUNT] = {
    [ISA_OP_image_load] = image_load,
    [ISA_OP_image_load_mip] = image_load,
    [ISA_OP_image_load_pck] = image_load_pck,
    [ISA_OP_image_load_pck_sgn] = image_load_pck_sgn,
    [ISA_OP_image_load_mip_pck] = image_load_pck,
    [ISA_OP_image_load_mip_pck_sgn] = image_load_pck_sgn,
    [ISA_OP_image_store] = image_store,
    [ISA_OP_image_store_mip] = image_store,
    [ISA_OP_image_store_pck] = image_store_pck,
    [ISA_OP_image_store_mip_pck] = image_store_pck,
    [ISA_OP_image_get_resinfo] = image_get_resinfo,
    [ISA_OP_image_get_lod] = isa_image_get_lod,
    ISA_VMEM_ATOMICS(IMAGE_ATOMIC_ROW, image) IMAGE_SAMPLES(SAMPLE_ROWS) IMAGE_SAMPLES_G16(G16_ROWS)
        IMAGE_GATHERS(GATHER_ROWS)};
