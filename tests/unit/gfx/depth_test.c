/* SPDX-License-Identifier: MIT
 *
 * The depth back end against a naive reference: all comparisons and operations, formats, masks,
 * sides, bounds, clears, samples, layers, counting, and what it refuses.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "output_bench.h"
#include "tests/unit/random.h"

enum { Z_16 = 1, Z_24 = 2, Z_32 = 3 };
enum { STENCIL_OFFSET = BENCH_BYTES / 2 };

/* Everything that one test of one sample depends on. */
struct setup {
    unsigned format, samples_log2;
    bool z_test, z_write, bounds, stencil, back_differs;
    unsigned z_func, func[2], ops[2][3]; /* front and back: fail, pass, zfail */
    uint8_t ref[2], mask[2], write_mask[2], operand[2];
    float bounds_low, bounds_high;
    bool z_read_only, stencil_read_only;
};

static uint32_t float_bits(float f)
{
    uint32_t bits;

    memcpy(&bits, &f, sizeof(bits));
    return bits;
}

static void setup_surface(struct bench *bench, const struct setup *s, unsigned size)
{
    const uint64_t z = BENCH_VA >> 8, stencil = (BENCH_VA + STENCIL_OFFSET) >> 8;

    bench_set(bench, GFX_DB_Z_INFO, s->format | s->samples_log2 << 2 | SURFACE_64KB_Z_X << 4);
    bench_set(bench, GFX_DB_STENCIL_INFO, (s->stencil ? 1 : 0) | SURFACE_64KB_Z_X << 4);
    bench_set(bench, GFX_DB_DEPTH_SIZE_XY, (size - 1) | (size - 1) << 16);
    bench_set(bench, GFX_DB_DEPTH_VIEW,
              (s->z_read_only ? 1u << 24 : 0) | (s->stencil_read_only ? 1u << 25 : 0));
    for (unsigned i = 0; i < 2; i++) {
        bench_set(bench, i ? GFX_DB_Z_READ_BASE : GFX_DB_Z_WRITE_BASE, (uint32_t)z);
        bench_set(bench, i ? GFX_DB_Z_READ_BASE_HI : GFX_DB_Z_WRITE_BASE_HI, (uint32_t)(z >> 32));
        bench_set(bench, i ? GFX_DB_STENCIL_READ_BASE : GFX_DB_STENCIL_WRITE_BASE,
                  (uint32_t)stencil);
        bench_set(bench, i ? GFX_DB_STENCIL_READ_BASE_HI : GFX_DB_STENCIL_WRITE_BASE_HI,
                  (uint32_t)(stencil >> 32));
    }
}

static uint32_t face_values(const struct setup *s, unsigned face)
{
    return s->ref[face] | s->mask[face] << 8 | s->write_mask[face] << 16 |
           (uint32_t)s->operand[face] << 24;
}

static void setup_apply(struct bench *bench, const struct setup *s)
{
    uint32_t operations = 0;

    setup_surface(bench, s, 8);
    bench_set(bench, GFX_DB_DEPTH_CONTROL,
              (s->stencil ? 1 : 0) | (s->z_test ? 2 : 0) | (s->z_write ? 4 : 0) |
                  (s->bounds ? 8 : 0) | s->z_func << 4 | (s->back_differs ? 1 << 7 : 0) |
                  s->func[0] << 8 | s->func[1] << 20);
    for (unsigned face = 0; face < 2; face++)
        for (unsigned i = 0; i < 3; i++)
            operations |= s->ops[face][i] << (12 * face + 4 * i);
    bench_set(bench, GFX_DB_STENCIL_CONTROL, operations);
    bench_set(bench, GFX_DB_STENCILREFMASK, face_values(s, 0));
    bench_set(bench, GFX_DB_STENCILREFMASK_BF, face_values(s, 1));
    bench_set(bench, GFX_DB_DEPTH_BOUNDS_MIN, float_bits(s->bounds_low));
    bench_set(bench, GFX_DB_DEPTH_BOUNDS_MAX, float_bits(s->bounds_high));
}

/* ---- the reference ---- */

