/* SPDX-License-Identifier: MIT
 *
 * The PM4 packets of a compute micro engine, for PM4 queues and for the PM4-IB vendor packet of
 * AQL queues. Runs on the queue's thread inside a work section.
 */
#ifndef SOFTGPU_CP_PM4_H
#define SOFTGPU_CP_PM4_H

#include "softgpu/cp/queue.h"

/* Executes packets that are at hand: `words`, `count` dwords in all. */
enum cp_step cp_pm4_execute(struct cp_queue *queue, const uint32_t *words, unsigned count);

#endif
