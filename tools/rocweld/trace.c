/* SPDX-License-Identifier: MIT
 *
 * rocweld trace [options] -- program args: like `run`, with the ioctl tracer in front of the
 * devices. The tracer reads its options from the environment (tools/trace/output.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/rocweld/command.h"
#include "tools/rocweld/target.h"
#include "tools/trace/filter.h"

struct trace_options {
    struct gpu_target target;
    const char *output, *filter;
    bool summary, packets;
    char **program;
};

static const struct argp_option options[] = {
    {"output", 'o', "FILE", 0, "Write to FILE instead of stderr"},
    {"expression", 'e', "LIST", 0,
     "Only these: names of ioctls and devices with commas, * as a wildcard, ! in front to leave "
     "out; such as -e kfd,'!WAIT_EVENTS' or -e '*QUEUE'"},
    {"packets", 'p', 0, 0, "Print the packets of submitted command buffers, too"},
    {"summary", 'c', 0, 0, "Print counts, times and errors of each ioctl at the end instead"},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct trace_options *trace = state->input;
    char unknown[64];

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &trace->target;
        return 0;
    case 'o':
        trace->output = argument;
        return 0;
    case 'e':
        if (filter_find_unknown(argument, unknown, sizeof unknown))
            argp_error(state, "-e: no ioctl and no device is called '%s'", unknown);
        trace->filter = argument;
        return 0;
    case 'c':
        trace->summary = true;
        return 0;
    case 'p':
        trace->packets = true;
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

/* Empties the file; the tracer appends, from every process that it is in. */
static rw_status set_output(const char *path)
{
    char absolute[PATH_MAX];
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    if (fd < 0)
        return RW_FAIL(errno, "cannot write %s: %s", path, strerror(errno));
    close(fd);
    /* The program may change its folder before the tracer opens the file. */
    if (!realpath(path, absolute))
        return RW_FAIL(errno, "cannot find %s: %s", path, strerror(errno));
    setenv("ROCWELD_TRACE_FILE", absolute, 1);
    return RW_OK;
}

static rw_status prepare(const struct trace_options *trace)
{
    if (trace->output)
        RW_TRY(set_output(trace->output));
    if (trace->filter)
        setenv("ROCWELD_TRACE_FILTER", trace->filter, 1);
    if (trace->summary)
        setenv("ROCWELD_TRACE_SUMMARY", "1", 1);
    if (trace->packets)
        setenv("ROCWELD_TRACE_PACKETS", "1", 1);
    return target_apply(&trace->target);
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
    status = prepare(&trace);
    if (!rw_ok(status)) {
        command_complain(argv[0], "%s", rw_status_message(status, NULL));
        return EXIT_SETUP;
    }
    return target_execute(argv[0], trace.program);
}