static bool compare(unsigned function, double a, double b)
{
    switch (function) {
    case 0:
        return false;
    case 1:
        return a < b;
    case 2:
        return a == b;
    case 3:
        return a <= b;
    case 4:
        return a > b;
    case 5:
        return a != b;
    case 6:
        return a >= b;
    default:
        return true;
    }
}

static int operate(unsigned op, int old, int ref, int operand)
{
    const int results[16] = {old,
                             0,
                             255,
                             ref,
                             operand,
                             old + operand > 255 ? 255 : old + operand,
                             old - operand < 0 ? 0 : old - operand,
                             255 - old,
                             (old + operand) % 256,
                             (old - operand + 256) % 256,
                             old & operand,
                             old | operand,
                             old ^ operand,
                             255 - (old & operand),
                             255 - (old | operand),
                             255 - (old ^ operand)};

    return results[op];
}

/* A depth as the format holds it. */
static double quantized(unsigned format, double z)
{
    double top = format == Z_16 ? 65535 : 16777215;

    return format == Z_32 ? z : floor(fmin(fmax(z, 0), 1) * top + 0.5) / top;
}

struct sample_state {
    double z;
    int stencil;
    bool lives;
};

static struct sample_state reference(const struct setup *s, struct sample_state old, double z,
                                     bool front)
{
    const unsigned face = front || !s->back_differs ? 0 : 1;
    struct sample_state new = old;
    bool stencil, depth;
    int value;

    z = quantized(s->format, z);
    new.lives = !s->bounds || (old.z >= (double)s->bounds_low && old.z <= (double)s->bounds_high);
    if (!new.lives)
        return new;
    stencil = !s->stencil ||
              compare(s->func[face], s->ref[face] & s->mask[face], old.stencil & s->mask[face]);
    depth = !s->z_test || compare(s->z_func, z, old.z);
    value = operate(s->ops[face][!stencil ? 0
                                 : depth  ? 1
                                          : 2],
                    old.stencil, s->ref[face], s->operand[face]);
    if (s->stencil && !s->stencil_read_only)
        new.stencil = (value & s->write_mask[face]) | (old.stencil & ~s->write_mask[face]);
    new.lives = stencil &&depth;
    if (new.lives && s->z_test && s->z_write && !s->z_read_only)
        new.z = z;
    return new;
}

/* ---- memory ---- */

static uint8_t *plane_at(struct bench *bench, bool stencil, unsigned x, unsigned y, unsigned sample)
{
    const struct gfx_depth *depth = &bench->pipeline.output->depth;
    const struct gfx_depth_plane *plane = stencil ? &depth->stencil : &depth->z;

    return bench->bytes +
           (surface_locate(&plane->layout, plane->base, 0, x, y, 0, sample) - BENCH_VA);
}

static void state_store(struct bench *bench, const struct setup *s, unsigned sample,
                        const struct sample_state *state)
{
    uint8_t *z = plane_at(bench, false, 3, 5, sample);
    uint32_t raw = (uint32_t)lround(state->z * (s->format == Z_16 ? 65535 : 16777215));
    float f = (float)state->z;

    raw |= s->format == Z_24 ? 0xab000000 : 0;
    memcpy(z, s->format == Z_32 ? (void *)&f : (void *)&raw, s->format == Z_16 ? 2 : 4);
    if (s->stencil)
        *plane_at(bench, true, 3, 5, sample) = (uint8_t)state->stencil;
}

static void state_check(struct bench *bench, const struct setup *s, unsigned sample,
                        const struct sample_state *want)
{
    const uint8_t *z = plane_at(bench, false, 3, 5, sample);
    uint32_t raw = 0;
    float f;

    memcpy(&raw, z, s->format == Z_16 ? 2 : 4);
    memcpy(&f, &raw, sizeof(f));
    if (s->format == Z_24) {
        assert_int_equal(raw >> 24, 0xab);
        raw &= 0xffffff;
    }
    if (s->format == Z_32)
        assert_true((double)f == want->z);
    else
        assert_int_equal(raw, lround(want->z * (s->format == Z_16 ? 65535 : 16777215)));
    if (s->stencil)
        assert_int_equal(*plane_at(bench, true, 3, 5, sample), want->stencil);
}

/* Few depths, so that they are equal often. */
static double random_z(const struct setup *s, uint64_t *random)
{
    return quantized(s->format, (double)(float)((double)random_below(random, 5) / 7));
}

