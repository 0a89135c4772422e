/* SPDX-License-Identifier: MIT */
#include "runtime/agent.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <hsa/hsa_ext_amd.h>

#define TOPOLOGY "/sys/devices/virtual/kfd/kfd/topology/nodes"

static bool read_gpu_id(uint32_t node, uint32_t *out_gpu_id)
{
    char path[sizeof TOPOLOGY + 32];
    bool found;
    FILE *file;

    snprintf(path, sizeof path, TOPOLOGY "/%u/gpu_id", node);
    file = fopen(path, "re");
    if (!file)
        return false;
    found = fscanf(file, "%u", out_gpu_id) == 1;
    fclose(file);
    return found && *out_gpu_id != 0; /* 0: a CPU */
}

static bool read_render_minor(uint32_t node, unsigned *out_minor)
{
    char path[sizeof TOPOLOGY + 32], line[128];
    bool found = false;
    FILE *file;

    snprintf(path, sizeof path, TOPOLOGY "/%u/properties", node);
    file = fopen(path, "re");
    if (!file)
        return false;
    while (!found && fgets(line, sizeof line, file))
        found = sscanf(line, "drm_render_minor %u", out_minor) == 1;
    fclose(file);
    return found && *out_minor != 0;
}

rw_status agent_gpu_find(hsa_agent_t agent, struct agent_gpu *out_gpu)
{
    uint32_t node;

    if (hsa_agent_get_info(agent, (hsa_agent_info_t)HSA_AMD_AGENT_INFO_DRIVER_NODE_ID, &node) !=
        HSA_STATUS_SUCCESS)
        return RW_FAIL(EINVAL, "no such HSA agent, or the HSA runtime is not initialised");
    if (!read_gpu_id(node, &out_gpu->gpu_id) || !read_render_minor(node, &out_gpu->render_minor))
        return RW_FAIL(EINVAL, "the HSA agent of node %u is not a GPU", node);
    return RW_OK;
}

struct search {
    unsigned render_minor;
    hsa_agent_t *out_agent;
};

static hsa_status_t compare_agent(hsa_agent_t agent, void *data)
{
    struct search *search = data;
    struct agent_gpu gpu;

    if (!rw_ok(agent_gpu_find(agent, &gpu)) || gpu.render_minor != search->render_minor)
        return HSA_STATUS_SUCCESS;
    *search->out_agent = agent;
    return HSA_STATUS_INFO_BREAK;
}

bool agent_of_render_minor(unsigned render_minor, hsa_agent_t *out_agent)
{
    struct search search = {render_minor, out_agent};

    return hsa_iterate_agents(compare_agent, &search) == HSA_STATUS_INFO_BREAK;
}
