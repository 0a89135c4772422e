/* SPDX-License-Identifier: MIT
 *
 * The geometry stage with programs in assembler before a rasteriser that only looks: indices,
 * primitive assembly, how waves start, what becomes of their exports.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "geometry_programs.inc"
#include "softgpu/gfx/geometry.h"
#include "tests/unit/gfx/stage_bench.h"

enum { CODE_VA = 0x10000, INDEX_VA = 0x20000, SEEN_MAX = 4096 };

/* A corner as its parameter says. */
struct corner {
    uint32_t vertex, instance;
};

struct seen {
    enum gfx_primitive_type type;
    struct corner corner[3];
    uint32_t id, user, scratch;
    float x, y;
};

struct bench {
    struct gfx_state state;
    struct gfx_pipeline pipeline;
    struct fake_memory memory;
    struct isa_host host;
    uint32_t code[1024];
    uint8_t indices[1024];
    unsigned turns_left; /* that go_on() allows */
    unsigned batches;
    unsigned vertices; /* in all batches */
    unsigned count;
    struct seen seen[SEEN_MAX];
};

static struct bench *current;

/* ---- the fake of the next stage ---- */

static void primitive_see(struct bench *b, const struct gfx_batch *batch,
                          const struct gfx_primitive *p)
{
    struct seen *seen = &b->seen[b->count++];

    assert_true(b->count <= SEEN_MAX);
    seen->type = batch->type;
    seen->id = p->id;
    for (unsigned c = 0; c < 3; c++) {
        const uint32_t *parameter = batch->vertices[p->vertex[c]].parameters[0];

        assert_true(p->vertex[c] < batch->vertex_count);
        seen->corner[c] = (struct corner){parameter[0], parameter[1]};
    }
    seen->user = batch->vertices[p->vertex[0]].parameters[0][2];
    seen->scratch = batch->vertices[p->vertex[0]].parameters[0][3];
    seen->x = batch->vertices[p->vertex[0]].position[0][0];
    seen->y = batch->vertices[p->vertex[0]].position[0][1];
}

enum gfx_result gfx_raster_batch(struct gfx_pipeline *pipeline, const struct gfx_batch *batch)
{
    (void)pipeline;
    current->batches++;
    current->vertices += batch->vertex_count;
    for (unsigned i = 0; i < batch->primitive_count; i++)
        primitive_see(current, batch, &batch->primitives[i]);
    return GFX_DONE;
}

static bool go_on(void *context)
{
    struct bench *b = context;

    return b->turns_left-- > 0;
}

/* ---- the bench ---- */

static void set(struct bench *b, uint32_t number, uint32_t value)
{
    *gfx_registers_at(&b->state.registers, number, 1) = value;
}

#define SET_CODE(b, program) code_set(b, program, sizeof(program))

static void code_set(struct bench *b, const uint32_t *program, size_t size)
{
    assert_true(size <= sizeof(b->code));
    memcpy(b->code, program, size);
    if (b->pipeline.machine.code)
        isa_code_revalidate(b->pipeline.machine.code);
}

enum { STAGES_NGG = 1 << 13 | 1 << 22 | 2 << 3, PASSTHROUGH = 1 << 25, VS_W32 = 1 << 23 };

/* A merged shader with one user SGPR and scratch for waves of 1 KiB. */
static void ngg_set(struct bench *b, uint32_t stages)
{
    set(b, GFX_VGT_SHADER_STAGES_EN, STAGES_NGG | stages);
    set(b, GFX_SPI_SHADER_PGM_LO_ES, CODE_VA >> 8);
    set(b, GFX_SPI_SHADER_PGM_RSRC1_GS, 4);
    set(b, GFX_SPI_SHADER_PGM_RSRC1_GS + 1, 1 | 1 << 1);
    set(b, GFX_SPI_SHADER_USER_DATA_GS_0, 0xabcd);
    set(b, GFX_SPI_TMPRING_SIZE, 32 | 1 << 12);
    set(b, GFX_VGT_GS_ONCHIP_CNTL, 128 | 128 << 11);
    set(b, GFX_VGT_ESGS_RING_ITEMSIZE, 1);
    set(b, GFX_GE_CNTL, 128 | 128 << 9);
    set(b, GFX_VGT_GS_OUT_PRIM_TYPE, 2);
}

