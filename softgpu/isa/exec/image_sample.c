/* SPDX-License-Identifier: MIT
 *
 * Image instructions with a sampler: sample, gather4, get_lod.
 *
 * The equations are those of the Vulkan specification, "Image Operations"; what it leaves to the
 * implementation is decided here: coordinates and weights have 8 bits of fraction, the derivatives
 * of a quad are those of its first row and column, and anisotropic filtering averages as many
 * trilinear samples along the longer derivative as the two differ in length, at most MAX_ANISO.
 *
 * Compare operations give 0 or 1 for each texel, before filtering. Integer formats are not
 * filtered.
 */
#include <math.h>
#include <string.h>

#include "softgpu/isa/exec/block.h"
#include "softgpu/isa/exec/image.h"
#include "softgpu/isa/exec/image_cube.h"
#include "softgpu/isa/exec/image_metadata.h"
#include "softgpu/isa/exec/image_wrap.h"
#include "softgpu/isa/exec/sem_base.h"
#include "softgpu/isa/exec/trap.h"
#include "softgpu/isa/exec/window.h"
#include "softgpu/isa/spec/flags.h"

enum { FRACTION_BITS = 8, FRACTION_ONE = 1 << FRACTION_BITS, AXES = 3 };

enum lod_source { LOD_DERIVATIVES, LOD_GIVEN, LOD_ZERO };

/* One instruction: what its lanes have in common. */
struct sampling {
    struct isa_wave *w;
    const struct isa_inst *inst;
    struct isa_image image;
    struct isa_format format; /* the image's, without sRGB where the sampler says so */
    struct isa_sampler sampler;
    uint32_t border[4]; /* as memory would hold it */
    bool compares, integer;
    unsigned axes; /* that are filtered: 1 to 3 */
    struct isa_lanes lanes;
};

/* What one lane asks for. */
struct request {
    float at[AXES]; /* coordinates of the axes */
    float ddx[AXES], ddy[AXES];
    int offset[AXES];
    float slice;                  /* array layer, or cube face and layer */
    float reference, bias, level; /* `level`: given, or the least */
};

/* ---- operands ---- */

static float f16(uint32_t bits)
{
    return sem_f32(isa_format_f32_from_f16((uint16_t)bits));
}

/* Reads floats one after the other, of 32 bits or packed 16. */
struct operand_cursor {
    unsigned dword;
    bool half; /* the upper half of `dword` is next */
};

static uint32_t operand_dword(const struct sampling *s, unsigned lane, struct operand_cursor *c)
{
    return isa_image_address(s->w, s->inst, lane, c->dword++);
}

static float operand_float(const struct sampling *s, unsigned lane, struct operand_cursor *c,
                           bool packed)
{
    uint32_t word = isa_image_address(s->w, s->inst, lane, c->dword);

    if (!packed) {
        c->dword++;
        return sem_f32(word);
    }
    word >>= c->half ? 16 : 0;
    c->dword += c->half;
    c->half = !c->half;
    return f16(word);
}

/* What follows begins in a register of its own. */
static void operand_align(struct operand_cursor *c)
{
    c->dword += c->half;
    c->half = false;
}

static int signed_field(uint32_t word, unsigned shift)
{
    return (int32_t)(word >> shift << 26) >> 26;
}

static unsigned axes_of(unsigned dim)
{
    static const uint8_t axes[8] = {1, 2, 3, 2, 1, 2, 2, 2};

    return axes[dim & 7];
}

/* In the order that the ISA guide gives: offset, bias, reference, derivatives, coordinates, level.
 */
