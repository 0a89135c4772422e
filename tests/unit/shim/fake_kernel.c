/* SPDX-License-Identifier: MIT */
#include "tests/unit/shim/fake_kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <amdgpu_drm.h>
#include <drm.h>
#include <linux/kfd_ioctl.h>

#include "kmt-shim/files.h"
#include "kmt-shim/gpu.h"
#include "kmt-shim/next.h"
#include "kmt-shim/policy.h"
#include "kmt-shim/share.h"

enum { MAPPING_MAX = 256, OBJECT_MAX = 4096 };

struct object {
    uint64_t size, address;
    uint32_t gem; /* 0: no handle */
    bool kfd, doubled;
    uint64_t kfd_handle;
    bool attached[2];
    int dmabuf; /* a memfd, whose inode stands for the DMABuf's; 0: none */
};

static struct fake_mapping mappings[MAPPING_MAX];
static struct object objects[OBJECT_MAX];
static int object_count;
static int fail_next, map_only;
static unsigned described_minor;
static int described_same;
static struct drm_file *files_of_vm[2];

void fake_kernel_start(void)
{
    files_note_open(FAKE_DRM_FD, 128);
    files_of_vm[0] = files_get(FAKE_DRM_FD);
    files_note_open(FAKE_DRM_FD + 10, 129);
    files_of_vm[1] = files_get(FAKE_DRM_FD + 10);
    for (int vm = 0; vm < 2; vm++) {
        atomic_store(&files_of_vm[vm]->shared, true);
        atomic_store(&files_of_vm[vm]->acquired, true);
    }
    map_only = -1;
}

void fake_kernel_fail_next(int err)
{
    fail_next = err;
}

void fake_kernel_map_only(unsigned gpus)
{
    map_only = (int)gpus;
}

static struct fake_mapping *find_from(int vm, uint64_t start, uint64_t last)
{
    for (int i = 0; i < MAPPING_MAX; i++) {
        struct fake_mapping *at = &mappings[i];

        if (at->live && at->vm == vm && at->start <= last && at->last >= start)
            return at;
    }
    return NULL;
}

const struct fake_mapping *fake_kernel_find(int vm, uint64_t address)
{
    return find_from(vm, address, address);
}

unsigned fake_kernel_count(int vm)
{
    unsigned count = 0;

    for (int i = 0; i < MAPPING_MAX; i++)
        count += mappings[i].live && mappings[i].vm == vm;
    return count;
}

uint32_t fake_kernel_gem_of(int object)
{
    return objects[object].gem;
}

bool fake_kernel_has_kfd(int object, uint64_t *out_handle)
{
    *out_handle = objects[object].kfd_handle;
    return objects[object].kfd;
}

static int add(struct fake_mapping mapping)
{
    for (int i = 0; i < MAPPING_MAX; i++) {
        if (!mappings[i].live) {
            mappings[i] = mapping;
            mappings[i].live = true;
            return 0;
        }
    }
    abort();
}

static void cut(int vm, uint64_t start, uint64_t last)
{
    struct fake_mapping *at;

    while ((at = find_from(vm, start, last))) {
        struct fake_mapping old = *at, tail = *at;

        at->live = false;
        if (old.start < start) {
            old.last = start - 1;
            add(old);
        }
        if (tail.last > last) {
            tail.offset += last + 1 - tail.start;
            tail.start = last + 1;
            add(tail);
        }
    }
}

/* A buffer that the VM no longer knows by any name loses its mappings there. */
static void drop_unknown(int object)
{
    for (int vm = 0; vm < 2; vm++) {
        if (objects[object].attached[vm] || (vm == 0 && objects[object].gem))
            continue;
        for (int i = 0; i < MAPPING_MAX; i++) {
            if (mappings[i].live && mappings[i].vm == vm && mappings[i].object == object)
                mappings[i].live = false;
        }
    }
}

static int fail(int err)
{
    errno = err;
    return -1;
}

static int object_make(uint64_t size)
{
    if (object_count == OBJECT_MAX)
        abort();
    objects[object_count] = (struct object){.size = size};
    return object_count++;
}

static int find_gem(uint32_t gem)
{
    for (int i = 0; i < object_count; i++) {
        if (gem && objects[i].gem == gem)
            return i;
    }
    return -1;
}

/* The lowest free number, as the kernel gives handles. */
static uint32_t free_gem(void)
{
    uint32_t gem = 1;

    while (find_gem(gem) >= 0)
        gem++;
    return gem;
}

static int find_kfd(uint64_t handle)
{
    for (int i = 0; i < object_count; i++) {
        if (objects[i].kfd && objects[i].kfd_handle == handle)
            return i;
    }
    return -1;
}

static void give_kfd(int object, uint32_t gpu_id)
{
    uint64_t handle = (uint64_t)gpu_id << 32;

    while (find_kfd(handle) >= 0)
        handle++;
    objects[object].kfd = true;
    objects[object].kfd_handle = handle;
    objects[object].attached[0] = objects[object].attached[1] = false;
}

