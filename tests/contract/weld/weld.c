/* SPDX-License-Identifier: MIT */
#include "tests/contract/weld/weld.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <xf86drm.h>

enum { RING_BYTES = 64 * 1024, DOORBELL_SLICE = 8192, GPU_COUNT = 2 };

/* The highest address of graphics' high range that a 48-bit VM has is below the kernel's own. */
#define HIGH_BASE UINT64_C(0xffff800200000000)

void expect_at(const char *file, int line, const char *what, long got, long want)
{
    const char *name = strrchr(file, '/');

    if (got == want)
        return;
    printf("%s:%d: %s is %ld, want %ld\n", name ? name + 1 : file, line, what, got, want);
    fflush(stdout);
    _exit(1);
}

static int result_of(int returned)
{
    return returned == 0 ? 0 : errno;
}

/* ---- nodes ---- */

int node_open(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);

    if (fd < 0) {
        printf("%s: %s\n", path, strerror(errno));
        exit(1);
    }
    return fd;
}

bool same_file(int fd, int other)
{
    return syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, fd, other) == 0;
}

uint32_t gpu_id_of(unsigned gpu)
{
    static uint32_t known[GPU_COUNT];
    char path[128];
    FILE *file;

    if (known[gpu])
        return known[gpu];
    snprintf(path, sizeof path, "/sys/devices/virtual/kfd/kfd/topology/nodes/%u/gpu_id", gpu + 1);
    file = fopen(path, "r");
    if (!file || fscanf(file, "%u", &known[gpu]) != 1 || known[gpu] == 0) {
        printf("%s has no GPU id\n", path);
        exit(1);
    }
    fclose(file);
    return known[gpu];
}

unsigned open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    unsigned count = 0;

    if (!folder) {
        perror("/proc/self/fd");
        exit(1);
    }
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

bool is_off(const char *variable)
{
    const char *word = getenv(variable);

    return word && strcmp(word, "off") == 0;
}

long status_of(const char *field)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    long value = -1;

    EXPECT(file != NULL, true);
    while (value < 0 && fgets(line, sizeof line, file)) {
        if (strncmp(line, field, strlen(field)) == 0)
            value = strtol(line + strlen(field), NULL, 10);
    }
    fclose(file);
    return value;
}

bool settles_at(unsigned descriptors, long threads)
{
    for (int tries = 0; tries < 1000; tries++) {
        if (open_descriptors() <= descriptors && status_of("Threads:") <= threads)
            return true;
        usleep(10000);
    }
    printf("%u descriptors and %ld threads, at first %u and %ld\n", open_descriptors(),
           status_of("Threads:"), descriptors, threads);
    return false;
}

/* ---- graphics ---- */

amdgpu_device_handle graphics_start(int fd)
{
    amdgpu_device_handle device;
    uint32_t major, minor;

    EXPECT(amdgpu_device_initialize(fd, &major, &minor, &device), 0);
    return device;
}

int gem_create(int fd, uint64_t size, uint64_t domains, uint64_t flags, uint32_t *out_gem)
{
    union drm_amdgpu_gem_create args = {
        .in = {.bo_size = size, .alignment = PAGE, .domains = domains, .domain_flags = flags},
    };
    int result = result_of(ioctl(fd, DRM_IOCTL_AMDGPU_GEM_CREATE, &args));

    *out_gem = args.out.handle;
    return result;
}

uint32_t gem_make(int fd, uint64_t size)
{
    uint32_t gem;

    EXPECT(gem_create(fd, size, AMDGPU_GEM_DOMAIN_GTT, AMDGPU_GEM_CREATE_CPU_ACCESS_REQUIRED, &gem),
           0);
    return gem;
}

int gem_va(int fd, uint32_t operation, uint32_t gem, uint64_t va, uint64_t size, uint64_t offset)
{
    struct drm_amdgpu_gem_va args = {
        .handle = gem,
        .operation = operation,
        .flags = operation == AMDGPU_VA_OP_CLEAR ? 0 : RW,
        .va_address = va,
        .offset_in_bo = offset,
        .map_size = size,
    };

    return result_of(ioctl(fd, DRM_IOCTL_AMDGPU_GEM_VA, &args));
}

int gem_close(int fd, uint32_t gem)
{
    struct drm_gem_close args = {.handle = gem};

    return result_of(ioctl(fd, DRM_IOCTL_GEM_CLOSE, &args));
}

int gem_export(int fd, uint32_t gem, int *out_dmabuf)
{
    return result_of(drmPrimeHandleToFD(fd, gem, DRM_CLOEXEC | DRM_RDWR, out_dmabuf));
}

