/* SPDX-License-Identifier: MIT
 *
 * The general path of vector operations: source modifiers, cross-lane sources, rounding modes,
 * output modifiers, partial writes. See valu.h.
 *
 * Sources: "RDNA 2" ISA reference guide, "Vector ALU operations", "Sub-dword addressing", "Data
 * parallel primitives". Where it leaves choices:
 *   - Output multipliers are ignored when the mode allows denormal results or is IEEE, and flush
 *     -0 to +0 otherwise.
 *   - A DPP source lane that is not active counts as out of bounds unless FI is set. With
 *     bound_ctrl such a lane reads 0, without it its destination is not written. DPP8 reads 0.
 */
#include "softgpu/isa/exec/trap.h"
#include "softgpu/isa/exec/valu.h"

#include <xmmintrin.h>
#if defined(__AVX2__) || defined(__AVX512F__)
#include <immintrin.h>
#endif

const uint32_t VALU_SYM(lane_bit)[32] = {
    1u << 0,  1u << 1,  1u << 2,  1u << 3,  1u << 4,  1u << 5,  1u << 6,  1u << 7,
    1u << 8,  1u << 9,  1u << 10, 1u << 11, 1u << 12, 1u << 13, 1u << 14, 1u << 15,
    1u << 16, 1u << 17, 1u << 18, 1u << 19, 1u << 20, 1u << 21, 1u << 22, 1u << 23,
    1u << 24, 1u << 25, 1u << 26, 1u << 27, 1u << 28, 1u << 29, 1u << 30, 1u << 31,
};

/* ---- moving lanes ---- */

void VALU_SYM(blend)(uint32_t *row, const uint32_t *value, uint64_t mask, unsigned lanes,
                     unsigned dwords)
{
    for (size_t base = 0; base < lanes; base += 32) {
        uint32_t half = (uint32_t)(mask >> base);

        for (unsigned k = 0; k < dwords; k++) {
            uint32_t *to = row + k * lanes + base;
            const uint32_t *from = value + k * lanes + base;

            VALU_VECTOR_LOOP for (size_t l = 0; l < 32; l++) to[l] =
                half & VALU_SYM(lane_bit)[l] ? from[l] : to[l];
        }
    }
}

void VALU_SYM(blend_half)(uint32_t *row, const uint32_t *value, uint64_t mask, unsigned lanes,
                          bool high)
{
    unsigned shift = high ? 16 : 0;
    uint32_t keep = high ? 0x0000ffff : 0xffff0000;

    for (size_t base = 0; base < lanes; base += 32) {
        uint32_t half = (uint32_t)(mask >> base);
        uint32_t *to = row + base;

        VALU_VECTOR_LOOP for (size_t l = 0; l < 32; l++)
        {
            uint32_t merged = (to[l] & keep) | (value[base + l] & 0xffff) << shift;

            to[l] = half & VALU_SYM(lane_bit)[l] ? merged : to[l];
        }
    }
}

uint64_t VALU_SYM(pack)(const uint32_t *lanes_set, unsigned lanes)
{
    uint64_t mask = 0;

#if defined(__AVX512F__)
    for (unsigned l = 0; l < lanes; l += 16) {
        __m512i v = _mm512_loadu_si512(lanes_set + l);

        mask |= (uint64_t)_mm512_test_epi32_mask(v, v) << l;
    }
#elif defined(__AVX2__)
    for (unsigned l = 0; l < lanes; l += 8) {
        __m256 v = _mm256_loadu_ps((const float *)(const void *)(lanes_set + l));

        mask |= (uint64_t)(uint32_t)_mm256_movemask_ps(v) << l;
    }
#else
    for (unsigned l = 0; l < lanes; l += 4) {
        __m128 v = _mm_loadu_ps((const float *)(const void *)(lanes_set + l));

        mask |= (uint64_t)(uint32_t)_mm_movemask_ps(v) << l;
    }
#endif
    return mask;
}

static void fill(uint32_t *to, uint32_t value, unsigned lanes)
{
    for (size_t base = 0; base < lanes; base += 32)
        for (size_t l = 0; l < 32; l++)
            to[base + l] = value;
}

