/* SPDX-License-Identifier: MIT
 *
 * The counting of system calls that `rocweld bench share` rests on. The functions under test stand
 * in front of libc's in this program.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/bench/count_calls.h"

static struct call_counts before;

static void begin(void)
{
    count_calls_read(&before);
}

/* What has been counted since begin(). */
static struct call_counts counted(void)
{
    struct call_counts now;

    count_calls_read(&now);
    now.calls -= before.calls;
    now.ioctls -= before.ioctls;
    now.fds_made -= before.fds_made;
    return now;
}

static void counts_calls_and_descriptors(void **state)
{
    int fd, copy, third, pending;
    struct stat status;

    (void)state;
    begin();
    fd = open("/dev/zero", O_RDONLY);
    copy = dup(fd);
    third = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    assert_int_equal(counted().calls, 3);
    assert_int_equal(counted().fds_made, 3);
    assert_int_equal(fstat(fd, &status), 0);
    assert_int_not_equal(ioctl(fd, FIONREAD, &pending), 0);
    assert_int_equal(counted().ioctls, 1);
    assert_int_equal(counted().calls, 5);
    close(fd);
    close(copy);
    close(third);
    assert_int_equal(counted().calls, 8);
    assert_int_equal(counted().fds_made, 3);
}

static void counts_mappings_and_raw_calls(void **state)
{
    void *page;

    (void)state;
    begin();
    page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(page, MAP_FAILED);
    assert_int_equal(munmap(page, 4096), 0);
    assert_true(syscall(SYS_gettid) > 0);
    assert_int_equal(counted().calls, 3);
    assert_int_equal(counted().fds_made, 0);
}

static void failures_make_no_descriptor(void **state)
{
    (void)state;
    begin();
    assert_int_equal(open("/no/such/file", O_RDONLY), -1);
    assert_int_equal(dup(-1), -1);
    assert_int_equal(counted().calls, 2);
    assert_int_equal(counted().fds_made, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_calls_and_descriptors),
        cmocka_unit_test(counts_mappings_and_raw_calls),
        cmocka_unit_test(failures_make_no_descriptor),
    };
    cmocka_set_message_output(CM_OUTPUT_STDOUT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