static int bench_setup(void **state)
{
    struct bench *b = calloc(1, sizeof(*b));

    assert_non_null(b);
    current = b;
    *state = b;
    b->turns_left = 10000;
    fake_memory_init(&b->memory);
    fake_memory_map(&b->memory, CODE_VA, b->code, sizeof(b->code), FAKE_RX);
    fake_memory_map(&b->memory, INDEX_VA, b->indices, sizeof(b->indices), FAKE_RW);
    stage_open(&b->pipeline, &b->state, &b->memory,
               (struct gfx_machine){.host = &b->host, .go_on = go_on, .context = b});
    assert_true(rw_ok(gfx_geometry_create(&b->pipeline)));
    set(b, GFX_GE_MAX_VTX_INDX, UINT32_MAX);
    SET_CODE(b, program_passthrough);
    ngg_set(b, PASSTHROUGH);
    return 0;
}

static int bench_teardown(void **state)
{
    struct bench *b = *state;

    gfx_geometry_destroy(&b->pipeline);
    stage_close(&b->pipeline);
    free(b);
    return 0;
}

static void draw(struct bench *b, uint32_t topology, const struct gfx_draw *draw)
{
    set(b, GFX_VGT_PRIMITIVE_TYPE, topology);
    b->count = b->batches = b->vertices = 0;
    if (gfx_geometry_draw(&b->pipeline, draw) != GFX_DONE)
        fail_msg("refused: %s (fault %d)", b->pipeline.obstacle, (int)b->pipeline.fault.kind);
}

static void draw_refuses(struct bench *b, uint32_t topology, const char *words)
{
    const struct gfx_draw three = {.count = 3, .instances = 1};

    set(b, GFX_VGT_PRIMITIVE_TYPE, topology);
    b->pipeline.obstacle[0] = '\0'; /* as gfx_draw() does */
    assert_int_equal(gfx_geometry_draw(&b->pipeline, &three), GFX_FAULT);
    assert_int_equal(b->pipeline.fault.kind, ISA_FAULT_NONE);
    if (!strstr(b->pipeline.obstacle, words))
        fail_msg("'%s' does not say '%s'", b->pipeline.obstacle, words);
}

/* ---- assembly ---- */

struct strip {
    uint32_t topology;
    unsigned corners, vertices;
    bool last; /* provoking */
    unsigned count;
    uint32_t expected[4][3];
};

static const struct strip strips[] = {
    {GFX_POINT_LIST, 1, 3, false, 3, {{0}, {1}, {2}}},
    {GFX_LINE_LIST, 2, 5, false, 2, {{0, 1}, {2, 3}}},
    {GFX_LINE_STRIP, 2, 4, false, 3, {{0, 1}, {1, 2}, {2, 3}}},
    {GFX_LINE_LOOP, 2, 3, false, 3, {{0, 1}, {1, 2}, {2, 0}}},
    {GFX_LINE_LOOP, 2, 2, false, 2, {{0, 1}, {1, 0}}},
    {GFX_TRIANGLE_LIST, 3, 8, false, 2, {{0, 1, 2}, {3, 4, 5}}},
    {GFX_RECT_LIST, 3, 3, false, 1, {{0, 1, 2}}},
    {GFX_TRIANGLE_STRIP, 3, 5, false, 3, {{0, 1, 2}, {1, 3, 2}, {2, 3, 4}}},
    {GFX_TRIANGLE_STRIP, 3, 5, true, 3, {{0, 1, 2}, {2, 1, 3}, {2, 3, 4}}},
    {GFX_TRIANGLE_FAN, 3, 5, false, 3, {{1, 2, 0}, {2, 3, 0}, {3, 4, 0}}},
    {GFX_TRIANGLE_FAN, 3, 5, true, 3, {{0, 1, 2}, {0, 2, 3}, {0, 3, 4}}},
};

