/* SPDX-License-Identifier: MIT
 *
 * HSA signals as a packet processor uses them. A signal handle is the GPU VA of an amd_signal_t.
 * All run on the queue's thread inside a work section; false: queue->access.fault tells.
 */
#ifndef SOFTGPU_CP_SIGNAL_H
#define SOFTGPU_CP_SIGNAL_H

#include "softgpu/cp/queue.h"

bool cp_signal_load(struct cp_queue *queue, uint64_t signal, int64_t *out_value);
/* Writes the value and wakes whoever sleeps on the signal. */
bool cp_signal_store(struct cp_queue *queue, uint64_t signal, int64_t value);
/* Completion: subtracts 1 and wakes. 0 is the null signal, of which nothing is done. */
bool cp_signal_complete(struct cp_queue *queue, uint64_t signal);
bool cp_signal_write_times(struct cp_queue *queue, uint64_t signal, uint64_t start, uint64_t end);

#endif
