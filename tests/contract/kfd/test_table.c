/* SPDX-License-Identifier: MIT
 *
 * Dispatch: which numbers exist, how arguments are copied, whose descriptor it is.
 */
#include "tests/contract/kfd/support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void version_is_the_profiles(void **state)
{
    struct kfd_ioctl_get_version_args args = {0};

    (void)state;
    assert_int_equal(kfd(AMDKFD_IOC_GET_VERSION, &args), 0);
    assert_int_equal(args.major_version, 1);
    assert_int_equal(args.minor_version, machine->kernel->kfd_minor);
}

static void numbers_beyond_the_table_are_no_ioctls(void **state)
{
    char argument[256] = {0};

    (void)state;
    assert_int_equal(kfd(_IO('K', 0), argument), -ENOTTY);
    assert_int_equal(kfd(_IO('K', machine->kernel->ioctl_count), argument), -ENOTTY);
    for (unsigned nr = 0x80; nr <= 0x82; nr++) /* IPC and debugger of out-of-tree drivers */
        assert_int_equal(kfd(_IOWR('K', nr, char[32]), argument), -ENOTTY);
}

static bool is_absent_feature(unsigned nr)
{
    return nr == 0x22; /* CRIU_OP */
}

static void every_number_below_has_a_row(void **state)
{
    (void)state;
    for (unsigned nr = 1; nr < machine->kernel->ioctl_count; nr++) {
        char argument[1024] = {0};

        if (!is_absent_feature(nr))
            assert_int_not_equal(kfd(_IO('K', nr), argument), -ENOTTY);
    }
}

static void the_type_byte_does_not_matter(void **state)
{
    struct kfd_ioctl_get_version_args args = {0};

    (void)state;
    assert_int_equal(kfd(_IOR('x', 0x01, struct kfd_ioctl_get_version_args), &args), 0);
    assert_int_equal(args.major_version, 1);
}

static void a_short_struct_is_extended_by_zeros(void **state)
{
    struct {
        uint32_t major, canary;
    } args = {0, 0x1234};

    (void)state;
    assert_int_equal(kfd(_IOR('K', 0x01, uint32_t), &args), 0);
    assert_int_equal(args.major, 1);
    assert_int_equal(args.canary, 0x1234);
}

static void a_long_struct_is_copied_at_its_own_size(void **state)
{
    struct {
        struct kfd_ioctl_get_version_args known;
        uint64_t more;
    } args = {.more = 42};

    (void)state;
    assert_int_equal(kfd(_IOR('K', 0x01, args), &args), 0);
    assert_int_equal(args.known.major_version, 1);
}

static void bad_argument_addresses_are_efault(void **state)
{
    void *nowhere = host_alloc(PAGE);

    (void)state;
    munmap(nowhere, PAGE);
    assert_int_equal(kfd(AMDKFD_IOC_GET_VERSION, nowhere), -EFAULT);
    assert_int_equal(kfd(AMDKFD_IOC_SET_EVENT, nowhere), -EFAULT);
}

static void arguments_come_back_when_the_handler_fails(void **state)
{
    uint32_t ids[2] = {gpu(0), 0xdead};
    uint64_t handle;

    (void)state;
    acquire_fresh(0);
    assert_int_equal(
        alloc(gpu(0), va_at(0), PAGE, KFD_IOC_ALLOC_MEM_FLAGS_GTT | READ_WRITE, &handle), 0);
    struct kfd_ioctl_map_memory_to_gpu_args args = {
        .handle = handle, .device_ids_array_ptr = (uintptr_t)ids, .n_devices = 2};
    assert_int_equal(kfd(AMDKFD_IOC_MAP_MEMORY_TO_GPU, &args), -EINVAL);
    assert_int_equal(args.n_success, 1);
}