int gem_import(int fd, int dmabuf, uint32_t *out_gem)
{
    return result_of(drmPrimeFDToHandle(fd, dmabuf, out_gem));
}

void *gem_host(int fd, uint32_t gem, uint64_t size)
{
    union drm_amdgpu_gem_mmap args = {.in = {.handle = gem}};
    void *host;

    EXPECT(ioctl(fd, DRM_IOCTL_AMDGPU_GEM_MMAP, &args), 0);
    host = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)args.out.addr_ptr);
    EXPECT(host == MAP_FAILED, 0);
    return host;
}

uint64_t high_address(unsigned n)
{
    return HIGH_BASE + (uint64_t)n * 64 * MIB;
}

/* ---- compute ---- */

int acquire(int kfd, int drm_fd, uint32_t gpu_id)
{
    struct kfd_ioctl_acquire_vm_args args = {.drm_fd = (uint32_t)drm_fd, .gpu_id = gpu_id};

    return result_of(ioctl(kfd, AMDKFD_IOC_ACQUIRE_VM, &args));
}

void compute_start_with(struct compute *compute, unsigned gpu, int drm)
{
    *compute = (struct compute){
        .kfd = node_open("/dev/kfd"),
        .drm = drm,
        .gpu = gpu,
        .gpu_id = gpu_id_of(gpu),
    };
    EXPECT(acquire(compute->kfd, drm, compute->gpu_id), 0);
}

void compute_start(struct compute *compute, unsigned gpu)
{
    compute_start_with(compute, gpu, node_open(gpu == 0 ? NODE_A : NODE_B));
}

int kfd_alloc(const struct compute *compute, uint64_t va, uint64_t size, uint32_t flags,
              uint64_t *out_handle)
{
    struct kfd_ioctl_alloc_memory_of_gpu_args args = {
        .va_addr = va,
        .size = size,
        .gpu_id = compute->gpu_id,
        .flags = flags,
        .mmap_offset = flags & KFD_IOC_ALLOC_MEM_FLAGS_USERPTR ? va : 0,
    };
    int result = result_of(ioctl(compute->kfd, AMDKFD_IOC_ALLOC_MEMORY_OF_GPU, &args));

    *out_handle = args.handle;
    return result;
}

int kfd_map_many(const struct compute *compute, uint64_t handle, const uint32_t *gpu_ids,
                 uint32_t count, uint32_t *n_success)
{
    struct kfd_ioctl_map_memory_to_gpu_args args = {
        .handle = handle,
        .device_ids_array_ptr = (uintptr_t)gpu_ids,
        .n_devices = count,
        .n_success = *n_success,
    };
    int result = result_of(ioctl(compute->kfd, AMDKFD_IOC_MAP_MEMORY_TO_GPU, &args));

    *n_success = args.n_success;
    return result;
}

int kfd_map(const struct compute *compute, uint64_t handle)
{
    uint32_t done = 0;

    return kfd_map_many(compute, handle, &compute->gpu_id, 1, &done);
}

int kfd_unmap(const struct compute *compute, uint64_t handle)
{
    struct kfd_ioctl_unmap_memory_from_gpu_args args = {
        .handle = handle,
        .device_ids_array_ptr = (uintptr_t)&compute->gpu_id,
        .n_devices = 1,
    };

    return result_of(ioctl(compute->kfd, AMDKFD_IOC_UNMAP_MEMORY_FROM_GPU, &args));
}

int kfd_free(const struct compute *compute, uint64_t handle)
{
    struct kfd_ioctl_free_memory_of_gpu_args args = {.handle = handle};

    return result_of(ioctl(compute->kfd, AMDKFD_IOC_FREE_MEMORY_OF_GPU, &args));
}

int kfd_export(const struct compute *compute, uint64_t handle, int *out_dmabuf)
{
    struct {
        uint64_t handle;
        uint32_t flags, dmabuf_fd;
    } args = {.handle = handle, .flags = O_CLOEXEC | O_RDWR}; /* KFD 1.12 */
    int result = result_of(ioctl(compute->kfd, _IOWR('K', 0x24, args), &args));

    *out_dmabuf = (int)args.dmabuf_fd;
    return result;
}

int kfd_import(const struct compute *compute, int dmabuf, uint64_t va, uint64_t *out_handle)
{
    struct kfd_ioctl_import_dmabuf_args args = {
        .va_addr = va,
        .gpu_id = compute->gpu_id,
        .dmabuf_fd = (uint32_t)dmabuf,
    };
    int result = result_of(ioctl(compute->kfd, AMDKFD_IOC_IMPORT_DMABUF, &args));

    *out_handle = args.handle;
    return result;
}

