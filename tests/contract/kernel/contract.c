/* SPDX-License-Identifier: MIT */
#include "tests/contract/kernel/contract.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TOPOLOGY "/sys/devices/virtual/kfd/kfd/topology/nodes"
#define GPUS_MAX 8

enum { EXIT_SKIPPED = 77 };

/* ---- judging ---- */

static const char *value_name(int64_t value, char text[32])
{
    const char *name = value > 0 ? strerrorname_np((int)value) : NULL;

    snprintf(text, 32, "%lld%s%s", (long long)value, name ? " = " : "", name ? name : "");
    return text;
}

void expect_at(const char *file, int line, const char *what, int64_t got, int64_t want)
{
    char have[32], wish[32];

    if (got == want)
        return;
    printf("    %s:%d: %s is %s, want %s\n", file, line, what, value_name(got, have),
           value_name(want, wish));
    exit(1);
}

_Noreturn void skip(const char *reason, ...)
{
    va_list args;

    va_start(args, reason);
    printf("    ");
    vprintf(reason, args);
    printf("\n");
    va_end(args);
    exit(EXIT_SKIPPED);
}

static const int64_t expectations[EXPECTATION_COUNT][KERNEL_COUNT] = {
#define EXPECTATION(name, ...) [EXPECT_##name] = {__VA_ARGS__},
#include "tests/contract/kernel/expect.def"
#undef EXPECTATION
};

enum kernel kernel_version(void)
{
    static int kernel = -1;

    if (kernel < 0) {
        struct kfd_ioctl_get_version_args args = {0};
        int fd = kfd_open();

        EXPECT(call(fd, AMDKFD_IOC_GET_VERSION, &args), 0);
        close(fd);
        kernel = KERNEL_COUNT - 1;
        while (kernel > 0 && expectations[EXPECT_kfd_minor][kernel] > args.minor_version)
            kernel--;
    }
    return (enum kernel)kernel;
}

int64_t kernel_value(enum expectation expectation)
{
    return expectations[expectation][kernel_version()];
}

/* ---- GPUs ---- */

static bool number_read(const char *path, const char *key, uint64_t *out_value)
{
    char name[64];
    unsigned long long value;
    bool found = false;
    FILE *file = fopen(path, "re");

    if (!file)
        return false;
    if (!key)
        found = fscanf(file, "%llu", &value) == 1;
    while (key && !found && fscanf(file, "%63s %llu", name, &value) == 2)
        found = strcmp(name, key) == 0;
    fclose(file);
    if (found)
        *out_value = value;
    return found;
}

static bool node_property(unsigned node, const char *name, uint64_t *out_value)
{
    char path[128];

    snprintf(path, sizeof path, TOPOLOGY "/%u/properties", node);
    return number_read(path, name, out_value);
}

static struct gpu gpus[GPUS_MAX];

unsigned gpu_count(void)
{
    static unsigned count;
    char path[128];
    uint64_t id, minor;

    for (unsigned node = 0; count == 0 || node > 0; node++) {
        snprintf(path, sizeof path, TOPOLOGY "/%u/gpu_id", node);
        if (!number_read(path, NULL, &id) || count == GPUS_MAX)
            break;
        if (id && node_property(node, "drm_render_minor", &minor))
            gpus[count++] = (struct gpu){node, (uint32_t)id, (unsigned)minor};
    }
    return count;
}

const struct gpu *gpu_at(unsigned index)
{
    if (index >= gpu_count())
        skip("needs %u GPUs, there are %u", index + 1, gpu_count());
    return &gpus[index];
}

bool gpu_property(const struct gpu *gpu, const char *name, uint64_t *out_value)
{
    return node_property(gpu->node, name, out_value);
}

bool gpu_cache_property(const struct gpu *gpu, unsigned index, const char *name,
                        uint64_t *out_value)
{
    char path[128];

    snprintf(path, sizeof path, TOPOLOGY "/%u/caches/%u/properties", gpu->node, index);
    return number_read(path, name, out_value);
}

/* ---- device nodes ---- */

