/* SPDX-License-Identifier: MIT
 * Hands one point over, by rocweld as another project finds it.
 */
#include <stdio.h>

#include <rocweld.h>

static hsa_status_t find_gpu(hsa_agent_t agent, void *out_agent)
{
    struct rocweld_vm vm;

    if (rocweld_vm_of_agent(agent, &vm) != 0)
        return HSA_STATUS_SUCCESS;
    *(hsa_agent_t *)out_agent = agent;
    return HSA_STATUS_INFO_BREAK;
}

int main(void)
{
    hsa_agent_t agent = {0};
    rocweld_handover *handover;
    rocweld_timeline *timeline;
    rocweld_bridge *bridge;
    uint64_t point = 0;

    hsa_init();
    hsa_iterate_agents(find_gpu, &agent);
    if (rocweld_bridge_create(agent, &bridge) != 0 ||
        rocweld_timeline_create(bridge, &timeline) != 0 ||
        rocweld_handover_from_call(timeline, 42, &handover) != 0)
        return 1;
    rocweld_handover_complete(handover);
    rocweld_timeline_query(timeline, &point);
    rocweld_bridge_destroy(bridge);
    hsa_shut_down();
    printf("consumer: point %d\n", (int)point);
    return point != 42;
}