const uint32_t *VALU_SYM(broadcast)(const struct isa_wave *w, const struct isa_inst *inst,
                                    unsigned reg, enum isa_type type, bool is_float,
                                    uint32_t *buffer)
{
    if (isa_type_is_64(type)) {
        uint64_t value = isa_scalar_b64(w, inst, reg, type);

        fill(buffer, (uint32_t)value, w->lanes);
        fill(buffer + w->lanes, (uint32_t)(value >> 32), w->lanes);
    } else if (reg >= ISA_REG_INT_0 && (type == ISA_T_F16 || (type == ISA_T_PK16 && is_float))) {
        fill(buffer, isa_constant_f16(w, inst, reg), w->lanes);
    } else {
        fill(buffer, isa_scalar_b32(w, inst, reg), w->lanes);
    }
    return buffer;
}

/* ---- DPP ---- */

/* DPP_CTRL: the place in its row that lane `at` of a row reads from, or -1 when that is outside. */
static int dpp16_source(unsigned ctrl, int at)
{
    int n = (int)(ctrl & 15);

    switch (ctrl >> 4) {
    case 0x10: /* row_shl */
        return at + n < 16 ? at + n : -1;
    case 0x11: /* row_shr */
        return at - n;
    case 0x12: /* row_ror */
        return (at - n) & 15;
    case 0x14: /* row_mirror, row_half_mirror */
        return n == 0 ? 15 - at : at ^ 7;
    case 0x15: /* row_share */
        return n;
    case 0x16: /* row_xmask */
        return at ^ n;
    default: /* quad_perm */
        return (at & ~3) | (int)(ctrl >> 2 * (at & 3) & 3);
    }
}

static bool dpp16_is_known(unsigned ctrl)
{
    unsigned n = ctrl & 15;

    switch (ctrl >> 4) {
    case 0x10:
    case 0x11:
    case 0x12:
        return n != 0;
    case 0x14:
        return n <= 1;
    case 0x15:
    case 0x16:
        return true;
    default:
        return ctrl < 0x100;
    }
}

/* A group of lanes that moves data in itself, as all other groups of the wave do. */
struct dpp_group {
    unsigned size;     /* 8 or 16 lanes */
    uint8_t from[16];  /* the lane of the group that each reads */
    uint64_t in_range; /* bit for each lane: there is one to read */
};

static struct dpp_group dpp16_group(unsigned ctrl)
{
    struct dpp_group group = {.size = 16};

    for (int at = 0; at < 16; at++) {
        int from = dpp16_source(ctrl, at);

        group.from[at] = (uint8_t)(from < 0 ? at : from);
        group.in_range |= (uint64_t)(from >= 0) << at;
    }
    return group;
}

static struct dpp_group dpp8_group(const struct isa_inst *inst)
{
    struct dpp_group group = {.size = 8, .in_range = 0xff};

    memcpy(group.from, inst->dpp8.lane, sizeof(inst->dpp8.lane));
    return group;
}

/* Lanes whose source lane is in range and one of `readable`. */
static uint64_t dpp_valid(const struct dpp_group *group, uint64_t readable, unsigned lanes)
{
    uint64_t valid = 0;

    for (unsigned base = 0; base < lanes; base += group->size) {
        uint64_t here = group->in_range;

        if (readable != UINT64_MAX)
            for (unsigned i = 0; i < group->size; i++)
                here &= ~((~readable >> (base + group->from[i]) & 1) << i);
        valid |= here << base;
    }
    return valid;
}

/* Moves the lanes; those that are not valid become 0. */
static void dpp_move(const struct dpp_group *group, uint64_t valid, const uint32_t *source,
                     size_t lanes, unsigned dwords, uint32_t *out_value)
{
    for (unsigned k = 0; k < dwords; k++, source += lanes, out_value += lanes) {
        for (size_t base = 0; base < lanes; base += group->size)
            for (unsigned i = 0; i < group->size; i++)
                out_value[base + i] = source[base + group->from[i]];
        for (size_t base = 0; base < lanes; base += 32) {
            uint32_t half = (uint32_t)(valid >> base);

            VALU_VECTOR_LOOP for (size_t l = 0; l < 32; l++) out_value[base + l] =
                half & VALU_SYM(lane_bit)[l] ? out_value[base + l] : 0;
        }
    }
}

/* Lanes that DPP16's row and bank masks leave enabled; a bank is a quarter of a row. */
static uint64_t dpp16_enabled(const struct isa_inst *inst)
{
    uint64_t row = 0, enabled = 0;

    for (unsigned bank = 0; bank < 4; bank++)
        row |= inst->dpp16.bank_mask >> bank & 1 ? UINT64_C(0xf) << 4 * bank : 0;
    for (unsigned i = 0; i < 4; i++)
        enabled |= inst->dpp16.row_mask >> i & 1 ? row << 16 * i : 0;
    return enabled;
}

