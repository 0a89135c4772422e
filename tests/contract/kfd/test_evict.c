/* SPDX-License-Identifier: MIT
 *
 * Eviction: which moves stop a process's queues, what the restore mends and what it does not, on
 * each kernel.
 */
#include "tests/contract/kfd/support.h"

#include <amdgpu_drm.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "softgpu/front/kfd/kfd_memory.h"
#include "softgpu/front/kfd/kfd_process.h"
#include "softgpu/mem/host_range.h"

#define VRAM (KFD_IOC_ALLOC_MEM_FLAGS_VRAM | READ_WRITE)
#define MIB  (UINT64_C(1) << 20)
#define RW   (GPU_VM_PAGE_READABLE | GPU_VM_PAGE_WRITEABLE)

/* 6.8 brought fences from allocation on, and restores that update all mappings. */
static bool new_rules(void)
{
    return kernel_at_least("6.12");
}

static struct mem_bo *kfd_bo(uint64_t handle)
{
    struct kfd_pdd *pdd = kfd_pdd_find(kfd_process_current(), (uint32_t)(handle >> 32));

    return kfd_bo_find(pdd, (uint32_t)handle)->bo;
}

static struct mem_bo *gem_bo(uint64_t size)
{
    struct mem_bo_desc desc = {.size = size, .domains = MEM_DOMAIN_VRAM};
    struct mem_bo *bo = NULL;

    assert_int_equal(mem_bo_create(machine->devices[0].heaps, &desc, "gem vram", &bo).err, 0);
    return bo;
}

static void gem_map(int fd, struct mem_bo *bo, uint64_t va)
{
    assert_int_equal(
        gpu_vm_map(vm_of(fd), GPU_VM_OWNER_GEM, bo, 0, gpu_va_make(va), bo->size, RW).err, 0);
}

static uint32_t gpu_word(int fd, uint64_t va)
{
    uint32_t word = 0;

    assert_int_equal(gpu_vm_read(vm_of(fd), gpu_va_make(va), &word, sizeof word, NULL).err, 0);
    return word;
}

/* Memory pressure that hits one buffer. */
static void evict(struct mem_bo *bo)
{
    mem_residency_lock();
    assert_int_equal(mem_bo_validate_locked(bo, MEM_DOMAIN_GTT).err, 0);
    mem_residency_unlock();
    assert_int_equal(bo->placement, MEM_DOMAIN_GTT);
}

static struct cp_queue *queue_make(unsigned slot)
{
    struct kfd_create_queue_args args = queue_args(0, KFD_QUEUE_TYPE_COMPUTE_AQL, slot);

    assert_int_equal(create_queue(&args), 0);
    return fake_cp_queues();
}

static bool is_stopped(struct cp_queue *queue)
{
    return atomic_load(&queue->holds) != 0;
}

/* Waits for the restore, however slow the machine. */
static void wait_running(struct cp_queue *queue)
{
    for (int i = 0; i < 10000 && is_stopped(queue); i++)
        usleep(1000);
    assert_false(is_stopped(queue));
}

static void queues_stop_and_everything_comes_back(void **state)
{
    int fd = acquire_fresh(0);
    struct mem_bo *bo = kfd_bo(alloc_and_map(gpu(0), va_at(0), 4 * MIB, VRAM));
    struct cp_queue *first = queue_make(0), *second = queue_make(1);

    (void)state;
    memset(bo->host, 0x5a, bo->size);
    assert_int_equal(mem_heaps_evict_all(machine->devices[0].heaps, MEM_DOMAIN_VRAM).err, 0);
    assert_int_equal(bo->placement, MEM_DOMAIN_GTT);
    assert_true(is_stopped(first) && is_stopped(second));
    wait_running(first);
    wait_running(second);
    assert_int_equal(bo->placement, MEM_DOMAIN_VRAM);
    assert_int_equal(gpu_word(fd, va_at(0)), 0x5a5a5a5a);
    assert_int_equal(gpu_word(fd, va_at(0) + 4 * MIB - 4), 0x5a5a5a5a);
    /* And again: the restore has made a new fence. */
    evict(bo);
    assert_true(is_stopped(first) && is_stopped(second));
    wait_running(first);
    assert_int_equal(bo->placement, MEM_DOMAIN_VRAM);
}