static void check(struct bench *bench, const struct setup *s, uint64_t *random)
{
    struct gfx_fragment fragment = {.x = 3, .y = 5, .front = random_below(random, 2)};
    struct sample_state old[8], want[8];
    uint64_t before = bench->state.samples_passed;
    unsigned samples = 1u << s->samples_log2, passed = 0;

    setup_apply(bench, s);
    bench_begin(bench);
    fragment.samples = (uint16_t)(random_below(random, 1 << samples) | 1);
    for (unsigned i = 0; i < samples; i++) {
        double z = random_z(s, random);

        fragment.z[i] = (float)z;
        old[i] = (struct sample_state){.z = random_z(s, random),
                                       .stencil = (int)random_below(random, 256)};
        if (random_below(random, 2))
            old[i].stencil = s->ref[random_below(random, 2)];
        state_store(bench, s, i, &old[i]);
        want[i] = fragment.samples >> i & 1 ? reference(s, old[i], z, fragment.front) : old[i];
        passed += want[i].lives;
    }
    assert_int_equal(gfx_output_depth(&bench->pipeline, &fragment, 1), GFX_DONE);
    for (unsigned i = 0; i < samples; i++) {
        assert_int_equal(fragment.samples >> i & 1, want[i].lives);
        state_check(bench, s, i, &want[i]);
    }
    assert_int_equal(bench->state.samples_passed - before, passed);
}

static void setup_random(struct setup *s, uint64_t *random)
{
    *s = (struct setup){.format = 1 + (unsigned)random_below(random, 3),
                        .samples_log2 = (unsigned)random_below(random, 4),
                        .z_test = random_below(random, 8) != 0,
                        .z_write = random_below(random, 4) != 0,
                        .bounds = random_below(random, 4) == 0,
                        .stencil = random_below(random, 8) != 0,
                        .back_differs = random_below(random, 2),
                        .z_func = (unsigned)random_below(random, 8),
                        .bounds_low = 0.1f,
                        .bounds_high = 0.5f,
                        .z_read_only = random_below(random, 8) == 0,
                        .stencil_read_only = random_below(random, 8) == 0};
    for (unsigned face = 0; face < 2; face++) {
        s->func[face] = (unsigned)random_below(random, 8);
        for (unsigned i = 0; i < 3; i++)
            s->ops[face][i] = (unsigned)random_below(random, 16);
        s->ref[face] = (uint8_t)random_next(random);
        s->mask[face] = random_below(random, 2) ? 0xff : (uint8_t)random_next(random);
        s->write_mask[face] = random_below(random, 2) ? 0xff : (uint8_t)random_next(random);
        s->operand[face] = random_below(random, 2) ? 1 : (uint8_t)random_next(random);
    }
}

static void test_random_setups(void **state)
{
    uint64_t random = 21;
    struct bench bench;

    (void)state;
    bench_create(&bench);
    for (unsigned i = 0; i < 20000; i++) {
        struct setup s;

        setup_random(&s, &random);
        check(&bench, &s, &random);
    }
    bench_destroy(&bench);
}

/* Every stencil function with every depth function, every operation in each of its places. */
static void test_all_functions(void **state)
{
    uint64_t random = 22;
    struct bench bench;

    (void)state;
    bench_create(&bench);
    for (unsigned i = 0; i < 8 * 8 * 16 * 3; i++) {
        struct setup s;

        setup_random(&s, &random);
        s.z_test = s.stencil = true;
        s.bounds = false;
        s.z_func = i % 8;
        s.func[0] = s.func[1] = i / 8 % 8;
        s.ops[0][i / 1024] = s.ops[1][i / 1024] = i / 64 % 16;
        for (unsigned k = 0; k < 4; k++)
            check(&bench, &s, &random);
    }
    bench_destroy(&bench);
}

/* ---- further states ---- */