bool VALU_SYM(dpp)(const struct isa_wave *w, const struct isa_inst *inst, const uint32_t *source,
                   unsigned dwords, uint32_t *out_value, uint64_t *out_write)
{
    bool is_dpp8 = inst->vmod == ISA_VMOD_DPP8;
    bool fetch_inactive = is_dpp8 ? inst->dpp8.fi : inst->dpp16.fi;
    uint64_t exec = isa_wave_exec(w);
    uint64_t readable = fetch_inactive || exec == valu_all_lanes(w->lanes) ? UINT64_MAX : exec;

    if (!is_dpp8 && !dpp16_is_known(inst->dpp16.ctrl))
        return false;

    struct dpp_group group = is_dpp8 ? dpp8_group(inst) : dpp16_group(inst->dpp16.ctrl);
    uint64_t valid = dpp_valid(&group, readable, w->lanes);

    dpp_move(&group, valid, source, w->lanes, dwords, out_value);
    *out_write = UINT64_MAX;
    if (!is_dpp8)
        *out_write = dpp16_enabled(inst) & (inst->dpp16.bound_ctrl ? UINT64_MAX : valid);
    return true;
}

/* ---- sources ---- */

/* SDWA selectors: bytes 0..3, words 4..5, dword 6. */
static void sdwa_select(uint32_t *value, unsigned select, bool sign_extend, unsigned lanes)
{
    unsigned shift = select < 4 ? select * 8 : (select - 4) * 16;
    unsigned unused = select < 4 ? 24 : 16;

    if (select >= 6)
        return;
    for (unsigned l = 0; l < lanes; l++) {
        uint32_t field = value[l] >> shift << unused;

        value[l] = sign_extend ? (uint32_t)((int32_t)field >> unused) : field >> unused;
    }
}

/* abs, then neg, on the sign bits of `sign`. */
static void change_sign(uint32_t *value, bool abs, bool neg, uint32_t sign, unsigned lanes)
{
    uint32_t keep = abs ? ~sign : UINT32_MAX;
    uint32_t flip = neg ? sign : 0;

    for (unsigned l = 0; l < lanes; l++)
        value[l] = (value[l] & keep) ^ flip;
}

/* Packed operands: op_sel picks what the lower result works on, op_sel_hi for the upper one; the
 * signs of the two can be flipped. */
static void packed_select(uint32_t *value, const struct isa_inst *inst, unsigned i, unsigned lanes)
{
    unsigned low = inst->op_sel >> i & 1 ? 16 : 0;
    unsigned high = inst->op_sel_hi >> i & 1 ? 16 : 0;
    uint32_t flip = (inst->neg >> i & 1 ? 0x8000 : 0) | (inst->neg_hi >> i & 1 ? 0x80000000 : 0);

    for (unsigned l = 0; l < lanes; l++)
        value[l] = ((value[l] >> low & 0xffff) | (value[l] >> high & 0xffff) << 16) ^ flip;
}

/* v_fma_mix: a source is f16, widened here, when op_sel_hi says so; neg_hi is its abs. */
static void mix_select(uint32_t *value, const struct isa_inst *inst, unsigned i, unsigned lanes)
{
    unsigned shift = inst->op_sel >> i & 1 ? 16 : 0;

    if (inst->op_sel_hi >> i & 1) {
        for (unsigned l = 0; l < lanes; l++)
            value[l] = sem_bits32(sem_f16_to_f32(value[l] >> shift & 0xffff));
    }
    change_sign(value, inst->neg_hi >> i & 1, inst->neg >> i & 1, SEM_F32_NEG, lanes);
}

