/* SPDX-License-Identifier: MIT */
#include "tools/rocweld/doctor.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tools/rocweld/command.h"

void doctor_say(struct doctor_finding *finding, enum doctor_verdict verdict, const char *format,
                ...)
{
    va_list args;

    finding->verdict = verdict;
    va_start(args, format);
    vsnprintf(finding->text, sizeof finding->text, format, args);
    va_end(args);
}

void doctor_advise(struct doctor_finding *finding, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(finding->fix, sizeof finding->fix, format, args);
    va_end(args);
}

static const struct {
    const char *title;
    void (*check)(struct doctor_finding *out_finding);
} checks[] = {
#define DOCTOR_ROW(name, title) {title, doctor_check_##name},
    DOCTOR_CHECKS(DOCTOR_ROW)
#undef DOCTOR_ROW
};

static void print_finding(const char *title, const struct doctor_finding *finding)
{
    static const char *const words[] = {"ok", "warn", "FAIL"};
    static const char *const colours[] = {"\033[32m", "\033[33m", "\033[31m"};
    bool colour = isatty(STDOUT_FILENO);

    printf("%s%-4s%s  %-16s %s\n", colour ? colours[finding->verdict] : "", words[finding->verdict],
           colour ? "\033[0m" : "", title, finding->text);
    if (*finding->fix)
        printf("      %-16s -> %s\n", "", finding->fix);
}

int command_doctor(int argc, char **argv)
{
    static const struct argp argp = {
        .doc = "Checks what works on this machine, what is missing, and says how to fix it.\v"
               "The exit status is 1 when a check failed; warnings do not count.",
    };
    int failures = 0, warnings = 0;

    command_parse(&argp, argc, argv, NULL);
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        struct doctor_finding finding = {0};
        checks[i].check(&finding);
        print_finding(checks[i].title, &finding);
        fflush(stdout);
        failures += finding.verdict == DOCTOR_FAIL;
        warnings += finding.verdict == DOCTOR_WARN;
    }
    if (failures)
        printf("\n%d of %zu checks failed.\n", failures, sizeof checks / sizeof checks[0]);
    else if (warnings)
        printf("\nWorks, with %d warning%s.\n", warnings, warnings == 1 ? "" : "s");
    else
        printf("\nEverything works.\n");
    return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
