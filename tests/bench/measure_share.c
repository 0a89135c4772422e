/* SPDX-License-Identifier: MIT
 *
 * What it costs that graphics (libdrm) uses a compute allocation (HSA), and the other way round:
 *
 *   measure_share weld      in one VM, by the shim
 *   measure_share dmabuf    in two VMs, by DMABufs; without the shim
 *
 * Between the two readings of the counters (count_calls.h) is what sharing asks for and nothing
 * else: allocating the buffers, and the jobs that use them, are outside. That both sides see the
 * same memory is checked: a graphics job writes into the compute allocation, and compute copies
 * into the graphics buffer. Prints one JSON object, {"to_graphics": [...], "to_compute": [...]}:
 *
 *   buffers, bytes_each
 *   calls, ioctls      system calls to share all of them
 *   fds_made, fds_held descriptors that were made; that are there afterwards
 *   gem_objects, kfd_objects  handles that are there afterwards
 *   mapped_bytes       GPU addresses that the buffers are mapped at a second time
 *   us                 wall time
 *   undo_calls         system calls to end sharing them
 *   use_calls          system calls for a graphics job that uses all of them, wait included
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <amdgpu.h>
#include <amdgpu_drm.h>
#include <hsa/hsa.h>
#include <hsa/hsa_ext_amd.h>

#include "count_calls.h"
#include "kmt-shim.h"
#include "measure.h"

enum { SIZE = 64 << 10, MOST = 10000, MINOR = 128 };

#define PACKET3(op, count) (3u << 30 | (uint32_t)(count) << 16 | (op) << 8)
#define PACKET3_WRITE_DATA 0x37
#define WRITE_DATA_TO_MEM  (5u << 8 | 1u << 20) /* confirmed */

/* The shim's, when it is there. */
static __typeof__(&kmt_shim_lookup) shim_lookup;
static __typeof__(&kmt_shim_handle_of_gem) shim_handle_of_gem;
static __typeof__(&kmt_shim_bos_make_resident) shim_make_resident;
static __typeof__(&kmt_shim_counters_read) shim_counters_read;
static count_calls_read_fn *counts_read;

static hsa_agent_t gpu;
static hsa_amd_memory_pool_t vram;
static amdgpu_device_handle device;
static int kfd = -1;

/* One buffer, seen from both sides. */
struct buffer {
    void *pointer;       /* compute's address */
    uint64_t kfd_handle; /* of a compute allocation */
    amdgpu_bo_handle bo; /* graphics' */
    amdgpu_va_handle va;
    uint64_t graphics_address;
};
static struct buffer buffers[MOST];

static void fail(const char *what, long result)
{
    fprintf(stderr, "measure_share: %s: %ld\n", what, result);
    exit(1);
}

