/* SPDX-License-Identifier: MIT
 *
 * The kernel contract as a program: kernel_contract [--hw] [CASE...]. Runs each case in a child of
 * its own, says which do not hold and which do not apply, and exits with 1 when one does not hold.
 * --hw: on a GPU; without one it exits with 77, which means skipped.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/contract/kernel/contract.h"

enum { EXIT_SKIPPED = 77 };

static struct {
    unsigned held, failed, skipped;
} count;

static int case_run(const struct kernel_case *c)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        c->run();
        exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void case_judge(const struct kernel_case *c, bool hw)
{
    int result;

    if (hw && c->not_on_hw) {
        printf("    %s\n%s: skipped\n", c->not_on_hw, c->name);
        count.skipped++;
        return;
    }
    result = case_run(c);
    if (result == 0)
        count.held++;
    else if (result == EXIT_SKIPPED)
        count.skipped++;
    else
        count.failed++;
    if (result > 128)
        printf("    ended by signal %d (%s)\n", result - 128, strsignal(result - 128));
    if (result != 0)
        printf("%s: %s\n", c->name, result == EXIT_SKIPPED ? "skipped" : "FAILED");
}

static bool is_wanted(const struct kernel_case *c, int names, char **name)
{
    for (int i = 0; i < names; i++)
        if (strcmp(name[i], c->name) == 0)
            return true;
    return names == 0;
}

int main(int argc, char **argv)
{
    bool hw = argc > 1 && strcmp(argv[1], "--hw") == 0;
    int first = hw ? 2 : 1;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (hw && access("/dev/kfd", R_OK | W_OK) != 0) {
        printf("no /dev/kfd that can be opened: this machine has no GPU for ROCm\n");
        return EXIT_SKIPPED;
    }
    for (size_t i = 0; i < kernel_case_count; i++)
        if (is_wanted(&kernel_cases[i], argc - first, argv + first))
            case_judge(&kernel_cases[i], hw);
    printf("%u hold, %u do not, %u skipped\n", count.held, count.failed, count.skipped);
    return count.failed != 0 || count.held + count.skipped == 0;
}
