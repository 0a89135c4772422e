/* SPDX-License-Identifier: MIT
 *
 * KFD memory and GEM buffers in one VM: who may map what where, and whose handle is whose.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/contract/kernel/cases.h"
#include "tests/contract/kernel/sdma.h"

/* ---- one tree of mappings ---- */

void case_kfd_map_over_gem_is_refused(void)
{
    struct session s = session_open(0);
    struct buffer buffer;
    uint32_t handle;

    EXPECT(gem_create(s.drm, MIB(1), AMDGPU_GEM_DOMAIN_GTT, 0, &handle), 0);
    EXPECT(gem_va(s.drm, AMDGPU_VA_OP_MAP, handle, va_at(0), MIB(1)), 0);
    EXPECT(buffer_alloc(s.kfd, s.gpu->id, va_at(0) + KIB(512), MIB(1), GTT, &buffer), 0);
    EXPECT(buffer_map(s.kfd, buffer.handle, s.gpu->id), EINVAL);
    EXPECT(gem_va(s.drm, AMDGPU_VA_OP_UNMAP, handle, va_at(0), MIB(1)), 0);
    EXPECT(buffer_map(s.kfd, buffer.handle, s.gpu->id), 0);
}

void case_gem_map_over_kfd_is_refused(void)
{
    struct session s = session_open(0);
    struct buffer buffer = buffer_make(&s, va_at(0), MIB(1), GTT);
    uint32_t handle;

    EXPECT(gem_create(s.drm, MIB(1), AMDGPU_GEM_DOMAIN_GTT, 0, &handle), 0);
    EXPECT(gem_va(s.drm, AMDGPU_VA_OP_MAP, handle, buffer.va, MIB(1)), EINVAL);
    EXPECT(gem_va(s.drm, AMDGPU_VA_OP_MAP, handle, buffer.va - PAGE, MIB(1)), EINVAL);
    EXPECT(gem_va(s.drm, AMDGPU_VA_OP_MAP, handle, buffer.va + MIB(1) - PAGE, MIB(1)), EINVAL);
    EXPECT(gem_va(s.drm, AMDGPU_VA_OP_MAP, handle, buffer.va + MIB(1), MIB(1)), 0);
    EXPECT(gem_va(s.drm, AMDGPU_VA_OP_REPLACE, handle, buffer.va, MIB(1)), 0); /* not refused */
}

void case_gem_clear_takes_kfd_mappings_away(void)
{
    struct session s = session_open(0);
    struct buffer buffer = buffer_make(&s, va_at(0), MIB(1), GTT);
    uint32_t handle;

    EXPECT(gem_create(s.drm, MIB(1), AMDGPU_GEM_DOMAIN_GTT, 0, &handle), 0);
    EXPECT(gem_va(s.drm, AMDGPU_VA_OP_CLEAR, 0, buffer.va, MIB(1)), 0);
    EXPECT(gem_va(s.drm, AMDGPU_VA_OP_MAP, handle, buffer.va, MIB(1)), 0);
    EXPECT(gem_va(s.drm, AMDGPU_VA_OP_UNMAP, handle, buffer.va, MIB(1)), 0);
    EXPECT(buffer_free(s.kfd, buffer.handle), EBUSY); /* the KFD has not heard of it */
    EXPECT(buffer_unmap(s.kfd, buffer.handle, s.gpu->id), 0);
    EXPECT(buffer_free(s.kfd, buffer.handle), 0);
}

/* ---- SVM ---- */

static int svm_set(int kfd, void *start, uint64_t size)
{
    union {
        struct kfd_ioctl_svm_args head;
        char bytes[sizeof(struct kfd_ioctl_svm_args) + sizeof(struct kfd_ioctl_svm_attribute)];
    } args = {.head = {.start_addr = (uintptr_t)start,
                       .size = size,
                       .op = KFD_IOCTL_SVM_OP_SET_ATTR,
                       .nattr = 1}};

    args.head.attrs[0] = (struct kfd_ioctl_svm_attribute){KFD_IOCTL_SVM_ATTR_GRANULARITY, 9};
    return call(kfd, _IOWR('K', 0x20, args), &args);
}

