/* SPDX-License-Identifier: MIT */
#include "compute.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <hsa/hsa_ext_amd.h>

enum { QUEUE_PACKETS = 256 };

/* The kernel's arguments, as far as it looks at them; kernargs are aligned to 64 bytes. */
struct turn_args {
    _Alignas(64) struct board *board;
    uint64_t expected;
    char hidden[240];
};

void compute_check(hsa_status_t status, const char *call)
{
    const char *text = "?";

    if (status == HSA_STATUS_SUCCESS || status == HSA_STATUS_INFO_BREAK)
        return;
    hsa_status_string(status, &text);
    fprintf(stderr, "%s: %s\n", call, text);
    exit(2);
}

static hsa_status_t note_agent(hsa_agent_t agent, void *data)
{
    struct compute *compute = data;
    hsa_device_type_t type;

    HSA(hsa_agent_get_info(agent, HSA_AGENT_INFO_DEVICE, &type));
    if (type == HSA_DEVICE_TYPE_GPU && !compute->agent.handle)
        compute->agent = agent;
    if (type == HSA_DEVICE_TYPE_CPU && !compute->cpu.handle)
        compute->cpu = agent;
    return HSA_STATUS_SUCCESS;
}

static void load_kernel(struct compute *compute, const char *code)
{
    hsa_kernel_dispatch_packet_t *kernel = &compute->kernel;
    hsa_code_object_reader_t reader;
    hsa_executable_symbol_t symbol;
    hsa_executable_t executable;
    int fd = open(code, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        perror(code);
        exit(2);
    }
    HSA(hsa_code_object_reader_create_from_file(fd, &reader));
    HSA(hsa_executable_create_alt(HSA_PROFILE_BASE, HSA_DEFAULT_FLOAT_ROUNDING_MODE_DEFAULT, NULL,
                                  &executable));
    HSA(hsa_executable_load_agent_code_object(executable, compute->agent, reader, NULL, NULL));
    HSA(hsa_executable_freeze(executable, NULL));
    HSA(hsa_executable_get_symbol_by_name(executable, "turn.kd", &compute->agent, &symbol));
    HSA(hsa_executable_symbol_get_info(symbol, HSA_EXECUTABLE_SYMBOL_INFO_KERNEL_OBJECT,
                                       &kernel->kernel_object));
    HSA(hsa_executable_symbol_get_info(symbol, HSA_EXECUTABLE_SYMBOL_INFO_KERNEL_GROUP_SEGMENT_SIZE,
                                       &kernel->group_segment_size));
    HSA(hsa_executable_symbol_get_info(symbol,
                                       HSA_EXECUTABLE_SYMBOL_INFO_KERNEL_PRIVATE_SEGMENT_SIZE,
                                       &kernel->private_segment_size));
    kernel->setup = 1 << HSA_KERNEL_DISPATCH_PACKET_SETUP_DIMENSIONS;
    kernel->workgroup_size_x = kernel->workgroup_size_y = kernel->workgroup_size_z = 1;
    kernel->grid_size_x = kernel->grid_size_y = kernel->grid_size_z = 1;
    close(fd);
}

void compute_open(struct compute *out_compute, const char *code)
{
    *out_compute = (struct compute){0};
    HSA(hsa_init());
    HSA(hsa_iterate_agents(note_agent, out_compute));
    HSA(hsa_queue_create(out_compute->agent, QUEUE_PACKETS, HSA_QUEUE_TYPE_SINGLE, NULL, NULL,
                         UINT32_MAX, UINT32_MAX, &out_compute->queue));
    load_kernel(out_compute, code);
    out_compute->args = compute_memory(out_compute, QUEUE_PACKETS * sizeof(struct turn_args));
}

void compute_close(struct compute *compute)
{
    HSA(hsa_queue_destroy(compute->queue));
    HSA(hsa_shut_down());
}

