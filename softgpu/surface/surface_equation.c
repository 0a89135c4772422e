/* SPDX-License-Identifier: MIT
 *
 * Swizzle modes, and their equations.
 *
 * The orders of elements in a block, by the mode's letter:
 *
 *   S, D  Bits 0 to 7 are a table. Above, y and x (y, x, z in thick blocks) go up in turn.
 *   Z     First the samples, then x and y in turn, up to bit 7. Above is a table.
 *   R     All is a table; so is D in thick blocks.
 *
 * Where S and D spread over pipes (_T, _X), bits 8 to 11 are combined with later ones in turn, and
 * for _X with the slice, so that neighbouring blocks begin on different pipes. Z and R have that in
 * their tables.
 *
 * Source: see equations.def; the rules were found by comparing the equations.
 */
#include "softgpu/surface/surface_equation.h"

#include <assert.h>
#include <ctype.h>
#include <pthread.h>
#include <string.h>

enum kind { NO_KIND, STANDARD, DISPLAY, RENDER, DEPTH, THICK_STANDARD, THICK_DISPLAY, KINDS };

enum spread { IN_PLACE, PIPES, PIPES_SLICES }; /* "", _T, _X */

enum { MICRO_BITS = 8, PIPE_BITS = 4, ELEMENTS = 5, SAMPLES = SURFACE_SAMPLES_LOG2 + 1 };

static const struct mode {
    uint8_t block_log2, kind, spread;
} modes[SURFACE_SWIZZLES] = {
    [SURFACE_256B_S] = {8, STANDARD, IN_PLACE},
    [SURFACE_256B_D] = {8, DISPLAY, IN_PLACE},
    [SURFACE_4KB_S] = {12, STANDARD, IN_PLACE},
    [SURFACE_4KB_D] = {12, DISPLAY, IN_PLACE},
    [SURFACE_64KB_S] = {16, STANDARD, IN_PLACE},
    [SURFACE_64KB_D] = {16, DISPLAY, IN_PLACE},
    [SURFACE_64KB_S_T] = {16, STANDARD, PIPES},
    [SURFACE_64KB_D_T] = {16, DISPLAY, PIPES},
    [SURFACE_4KB_S_X] = {12, STANDARD, PIPES_SLICES},
    [SURFACE_4KB_D_X] = {12, DISPLAY, PIPES_SLICES},
    [SURFACE_64KB_Z_X] = {16, DEPTH, PIPES_SLICES},
    [SURFACE_64KB_S_X] = {16, STANDARD, PIPES_SLICES},
    [SURFACE_64KB_D_X] = {16, DISPLAY, PIPES_SLICES},
    [SURFACE_64KB_R_X] = {16, RENDER, PIPES_SLICES},
    [SURFACE_256KB_Z_X] = {18, DEPTH, PIPES_SLICES},
    [SURFACE_256KB_R_X] = {18, RENDER, PIPES_SLICES},
};

int surface_block_log2(unsigned swizzle)
{
    if (swizzle == SURFACE_LINEAR)
        return 0;
    if (swizzle >= SURFACE_SWIZZLES || modes[swizzle].kind == NO_KIND)
        return -1;
    return modes[swizzle].block_log2;
}

bool surface_is_thin(unsigned swizzle)
{
    return modes[swizzle].kind != STANDARD && modes[swizzle].kind != DISPLAY;
}

bool surface_is_depth_order(unsigned swizzle)
{
    return modes[swizzle].kind == DEPTH;
}

bool surface_has_pipe_xor(unsigned swizzle)
{
    return modes[swizzle].spread != IN_PLACE;
}

/* ---- tables ---- */

#define SURFACE_MICRO(kind, ...) [kind] = {__VA_ARGS__},
static const char *const micro_bits[KINDS][ELEMENTS] = {
#include "softgpu/surface/equations.def"
};

#define SURFACE_MACRO(kind, block, samples, ...) {kind, block, samples, {__VA_ARGS__}},
static const struct macro {
    uint8_t kind, block_log2, samples_log2;
    const char *bits[ELEMENTS];
} macro_bits[] = {
#include "softgpu/surface/equations.def"
};

