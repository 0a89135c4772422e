/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
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

/* Who has no descriptors left is told the limit and how to raise it. */
static void the_limit_is_named(void **state)
{
    struct rlimit before, none;
    rw_status s;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = (struct rlimit){.rlim_cur = 1, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    assert_int_equal(open("/dev/null", O_RDONLY), -1);
    s = private_fd_fail(errno, "a test");
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(s.err, EMFILE);
    assert_non_null(strstr(rw_status_message(s, NULL), "for a test: "));
    assert_non_null(strstr(rw_status_message(s, NULL), "all of the 1 that"));
    assert_non_null(strstr(rw_status_message(s, NULL), "ulimit -n"));
    s = private_fd_fail(ENFILE, "a test");
    assert_int_equal(s.err, ENFILE);
    assert_null(strstr(rw_status_message(s, NULL), "ulimit"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moves_out_of_the_way),
        cmocka_unit_test(no_descriptor_stays_none),
        cmocka_unit_test(the_limit_is_named),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