static void test_clear_values(void **state)
{
    const struct setup s = {.format = Z_32,
                            .stencil = true,
                            .z_test = true,
                            .z_write = true,
                            .z_func = 7,
                            .func = {7},
                            .ops = {{0, 3, 0}},
                            .ref = {9},
                            .mask = {255},
                            .write_mask = {255}};
    struct gfx_fragment fragment = {.x = 3, .y = 5, .samples = 1, .z = {0.75f}, .front = true};
    struct bench bench;

    (void)state;
    bench_create(&bench);
    setup_apply(&bench, &s);
    bench_set(&bench, GFX_DB_RENDER_CONTROL, 3);
    bench_set(&bench, GFX_DB_DEPTH_CLEAR, float_bits(0.25f));
    bench_set(&bench, GFX_DB_STENCIL_CLEAR, 0x77);
    bench_begin(&bench);
    assert_int_equal(gfx_output_depth(&bench.pipeline, &fragment, 1), GFX_DONE);
    state_check(&bench, &s, 0, &(struct sample_state){.z = 0.25, .stencil = 0x77});
    bench_destroy(&bench);
}

static void test_exported_stencil(void **state)
{
    const struct setup s = {.format = Z_32,
                            .stencil = true,
                            .func = {2},
                            .ops = {{0, 3, 0}},
                            .ref = {9},
                            .mask = {255},
                            .write_mask = {255}};
    struct gfx_fragment fragment = {.x = 3, .y = 5, .front = true};
    struct bench bench;

    (void)state;
    bench_create(&bench);
    setup_apply(&bench, &s);
    bench_set(&bench, GFX_DB_SHADER_CONTROL, 1 << 1);
    bench_begin(&bench);
    for (unsigned i = 0; i < 2; i++) {
        *plane_at(&bench, true, 3, 5, 0) = 33;
        fragment.samples = 1;
        fragment.stencil = (uint8_t)(32 + i);
        assert_int_equal(gfx_output_depth(&bench.pipeline, &fragment, 1), GFX_DONE);
        assert_int_equal(fragment.samples, i);
    }
    bench_destroy(&bench);
}

/* Without a surface everything passes; what is counted is a matter of DB_COUNT_CONTROL. */
static void test_counts_without_surface(void **state)
{
    struct gfx_fragment fragments[3] = {{.samples = 1}, {.samples = 0xf}, {.samples = 0}};
    struct bench bench;

    (void)state;
    bench_create(&bench);
    bench_set(&bench, GFX_DB_DEPTH_CONTROL, 0xf);
    for (unsigned disable = 0; disable < 2; disable++) {
        bench_set(&bench, GFX_DB_COUNT_CONTROL, disable);
        bench_begin(&bench);
        assert_int_equal(gfx_output_depth(&bench.pipeline, fragments, 3), GFX_DONE);
        assert_int_equal(fragments[1].samples, 0xf);
        assert_int_equal(bench.state.samples_passed, 5);
    }
    bench_destroy(&bench);
}

/* What lies outside is left alone; layers beyond the view are its last one. */
static void test_outside(void **state)
{
    const struct setup s = {.format = Z_32, .z_test = true, .z_write = true, .z_func = 0};
    struct gfx_fragment fragments[4] = {{.x = 8, .samples = 1},
                                        {.y = -1, .samples = 1},
                                        {.layer = 1, .samples = 1},
                                        {.samples = 1}};
    struct bench bench;

    (void)state;
    bench_create(&bench);
    setup_apply(&bench, &s);
    bench_begin(&bench);
    assert_int_equal(gfx_output_depth(&bench.pipeline, fragments, 4), GFX_DONE);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(fragments[i].samples, i < 2);
    bench_destroy(&bench);
}

static void test_faults(void **state)
{
    const struct setup s = {.format = Z_32, .z_test = true, .z_write = true, .z_func = 7};
    struct gfx_fragment fragment = {.x = 3, .y = 5, .samples = 1};
    struct bench bench;

    (void)state;
    bench_create(&bench);
    setup_apply(&bench, &s);
    bench_begin(&bench);
    assert_int_equal(gfx_output_depth(&bench.pipeline, &fragment, 1), GFX_DONE);
    fake_memory_unmap_all(&bench.memory);
    assert_int_equal(gfx_output_depth(&bench.pipeline, &fragment, 1), GFX_FAULT);
    assert_int_equal(bench.pipeline.fault.kind, ISA_FAULT_UNMAPPED);
    assert_int_equal(bench.pipeline.fault.va - BENCH_VA,
                     plane_at(&bench, false, 3, 5, 0) - bench.bytes);
    fake_memory_map(&bench.memory, BENCH_VA, bench.bytes, BENCH_BYTES, ISA_ACCESS_READ);
    assert_int_equal(gfx_output_depth(&bench.pipeline, &fragment, 1), GFX_FAULT);
    assert_int_equal(bench.pipeline.fault.kind, ISA_FAULT_PROTECTION);
    /* A view that is only read needs no more. */
    bench_set(&bench, GFX_DB_DEPTH_VIEW, 1 << 24);
    bench_begin(&bench);
    assert_int_equal(gfx_output_depth(&bench.pipeline, &fragment, 1), GFX_DONE);
    bench_destroy(&bench);
}

