/* SPDX-License-Identifier: MIT
 *
 * Which GPU a command works on, and the environment that makes a program see it. The options
 * --gpu, --vram, --cus, --kernel and --threads are the same for every command: put target_argp
 * among the argp children, with a struct gpu_target as its input.
 *
 * The environment's words are those of softgpu/device/machine.h.
 */
#ifndef ROCWELD_TOOLS_TARGET_H
#define ROCWELD_TOOLS_TARGET_H

#include <argp.h>
#include <stdbool.h>

#include "base/status.h"

enum gpu_kind { GPU_AUTO, GPU_SOFT, GPU_HARDWARE };

struct gpu_target {
    enum gpu_kind kind;
    const char *soft;   /* "soft" or "soft:gfx1030,..."; NULL = the environment's or the default */
    const char *vram;   /* NULL = likewise */
    const char *cus;    /* NULL = likewise */
    const char *kernel; /* NULL = likewise */
    const char *threads;
    bool trace; /* put the ioctl tracer in front */
};

extern const struct argp target_argp;

/* Turns GPU_AUTO into what this machine has: hardware when /dev/kfd and a render node of amdgpu
 * can be opened, else softgpu. */
enum gpu_kind target_resolve(const struct gpu_target *target);

/* Sets this process's environment (LD_PRELOAD, ROCWELD_*) so that programs that it executes see
 * the target. Fails, with a message, when a library is missing or there is no hardware. */
rw_status target_apply(const struct gpu_target *target) RW_MUST_USE;

/* Executes this very program again under the target, once, so that a command can look at devices
 * as a program would. Returns at once when this is that second run, or nothing must be loaded. */
rw_status target_enter(const struct gpu_target *target, int argc, char **argv) RW_MUST_USE;

/* Executes a program (found by PATH); returns only on failure, with the exit status for it. */
int target_execute(const char *command, char **program);

/* Why the real GPU cannot be used: "" when it can. Static storage. */
const char *target_hardware_obstacle(void);

#endif
