/* SPDX-License-Identifier: MIT
 *
 * ACQUIRE_VM: which file, in which order the kernel looks, and what goes without it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/contract/kernel/cases.h"
#include "tests/contract/kernel/sdma.h"

void case_version_is_one_of_the_known(void)
{
    struct kfd_ioctl_get_version_args version = {0};
    char name[16], date[16], text[64];
    struct drm_version drm = {.name_len = sizeof name,
                              .name = name,
                              .date_len = sizeof date,
                              .date = date,
                              .desc_len = sizeof text,
                              .desc = text};

    EXPECT(call(kfd_open(), AMDKFD_IOC_GET_VERSION, &version), 0);
    EXPECT(version.major_version, 1);
    EXPECT_TRUE(version.minor_version >= KERNEL(kfd_minor));
    EXPECT(call(render_open(0), DRM_IOCTL_VERSION, &drm), 0);
    EXPECT(drm.version_major, 3);
    EXPECT_TRUE(drm.version_minor >= KERNEL(drm_minor));
    EXPECT(drm.name_len, sizeof "amdgpu" - 1);
}

void case_ioctl_numbers_end_where_the_kernel_ends(void)
{
    int kfd = kfd_open();
    uint32_t argument[64] = {0};

    EXPECT(call(kfd, _IOWR('K', 0, argument), argument), ENOTTY);
    EXPECT(call(kfd, _IOWR('K', (unsigned)KERNEL(kfd_ioctl_end), argument), argument), ENOTTY);
    EXPECT(call(kfd, _IOWR('K', 0xff, argument), argument), ENOTTY);
    /* Numbers alone count, neither the type byte nor the size. */
    EXPECT(call(kfd, _IOR('d', 0x01, uint64_t), argument), 0);
}

void case_topology_has_the_kernels_properties(void)
{
    const struct gpu *gpu = gpu_at(0);
    uint64_t value;

    EXPECT(gpu_property(gpu, "drm_render_minor", &value), true);
    EXPECT(value, gpu->render_minor);
    EXPECT(gpu_property(gpu, "simd_count", &value), true);
    EXPECT_TRUE(value > 0);
    EXPECT(gpu_property(gpu, "gfx_target_version", &value), KERNEL(has_gfx_target_version));
    EXPECT(gpu_property(gpu, "debug_prop", &value), KERNEL(has_debug_prop));
    EXPECT(gpu_property(gpu, "num_xcc", &value), KERNEL(has_num_xcc));
    EXPECT(gpu_property(gpu, "cwsr_size", &value), KERNEL(has_cwsr_size));
}

/* Every compute unit has a vector cache, and the caches that several share are known by one of
 * them: how many units the level 1 caches belong to. */
static unsigned units_with_caches(const struct gpu *gpu)
{
    enum { UNITS_MAX = 1024 };
    bool seen[UNITS_MAX] = {false};
    uint64_t level, first, unit;
    unsigned count = 0;

    EXPECT(gpu_property(gpu, "simd_id_base", &first), true);
    for (unsigned i = 0; gpu_cache_property(gpu, i, "level", &level); i++) {
        EXPECT(gpu_cache_property(gpu, i, "processor_id_low", &unit), true);
        EXPECT_TRUE(unit >= first && unit - first < UNITS_MAX);
        count += level == 1 && !seen[unit - first];
        seen[unit - first] |= level == 1;
    }
    return count;
}

void case_both_sides_have_the_same_compute_units(void)
{
    const struct gpu *gpu = gpu_at(0);
    struct drm_amdgpu_info_device device = {0};
    struct drm_amdgpu_info info = {.query = AMDGPU_INFO_DEV_INFO,
                                   .return_pointer = (uintptr_t)&device,
                                   .return_size = sizeof device};
    uint64_t simds, simds_per_unit, arrays, units_per_array, parts;
    unsigned units = 0;

    if (gpu_property(gpu, "num_xcc", &parts) && parts > 1)
        skip("INFO shows the units of one of this GPU's %u parts", (unsigned)parts);
    EXPECT(call(render_open(0), DRM_IOCTL_AMDGPU_INFO, &info), 0);
    for (unsigned engine = 0; engine < 4; engine++)
        for (unsigned array = 0; array < 4; array++)
            units += (unsigned)__builtin_popcount(device.cu_bitmap[engine][array]);
    EXPECT(units, device.cu_active_number);
    EXPECT(gpu_property(gpu, "simd_count", &simds), true);
    EXPECT(gpu_property(gpu, "simd_per_cu", &simds_per_unit), true);
    EXPECT(simds, units * simds_per_unit);
    /* Units that are switched off leave their arrays where they are. */
    EXPECT(gpu_property(gpu, "array_count", &arrays), true);
    EXPECT(arrays, device.num_shader_engines * device.num_shader_arrays_per_engine);
    EXPECT(gpu_property(gpu, "cu_per_simd_array", &units_per_array), true);
    EXPECT(units_per_array, device.num_cu_per_sh);
    EXPECT(units_with_caches(gpu), units);
}

