/* SPDX-License-Identifier: MIT
 *
 * HIP's device 0 as the HSA runtime knows it: the first agent that is a GPU.
 */
#ifndef ROCWELD_SAMPLES_AGENT_H
#define ROCWELD_SAMPLES_AGENT_H

#include <hsa/hsa.h>

static inline hsa_status_t agent_take_gpu(hsa_agent_t agent, void *out_agent)
{
    hsa_device_type_t type;

    hsa_agent_get_info(agent, HSA_AGENT_INFO_DEVICE, &type);
    if (type != HSA_DEVICE_TYPE_GPU)
        return HSA_STATUS_SUCCESS;
    *(hsa_agent_t *)out_agent = agent;
    return HSA_STATUS_INFO_BREAK;
}

/* A null handle when there is none. The HSA runtime is initialised. */
static inline hsa_agent_t agent_first_gpu(void)
{
    hsa_agent_t agent = {0};

    hsa_iterate_agents(agent_take_gpu, &agent);
    return agent;
}

#endif
