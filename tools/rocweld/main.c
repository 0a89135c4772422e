/* SPDX-License-Identifier: MIT
 *
 * rocweld COMMAND [options]: finds the command and runs it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/rocweld/command.h"
#include "tools/rocweld/suggest.h"

struct command {
    const char *name, *summary;
    int (*run)(int argc, char **argv);
};

#define COMMAND_ROW(name, summary) {#name, summary, command_##name},
static const struct command commands[] = {ROCWELD_COMMANDS(COMMAND_ROW)};
#undef COMMAND_ROW
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

const char *argp_program_version = "rocweld " ROCWELD_VERSION;

static void print_help(FILE *out)
{
    fputs("Usage: rocweld COMMAND [OPTION...]\n\n"
          "Graphics and compute on AMD GPUs in one GPU virtual memory, with an embedded\n"
          "software GPU for machines that have none.\n\n",
          out);
    for (int i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-8s %s\n", commands[i].name, commands[i].summary);
    fputs("\n`rocweld COMMAND --help` tells more, for example:\n\n"
          "  rocweld run -- rocminfo\n"
          "  rocweld run --gpu soft:gfx1030,gfx1030 --vram 4G -- ./my_hip_program\n",
          out);
}

static int reject_command(const char *name)
{
    struct suggestion best = suggestion_for(name);

    for (int i = 0; i < COMMAND_COUNT; i++)
        suggestion_consider(&best, commands[i].name);
    if (suggestion_result(&best))
        command_complain("rocweld", "there is no command '%s'; did you mean '%s'?", name,
                         suggestion_result(&best));
    else
        command_complain("rocweld", "there is no command '%s'; see `rocweld --help`", name);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    char title[64];

    if (!*name) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
        print_help(stdout);
        return EXIT_SUCCESS;
    }
    if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
        puts(argp_program_version);
        return EXIT_SUCCESS;
    }
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (!strcmp(name, commands[i].name)) {
            snprintf(title, sizeof title, "rocweld %s", name);
            argv[1] = title;
            return commands[i].run(argc - 1, argv + 1);
        }
    return reject_command(name);
}
