/* SPDX-License-Identifier: MIT */
#include "runtime/agent.h"

#include <errno.h>
#include <stdio.h>

#include <hsa/hsa_ext_amd.h>

rw_status agent_gpu_find(hsa_agent_t agent, struct topology_gpu *out_gpu)
{
    char name[16];
    uint32_t node;

    if (hsa_agent_get_info(agent, (hsa_agent_info_t)HSA_AMD_AGENT_INFO_DRIVER_NODE_ID, &node) !=
        HSA_STATUS_SUCCESS)
        return RW_FAIL(EINVAL, "no such HSA agent, or the HSA runtime is not initialised");
    snprintf(name, sizeof name, "%u", node);
    if (!topology_gpu_read(name, out_gpu))
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
    struct topology_gpu gpu;

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
