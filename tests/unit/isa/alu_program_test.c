/* SPDX-License-Identifier: MIT
 *
 * Arithmetic in programs: from code through the decoder to the result, whatever floating-point
 * environment the host thread is in.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <xmmintrin.h>

#include <cmocka.h>

#include "mem_fake.h"

/* v_mul_f32 v1, v0, v0; v_fma_f32 v2, -v0, s4, 1.0; s_lshl_b32 s5, s4, 1; v_cmp_gt_f32 vcc, v2, v1;
 * v_add_f16_dpp v3, v0, v0 row_shr:1; s_endpgm */
static const uint32_t program[] = {
    0x10020100,             /* v_mul_f32_e32 */
    0xd54b0002, 0x23c80900, /* v_fma_f32 */
    0x8f058104,             /* s_lshl_b32 */
    0x7c080302,             /* v_cmp_gt_f32_e32 */
    0x640600fa, 0xff011100, /* v_add_f16_dpp */
    0xbf810000,             /* s_endpgm */
};

static void run_with_host_mode(unsigned mxcsr)
{
    struct fake_group fake;
    unsigned saved = _mm_getcsr();

    fake_group_create(&fake, 1, 32, 0, program, sizeof(program) / sizeof(program[0]));
    fake.group->waves[0].mode = 0x3f0;
    fake.group->waves[0].sgpr[4] = 0x3f000000; /* 0.5 */
    for (unsigned lane = 0; lane < 32; lane++)
        *fake_vgpr(&fake, 0, lane) = 0x1c800000 + lane; /* 2^-70 and a little more */

    _mm_setcsr(mxcsr);
    assert_int_equal(isa_workgroup_run(fake.group, 1000), ISA_STOP_END);
    assert_int_equal(_mm_getcsr(), mxcsr);
    _mm_setcsr(saved);

    assert_int_equal(*fake_vgpr(&fake, 1, 0), 0x00000200); /* 2^-140 */
    assert_int_equal(*fake_vgpr(&fake, 2, 7), 0x3f800000);
    assert_int_equal(fake.group->waves[0].sgpr[5], 0x7e000000);
    assert_int_equal(fake.group->waves[0].sgpr[ISA_REG_VCC_LO], 0xffffffff);
    assert_int_equal(*fake_vgpr(&fake, 3, 0), 0);          /* no lane to its left */
    assert_int_equal(*fake_vgpr(&fake, 3, 2) & 0xffff, 3); /* denormals 1 + 2 */
    fake_group_destroy(&fake);
}

static void host_environment_does_not_matter(void **state)
{
    (void)state;
    run_with_host_mode(0x1f80);
    run_with_host_mode(0x9fc0); /* flush denormals, in and out */
    run_with_host_mode(0x7f80); /* round to zero */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(host_environment_does_not_matter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