static void test_refusals(void **state)
{
    static const struct {
        uint32_t number, value;
        const char *words;
    } refused[] = {
        {GFX_DB_RENDER_CONTROL, 1 << 2, "copies"},
        {GFX_DB_DEPTH_CONTROL, 1u << 30, "colour writes"},
        {GFX_DB_SHADER_CONTROL, 1 << 2, "operands"},
        {GFX_DB_RENDER_OVERRIDE, 1 << 10, "colours"},
        {GFX_DB_DEPTH_VIEW, 1 << 26, "mip level"},
        {GFX_DB_Z_READ_BASE, 1, "another"},
    };
    const struct setup s = {.format = Z_32, .z_test = true};

    (void)state;
    for (unsigned i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct bench bench;

        bench_create(&bench);
        setup_apply(&bench, &s);
        bench_set(&bench, refused[i].number, refused[i].value);
        bench_refuses(&bench, refused[i].words);
        bench_destroy(&bench);
    }
}

/* ---- HTILE ---- */

enum { HTILE_OFFSET = BENCH_BYTES / 4 };

/* Word `n` of a surface of 16 by 8 pixels, two tiles. */
static uint32_t *htile_word(struct bench *bench, unsigned n)
{
    const struct gfx_htile *htile = &bench->pipeline.output->depth.htile;

    return (uint32_t *)(void *)(bench->bytes +
                                (surface_locate(&htile->layout, htile->base, 0, n * 8, 0, 0, 0) -
                                 BENCH_VA));
}

static void setup_htile(struct bench *bench, const struct setup *s)
{
    const uint64_t base = (BENCH_VA + HTILE_OFFSET) >> 8;

    setup_apply(bench, s);
    bench_set(bench, GFX_DB_DEPTH_SIZE_XY, 15 | 7 << 16);
    bench_set(bench, GFX_DB_Z_INFO,
              s->format | s->samples_log2 << 2 | SURFACE_64KB_Z_X << 4 | 1u << 29);
    bench_set(bench, GFX_DB_STENCIL_INFO,
              s->stencil ? 1 | SURFACE_64KB_Z_X << 4 : SURFACE_64KB_Z_X << 4 | 1u << 29);
    bench_set(bench, GFX_DB_HTILE_DATA_BASE, (uint32_t)base);
    bench_set(bench, GFX_DB_HTILE_DATA_BASE_HI, (uint32_t)(base >> 32));
    bench_set(bench, GFX_DB_DEPTH_CLEAR, float_bits(0.5f));
    bench_set(bench, GFX_DB_STENCIL_CLEAR, 0x21);
}

static void check_tile(struct bench *bench, const struct setup *s, unsigned tile, bool z_filled,
                       bool stencil_filled)
{
    for (unsigned i = 0; i < 64u << s->samples_log2; i++) {
        const unsigned sample = i >> 6, x = tile * 8 + i % 8, y = i / 8 % 8;
        float z;

        memcpy(&z, plane_at(bench, false, x, y, sample), sizeof(z));
        assert_true(z == (z_filled ? 0.5f : 0.0f));
        if (s->stencil)
            assert_int_equal(*plane_at(bench, true, x, y, sample), stencil_filled ? 0x21 : 0);
    }
}