int call(int fd, unsigned long request, void *argument)
{
    int result;

    do
        result = ioctl(fd, request, argument);
    while (result < 0 && errno == EINTR);
    return result < 0 ? errno : 0;
}

static int node_open(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);

    if (fd < 0) {
        printf("    %s: %s\n", path, strerror(errno));
        exit(1);
    }
    return fd;
}

int kfd_open(void)
{
    return node_open("/dev/kfd");
}

int render_open(unsigned index)
{
    char path[64];

    snprintf(path, sizeof path, "/dev/dri/renderD%u", gpu_at(index)->render_minor);
    return node_open(path);
}

int acquire(int kfd, int drm_fd, uint32_t gpu_id)
{
    struct kfd_ioctl_acquire_vm_args args = {.drm_fd = (uint32_t)drm_fd, .gpu_id = gpu_id};

    return call(kfd, AMDKFD_IOC_ACQUIRE_VM, &args);
}

struct session session_add(int kfd, unsigned index)
{
    struct session session = {.gpu = gpu_at(index), .kfd = kfd, .drm = render_open(index)};

    EXPECT(acquire(kfd, session.drm, session.gpu->id), 0);
    return session;
}

struct session session_open(unsigned index)
{
    return session_add(kfd_open(), index);
}

/* ---- KFD memory ---- */

uint64_t va_at(unsigned n)
{
    return GIB(64) + n * MIB(256);
}

int buffer_alloc(int kfd, uint32_t gpu_id, uint64_t va, uint64_t size, uint32_t flags,
                 struct buffer *out_buffer)
{
    struct kfd_ioctl_alloc_memory_of_gpu_args args = {
        .va_addr = va,
        .size = size,
        .gpu_id = gpu_id,
        .flags = flags | MEMORY_WRITABLE,
    };
    int err = call(kfd, AMDKFD_IOC_ALLOC_MEMORY_OF_GPU, &args);

    *out_buffer = (struct buffer){args.handle, va, size, args.mmap_offset};
    return err;
}

int buffer_map(int kfd, uint64_t handle, uint32_t gpu_id)
{
    struct kfd_ioctl_map_memory_to_gpu_args args = {
        .handle = handle, .device_ids_array_ptr = (uintptr_t)&gpu_id, .n_devices = 1};

    return call(kfd, AMDKFD_IOC_MAP_MEMORY_TO_GPU, &args);
}

int buffer_unmap(int kfd, uint64_t handle, uint32_t gpu_id)
{
    struct kfd_ioctl_unmap_memory_from_gpu_args args = {
        .handle = handle, .device_ids_array_ptr = (uintptr_t)&gpu_id, .n_devices = 1};

    return call(kfd, AMDKFD_IOC_UNMAP_MEMORY_FROM_GPU, &args);
}

int buffer_free(int kfd, uint64_t handle)
{
    struct kfd_ioctl_free_memory_of_gpu_args args = {.handle = handle};

    return call(kfd, AMDKFD_IOC_FREE_MEMORY_OF_GPU, &args);
}

struct buffer buffer_make(const struct session *session, uint64_t va, uint64_t size, uint32_t flags)
{
    struct buffer buffer;

    EXPECT(buffer_alloc(session->kfd, session->gpu->id, va, size, flags, &buffer), 0);
    EXPECT(buffer_map(session->kfd, buffer.handle, session->gpu->id), 0);
    return buffer;
}

int mmap_try(int fd, uint64_t offset, size_t size, void **out_address)
{
    void *address = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);

    *out_address = address == MAP_FAILED ? NULL : address;
    return address == MAP_FAILED ? errno : 0;
}

void *buffer_mmap(int drm_fd, const struct buffer *buffer)
{
    void *address;

    EXPECT(mmap_try(drm_fd, buffer->mmap_offset, buffer->size, &address), 0);
    return address;
}

int buffer_export(int kfd, uint64_t handle, int *out_fd)
{
    struct {
        uint64_t handle;
        uint32_t flags, fd;
    } args = {.handle = handle, .flags = O_CLOEXEC | O_RDWR};
    int err = call(kfd, _IOWR('K', 0x24, args), &args);

    *out_fd = (int)args.fd;
    return err;
}

