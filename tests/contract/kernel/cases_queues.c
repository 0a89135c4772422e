/* SPDX-License-Identifier: MIT
 *
 * Queues, and rules that only GPU work can show. The work is SDMA's: it needs no shader.
 */
#include <errno.h>
#include <unistd.h>

#include "tests/contract/kernel/cases.h"
#include "tests/contract/kernel/sdma.h"

#define KERNEL_ENOTSUPP 524 /* include/linux/errno.h; user space really sees it */

enum { WAIT_MS = 10000 };

void case_a_queue_copies_between_both_sides(void)
{
    struct session s = session_open(0);
    struct sdma_queue queue = sdma_open(&s, va_at(0));
    struct buffer buffer = buffer_make(&s, va_at(1), MIB(1), GTT);
    volatile uint32_t *compute = buffer_mmap(s.drm, &buffer), *graphics;
    uint32_t handle;

    EXPECT(gem_create(s.drm, MIB(1), AMDGPU_GEM_DOMAIN_GTT, 0, &handle), 0);
    EXPECT(gem_va(s.drm, AMDGPU_VA_OP_MAP, handle, va_at(2), MIB(1)), 0);
    graphics = gem_mmap(s.drm, handle, MIB(1));
    for (uint32_t i = 0; i < 1024; i++)
        graphics[i] = i + 1;
    sdma_copy(&queue, buffer.va, va_at(2), 4096);
    sdma_copy(&queue, va_at(2) + 4096, buffer.va, 4096);
    sdma_store(&queue, buffer.va + 8192, 1);
    sdma_submit(&queue);
    EXPECT_TRUE(word_becomes(&compute[2048], 1));
    for (uint32_t i = 0; i < 1024; i++) {
        EXPECT(compute[i], i + 1);
        EXPECT(graphics[1024 + i], i + 1);
    }
    EXPECT(*queue.read, queue.next);
}

/* The address that the memory exception event of the process brings. */
static uint64_t fault_address(int kfd, uint32_t event, uint32_t gpu_id)
{
    struct kfd_event_data data;

    EXPECT(event_wait(kfd, event, WAIT_MS, &data), KFD_IOC_WAIT_RESULT_COMPLETE);
    EXPECT(data.memory_exception_data.gpu_id, gpu_id);
    return data.memory_exception_data.va;
}

void case_two_opens_are_two_vms(void)
{
    struct session s = session_open(0);
    struct sdma_queue queue = sdma_open(&s, va_at(0));
    struct buffer buffer = buffer_make(&s, va_at(1), MIB(1), GTT);
    int other = render_open(0);
    uint32_t handle, event;

    EXPECT(event_create(s.kfd, KFD_IOC_EVENT_MEMORY, &event), 0);
    EXPECT(gem_create(other, MIB(1), AMDGPU_GEM_DOMAIN_GTT, 0, &handle), 0);
    EXPECT(gem_va(other, AMDGPU_VA_OP_MAP, handle, va_at(2), MIB(1)), 0);
    EXPECT(gem_va(other, AMDGPU_VA_OP_MAP, handle, buffer.va, MIB(1)), 0); /* no overlap there */
    sdma_copy(&queue, buffer.va, va_at(2), 4096);
    sdma_submit(&queue);
    EXPECT(fault_address(s.kfd, event, s.gpu->id), va_at(2));
}

/* ---- faults ---- */

/* A process of its own, started before this one opens any device, that works when told to. */
struct neighbour {
    int go, done; /* pipes */
};

static void neighbour_work(int go, int done)
{
    struct session s = session_open(0);
    struct sdma_queue queue = sdma_open(&s, va_at(0));
    struct buffer buffer = buffer_make(&s, va_at(1), PAGE, GTT);
    volatile uint32_t *view = buffer_mmap(s.drm, &buffer);
    char byte = 0;

    for (uint32_t i = 1; i <= 2; i++) {
        sdma_store(&queue, buffer.va, i);
        sdma_submit(&queue);
        EXPECT_TRUE(word_becomes(view, i));
        EXPECT(write(done, &byte, 1), 1);
        if (i == 1)
            EXPECT(read(go, &byte, 1), 1);
    }
}

static struct neighbour neighbour_start(void)
{
    int go[2], done[2];

    EXPECT(pipe(go), 0);
    EXPECT(pipe(done), 0);
    if (fork() == 0) {
        close(go[1]);
        close(done[0]);
        neighbour_work(go[0], done[1]);
        _exit(0);
    }
    close(go[0]);
    close(done[1]);
    return (struct neighbour){.go = go[1], .done = done[0]};
}

static void neighbour_await(const struct neighbour *neighbour)
{
    char byte;

    EXPECT(read(neighbour->done, &byte, 1), 1); /* end of file: it has failed */
}

