/* SPDX-License-Identifier: MIT */
#include "tools/rocweld/command.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/rocweld/suggest.h"

void command_complain(const char *command, const char *format, ...)
{
    va_list args;

    fflush(stdout);
    fprintf(stderr, "%s: ", command);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

char **command_take_program(struct argp_state *state)
{
    char **program = &state->argv[state->next - 1];

    state->next = state->argc;
    return program;
}

static const struct argp_option help_options[] = {{"help"}, {"usage"}, {0}};

static void consider_options(struct suggestion *best, const struct argp_option *options,
                             bool *is_known)
{
    for (; options && (options->name || options->key || options->doc); options++) {
        if (!options->name)
            continue;
        suggestion_consider(best, options->name);
        /* getopt accepts any unambiguous beginning of a name. */
        if (strncmp(options->name, best->wanted, strlen(best->wanted)) == 0)
            *is_known = true;
    }
}

static void consider_argp(struct suggestion *best, const struct argp *argp, bool *is_known)
{
    consider_options(best, argp->options, is_known);
    for (const struct argp_child *child = argp->children; child && child->argp; child++)
        consider_argp(best, child->argp, is_known);
}

/* argp's own message for an unknown option does not help; this one names what was meant. */
static void check_long_option(const struct argp *argp, const char *command, const char *word)
{
    char name[64];
    bool is_known = false;

    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
    struct suggestion best = suggestion_for(name);
    consider_options(&best, help_options, &is_known);
    consider_argp(&best, argp, &is_known);
    if (is_known)
        return;
    if (suggestion_result(&best))
        command_complain(command, "there is no option --%s; did you mean --%s?", name,
                         suggestion_result(&best));
    else
        command_complain(command, "there is no option --%s; see `%s --help`", name, command);
    exit(EXIT_USAGE);
}

void command_parse(const struct argp *argp, int argc, char **argv, void *input)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strncmp(argv[i], "--", 2) == 0)
            check_long_option(argp, argv[0], argv[i]);
        else if (argv[i][0] != '-' && (i == 1 || argv[i - 1][0] != '-'))
            break; /* surely the program; what follows are its own options */
    argp_err_exit_status = EXIT_USAGE;
    argp_parse(argp, argc, argv, ARGP_IN_ORDER, NULL, input);
}