static void two_halves_of_a_ring_come_back(void **state)
{
    int fd = acquire_fresh(0);
    uint64_t handle =
        alloc_and_map(gpu(0), va_at(0), 16384, VRAM | KFD_IOC_ALLOC_MEM_FLAGS_AQL_QUEUE_MEM);
    struct cp_queue *queue = queue_make(0);

    (void)state;
    kfd_bo(handle)->host[0] = 7;
    evict(kfd_bo(handle));
    wait_running(queue);
    assert_int_equal(gpu_word(fd, va_at(0)), 7);
    assert_int_equal(gpu_word(fd, va_at(0) + 8192), 7);
}

static void smi_tells_of_eviction_and_restore(void **state)
{
    uint64_t mask =
        KFD_SMI_BIT(KFD_SMI_EVENT_QUEUE_EVICTION) | KFD_SMI_BIT(KFD_SMI_EVENT_QUEUE_RESTORE);
    struct kfd_ioctl_smi_events_args args = {.gpuid = gpu(0)};
    char expected[64], text[256] = "";
    size_t length = 0;

    (void)state;
    if (!kernel_at_least("6.1"))
        return;
    acquire_fresh(0);
    struct mem_bo *bo = kfd_bo(alloc_and_map(gpu(0), va_at(0), PAGE, VRAM));
    assert_int_equal(kfd(AMDKFD_IOC_SMI_EVENTS, &args), 0);
    assert_int_equal(write((int)args.anon_fd, &mask, sizeof mask), sizeof mask);
    evict(bo);
    for (unsigned events = 0; events < 2;) {
        struct pollfd readable = {.fd = (int)args.anon_fd, .events = POLLIN};
        char line[128];

        assert_int_equal(poll(&readable, 1, 60000), 1);
        ssize_t n = read((int)args.anon_fd, line, sizeof line);
        for (ssize_t i = 0; i < n; i++)
            events += line[i] == '\n';
        memcpy(text + length, line, (size_t)n);
        length += (size_t)n;
    }
    snprintf(expected, sizeof expected, "-%d %x %d\na ", (int)getpid(), gpu(0),
             KFD_QUEUE_EVICTION_TRIGGER_TTM);
    assert_int_equal(strncmp(text, "9 ", 2), 0);
    assert_non_null(strstr(text, expected));
    snprintf(expected, sizeof expected, "-%d %x 0\n", (int)getpid(), gpu(0));
    assert_non_null(strstr(text, expected));
    close((int)args.anon_fd);
}

/* Rule 2: to make room for itself a process never stops itself. */
static void own_allocations_evict_no_compute_memory(void **state)
{
    struct mem_usage usage;

    (void)state;
    int fd = acquire_fresh(0);
    struct cp_queue *queue = queue_make(0);
    mem_heaps_usage(machine->devices[0].heaps, &usage);
    uint64_t part = usage.vram_size * 2 / 5 & ~(2 * MIB - 1);
    struct mem_bo *gem = gem_bo(part);
    struct mem_bo *first = kfd_bo(alloc_and_map(gpu(0), va_at(0), part, VRAM));
    struct mem_bo *second = kfd_bo(alloc_and_map(gpu(0), va_at(1), part, VRAM));
    struct mem_bo_desc desc = {.size = part, .domains = MEM_DOMAIN_VRAM};
    struct mem_bo *none, *fallback;

    (void)fd;
    assert_int_equal(gem->placement, MEM_DOMAIN_GTT); /* it made room */
    assert_int_equal(mem_bo_create(machine->devices[0].heaps, &desc, "gem vram", &none).err,
                     ENOMEM);
    desc.domains |= MEM_DOMAIN_GTT;
    assert_int_equal(mem_bo_create(machine->devices[0].heaps, &desc, "gem vram", &fallback).err, 0);
    assert_int_equal(fallback->placement, MEM_DOMAIN_GTT);
    assert_int_equal(first->placement, MEM_DOMAIN_VRAM);
    assert_int_equal(second->placement, MEM_DOMAIN_VRAM);
    assert_false(is_stopped(queue));
    mem_bo_put(fallback);
    mem_bo_put(gem);
}