static void request_read(const struct sampling *s, unsigned lane, struct request *r)
{
    const uint32_t flags = isa_ops[s->inst->op].flags;
    const bool a16 = s->inst->img.a16, g16 = flags & ISA_F_IMG_G16;
    struct operand_cursor c = {0};

    memset(r, 0, sizeof(*r));
    if (flags & ISA_F_IMG_OFFSET) {
        uint32_t word = operand_dword(s, lane, &c);

        for (unsigned i = 0; i < AXES; i++)
            r->offset[i] = signed_field(word, 8 * i);
    }
    if (flags & ISA_F_IMG_BIAS) {
        r->bias = operand_float(s, lane, &c, a16);
        operand_align(&c);
    }
    if (flags & ISA_F_IMG_COMPARE)
        r->reference = sem_f32(operand_dword(s, lane, &c));
    for (unsigned d = 0; d < 2 && flags & ISA_F_IMG_GRADIENTS; d++) {
        for (unsigned i = 0; i < s->axes; i++)
            (d ? r->ddy : r->ddx)[i] = operand_float(s, lane, &c, g16);
        operand_align(&c);
    }
    for (unsigned i = 0; i < s->axes; i++)
        r->at[i] = operand_float(s, lane, &c, a16);
    if (isa_image_coordinates(s->inst->img.dim) > s->axes)
        r->slice = operand_float(s, lane, &c, a16);
    if (flags & ISA_F_IMG_LOD)
        r->level = operand_float(s, lane, &c, a16);
}

/* ---- set-up ---- */

/* The colour outside of the image, as components of memory. */
static void border_prepare(struct sampling *s)
{
    enum { BLACK_TRANSPARENT, BLACK_OPAQUE, WHITE_OPAQUE, FROM_TABLE };
    /* Where each memory component comes from, by BC_SWIZZLE. */
    static const uint8_t order[8][4] = {{0, 1, 2, 3}, {0, 3, 2, 1}, {3, 2, 1, 0}, {3, 0, 1, 2},
                                        {2, 1, 0, 3}, {1, 0, 3, 2}, {0, 1, 2, 3}, {0, 1, 2, 3}};
    const uint32_t one = s->integer ? 1 : sem_bits32(1.0f);
    uint32_t colour[4] = {0};
    struct isa_mem_fault fault;

    switch (s->sampler.border_type) {
    case WHITE_OPAQUE:
        colour[0] = colour[1] = colour[2] = one;
        colour[3] = one;
        break;
    case BLACK_OPAQUE:
        colour[3] = one;
        break;
    case FROM_TABLE: {
        uint64_t table = s->w->group->host ? s->w->group->host->border_colors : 0;

        /* An unset table reads as black, as unwritten registers would. */
        if (!table || !isa_mem_read(s->w, table + 16ull * s->sampler.border_index, colour,
                                    sizeof(colour), &fault))
            memset(colour, 0, sizeof(colour));
        break;
    }
    default:
        break;
    }
    for (unsigned i = 0; i < 4; i++)
        s->border[i] = colour[order[s->image.border_swizzle][i]];
}

/* Cube coordinates come as the face's in 1..2 (v_cubesc and so on, plus 1.5), with the face, and
 * eight times the layer, as the third. */
static bool is_cube(const struct sampling *s)
{
    return s->image.type == ISA_IMAGE_CUBE && s->inst->img.dim == ISA_DIM_CUBE;
}

/* False: the model cannot, and has said so. */
static bool sampling_prepare(struct isa_wave *w, const struct isa_inst *inst, struct sampling *s)
{
    const char *obstacle;

    memset(s, 0, sizeof(*s));
    s->w = w;
    s->inst = inst;
    isa_windows_sync(w);
    isa_image_decode(w, inst->src[2], inst->img.r128, &s->image);
    isa_sampler_decode(w, inst->src[3], &s->sampler);
    obstacle = isa_image_obstacle(&s->image);
    if (obstacle) {
        isa_image_refuse(w, inst, obstacle);
        return false;
    }
    if (s->image.format)
        s->format = *s->image.format;
    if (s->sampler.skip_degamma && s->format.numeric == ISA_FORMAT_SRGB)
        s->format.numeric = ISA_FORMAT_UNORM;
    s->integer = s->image.format && isa_format_is_integer(&s->format);
    s->compares = isa_ops[inst->op].flags & ISA_F_IMG_COMPARE;
    s->axes = axes_of(inst->img.dim);
    s->sampler.unnormalized |= inst->img.unrm;
    /* Where faces end others begin: nothing is wrapped. */
    if (is_cube(s) && s->sampler.cube_wrap)
        s->sampler.wrap[0] = s->sampler.wrap[1] = ISA_WRAP_CLAMP;
    s->lanes.stride = 4;
    border_prepare(s);
    return true;
}

/* ---- level of detail ---- */

static const struct isa_image_level *level_at(const struct sampling *s, unsigned level)
{
    return &s->image.levels[s->image.base_level + level];
}

