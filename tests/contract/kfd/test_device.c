/* SPDX-License-Identifier: MIT
 *
 * Ioctls about one GPU: clocks, apertures, tiling, policies, scratch, XNACK, runtime, debugger.
 */
#include "tests/contract/kfd/support.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void clocks_run(void **state)
{
    struct kfd_ioctl_get_clock_counters_args a = {.gpu_id = gpu(0)}, b = {.gpu_id = gpu(0)};

    (void)state;
    assert_int_equal(kfd(AMDKFD_IOC_GET_CLOCK_COUNTERS, &a), 0);
    usleep(2000);
    assert_int_equal(kfd(AMDKFD_IOC_GET_CLOCK_COUNTERS, &b), 0);
    assert_int_equal(a.system_clock_freq, 1000000000);
    assert_true(b.gpu_clock_counter > a.gpu_clock_counter);
    assert_true(b.cpu_clock_counter >= a.cpu_clock_counter + 2000000);
    assert_true(b.system_clock_counter >= a.system_clock_counter + 2000000);
    uint64_t khz = machine->devices[0].profile->gpu_counter_khz;
    assert_true(b.gpu_clock_counter - a.gpu_clock_counter >= 2 * khz);

    a.gpu_id = 0; /* a node without GPU */
    assert_int_equal(kfd(AMDKFD_IOC_GET_CLOCK_COUNTERS, &a), 0);
    assert_int_equal(a.gpu_clock_counter, 0);
}

static void check_apertures(const struct kfd_process_device_apertures *apertures, unsigned index)
{
    assert_int_equal(apertures->gpu_id, gpu(index));
    assert_true(apertures->lds_base == UINT64_C(1) << 48);
    assert_true(apertures->lds_limit == apertures->lds_base + 0xffffffff);
    assert_true(apertures->scratch_base == UINT64_C(2) << 48);
    assert_true(apertures->scratch_limit == apertures->scratch_base + 0xffffffff);
    assert_true(apertures->gpuvm_base == (kernel_at_least("6.12") ? 0x10000 : 0x4000));
    assert_true(apertures->gpuvm_limit == (UINT64_C(1) << 47) - 1);
}

static void apertures_are_gfx10s(void **state)
{
    struct kfd_ioctl_get_process_apertures_args args = {0};

    (void)state;
    assert_int_equal(kfd(AMDKFD_IOC_GET_PROCESS_APERTURES, &args), 0);
    assert_int_equal(args.num_of_nodes, machine->device_count);
    for (unsigned i = 0; i < args.num_of_nodes; i++)
        check_apertures(&args.process_apertures[i], i);
}

static void new_apertures_are_counted_then_copied(void **state)
{
    struct kfd_process_device_apertures apertures[8];
    struct kfd_ioctl_get_process_apertures_new_args args = {0};

    (void)state;
    assert_int_equal(kfd(AMDKFD_IOC_GET_PROCESS_APERTURES_NEW, &args), 0);
    assert_int_equal(args.num_of_nodes, machine->device_count);
    args.kfd_process_device_apertures_ptr = (uintptr_t)apertures;
    args.num_of_nodes = machine->device_count + 1; /* room for the CPU's node: not more */
    assert_int_equal(kfd(AMDKFD_IOC_GET_PROCESS_APERTURES_NEW, &args), 0);
    assert_int_equal(args.num_of_nodes, machine->device_count);
    for (unsigned i = 0; i < args.num_of_nodes; i++)
        check_apertures(&apertures[i], i);
    args.num_of_nodes = 1;
    assert_int_equal(kfd(AMDKFD_IOC_GET_PROCESS_APERTURES_NEW, &args), 0);
    assert_int_equal(args.num_of_nodes, 1);
    args.num_of_nodes = 100;
    assert_int_equal(kfd(AMDKFD_IOC_GET_PROCESS_APERTURES_NEW, &args), -EINVAL);
    args.num_of_nodes = 1;
    args.kfd_process_device_apertures_ptr = 8;
    assert_int_equal(kfd(AMDKFD_IOC_GET_PROCESS_APERTURES_NEW, &args), -EFAULT);
}

static void tile_config_is_the_profiles(void **state)
{
    uint32_t tiles[64], macro_tiles[64];
    struct kfd_ioctl_get_tile_config_args args = {
        .tile_config_ptr = (uintptr_t)tiles,
        .macro_tile_config_ptr = (uintptr_t)macro_tiles,
        .num_tile_configs = 64,
        .num_macro_tile_configs = 64,
        .gpu_id = gpu(0),
    };

    (void)state;
    memset(tiles, 0xff, sizeof tiles);
    assert_int_equal(kfd(AMDKFD_IOC_GET_TILE_CONFIG, &args), 0);
    assert_int_equal(args.gb_addr_config, machine->devices[0].profile->gb_addr_config);
    assert_int_equal(args.num_tile_configs, 32);
    assert_int_equal(args.num_macro_tile_configs, 16);
    assert_int_equal(tiles[31], 0);
    assert_int_equal(tiles[32], 0xffffffff);
    args.tile_config_ptr = 8;
    assert_int_equal(kfd(AMDKFD_IOC_GET_TILE_CONFIG, &args), -EFAULT);
    assert_int_equal(args.num_tile_configs, 0);
    args.gpu_id = 0xdead;
    assert_int_equal(kfd(AMDKFD_IOC_GET_TILE_CONFIG, &args), -EINVAL);
}