static void test_assembly(void **state)
{
    enum { PROVOKING_VTX_LAST = 1 << 19 };
    static const uint32_t outputs[4] = {0, 0, 1, 2};
    struct bench *b = *state;

    for (unsigned i = 0; i < sizeof(strips) / sizeof(strips[0]); i++) {
        const struct strip *s = &strips[i];
        const struct gfx_draw call = {.count = s->vertices, .instances = 1};

        set(b, GFX_PA_SU_SC_MODE_CNTL, s->last ? PROVOKING_VTX_LAST : 0);
        set(b, GFX_VGT_GS_OUT_PRIM_TYPE, outputs[s->corners]);
        draw(b, s->topology, &call);
        assert_int_equal(b->count, s->count);
        for (unsigned p = 0; p < s->count; p++) {
            assert_int_equal(b->seen[p].id, p);
            for (unsigned c = 0; c < s->corners; c++)
                assert_int_equal(b->seen[p].corner[c].vertex, s->expected[p][c]);
        }
    }
}

/* What the assembler says itself: edges, and vertices that are not drawn. */
struct parts {
    uint32_t topology;
    unsigned vertices;
    bool last; /* provoking */
    unsigned count, corners;
    uint32_t expected[4][6];
    uint8_t edges[4];
};

static const struct parts whole[] = {
    {GFX_QUAD_LIST, 7, false, 2, 3, {{0, 1, 2}, {0, 2, 3}}, {3, 6}},
    {GFX_QUAD_LIST, 8, true, 4, 3, {{0, 1, 3}, {1, 2, 3}, {4, 5, 7}, {5, 6, 7}}, {5, 3, 5, 3}},
    {GFX_QUAD_STRIP, 3, false, 0, 3, {{0}}, {0}},
    {GFX_QUAD_STRIP, 7, false, 4, 3, {{0, 1, 3}, {0, 3, 2}, {2, 3, 5}, {2, 5, 4}}, {3, 6, 3, 6}},
    {GFX_QUAD_STRIP, 6, true, 4, 3, {{2, 0, 3}, {0, 1, 3}, {4, 2, 5}, {2, 3, 5}}, {5, 3, 5, 3}},
    {GFX_POLYGON, 2, false, 0, 3, {{0}}, {0}},
    {GFX_POLYGON, 3, false, 1, 3, {{0, 1, 2}}, {7}},
    {GFX_POLYGON, 5, false, 3, 3, {{0, 1, 2}, {0, 2, 3}, {0, 3, 4}}, {3, 2, 6}},
    {GFX_POLYGON, 5, true, 3, 3, {{1, 2, 0}, {2, 3, 0}, {3, 4, 0}}, {5, 1, 3}},
    {GFX_TRIANGLE_STRIP_ADJACENT, 6, false, 1, 6, {{0, 1, 2, 5, 4, 3}}, {7}},
    {GFX_TRIANGLE_STRIP_ADJACENT, 9, false, 2, 6, {{0, 1, 2, 6, 4, 3}, {2, 5, 6, 7, 4, 0}}, {7, 7}},
    {GFX_TRIANGLE_STRIP_ADJACENT,
     10,
     true,
     3,
     6,
     {{0, 1, 2, 6, 4, 3}, {4, 0, 2, 5, 6, 8}, {4, 2, 6, 9, 8, 7}},
     {7, 7, 7}},
};

static void parts_check(const struct parts *p, const struct gfx_assembled *out, unsigned count,
                        unsigned *seen)
{
    for (unsigned i = 0; i < count; i++, (*seen)++) {
        assert_true(*seen < p->count);
        assert_memory_equal(out[i].vertex, p->expected[*seen], p->corners * sizeof(uint32_t));
        assert_int_equal(out[i].edges, p->edges[*seen]);
    }
}