static uint32_t axis_size(const struct isa_image_level *level, unsigned axis)
{
    return axis == 0 ? level->width : axis == 1 ? level->height : level->depth;
}

/* The third coordinate of arrays and cubes, which may be negative. */
static int slice_of(const struct request *r)
{
    const float limit = 1 << 20;

    if (!(r->slice == r->slice))
        return 0;
    return (int)rintf(r->slice < -limit ? -limit : r->slice > limit ? limit : r->slice);
}

static int cube_face(const struct request *r)
{
    return (slice_of(r) & 7) % 6;
}

/* A neighbour's coordinates as the lane's own face has them. Mesa's lists of what Navi21 does not
 * pass say that levels are right along a cube's edges, where programs give each lane another face.
 */
static void cube_unfold(const struct request *lane, const struct request *neighbour, float out[2])
{
    double point[2];

    memcpy(out, neighbour->at, 2 * sizeof(out[0]));
    if (cube_face(neighbour) == cube_face(lane) ||
        !isa_cube_point_on(cube_face(neighbour), 2 * (double)neighbour->at[0] - 3,
                           2 * (double)neighbour->at[1] - 3, cube_face(lane), point))
        return;
    out[0] = (float)(point[0] + 3) / 2;
    out[1] = (float)(point[1] + 3) / 2;
}

static void cube_derivatives(struct request quad[4])
{
    for (unsigned lane = 0; lane < 4; lane++) {
        float at[3][2];

        for (unsigned corner = 0; corner < 3; corner++)
            cube_unfold(&quad[lane], &quad[corner], at[corner]);
        for (unsigned i = 0; i < 2; i++) {
            quad[lane].ddx[i] = at[1][i] - at[0][i];
            quad[lane].ddy[i] = at[2][i] - at[0][i];
        }
    }
}

/* Derivatives between the lanes of a quad. Lanes that are not active have values all the same. */
static void quad_derivatives(const struct sampling *s, struct request quad[4])
{
    if (is_cube(s)) {
        cube_derivatives(quad);
        return;
    }
    for (unsigned i = 0; i < s->axes; i++) {
        float ddx = quad[1].at[i] - quad[0].at[i], ddy = quad[2].at[i] - quad[0].at[i];

        for (unsigned lane = 0; lane < 4; lane++)
            quad[lane].ddx[i] = ddx, quad[lane].ddy[i] = ddy;
    }
}

/* A derivative's length in texels of the first level. */
static float texel_length(const struct sampling *s, const float *derivative)
{
    float sum = 0;

    for (unsigned i = 0; i < s->axes; i++) {
        float scale = s->sampler.unnormalized ? 1.0f : (float)axis_size(level_at(s, 0), i);

        sum += derivative[i] * scale * (derivative[i] * scale);
    }
    return sqrtf(sum);
}

struct detail {
    float lod;       /* before the clamp to the image's levels */
    float clamped;   /* to the sampler's and the view's limits */
    unsigned probes; /* along the longer derivative */
    const float *along;
};

static struct detail detail_find(const struct sampling *s, const struct request *r,
                                 enum lod_source source, bool has_least)
{
    struct detail d = {.probes = 1};
    float least = s->sampler.min_lod;

    if (source == LOD_GIVEN) {
        d.lod = r->level;
    } else if (source == LOD_DERIVATIVES) {
        float x = texel_length(s, r->ddx), y = texel_length(s, r->ddy);
        float longer = x > y ? x : y, shorter = x > y ? y : x;

        d.along = x > y ? r->ddx : r->ddy;
        if (s->sampler.aniso && shorter > 0 && s->sampler.max_aniso > 1) {
            float ratio = ceilf(longer / shorter);

            d.probes = ratio < (float)s->sampler.max_aniso ? (unsigned)ratio : s->sampler.max_aniso;
        }
        d.lod = log2f(longer / (float)d.probes);
    }
    d.lod += s->sampler.lod_bias + r->bias;
    if (has_least && r->level > least)
        least = r->level;
    if (s->image.min_lod > least)
        least = s->image.min_lod;
    d.clamped = d.lod > least ? d.lod : least; /* NaN: least */
    if (d.clamped > s->sampler.max_lod)
        d.clamped = s->sampler.max_lod > least ? s->sampler.max_lod : least;
    return d;
}

/* ---- texels ---- */