/* Not inlined: its loops' registers would be spilled by those that need none of them. */
static __attribute__((noinline)) void modify_source(const struct isa_inst *inst,
                                                    const struct valu_op *op, unsigned i,
                                                    uint32_t *value, unsigned lanes)
{
    enum isa_type type = (enum isa_type)op->info->src[i];
    bool abs = inst->abs >> i & 1, neg = inst->neg >> i & 1;

    if (inst->vmod == ISA_VMOD_SDWA && i < 2)
        sdwa_select(value, inst->sdwa.src_sel[i], inst->sdwa.sext >> i & 1, lanes);
    if (op->is_mix) {
        mix_select(value, inst, i, lanes);
    } else if (op->info->flags & ISA_F_PACKED && type == ISA_T_PK16) {
        packed_select(value, inst, i, lanes);
    } else if (isa_type_is_16(type)) {
        if (inst->op_sel >> i & 1)
            for (unsigned l = 0; l < lanes; l++)
                value[l] >>= 16;
        change_sign(value, abs, neg, 0x8000, lanes);
    } else if (isa_type_is_64(type)) {
        change_sign(value + lanes, abs, neg, SEM_F32_NEG, lanes);
    } else {
        change_sign(value, abs, neg, SEM_F32_NEG, lanes);
    }
}

/* Whether modify_source() would leave the source as it is. */
static bool source_is_plain(const struct isa_inst *inst, const struct valu_op *op, unsigned i)
{
    unsigned select = inst->op_sel | (op->info->flags & ISA_F_PACKED ? ~inst->op_sel_hi : 0);

    return !op->is_mix && (inst->vmod == ISA_VMOD_NONE || (i > 0 && inst->vmod != ISA_VMOD_SDWA)) &&
           !((inst->neg | inst->abs | inst->neg_hi | select) >> i & 1);
}

/* The constant that a mix source reads is of the format that op_sel_hi gives it. */
static enum isa_type source_type(const struct isa_inst *inst, const struct valu_op *op, unsigned i)
{
    if (op->is_mix)
        return inst->op_sel_hi >> i & 1 ? ISA_T_F16 : ISA_T_F32;
    return (enum isa_type)op->info->src[i];
}

/* Source i with its modifiers, in `buffer` or in the register itself. `write` loses the lanes that
 * DPP disables. NULL: no such source. */
static const uint32_t *fetch_source(struct isa_wave *w, const struct isa_inst *inst,
                                    const struct valu_op *op, unsigned i, uint32_t *buffer,
                                    uint64_t *write)
{
    enum isa_type type = source_type(inst, op, i);
    unsigned dwords = isa_type_is_64(type) ? 2 : 1;

    if (inst->src[i] < ISA_REG_VGPR0) {
        VALU_SYM(broadcast)(w, inst, inst->src[i], type, op->is_float, buffer);
        if (source_is_plain(inst, op, i))
            return buffer;
    } else if (i == 0 && (inst->vmod == ISA_VMOD_DPP8 || inst->vmod == ISA_VMOD_DPP16)) {
        uint64_t kept;

        if (!VALU_SYM(dpp)(w, inst, isa_reg_row(w, inst->src[i], 0), dwords, buffer, &kept))
            return NULL;
        *write &= kept;
    } else if (source_is_plain(inst, op, i)) {
        return isa_reg_row(w, inst->src[i], 0);
    } else {
        memcpy(buffer, isa_reg_row(w, inst->src[i], 0), dwords * w->lanes * sizeof(uint32_t));
    }
    modify_source(inst, op, i, buffer, w->lanes);
    return buffer;
}

/* ---- execution ---- */

static struct sem_mode instruction_mode(const struct isa_wave *w, const struct isa_inst *inst)
{
    return (struct sem_mode){(w->mode & SEM_MODE_MASK) | (inst->clamp ? SEM_MODE_CLAMP : 0)};
}

/* Calls the loop with the host rounding as the mode asks. The loop lies behind a pointer, so no
 * floating-point operation of it can move across the changes of MXCSR. */
static void run_loop(const struct valu_op *op, const struct valu_frame *f, struct sem_mode mode)
{
    static const unsigned rounding[] = {
        [SEM_ROUND_EVEN] = _MM_ROUND_NEAREST,
        [SEM_ROUND_UP] = _MM_ROUND_UP,
        [SEM_ROUND_DOWN] = _MM_ROUND_DOWN,
        [SEM_ROUND_ZERO] = _MM_ROUND_TOWARD_ZERO,
    };
    enum sem_round round = op->round == VALU_ROUND_F32   ? sem_round_f32(mode)
                           : op->round == VALU_ROUND_F64 ? sem_round_f16_f64(mode)
                                                         : SEM_ROUND_EVEN;

    /* What depends on the mode knows no clamp: that is finish()'s. */
    if (op->is_float)
        mode.bits &= ~(uint32_t)SEM_MODE_CLAMP;
    if (valu_mode_kind(mode.bits) != VALU_MODE_OTHER) {
        (mode.bits == SEM_MODE_DEFAULT.bits ? op->default_loop : op->graphics_loop)(f, mode);
        return;
    }
    if (round != SEM_ROUND_EVEN)
        _MM_SET_ROUNDING_MODE(rounding[round]);
    op->loop(f, mode);
    if (round != SEM_ROUND_EVEN)
        _MM_SET_ROUNDING_MODE(_MM_ROUND_NEAREST);
}