/* Twice, as after a restart index. */
static void test_parts(void **state)
{
    enum { PROVOKING_VTX_LAST = 1 << 19 };
    struct bench *b = *state;

    for (unsigned i = 0; i < 2 * sizeof(whole) / sizeof(whole[0]); i++) {
        const struct parts *p = &whole[i / 2];
        struct gfx_assembled out[GFX_ASSEMBLED_MAX];
        struct gfx_assembler assembler;
        unsigned seen = 0;

        set(b, GFX_VGT_PRIMITIVE_TYPE, p->topology);
        set(b, GFX_PA_SU_SC_MODE_CNTL, p->last ? PROVOKING_VTX_LAST : 0);
        assert_true(gfx_assembler_begin(&b->pipeline.state->registers, &assembler));
        if (i % 2 && p->vertices > 3) {
            for (uint32_t v = 90; v < 94; v++)
                gfx_assembler_vertex(&assembler, v, out);
            gfx_assembler_cut(&assembler, out);
        }
        for (uint32_t v = 0; v < p->vertices; v++)
            parts_check(p, out, gfx_assembler_vertex(&assembler, v, out), &seen);
        parts_check(p, out, gfx_assembler_cut(&assembler, out), &seen);
        assert_int_equal(seen, p->count);
    }
}

static void adjacency_check(struct bench *b)
{
    const struct gfx_draw twelve = {.count = 12, .instances = 1};

    set(b, GFX_VGT_GS_OUT_PRIM_TYPE, 1);
    draw(b, GFX_LINE_LIST_ADJACENT, &twelve);
    assert_int_equal(b->count, 3);
    assert_int_equal(b->seen[1].type, GFX_LINE);
    assert_int_equal(b->seen[1].corner[0].vertex, 5);
    assert_int_equal(b->seen[1].corner[1].vertex, 6);
    draw(b, GFX_LINE_STRIP_ADJACENT, &twelve);
    assert_int_equal(b->count, 9);
    assert_int_equal(b->seen[8].corner[0].vertex, 9);
    set(b, GFX_VGT_GS_OUT_PRIM_TYPE, 2);
    draw(b, GFX_TRIANGLE_LIST_ADJACENT, &twelve);
    assert_int_equal(b->count, 2);
    for (unsigned c = 0; c < 3; c++)
        assert_int_equal(b->seen[1].corner[c].vertex, 6 + 2 * c);
}

/* Without a geometry shader adjacent vertices are nobody's. */
static void test_adjacency(void **state)
{
    struct bench *b = *state;

    adjacency_check(b);
    SET_CODE(b, program_legacy);
    set(b, GFX_VGT_SHADER_STAGES_EN, VS_W32);
    set(b, GFX_SPI_SHADER_PGM_LO_VS, CODE_VA >> 8);
    set(b, GFX_SPI_SHADER_PGM_RSRC1_VS, 4);
    adjacency_check(b);
}

/* ---- indices ---- */

static void indices_put(struct bench *b, unsigned bytes, const uint32_t *values, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        memcpy(&b->indices[i * bytes], &values[i], bytes);
}

static struct gfx_draw indexed(unsigned bytes, unsigned count)
{
    return (struct gfx_draw){.count = count,
                             .instances = 1,
                             .indexed = true,
                             .index_va = INDEX_VA,
                             .index_limit = count,
                             .index_bytes = bytes};
}

static void assert_corners(const struct seen *seen, uint32_t a, uint32_t b, uint32_t c)
{
    assert_int_equal(seen->corner[0].vertex, a);
    assert_int_equal(seen->corner[1].vertex, b);
    assert_int_equal(seen->corner[2].vertex, c);
}

static void test_indices(void **state)
{
    const uint32_t values[] = {7, 200, 9, 9, 200, 0x12345};
    struct bench *b = *state;

    for (unsigned bytes = 1; bytes <= 4; bytes *= 2) {
        const struct gfx_draw call = indexed(bytes, 6);

        indices_put(b, bytes, values, 6);
        draw(b, GFX_TRIANGLE_LIST, &call);
        assert_int_equal(b->count, 2);
        assert_corners(&b->seen[0], 7, 200, 9);
        assert_corners(&b->seen[1], 9, 200, bytes == 4 ? 0x12345 : bytes == 2 ? 0x2345 : 0x45);
        assert_int_equal(b->vertices, 4); /* each is shaded once */
    }
}