/* Two neighbouring texels along an axis, and how much of FRACTION_ONE the second one counts. */
struct axis {
    int64_t index[2]; /* before wrapping */
    int weight;
};

static struct axis axis_resolve(const struct sampling *s, unsigned n, float at, int offset,
                                uint32_t size, bool linear)
{
    const float limit = (float)(1 << 22);
    enum isa_wrap wrap = s->sampler.wrap[n];
    struct axis axis = {{0, 0}, 0};
    int64_t fixed;

    if (!s->sampler.unnormalized) {
        /* Far away the fraction would be lost. */
        if (wrap == ISA_WRAP_REPEAT)
            at -= floorf(at);
        else if (wrap == ISA_WRAP_MIRROR)
            at -= 2 * floorf(at / 2);
        at *= (float)size;
    }
    if (!(at == at)) /* nor is infinity a place where coordinates repeat */
        at = 0;
    if (wrap == ISA_WRAP_HALF_BORDER || wrap == ISA_WRAP_MIRROR_ONCE_HALF_BORDER) {
        at = image_half_border_clamp(at + (float)offset,
                                     wrap == ISA_WRAP_HALF_BORDER ? 0 : -(float)size, (float)size,
                                     linear);
        offset = 0;
    }
    at = at < -limit ? -limit : at > limit ? limit : at;
    fixed = (int64_t)(linear || !s->sampler.trunc_coord ? rintf(at * FRACTION_ONE)
                                                        : floorf(at) * FRACTION_ONE);
    if (linear)
        fixed -= FRACTION_ONE / 2;
    axis.index[0] = (fixed >> FRACTION_BITS) + offset;
    axis.index[1] = axis.index[0] + 1;
    axis.weight = linear ? (int)(fixed & (FRACTION_ONE - 1)) : 0;
    return axis;
}

/* Reads one texel as memory's components; false when a fault was raised. */
static bool texel_read(struct sampling *s, unsigned lane, const struct isa_texel *texel,
                       uint32_t value[4])
{
    uint8_t element[16];
    bool zero;

    if (!isa_image_locate(&s->image, texel, &s->lanes.va[lane])) {
        memset(value, 0, 4 * sizeof(value[0]));
        return true;
    }
    if (!isa_image_open_texel(s->w, s->inst, &s->image, texel, s->lanes.va[lane], lane, &zero) ||
        !isa_lane_read(s->w, s->inst, &s->lanes, lane, element, s->format.bytes))
        return false;
    if (zero)
        memset(value, 0, 4 * sizeof(value[0]));
    else if (isa_format_is_compressed(&s->format))
        isa_block_unpack(&s->format, element, texel->x % 4, texel->y % 4, value);
    else
        isa_format_unpack(&s->format, element, value);
    return true;
}

static bool compare_holds(unsigned function, float reference, float texel)
{
    switch (function) {
    case 0:
        return false;
    case 1:
        return reference < texel;
    case 2:
        return reference == texel;
    case 3:
        return reference <= texel;
    case 4:
        return reference > texel;
    case 5:
        return reference != texel;
    case 6:
        return reference >= texel;
    default:
        return true;
    }
}

/* A normalised depth format is compared with a reference of its range. */
static void texel_compare(const struct sampling *s, const struct request *r, uint32_t value[4])
{
    float reference = r->reference;

    if (s->format.numeric == ISA_FORMAT_UNORM)
        reference = reference > 0 ? (reference < 1 ? reference : 1) : 0;
    value[0] =
        sem_bits32(compare_holds(s->sampler.compare, reference, sem_f32(value[0])) ? 1.0f : 0.0f);
    value[1] = value[2] = 0;
    value[3] = sem_bits32(1.0f);
}

/* The texels around a point of one level. */
struct footprint {
    unsigned level, slice;
    int face; /* of a cube; else -1 */
    struct axis axis[AXES];
};

/* `corner`: bit n picks the second texel along axis n. *out_corner_of_cube: there is none, three
 * faces meet. */
