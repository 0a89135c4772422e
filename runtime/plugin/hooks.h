/* SPDX-License-Identifier: MIT
 *
 * What the plugin puts in front of functions of the HSA runtime. Each has the signature and the
 * contract of the function of hsa_ext_amd.h that it stands for. Thread safety: any thread.
 */
#ifndef RUNTIME_PLUGIN_HOOKS_H
#define RUNTIME_PLUGIN_HOOKS_H

#include <hsa/hsa.h>
#include <hsa/hsa_ext_amd.h>

/* The HSA runtime's own; set when the plugin is loaded. */
struct runtime_functions {
    __typeof__(hsa_amd_interop_map_buffer) *interop_map;
    __typeof__(hsa_amd_interop_unmap_buffer) *interop_unmap;
    __typeof__(hsa_amd_pointer_info) *pointer_info;
};
extern struct runtime_functions runtime_own;

/* A buffer that has an address in the shared VM keeps it. */
hsa_status_t interop_map(uint32_t agent_count, hsa_agent_t *agents, int dmabuf_fd, uint32_t flags,
                         size_t *out_size, void **out_address, size_t *out_metadata_size,
                         const void **out_metadata);
hsa_status_t interop_unmap(void *address);

/* Graphics buffers are known, too. */
hsa_status_t pointer_info(const void *pointer, hsa_amd_pointer_info_t *out_info,
                          void *(*allocate)(size_t), uint32_t *out_agent_count,
                          hsa_agent_t **out_agents);
/* The runtime's agents are new ones. */
void pointer_info_forget(void);

#endif