/* A tile whose word is cleared is filled by the first test, in the planes that are. */
static void check_cleared(uint32_t before, uint32_t after, bool stencil, unsigned samples_log2,
                          bool z_filled, bool stencil_filled)
{
    const struct setup s = {.format = Z_32,
                            .samples_log2 = samples_log2,
                            .z_test = true,
                            .z_func = 2,
                            .stencil = stencil,
                            .func = {7, 7}};
    struct gfx_fragment fragment = {.x = 9, .y = 5, .samples = 1, .z = {0.5f}};
    struct bench bench;

    bench_create(&bench);
    setup_htile(&bench, &s);
    bench_begin(&bench);
    *htile_word(&bench, 0) = *htile_word(&bench, 1) = before;
    assert_int_equal(gfx_output_depth(&bench.pipeline, &fragment, 1), GFX_DONE);
    assert_int_equal(fragment.samples, z_filled);
    check_tile(&bench, &s, 0, false, false);
    check_tile(&bench, &s, 1, z_filled, stencil_filled);
    assert_int_equal(*htile_word(&bench, 0), before);
    assert_int_equal(*htile_word(&bench, 1), after);
    bench_destroy(&bench);
}

static void test_htile_clears(void **state)
{
    (void)state;
    /* Depth alone: cleared, and as it is (RADV's initial word). */
    check_cleared(0x7ffdfff0, 0xfffc000f, false, 0, true, false);
    check_cleared(0xfffc000f, 0xfffc000f, false, 2, false, false);
    /* With stencil: both, each, and neither is cleared. */
    check_cleared(0x800000f0, 0xfffff3ff, true, 0, true, true);
    check_cleared(0x800000f0, 0xfffff3ff, true, 3, true, true);
    check_cleared(0x800003f0, 0xfffff3ff, true, 0, true, false);
    check_cleared(0xfffff0ff, 0xfffff3ff, true, 0, false, true);
    check_cleared(0xfffff3ff, 0xfffff3ff, true, 1, false, false);
}

/* A decompressing pass tests nothing and still opens what it touches. */
static void test_htile_expands(void **state)
{
    const struct setup s = {.format = Z_32, .stencil = true};
    struct gfx_fragment fragment = {.x = 3, .y = 5, .samples = 1};
    struct bench bench;

    (void)state;
    bench_create(&bench);
    setup_htile(&bench, &s);
    bench_set(&bench, GFX_DB_DEPTH_CONTROL, 0);
    for (unsigned expands = 0; expands < 2; expands++) {
        bench_set(&bench, GFX_DB_RENDER_CONTROL, expands ? 3 << 5 : 0);
        bench_begin(&bench);
        *htile_word(&bench, 0) = 0xf0;
        assert_int_equal(gfx_output_depth(&bench.pipeline, &fragment, 1), GFX_DONE);
        check_tile(&bench, &s, 0, expands, expands);
        assert_int_equal(*htile_word(&bench, 0), expands ? 0xfffff3ff : 0xf0);
    }
    bench_destroy(&bench);
}

/* Words of tiles that somebody has compressed. */
static void test_htile_refusals(void **state)
{
    const uint32_t words[] = {0xfffff3f1, 0xfffff3fe, 0xfffff1ff, 0xfffff2ff};
    const struct setup s = {
        .format = Z_32, .z_test = true, .z_func = 7, .stencil = true, .func = {7, 7}};
    struct gfx_fragment fragment = {.x = 3, .y = 5, .samples = 1, .z = {0.5f}};
    struct bench bench;

    (void)state;
    bench_create(&bench);
    setup_htile(&bench, &s);
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        bench_begin(&bench);
        *htile_word(&bench, 0) = words[i];
        bench.pipeline.obstacle[0] = '\0';
        assert_int_equal(gfx_output_depth(&bench.pipeline, &fragment, 1), GFX_FAULT);
        assert_non_null(strstr(bench.pipeline.obstacle, "compressed (HTILE"));
        assert_int_equal(*htile_word(&bench, 0), words[i]);
        check_tile(&bench, &s, 0, false, false);
    }
    bench_destroy(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_setups),
        cmocka_unit_test(test_all_functions),
        cmocka_unit_test(test_clear_values),
        cmocka_unit_test(test_exported_stencil),
        cmocka_unit_test(test_counts_without_surface),
        cmocka_unit_test(test_outside),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_htile_clears),
        cmocka_unit_test(test_htile_expands),
        cmocka_unit_test(test_htile_refusals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