static bool footprint_read(struct sampling *s, unsigned lane, const struct request *r,
                           const struct footprint *f, unsigned corner, uint32_t value[4],
                           bool *out_corner_of_cube)
{
    const struct isa_image_level *level = level_at(s, f->level);
    int index[AXES] = {0}, face = f->face;
    bool outside = false;

    *out_corner_of_cube = false;
    if (face >= 0 && s->sampler.cube_wrap) {
        int size = (int)level->width;
        int x = (int)f->axis[0].index[corner & 1], y = (int)f->axis[1].index[corner >> 1 & 1];
        bool past_x = x < 0 || x >= size, past_y = y < 0 || y >= size;

        *out_corner_of_cube = past_x && past_y;
        if (past_x && past_y)
            return true;
        if (past_x || past_y)
            isa_cube_cross_edge(size, &face, &x, &y);
        index[0] = x, index[1] = y;
    } else {
        for (unsigned i = 0; i < s->axes; i++) {
            index[i] = image_wrap_index(s->sampler.wrap[i], f->axis[i].index[corner >> i & 1],
                                        axis_size(level, i));
            outside |= index[i] == IMAGE_OUTSIDE;
        }
    }
    if (outside) {
        memcpy(value, s->border, sizeof(s->border));
    } else {
        struct isa_texel texel = {.x = (uint32_t)index[0],
                                  .y = (uint32_t)index[1],
                                  .z = (uint32_t)index[2],
                                  .slice = f->slice + (face > 0 ? (unsigned)face : 0),
                                  .level = f->level};

        if (!texel_read(s, lane, &texel, value))
            return false;
    }
    if (s->compares)
        texel_compare(s, r, value);
    return true;
}

/* The nearest layer that there is. Of cubes it does not change the face: since GFX9 Mesa leaves
 * that to hardware (ac_prepare_cube_coords()). */
static unsigned layer_clamp(int layer, unsigned layers)
{
    const unsigned last = layers ? layers - 1 : 0;

    return layer < 0 ? 0 : (unsigned)layer < last ? (unsigned)layer : last;
}

static void footprint_place(const struct sampling *s, const struct request *r, unsigned level,
                            bool linear, bool z_linear, const float *shift, struct footprint *f)
{
    const unsigned layers = s->image.last_array - s->image.base_array + 1;
    const bool cube = is_cube(s);

    f->level = level;
    f->face = -1;
    f->slice = 0;
    if (cube) {
        f->face = cube_face(r);
        f->slice = 6 * layer_clamp(slice_of(r) >> 3, layers / 6);
    } else if (isa_image_is_array(&s->image)) {
        f->slice = layer_clamp(slice_of(r), layers);
    }
    for (unsigned i = 0; i < s->axes; i++)
        f->axis[i] =
            axis_resolve(s, i, r->at[i] + (shift ? shift[i] : 0) - (cube ? 1 : 0), r->offset[i],
                         axis_size(level_at(s, level), i), i == 2 ? z_linear : linear);
}

/* ---- filters ---- */

static int corner_weight(const struct sampling *s, const struct footprint *f, unsigned corner)
{
    int64_t weight = 1;

    for (unsigned i = 0; i < s->axes; i++)
        weight *= corner >> i & 1 ? f->axis[i].weight : FRACTION_ONE - f->axis[i].weight;
    return (int)weight; /* at most 2^24 */
}

struct accumulator {
    float sum[4];
    double weight;
    bool any;
};

static void accumulate(const struct sampling *s, struct accumulator *a, const uint32_t value[4],
                       int weight)
{
    for (unsigned i = 0; i < 4; i++) {
        float v = sem_f32(value[i]);

        if (s->sampler.reduction == ISA_REDUCE_BLEND)
            a->sum[i] += v * (float)weight;
        else if (!a->any ||
                 (s->sampler.reduction == ISA_REDUCE_MIN ? v < a->sum[i] : v > a->sum[i]))
            a->sum[i] = v;
    }
    a->weight += weight;
    a->any = true;
}

/* Filters one level; values are bits of floats, or integers. */
static bool level_sample(struct sampling *s, unsigned lane, const struct request *r,
                         const struct footprint *f, uint32_t value[4])
{
    struct accumulator a = {.any = false};
    bool cube_corner;

    for (unsigned corner = 0; corner < 1u << s->axes; corner++) {
        int weight = corner_weight(s, f, corner);

        if (weight == 0)
            continue;
        if (!footprint_read(s, lane, r, f, corner, value, &cube_corner))
            return false;
        if (s->integer && !s->compares)
            return true; /* one texel has all the weight */
        if (!cube_corner)
            accumulate(s, &a, value, weight);
    }
    for (unsigned i = 0; i < 4; i++)
        value[i] = sem_bits32(s->sampler.reduction == ISA_REDUCE_BLEND && a.any
                                  ? a.sum[i] / (float)a.weight
                                  : a.sum[i]);
    return true;
}

