/* SPDX-License-Identifier: MIT
 *
 * PM4 packets: those of a compute micro engine for PM4 queues, for the PM4-IB vendor packet of AQL
 * queues and for kernel COMPUTE rings, those of the graphics engine for kernel GFX rings. Runs on
 * the queue's thread inside a work section.
 */
#ifndef SOFTGPU_CP_PM4_H
#define SOFTGPU_CP_PM4_H

#include "softgpu/cp/queue.h"

/* Executes packets that are at hand: `words`, `count` dwords in all. */
enum cp_step cp_pm4_execute(struct cp_queue *queue, const uint32_t *words, unsigned count);

/* "DISPATCH_DIRECT" for the header of a type-3 packet; "unknown" when there is none such. */
const char *cp_pm4_packet_name(uint32_t header);

#endif
