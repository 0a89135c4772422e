/* SPDX-License-Identifier: MIT
 *
 * What the program has mapped, and hearing of what it unmaps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "softgpu/front/kfd/kfd_host_memory.h"
#include "softgpu/front/kfd/kfd_host_watch.h"

#define PAGE 4096u

static char *map_pages(size_t count)
{
    char *at = mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(at, MAP_FAILED);
    return at;
}

/* ---- what is mapped ---- */

static void holes_and_rights_are_seen(void **state)
{
    char *at = map_pages(8);
    uint64_t start = (uintptr_t)at;

    (void)state;
    assert_int_equal(kfd_host_memory_check(start, 8 * PAGE, true).err, 0);
    mprotect(at + 2 * PAGE, PAGE, PROT_READ); /* several areas now */
    assert_int_equal(kfd_host_memory_check(start, 8 * PAGE, true).err, EPERM);
    assert_int_equal(kfd_host_memory_check(start, 8 * PAGE, false).err, 0);
    assert_int_equal(kfd_host_memory_check(start + 3 * PAGE, 5 * PAGE, true).err, 0);
    munmap(at + 5 * PAGE, PAGE);
    assert_int_equal(kfd_host_memory_check(start, 8 * PAGE, false).err, EFAULT);
    assert_int_equal(kfd_host_memory_check(start + 5 * PAGE, PAGE, false).err, EFAULT);
    assert_int_equal(kfd_host_memory_check(start + 6 * PAGE, 2 * PAGE, true).err, 0);
    assert_int_equal(kfd_host_memory_check(UINT64_MAX - PAGE + 1, 2 * PAGE, false).err, EFAULT);
    munmap(at, 8 * PAGE);
}

/* Memory that is in use takes another way to the same answers. */
static void memory_in_use_is_judged_alike(void **state)
{
    char *at = map_pages(8);
    uint64_t start = (uintptr_t)at;

    (void)state;
    memset(at, 1, 8 * PAGE);
    assert_int_equal(kfd_host_memory_check(start, 8 * PAGE, true).err, 0);
    mprotect(at + 2 * PAGE, PAGE, PROT_READ);
    assert_int_equal(kfd_host_memory_check(start, 8 * PAGE, true).err, EPERM);
    assert_int_equal(kfd_host_memory_check(start, 8 * PAGE, false).err, 0);
    munmap(at + 2 * PAGE, PAGE);
    assert_int_equal(kfd_host_memory_check(start, 8 * PAGE, true).err, EFAULT);
    munmap(at, 8 * PAGE);
}

static void nothing_is_faulted_in(void **state)
{
    const size_t pages = 1000;
    char *at = map_pages(pages);
    unsigned char resident[1000];
    unsigned count = 0;

    (void)state;
    assert_int_equal(kfd_host_memory_check((uintptr_t)at, pages * PAGE, true).err, 0);
    assert_int_equal(mincore(at, pages * PAGE, resident), 0);
    for (size_t i = 0; i < pages; i++)
        count += resident[i] & 1;
    assert_int_equal(count, 0);
    munmap(at, pages * PAGE);
}

static void a_long_map_is_read_to_the_end(void **state)
{
    enum { AREAS = 600 };
    char *at = map_pages(2 * AREAS);

    (void)state;
    for (size_t i = 0; i < AREAS; i++)
        mprotect(at + 2 * i * PAGE, PAGE, PROT_READ);
    assert_int_equal(kfd_host_memory_check((uintptr_t)at, 2 * AREAS * PAGE, false).err, 0);
    assert_int_equal(kfd_host_memory_check((uintptr_t)at + PAGE, PAGE, true).err, 0);
    munmap(at, 2 * AREAS * PAGE);
}

/* ---- what is unmapped ---- */

static struct kfd_host_watch *watch_or_skip(void)
{
    struct kfd_host_watch *watch;

    if (!rw_ok(kfd_host_watch_create(&watch)))
        skip(); /* no userfaultfd here */
    return watch;
}

static void assert_unmapped(struct kfd_host_watch *watch, const char *start, size_t size)
{
    uint64_t from = 0, to = 0;

    assert_true(kfd_host_watch_take(watch, &from, &to));
    assert_int_equal(from, (uintptr_t)start);
    assert_int_equal(to, (uintptr_t)start + size);
}

