/* SPDX-License-Identifier: MIT
 *
 * rocweld run [options] -- program args: becomes the program, so that its exit status, signals,
 * terminal and process id are the program's own.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/rocweld/command.h"
#include "tools/rocweld/paths.h"
#include "tools/rocweld/target.h"

struct run_options {
    struct gpu_target target;
    const char *vm_map; /* file, or NULL */
    char **program;
};

enum { OPTION_TRACE = 't', OPTION_VM_MAP = 0x200 };

static const struct argp_option options[] = {
    {"trace", OPTION_TRACE, 0, 0,
     "Print the program's KFD and DRM ioctls (`rocweld trace` has more options)"},
    {"vm-map", OPTION_VM_MAP, "FILE", 0,
     "At the program's end, draw who had which addresses of the shared GPU memory when, as SVG"},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct run_options *run = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &run->target;
        return 0;
    case OPTION_TRACE:
        run->target.trace = true;
        return 0;
    case OPTION_VM_MAP:
        run->vm_map = argument;
        return 0;
    case ARGP_KEY_ARG:
        run->program = command_take_program(state);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which program? For example: rocweld run -- rocminfo");
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* Has the shim draw the map. The program may change its folder, so the path becomes absolute; and
 * it is this process that FILE is for, not its children. */
static rw_status vm_map_apply(const char *file)
{
    const char *preload = getenv("LD_PRELOAD");
    char path[2 * PATH_MAX], folder[PATH_MAX], pid[16];

    if (!preload || !strstr(preload, PATHS_SHIM_LIBRARY))
        return RW_FAIL(EINVAL,
                       "--vm-map draws what graphics and compute share, but sharing is off: unset "
                       "ROCWELD_SHARE, and build or install rocweld completely");
    if (*file == '/')
        snprintf(path, sizeof path, "%s", file);
    else if (getcwd(folder, sizeof folder))
        snprintf(path, sizeof path, "%s/%s", folder, file);
    else
        return RW_FAIL(errno, "the current folder has no name: %s", strerror(errno));
    /* The shim writes it when the program has ended: too late to hear that it cannot. */
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path + 1), path);
    if (access(path, F_OK) == 0 ? access(path, W_OK) : access(folder, W_OK))
        return RW_FAIL(errno, "cannot write %s: %s", file, strerror(errno));
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("ROCWELD_VM_MAP", path, 1);
    setenv("ROCWELD_VM_MAP_PID", pid, 1);
    return RW_OK;
}

int command_run(int argc, char **argv)
{
    static const struct argp_child children[] = {{&target_argp, 0, "Which GPU:", 1}, {0}};
    static const struct argp argp = {
        options, parse, "[--] PROGRAM [ARGUMENT...]",
        "Runs a program unmodified on the real GPU, or on softgpu when there is none.\v"
        "The exit status is the program's, or 125 when the GPU could not be provided, 126 when "
        "the program could not be executed, 127 when there is no such program.",
        children};
    struct run_options run = {0};
    rw_status status;

    command_parse(&argp, argc, argv, &run);
    status = target_apply(&run.target);
    if (rw_ok(status) && run.vm_map)
        status = vm_map_apply(run.vm_map);
    if (!rw_ok(status)) {
        command_complain(argv[0], "%s", rw_status_message(status, NULL));
        return EXIT_SETUP;
    }
    return target_execute(argv[0], run.program);
}