/* Rule 4: a private buffer of the DRM side moves while queues run, and they go on with what is no
 * longer there, until a restore of a new kernel, or a submission. */
static void private_buffers_move_under_running_queues(void **state)
{
    int fd = acquire_fresh(0);
    struct mem_bo *kfd_memory = kfd_bo(alloc_and_map(gpu(0), va_at(0), PAGE, VRAM));
    struct mem_bo *bo = gem_bo(PAGE);
    struct cp_queue *queue = queue_make(0);

    (void)state;
    gem_map(fd, bo, va_at(1));
    bo->host[0] = 3;
    evict(bo);
    assert_false(is_stopped(queue));
    assert_int_not_equal(gpu_word(fd, va_at(1)), 3);
    evict(kfd_memory);
    wait_running(queue);
    assert_int_equal(bo->placement, MEM_DOMAIN_GTT);
    if (new_rules())
        assert_int_equal(gpu_word(fd, va_at(1)), 3);
    else
        assert_int_not_equal(gpu_word(fd, va_at(1)), 3);
    assert_int_equal(gpu_vm_validate_begin(vm_of(fd), NULL, 0).err, 0);
    gpu_vm_validate_end();
    assert_int_equal(gpu_word(fd, va_at(1)), 3);
    mem_bo_put(bo);
}

/* The remedy: imported once, without an address, it belongs to what must be resident. */
static void imported_buffers_are_resident_while_queues_run(void **state)
{
    int fd = acquire_fresh(0), dmabuf;
    struct mem_bo *bo = gem_bo(PAGE);
    struct cp_queue *queue = queue_make(0);

    (void)state;
    gem_map(fd, bo, va_at(1));
    bo->host[0] = 3;
    assert_int_equal(dmabuf_export(bo, 0, &dmabuf).err, 0);
    struct kfd_ioctl_import_dmabuf_args import = {.gpu_id = gpu(0), .dmabuf_fd = (uint32_t)dmabuf};
    assert_int_equal(kfd(AMDKFD_IOC_IMPORT_DMABUF, &import), 0);
    close(dmabuf);
    evict(bo);
    if (new_rules()) {
        assert_true(is_stopped(queue));
        wait_running(queue);
        assert_int_equal(bo->placement, MEM_DOMAIN_VRAM);
        assert_int_equal(gpu_word(fd, va_at(1)), 3);
        /* No longer, once it is freed there. */
        assert_int_equal(free_bo(import.handle), 0);
        evict(bo);
    }
    assert_false(is_stopped(queue));
    mem_bo_put(bo);
}

/* Importing what is in system memory brings it to where queues will find it. */
static void importing_makes_resident(void **state)
{
    int dmabuf;
    struct mem_bo *bo = gem_bo(PAGE);

    (void)state;
    acquire_fresh(0);
    evict(bo);
    assert_int_equal(dmabuf_export(bo, 0, &dmabuf).err, 0);
    struct kfd_ioctl_import_dmabuf_args import = {.gpu_id = gpu(0), .dmabuf_fd = (uint32_t)dmabuf};
    assert_int_equal(kfd(AMDKFD_IOC_IMPORT_DMABUF, &import), 0);
    close(dmabuf);
    assert_int_equal(bo->placement, new_rules() ? MEM_DOMAIN_VRAM : MEM_DOMAIN_GTT);
    mem_bo_put(bo);
}

static void always_valid_objects_carry_the_fence_of_their_vm(void **state)
{
    int fd = acquire_fresh(0);
    struct mem_bo *bo = gem_bo(PAGE);
    struct cp_queue *queue = queue_make(0);
    uint32_t handle;

    (void)state;
    gpu_vm_adopt_bo(vm_of(fd), bo);
    assert_int_equal(drm_file_handle_create(render_file(fd), bo, &handle).err, 0);
    gem_map(fd, bo, va_at(1));
    bo->host[0] = 3;
    evict(bo);
    assert_true(is_stopped(queue));
    wait_running(queue);
    assert_int_equal(bo->placement, MEM_DOMAIN_VRAM);
    if (new_rules())
        assert_int_equal(gpu_word(fd, va_at(1)), 3);
    mem_bo_put(bo);
}