/* ---- results ---- */

/* Output multiplier and clamp of one result, in f32 or, with the same meaning, f64. */
static double omod_factor(const struct isa_inst *inst)
{
    static const double factors[] = {1.0, 2.0, 4.0, 0.5};

    return factors[inst->omod];
}

/* Selects rather than jumps, so that the loops vectorise. */
static uint32_t clamp_f32(uint32_t x, bool keeps_nan)
{
    float v = sem_f32(x);
    uint32_t r = sem_pick32(v < 0, 0, sem_pick32(v > 1, 0x3f800000, x));

    return sem_pick32(sem_is_nan_f32(x), keeps_nan ? x : 0, r);
}

static uint32_t scale_f32(uint32_t x, float factor)
{
    x = sem_flush_f32(false, sem_bits32(sem_f32(x) * factor));
    return sem_pick32(sem_is_zero_f32(x), 0, x);
}

static void finish_f32(uint32_t *value, float factor, bool clamp, struct sem_mode m, unsigned lanes)
{
    bool keeps_nan = !(m.bits & SEM_MODE_DX10_CLAMP);

    if (factor != 1.0f)
        for (unsigned l = 0; l < lanes; l++)
            value[l] = scale_f32(value[l], factor);
    if (clamp)
        for (unsigned l = 0; l < lanes; l++)
            value[l] = clamp_f32(value[l], keeps_nan);
}

static uint32_t finish_f16(uint32_t x, double factor, bool clamp, struct sem_mode m)
{
    if (factor != 1.0)
        x = sem_flush_f16(false, sem_f32_to_f16(sem_round_f16_f64(m), m.bits & SEM_MODE_FP16_OVFL,
                                                sem_bits32((float)(sem_f16_to_f32(x) * factor))));
    if (factor != 1.0 && sem_is_zero_f16(x))
        x = 0;
    if (!clamp)
        return x;
    if (sem_is_nan_f16(x))
        return m.bits & SEM_MODE_DX10_CLAMP ? 0 : x;
    return sem_f16_to_f32(x) < 0 ? 0 : sem_f16_to_f32(x) > 1 ? 0x3c00 : x;
}

static uint64_t finish_f64(uint64_t x, double factor, bool clamp, struct sem_mode m)
{
    if (factor != 1.0)
        x = sem_flush_f64(false, sem_bits64(sem_f64(x) * factor));
    if (factor != 1.0 && sem_is_zero_f64(x))
        x = 0;
    if (!clamp)
        return x;
    if (sem_is_nan_f64(x))
        return m.bits & SEM_MODE_DX10_CLAMP ? 0 : x;
    return sem_f64(x) < 0 ? 0 : sem_f64(x) > 1 ? 0x3ff0000000000000 : x;
}

static bool omod_applies(const struct isa_inst *inst, enum isa_type type, struct sem_mode m)
{
    uint32_t denormals = type == ISA_T_F32 ? SEM_MODE_DENORM_OUT_F32 : SEM_MODE_DENORM_OUT_F16_F64;

    return inst->omod && !(m.bits & (denormals | SEM_MODE_IEEE));
}

/* What happens to float results on their way out. Integer results have been saturated by the
 * semantic functions. */
static __attribute__((noinline)) void finish(const struct isa_inst *inst, const struct valu_op *op,
                                             const struct valu_frame *f, struct sem_mode m)
{
    enum isa_type type = (enum isa_type)op->info->dst;
    double factor = omod_applies(inst, type, m) ? omod_factor(inst) : 1.0;
    bool clamp = inst->clamp;
    bool packed = type == ISA_T_PK16 && op->is_float && op->info->src[0] == ISA_T_PK16;

    if ((factor == 1.0 && !clamp) || !(isa_type_is_float(type) || packed))
        return;
    if (type == ISA_T_F32) {
        finish_f32(f->dst, (float)factor, clamp, m, (unsigned)f->lanes);
        return;
    }
    for (unsigned l = 0; l < f->lanes; l++) {
        uint32_t low = f->dst[l];

        if (packed) {
            f->dst[l] = finish_f16(low & 0xffff, 1.0, clamp, m) |
                        finish_f16(low >> 16, 1.0, clamp, m) << 16;
        } else if (type == ISA_T_F16) {
            f->dst[l] = finish_f16(low & 0xffff, factor, clamp, m);
        } else {
            uint64_t x = finish_f64(low | (uint64_t)f->dst[f->lanes + l] << 32, factor, clamp, m);

            f->dst[l] = (uint32_t)x;
            f->dst[f->lanes + l] = (uint32_t)(x >> 32);
        }
    }
}

