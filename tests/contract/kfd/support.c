/* SPDX-License-Identifier: MIT */
#include "tests/contract/kfd/support.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "softgpu/front/kfd/kfd_process.h"
#include "softgpu/front/remote.h"

int kfd_fd = -1;
struct soft_machine *machine;

static int render_fds[64];
static unsigned render_fd_count;

int kfd_setup(void **state)
{
    (void)state;
    rw_log_configure("error"); /* the failures that tests provoke are no news */
    machine = soft_machine();
    assert_non_null(machine);
    assert_int_equal(kfd_node_open(machine, O_RDWR | O_CLOEXEC, &kfd_fd).err, 0);
    return 0;
}

static void close_if_open(int fd)
{
    if (fd >= 0 && fcntl(fd, F_GETFD) >= 0)
        close(fd);
}

int kfd_teardown(void **state)
{
    (void)state;
    for (unsigned i = 0; i < render_fd_count; i++)
        close_if_open(render_fds[i]);
    render_fd_count = 0;
    close_if_open(kfd_fd);
    kfd_fd = -1;
    node_settle();
    kfd_process_exit();
    node_settle(); /* the VMs' files went with the process */
    assert_int_equal(fake_cp_queue_count(), 0);
    return 0;
}

bool kernel_at_least(const char *name)
{
    return machine->kernel->kfd_minor >= kernel_profile_find(name)->kfd_minor;
}

uint32_t gpu(unsigned index)
{
    return machine->devices[index].gpu_id;
}

int call(int fd, unsigned long request, void *argument)
{
    struct node *node = node_get_by_fd(fd);
    rw_status status;
    int result = 0;

    if (node) {
        status = node_call_ioctl(node, request, argument, &result);
        node_put(node);
    } else {
        assert_true(remote_ioctl(fd, request, argument, &status, &result));
    }
    return rw_ok(status) ? result : -status.err;
}

int kfd(unsigned long request, void *argument)
{
    return call(kfd_fd, request, argument);
}

int render_open(unsigned index)
{
    int fd;

    assert_int_equal(
        drm_node_open(machine, &machine->devices[index], true, O_RDWR | O_CLOEXEC, &fd).err, 0);
    assert_true(render_fd_count < sizeof render_fds / sizeof render_fds[0]);
    render_fds[render_fd_count++] = fd;
    return fd;
}

struct drm_file *render_file(int fd)
{
    struct node *node = node_get_by_fd(fd);
    struct drm_file *file = drm_node_file(node);

    node_put(node);
    return file;
}

struct gpu_vm *vm_of(int fd)
{
    return drm_file_vm(render_file(fd));
}

int acquire(int fd, uint32_t gpu_id)
{
    struct kfd_ioctl_acquire_vm_args args = {.drm_fd = (uint32_t)fd, .gpu_id = gpu_id};

    return kfd(AMDKFD_IOC_ACQUIRE_VM, &args);
}

int acquire_fresh(unsigned index)
{
    int fd = render_open(index);

    assert_int_equal(acquire(fd, gpu(index)), 0);
    return fd;
}

int alloc(uint32_t gpu_id, uint64_t va, uint64_t size, uint32_t flags, uint64_t *out_handle)
{
    struct kfd_ioctl_alloc_memory_of_gpu_args args = {
        .va_addr = va, .size = size, .gpu_id = gpu_id, .flags = flags};
    int r = kfd(AMDKFD_IOC_ALLOC_MEMORY_OF_GPU, &args);

    if (out_handle)
        *out_handle = args.handle;
    return r;
}

int free_bo(uint64_t handle)
{
    struct kfd_ioctl_free_memory_of_gpu_args args = {.handle = handle};

    return kfd(AMDKFD_IOC_FREE_MEMORY_OF_GPU, &args);
}

int map_to(uint64_t handle, uint32_t gpu_id)
{
    struct kfd_ioctl_map_memory_to_gpu_args args = {
        .handle = handle, .device_ids_array_ptr = (uintptr_t)&gpu_id, .n_devices = 1};

    return kfd(AMDKFD_IOC_MAP_MEMORY_TO_GPU, &args);
}

int unmap_from(uint64_t handle, uint32_t gpu_id)
{
    struct kfd_ioctl_unmap_memory_from_gpu_args args = {
        .handle = handle, .device_ids_array_ptr = (uintptr_t)&gpu_id, .n_devices = 1};

    return kfd(AMDKFD_IOC_UNMAP_MEMORY_FROM_GPU, &args);
}

uint64_t alloc_and_map(uint32_t gpu_id, uint64_t va, uint64_t size, uint32_t flags)
{
    uint64_t handle = 0;

    assert_int_equal(alloc(gpu_id, va, size, flags, &handle), 0);
    assert_int_equal(map_to(handle, gpu_id), 0);
    return handle;
}

uint64_t va_at(unsigned n)
{
    return (UINT64_C(64) + n) << 30;
}

void *host_alloc(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(memory, MAP_FAILED);
    return memory;
}

int create_event(uint32_t type, bool auto_reset, uint32_t *out_id)
{
    struct kfd_ioctl_create_event_args args = {.event_type = type, .auto_reset = auto_reset};
    int r = kfd(AMDKFD_IOC_CREATE_EVENT, &args);

    *out_id = args.event_id;
    return r;
}

uint64_t save_area_bytes(unsigned index)
{
    const struct gpu_save_area area = gpu_profile_save_area(machine->devices[index].profile);
    uint64_t bytes = area.cwsr_bytes + area.debug_bytes;

    return (bytes + PAGE - 1) / PAGE * PAGE;
}

struct kfd_create_queue_args queue_args(unsigned index, uint32_t type, unsigned slot)
{
    const struct gpu_save_area area = gpu_profile_save_area(machine->devices[index].profile);
    const uint32_t gtt = KFD_IOC_ALLOC_MEM_FLAGS_GTT | READ_WRITE;
    uint64_t base = va_at(100 + slot);
    struct kfd_create_queue_args args = {
        .ring_base_address = base,
        .write_pointer_address = base + 0x1000000 + 8,
        .read_pointer_address = base + 0x1000000 + 128,
        .ring_size = 65536,
        .gpu_id = gpu(index),
        .queue_type = type,
        .queue_percentage = 100,
        .queue_priority = 7,
    };

    alloc_and_map(gpu(index), base, args.ring_size, gtt);
    alloc_and_map(gpu(index), base + 0x1000000, PAGE, gtt);
    if (type != KFD_QUEUE_TYPE_COMPUTE && type != KFD_QUEUE_TYPE_COMPUTE_AQL)
        return args;
    args.eop_buffer_address = base + 0x2000000;
    args.eop_buffer_size = PAGE;
    args.ctx_save_restore_address = base + 0x3000000;
    args.ctx_save_restore_size = (uint32_t)area.cwsr_bytes;
    args.ctl_stack_size = (uint32_t)area.ctl_stack_bytes;
    alloc_and_map(gpu(index), args.eop_buffer_address, PAGE,
                  KFD_IOC_ALLOC_MEM_FLAGS_VRAM | READ_WRITE);
    alloc_and_map(gpu(index), args.ctx_save_restore_address, save_area_bytes(index), gtt);
    return args;
}

int create_queue(struct kfd_create_queue_args *args)
{
    return kfd(KFD_IOC_CREATE_QUEUE, args);
}