static void *host_memory(uint64_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    EXPECT_TRUE(memory != MAP_FAILED);
    return memory;
}

void case_svm_keeps_off_mappings_but_gem_not_off_svm(void)
{
    struct session s = session_open(0);
    char *memory = host_memory(MIB(6));
    struct buffer buffer;
    uint32_t handle;

    if (KERNEL(svm) != 0) {
        EXPECT(svm_set(s.kfd, memory, MIB(2)), KERNEL(svm));
        skip("this kernel has no SVM");
    }
    EXPECT(gem_create(s.drm, MIB(2), AMDGPU_GEM_DOMAIN_GTT, 0, &handle), 0);
    EXPECT(gem_va(s.drm, AMDGPU_VA_OP_MAP, handle, (uintptr_t)memory, MIB(2)), 0);
    EXPECT(svm_set(s.kfd, memory, MIB(2)), EADDRINUSE);
    buffer_make(&s, (uintptr_t)memory + MIB(2), MIB(2), GTT);
    EXPECT(svm_set(s.kfd, memory + MIB(2), MIB(2)), EADDRINUSE);
    EXPECT(svm_set(s.kfd, memory + MIB(4), MIB(2)), 0);
    EXPECT(buffer_alloc(s.kfd, s.gpu->id, (uintptr_t)memory + MIB(4), MIB(1), GTT, &buffer),
           EADDRINUSE);
    EXPECT(gem_va(s.drm, AMDGPU_VA_OP_MAP, handle, (uintptr_t)memory + MIB(4), MIB(2)), 0);
    EXPECT(svm_set(s.kfd, memory + 1, MIB(1)), EINVAL);
    EXPECT(svm_set(s.kfd, memory, 0), EINVAL);
}

/* ---- handles ---- */

void case_a_mapped_buffer_is_not_freed(void)
{
    struct session s = session_open(0);
    struct buffer buffer = buffer_make(&s, va_at(0), MIB(1), VRAM);

    EXPECT(buffer_free(s.kfd, buffer.handle), EBUSY);
    EXPECT(buffer_map(s.kfd, buffer.handle, s.gpu->id), 0); /* still good; mapped already */
    EXPECT(buffer_unmap(s.kfd, buffer.handle, s.gpu->id), 0);
    EXPECT(buffer_unmap(s.kfd, buffer.handle, s.gpu->id), EINVAL);
    EXPECT(buffer_free(s.kfd, buffer.handle), 0);
    EXPECT(buffer_free(s.kfd, buffer.handle), EINVAL);
}

void case_unknown_handles_have_their_errors(void)
{
    struct session s = session_open(0);
    uint64_t number = (uint64_t)s.gpu->id << 32 | 4711, gpu = (uint64_t)NOBODY << 32;
    int fd;

    EXPECT(buffer_map(s.kfd, number, s.gpu->id), ENOMEM);
    EXPECT(buffer_map(s.kfd, gpu, s.gpu->id), EINVAL);
    EXPECT(buffer_unmap(s.kfd, number, s.gpu->id), ENOMEM);
    EXPECT(buffer_unmap(s.kfd, gpu, s.gpu->id), EINVAL);
    EXPECT(buffer_free(s.kfd, number), EINVAL);
    EXPECT(buffer_free(s.kfd, gpu), EINVAL);
    if (KERNEL(export_dmabuf) == 0) {
        EXPECT(buffer_export(s.kfd, number, &fd), EINVAL);
        EXPECT(buffer_export(s.kfd, gpu, &fd), EINVAL);
    }
}