static void assert_nothing_unmapped(struct kfd_host_watch *watch)
{
    uint64_t from, to;

    assert_false(kfd_host_watch_take(watch, &from, &to));
}

static void unmapping_is_noted_before_it_returns(void **state)
{
    struct kfd_host_watch *watch = watch_or_skip();
    char *at = map_pages(8), *other = map_pages(1);

    (void)state;
    assert_true(kfd_host_watch_add(watch, (uintptr_t)at, 8 * PAGE));
    munmap(other, PAGE);
    memset(at, 1, 8 * PAGE); /* an ordinary range to the program */
    mprotect(at, PAGE, PROT_READ);
    madvise(at, 8 * PAGE, MADV_DONTNEED);
    assert_nothing_unmapped(watch);
    munmap(at + 2 * PAGE, 3 * PAGE);
    assert_unmapped(watch, at + 2 * PAGE, 3 * PAGE);
    assert_ptr_equal(mmap(at, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), at);
    assert_unmapped(watch, at, PAGE);
    munmap(at + 5 * PAGE, 3 * PAGE);
    assert_unmapped(watch, at + 5 * PAGE, 3 * PAGE);
    assert_nothing_unmapped(watch);
    munmap(at, 8 * PAGE);
    kfd_host_watch_destroy(watch);
}

/* Sanitizers' allocators keep what is freed. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FREE_UNMAPS 0
#else
#define FREE_UNMAPS 1
#endif

static void libc_freeing_is_noted_too(void **state)
{
    if (!FREE_UNMAPS)
        skip();
    struct kfd_host_watch *watch = watch_or_skip();
    size_t size = 16 << 20;
    uint64_t from, to;
    char *block = NULL;

    (void)state;
    assert_int_equal(posix_memalign((void **)&block, 2 << 20, size), 0);
    assert_true(kfd_host_watch_add(watch, (uintptr_t)block, size));
    uintptr_t start = (uintptr_t)block;
    free(block); /* no munmap() that could be interposed */
    assert_true(kfd_host_watch_take(watch, &from, &to));
    assert_true(from <= start && to >= start + size);
    kfd_host_watch_destroy(watch);
}

static void many_notes_are_kept_in_order(void **state)
{
    enum { COUNT = 10000 };
    struct kfd_host_watch *watch = watch_or_skip();
    char *at = map_pages(COUNT);

    (void)state;
    assert_true(kfd_host_watch_add(watch, (uintptr_t)at, (uint64_t)COUNT * PAGE));
    for (size_t i = 0; i < COUNT; i++)
        munmap(at + i * PAGE, PAGE);
    for (size_t i = 0; i < COUNT; i++)
        assert_unmapped(watch, at + i * PAGE, PAGE);
    assert_nothing_unmapped(watch);
    kfd_host_watch_destroy(watch);
}

static void *map_and_unmap(void *argument)
{
    struct kfd_host_watch *watch = argument;

    for (int i = 0; i < 200; i++) {
        char *at = map_pages(4);

        if (!kfd_host_watch_add(watch, (uintptr_t)at, 4 * PAGE))
            return (void *)1;
        munmap(at, 4 * PAGE);
    }
    return NULL;
}

static void threads_unmap_at_once(void **state)
{
    struct kfd_host_watch *watch = watch_or_skip();
    pthread_t threads[4];
    uint64_t from, to;
    unsigned noted = 0;
    void *failed;

    (void)state;
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, map_and_unmap, watch);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    while (kfd_host_watch_take(watch, &from, &to))
        noted++;
    assert_int_equal(noted, 800);
    kfd_host_watch_destroy(watch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holes_and_rights_are_seen),
        cmocka_unit_test(memory_in_use_is_judged_alike),
        cmocka_unit_test(nothing_is_faulted_in),
        cmocka_unit_test(a_long_map_is_read_to_the_end),
        cmocka_unit_test(unmapping_is_noted_before_it_returns),
        cmocka_unit_test(libc_freeing_is_noted_too),
        cmocka_unit_test(many_notes_are_kept_in_order),
        cmocka_unit_test(threads_unmap_at_once),
    };

    cmocka_set_message_output(CM_OUTPUT_STDOUT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