/* One level at a point, `shift` away from the request's. */
static bool point_sample(struct sampling *s, unsigned lane, const struct request *r, unsigned level,
                         bool magnified, const float *shift, uint32_t value[4])
{
    const struct isa_sampler *sampler = &s->sampler;
    bool linear = !s->integer && (magnified ? sampler->mag_linear : sampler->min_linear);
    bool z_linear = sampler->z_follows_xy ? linear : sampler->z_linear && !s->integer;
    struct footprint f;

    footprint_place(s, r, level, linear, z_linear, shift, &f);
    return level_sample(s, lane, r, &f, value);
}

static void blend(const uint32_t other[4], float part, uint32_t value[4])
{
    for (unsigned i = 0; i < 4; i++)
        value[i] = sem_bits32(sem_f32(value[i]) * (1 - part) + sem_f32(other[i]) * part);
}

/* The levels between which the level of detail lies, and how far it is to the second. */
static unsigned levels_choose(const struct sampling *s, float lod, unsigned *out_second,
                              float *out_part)
{
    const float last = (float)(s->image.last_level - s->image.base_level);

    *out_part = 0;
    *out_second = 0;
    if (s->sampler.mip_filter == ISA_MIP_NONE || !(lod > 0))
        return 0;
    if (lod > last)
        lod = last;
    if (s->sampler.mip_filter == ISA_MIP_POINT)
        return *out_second = (unsigned)ceilf(lod - 0.5f);
    *out_part = floorf((lod - floorf(lod)) * FRACTION_ONE) / FRACTION_ONE;
    *out_second = (unsigned)floorf(lod) + (*out_part > 0);
    return (unsigned)floorf(lod);
}

static bool mip_sample(struct sampling *s, unsigned lane, const struct request *r,
                       const struct detail *d, const float *shift, uint32_t value[4])
{
    bool magnified = !(d->clamped > 0);
    uint32_t other[4];
    unsigned second;
    float part;
    unsigned first = levels_choose(s, d->clamped, &second, &part);

    if (!point_sample(s, lane, r, first, magnified, shift, value))
        return false;
    if (part == 0 || s->integer)
        return true;
    if (!point_sample(s, lane, r, second, magnified, shift, other))
        return false;
    blend(other, part, value);
    return true;
}

static bool request_sample(struct sampling *s, unsigned lane, const struct request *r,
                           const struct detail *d, uint32_t value[4])
{
    if (d->probes <= 1)
        return mip_sample(s, lane, r, d, NULL, value);

    uint32_t one[4];

    for (unsigned p = 0; p < d->probes; p++) {
        float shift[AXES], where = ((float)p + 0.5f) / (float)d->probes - 0.5f;

        for (unsigned i = 0; i < AXES; i++)
            shift[i] = d->along[i] * where;
        if (!mip_sample(s, lane, r, d, shift, p ? one : value))
            return false;
        if (p)
            blend(one, 1.0f / (float)(p + 1), value);
    }
    return true;
}

static bool request_texel(struct sampling *s, unsigned lane, const struct request *r,
                          const struct detail *d, uint32_t value[4])
{
    if (!request_sample(s, lane, r, d, value))
        return false;
    isa_image_select(&s->image, value);
    return true;
}

/* The four texels that a bilinear filter would take, of the component that DMASK names. */
static bool request_gather(struct sampling *s, unsigned lane, const struct request *r,
                           const struct detail *d, uint32_t value[4])
{
    /* (x, y + 1), (x + 1, y + 1), (x + 1, y), (x, y): bit 0 is x, bit 1 is y. */
    static const uint8_t corners[4] = {2, 3, 1, 0};
    const unsigned component = s->inst->img.dmask ? (unsigned)__builtin_ctz(s->inst->img.dmask) : 0;
    struct footprint f;
    unsigned second;
    bool cube_corner;
    float part;

    footprint_place(s, r, levels_choose(s, d->clamped, &second, &part), true, false, NULL, &f);
    for (unsigned i = 0; i < 4; i++) {
        uint32_t texel[4] = {0};

        if (!footprint_read(s, lane, r, &f, corners[i], texel, &cube_corner))
            return false;
        /* Where three faces meet, one of the two that are there stands in. */
        if (cube_corner && !footprint_read(s, lane, r, &f, corners[i] ^ 1, texel, &cube_corner))
            return false;
        isa_image_select(&s->image, texel);
        value[i] = texel[component];
    }
    return true;
}