void case_a_fault_stops_the_process_on_its_gpu(void)
{
    struct neighbour neighbour = neighbour_start();
    struct session s = session_open(0), t = session_add(s.kfd, 1);
    struct sdma_queue faulty = sdma_open(&s, va_at(0)), same = sdma_open(&s, va_at(1));
    struct sdma_queue other = sdma_open(&t, va_at(2));
    struct buffer buffer = buffer_make(&s, va_at(3), PAGE, GTT);
    volatile uint32_t *view = buffer_mmap(s.drm, &buffer);
    uint32_t event;

    EXPECT(buffer_map(s.kfd, buffer.handle, t.gpu->id), 0);
    EXPECT(event_create(s.kfd, KFD_IOC_EVENT_MEMORY, &event), 0);
    neighbour_await(&neighbour);
    sdma_store(&faulty, va_at(7), 1);
    sdma_store(&faulty, buffer.va, 1);
    sdma_submit(&faulty);
    EXPECT(fault_address(s.kfd, event, s.gpu->id), va_at(7));

    sdma_store(&same, buffer.va + 4, 1);
    sdma_submit(&same);
    sdma_store(&other, buffer.va + 8, 1);
    sdma_submit(&other);
    EXPECT_TRUE(word_becomes(&view[2], 1)); /* another GPU goes on */
    EXPECT(write(neighbour.go, "", 1), 1);
    neighbour_await(&neighbour); /* another process goes on */
    wait_ms(20);
    EXPECT(view[1], 0);
    struct sdma_queue late = sdma_open(&s, va_at(4));
    sdma_store(&late, buffer.va + 12, 1);
    sdma_submit(&late);
    wait_ms(20);
    EXPECT(view[3], 0); /* nor does a new queue run */
    EXPECT(queue_destroy(s.kfd, same.id), 0);
}

/* ---- what a queue is made of ---- */

void case_create_queue_wants_exact_buffers(void)
{
    struct session s = session_open(0);
    struct sdma_queue queue;
    struct create_queue_args args = sdma_args(&s, va_at(0), &queue);
    struct buffer larger = buffer_make(&s, va_at(1), KIB(64), GTT);

    args.head.ring_base_address = larger.va + KIB(8);
    EXPECT(queue_create(s.kfd, &args), KERNEL(ring_inside_larger_mapping));
    args.head.ring_base_address = larger.va;
    EXPECT(queue_create(s.kfd, &args), KERNEL(ring_inside_larger_mapping));
    args.head.ring_size = (uint32_t)larger.size;
    EXPECT(queue_create(s.kfd, &args), 0);
}

void case_a_queues_buffers_stay_mapped(void)
{
    struct session s = session_open(0);
    struct sdma_queue queue = sdma_open(&s, va_at(0));
    uint32_t handle;
    int fd;

    EXPECT(buffer_unmap(s.kfd, queue.pointers[0].handle, s.gpu->id), KERNEL(unmap_ring_of_queue));
    EXPECT(buffer_unmap(s.kfd, queue.ring.handle, s.gpu->id), KERNEL(unmap_ring_of_queue));
    if (KERNEL(unmap_ring_of_queue) == 0)
        return;
    EXPECT(buffer_export(s.kfd, queue.ring.handle, &fd), 0);
    EXPECT(gem_import(s.drm, fd, &handle), 0);
    EXPECT(gem_va(s.drm, AMDGPU_VA_OP_UNMAP, handle, queue.ring.va, queue.ring.size), 0);
    EXPECT(queue_destroy(s.kfd, queue.id), 0);
    EXPECT(buffer_unmap(s.kfd, queue.pointers[0].handle, s.gpu->id), 0);
    EXPECT(buffer_unmap(s.kfd, queue.ring.handle, s.gpu->id), 0);
}

void case_create_queue_refuses(void)
{
    struct session s = session_open(0);
    struct sdma_queue queue;
    const struct create_queue_args good = sdma_args(&s, va_at(0), &queue);
    struct kfd_ioctl_update_queue_args update = {.queue_id = 1000, .queue_percentage = 100};
    struct create_queue_args args;

#define REFUSED(member, value, want)                                                               \
    do {                                                                                           \
        args = good;                                                                               \
        args.head.member = (value);                                                                \
        EXPECT(queue_create(s.kfd, &args), want);                                                  \
    } while (0)
    REFUSED(queue_percentage, 101, EINVAL);
    REFUSED(queue_priority, 16, EINVAL);
    REFUSED(ring_size, 5000, EINVAL);
    REFUSED(gpu_id, NOBODY, EINVAL);
    REFUSED(queue_type, 0xff, KERNEL_ENOTSUPP);
    REFUSED(ring_base_address, UINT64_MAX - 4095, EFAULT);
    REFUSED(read_pointer_address, UINT64_MAX - 4095, EFAULT);
    REFUSED(write_pointer_address, UINT64_MAX - 4095, EFAULT);
#undef REFUSED
    EXPECT(queue_destroy(s.kfd, 0), EINVAL);
    EXPECT(call(s.kfd, AMDKFD_IOC_UPDATE_QUEUE, &update), EFAULT);
    args = good;
    EXPECT(queue_create(s.kfd, &args), 0);
    EXPECT(args.head.queue_id, 0); /* none of the above has left a number taken */
    EXPECT(queue_destroy(s.kfd, 0), 0);
    EXPECT(queue_destroy(s.kfd, 0), EINVAL);
}

