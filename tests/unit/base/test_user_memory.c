/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/user_memory.h"

#define PAGE ((size_t)4096)

/* A page that is accessible, one that can only be read, and one that cannot. */
static char *three_pages(void)
{
    char *at = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(at, MAP_FAILED);
    assert_int_equal(mprotect(at + PAGE, PAGE, PROT_READ), 0);
    assert_int_equal(mprotect(at + 2 * PAGE, PAGE, PROT_NONE), 0);
    return at;
}

static void what_can_be_read_is_known(void **state)
{
    char *at = three_pages();

    (void)state;
    errno = ENOENT;
    assert_true(user_memory_is_readable(at, 2 * PAGE));
    assert_true(user_memory_is_readable(at + 1, 1));
    assert_true(user_memory_is_readable(at + 2 * PAGE - 1, 1)); /* the last byte */
    assert_false(user_memory_is_readable(at + 2 * PAGE - 1, 2));
    assert_false(user_memory_is_readable(at + 2 * PAGE, 1));
    assert_false(user_memory_is_readable(at, 3 * PAGE));
    assert_int_equal(errno, ENOENT);
    munmap(at, 3 * PAGE);
    assert_false(user_memory_is_readable(at, 1));
}

static void impossible_pointers_cannot_be_read(void **state)
{
    (void)state;
    assert_false(user_memory_is_readable(NULL, 1));
    assert_false(user_memory_is_readable((void *)(uintptr_t)8, 1));
    assert_false(user_memory_is_readable((void *)(UINTPTR_MAX - 7), 8));
    assert_false(user_memory_is_readable((void *)(UINTPTR_MAX - 7), 16)); /* wraps around */
    assert_false(user_memory_is_readable((void *)((uintptr_t)1 << 63), 8));
    assert_true(user_memory_is_readable(NULL, 0));
}

static void copies_refuse_what_the_kernel_refuses(void **state)
{
    char *at = three_pages(), ours[16] = "fifteen letters";

    (void)state;
    errno = ENOENT;
    assert_int_equal(user_memory_copy_out((uintptr_t)at, ours, sizeof ours), 0);
    memset(ours, 0, sizeof ours);
    assert_int_equal(user_memory_copy_in(ours, (uintptr_t)at, sizeof ours), 0);
    assert_string_equal(ours, "fifteen letters");
    assert_int_equal(user_memory_copy_in(ours, (uintptr_t)at + 2 * PAGE - 8, 8), 0);
    assert_int_equal(user_memory_copy_in(ours, (uintptr_t)at + 2 * PAGE - 8, 16), EFAULT);
    assert_int_equal(user_memory_copy_out((uintptr_t)at + PAGE, ours, 1), EFAULT);
    assert_int_equal(user_memory_copy_in(ours, UINT64_C(1) << 63, 1), EFAULT);
    assert_int_equal(user_memory_copy_in(ours, 0, 1), EFAULT);
    assert_int_equal(user_memory_copy_in(ours, 0, 0), 0);
    assert_int_equal(errno, ENOENT);
    munmap(at, 3 * PAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_can_be_read_is_known),
        cmocka_unit_test(impossible_pointers_cannot_be_read),
        cmocka_unit_test(copies_refuse_what_the_kernel_refuses),
    };

    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