unsigned surface_bits_parse(const char *text, struct surface_bit *out_bits)
{
    static const char axes[] = "xyzs";
    unsigned count = 0;

    while (*text) {
        struct surface_bit bit = {{0}};

        do {
            const char *axis = strchr(axes, *text++);
            unsigned number = 0;

            assert(axis && *axis);
            while (isdigit((unsigned char)*text))
                number = 10 * number + (unsigned)(*text++ - '0');
            bit.of[axis - axes] |= (uint16_t)(1u << number);
        } while (*text == '^' && *++text);
        out_bits[count++] = bit;
        while (*text == ' ')
            text++;
    }
    return count;
}

uint32_t surface_bits_apply(const struct surface_bit *bits, unsigned count, unsigned axis,
                            uint32_t value)
{
    uint32_t offset = 0;

    for (unsigned i = 0; i < count; i++)
        offset |= (uint32_t)__builtin_parity(bits[i].of[axis] & value) << i;
    return offset;
}

/* ---- equations by rule ---- */

static void bits_xor(struct surface_bit *bit, const struct surface_bit *other)
{
    for (unsigned axis = 0; axis < SURFACE_AXES; axis++)
        bit->of[axis] ^= other->of[axis];
}

/* The bit of a coordinate that no lower bit of the offset has. */
static struct surface_bit bit_next(const struct surface_bit *bits, unsigned count, unsigned axis)
{
    struct surface_bit next = {{0}};
    unsigned used = 0;

    for (unsigned i = 0; i < count; i++)
        used |= bits[i].of[axis];
    next.of[axis] = (uint16_t)(used + 1);
    return next;
}

/* Bits from `count` on: `cycle` axes in turn. */
static void bits_continue(struct surface_bit *bits, unsigned count, const uint8_t *axes,
                          unsigned cycle)
{
    for (unsigned i = 0; count + i < SURFACE_BITS; i++)
        bits[count + i] = bit_next(bits, count + i, axes[i % cycle]);
}

static void bits_spread_thin(struct surface_bit *bits, bool slices)
{
    for (unsigned i = 0; i < PIPE_BITS; i++) {
        bits_xor(&bits[MICRO_BITS + i], &bits[15 - i]);
        if (slices)
            bits[MICRO_BITS + i].of[SURFACE_AXIS_Z] ^= (uint16_t)(1u << (PIPE_BITS - 1 - i));
    }
}

/* Pairs of later bits, from the top: 19 and 18 to bit 8, and so on. Only _X goes beyond the block.
 */
static void bits_spread_thick(struct surface_bit *bits, bool slices)
{
    for (unsigned i = slices ? 0 : 2; i < PIPE_BITS; i++) {
        bits_xor(&bits[MICRO_BITS + i], &bits[19 - 2 * i]);
        bits_xor(&bits[MICRO_BITS + i], &bits[18 - 2 * i]);
    }
}

static void bits_by_rule(const struct mode *mode, bool thick, struct surface_bit *bits)
{
    static const uint8_t thin_axes[] = {SURFACE_AXIS_Y, SURFACE_AXIS_X};
    static const uint8_t thick_axes[] = {SURFACE_AXIS_Y, SURFACE_AXIS_X, SURFACE_AXIS_Z};

    bits_continue(bits, MICRO_BITS, thick ? thick_axes : thin_axes, thick ? 3 : 2);
    if (mode->spread == IN_PLACE)
        return;
    if (thick)
        bits_spread_thick(bits, mode->spread == PIPES_SLICES);
    else
        bits_spread_thin(bits, mode->spread == PIPES_SLICES);
}

/* ---- all equations ---- */

static void micro_fill(enum kind kind, unsigned samples_log2, unsigned element_log2,
                       struct surface_bit *bits)
{
    static const uint8_t morton[] = {SURFACE_AXIS_X, SURFACE_AXIS_Y};

    if (kind != DEPTH) {
        surface_bits_parse(micro_bits[kind][element_log2], bits + element_log2);
        return;
    }
    for (unsigned i = 0; i < samples_log2; i++)
        bits[element_log2 + i].of[SURFACE_AXIS_SAMPLE] = (uint16_t)(1u << i);
    bits_continue(bits, element_log2 + samples_log2, morton, 2);
}

static const char *macro_find(enum kind kind, unsigned block_log2, unsigned samples_log2,
                              unsigned element_log2)
{
    for (size_t i = 0; i < sizeof(macro_bits) / sizeof(macro_bits[0]); i++) {
        const struct macro *m = &macro_bits[i];

        if (m->kind == kind && m->block_log2 == block_log2 && m->samples_log2 == samples_log2)
            return m->bits[element_log2];
    }
    return NULL;
}

