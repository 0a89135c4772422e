/* SPDX-License-Identifier: MIT
 *
 * One rule of the weld contract for each run of this program: weld_case NAME. It speaks to the
 * device nodes as a thunk or a graphics client does, and to the shim through its public header.
 * Exits 0 when the rule holds, else says what not.
 */
#include <stdio.h>
#include <string.h>

#include "tests/contract/weld/weld.h"

static const struct weld_case *const suites[] = {vm_cases,       table_cases,   address_cases,
                                                 resident_cases, pointer_cases, soak_cases};

static const struct weld_case *find(const char *name)
{
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++) {
        for (const struct weld_case *at = suites[i]; at->name; at++) {
            if (strcmp(at->name, name) == 0)
                return at;
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    const struct weld_case *found = argc == 2 ? find(argv[1]) : NULL;

    if (!found) {
        printf("usage: weld_case NAME\n");
        return 2;
    }
    found->run();
    printf("%s: as promised\n", found->name);
    return 0;
}
