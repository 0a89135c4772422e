/* SPDX-License-Identifier: MIT
 *
 * Streamout by itself: which primitives there is room for, and what waves are told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "softgpu/gfx/streamout.h"

enum { ALL_STREAMS = 0xf, SO_EN = 1 << 12, SO_BASE0_EN = 1 << 8 };

static void set(struct gfx_state *state, uint32_t number, uint32_t value)
{
    *gfx_registers_at(&state->registers, number, 1) = value;
}

static uint32_t filled(struct gfx_state *state, unsigned buffer)
{
    return *gfx_registers_at(&state->registers, gfx_streamout_filled(buffer), 1);
}

/* Sizes and strides in dwords; a mask of buffers that the first stream goes to. */
static void buffer_set(struct gfx_state *state, unsigned buffer, uint32_t size, uint32_t stride,
                       uint32_t fill)
{
    set(state, GFX_VGT_STRMOUT_BUFFER_SIZE_0 + 4 * buffer, size);
    set(state, GFX_VGT_STRMOUT_VTX_STRIDE_0 + 4 * buffer, stride);
    set(state, gfx_streamout_filled(buffer), fill);
}

static struct gfx_streamout streamout_make(struct gfx_state *state, uint32_t buffers,
                                           unsigned corners)
{
    struct gfx_streamout out;

    set(state, GFX_VGT_STRMOUT_CONFIG, ALL_STREAMS);
    set(state, GFX_VGT_STRMOUT_BUFFER_CONFIG, buffers);
    gfx_streamout_read(&state->registers, 0, corners, &out);
    return out;
}

static int state_setup(void **state)
{
    struct gfx_state *s = calloc(1, sizeof(*s));

    assert_non_null(s);
    s->statistics_on = true;
    *state = s;
    return 0;
}

static int state_teardown(void **state)
{
    free(*state);
    return 0;
}

/* The fullest buffer decides for all; what does not fit is counted. */
static void test_room(void **state)
{
    struct gfx_state *s = *state;
    struct gfx_streamout so;

    buffer_set(s, 0, 1000, 4, 0);
    buffer_set(s, 2, 20 + 3 * 2 * 5 + 5, 2, 20); /* five triangles and most of a sixth */
    so = streamout_make(s, 1 << 0 | 1 << 2, 3);
    gfx_streamout_take(s, 2, &so);
    assert_int_equal(so.captured, 6);
    assert_int_equal(so.offset[0], 0);
    assert_int_equal(so.offset[2], 20);
    assert_int_equal(filled(s, 0), 24);
    assert_int_equal(filled(s, 1), 0);
    assert_int_equal(filled(s, 2), 32);
    gfx_streamout_take(s, 10, &so);
    assert_int_equal(so.captured, 9);
    assert_int_equal(so.offset[0], 24);
    assert_int_equal(so.offset[2], 32);
    assert_int_equal(filled(s, 0), 60);
    assert_int_equal(filled(s, 2), 50);
    gfx_streamout_take(s, 1, &so);
    assert_int_equal(so.captured, 0);
    assert_int_equal(filled(s, 0), 60);
    assert_int_equal(s->streams[0].needed, 13);
    assert_int_equal(s->streams[0].written, 5);
    assert_int_equal(s->streams[1].needed, 0);
}

/* Queries of generated primitives need no buffer. */
static void test_nothing_to_fill(void **state)
{
    struct gfx_state *s = *state;
    struct gfx_streamout so = streamout_make(s, 0, 2);

    gfx_streamout_take(s, 7, &so);
    assert_int_equal(so.captured, 0);
    so = streamout_make(s, 1, 2); /* switched off by its size */
    gfx_streamout_take(s, 7, &so);
    assert_int_equal(so.captured, 0);
    buffer_set(s, 0, 8, 1, 100); /* fuller than full */
    gfx_streamout_take(s, 7, &so);
    assert_int_equal(so.captured, 0);
    assert_int_equal(filled(s, 0), 100);
    assert_int_equal(s->streams[0].needed, 21);
    assert_int_equal(s->streams[0].written, 0);
    s->statistics_on = false;
    gfx_streamout_take(s, 7, &so);
    assert_int_equal(s->streams[0].needed, 21);
    s->statistics_on = true;
    set(s, GFX_VGT_STRMOUT_CONFIG, 0);
    gfx_streamout_read(&s->registers, 0, 2, &so);
    gfx_streamout_take(s, 7, &so);
    assert_int_equal(s->streams[0].needed, 21);
}

static void test_sgprs(void **state)
{
    struct gfx_state *s = *state;
    struct gfx_streamout so;
    uint32_t sgpr[GFX_STREAMOUT_SGPRS];

    buffer_set(s, 0, 1000, 1, 11);
    buffer_set(s, 1, 1000, 1, 22);
    buffer_set(s, 3, 1000, 1, 44);
    so = streamout_make(s, 1 << 0 | 1 << 1 | 1 << 3, 1);
    gfx_streamout_take(s, 100, &so);
    assert_int_equal(gfx_streamout_sgprs(&so, SO_EN | SO_BASE0_EN | SO_BASE0_EN << 3, 64, 64, sgpr),
                     4);
    assert_int_equal(sgpr[0], 36 << 16);
    assert_int_equal(sgpr[1], 64);
    assert_int_equal(sgpr[2], 11);
    assert_int_equal(sgpr[3], 44);
    assert_int_equal(gfx_streamout_sgprs(&so, SO_EN, 0, 64, sgpr), 2);
    assert_int_equal(sgpr[0], 64 << 16);
    assert_int_equal(gfx_streamout_sgprs(&so, SO_EN, 128, 64, sgpr), 2);
    assert_int_equal(sgpr[0], 0);
    assert_int_equal(gfx_streamout_sgprs(&so, SO_BASE0_EN << 1, 0, 64, sgpr), 1);
    assert_int_equal(sgpr[0], 22);
    assert_int_equal(gfx_streamout_sgprs(&so, 0, 0, 64, sgpr), 0);
}

#define STREAMOUT_TEST(name) cmocka_unit_test_setup_teardown(name, state_setup, state_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STREAMOUT_TEST(test_room),
        STREAMOUT_TEST(test_nothing_to_fill),
        STREAMOUT_TEST(test_sgprs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
