/* SPDX-License-Identifier: MIT
 *
 * Checks of rocweld.h's functions: what fails ends the program with status 2 and a line.
 */
#ifndef ROCWELD_TESTS_E2E_RUNTIME_WELD_H
#define ROCWELD_TESTS_E2E_RUNTIME_WELD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void weld_check(int result, const char *call)
{
    if (result == 0)
        return;
    fprintf(stderr, "%s: %s\n", call, strerror(-result));
    exit(2);
}
#define WELD(call) weld_check((call), #call)

#endif