static void settings_need_a_known_gpu_with_a_vm(void **state)
{
    struct kfd_ioctl_set_memory_policy_args policy = {.gpu_id = 0xdead};
    struct kfd_ioctl_set_scratch_backing_va_args scratch = {.gpu_id = 0xdead};
    struct kfd_ioctl_set_trap_handler_args trap = {.gpu_id = 0xdead};
    bool needs_vm = kernel_at_least("6.1");

    (void)state;
    assert_int_equal(kfd(AMDKFD_IOC_SET_MEMORY_POLICY, &policy), -EINVAL);
    assert_int_equal(kfd(AMDKFD_IOC_SET_SCRATCH_BACKING_VA, &scratch), -EINVAL);
    assert_int_equal(kfd(AMDKFD_IOC_SET_TRAP_HANDLER, &trap), -EINVAL);
    policy.gpu_id = scratch.gpu_id = trap.gpu_id = gpu(0);
    if (needs_vm) {
        assert_int_equal(kfd(AMDKFD_IOC_SET_MEMORY_POLICY, &policy), -ESRCH);
        assert_int_equal(kfd(AMDKFD_IOC_SET_SCRATCH_BACKING_VA, &scratch), -ENODEV);
        assert_int_equal(kfd(AMDKFD_IOC_SET_TRAP_HANDLER, &trap), -ESRCH);
        acquire_fresh(0);
    }
    assert_int_equal(kfd(AMDKFD_IOC_SET_MEMORY_POLICY, &policy), 0);
    assert_int_equal(kfd(AMDKFD_IOC_SET_SCRATCH_BACKING_VA, &scratch), 0);
    assert_int_equal(kfd(AMDKFD_IOC_SET_TRAP_HANDLER, &trap), 0);
    policy.default_policy = 2;
    assert_int_equal(kfd(AMDKFD_IOC_SET_MEMORY_POLICY, &policy), -EINVAL);
    policy.default_policy = 0;
    policy.alternate_policy = 2;
    assert_int_equal(kfd(AMDKFD_IOC_SET_MEMORY_POLICY, &policy), -EINVAL);
}

static void the_trap_handler_is_written_into_the_kernels_page(void **state)
{
    struct kfd_ioctl_set_trap_handler_args trap = {
        .tba_addr = 0x12345000, .tma_addr = 0x67890000, .gpu_id = gpu(0)};
    struct gpu_vm *vm = vm_of(acquire_fresh(0));
    const struct gpu_vm_limits *limits = gpu_vm_limits(vm);
    uint64_t page = kernel_at_least("6.12") ? limits->size - limits->reserved_top : 0x2000;
    uint64_t words[2];

    if (page >= GPU_VA_HOLE_START)
        page |= ~GPU_VA_MASK; /* the GPU's addresses are canonical */

    (void)state;
    assert_int_equal(kfd(AMDKFD_IOC_SET_TRAP_HANDLER, &trap), 0);
    assert_int_equal(
        gpu_vm_read(vm, gpu_va_make(page + PAGE + 2048), words, sizeof words, NULL).err, 0);
    assert_int_equal(words[0], trap.tba_addr);
    assert_int_equal(words[1], trap.tma_addr);
}

static void xnack_is_off_and_stays_so(void **state)
{
    struct kfd_ioctl_set_xnack_mode_args args = {.xnack_enabled = -1};
    struct kfd_create_queue_args queue;

    (void)state;
    if (!kernel_at_least("6.1"))
        return; /* KFD 1.5 brought it */
    assert_int_equal(kfd(AMDKFD_IOC_SET_XNACK_MODE, &args), 0);
    assert_int_equal(args.xnack_enabled, 0);
    assert_int_equal(kfd(AMDKFD_IOC_SET_XNACK_MODE, &args), 0);
    args.xnack_enabled = 1;
    assert_int_equal(kfd(AMDKFD_IOC_SET_XNACK_MODE, &args), -EPERM);
    acquire_fresh(0);
    queue = queue_args(0, KFD_QUEUE_TYPE_COMPUTE_AQL, 0);
    assert_int_equal(create_queue(&queue), 0);
    args.xnack_enabled = 0;
    assert_int_equal(kfd(AMDKFD_IOC_SET_XNACK_MODE, &args), -EBUSY);
}