/* X: the level that would be read, Y: before the clamps. */
static bool request_lod(struct sampling *s, unsigned lane, const struct request *r,
                        const struct detail *d, uint32_t value[4])
{
    unsigned second, first;
    float part;

    (void)lane;
    (void)r;
    first = levels_choose(s, d->clamped, &second, &part);
    value[0] = sem_bits32((float)first + part);
    value[1] = sem_bits32(d->lod);
    return true;
}

/* ---- instructions ---- */

/* False: the model cannot, and has said so. */
typedef bool request_handler(struct sampling *s, unsigned lane, const struct request *r,
                             const struct detail *d, uint32_t value[4]);

enum verb { VERB_SAMPLE, VERB_GATHER, VERB_GET_LOD };

static request_handler *const handlers[] = {
    [VERB_SAMPLE] = request_texel, [VERB_GATHER] = request_gather, [VERB_GET_LOD] = request_lod};

/* What the lanes of a quad ask for. Read as a whole before any of them has its result, which may
 * take the place of what its neighbours' derivatives want. */
static void quad_read(const struct sampling *s, unsigned first, enum lod_source source,
                      struct request quad[4])
{
    for (unsigned i = 0; i < 4; i++)
        request_read(s, first + i, &quad[i]);
    if (source == LOD_DERIVATIVES && !(isa_ops[s->inst->op].flags & ISA_F_IMG_GRADIENTS))
        quad_derivatives(s, quad);
}

static void lanes_run(struct isa_wave *w, const struct isa_inst *inst, enum verb verb,
                      enum lod_source source, bool has_least)
{
    struct request quad[4];
    unsigned first = ~0u; /* lane of the quad that has been read */
    struct sampling s;

    if (!sampling_prepare(w, inst, &s))
        return;

    const bool plain = s.compares || verb == VERB_GET_LOD;

    ISA_FOR_LANES(lane, isa_wave_exec(w))
    {
        uint32_t value[4] = {0};

        if (s.image.format) {
            if (((unsigned)lane & ~3u) != first)
                quad_read(&s, first = (unsigned)lane & ~3u, source, quad);

            const struct request *r = &quad[lane % 4];
            struct detail d = detail_find(&s, r, source, has_least);

            if (!handlers[verb](&s, (unsigned)lane, r, &d, value))
                return;
        }
        isa_image_data_write(w, inst, plain ? NULL : s.image.format, (unsigned)lane,
                             verb == VERB_GATHER, value);
    }
    isa_image_tfe_write(w, inst);
}

#define DEFINE_LOD_FORMS(name, verb)                                                               \
    void isa_image_##name(struct isa_wave *w, const struct isa_inst *inst)                         \
    {                                                                                              \
        lanes_run(w, inst, verb, LOD_DERIVATIVES, false);                                          \
    }                                                                                              \
    void isa_image_##name##_clamp(struct isa_wave *w, const struct isa_inst *inst)                 \
    {                                                                                              \
        lanes_run(w, inst, verb, LOD_DERIVATIVES, true);                                           \
    }                                                                                              \
    void isa_image_##name##_level(struct isa_wave *w, const struct isa_inst *inst)                 \
    {                                                                                              \
        lanes_run(w, inst, verb, LOD_GIVEN, false);                                                \
    }                                                                                              \
    void isa_image_##name##_zero(struct isa_wave *w, const struct isa_inst *inst)                  \
    {                                                                                              \
        lanes_run(w, inst, verb, LOD_ZERO, false);                                                 \
    }
DEFINE_LOD_FORMS(sample, VERB_SAMPLE)
DEFINE_LOD_FORMS(gather, VERB_GATHER)

void isa_image_get_lod(struct isa_wave *w, const struct isa_inst *inst)
{
    lanes_run(w, inst, VERB_GET_LOD, LOD_DERIVATIVES, false);
}
