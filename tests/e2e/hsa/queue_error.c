/* SPDX-License-Identifier: MIT
 * Gives a queue one packet that no GPU can execute and prints the status that the queue's error
 * callback gets: queue_error WAY CODE_OBJECT, where the code object has a kernel `empty`. Exits 0
 * when the callback came, 1 when the packet was swallowed.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <hsa/hsa.h>

#include "samples/hip/agent.h"

enum { WAIT_SECONDS = 20 };

static void check(hsa_status_t status, const char *call)
{
    const char *text = "?";

    if (status == HSA_STATUS_SUCCESS || status == HSA_STATUS_INFO_BREAK)
        return;
    hsa_status_string(status, &text);
    fprintf(stderr, "%s: %s\n", call, text);
    exit(2);
}
#define CHECK(call) check((call), #call)

/* Runs on a thread of the runtime. */
static void on_error(hsa_status_t status, hsa_queue_t *queue, void *data)
{
    const char *text = "?";

    (void)queue;
    (void)data;
    hsa_status_string(status, &text);
    printf("queue error 0x%x: %s\n", status, text);
    fflush(stdout);
    _exit(0);
}

struct way {
    const char *name;
    uint16_t type;
    void (*spoil)(hsa_kernel_dispatch_packet_t *packet);
};

static void no_dimensions(hsa_kernel_dispatch_packet_t *packet)
{
    packet->setup = 0;
}

static void empty_group(hsa_kernel_dispatch_packet_t *packet)
{
    packet->workgroup_size_y = 0;
}

static void large_group(hsa_kernel_dispatch_packet_t *packet)
{
    packet->workgroup_size_x = 1024;
    packet->workgroup_size_y = 2;
}

static void much_lds(hsa_kernel_dispatch_packet_t *packet)
{
    packet->group_segment_size = 1 << 20;
}

static void no_kernel(hsa_kernel_dispatch_packet_t *packet)
{
    packet->kernel_object = 0;
}

static void nothing_else(hsa_kernel_dispatch_packet_t *packet)
{
    (void)packet;
}

static const struct way ways[] = {
    {"no-dimensions", HSA_PACKET_TYPE_KERNEL_DISPATCH, no_dimensions},
    {"empty-group", HSA_PACKET_TYPE_KERNEL_DISPATCH, empty_group},
    {"large-group", HSA_PACKET_TYPE_KERNEL_DISPATCH, large_group},
    {"much-lds", HSA_PACKET_TYPE_KERNEL_DISPATCH, much_lds},
    {"no-kernel", HSA_PACKET_TYPE_KERNEL_DISPATCH, no_kernel},
    {"unknown-packet", 11, nothing_else},
};

static const struct way *find_way(const char *name)
{
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (!strcmp(ways[i].name, name))
            return &ways[i];
    fprintf(stderr, "unknown way to fail: %s\n", name);
    exit(2);
}

/* The descriptor of kernel `empty`, as a packet names it. */
static uint64_t load_kernel(hsa_agent_t gpu, const char *path)
{
    hsa_code_object_reader_t reader;
    hsa_executable_symbol_t symbol;
    hsa_executable_t executable;
    uint64_t kernel = 0;
    int fd = open(path, O_RDONLY);

    if (fd < 0) {
        perror(path);
        exit(2);
    }
    CHECK(hsa_code_object_reader_create_from_file(fd, &reader));
    CHECK(hsa_executable_create_alt(HSA_PROFILE_BASE, HSA_DEFAULT_FLOAT_ROUNDING_MODE_DEFAULT, NULL,
                                    &executable));
    CHECK(hsa_executable_load_agent_code_object(executable, gpu, reader, NULL, NULL));
    CHECK(hsa_executable_freeze(executable, NULL));
    CHECK(hsa_executable_get_symbol_by_name(executable, "empty.kd", &gpu, &symbol));
    CHECK(
        hsa_executable_symbol_get_info(symbol, HSA_EXECUTABLE_SYMBOL_INFO_KERNEL_OBJECT, &kernel));
    return kernel;
}

static void submit(hsa_queue_t *queue, const struct way *way, uint64_t kernel)
{
    uint64_t index = hsa_queue_add_write_index_relaxed(queue, 1);
    hsa_kernel_dispatch_packet_t *packet =
        (hsa_kernel_dispatch_packet_t *)queue->base_address + index % queue->size;

    memset((char *)packet + sizeof packet->header, 0, sizeof *packet - sizeof packet->header);
    packet->setup = 2 << HSA_KERNEL_DISPATCH_PACKET_SETUP_DIMENSIONS;
    packet->workgroup_size_x = packet->workgroup_size_y = packet->workgroup_size_z = 1;
    packet->grid_size_x = packet->grid_size_y = packet->grid_size_z = 1;
    packet->kernel_object = kernel;
    way->spoil(packet);
    __atomic_store_n(&packet->header, (uint16_t)(way->type << HSA_PACKET_HEADER_TYPE),
                     __ATOMIC_RELEASE);
    hsa_signal_store_screlease(queue->doorbell_signal, (hsa_signal_value_t)index);
}

int main(int argc, char **argv)
{
    const struct way *way = find_way(argc > 1 ? argv[1] : "");
    hsa_queue_t *queue;
    hsa_agent_t gpu;

    CHECK(hsa_init());
    gpu = agent_first_gpu();
    CHECK(hsa_queue_create(gpu, 64, HSA_QUEUE_TYPE_MULTI, on_error, NULL, UINT32_MAX, UINT32_MAX,
                           &queue));
    submit(queue, way, load_kernel(gpu, argc > 2 ? argv[2] : ""));
    sleep(WAIT_SECONDS);
    fprintf(stderr, "no error after %d seconds\n", WAIT_SECONDS);
    return 1;
}