int kfd_svm(const struct compute *compute, void *memory, uint64_t size)
{
    struct { /* kfd_ioctl_svm_args with one attribute */
        uint64_t start, size;
        uint32_t op, attribute_count;
        struct kfd_ioctl_svm_attribute access;
    } set = {
        .start = (uintptr_t)memory,
        .size = size,
        .op = KFD_IOCTL_SVM_OP_SET_ATTR,
        .attribute_count = 1,
        .access = {.type = KFD_IOCTL_SVM_ATTR_ACCESS_IN_PLACE, .value = compute->gpu_id},
    };

    return result_of(
        ioctl(compute->kfd, _IOC(_IOC_READ | _IOC_WRITE, 'K', 0x20, sizeof set), &set));
}

uint64_t reserve(uint64_t size)
{
    void *address = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    EXPECT(address == MAP_FAILED, 0);
    return (uintptr_t)address;
}

uint64_t compute_buffer(const struct compute *compute, uint64_t size, uint32_t flags,
                        uint64_t *out_handle)
{
    struct kfd_ioctl_alloc_memory_of_gpu_args args = {
        .va_addr = reserve(size),
        .size = size,
        .gpu_id = compute->gpu_id,
        .flags = flags | KFD_IOC_ALLOC_MEM_FLAGS_PUBLIC,
    };
    void *wanted = (void *)(uintptr_t)args.va_addr;

    EXPECT(ioctl(compute->kfd, AMDKFD_IOC_ALLOC_MEMORY_OF_GPU, &args), 0);
    EXPECT(mmap(wanted, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, compute->drm,
                (off_t)args.mmap_offset) == wanted,
           true);
    EXPECT(kfd_map(compute, args.handle), 0);
    *out_handle = args.handle;
    return args.va_addr;
}

/* ---- a queue ---- */

int queue_create(const struct compute *compute, struct queue *out_queue)
{
    uint64_t ring_handle, pointer_handle, doorbells;
    uint64_t ring = compute_buffer(compute, RING_BYTES, GTT, &ring_handle);
    uint64_t pointers = compute_buffer(compute, PAGE, GTT, &pointer_handle);
    struct kfd_ioctl_create_queue_args args = {
        .ring_base_address = ring,
        .write_pointer_address = pointers,
        .read_pointer_address = pointers + 128,
        .ring_size = RING_BYTES,
        .gpu_id = compute->gpu_id,
        .queue_type = KFD_IOC_QUEUE_TYPE_SDMA,
        .queue_percentage = 100,
        .queue_priority = 7,
    };
    int result = result_of(ioctl(compute->kfd, AMDKFD_IOC_CREATE_QUEUE, &args));
    char *slice;

    if (result != 0)
        return result;
    doorbells = args.doorbell_offset & ~(uint64_t)(DOORBELL_SLICE - 1);
    slice = mmap(NULL, DOORBELL_SLICE, PROT_READ | PROT_WRITE, MAP_SHARED, compute->kfd,
                 (off_t)doorbells);
    EXPECT(slice == MAP_FAILED, 0);
    *out_queue = (struct queue){
        .id = args.queue_id,
        .ring = (uint32_t *)(uintptr_t)ring,
        .write = (volatile uint64_t *)(uintptr_t)pointers,
        .read = (volatile uint64_t *)(uintptr_t)(pointers + 128),
        .doorbell = (volatile uint64_t *)(slice + (args.doorbell_offset - doorbells)),
    };
    return 0;
}

static void queue_put(struct queue *queue, uint32_t dword)
{
    queue->ring[queue->position % RING_BYTES / 4] = dword;
    queue->position += 4;
}

void queue_post(struct queue *queue, uint64_t to, uint64_t from, uint32_t bytes)
{
    const uint32_t packet[] = {
        1, /* linear copy */
        bytes - 1, 0, (uint32_t)from, (uint32_t)(from >> 32), (uint32_t)to, (uint32_t)(to >> 32),
    };

    for (size_t i = 0; i < sizeof packet / sizeof *packet; i++)
        queue_put(queue, packet[i]);
    __atomic_store_n(queue->write, queue->position, __ATOMIC_RELEASE);
    *queue->doorbell = queue->position;
}

bool queue_copy(struct queue *queue, uint64_t to, uint64_t from, uint32_t bytes)
{
    queue_post(queue, to, from, bytes);
    for (int ms = 0; ms < 10000; ms++) {
        if (__atomic_load_n(queue->read, __ATOMIC_ACQUIRE) == queue->position)
            return true;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return false;
}
