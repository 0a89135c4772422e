/* SPDX-License-Identifier: MIT
 *
 * Which GPU an HSA agent is, by the KFD's topology. Thread safety: any thread; nothing is kept.
 */
#ifndef RUNTIME_AGENT_H
#define RUNTIME_AGENT_H

#include <hsa/hsa.h>

#include "base/status.h"
#include "base/topology.h"

/* EINVAL: a CPU, no agent at all, or the HSA runtime is not initialised. */
rw_status agent_gpu_find(hsa_agent_t agent, struct topology_gpu *out_gpu) RW_MUST_USE;

/* The agent of the GPU with this render node; false when there is none in this process. */
bool agent_of_render_minor(unsigned render_minor, hsa_agent_t *out_agent);

#endif