enum sdwa_unused { SDWA_PAD, SDWA_SEXT, SDWA_PRESERVE };

/* Puts a result where SDWA wants it in the register; what it does not write is zero, its sign or
 * the register's old content. */
static void sdwa_write(uint32_t *row, uint32_t *value, const struct isa_inst *inst, uint64_t mask,
                       enum isa_type type, unsigned lanes)
{
    unsigned select = inst->sdwa.dst_sel;
    unsigned bits = select < 4 ? 8 : select < 6 ? 16 : 32;
    unsigned shift = select < 4 ? select * 8 : select < 6 ? (select - 4) * 16 : 0;
    uint32_t field = bits == 32 ? UINT32_MAX : (1u << bits) - 1;

    for (unsigned l = 0; l < lanes; l++) {
        uint32_t x = (isa_type_is_16(type) ? value[l] & 0xffff : value[l]) & field;
        uint32_t sign = x >> (bits - 1) & 1;

        if (inst->sdwa.dst_unused == SDWA_PRESERVE)
            value[l] = (row[l] & ~(field << shift)) | x << shift;
        else if (inst->sdwa.dst_unused == SDWA_SEXT && sign)
            value[l] = x << shift | (bits == 32 ? 0 : UINT32_MAX << (shift + bits - 1) << 1);
        else
            value[l] = x << shift;
    }
    VALU_SYM(blend)(row, value, mask, lanes, 1);
}

static __attribute__((noinline)) void write_results(struct isa_wave *w, const struct isa_inst *inst,
                                                    const struct valu_op *op,
                                                    const struct valu_frame *f, uint64_t mask)
{
    enum isa_type type = (enum isa_type)op->info->dst;
    bool high = op->is_mix ? inst->op == ISA_OP_v_fma_mixhi_f16
                           : op->info->flags & ISA_F_OP_SEL && inst->op_sel & 8;

    if (op->info->dst2 == ISA_T_MASK)
        valu_write_mask(w, inst->dst2, f->carry, mask);
    if (type == ISA_T_MASK) {
        valu_write_mask(w, inst->dst, f->dst, mask);
        return;
    }

    uint32_t *row = isa_reg_row(w, inst->dst, 0);

    if (inst->vmod == ISA_VMOD_SDWA)
        sdwa_write(row, f->dst, inst, mask, type, f->lanes);
    else if (isa_type_is_16(type))
        VALU_SYM(blend_half)(row, f->dst, mask, f->lanes, high);
    else
        VALU_SYM(blend)(row, f->dst, mask, f->lanes, isa_type_is_64(type) ? 2 : 1);
}

void VALU_SYM(run)(struct isa_wave *w, const struct isa_inst *inst, const struct valu_op *op)
{
    struct valu_scratch scratch;
    struct valu_frame f = {.dst = scratch.dst, .carry = scratch.carry, .lanes = w->lanes};
    struct sem_mode mode = instruction_mode(w, inst);
    uint64_t write = isa_wave_exec(w);

    for (unsigned i = 0; i < VALU_SOURCES && op->info->src[i]; i++) {
        if (op->info->src[i] == ISA_T_MASK) {
            f.mask[i] = isa_scalar_mask(w, inst, inst->src[i]);
            continue;
        }
        if (inst->src[i] == ISA_REG_LDS_DIRECT) {
            isa_fault_raise(w, inst, ISA_FAULT_UNSUPPORTED, 0, 0, 0);
            return;
        }
        f.src[i] = fetch_source(w, inst, op, i, scratch.src[i], &write);
        if (!f.src[i]) {
            isa_fault_raise(w, inst, ISA_FAULT_ILLEGAL, 0, 0, 0);
            return;
        }
    }
    run_loop(op, &f, mode);
    if (inst->clamp || inst->omod)
        finish(inst, op, &f, mode);
    write_results(w, inst, op, &f, write);
}