static void test_index_limits(void **state)
{
    const uint32_t values[] = {1, 2, 3, 4, 5, 6};
    struct bench *b = *state;
    struct gfx_draw call = indexed(2, 6);

    indices_put(b, 2, values, 6);
    call.index_limit = 4; /* beyond it there are zeros, whatever lies there */
    draw(b, GFX_TRIANGLE_LIST, &call);
    assert_corners(&b->seen[1], 4, 0, 0);
    set(b, GFX_GE_INDX_OFFSET, 100);
    set(b, GFX_GE_MIN_VTX_INDX, 102);
    set(b, GFX_GE_MAX_VTX_INDX, 103);
    draw(b, GFX_TRIANGLE_LIST, &call);
    assert_corners(&b->seen[0], 102, 102, 103);
    assert_corners(&b->seen[1], 103, 102, 102);

    call.index_va = INDEX_VA + sizeof(b->indices);
    assert_int_equal(gfx_geometry_draw(&b->pipeline, &call), GFX_FAULT);
    assert_int_equal(b->pipeline.fault.kind, ISA_FAULT_UNMAPPED);
    assert_int_equal(b->pipeline.fault.va, call.index_va);
}

static void test_restart(void **state)
{
    enum { RESET_EN = 1, MATCH_ALL_BITS = 2 };
    const uint32_t values[] = {1, 2, 3, 4, 0xffff, 5, 6, 7, 8};
    struct bench *b = *state;
    const struct gfx_draw call = indexed(2, 9);

    indices_put(b, 2, values, 9);
    set(b, GFX_VGT_MULTI_PRIM_IB_RESET_INDX, UINT32_MAX);
    set(b, GFX_GE_MULTI_PRIM_IB_RESET_EN, RESET_EN);
    draw(b, GFX_TRIANGLE_STRIP, &call);
    assert_int_equal(b->count, 4);
    assert_corners(&b->seen[1], 2, 4, 3);
    assert_corners(&b->seen[2], 5, 6, 7); /* begins with an even one again */
    assert_int_equal(b->seen[3].id, 3);
    draw(b, GFX_TRIANGLE_LIST, &call); /* lists begin anew, too */
    assert_int_equal(b->count, 2);
    assert_corners(&b->seen[1], 5, 6, 7);
    set(b, GFX_GE_MULTI_PRIM_IB_RESET_EN, RESET_EN | MATCH_ALL_BITS);
    draw(b, GFX_TRIANGLE_STRIP, &call); /* no index of 16 bits is 32 ones */
    assert_int_equal(b->count, 7);
}

/* ---- waves ---- */

static void test_registers(void **state)
{
    struct bench *b = *state;
    const struct gfx_draw call = {.count = 126, .instances = 2};

    draw(b, GFX_TRIANGLE_LIST, &call);
    assert_int_equal(b->count, 84);
    for (unsigned i = 0; i < 84; i++) {
        const struct seen *s = &b->seen[i];
        unsigned first = i % 42 * 3, wave = first / 32; /* 42 triangles fit a subgroup */

        assert_int_equal(s->type, GFX_TRIANGLE);
        assert_corners(s, first, first + 1, first + 2);
        assert_int_equal(s->corner[0].instance, i / 42);
        assert_int_equal(s->id, i % 42);
        assert_int_equal(s->user, 0xabcd);
        assert_int_equal(s->scratch, wave * 1024);
        assert_true(s->x == (float)first && s->y == (float)(i / 42));
    }
}

/* The same with limits that make many subgroups: what comes out is the same, in the same order. */
static void test_subgroups(void **state)
{
    struct bench *b = *state;
    const struct gfx_draw call = {.count = 1002, .instances = 1};

    for (unsigned limit = 3; limit <= 128; limit += 25) {
        set(b, GFX_VGT_GS_ONCHIP_CNTL, limit | 20 << 11);
        draw(b, GFX_TRIANGLE_STRIP, &call);
        assert_int_equal(b->count, 1000);
        assert_int_equal(b->batches, limit == 3 ? 1000 : 50);
        for (unsigned i = 0; i < 1000; i++)
            assert_int_equal(b->seen[i].corner[0].vertex, i);
    }
}

static void test_packed_corners(void **state)
{
    struct bench *b = *state;
    const struct gfx_draw call = {.count = 12, .instances = 1};

    SET_CODE(b, program_packs);
    ngg_set(b, 0);
    draw(b, GFX_TRIANGLE_LIST, &call);
    assert_int_equal(b->count, 2); /* null primitives are gone */
    assert_corners(&b->seen[0], 0, 1, 2);
    assert_corners(&b->seen[1], 6, 7, 8);
}