void case_handle_spaces_are_apart(void)
{
    struct session s = session_open(0);
    struct buffer first = buffer_make(&s, va_at(0), MIB(1), VRAM);
    struct buffer second = buffer_make(&s, va_at(1), MIB(1), GTT);
    uint32_t gem, event;

    EXPECT(first.handle >> 32, s.gpu->id);
    EXPECT(second.handle >> 32, s.gpu->id);
    EXPECT_TRUE((uint32_t)first.handle != (uint32_t)second.handle);
    EXPECT(gem_close(s.drm, 1), EINVAL); /* a KFD buffer has no GEM handle of the program's */
    EXPECT(gem_create(s.drm, MIB(1), AMDGPU_GEM_DOMAIN_GTT, 0, &gem), 0);
    EXPECT(gem, 1);
    EXPECT(gem_close(s.drm, gem), 0);
    EXPECT(gem_create(s.drm, MIB(1), AMDGPU_GEM_DOMAIN_GTT, 0, &gem), 0);
    EXPECT(gem, 1); /* numbers are used again */
    EXPECT(event_create(s.kfd, KFD_IOC_EVENT_SIGNAL, &event), 0);
    EXPECT_TRUE(event < KFD_SIGNAL_EVENT_LIMIT);
    EXPECT(event_create(s.kfd, KFD_IOC_EVENT_MEMORY, &event), 0);
    EXPECT(event, (INT32_MAX >> 1) + 1);
}

/* ---- one object behind several handles ---- */

static int kfd_import(int kfd, uint32_t gpu_id, int fd, uint64_t va, uint64_t *out_handle)
{
    struct kfd_ioctl_import_dmabuf_args args = {
        .va_addr = va, .gpu_id = gpu_id, .dmabuf_fd = (uint32_t)fd};
    int err = call(kfd, AMDKFD_IOC_IMPORT_DMABUF, &args);

    *out_handle = args.handle;
    return err;
}

void case_an_exported_buffer_is_one_object(void)
{
    struct session s = session_open(0);
    struct buffer buffer = buffer_make(&s, va_at(0), MIB(1), GTT);
    uint32_t *kfd_view = buffer_mmap(s.drm, &buffer), *gem_view, handle, again;
    int fd;

    if (KERNEL(export_dmabuf) != 0) {
        EXPECT(buffer_export(s.kfd, buffer.handle, &fd), KERNEL(export_dmabuf));
        skip("this kernel exports no KFD buffers");
    }
    EXPECT(buffer_export(s.kfd, buffer.handle, &fd), 0);
    EXPECT(gem_import(s.drm, fd, &handle), 0);
    EXPECT(gem_import(s.drm, fd, &again), 0);
    EXPECT(again, handle);
    close(fd);
    EXPECT(gem_va(s.drm, AMDGPU_VA_OP_MAP, handle, va_at(1), MIB(1)), 0);
    gem_view = gem_mmap(s.drm, handle, MIB(1));
    kfd_view[17] = 4711;
    EXPECT(gem_view[17], 4711);
    EXPECT(buffer_unmap(s.kfd, buffer.handle, s.gpu->id), 0);
    EXPECT(buffer_free(s.kfd, buffer.handle), 0);
    munmap(kfd_view, buffer.size);
    EXPECT(gem_view[17], 4711);
    EXPECT(gem_va(s.drm, AMDGPU_VA_OP_UNMAP, handle, va_at(1), MIB(1)), 0);
    EXPECT(gem_close(s.drm, handle), 0);
    EXPECT(gem_close(s.drm, handle), EINVAL); /* the second import gave no second reference */
}

void case_always_valid_buffers_stay_in_their_vm(void)
{
    struct session s = session_open(0);
    uint32_t handle;
    int fd;

    EXPECT(gem_create(s.drm, MIB(1), AMDGPU_GEM_DOMAIN_VRAM, AMDGPU_GEM_CREATE_VM_ALWAYS_VALID,
                      &handle),
           0);
    EXPECT(gem_va(s.drm, AMDGPU_VA_OP_MAP, handle, va_at(0), MIB(1)), 0);
    EXPECT(gem_export(s.drm, handle, &fd), EPERM);
}

