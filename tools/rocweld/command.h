/* SPDX-License-Identifier: MIT
 *
 * The subcommands of `rocweld`. One row here, one file named after it, one function
 * command_<name>(). A command's argv[0] is "rocweld <name>"; its result is the exit status.
 */
#ifndef ROCWELD_TOOLS_COMMAND_H
#define ROCWELD_TOOLS_COMMAND_H

#include <argp.h>

/* name, one line for `rocweld --help` */
#define ROCWELD_COMMANDS(X)                                                                        \
    X(run, "Run a program on the real GPU, or on softgpu when there is none")                      \
    X(info, "List the GPUs as KFD, DRM and HSA show them")                                         \
    X(doctor, "Check what works here, what is missing, and how to fix it")                         \
    X(trace, "Run a program and print its KFD and DRM ioctls, decoded")                            \
    X(bench, "Measure latencies, copies, kernels and lookups beside their peers")

#define ROCWELD_COMMAND_DECLARE(name, summary) int command_##name(int argc, char **argv);
ROCWELD_COMMANDS(ROCWELD_COMMAND_DECLARE)
#undef ROCWELD_COMMAND_DECLARE

/* Exit statuses besides the program's own; those of env(1) and the shell. */
enum {
    EXIT_USAGE = 64,
    EXIT_SETUP = 125,
    EXIT_CANNOT_EXECUTE = 126,
    EXIT_NOT_FOUND = 127,
};

/* Parses the options of `argp` in order, up to the first word that is not an option, and answers
 * a mistyped one with the name that was probably meant. Exits (EXIT_USAGE) on errors. */
void command_parse(const struct argp *argp, int argc, char **argv, void *input);

/* "rocweld run: ..." on stderr. `command` is argv[0]. */
void command_complain(const char *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* For an argp parser's ARGP_KEY_ARG: takes this word and all that follow as a program and its
 * arguments (NULL-terminated, borrowed from argv). */
char **command_take_program(struct argp_state *state);

#endif