/* Then a vertex is the provoking one of a single primitive, so that it can carry its id. */
static void test_provoking_is_not_shared(void **state)
{
    enum { DISABLE_PROVOK_REUSE = 1 << 2 };
    struct bench *b = *state;
    const uint32_t values[] = {0, 1, 2, 0, 2, 1, 2, 1, 3};
    const struct gfx_draw call = indexed(1, 9);

    indices_put(b, 1, values, 9);
    draw(b, GFX_TRIANGLE_LIST, &call);
    assert_int_equal(b->vertices, 4);
    set(b, GFX_VGT_PRIMITIVEID_EN, DISABLE_PROVOK_REUSE);
    draw(b, GFX_TRIANGLE_LIST, &call);
    assert_int_equal(b->vertices, 6); /* 0 1 2, 0 again, 2 again, 3 */
    assert_corners(&b->seen[1], 0, 2, 1);
}

static void test_legacy(void **state)
{
    struct bench *b = *state;
    const struct gfx_draw call = {.count = 99, .instances = 1};

    SET_CODE(b, program_legacy);
    set(b, GFX_VGT_SHADER_STAGES_EN, VS_W32);
    set(b, GFX_SPI_SHADER_PGM_LO_VS, CODE_VA >> 8);
    set(b, GFX_SPI_SHADER_PGM_RSRC1_VS, 4);
    set(b, GFX_SPI_SHADER_PGM_RSRC1_VS + 1, 1 | 1 << 1);
    set(b, GFX_SPI_SHADER_USER_DATA_VS_0, 0x77);
    draw(b, GFX_TRIANGLE_LIST, &call);
    assert_int_equal(b->count, 33);
    assert_corners(&b->seen[32], 96, 97, 98);
    assert_int_equal(b->seen[32].user, 0x77);
    assert_int_equal(b->seen[32].scratch, 3 * 1024);
    draw(b, GFX_RECT_LIST, &call);
    assert_int_equal(b->seen[0].type, GFX_RECT);
}

/* The shader exports its first two SGPRs: how many vertices of its wave are captured, and which is
 * its first. 85 triangles are in a subgroup, and there is room for 50. */
static void test_streamout(void **state)
{
    enum { SO_EN = 1 << 12, EACH = 85, ROOM = 50, LANES = 32 };
    struct bench *b = *state;
    const struct gfx_draw call = {.count = 99, .instances = 1};

    SET_CODE(b, program_legacy);
    b->state.statistics_on = true;
    set(b, GFX_VGT_SHADER_STAGES_EN, VS_W32);
    set(b, GFX_SPI_SHADER_PGM_LO_VS, CODE_VA >> 8);
    set(b, GFX_SPI_SHADER_PGM_RSRC1_VS, 4);
    set(b, GFX_SPI_SHADER_PGM_RSRC1_VS + 1, SO_EN);
    set(b, GFX_VGT_STRMOUT_CONFIG, 0xf);
    set(b, GFX_VGT_STRMOUT_BUFFER_CONFIG, 1 << 1);
    set(b, GFX_VGT_STRMOUT_BUFFER_SIZE_1, ROOM * 3 * 8 + 7);
    set(b, GFX_VGT_STRMOUT_VTX_STRIDE_1, 8);
    draw(b, GFX_TRIANGLE_STRIP, &call);
    assert_int_equal(b->count, 97);
    assert_int_equal(b->vertices, 3 * 97); /* none is shared */
    for (unsigned i = 0; i < b->count; i++) {
        const unsigned first = i % EACH * 3 / LANES * LANES;
        const unsigned captured = i < EACH && first < ROOM * 3 ? ROOM * 3 - first : 0;

        assert_corners(&b->seen[i], i, i + 1 + i % 2, i + 2 - i % 2);
        assert_int_equal(b->seen[i].user, (captured < LANES ? captured : LANES) << 16);
        assert_int_equal(b->seen[i].scratch, first);
    }
    assert_int_equal(b->state.registers.uconfig[GFX_VGT_STRMOUT_BUFFER_FILLED_SIZE_1 - 0xc000],
                     ROOM * 3 * 8);
    assert_int_equal(b->state.streams[0].needed, 97);
    assert_int_equal(b->state.streams[0].written, ROOM);
}