/* Runs `check` in a child; 0 when it is satisfied. */
static int in_child(int (*check)(void))
{
    pid_t child = fork();
    int status = 0;

    if (child == 0)
        _exit(check());
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

static int child_uses_parents_descriptor(void)
{
    struct kfd_ioctl_get_version_args args = {0};

    return kfd(AMDKFD_IOC_GET_VERSION, &args) == -EBADF ? 0 : 1;
}

static int child_opens_anew(void)
{
    struct soft_machine *own = soft_machine();
    struct kfd_ioctl_get_version_args version = {0};
    struct kfd_ioctl_set_event_args parents = {.event_id = 1};
    int fd;

    if (!own || !rw_ok(kfd_node_open(own, O_RDWR, &fd)))
        return 1;
    if (call(fd, AMDKFD_IOC_GET_VERSION, &version) != 0)
        return 2;
    return call(fd, AMDKFD_IOC_SET_EVENT, &parents) == -EINVAL ? 0 : 3;
}

static void a_forked_child_has_no_claim(void **state)
{
    uint32_t id;

    (void)state;
    assert_int_equal(create_event(KFD_IOC_EVENT_SIGNAL, false, &id), 0);
    assert_int_equal(id, 1);
    assert_int_equal(in_child(child_uses_parents_descriptor), 0);
    assert_int_equal(in_child(child_opens_anew), 0);
}

static void all_opens_of_a_process_are_one_process(void **state)
{
    struct kfd_ioctl_set_event_args set = {0};
    int second;

    (void)state;
    assert_int_equal(kfd_node_open(machine, O_RDWR, &second).err, 0);
    assert_int_equal(create_event(KFD_IOC_EVENT_SIGNAL, false, &set.event_id), 0);
    assert_int_equal(call(second, AMDKFD_IOC_SET_EVENT, &set), 0);
    close(second);
    node_settle();
    assert_int_equal(kfd(AMDKFD_IOC_SET_EVENT, &set), 0);
}

static void closing_frees_nothing(void **state)
{
    struct kfd_ioctl_set_event_args set = {0};

    (void)state;
    assert_int_equal(create_event(KFD_IOC_EVENT_SIGNAL, false, &set.event_id), 0);
    close(kfd_fd);
    node_settle();
    assert_int_equal(kfd_node_open(machine, O_RDWR, &kfd_fd).err, 0);
    assert_int_equal(kfd(AMDKFD_IOC_SET_EVENT, &set), 0);
}

static void the_node_is_a_character_device(void **state)
{
    struct node *node = node_get_by_fd(kfd_fd);
    struct stat st = {0};

    (void)state;
    node_call_stat(node, &st);
    node_put(node);
    assert_true(S_ISCHR(st.st_mode));
}

static int map_kfd(uint64_t offset, size_t length, void **out)
{
    struct node *node = node_get_by_fd(kfd_fd);
    rw_status status =
        node_call_mmap(node, NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, offset, out);

    node_put(node);
    return -status.err;
}

static void mmap_offsets_name_gpu_and_kind(void **state)
{
    void *at;

    (void)state;
    assert_int_equal(map_kfd(kfd_mmap_offset(KFD_MMAP_TYPE_DOORBELL, 0x1), 8192, &at), -ENODEV);
    assert_int_equal(map_kfd(kfd_mmap_offset(KFD_MMAP_TYPE_DOORBELL, gpu(0)), PAGE, &at), -EINVAL);
    assert_int_equal(map_kfd(kfd_mmap_offset(KFD_MMAP_TYPE_MMIO, gpu(0)), 8192, &at), -EINVAL);
    assert_int_equal(map_kfd(KFD_MMAP_TYPE_EVENTS, PAGE, &at), -EINVAL); /* no page yet */

    assert_int_equal(map_kfd(kfd_mmap_offset(KFD_MMAP_TYPE_DOORBELL, gpu(0)), 8192, &at), 0);
    *(volatile uint64_t *)at = 1;
    munmap(at, 8192);
    assert_int_equal(map_kfd(kfd_mmap_offset(KFD_MMAP_TYPE_MMIO, gpu(0)), PAGE, &at), 0);
    *(volatile uint32_t *)at = 1; /* an HDP flush: of no effect, and harmless */
    munmap(at, PAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        kfd_test(version_is_the_profiles),
        kfd_test(numbers_beyond_the_table_are_no_ioctls),
        kfd_test(every_number_below_has_a_row),
        kfd_test(the_type_byte_does_not_matter),
        kfd_test(a_short_struct_is_extended_by_zeros),
        kfd_test(a_long_struct_is_copied_at_its_own_size),
        kfd_test(bad_argument_addresses_are_efault),
        kfd_test(arguments_come_back_when_the_handler_fails),
        kfd_test(a_forked_child_has_no_claim),
        kfd_test(all_opens_of_a_process_are_one_process),
        kfd_test(closing_frees_nothing),
        kfd_test(the_node_is_a_character_device),
        kfd_test(mmap_offsets_name_gpu_and_kind),
    };

    cmocka_set_message_output(CM_OUTPUT_STDOUT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
