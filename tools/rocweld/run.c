/* SPDX-License-Identifier: MIT
 *
 * rocweld run [options] -- program args: becomes the program, so that its exit status, signals,
 * terminal and process id are the program's own.
 */
#include "tools/rocweld/command.h"
#include "tools/rocweld/target.h"

struct run_options {
    struct gpu_target target;
    char **program;
};

enum { OPTION_TRACE = 't' };

static const struct argp_option options[] = {
    {"trace", OPTION_TRACE, 0, 0,
     "Print the program's KFD and DRM ioctls (`rocweld trace` has more options)"},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct run_options *run = state->input;

    (void)argument;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &run->target;
        return 0;
    case OPTION_TRACE:
        run->target.trace = true;
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
    if (!rw_ok(status)) {
        command_complain(argv[0], "%s", rw_status_message(status, NULL));
        return EXIT_SETUP;
    }
    return target_execute(argv[0], run.program);
}
