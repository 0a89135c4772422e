/* SPDX-License-Identifier: MIT
 *
 * HSA's view: the GPU agents of libhsa-runtime64. The library is loaded when it is there, so that
 * rocweld also works on machines that have only graphics.
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>

#include <hsa/hsa.h>
#include <hsa/hsa_ext_amd.h>

#include "tools/rocweld/info.h"

/* The functions that are used, by name. */
#define HSA_FUNCTIONS(X)                                                                           \
    X(hsa_init)                                                                                    \
    X(hsa_shut_down)                                                                               \
    X(hsa_system_get_info)                                                                         \
    X(hsa_iterate_agents)                                                                          \
    X(hsa_agent_get_info)                                                                          \
    X(hsa_amd_agent_iterate_memory_pools)                                                          \
    X(hsa_amd_memory_pool_get_info)                                                                \
    X(hsa_status_string)

static struct {
#define HSA_POINTER(name) __typeof__(name) *name;
    HSA_FUNCTIONS(HSA_POINTER)
#undef HSA_POINTER
} hsa;

static const char *load_hsa(void)
{
    void *library = dlopen("libhsa-runtime64.so.1", RTLD_NOW | RTLD_LOCAL);

    if (!library)
        return dlerror();
#define HSA_LOAD(name)                                                                             \
    *(void **)&hsa.name = dlsym(library, #name);                                                   \
    if (!hsa.name)                                                                                 \
        return dlerror();
    HSA_FUNCTIONS(HSA_LOAD)
#undef HSA_LOAD
    return NULL;
}

static hsa_status_t print_pool(hsa_amd_memory_pool_t pool, void *context)
{
    hsa_amd_segment_t segment;
    size_t bytes = 0;

    (void)context;
    hsa.hsa_amd_memory_pool_get_info(pool, HSA_AMD_MEMORY_POOL_INFO_SEGMENT, &segment);
    hsa.hsa_amd_memory_pool_get_info(pool, HSA_AMD_MEMORY_POOL_INFO_SIZE, &bytes);
    info_row(segment == HSA_AMD_SEGMENT_GROUP ? "LDS" : "memory pool", "%s", info_size(bytes));
    return HSA_STATUS_SUCCESS;
}

static hsa_status_t print_agent(hsa_agent_t agent, void *context)
{
    hsa_device_type_t type;
    char name[64] = "", product[64] = "";
    uint32_t compute_units = 0, queues = 0;
    int *gpus = context;

    if (hsa.hsa_agent_get_info(agent, HSA_AGENT_INFO_DEVICE, &type) != HSA_STATUS_SUCCESS ||
        type != HSA_DEVICE_TYPE_GPU)
        return HSA_STATUS_SUCCESS;
    hsa.hsa_agent_get_info(agent, HSA_AGENT_INFO_NAME, name);
    hsa.hsa_agent_get_info(agent, (hsa_agent_info_t)HSA_AMD_AGENT_INFO_PRODUCT_NAME, product);
    hsa.hsa_agent_get_info(agent, (hsa_agent_info_t)HSA_AMD_AGENT_INFO_COMPUTE_UNIT_COUNT,
                           &compute_units);
    hsa.hsa_agent_get_info(agent, HSA_AGENT_INFO_QUEUES_MAX, &queues);
    info_heading("  agent %s: %s", name, product);
    info_row("compute units", "%u", compute_units);
    info_row("queues", "%u", queues);
    hsa.hsa_amd_agent_iterate_memory_pools(agent, print_pool, NULL);
    (*gpus)++;
    return HSA_STATUS_SUCCESS;
}

int info_print_hsa(void)
{
    const char *reason = load_hsa(), *text = "?";
    uint16_t major = 0, minor = 0;
    hsa_status_t status;
    int gpus = 0;

    if (reason) {
        info_heading("HSA: not installed (%s)", reason);
        return -1;
    }
    status = hsa.hsa_init();
    if (status != HSA_STATUS_SUCCESS) {
        hsa.hsa_status_string(status, &text);
        info_heading("HSA: hsa_init fails: %s", text);
        return 0;
    }
    hsa.hsa_system_get_info(HSA_SYSTEM_INFO_VERSION_MAJOR, &major);
    hsa.hsa_system_get_info(HSA_SYSTEM_INFO_VERSION_MINOR, &minor);
    info_heading("HSA %u.%u", major, minor);
    hsa.hsa_iterate_agents(print_agent, &gpus);
    if (gpus == 0)
        info_heading("  no GPU agent");
    hsa.hsa_shut_down();
    return gpus;
}
