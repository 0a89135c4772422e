/* SPDX-License-Identifier: MIT
 *
 * The debugger's side: RUNTIME_ENABLE, which every newer runtime calls, and what only debuggers and
 * checkpointers call. Those are not modelled; they fail as on a GPU that does not support them.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "softgpu/front/kfd/kfd_table.h"

/* ---- RUNTIME_ENABLE ---- */

static rw_status runtime_enable_locked(struct kfd_process *process,
                                       const struct kfd_runtime_enable_args *args)
{
    if (atomic_load(&process->runtime.enabled))
        return RW_FAIL(EBUSY, "the runtime has been enabled already");
    if (process->queues.count)
        return RW_FAIL(EEXIST, "the runtime must be enabled before the first queue");
    process->runtime.ttmp_setup = args->mode_mask & KFD_RUNTIME_ENABLE_MODE_TTMP;
    process->runtime.r_debug = args->r_debug;
    atomic_store(&process->runtime.enabled, true);
    return RW_OK;
}

rw_status kfd_ioctl_runtime_enable(void *context, void *argument)
{
    struct kfd_process *process = ((struct kfd_call *)context)->process;
    const struct kfd_runtime_enable_args *args = argument;
    rw_status status = RW_OK;

    pthread_mutex_lock(&process->mutex);
    if (args->mode_mask & KFD_RUNTIME_ENABLE_MODE_ENABLE)
        status = runtime_enable_locked(process, args);
    else
        atomic_store(&process->runtime.enabled, false);
    pthread_mutex_unlock(&process->mutex);
    return status;
}

/* ---- DBG_TRAP ---- */

/* The pid of the process that traces `pid`; 0 when none does. */
static pid_t tracer_of(pid_t pid)
{
    char path[64], line[256];
    int tracer = 0;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "TracerPid: %d", &tracer) == 1)
            break;
    if (file)
        fclose(file);
    return tracer;
}

/* The kernel looks for the target's KFD process; ours is the only one there is to see. */
rw_status kfd_ioctl_dbg_trap(void *context, void *argument)
{
    const struct kfd_process *process = ((struct kfd_call *)context)->process;
    const struct kfd_dbg_trap_args *args = argument;
    pid_t target = (pid_t)args->pid;

    RW_TRY(kfd_primary_only(process, "DBG_TRAP"));
    if (target <= 0 || (kill(target, 0) < 0 && errno == ESRCH))
        return RW_FAIL(ESRCH, "DBG_TRAP: process %d does not exist", (int)target);
    if (target != process->pid && tracer_of(target) != process->pid)
        return RW_FAIL(EPERM, "DBG_TRAP: process %d is not traced by this one", (int)target);
    if (args->op != KFD_DBG_TRAP_ENABLE)
        return RW_FAIL(EINVAL, "DBG_TRAP operation %u: debugging is not enabled", args->op);
    return front_lacks(RW_AREA_kfd, ENODEV,
                       "softgpu has no debug traps; run without a GPU debugger");
}

/* ---- what went before DBG_TRAP (removed in 5.18) ---- */

static rw_status no_old_debugger(const char *name)
{
    rw_debug(kfd, "%s: the old debugger interface is gone", name);
    return rw_status_quiet(EPERM);
}

rw_status kfd_ioctl_dbg_register(void *context, void *argument)
{
    (void)context, (void)argument;
    return no_old_debugger("DBG_REGISTER");
}

rw_status kfd_ioctl_dbg_unregister(void *context, void *argument)
{
    (void)context, (void)argument;
    return no_old_debugger("DBG_UNREGISTER");
}

rw_status kfd_ioctl_dbg_address_watch(void *context, void *argument)
{
    (void)context, (void)argument;
    return no_old_debugger("DBG_ADDRESS_WATCH");
}

rw_status kfd_ioctl_dbg_wave_control(void *context, void *argument)
{
    (void)context, (void)argument;
    return no_old_debugger("DBG_WAVE_CONTROL");
}

/* ---- CRIU ---- */

rw_status kfd_ioctl_criu(void *context, void *argument)
{
    const struct kfd_ioctl_criu_args *args = argument;

    (void)context;
    if (args->op > KFD_CRIU_OP_RESUME)
        return RW_FAIL(EINVAL, "CRIU_OP operation %u", args->op);
    return front_lacks(RW_AREA_kfd, ENOTTY, "softgpu cannot checkpoint a process");
}
