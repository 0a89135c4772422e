/* SPDX-License-Identifier: MIT */
#include "tools/rocweld/paths.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool paths_self(char *out_path, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", out_path, size - 1);

    if (length < 0)
        length = 0;
    out_path[length] = 0;
    return length > 0;
}

/* Tries each folder, given relative to the folder of the program. */
static bool find_beside(const char *const *folders, const char *name, char *out_path, size_t size)
{
    char self[PATH_MAX], joined[2 * PATH_MAX], resolved[PATH_MAX];

    if (!paths_self(self, sizeof self))
        return false;
    *strrchr(self, '/') = 0;
    for (int i = 0; folders[i]; i++) {
        snprintf(joined, sizeof joined, "%s/%s/%s", self, folders[i], name);
        if (i == 0)
            snprintf(out_path, size, "%s", joined);
        if (access(joined, R_OK) == 0 && realpath(joined, resolved)) {
            snprintf(out_path, size, "%s", resolved);
            return true;
        }
    }
    return false;
}

/* The first folder of each list is the build tree's, the second the installation's. */
bool paths_library(const char *name, char *out_path, size_t size)
{
    static const char *const folders[] = {"../lib", ROCWELD_BIN_TO_LIB,
                                          ROCWELD_BIN_TO_LIB "/rocweld", NULL};
    return find_beside(folders, name, out_path, size);
}

bool paths_helper(const char *name, char *out_path, size_t size)
{
    static const char *const folders[] = {".", ROCWELD_BIN_TO_LIBEXEC, NULL};
    return find_beside(folders, name, out_path, size);
}

bool paths_data(const char *name, char *out_path, size_t size)
{
    static const char *const folders[] = {"../share/rocweld", ROCWELD_BIN_TO_DATA, NULL};
    return find_beside(folders, name, out_path, size);
}
