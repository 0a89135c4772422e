/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/private_fd.h"

static void moves_out_of_the_way(void **state)
{
    int low = open("/dev/null", O_RDONLY), high, again;

    (void)state;
    high = private_fd_move(low);
    assert_true(high > low + 100);
    assert_int_equal(fcntl(high, F_GETFD), FD_CLOEXEC);
    again = open("/dev/null", O_RDONLY);
    assert_int_equal(again, low);
    close(again);
    close(high);
}

static void no_descriptor_stays_none(void **state)
{
    (void)state;
    assert_int_equal(private_fd_move(-1), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moves_out_of_the_way),
        cmocka_unit_test(no_descriptor_stays_none),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