void case_acquire_knows_a_file_by_its_description(void)
{
    int kfd = kfd_open(), drm = render_open(0);
    uint32_t gpu = gpu_at(0)->id;

    EXPECT(acquire(kfd, drm, gpu), 0);
    EXPECT(acquire(kfd, drm, gpu), 0);
    EXPECT(acquire(kfd, dup(drm), gpu), 0);
    EXPECT(acquire(kfd, render_open(0), gpu), EBUSY);
    EXPECT(acquire(kfd_open(), drm, gpu), 0); /* a second open of /dev/kfd is the same process */
}

void case_acquire_refuses_what_is_no_drm_file(void)
{
    int kfd = kfd_open(), null = open("/dev/null", O_RDWR);
    uint32_t gpu = gpu_at(0)->id;

    EXPECT(acquire(kfd, -1, gpu), EINVAL);
    EXPECT(acquire(kfd, 12345, gpu), EINVAL);
    EXPECT(acquire(kfd, null, gpu), EINVAL);
    EXPECT(acquire(kfd, kfd, gpu), EINVAL);
    EXPECT(acquire(kfd, render_open(0), NOBODY), EINVAL);
    EXPECT(acquire(kfd, render_open(0), 0), EINVAL);
    EXPECT(acquire(kfd, render_open(0), gpu), 0); /* none of these has left anything behind */
}

void case_acquire_checks_in_the_kernels_order(void)
{
    struct session s = session_open(0);

    /* A file that is not open comes first, then the GPU, then "already", then what file it is. */
    EXPECT(acquire(s.kfd, -1, s.gpu->id), EINVAL);
    EXPECT(acquire(s.kfd, -1, NOBODY), EINVAL);
    EXPECT(acquire(s.kfd, s.drm, NOBODY), EINVAL);
    EXPECT(acquire(s.kfd, open("/dev/null", O_RDWR), s.gpu->id), EBUSY);
    EXPECT(acquire(s.kfd, open("/dev/null", O_PATH), s.gpu->id), EINVAL);
}

void case_acquire_takes_a_vm_once(void)
{
    struct session s = session_open(0);

    EXPECT(acquire(s.kfd, s.drm, gpu_at(1)->id), EINVAL);
    EXPECT(acquire(s.kfd, render_open(1), gpu_at(1)->id), 0);
}

void case_acquire_refuses_the_file_of_another_gpu(void)
{
    EXPECT(acquire(kfd_open(), render_open(1), gpu_at(0)->id), EINVAL);
}

void case_acquire_of_a_used_vm(void)
{
    int kfd = kfd_open(), drm = render_open(0);
    uint32_t handle;

    EXPECT(gem_create(drm, MIB(1), AMDGPU_GEM_DOMAIN_GTT, 0, &handle), 0);
    EXPECT(gem_va(drm, AMDGPU_VA_OP_MAP, handle, va_at(0), MIB(1)), 0);
    EXPECT(acquire(kfd, drm, gpu_at(0)->id), KERNEL(acquire_of_used_vm));
    /* Unmapping leaves page tables behind. A fresh file always goes. */
    EXPECT(gem_va(drm, AMDGPU_VA_OP_UNMAP, handle, va_at(0), MIB(1)), 0);
    EXPECT(acquire(kfd, drm, gpu_at(0)->id), KERNEL(acquire_of_used_vm));
    if (KERNEL(acquire_of_used_vm))
        EXPECT(acquire(kfd, render_open(0), gpu_at(0)->id), 0);
}

void case_operations_before_acquire(void)
{
    int kfd = kfd_open(), drm = render_open(0);
    uint32_t gpu = gpu_at(0)->id;
    struct create_queue_args queue = {.head = {.gpu_id = gpu,
                                               .queue_type = KFD_IOC_QUEUE_TYPE_SDMA,
                                               .ring_base_address = va_at(1),
                                               .read_pointer_address = va_at(2),
                                               .write_pointer_address = va_at(2) + 8,
                                               .ring_size = 4096,
                                               .queue_percentage = 100}};
    struct kfd_ioctl_set_memory_policy_args policy = {.gpu_id = gpu};
    struct kfd_ioctl_acquire_vm_args unknown = {.drm_fd = (uint32_t)drm, .gpu_id = NOBODY};
    struct buffer buffer;

    EXPECT(call(kfd, AMDKFD_IOC_ACQUIRE_VM, &unknown), EINVAL);
    if (KERNEL(create_queue_before_acquire) == ESRCH) /* else it makes a VM and finds no ring */
        EXPECT(queue_create(kfd, &queue), ESRCH);
    EXPECT(call(kfd, AMDKFD_IOC_SET_MEMORY_POLICY, &policy),
           KERNEL(set_memory_policy_before_acquire));
    EXPECT(buffer_alloc(kfd, gpu, va_at(0), MIB(1), VRAM, &buffer), KERNEL(alloc_before_acquire));
    if (KERNEL(alloc_before_acquire) == 0)
        EXPECT(buffer_map(kfd, buffer.handle, gpu), 0);
    EXPECT(acquire(kfd, drm, gpu), KERNEL(acquire_after_bound_operation));
}