void case_both_gpus_work_on_one_buffer(void)
{
    struct session s = session_open(0), t = session_add(s.kfd, 1);
    struct sdma_queue here = sdma_open(&s, va_at(0)), there = sdma_open(&t, va_at(1));
    struct buffer buffer = buffer_make(&s, va_at(2), MIB(1), GTT);
    volatile uint32_t *view = buffer_mmap(s.drm, &buffer);

    EXPECT(buffer_map(s.kfd, buffer.handle, t.gpu->id), 0);
    sdma_wait(&there, buffer.va, 1);
    sdma_store(&there, buffer.va + 4, 2);
    sdma_submit(&there);
    sdma_store(&here, buffer.va, 1);
    sdma_wait(&here, buffer.va + 4, 2);
    sdma_store(&here, buffer.va + 8, 3);
    sdma_submit(&here);
    EXPECT_TRUE(word_becomes(&view[2], 3));
}

/* ---- an AQL queue ---- */

struct aql_barrier { /* HSA: barrier-AND */
    uint16_t header, reserved0;
    uint32_t reserved1;
    uint64_t dependency[5], reserved2, completion;
};

struct aql_signal { /* HSA: amd_signal_t, as far as it matters here */
    int64_t kind;
    volatile int64_t value;
    uint64_t mailbox, unused[5];
};

enum { BARRIER_HEADER = 3 | 1 << 8 | 2 << 9 | 2 << 11 }; /* in order, system scope */

/* Room behind the waves' state for the debugger: 32 bytes a wave, 32 waves a compute unit. */
static uint64_t debug_area_bytes(const struct gpu *gpu)
{
    uint64_t simds, simds_per_cu;

    EXPECT_TRUE(gpu_property(gpu, "simd_count", &simds));
    EXPECT_TRUE(gpu_property(gpu, "simd_per_cu", &simds_per_cu));
    return simds / simds_per_cu * 32 * 32;
}

void case_a_compute_queue_wants_its_save_area(void)
{
    struct session s = session_open(0);
    struct sdma_queue parts;
    struct create_queue_args args = sdma_args(&s, va_at(0), &parts), wrong;
    uint64_t waves, control, area;

    if (!gpu_property(s.gpu, "cwsr_size", &waves))
        skip("this kernel does not tell how large the save area must be");
    EXPECT_TRUE(gpu_property(s.gpu, "ctl_stack_size", &control));
    area = (waves + debug_area_bytes(s.gpu) + PAGE - 1) & ~(PAGE - 1);
    args.head.queue_type = KFD_IOC_QUEUE_TYPE_COMPUTE_AQL;
    args.head.eop_buffer_address = buffer_make(&s, va_at(1), PAGE, VRAM).va;
    args.head.eop_buffer_size = PAGE;
    args.head.ctx_save_restore_address = buffer_make(&s, va_at(2), area, GTT).va;
    args.head.ctx_save_restore_size = (uint32_t)waves;
    args.head.ctl_stack_size = (uint32_t)control;
    wrong = args;
    wrong.head.ctl_stack_size += PAGE;
    EXPECT(queue_create(s.kfd, &wrong), EINVAL);
    wrong = args;
    wrong.head.ctx_save_restore_size = PAGE;
    EXPECT(queue_create(s.kfd, &wrong), EINVAL);
    wrong = args;
    wrong.head.eop_buffer_size = 64;
    EXPECT(queue_create(s.kfd, &wrong), EINVAL);
    wrong = args;
    wrong.head.ctx_save_restore_address += PAGE;
    EXPECT(queue_create(s.kfd, &wrong), EINVAL);
    EXPECT(queue_create(s.kfd, &args), 0);

    struct buffer memory = buffer_make(&s, va_at(3), PAGE, GTT);
    struct aql_signal *signal = buffer_mmap(s.drm, &memory);
    struct aql_barrier *packets = (struct aql_barrier *)(void *)parts.dwords;
    *signal = (struct aql_signal){.kind = 1, .value = 1};
    packets[0] = (struct aql_barrier){.completion = memory.va};
    __atomic_store_n(&packets[0].header, BARRIER_HEADER, __ATOMIC_RELEASE);
    *parts.written = 1;
    *queue_doorbell(s.kfd, &args) = 0;
    EXPECT_TRUE(word_becomes((volatile uint32_t *)&signal->value, 0));
}