void case_gem_buffers_can_join_the_compute_set(void)
{
    struct session s = session_open(0);
    uint32_t handle;
    uint64_t joined;
    int fd, null = open("/dev/null", O_RDWR);

    EXPECT(gem_create(s.drm, MIB(1), AMDGPU_GEM_DOMAIN_VRAM, 0, &handle), 0);
    EXPECT(gem_va(s.drm, AMDGPU_VA_OP_MAP, handle, va_at(0), MIB(1)), 0);
    EXPECT(gem_export(s.drm, handle, &fd), 0);
    EXPECT(kfd_import(s.kfd, s.gpu->id, fd, 0, &joined), 0);
    EXPECT(joined >> 32, s.gpu->id);
    EXPECT(buffer_map(s.kfd, joined, s.gpu->id), EINVAL); /* it has no address of the KFD's */
    EXPECT(buffer_free(s.kfd, joined), 0);
    EXPECT(gem_va(s.drm, AMDGPU_VA_OP_UNMAP, handle, va_at(0), MIB(1)), 0);
    EXPECT(kfd_import(s.kfd, NOBODY, fd, 0, &joined), EINVAL);
    EXPECT(kfd_import(s.kfd, s.gpu->id, -1, 0, &joined), EBADF);
    EXPECT(kfd_import(s.kfd, s.gpu->id, null, 0, &joined), EINVAL);
}

/* ---- several GPUs ---- */

void case_mapping_goes_gpu_by_gpu(void)
{
    struct session s = session_open(0), t = session_add(s.kfd, 1);
    uint32_t gpus[] = {s.gpu->id, NOBODY, t.gpu->id};
    struct kfd_ioctl_map_memory_to_gpu_args args = {.device_ids_array_ptr = (uintptr_t)gpus,
                                                    .n_devices = 3};
    struct buffer buffer;

    EXPECT(buffer_alloc(s.kfd, s.gpu->id, va_at(0), MIB(1), GTT, &buffer), 0);
    args.handle = buffer.handle;
    EXPECT(call(s.kfd, AMDKFD_IOC_MAP_MEMORY_TO_GPU, &args), EINVAL);
    EXPECT(args.n_success, 1);
    gpus[1] = t.gpu->id;
    EXPECT(call(s.kfd, AMDKFD_IOC_MAP_MEMORY_TO_GPU, &args), 0); /* goes on where it stopped */
    EXPECT(args.n_success, 3);
    EXPECT(buffer_unmap(s.kfd, buffer.handle, s.gpu->id), 0);
    EXPECT(buffer_free(s.kfd, buffer.handle), EBUSY);
    EXPECT(buffer_unmap(s.kfd, buffer.handle, t.gpu->id), 0);
    args.n_success = 4;
    EXPECT(call(s.kfd, AMDKFD_IOC_MAP_MEMORY_TO_GPU, &args), EINVAL);
    args.n_success = args.n_devices = 0;
    EXPECT(call(s.kfd, AMDKFD_IOC_MAP_MEMORY_TO_GPU, &args), EINVAL);
    EXPECT(buffer_free(s.kfd, buffer.handle), 0);
}

static uint64_t gem_domains(int drm_fd, uint32_t handle)
{
    struct drm_amdgpu_gem_create_in info = {0};
    struct drm_amdgpu_gem_op args = {
        .handle = handle, .op = AMDGPU_GEM_OP_GET_GEM_CREATE_INFO, .value = (uintptr_t)&info};

    EXPECT(call(drm_fd, DRM_IOCTL_AMDGPU_GEM_OP, &args), 0);
    return info.domains;
}

void case_buffers_are_objects_of_one_device(void)
{
    struct session s = session_open(0), t = session_add(s.kfd, 1);
    uint32_t here, there, back;
    uint64_t joined;
    int fd, fd_there;

    EXPECT(gem_create(s.drm, MIB(1), AMDGPU_GEM_DOMAIN_VRAM, 0, &here), 0);
    EXPECT(gem_export(s.drm, here, &fd), 0);
    EXPECT(gem_import(t.drm, fd, &there), 0);
    EXPECT(gem_domains(s.drm, here), AMDGPU_GEM_DOMAIN_VRAM);
    EXPECT(gem_domains(t.drm, there),
           AMDGPU_GEM_DOMAIN_GTT); /* another object, of the same pages */
    EXPECT(kfd_import(s.kfd, t.gpu->id, fd, 0, &joined), KERNEL(import_dmabuf_of_other_gpu));
    /* What the second device gives out again is the first one's. */
    EXPECT(gem_export(t.drm, there, &fd_there), 0);
    EXPECT(gem_import(s.drm, fd_there, &back), 0);
    EXPECT(back, here);
}

