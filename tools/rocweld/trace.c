/* SPDX-License-Identifier: MIT
 *
 * rocweld trace [options] -- program args: like `run`, with the ioctl tracer in front of the
 * devices. The tracer reads its options from the environment (tools/trace/options.h).
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tools/rocweld/command.h"
#include "tools/rocweld/target.h"

struct trace_options {
    struct gpu_target target;
    const char *output, *filter;
    bool summary;
    char **program;
};

static const struct argp_option options[] = {
    {"output", 'o', "FILE", 0, "Write to FILE instead of stderr"},
    {"expression", 'e', "LIST", 0,
     "Only these: names of ioctls and devices with commas, * as a wildcard, ! in front to leave "
     "out; such as -e kfd,'!WAIT_EVENTS' or -e '*QUEUE'"},
    {"summary", 'c', 0, 0, "Print counts, times and errors of each ioctl at the end instead"},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct trace_options *trace = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &trace->target;
        return 0;
    case 'o':
        trace->output = argument;
        return 0;
    case 'e':
        trace->filter = argument;
        return 0;
    case 'c':
        trace->summary = true;
        return 0;
    case ARGP_KEY_ARG:
        trace->program = command_take_program(state);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which program? For example: rocweld trace -- rocminfo");
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The program may change its folder before it opens the file. */
static void set_output(const char *path)
{
    char folder[PATH_MAX], absolute[2 * PATH_MAX];

    if (*path != '/' && getcwd(folder, sizeof folder)) {
        snprintf(absolute, sizeof absolute, "%s/%s", folder, path);
        path = absolute;
    }
    setenv("ROCWELD_TRACE_FILE", path, 1);
}

int command_trace(int argc, char **argv)
{
    static const struct argp_child children[] = {{&target_argp, 0, "Which GPU:", 1}, {0}};
    static const struct argp argp = {
        options, parse, "[--] PROGRAM [ARGUMENT...]",
        "Runs a program and prints every ioctl on /dev/kfd and /dev/dri/*, with its arguments, "
        "results and duration. Works on softgpu and on real GPUs.",
        children};
    struct trace_options trace = {.target.trace = true};
    rw_status status;

    command_parse(&argp, argc, argv, &trace);
    if (trace.output)
        set_output(trace.output);
    if (trace.filter)
        setenv("ROCWELD_TRACE_FILTER", trace.filter, 1);
    if (trace.summary)
        setenv("ROCWELD_TRACE_SUMMARY", "1", 1);
    status = target_apply(&trace.target);
    if (!rw_ok(status)) {
        command_complain(argv[0], "%s", rw_status_message(status, NULL));
        return EXIT_SETUP;
    }
    return target_execute(argv[0], trace.program);
}