static hsa_status_t note_pool(hsa_amd_memory_pool_t pool, void *data)
{
    hsa_amd_memory_pool_global_flag_t flags = 0;
    hsa_amd_segment_t segment;

    HSA(hsa_amd_memory_pool_get_info(pool, HSA_AMD_MEMORY_POOL_INFO_SEGMENT, &segment));
    if (segment != HSA_AMD_SEGMENT_GLOBAL)
        return HSA_STATUS_SUCCESS;
    HSA(hsa_amd_memory_pool_get_info(pool, HSA_AMD_MEMORY_POOL_INFO_GLOBAL_FLAGS, &flags));
    if (!(flags & HSA_AMD_MEMORY_POOL_GLOBAL_FLAG_FINE_GRAINED))
        return HSA_STATUS_SUCCESS;
    *(hsa_amd_memory_pool_t *)data = pool;
    return HSA_STATUS_INFO_BREAK;
}

void *compute_memory(struct compute *compute, size_t bytes)
{
    hsa_amd_memory_pool_t pool = {0};
    void *memory;

    HSA(hsa_amd_agent_iterate_memory_pools(compute->cpu, note_pool, &pool));
    HSA(hsa_amd_memory_pool_allocate(pool, bytes, 0, &memory));
    HSA(hsa_amd_agents_allow_access(1, &compute->agent, NULL, memory));
    memset(memory, 0, bytes);
    return memory;
}

hsa_signal_t compute_signal(hsa_signal_value_t value)
{
    hsa_signal_t signal;

    HSA(hsa_signal_create(value, 0, NULL, &signal));
    return signal;
}

/* ---- packets ---- */

static uint64_t place_take(struct compute *compute)
{
    uint64_t index = hsa_queue_add_write_index_relaxed(compute->queue, 1);

    while (index - hsa_queue_load_read_index_scacquire(compute->queue) >= compute->queue->size)
        usleep(100);
    return index;
}

static void publish(struct compute *compute, uint64_t index, hsa_packet_type_t type)
{
    uint16_t header = (uint16_t)(type << HSA_PACKET_HEADER_TYPE) | 1 << HSA_PACKET_HEADER_BARRIER |
                      HSA_FENCE_SCOPE_SYSTEM << HSA_PACKET_HEADER_SCACQUIRE_FENCE_SCOPE |
                      HSA_FENCE_SCOPE_SYSTEM << HSA_PACKET_HEADER_SCRELEASE_FENCE_SCOPE;
    uint16_t *packet =
        (uint16_t *)((char *)compute->queue->base_address + index % compute->queue->size * 64);

    __atomic_store_n(packet, header, __ATOMIC_RELEASE);
    hsa_signal_store_screlease(compute->queue->doorbell_signal, (hsa_signal_value_t)index);
}

/* All but the header, which publishes the packet. */
static void packet_write(struct compute *compute, uint64_t index, const void *packet)
{
    char *place = (char *)compute->queue->base_address + index % compute->queue->size * 64;

    memcpy(place + 2, (const char *)packet + 2, 62);
}

void compute_wait(struct compute *compute, hsa_signal_t signal)
{
    hsa_barrier_and_packet_t packet = {.dep_signal[0] = signal};
    uint64_t index = place_take(compute);

    packet_write(compute, index, &packet);
    publish(compute, index, HSA_PACKET_TYPE_BARRIER_AND);
}

void compute_turn(struct compute *compute, struct board *board, uint64_t expected,
                  hsa_signal_t done)
{
    hsa_kernel_dispatch_packet_t packet = compute->kernel;
    uint64_t index = place_take(compute);
    struct turn_args *args = &compute->args[index % compute->queue->size];

    args->board = board;
    args->expected = expected;
    packet.kernarg_address = args;
    packet.completion_signal = done;
    packet_write(compute, index, &packet);
    publish(compute, index, HSA_PACKET_TYPE_KERNEL_DISPATCH);
}