static int dmabuf_of(int object)
{
    if (!objects[object].dmabuf)
        objects[object].dmabuf = memfd_create("dmabuf", MFD_CLOEXEC);
    if (ftruncate(objects[object].dmabuf, (off_t)objects[object].size) != 0)
        abort();
    return dup(objects[object].dmabuf);
}

static int object_of_dmabuf(int fd)
{
    struct stat wanted, st;

    if (fstat(fd, &wanted) != 0)
        return -1;
    for (int i = 0; i < object_count; i++) {
        if (objects[i].dmabuf && fstat(objects[i].dmabuf, &st) == 0 && st.st_ino == wanted.st_ino)
            return i;
    }
    return -1;
}

/* ---- DRM ---- */

static int gem_va(const struct drm_amdgpu_gem_va *args)
{
    uint64_t start = args->va_address, last = start + args->map_size - 1;
    int object = args->operation == AMDGPU_VA_OP_CLEAR ? 0 : find_gem(args->handle);
    struct fake_mapping mapping = {0, start, last, args->offset_in_bo, object, false, true};
    struct fake_mapping *at;

    if (object < 0)
        return fail(ENOENT);
    switch (args->operation) {
    case AMDGPU_VA_OP_MAP:
        return find_from(0, start, last) ? fail(EINVAL) : add(mapping);
    case AMDGPU_VA_OP_REPLACE:
        cut(0, start, last);
        return add(mapping);
    case AMDGPU_VA_OP_CLEAR:
        cut(0, start, last);
        return 0;
    default:
        at = find_from(0, start, start);
        if (!at || at->start != start || at->object != object)
            return fail(ENOENT);
        at->live = false;
        return 0;
    }
}

static int gem_close(const struct drm_gem_close *args)
{
    int object = find_gem(args->handle);

    if (object < 0)
        return fail(EINVAL);
    objects[object].gem = 0;
    drop_unknown(object);
    return 0;
}

static int drm_call(unsigned long request, void *argument)
{
    union drm_amdgpu_gem_create *create = argument;
    struct drm_prime_handle *prime = argument;
    int object;

    switch (_IOC_NR(request)) {
    case _IOC_NR(DRM_IOCTL_AMDGPU_GEM_CREATE):
        object = object_make(create->in.bo_size);
        objects[object].gem = create->out.handle = free_gem();
        return 0;
    case _IOC_NR(DRM_IOCTL_GEM_CLOSE):
        return gem_close(argument);
    case _IOC_NR(DRM_IOCTL_AMDGPU_GEM_VA):
        return gem_va(argument);
    case _IOC_NR(DRM_IOCTL_PRIME_HANDLE_TO_FD):
        object = find_gem(prime->handle);
        if (object < 0)
            return fail(ENOENT);
        prime->fd = dmabuf_of(object);
        return 0;
    case _IOC_NR(DRM_IOCTL_PRIME_FD_TO_HANDLE):
        object = object_of_dmabuf(prime->fd);
        if (object < 0)
            return fail(EINVAL);
        if (!objects[object].gem)
            objects[object].gem = free_gem();
        prime->handle = objects[object].gem;
        return 0;
    default:
        return fail(ENOTTY);
    }
}

/* ---- KFD ---- */

static int vm_of(uint32_t gpu_id)
{
    return gpu_id == FAKE_GPU_A ? 0 : gpu_id == FAKE_GPU_B ? 1 : -1;
}

static struct fake_mapping *kfd_mapping(int vm, int object)
{
    for (int i = 0; i < MAPPING_MAX; i++) {
        if (mappings[i].live && mappings[i].by_kfd && mappings[i].vm == vm &&
            mappings[i].object == object)
            return &mappings[i];
    }
    return NULL;
}

static int map_one(int object, int vm)
{
    const struct object *bo = &objects[object];
    uint64_t start = bo->address, span = bo->doubled ? 2 * bo->size : bo->size;

    if (kfd_mapping(vm, object))
        return 0;
    if (find_from(vm, start, start + span - 1))
        return fail(EINVAL);
    objects[object].attached[vm] = true;
    add((struct fake_mapping){vm, start, start + bo->size - 1, 0, object, true, true});
    if (bo->doubled)
        add((struct fake_mapping){vm, start + bo->size, start + span - 1, 0, object, true, true});
    return 0;
}

static int kfd_map(struct kfd_ioctl_map_memory_to_gpu_args *args, bool map)
{
    const uint32_t *ids = (const uint32_t *)(uintptr_t)args->device_ids_array_ptr;
    int object = find_kfd(args->handle), limit = map_only;
    struct fake_mapping *at;

    map_only = -1;
    if (object < 0)
        return fail(ENOMEM);
    while (args->n_success < args->n_devices) {
        int vm = vm_of(ids[args->n_success]);

        if (vm < 0 || (map && limit >= 0 && args->n_success >= (uint32_t)limit))
            return fail(EINVAL);
        if (map && map_one(object, vm) != 0)
            return -1;
        while (!map && (at = kfd_mapping(vm, object)))
            at->live = false;
        args->n_success++;
    }
    return 0;
}

