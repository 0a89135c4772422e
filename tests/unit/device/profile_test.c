/* SPDX-License-Identifier: MIT
 *
 * Profiles agree with the formulas that the kernel computes from them; the machine's environment
 * is understood, and what is not is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "softgpu/device/machine.h"

/* What kfd_queue_ctx_save_restore_size() makes of a Radeon RX 6800 XT and of one WGP. */
static void save_areas_have_the_kernels_size(void **state)
{
    struct gpu_profile gpu = *gpu_profile_find("gfx1030"), no_gpu = {.name = "CPU"};
    struct gpu_save_area area = gpu_profile_save_area(&gpu);

    (void)state;
    assert_int_equal(gpu.active_cus, 72);
    assert_int_equal(area.ctl_stack_bytes, 0x7000); /* the most that GFX10 has */
    assert_int_equal(area.cwsr_bytes, 0x17ef000);
    assert_int_equal(area.debug_bytes, 72 * 1024);
    assert_true(rw_ok(gpu_profile_keep_cus(&gpu, 2)));
    area = gpu_profile_save_area(&gpu);
    assert_int_equal(area.ctl_stack_bytes, 0x1000);
    assert_int_equal(area.cwsr_bytes, 0x1000 + 2 * 0x55000);
    assert_int_equal(area.debug_bytes, 2 * 1024);
    assert_int_equal(gpu_profile_save_area(&no_gpu).cwsr_bytes, 0);
}

/* The masks of all arrays: whole WGPs, `active_cus` units, arrays alike but for one WGP. */
static void check_masks(const struct gpu_profile *gpu)
{
    unsigned active = 0, least = gpu->cu_per_array, most = 0;

    for (unsigned engine = 0; engine < gpu->shader_engines; engine++)
        for (unsigned array = 0; array < gpu->arrays_per_engine; array++) {
            uint32_t mask = gpu_profile_cu_mask(gpu, engine, array);
            unsigned units = (unsigned)__builtin_popcount(mask);

            assert_true(mask < 1u << gpu->cu_per_array);
            assert_int_equal(mask & 0x55555555, mask >> 1 & 0x55555555);
            active += units;
            least = units < least ? units : least;
            most = units > most ? units : most;
        }
    assert_int_equal(active, gpu->active_cus);
    assert_true(most - least <= 2);
}

static void masks_hold_the_active_units(void **state)
{
    (void)state;
    for (unsigned i = 0; gpu_profile_at(i); i++)
        for (unsigned cus = 2; cus <= gpu_profile_at(i)->active_cus; cus += 2) {
            struct gpu_profile gpu = *gpu_profile_at(i);

            assert_true(rw_ok(gpu_profile_keep_cus(&gpu, cus)));
            assert_int_equal(gpu.active_cus, cus);
            check_masks(&gpu);
        }
}

static void units_are_kept_by_twos(void **state)
{
    static const unsigned bad[] = {0, 1, 3, 71, 73, 74};
    struct gpu_profile gpu = *gpu_profile_find("gfx1030");

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(gpu_profile_keep_cus(&gpu, bad[i]).err, EINVAL);
    assert_int_equal(gpu.active_cus, 72);
}

static void profiles_are_found_by_name(void **state)
{
    (void)state;
    assert_string_equal(gpu_profile_find("gfx1030")->name, "gfx1030");
    assert_null(gpu_profile_find("gfx1"));
    assert_string_equal(kernel_profile_default()->name, "6.12");
    assert_int_equal(kernel_profile_find("6.12")->kfd_minor, 17);
    assert_int_equal(kernel_profile_find("5.10")->kfd_minor, 3);
    assert_null(kernel_profile_find("6"));
    for (unsigned i = 1; kernel_profile_at(i); i++) { /* newer kernels know more ioctls */
        assert_true(kernel_profile_at(i)->ioctl_count > kernel_profile_at(i - 1)->ioctl_count);
        assert_true(kernel_profile_at(i)->kfd_minor > kernel_profile_at(i - 1)->kfd_minor);
    }
}

/* A machine is built once a process, so each environment gets a child. Exit status: 0 = as
 * expected. */
static bool in_child(const char *name, const char *value, bool (*check)(void))
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        rw_log_levels[RW_AREA_base] = RW_LOG_ERROR;
        close(STDERR_FILENO);
        if (name)
            setenv(name, value, 1);
        _exit(check() ? 0 : 1);
    }
    waitpid(child, &status, 0);
    return status == 0;
}

static bool is_refused(void)
{
    return !soft_machine_describe() && !soft_machine();
}

static bool is_default(void)
{
    const struct soft_machine *machine = soft_machine_describe();

    return machine && machine->device_count == 1 && machine->threads >= 1 &&
           strcmp(machine->devices[0].profile->name, "gfx1030") == 0 &&
           machine->devices[0].vram_bytes == machine->devices[0].profile->vram_bytes &&
           machine->devices[0].gpu_id > 0 && machine->devices[0].gpu_id < 0x10000 &&
           machine->pid == getpid();
}

static bool has_three_gpus(void)
{
    const struct soft_machine *machine = soft_machine_describe();

    if (!machine || machine->device_count != 3)
        return false;
    for (unsigned i = 0; i < 3; i++) {
        const struct soft_device *device = &machine->devices[i];
        if (device->card_minor != i || device->render_minor != 128 + i || device->index != i ||
            device->kfd_node != machine->devices[0].kfd_node + i)
            return false;
        if (soft_device_by_gpu_id((struct soft_machine *)machine, device->gpu_id) != device)
            return false;
    }
    return true;
}