/* Of merged shaders primitives are counted, for queries; of a geometry shader it counts itself. */
static void test_streamout_of_ngg(void **state)
{
    struct bench *b = *state;
    const struct gfx_draw call = {.count = 12, .instances = 2};

    b->state.statistics_on = true;
    set(b, GFX_VGT_STRMOUT_CONFIG, 0xf);
    set(b, GFX_VGT_STRMOUT_BUFFER_CONFIG, 1);
    set(b, GFX_VGT_STRMOUT_BUFFER_SIZE_0, 1000);
    draw(b, GFX_TRIANGLE_STRIP, &call);
    assert_int_equal(b->vertices, 24); /* shared */
    assert_int_equal(b->state.streams[0].needed, 20);
    assert_int_equal(b->state.streams[0].written, 0);
}

/* A geometry shader that emits; the vertex shader behind it gets places in the ring, which it
 * exports. */
static void emitting_set(struct bench *b)
{
    enum { GS_EN = 1 << 5, W32 = 1 << 22 | VS_W32, VERTICES = 8, ITEM = 2, COPY_AT = 512 };

    SET_CODE(b, program_emits);
    memcpy(&b->code[COPY_AT], program_legacy, sizeof(program_legacy));
    ngg_set(b, 0);
    set(b, GFX_VGT_SHADER_STAGES_EN, GS_EN | W32);
    set(b, GFX_SPI_SHADER_PGM_LO_VS, (CODE_VA + COPY_AT * 4) >> 8);
    set(b, GFX_SPI_SHADER_PGM_RSRC1_VS, 4);
    set(b, GFX_VGT_GS_MAX_VERT_OUT, VERTICES);
    set(b, GFX_VGT_GS_VERT_ITEMSIZE, ITEM);
    set(b, GFX_VGT_GSVS_RING_ITEMSIZE, ITEM * VERTICES);
    set(b, GFX_VGT_GSVS_RING_SIZE, 2 * 512 * 4 / 256); /* two waves */
}

/* By wave, block of sixteen lanes, vertex, lane. */
static uint32_t emitted_place(unsigned thread, unsigned vertex)
{
    return thread / 32 * 512 + thread % 32 / 16 * 256 + vertex * 16 + thread % 16;
}

static void test_emitting(void **state)
{
    enum { TRIANGLES = 40 };
    struct bench *b = *state;
    const struct gfx_draw call = {.count = 3 * TRIANGLES, .instances = 1};
    unsigned at = 0;

    emitting_set(b);
    b->state.statistics_on = true;
    draw(b, GFX_TRIANGLE_LIST, &call);
    assert_int_equal(b->count, 2 * TRIANGLES);
    for (unsigned t = 0; t < TRIANGLES; t++) {
        uint32_t v[7];

        for (unsigned i = 0; i < 7; i++)
            v[i] = emitted_place(t, i);
        assert_corners(&b->seen[at++], v[0], v[1], v[2]);
        if (t % 2) {
            assert_corners(&b->seen[at++], v[3], v[4], v[5]);
            assert_corners(&b->seen[at++], v[4], v[6], v[5]);
        }
    }
    assert_int_equal(b->state.statistics[GFX_STATISTIC_VS_INVOCATIONS], 3 * TRIANGLES);
    assert_int_equal(b->state.statistics[GFX_STATISTIC_GS_INVOCATIONS], TRIANGLES);
    assert_int_equal(b->state.statistics[GFX_STATISTIC_GS_PRIMITIVES], 2 * TRIANGLES);
}

static void test_emitting_is_captured(void **state)
{
    struct bench *b = *state;
    const struct gfx_draw call = {.count = 12, .instances = 1};

    emitting_set(b);
    b->state.statistics_on = true;
    set(b, GFX_VGT_STRMOUT_CONFIG, 0xf);
    set(b, GFX_VGT_STRMOUT_BUFFER_CONFIG, 1);
    set(b, GFX_VGT_STRMOUT_BUFFER_SIZE_0, 5 * 3);
    set(b, GFX_VGT_STRMOUT_VTX_STRIDE_0, 1);
    draw(b, GFX_TRIANGLE_LIST, &call);
    assert_int_equal(b->state.streams[0].needed, 8);
    assert_int_equal(b->state.streams[0].written, 5);
    assert_int_equal(b->state.streams[1].needed, 0);
    set(b, GFX_VGT_GSVS_RING_SIZE, 1);
    draw_refuses(b, GFX_TRIANGLE_LIST, "VGT_GSVS_RING_SIZE");
}