/* 3D surfaces have thick blocks for some modes, and no such mode for others. */
static enum kind kind_of(unsigned swizzle, bool thick)
{
    if (!thick || surface_is_thin(swizzle))
        return thick ? NO_KIND : (enum kind)modes[swizzle].kind;
    if (modes[swizzle].kind == DISPLAY)
        return swizzle == SURFACE_64KB_D_X ? THICK_DISPLAY : NO_KIND;
    return modes[swizzle].block_log2 > MICRO_BITS ? THICK_STANDARD : NO_KIND;
}

/* False: there is no such combination. */
static bool bits_fill(unsigned swizzle, bool thick, unsigned samples_log2, unsigned element_log2,
                      struct surface_bit bits[SURFACE_BITS])
{
    const struct mode *mode = &modes[swizzle];
    enum kind kind = kind_of(swizzle, thick);
    const char *macro;

    memset(bits, 0, SURFACE_BITS * sizeof(*bits));
    if (kind == NO_KIND)
        return false;
    macro = macro_find(kind, mode->block_log2, samples_log2, element_log2);
    if (!macro && (samples_log2 || kind == RENDER || kind == DEPTH || kind == THICK_DISPLAY))
        return false;
    micro_fill(kind, samples_log2, element_log2, bits);
    if (macro)
        surface_bits_parse(macro, bits + MICRO_BITS);
    else
        bits_by_rule(mode, thick, bits);
    return true;
}

void surface_equation_fill(const struct surface_bit *bits, unsigned count,
                           struct surface_equation *out_equation)
{
    for (uint32_t i = 0; i < SURFACE_LOW; i++) {
        out_equation->x_low[i] = surface_bits_apply(bits, count, SURFACE_AXIS_X, i);
        out_equation->x_high[i] =
            surface_bits_apply(bits, count, SURFACE_AXIS_X, i << SURFACE_LOW_BITS);
        out_equation->y_low[i] = surface_bits_apply(bits, count, SURFACE_AXIS_Y, i);
        out_equation->y_high[i] =
            surface_bits_apply(bits, count, SURFACE_AXIS_Y, i << SURFACE_LOW_BITS);
    }
    for (uint32_t i = 0; i < SURFACE_Z; i++)
        out_equation->z[i] = surface_bits_apply(bits, count, SURFACE_AXIS_Z, i);
    for (uint32_t i = 0; i < 1u << SURFACE_SAMPLES_LOG2; i++)
        out_equation->sample[i] = surface_bits_apply(bits, count, SURFACE_AXIS_SAMPLE, i);
}

enum { EQUATIONS = 170 };

static struct surface_equation equations[EQUATIONS];
/* One more than the equation's place; 0: there is none. */
static uint8_t equation_index[SURFACE_SWIZZLES][2][SAMPLES][ELEMENTS];
static pthread_once_t equations_once = PTHREAD_ONCE_INIT;

static void equations_fill(void)
{
    unsigned next = 0;

    for (unsigned swizzle = 1; swizzle < SURFACE_SWIZZLES; swizzle++)
        for (unsigned n = 0; n < 2 * SAMPLES * ELEMENTS; n++) {
            unsigned element = n % ELEMENTS, samples = n / ELEMENTS % SAMPLES;
            unsigned thick = n / ELEMENTS / SAMPLES;
            struct surface_bit bits[SURFACE_BITS];

            if (!bits_fill(swizzle, thick, samples, element, bits))
                continue;
            assert(next < EQUATIONS);
            surface_equation_fill(bits, modes[swizzle].block_log2, &equations[next]);
            equation_index[swizzle][thick][samples][element] = (uint8_t)++next;
        }
}

const struct surface_equation *surface_equation_find(unsigned swizzle, bool thick,
                                                     unsigned samples_log2, unsigned element_log2)
{
    unsigned index;

    if (swizzle >= SURFACE_SWIZZLES || samples_log2 >= SAMPLES || element_log2 >= ELEMENTS)
        return NULL;
    pthread_once(&equations_once, equations_fill);
    index = equation_index[swizzle][thick][samples_log2][element_log2];
    return index ? &equations[index - 1] : NULL;
}