/* ---- GEM ---- */

int gem_create(int drm_fd, uint64_t size, uint64_t domains, uint64_t flags, uint32_t *out_handle)
{
    union drm_amdgpu_gem_create args = {
        .in = {.bo_size = size, .alignment = PAGE, .domains = domains, .domain_flags = flags}};
    int err = call(drm_fd, DRM_IOCTL_AMDGPU_GEM_CREATE, &args);

    *out_handle = err ? 0 : args.out.handle;
    return err;
}

int gem_close(int drm_fd, uint32_t handle)
{
    struct drm_gem_close args = {.handle = handle};

    return call(drm_fd, DRM_IOCTL_GEM_CLOSE, &args);
}

int gem_va(int drm_fd, uint32_t operation, uint32_t handle, uint64_t va, uint64_t size)
{
    struct drm_amdgpu_gem_va args = {
        .handle = handle,
        .operation = operation,
        .flags = AMDGPU_VM_PAGE_READABLE | AMDGPU_VM_PAGE_WRITEABLE,
        .va_address = va,
        .map_size = size,
    };

    if (operation == AMDGPU_VA_OP_CLEAR)
        args.flags = 0;
    return call(drm_fd, DRM_IOCTL_AMDGPU_GEM_VA, &args);
}

int gem_export(int drm_fd, uint32_t handle, int *out_fd)
{
    struct drm_prime_handle args = {.handle = handle, .flags = DRM_CLOEXEC | DRM_RDWR, .fd = -1};
    int err = call(drm_fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &args);

    *out_fd = args.fd;
    return err;
}

int gem_import(int drm_fd, int dmabuf_fd, uint32_t *out_handle)
{
    struct drm_prime_handle args = {.fd = dmabuf_fd};
    int err = call(drm_fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &args);

    *out_handle = args.handle;
    return err;
}

void *gem_mmap(int drm_fd, uint32_t handle, uint64_t size)
{
    union drm_amdgpu_gem_mmap args = {.in = {.handle = handle}};
    void *address;

    EXPECT(call(drm_fd, DRM_IOCTL_AMDGPU_GEM_MMAP, &args), 0);
    EXPECT(mmap_try(drm_fd, args.out.addr_ptr, size, &address), 0);
    return address;
}

/* ---- events ---- */

int event_create(int kfd, uint32_t type, uint32_t *out_id)
{
    struct kfd_ioctl_create_event_args args = {.event_type = type};
    int err = call(kfd, AMDKFD_IOC_CREATE_EVENT, &args);

    *out_id = args.event_id;
    return err;
}

uint32_t event_wait(int kfd, uint32_t id, uint32_t timeout_ms, struct kfd_event_data *out_data)
{
    struct kfd_event_data data = {.event_id = id};
    struct kfd_ioctl_wait_events_args args = {
        .events_ptr = (uintptr_t)&data, .num_events = 1, .timeout = timeout_ms};

    EXPECT(call(kfd, AMDKFD_IOC_WAIT_EVENTS, &args), 0);
    if (out_data)
        *out_data = data;
    return args.wait_result;
}

/* ---- processes, time ---- */

int in_child(void (*body)(void *context), void *context)
{
    int status;
    pid_t child;

    fflush(stdout);
#ifdef __SANITIZE_ADDRESS__
    /* Its allocator does not take its locks before a fork: a thread that has one now would have it
     * for ever in the child. Threads that are ready sleep, and have none. */
    usleep(200000);
#endif
    child = fork();
    if (child == 0) {
        body(context);
        fflush(stdout);
        _exit(0);
    }
    EXPECT_TRUE(child > 0);
    EXPECT(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void wait_ms(unsigned ms)
{
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};

    nanosleep(&pause, NULL);
}

bool word_becomes(volatile uint32_t *word, uint32_t value)
{
    const struct timespec pause = {.tv_nsec = 100000};

    for (unsigned i = 0; i < 100000; i++) {
        if (__atomic_load_n(word, __ATOMIC_ACQUIRE) == value)
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}