static bool has_512_mib(void)
{
    return soft_machine_describe() && soft_machine_describe()->devices[0].vram_bytes == 512u << 20;
}

static bool has_kernel_6_1(void)
{
    return soft_machine_describe() && soft_machine_describe()->kernel->kfd_minor == 11;
}

static bool has_5_threads(void)
{
    return soft_machine_describe() && soft_machine_describe()->threads == 5;
}

static bool has_6_units(void)
{
    const struct soft_machine *machine = soft_machine_describe();

    return machine && machine->device_count == 1 && machine->devices[0].profile->active_cus == 6 &&
           gpu_profile_find("gfx1030")->active_cus == 72;
}

static void the_environment_is_understood(void **state)
{
    (void)state;
    assert_true(in_child(NULL, NULL, is_default));
    assert_true(in_child("ROCWELD_GPU", "", is_default));
    assert_true(in_child("ROCWELD_GPU", "soft", is_default));
    assert_true(in_child("ROCWELD_GPU", "soft:gfx1030", is_default));
    assert_true(in_child("ROCWELD_GPU", "soft:gfx1030,gfx1030,gfx1030", has_three_gpus));
    assert_true(in_child("ROCWELD_VRAM", "512M", has_512_mib));
    assert_true(in_child("ROCWELD_VRAM", "512MiB", has_512_mib));
    assert_true(in_child("ROCWELD_VRAM", "536870912", has_512_mib));
    assert_true(in_child("ROCWELD_VRAM", "524288k", has_512_mib));
    assert_true(in_child("ROCWELD_CUS", "6", has_6_units));
    assert_true(in_child("ROCWELD_CUS", "72", is_default));
    assert_true(in_child("ROCWELD_KERNEL", "6.1", has_kernel_6_1));
    assert_true(in_child("ROCWELD_THREADS", "5", has_5_threads));
}

static void nonsense_is_refused(void **state)
{
    static const char *const bad[][2] = {
        {"ROCWELD_GPU", "hard"},     {"ROCWELD_GPU", "soft:"},
        {"ROCWELD_GPU", "soft:gfx"}, {"ROCWELD_GPU", "soft:gfx1030,"},
        {"ROCWELD_VRAM", "lots"},    {"ROCWELD_VRAM", "-1G"},
        {"ROCWELD_VRAM", "1K"},      {"ROCWELD_VRAM", "99999999T"},
        {"ROCWELD_VRAM", "8Gx"},     {"ROCWELD_KERNEL", "6"},
        {"ROCWELD_KERNEL", "linux"}, {"ROCWELD_THREADS", "0"},
        {"ROCWELD_THREADS", "two"},  {"ROCWELD_THREADS", "4x"},
        {"ROCWELD_CUS", "0"},        {"ROCWELD_CUS", "3"},
        {"ROCWELD_CUS", "-2"},       {"ROCWELD_CUS", "2x"},
        {"ROCWELD_CUS", "74"},       {"ROCWELD_CUS", "4294967298"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_true(in_child(bad[i][0], bad[i][1], is_refused));
    assert_true(in_child("ROCWELD_GPU",
                         "soft:gfx1030,gfx1030,gfx1030,gfx1030,gfx1030,gfx1030,gfx1030,gfx1030,"
                         "gfx1030",
                         is_refused));
}

/* The child's machine is its own, though the parent has built one. */
static bool child_builds_anew(void)
{
    return soft_machine_describe() && soft_machine_describe()->pid == getpid();
}

static void a_fork_gets_a_machine_of_its_own(void **state)
{
    (void)state;
    assert_non_null(soft_machine_describe());
    assert_int_equal(soft_machine_describe()->pid, getpid());
    assert_true(in_child(NULL, NULL, child_builds_anew));
}

static void memory_comes_with_the_first_real_use(void **state)
{
    const struct soft_machine *description = soft_machine_describe();

    (void)state;
    assert_null(description->devices[0].heaps);
    assert_ptr_equal(soft_machine(), description);
    assert_non_null(description->devices[0].heaps);
}

static void the_clock_runs_at_its_rate(void **state)
{
    const struct soft_device *device = &soft_machine()->devices[0];
    struct timespec start, end, pause = {.tv_nsec = 20000000};

    (void)state;
    clock_gettime(CLOCK_MONOTONIC_RAW, &start);
    uint64_t first = soft_device_clock(device);
    nanosleep(&pause, NULL);
    uint64_t second = soft_device_clock(device);
    clock_gettime(CLOCK_MONOTONIC_RAW, &end);
    uint64_t limit = (uint64_t)(end.tv_sec - start.tv_sec) * 1000000000u + (uint64_t)end.tv_nsec -
                     (uint64_t)start.tv_nsec;
    uint64_t ticks = second - first; /* of 10 ns */
    assert_int_equal(device->profile->gpu_counter_khz, 100000);
    assert_true(ticks >= 2000000 && ticks <= limit / 10 + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(save_areas_have_the_kernels_size),
        cmocka_unit_test(masks_hold_the_active_units),
        cmocka_unit_test(units_are_kept_by_twos),
        cmocka_unit_test(profiles_are_found_by_name),
        cmocka_unit_test(the_environment_is_understood),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(a_fork_gets_a_machine_of_its_own),
        cmocka_unit_test(memory_comes_with_the_first_real_use),
        cmocka_unit_test(the_clock_runs_at_its_rate),
    };

    unsetenv("ROCWELD_GPU");
    unsetenv("ROCWELD_VRAM");
    unsetenv("ROCWELD_CUS");
    unsetenv("ROCWELD_KERNEL");
    unsetenv("ROCWELD_THREADS");
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