static void the_runtime_is_enabled_once_and_before_queues(void **state)
{
    struct kfd_runtime_enable_args on = {.mode_mask = KFD_RUNTIME_ENABLE_MODE_ENABLE}, off = {0};
    struct kfd_create_queue_args queue;

    (void)state;
    if (!kernel_at_least("6.12"))
        return; /* KFD 1.13 brought it */
    assert_int_equal(kfd(KFD_IOC_RUNTIME_ENABLE, &on), 0);
    assert_int_equal(kfd(KFD_IOC_RUNTIME_ENABLE, &on), -EBUSY);
    assert_int_equal(kfd(KFD_IOC_RUNTIME_ENABLE, &off), 0);
    acquire_fresh(0);
    queue = queue_args(0, KFD_QUEUE_TYPE_COMPUTE_AQL, 0);
    assert_int_equal(create_queue(&queue), 0);
    assert_int_equal(kfd(KFD_IOC_RUNTIME_ENABLE, &on), -EEXIST);
}

static void debuggers_are_told_that_there_is_nothing(void **state)
{
    struct kfd_dbg_trap_args args = {.pid = (uint32_t)getpid(), .op = KFD_DBG_TRAP_ENABLE};
    struct kfd_ioctl_dbg_register_args old = {.gpu_id = gpu(0)};

    (void)state;
    assert_int_equal(kfd(AMDKFD_IOC_DBG_REGISTER_DEPRECATED, &old), -EPERM);
    assert_int_equal(kfd(AMDKFD_IOC_DBG_UNREGISTER_DEPRECATED, &old), -EPERM);
    if (!kernel_at_least("6.12"))
        return;
    assert_int_equal(kfd(KFD_IOC_DBG_TRAP, &args), -ENODEV);
    args.op = 1;
    assert_int_equal(kfd(KFD_IOC_DBG_TRAP, &args), -EINVAL); /* not enabled */
    args.pid = 1;
    assert_int_equal(kfd(KFD_IOC_DBG_TRAP, &args), -EPERM); /* not traced by us */
    args.pid = 0x7ffffff0;
    assert_int_equal(kfd(KFD_IOC_DBG_TRAP, &args), -ESRCH);
}

static void absent_features_fail(void **state)
{
    struct kfd_ioctl_criu_args criu = {.op = KFD_CRIU_OP_PROCESS_INFO};

    (void)state;
    if (kernel_at_least("6.1")) {
        int r = kfd(AMDKFD_IOC_CRIU_OP, &criu);
        assert_true(r == -ENOTTY || r == -EACCES); /* EACCES without the capability */
    }
    if (kernel_at_least("7.2")) {
        struct kfd_profiler_args limiter = {.op = KFD_PROFILER_PTL, .ptl.gpu_id = gpu(0)};

        assert_int_equal(kfd(KFD_IOC_PROFILER, &limiter), -EOPNOTSUPP);
    }
}

/* Of one context; another one, of the same process, is kept out. */
static void a_profiler_locks_its_gpu(void **state)
{
    struct kfd_profiler_args version = {.op = KFD_PROFILER_VERSION}, unknown = {.op = 99};
    struct kfd_profiler_args lock = {.op = KFD_PROFILER_PMC, .pmc = {.gpu_id = gpu(0), .lock = 1}};
    int other, r;

    (void)state;
    if (!kernel_at_least("7.2"))
        return;
    assert_int_equal(kfd(KFD_IOC_PROFILER, &version), 0);
    assert_int_equal(version.version, 1);
    assert_int_equal(kfd(KFD_IOC_PROFILER, &unknown), -EINVAL);
    r = kfd(KFD_IOC_PROFILER, &lock);
    if (r == -EPERM)
        return; /* without CAP_PERFMON, as it should be */
    assert_int_equal(r, 0);
    assert_int_equal(kfd(KFD_IOC_PROFILER, &lock), -EALREADY);
    assert_int_equal(kfd_node_open(machine, O_RDWR | O_CLOEXEC, &other).err, 0);
    assert_int_equal(call(other, KFD_IOC_CREATE_PROCESS, NULL), 0);
    assert_int_equal(call(other, KFD_IOC_PROFILER, &lock), -EBUSY);
    lock.pmc.lock = 0;
    assert_int_equal(call(other, KFD_IOC_PROFILER, &lock), -EINVAL);
    assert_int_equal(kfd(KFD_IOC_PROFILER, &lock), 0);
    lock.pmc.lock = 1;
    assert_int_equal(call(other, KFD_IOC_PROFILER, &lock), 0);
    close(other); /* and with the context its lock goes */
    node_settle();
    assert_int_equal(kfd(KFD_IOC_PROFILER, &lock), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        kfd_test(clocks_run),
        kfd_test(apertures_are_gfx10s),
        kfd_test(new_apertures_are_counted_then_copied),
        kfd_test(tile_config_is_the_profiles),
        kfd_test(settings_need_a_known_gpu_with_a_vm),
        kfd_test(the_trap_handler_is_written_into_the_kernels_page),
        kfd_test(xnack_is_off_and_stays_so),
        kfd_test(the_runtime_is_enabled_once_and_before_queues),
        kfd_test(debuggers_are_told_that_there_is_nothing),
        kfd_test(absent_features_fail),
        kfd_test(a_profiler_locks_its_gpu),
    };

    cmocka_set_message_output(CM_OUTPUT_STDOUT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