/* Before 6.8 a buffer of the KFD's is fenced as long as it is mapped. */
static void unmapped_buffers_are_fenced_on_new_kernels(void **state)
{
    uint64_t handle;

    (void)state;
    acquire_fresh(0);
    struct cp_queue *queue = queue_make(0);
    assert_int_equal(alloc(gpu(0), va_at(0), PAGE, VRAM, &handle), 0);
    evict(kfd_bo(handle));
    assert_int_equal(is_stopped(queue), new_rules());
    wait_running(queue);
    /* Mapping makes it resident, and fences it. */
    assert_int_equal(map_to(handle, gpu(0)), 0);
    assert_int_equal(kfd_bo(handle)->placement, MEM_DOMAIN_VRAM);
    evict(kfd_bo(handle));
    assert_true(is_stopped(queue));
    wait_running(queue);
    assert_int_equal(unmap_from(handle, gpu(0)), 0);
    evict(kfd_bo(handle));
    assert_int_equal(is_stopped(queue), new_rules());
    wait_running(queue);
}

static void a_queue_waits_for_the_restore(void **state)
{
    (void)state;
    acquire_fresh(0);
    struct mem_bo *bo = kfd_bo(alloc_and_map(gpu(0), va_at(0), PAGE, VRAM));
    struct kfd_create_queue_args args = queue_args(0, KFD_QUEUE_TYPE_COMPUTE_AQL, 0);

    evict(bo);
    assert_int_equal(create_queue(&args), 0);
    assert_int_equal(bo->placement, MEM_DOMAIN_VRAM);
    assert_false(is_stopped(fake_cp_queues()));
}

static _Atomic(const void *) busy_vm;

static bool wait_idle(const void *resv, int64_t deadline)
{
    if (deadline)
        usleep(1000);
    return resv != atomic_load(&busy_vm);
}

/* Rule 6: jobs of the VM come before its queues. */
static void graphics_jobs_hold_up_the_restore(void **state)
{
    int fd = acquire_fresh(0);
    struct mem_bo *bo = kfd_bo(alloc_and_map(gpu(0), va_at(0), PAGE, VRAM));
    struct cp_queue *queue = queue_make(0);

    (void)state;
    mem_jobs_set_waiter(wait_idle);
    atomic_store(&busy_vm, vm_of(fd));
    evict(bo);
    usleep(300000);
    assert_true(is_stopped(queue));
    atomic_store(&busy_vm, NULL);
    wait_running(queue);
    mem_jobs_set_waiter(NULL);
}

static void a_process_may_end_while_evicted(void **state)
{
    (void)state;
    acquire_fresh(0);
    struct mem_bo *bo = kfd_bo(alloc_and_map(gpu(0), va_at(0), PAGE, VRAM));

    queue_make(0);
    evict(bo);
}

/* The page in which the device writes signals is known by its address. */
static void the_signal_page_stays(void **state)
{
    uint64_t handle;
    struct kfd_ioctl_create_event_args args = {.event_type = KFD_IOC_EVENT_SIGNAL};

    (void)state;
    acquire_fresh(0);
    handle = alloc_and_map(gpu(0), va_at(0), 32768, KFD_IOC_ALLOC_MEM_FLAGS_GTT | READ_WRITE);
    args.event_page_offset = handle;
    assert_int_equal(kfd(AMDKFD_IOC_CREATE_EVENT, &args), 0);
    const uint8_t *host = kfd_bo(handle)->host;
    assert_int_equal(mem_heaps_evict_all(machine->devices[0].heaps, MEM_DOMAIN_GTT).err, 0);
    assert_ptr_equal(kfd_bo(handle)->host, host);
    assert_int_equal(kfd_bo(handle)->placement, MEM_DOMAIN_GTT);
}