#define CHECK(call)                                                                                \
    do {                                                                                           \
        long check_result = (long)(call);                                                          \
        if (check_result != 0)                                                                     \
            fail(#call, check_result);                                                             \
    } while (0)

/* ---- The two sides ---- */

static hsa_status_t agent_visit(hsa_agent_t agent, void *data)
{
    hsa_device_type_t type;

    (void)data;
    CHECK(hsa_agent_get_info(agent, HSA_AGENT_INFO_DEVICE, &type));
    if (type != HSA_DEVICE_TYPE_GPU)
        return HSA_STATUS_SUCCESS;
    gpu = agent;
    return HSA_STATUS_INFO_BREAK;
}

static hsa_status_t pool_visit(hsa_amd_memory_pool_t pool, void *data)
{
    hsa_amd_segment_t segment;
    uint32_t flags;

    (void)data;
    CHECK(hsa_amd_memory_pool_get_info(pool, HSA_AMD_MEMORY_POOL_INFO_SEGMENT, &segment));
    if (segment != HSA_AMD_SEGMENT_GLOBAL)
        return HSA_STATUS_SUCCESS;
    CHECK(hsa_amd_memory_pool_get_info(pool, HSA_AMD_MEMORY_POOL_INFO_GLOBAL_FLAGS, &flags));
    if (!(flags & HSA_AMD_MEMORY_POOL_GLOBAL_FLAG_COARSE_GRAINED))
        return HSA_STATUS_SUCCESS;
    vram = pool;
    return HSA_STATUS_INFO_BREAK;
}

static void compute_start(void)
{
    /* A buffer object for each allocation, as large ones have it. */
    setenv("HSA_DISABLE_FRAGMENT_ALLOCATOR", "1", 1);
    CHECK(hsa_init());
    if (hsa_iterate_agents(agent_visit, NULL) != HSA_STATUS_INFO_BREAK)
        fail("there is no GPU for HSA", 0);
    if (hsa_amd_agent_iterate_memory_pools(gpu, pool_visit, NULL) != HSA_STATUS_INFO_BREAK)
        fail("the GPU has no memory pool", 0);
}

static void graphics_start(void)
{
    uint32_t major, minor;
    char path[32];
    int fd;

    snprintf(path, sizeof path, "/dev/dri/renderD%d", MINOR);
    fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        fail(path, -errno);
    CHECK(amdgpu_device_initialize(fd, &major, &minor, &device));
    close(fd);
}

static void compute_allocate(struct buffer *buffer)
{
    struct call_counts counts;

    CHECK(hsa_amd_memory_pool_allocate(vram, SIZE, 0, &buffer->pointer));
    counts_read(&counts);
    buffer->kfd_handle = counts.kfd_handle;
}

static void graphics_map(struct buffer *buffer)
{
    CHECK(amdgpu_va_range_alloc(device, amdgpu_gpu_va_range_general, SIZE, 4096, 0,
                                &buffer->graphics_address, &buffer->va, AMDGPU_VA_RANGE_HIGH));
    CHECK(amdgpu_bo_va_op(buffer->bo, 0, SIZE, buffer->graphics_address, 0, AMDGPU_VA_OP_MAP));
}

static void graphics_unmap(struct buffer *buffer)
{
    CHECK(amdgpu_bo_va_op(buffer->bo, 0, SIZE, buffer->graphics_address, 0, AMDGPU_VA_OP_UNMAP));
    CHECK(amdgpu_va_range_free(buffer->va));
    CHECK(amdgpu_bo_free(buffer->bo));
}

static void graphics_allocate(struct buffer *buffer, uint64_t domain)
{
    struct amdgpu_bo_alloc_request request = {
        .alloc_size = SIZE,
        .phys_alignment = 4096,
        .preferred_heap = domain,
        .flags = AMDGPU_GEM_CREATE_CPU_ACCESS_REQUIRED,
    };

    CHECK(amdgpu_bo_alloc(device, &request, &buffer->bo));
    graphics_map(buffer);
}

/* ---- The ways ---- */

/* Makes the compute allocations usable by graphics, and back. */
struct way {
    const char *name;
    void (*to_graphics)(int count);
    void (*undo_to_graphics)(int count);
    void (*to_compute)(int count);
    void (*undo_to_compute)(int count);
};

/* One VM: the address is all there is to it. The lookup shows that it is known as one. */
static void weld_to_graphics(int count)
{
    struct kmt_shim_range range;

    for (int i = 0; i < count; i++) {
        CHECK(shim_lookup(MINOR, (uintptr_t)buffers[i].pointer, &range));
        buffers[i].graphics_address = (uintptr_t)buffers[i].pointer;
    }
}

static void weld_undo_to_graphics(int count)
{
    (void)count;
}

/* A private buffer of graphics has to be counted by the KFD; by number, all at once. */
static void weld_to_compute(int count)
{
    static kmt_shim_handle handles[MOST];
    uint32_t gem;

    for (int i = 0; i < count; i++) {
        CHECK(amdgpu_bo_export(buffers[i].bo, amdgpu_bo_handle_type_kms, &gem));
        CHECK(shim_handle_of_gem(MINOR, gem, &handles[i]));
        buffers[i].pointer = (void *)(uintptr_t)buffers[i].graphics_address;
    }
    CHECK(shim_make_resident(handles, (size_t)count, NULL));
}

/* Ends with the buffer, see undo_calls(). */
static void weld_undo_to_compute(int count)
{
    (void)count;
}

static void dmabuf_to_graphics(int count)
{
    for (int i = 0; i < count; i++) {
        struct count_export_dmabuf export = {.handle = buffers[i].kfd_handle,
                                             .flags = O_CLOEXEC | O_RDWR};
        struct amdgpu_bo_import_result import;

        CHECK(ioctl(kfd, COUNT_EXPORT_DMABUF, &export));
        CHECK(
            amdgpu_bo_import(device, amdgpu_bo_handle_type_dma_buf_fd, export.dmabuf_fd, &import));
        close((int)export.dmabuf_fd);
        buffers[i].bo = import.buf_handle;
        graphics_map(&buffers[i]);
    }
}

static void dmabuf_undo_to_graphics(int count)
{
    for (int i = 0; i < count; i++)
        graphics_unmap(&buffers[i]);
}

static void dmabuf_to_compute(int count)
{
    for (int i = 0; i < count; i++) {
        uint32_t fd;
        size_t size;

        CHECK(amdgpu_bo_export(buffers[i].bo, amdgpu_bo_handle_type_dma_buf_fd, &fd));
        CHECK(hsa_amd_interop_map_buffer(1, &gpu, (int)fd, 0, &size, &buffers[i].pointer, NULL,
                                         NULL));
        close((int)fd);
    }
}

static void dmabuf_undo_to_compute(int count)
{
    for (int i = 0; i < count; i++)
        CHECK(hsa_amd_interop_unmap_buffer(buffers[i].pointer));
}

static const struct way ways[] = {
    {"weld", weld_to_graphics, weld_undo_to_graphics, weld_to_compute, weld_undo_to_compute},
    {"dmabuf", dmabuf_to_graphics, dmabuf_undo_to_graphics, dmabuf_to_compute,
     dmabuf_undo_to_compute},
};

/* ---- Using what is shared ---- */

static struct buffer commands; /* a graphics buffer that the CPU sees, at ib */
static uint32_t *ib;
static amdgpu_context_handle context;

/* The words of one job: to write `value` to the start of a buffer. */
static uint32_t write_words(uint32_t *words, uint64_t address, uint32_t value)
{
    const uint32_t packet[] = {PACKET3(PACKET3_WRITE_DATA, 3), WRITE_DATA_TO_MEM, (uint32_t)address,
                               (uint32_t)(address >> 32), value};

    memcpy(words, packet, sizeof packet);
    return sizeof packet / sizeof packet[0];
}

/* A graphics job that writes to the first and the last buffer. `listed`: graphics has objects for
 * them, which a job must name. */
static void graphics_use(int count, bool listed, uint32_t value)
{
    static struct drm_amdgpu_bo_list_entry entries[MOST + 1];
    struct drm_amdgpu_cs_chunk_ib job = {.va_start = commands.graphics_address,
                                         .ip_type = AMDGPU_HW_IP_COMPUTE};
    struct drm_amdgpu_cs_chunk chunk = {AMDGPU_CHUNK_ID_IB, sizeof job / 4, (uintptr_t)&job};
    struct amdgpu_cs_fence fence = {.context = context, .ip_type = AMDGPU_HW_IP_COMPUTE};
    uint32_t list, expired, words = 0;

    CHECK(amdgpu_bo_export(commands.bo, amdgpu_bo_handle_type_kms, &entries[0].bo_handle));
    for (int i = 0; listed && i < count; i++)
        CHECK(
            amdgpu_bo_export(buffers[i].bo, amdgpu_bo_handle_type_kms, &entries[i + 1].bo_handle));
    words += write_words(ib + words, buffers[0].graphics_address, value);
    words += write_words(ib + words, buffers[count - 1].graphics_address, value);
    job.ib_bytes = words * 4;
    CHECK(amdgpu_bo_list_create_raw(device, listed ? (uint32_t)count + 1 : 1, entries, &list));
    CHECK(amdgpu_cs_submit_raw2(device, context, list, 1, &chunk, &fence.fence));
    CHECK(amdgpu_cs_query_fence_status(&fence, 10000000000, 0, &expired));
    CHECK(amdgpu_bo_list_destroy_raw(device, list));
    if (!expired)
        fail("a graphics job does not end", 0);
}

/* A copy by compute, which reads or writes through its own VM. */
static void compute_copy(void *to, const void *from, size_t size)
{
    hsa_signal_t signal;

    CHECK(hsa_signal_create(1, 0, NULL, &signal));
    CHECK(hsa_amd_memory_async_copy(to, gpu, from, gpu, size, 0, NULL, signal));
    if (hsa_signal_wait_scacquire(signal, HSA_SIGNAL_CONDITION_LT, 1, UINT64_MAX,
                                  HSA_WAIT_STATE_BLOCKED) < 0)
        fail("compute cannot copy", 0);
    CHECK(hsa_signal_destroy(signal));
}

static void *staging; /* system memory that compute sees */

static void expect_word(const void *pointer, uint32_t value, const char *what)
{
    if (*(const volatile uint32_t *)pointer != value) {
        fprintf(stderr, "measure_share: %s: 0x%x instead of 0x%x\n", what,
                *(const volatile uint32_t *)pointer, value);
        exit(1);
    }
}

static void check_to_graphics(int count, uint32_t value)
{
    for (int end = 0; end < 2; end++) {
        compute_copy(staging, buffers[end ? count - 1 : 0].pointer, 4);
        expect_word(staging, value, "compute reads what graphics has written");
    }
}

static void check_to_compute(int count, uint32_t value)
{
    for (int end = 0; end < 2; end++) {
        struct buffer *buffer = &buffers[end ? count - 1 : 0];
        void *view;

        *(uint32_t *)staging = value;
        compute_copy(buffer->pointer, staging, 4);
        CHECK(amdgpu_bo_cpu_map(buffer->bo, &view));
        expect_word(view, value, "graphics reads what compute has written");
        CHECK(amdgpu_bo_cpu_unmap(buffer->bo));
    }
}

static hsa_status_t host_visit(hsa_agent_t agent, void *data)
{
    hsa_device_type_t type;

    CHECK(hsa_agent_get_info(agent, HSA_AGENT_INFO_DEVICE, &type));
    if (type != HSA_DEVICE_TYPE_CPU)
        return HSA_STATUS_SUCCESS;
    *(hsa_agent_t *)data = agent;
    return HSA_STATUS_INFO_BREAK;
}

static void use_prepare(void)
{
    hsa_agent_t host;

    graphics_allocate(&commands, AMDGPU_GEM_DOMAIN_GTT);
    CHECK(amdgpu_bo_cpu_map(commands.bo, (void **)&ib));
    CHECK(amdgpu_cs_ctx_create(device, &context));
    if (hsa_iterate_agents(host_visit, &host) != HSA_STATUS_INFO_BREAK)
        fail("there is no CPU for HSA", 0);
    CHECK(hsa_amd_agent_iterate_memory_pools(host, pool_visit, NULL) != HSA_STATUS_INFO_BREAK);
    CHECK(hsa_amd_memory_pool_allocate(vram, 4096, 0, &staging));
    CHECK(hsa_amd_agents_allow_access(1, &gpu, NULL, staging));
    CHECK(hsa_amd_agent_iterate_memory_pools(gpu, pool_visit, NULL) != HSA_STATUS_INFO_BREAK);
}

/* ---- Measuring ---- */

static unsigned open_fds(void)
{
    DIR *folder = opendir("/proc/self/fd");
    unsigned count = 0;

    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

/* As many as there are once closed ones are gone: a software device notices a moment later. */
static unsigned settled_fds(unsigned before)
{
    unsigned count;

    for (int i = 0; (count = open_fds()) > before && i < 200; i++)
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    return count;
}

struct reading {
    struct call_counts counts;
    unsigned fds;
    double at;
};

static struct reading reading_take(void)
{
    struct reading reading;

    reading.fds = open_fds();
    counts_read(&reading.counts);
    reading.at = measure_now();
    return reading;
}

static struct reading reading_take_after(const struct reading *before)
{
    struct reading reading = {.at = measure_now()};

    counts_read(&reading.counts);
    reading.fds = settled_fds(before->fds);
    return reading;
}

static uint64_t shim_calls(void)
{
    struct kmt_shim_counters counters = {0};

    if (shim_counters_read)
        shim_counters_read(&counters);
    return counters.shim_calls;
}

static void print_row(int count, const struct reading *before, const struct reading *after,
                      uint64_t undo_calls, uint64_t use_calls)
{
    const struct call_counts *a = &before->counts, *b = &after->counts;

    printf("{\"buffers\": %d, \"bytes_each\": %d, \"calls\": %llu, \"ioctls\": %llu, "
           "\"fds_made\": %llu, \"fds_held\": %d, \"gem_objects\": %lld, \"kfd_objects\": %lld, "
           "\"mapped_bytes\": %llu, \"us\": %.3f, \"undo_calls\": %llu, \"use_calls\": %llu}",
           count, SIZE, (unsigned long long)(b->calls - a->calls),
           (unsigned long long)(b->ioctls - a->ioctls),
           (unsigned long long)(b->fds_made - a->fds_made), (int)(after->fds - before->fds),
           (long long)(b->gem_objects - a->gem_objects),
           (long long)(b->kfd_objects - a->kfd_objects),
           (unsigned long long)(b->mapped_bytes - a->mapped_bytes), 1e6 * (after->at - before->at),
           (unsigned long long)undo_calls, (unsigned long long)use_calls);
}

static uint64_t calls_now(void)
{
    struct call_counts counts;

    counts_read(&counts);
    return counts.calls;
}

static void measure_to_graphics(const struct way *way, int count)
{
    struct reading before, after;
    uint64_t begin, undo, use;

    for (int i = 0; i < count; i++)
        compute_allocate(&buffers[i]);
    before = reading_take();
    way->to_graphics(count);
    after = reading_take_after(&before);
    begin = calls_now();
    graphics_use(count, buffers[0].bo != NULL, 0x5eed0000u + (uint32_t)count);
    use = calls_now() - begin;
    check_to_graphics(count, 0x5eed0000u + (uint32_t)count);
    begin = calls_now();
    way->undo_to_graphics(count);
    undo = calls_now() - begin;
    print_row(count, &before, &after, undo, use);
    for (int i = 0; i < count; i++)
        CHECK(hsa_amd_memory_pool_free(buffers[i].pointer));
    memset(buffers, 0, sizeof buffers);
}

static void measure_to_compute(const struct way *way, int count)
{
    struct reading before, after;
    uint64_t begin, undo;

    for (int i = 0; i < count; i++)
        graphics_allocate(&buffers[i], AMDGPU_GEM_DOMAIN_VRAM);
    before = reading_take();
    way->to_compute(count);
    after = reading_take_after(&before);
    check_to_compute(count, 0xc0de0000u + (uint32_t)count);
    begin = calls_now();
    way->undo_to_compute(count);
    undo = calls_now() - begin;
    begin = shim_calls(); /* what the shim adds when buffers go */
    for (int i = 0; i < count; i++)
        graphics_unmap(&buffers[i]);
    undo += shim_calls() - begin;
    print_row(count, &before, &after, undo, 0);
    memset(buffers, 0, sizeof buffers);
}

static void find_libraries(bool with_shim)
{
    counts_read = (count_calls_read_fn *)dlsym(RTLD_DEFAULT, "count_calls_read");
    if (!counts_read)
        fail("librocweld-count.so is not preloaded", 0);
    shim_lookup = (__typeof__(shim_lookup))dlsym(RTLD_DEFAULT, "kmt_shim_lookup");
    shim_handle_of_gem =
        (__typeof__(shim_handle_of_gem))dlsym(RTLD_DEFAULT, "kmt_shim_handle_of_gem");
    shim_make_resident =
        (__typeof__(shim_make_resident))dlsym(RTLD_DEFAULT, "kmt_shim_bos_make_resident");
    shim_counters_read =
        (__typeof__(shim_counters_read))dlsym(RTLD_DEFAULT, "kmt_shim_counters_read");
    if (with_shim != (shim_lookup != NULL))
        fail("the shim is (0) or is not (1) preloaded", with_shim);
}

int main(int argc, char **argv)
{
    static const int sizes[] = {1, 100, MOST};
    const struct way *way = argc > 1 && strcmp(argv[1], "weld") == 0 ? &ways[0] : &ways[1];

    if (argc != 2 || strcmp(argv[1], way->name) != 0) {
        fprintf(stderr, "usage: measure_share weld|dmabuf\n");
        return 1;
    }
    find_libraries(way == &ways[0]);
    compute_start();
    graphics_start();
    use_prepare();
    kfd = open("/dev/kfd", O_RDWR | O_CLOEXEC);
    printf("{\"to_graphics\": [");
    for (int i = 0; i < 3; i++) {
        fputs(i ? ", " : "", stdout);
        measure_to_graphics(way, sizes[i]);
    }
    printf("], \"to_compute\": [");
    for (int i = 0; i < 3; i++) {
        fputs(i ? ", " : "", stdout);
        measure_to_compute(way, sizes[i]);
    }
    printf("]}\n");
    fflush(stdout);
    hsa_shut_down();
    return 0;
}
