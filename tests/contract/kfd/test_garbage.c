/* SPDX-License-Identifier: MIT
 *
 * Nothing that a program passes can hurt: thousands of ioctls with arguments that are mostly wrong,
 * each seeded, so that a failure can be repeated. What is asserted is that every call answers with
 * an errno or success, that nothing crashes (or leaks, under a sanitizer), and that the process
 * still works afterwards.
 */
#include "tests/contract/kfd/support.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/random.h"

#define CALLS 20000

static uint64_t seed;

static char *scratch; /* readable and writable memory to point at */

#define SCRATCH_PAGES 64

/* Values that tend to get somewhere, and others that never should. */
static uint64_t random_value(void)
{
    switch (random_below(&seed, 12)) {
    case 0:
        return 0;
    case 1:
        return random_below(&seed, 16);
    case 2:
        return gpu(random_below(&seed, 2));
    case 3:
        return kfd_handle_make(gpu(random_below(&seed, 2)), random_below(&seed, 20));
    case 4:
        return va_at(random_below(&seed, 8)) + random_below(&seed, 4) * PAGE;
    case 5:
        return (uintptr_t)scratch + random_below(&seed, SCRATCH_PAGES) * PAGE;
    case 6:
        return (uint64_t)random_below(&seed, 64) * PAGE;
    case 7:
        return UINT64_C(1) << random_below(&seed, 64);
    case 8:
        return 0x80000001u << random_below(&seed, 4);
    case 9:
        return KFD_FIRST_NONSIGNAL_EVENT_ID + random_below(&seed, 4);
    case 10:
        return UINT64_MAX - random_below(&seed, 3);
    default:
        return random_next(&seed);
    }
}

/* Fills the argument by 32- or 64-bit fields, as the structs have them. */
static void argument_fill(uint8_t *argument, size_t size)
{
    for (size_t at = 0; at + 8 <= size; at += 8) {
        uint64_t wide = random_value();
        uint32_t narrow[2] = {(uint32_t)random_value(), (uint32_t)random_value()};

        memcpy(argument + at, random_below(&seed, 2) ? (void *)&wide : (void *)narrow, 8);
    }
}

/* Calls that would wait for ever, or hand the program descriptors to leak, are kept from it. */
static void argument_tame(unsigned nr, uint8_t *argument)
{
    if (nr == _IOC_NR(AMDKFD_IOC_WAIT_EVENTS)) {
        struct kfd_ioctl_wait_events_args *args = (void *)argument;

        args->timeout = 0;
        args->num_events %= 20;
    } else if (nr == _IOC_NR(AMDKFD_IOC_ACQUIRE_VM)) {
        struct kfd_ioctl_acquire_vm_args *args = (void *)argument;

        args->drm_fd %= 64;
    }
}

static bool makes_descriptor(unsigned nr)
{
    return nr == _IOC_NR(AMDKFD_IOC_SMI_EVENTS) || nr == _IOC_NR(KFD_IOC_EXPORT_DMABUF);
}

static void close_new_descriptor(unsigned nr, const uint8_t *argument, int r)
{
    if (r == 0 && nr == _IOC_NR(AMDKFD_IOC_SMI_EVENTS))
        close((int)((const struct kfd_ioctl_smi_events_args *)(const void *)argument)->anon_fd);
    if (r == 0 && nr == _IOC_NR(KFD_IOC_EXPORT_DMABUF))
        close((int)((const struct kfd_export_dmabuf_args *)(const void *)argument)->dmabuf_fd);
}

static void call_one(void)
{
    unsigned nr = 1 + random_below(&seed, machine->kernel->ioctl_count);
    size_t size =
        random_below(&seed, 16) ? 8 * (1 + random_below(&seed, 16)) : random_below(&seed, 512);
    _Alignas(8) uint8_t argument[512] = {0};

    if (makes_descriptor(nr))
        size = 64; /* so that the descriptor comes back, and can be closed */
    argument_fill(argument, sizeof argument);
    argument_tame(nr, argument);
    int r = kfd(_IOC(_IOC_READ | _IOC_WRITE, 'K', nr, size), argument);
    assert_in_range(-r, 0, 524);
    close_new_descriptor(nr, argument, r);
}

static void run_with_seed(uint64_t value)
{
    struct kfd_ioctl_get_version_args version = {0};

    seed = value;
    for (int i = 0; i < CALLS; i++)
        call_one();
    assert_int_equal(kfd(AMDKFD_IOC_GET_VERSION, &version), 0);
    assert_int_equal(version.minor_version, machine->kernel->kfd_minor);
}

static void garbage_before_a_vm(void **state)
{
    (void)state;
    scratch = host_alloc(SCRATCH_PAGES * PAGE);
    run_with_seed(0x9e3779b97f4a7c15);
    munmap(scratch, SCRATCH_PAGES * PAGE);
}

static void garbage_among_good_things(void **state)
{
    struct kfd_create_queue_args args;

    (void)state;
    scratch = host_alloc(SCRATCH_PAGES * PAGE);
    for (uint64_t round = 1; round <= 3; round++) {
        acquire_fresh(0);
        acquire_fresh(1);
        for (unsigned i = 0; i < 6; i++)
            alloc_and_map(gpu(i % 2), va_at(i), 4 * PAGE,
                          (i % 3 ? KFD_IOC_ALLOC_MEM_FLAGS_VRAM : KFD_IOC_ALLOC_MEM_FLAGS_GTT) |
                              READ_WRITE);
        args = queue_args(0, KFD_QUEUE_TYPE_COMPUTE_AQL, 0);
        assert_int_equal(create_queue(&args), 0);
        run_with_seed(round * 0x2545f4914f6cdd1d);
        kfd_teardown(state);
        kfd_setup(state);
    }
    munmap(scratch, SCRATCH_PAGES * PAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        kfd_test(garbage_before_a_vm),
        kfd_test(garbage_among_good_things),
    };

    cmocka_set_message_output(CM_OUTPUT_STDOUT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
