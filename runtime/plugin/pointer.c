/* SPDX-License-Identifier: MIT
 *
 * hsa_amd_pointer_info() on addresses of graphics buffers: HSA_EXT_POINTER_TYPE_GRAPHICS with base,
 * size and GPU, as for a buffer that was imported, where the HSA runtime alone knows nothing.
 */
#include <string.h>

#include "runtime/agent.h"
#include "runtime/plugin/hooks.h"
#include "runtime/shim.h"

/* The CPU may see the buffer elsewhere, or not at all: there is no host address to give. */
static void describe(const struct kmt_shim_range *range, hsa_agent_t owner,
                     hsa_amd_pointer_info_t *out_info)
{
    hsa_amd_pointer_info_t info = {
        .size = out_info->size < sizeof info ? out_info->size : sizeof info,
        .type = HSA_EXT_POINTER_TYPE_GRAPHICS,
        .agentBaseAddress = (void *)(uintptr_t)range->start,
        .sizeInBytes = range->size,
        .agentOwner = owner,
        .global_flags = HSA_AMD_MEMORY_POOL_GLOBAL_FLAG_COARSE_GRAINED,
    };

    memcpy(out_info, &info, info.size);
}

/* Agents by their GPUs' render nodes, 128 and up, once they have been looked up: the topology is
 * files. */
static _Atomic uint64_t agents[64];

void pointer_info_forget(void)
{
    for (size_t i = 0; i < sizeof agents / sizeof agents[0]; i++)
        agents[i] = 0;
}

static bool find_agent(unsigned render_minor, hsa_agent_t *out_agent)
{
    _Atomic uint64_t *known = &agents[render_minor % 64];

    out_agent->handle = *known;
    if (!out_agent->handle && agent_of_render_minor(render_minor, out_agent))
        *known = out_agent->handle;
    return out_agent->handle != 0;
}

static bool find_graphics(const void *pointer, struct kmt_shim_range *out_range)
{
    return SHIM_CALL(lookup, 0, (uintptr_t)pointer, out_range) == 0 &&
           out_range->api == KMT_SHIM_GEM;
}

hsa_status_t pointer_info(const void *pointer, hsa_amd_pointer_info_t *out_info,
                          void *(*allocate)(size_t), uint32_t *out_agent_count,
                          hsa_agent_t **out_agents)
{
    struct kmt_shim_range range;
    hsa_agent_t owner;

    if (!out_info || out_info->size == 0 || !find_graphics(pointer, &range) ||
        !find_agent(range.render_minor, &owner))
        return runtime_own.pointer_info(pointer, out_info, allocate, out_agent_count, out_agents);
    if (allocate && out_agent_count && out_agents) {
        *out_agents = allocate(sizeof owner);
        if (!*out_agents)
            return HSA_STATUS_ERROR_OUT_OF_RESOURCES;
        **out_agents = owner;
        *out_agent_count = 1;
    }
    describe(&range, owner, out_info);
    return HSA_STATUS_SUCCESS;
}