/* ---- mmap ---- */

enum { MMAP_MMIO = 0, MMAP_RESERVED = 1, MMAP_EVENTS = 2, MMAP_DOORBELL = 3 };

static uint64_t kfd_offset(uint64_t type, uint64_t gpu_id)
{
    return type << 62 | gpu_id << 46;
}

void case_kfd_mmap_offsets(void)
{
    struct session s = session_open(0);
    void *at;

    EXPECT(mmap_try(s.kfd, kfd_offset(MMAP_DOORBELL, NOBODY), KIB(8), &at), ENODEV);
    EXPECT(mmap_try(s.kfd, kfd_offset(MMAP_DOORBELL, s.gpu->id), KIB(4), &at), EINVAL);
    EXPECT(mmap_try(s.kfd, kfd_offset(MMAP_DOORBELL, s.gpu->id), KIB(8), &at), 0);
    EXPECT(mmap_try(s.kfd, kfd_offset(MMAP_MMIO, NOBODY), KIB(4), &at), ENODEV);
    EXPECT(mmap_try(s.kfd, kfd_offset(MMAP_MMIO, s.gpu->id), KIB(8), &at), EINVAL);
    EXPECT(mmap_try(s.kfd, kfd_offset(MMAP_RESERVED, NOBODY), KIB(8), &at),
           KERNEL(mmap_reserved_of_unknown_gpu));
    EXPECT(mmap_try(s.kfd, kfd_offset(MMAP_EVENTS, 0), KIB(32), &at), EINVAL);
}

void case_buffer_mmap_is_the_acquired_files(void)
{
    struct session s = session_open(0);
    struct buffer buffer = buffer_make(&s, va_at(0), MIB(1), GTT);
    struct kfd_ioctl_alloc_memory_of_gpu_args host = {
        .va_addr = va_at(1),
        .size = MIB(1),
        .gpu_id = s.gpu->id,
        .flags = KFD_IOC_ALLOC_MEM_FLAGS_USERPTR | MEMORY_WRITABLE,
        .mmap_offset = (uintptr_t)host_memory(MIB(1)),
    };
    int other = render_open(0);
    uint32_t handle;
    void *at;

    EXPECT(mmap_try(s.drm, buffer.mmap_offset, MIB(1), &at), 0);
    EXPECT(mmap_try(s.drm, buffer.mmap_offset, PAGE, &at), 0);
    EXPECT(mmap_try(s.drm, buffer.mmap_offset, MIB(2), &at), EINVAL);
    EXPECT(mmap_try(s.drm, buffer.mmap_offset + PAGE, PAGE, &at), EINVAL);
    if (kernel_version() > KERNEL_5_10) /* which lets any file of the GPU map KFD memory */
        EXPECT(mmap_try(other, buffer.mmap_offset, MIB(1), &at), EACCES);
    EXPECT(mmap_try(s.drm, 0, PAGE, &at), EINVAL);
    EXPECT(call(s.kfd, AMDKFD_IOC_ALLOC_MEMORY_OF_GPU, &host), 0);
    EXPECT(mmap_try(s.drm, host.mmap_offset, MIB(1), &at), EPERM);
    EXPECT(
        gem_create(s.drm, MIB(1), AMDGPU_GEM_DOMAIN_VRAM, AMDGPU_GEM_CREATE_NO_CPU_ACCESS, &handle),
        0);
    union drm_amdgpu_gem_mmap args = {.in = {.handle = handle}};
    EXPECT(call(s.drm, DRM_IOCTL_AMDGPU_GEM_MMAP, &args), EPERM);
}