static int kfd_free(uint64_t handle)
{
    int object = find_kfd(handle);

    if (object < 0)
        return fail(EINVAL);
    if (kfd_mapping(0, object) || kfd_mapping(1, object))
        return fail(EBUSY);
    objects[object].kfd = false;
    objects[object].attached[0] = objects[object].attached[1] = false;
    drop_unknown(object);
    return 0;
}

static int kfd_alloc(struct kfd_ioctl_alloc_memory_of_gpu_args *args)
{
    bool doubled = args->flags & KFD_IOC_ALLOC_MEM_FLAGS_AQL_QUEUE_MEM;
    int object = object_make(doubled ? args->size / 2 : args->size);

    objects[object].address = args->va_addr;
    objects[object].doubled = doubled;
    give_kfd(object, args->gpu_id);
    args->handle = objects[object].kfd_handle;
    return 0;
}

static int kfd_call(unsigned long request, void *argument)
{
    struct kfd_ioctl_import_dmabuf_args *import = argument;
    struct {
        uint64_t handle;
        uint32_t flags, dmabuf_fd;
    } *export = argument;
    int object;

    switch (_IOC_NR(request)) {
    case _IOC_NR(AMDKFD_IOC_ALLOC_MEMORY_OF_GPU):
        return kfd_alloc(argument);
    case _IOC_NR(AMDKFD_IOC_MAP_MEMORY_TO_GPU):
    case _IOC_NR(AMDKFD_IOC_UNMAP_MEMORY_FROM_GPU):
        return kfd_map(argument, _IOC_NR(request) == _IOC_NR(AMDKFD_IOC_MAP_MEMORY_TO_GPU));
    case _IOC_NR(AMDKFD_IOC_FREE_MEMORY_OF_GPU):
        return kfd_free(((struct kfd_ioctl_free_memory_of_gpu_args *)argument)->handle);
    case 0x24:
        object = find_kfd(export->handle);
        if (object < 0)
            return fail(EINVAL);
        export->dmabuf_fd = (uint32_t)dmabuf_of(object);
        return 0;
    case _IOC_NR(AMDKFD_IOC_IMPORT_DMABUF):
        object = object_of_dmabuf((int)import->dmabuf_fd);
        if (object < 0 || objects[object].kfd)
            return fail(EINVAL); /* here a buffer has one KFD name at most */
        objects[object].address = import->va_addr;
        objects[object].doubled = false;
        give_kfd(object, import->gpu_id);
        import->handle = objects[object].kfd_handle;
        return 0;
    default:
        return fail(ENOTTY);
    }
}

/* ---- what the shim calls ---- */

int next_ioctl(int fd, unsigned long request, void *argument)
{
    int err = fail_next;

    (void)fd;
    fail_next = 0;
    if (err)
        return fail(err);
    return _IOC_TYPE(request) == 'd' ? drm_call(request, argument) : kfd_call(request, argument);
}

int next_openat(int folder, const char *path, int flags, mode_t mode)
{
    (void)folder, (void)path, (void)flags, (void)mode;
    return fail(ENODEV);
}

int next_close(int fd)
{
    return close(fd);
}

int next_close_range(unsigned first, unsigned last, int flags)
{
    return close_range(first, last, flags);
}

void fake_kernel_describe(unsigned minor, int same_file)
{
    described_minor = minor;
    described_same = same_file;
}

bool gpu_minor_of_amdgpu_fd(int fd, unsigned *out_minor)
{
    (void)fd;
    *out_minor = described_minor;
    return described_minor != 0;
}

bool gpu_minor_of_gpu_id(uint32_t gpu_id, unsigned *out_minor)
{
    int vm = vm_of(gpu_id);

    *out_minor = 128 + (unsigned)vm;
    return vm >= 0;
}

uint32_t gpu_id_of_minor(unsigned minor)
{
    return minor == 128 ? FAKE_GPU_A : FAKE_GPU_B;
}

int gpu_same_file(int fd, int other)
{
    (void)fd, (void)other;
    return described_same;
}

bool share_may_use(struct drm_file *file)
{
    (void)file;
    return true;
}

int share_acquire(int kfd_fd, struct kfd_ioctl_acquire_vm_args *args)
{
    (void)kfd_fd, (void)args;
    return fail(ENOTTY);
}

struct drm_file *share_vm_file(unsigned minor)
{
    return minor == 128 || minor == 129 ? files_of_vm[minor - 128] : NULL;
}

struct drm_file *share_compute_file_of_minor(unsigned minor)
{
    return share_vm_file(minor);
}

struct drm_file *share_compute_file(uint32_t gpu_id)
{
    int vm = vm_of(gpu_id);

    return vm < 0 ? NULL : files_of_vm[vm];
}

rw_status share_file_fd(unsigned minor, int *out_fd)
{
    *out_fd = FAKE_DRM_FD + (minor == 128 ? 0 : 10);
    return RW_OK;
}

enum kmt_shim_policy policy_wish(void)
{
    return KMT_SHIM_AUTO;
}

enum policy_residency policy_residency(void)
{
    return POLICY_RESIDENCY_EXPLICIT;
}

rw_status policy_check_residency(void)
{
    return RW_OK;
}
