/* SPDX-License-Identifier: MIT
 *
 * Pieces of the AQL packet processor. All run on the queue's thread inside a work section.
 */
#ifndef SOFTGPU_CP_AQL_H
#define SOFTGPU_CP_AQL_H

#include "softgpu/cp/hsa_abi.h"
#include "softgpu/cp/queue.h"

/* The program's amd_queue_t: what a dispatch needs of it, from compute_tmpring_size on, as it is
 * now. */
struct cp_amd_queue {
    uint64_t va;
    struct amd_queue fields;
};

enum cp_step cp_amd_queue_read(struct cp_queue *queue, struct cp_amd_queue *out);
/* Only the properties; cheap. */
enum cp_step cp_amd_queue_properties(struct cp_queue *queue, uint32_t *out_properties);

/* Tells ROCr's queue handler `code` (amd_queue_code) through queue_inactive_signal. */
enum cp_step cp_amd_queue_raise(struct cp_queue *queue, int64_t code);

/* Makes sure that the queue has scratch for the packet, by asking ROCr and waiting for it if need
 * be; `amd` is read anew then. */
enum cp_step cp_scratch_prepare(struct cp_queue *queue, const struct aql_dispatch *packet,
                                unsigned lanes, struct cp_amd_queue *amd);
/* After the dispatch: gives scratch back that ROCr wants to have only for one. */
enum cp_step cp_scratch_release(struct cp_queue *queue);

/* Kernel descriptor and packet to a launch: checks the packet, reads the descriptor, and sets up
 * the user SGPRs. `index`: of the packet. */
enum cp_step cp_launch_from_packet(struct cp_queue *queue, const struct aql_dispatch *packet,
                                   uint64_t packet_va, uint64_t index, struct cp_launch *out);

#endif
