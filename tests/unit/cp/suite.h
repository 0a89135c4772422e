/* SPDX-License-Identifier: MIT
 *
 * What every test of this folder includes first, and its fixture: a rig with two threads.
 */
#ifndef TESTS_UNIT_CP_SUITE_H
#define TESTS_UNIT_CP_SUITE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "programs.inc"
#include "rig.h"

static inline int suite_setup(void **state)
{
    *state = rig_create(2);
    return 0;
}

static inline int suite_teardown(void **state)
{
    rig_destroy(*state);
    return 0;
}

#define SUITE_TEST(name) cmocka_unit_test_setup_teardown(name, suite_setup, suite_teardown)

/* Faults are expected in these tests; their log lines are not worth a reader's time. */
static inline void suite_quiet(void)
{
    extern bool rw_log_configure(const char *spec);

    rw_log_configure("error");
}

#endif
