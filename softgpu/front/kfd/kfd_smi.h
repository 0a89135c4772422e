/* SPDX-License-Identifier: MIT
 *
 * SMI events: lines of text about a GPU, for those who opened a stream of them and wrote to it
 * which events they want. Source: amdkfd/kfd_smi_events.c.
 *
 * Thread safety: any thread, device threads included.
 */
#ifndef SOFTGPU_FRONT_KFD_SMI_H
#define SOFTGPU_FRONT_KFD_SMI_H

#include "softgpu/device/machine.h"

/* Sends "EVENT text" to every stream of the GPU that has asked for this event (KFD_SMI_*). A stream
 * whose reader has fallen behind misses it. */
void kfd_smi_report(const struct soft_device *device, unsigned event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* In the child of a fork(): the streams are the parent's. */
void kfd_smi_after_fork(void);

#endif