/* What the preload library's munmap() and mmap(MAP_FIXED) do. */
static void host_unmap(void *p, size_t size)
{
    mem_host_ranges_invalidate(p, size);
    assert_int_equal(munmap(p, size), 0);
}

static void host_map_again(void *p, size_t size)
{
    mem_host_ranges_invalidate(p, size);
    assert_ptr_equal(
        mmap(p, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), p);
}

/* Queues stop before the memory goes, and go on without it. */
static void unmapped_host_memory_stops_queues(void **state)
{
    int fd = acquire_fresh(0);
    uint32_t *p = host_alloc(4 * PAGE), word;
    struct kfd_ioctl_alloc_memory_of_gpu_args args = {
        .va_addr = va_at(0),
        .size = 2 * PAGE,
        .gpu_id = gpu(0),
        .flags = KFD_IOC_ALLOC_MEM_FLAGS_USERPTR | READ_WRITE,
        .mmap_offset = (uintptr_t)p,
    };
    struct cp_queue *queue = queue_make(0);

    (void)state;
    assert_int_equal(kfd(AMDKFD_IOC_ALLOC_MEMORY_OF_GPU, &args), 0);
    assert_int_equal(map_to(args.handle, gpu(0)), 0);
    p[0] = 5;
    assert_int_equal(gpu_word(fd, va_at(0)), 5);
    host_unmap(p + 3 * PAGE / 4, PAGE); /* next to it: nothing happens */
    assert_false(is_stopped(queue));
    mem_host_ranges_invalidate(p + PAGE / 4, PAGE); /* replaced by nothing new */
    assert_true(is_stopped(queue));
    wait_running(queue);
    assert_int_equal(gpu_word(fd, va_at(0)), 5);
    host_unmap(p, 2 * PAGE);
    assert_true(is_stopped(queue));
    wait_running(queue);
    assert_int_equal(gpu_vm_read(vm_of(fd), gpu_va_make(va_at(0)), &word, 4, NULL).err, EFAULT);
    host_map_again(p, 2 * PAGE);
    assert_true(is_stopped(queue));
    wait_running(queue);
    p[0] = 6;
    assert_int_equal(gpu_word(fd, va_at(0)), 6);
    assert_int_equal(unmap_from(args.handle, gpu(0)), 0);
    assert_int_equal(free_bo(args.handle), 0);
    host_unmap(p, 2 * PAGE);
    assert_false(is_stopped(queue));
    munmap(p + 2 * PAGE / 4, PAGE);
}

/* GEM userptr memory may go under running queues (rule 5). */
static void graphics_host_memory_stops_nothing(void **state)
{
    void *p = host_alloc(PAGE);
    struct mem_bo_desc desc = {.size = PAGE,
                               .domains = MEM_DOMAIN_GTT,
                               .backing = MEM_BACKING_USERPTR,
                               .user_address = (uintptr_t)p};
    struct mem_bo *bo;

    (void)state;
    int fd = acquire_fresh(0);
    struct cp_queue *queue = queue_make(0);
    assert_int_equal(mem_bo_create(machine->devices[0].heaps, &desc, "gem userptr", &bo).err, 0);
    gem_map(fd, bo, va_at(0));
    host_unmap(p, PAGE);
    assert_false(is_stopped(queue));
    mem_bo_put(bo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        kfd_test(queues_stop_and_everything_comes_back),
        kfd_test(two_halves_of_a_ring_come_back),
        kfd_test(smi_tells_of_eviction_and_restore),
        kfd_test(own_allocations_evict_no_compute_memory),
        kfd_test(private_buffers_move_under_running_queues),
        kfd_test(imported_buffers_are_resident_while_queues_run),
        kfd_test(importing_makes_resident),
        kfd_test(always_valid_objects_carry_the_fence_of_their_vm),
        kfd_test(unmapped_buffers_are_fenced_on_new_kernels),
        kfd_test(a_queue_waits_for_the_restore),
        kfd_test(graphics_jobs_hold_up_the_restore),
        kfd_test(a_process_may_end_while_evicted),
        kfd_test(the_signal_page_stays),
        kfd_test(unmapped_host_memory_stops_queues),
        kfd_test(graphics_host_memory_stops_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