/* What one subgroup has exported is not seen in the next. */
static void test_not_exported(void **state)
{
    struct bench *b = *state;
    const struct gfx_draw call = {.count = 12, .instances = 1};

    draw(b, GFX_TRIANGLE_LIST, &call);
    assert_corners(&b->seen[3], 9, 10, 11);
    assert_true(b->seen[3].x == 9);
    SET_CODE(b, program_bare);
    draw(b, GFX_TRIANGLE_LIST, &call);
    assert_int_equal(b->count, 4);
    assert_corners(&b->seen[3], 0, 0, 0);
    assert_true(b->seen[3].x == 0);
}

/* ---- what goes wrong ---- */

static void test_refused(void **state)
{
    struct bench *b = *state;

    draw_refuses(b, 9, "primitives of type 9");
    SET_CODE(b, program_silent);
    draw_refuses(b, GFX_TRIANGLE_LIST, "ends without GS_ALLOC_REQ");
    SET_CODE(b, program_greedy);
    draw_refuses(b, GFX_TRIANGLE_LIST, "33 vertices");
    set(b, GFX_VGT_SHADER_STAGES_EN, 1 << 2);
    draw_refuses(b, GFX_TRIANGLE_LIST, "tessellation");
    ngg_set(b, 1 << 19);
    draw_refuses(b, GFX_TRIANGLE_LIST, "mesh");
    ngg_set(b, PASSTHROUGH);
    set(b, GFX_VGT_STRMOUT_CONFIG, 1 | 1 << 4); /* the second stream is rasterised */
    draw_refuses(b, GFX_TRIANGLE_LIST, "rasterises other streams");
}

static void test_cut_short(void **state)
{
    struct bench *b = *state;
    const struct gfx_draw call = {.count = 3, .instances = 1};

    SET_CODE(b, program_spins);
    set(b, GFX_VGT_PRIMITIVE_TYPE, GFX_TRIANGLE_LIST);
    b->turns_left = 3;
    assert_int_equal(gfx_geometry_draw(&b->pipeline, &call), GFX_STOPPED);
    assert_int_equal(b->count, 0);
}

static void test_fault(void **state)
{
    struct bench *b = *state;
    const struct gfx_draw call = {.count = 3, .instances = 1};

    set(b, GFX_SPI_SHADER_PGM_LO_ES, 0xbad00);
    set(b, GFX_VGT_PRIMITIVE_TYPE, GFX_TRIANGLE_LIST);
    assert_int_equal(gfx_geometry_draw(&b->pipeline, &call), GFX_FAULT);
    assert_int_equal(b->pipeline.fault.kind, ISA_FAULT_FETCH);
    assert_int_equal(b->pipeline.fault.va, 0xbad0000);
}

#define GEOMETRY_TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        GEOMETRY_TEST(test_assembly),       GEOMETRY_TEST(test_parts),
        GEOMETRY_TEST(test_adjacency),      GEOMETRY_TEST(test_indices),
        GEOMETRY_TEST(test_index_limits),   GEOMETRY_TEST(test_restart),
        GEOMETRY_TEST(test_registers),      GEOMETRY_TEST(test_subgroups),
        GEOMETRY_TEST(test_packed_corners), GEOMETRY_TEST(test_provoking_is_not_shared),
        GEOMETRY_TEST(test_legacy),         GEOMETRY_TEST(test_not_exported),
        GEOMETRY_TEST(test_streamout),      GEOMETRY_TEST(test_streamout_of_ngg),
        GEOMETRY_TEST(test_emitting),       GEOMETRY_TEST(test_emitting_is_captured),
        GEOMETRY_TEST(test_refused),        GEOMETRY_TEST(test_cut_short),
        GEOMETRY_TEST(test_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
