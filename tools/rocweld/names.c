/* SPDX-License-Identifier: MIT */
#include "tools/rocweld/names.h"

#include <stdio.h>
#include <string.h>

#include "softgpu/device/machine.h"
#include "softgpu/device/profile.h"
#include "tools/rocweld/suggest.h"

/* Writes "'gfx1031' is unknown; did you mean 'gfx1030'? Known: ..." */
static void explain(const char *wanted, const char *(*name_at)(unsigned index), char *out_message,
                    size_t size)
{
    struct suggestion best = suggestion_for(wanted);
    const char *name;
    int n;

    for (unsigned i = 0; (name = name_at(i)); i++)
        suggestion_consider(&best, name);
    if (*wanted)
        n = snprintf(out_message, size, "'%s' is unknown", wanted);
    else
        n = snprintf(out_message, size, "a name is missing");
    if (suggestion_result(&best))
        n += snprintf(out_message + n, size - (size_t)n, "; did you mean '%s'?",
                      suggestion_result(&best));
    else
        n += snprintf(out_message + n, size - (size_t)n, ".");
    n += snprintf(out_message + n, size - (size_t)n, " Known:");
    for (unsigned i = 0; (name = name_at(i)) && n < (int)size; i++)
        n += snprintf(out_message + n, size - (size_t)n, " %s", name);
}

static const char *gpu_name_at(unsigned index)
{
    const struct gpu_profile *profile = gpu_profile_at(index);
    return profile ? profile->name : NULL;
}

static const char *kernel_name_at(unsigned index)
{
    const struct kernel_profile *profile = kernel_profile_at(index);
    return profile ? profile->name : NULL;
}

bool names_check_gpus(const char *list, char *out_message, size_t size)
{
    unsigned count = 0;

    while (*list) {
        char name[64];
        size_t length = strcspn(++list, ",");
        snprintf(name, sizeof name, "%.*s", (int)length, list);
        if (!gpu_profile_find(name)) {
            explain(name, gpu_name_at, out_message, size);
            return false;
        }
        if (++count > SOFT_MAX_DEVICES) {
            snprintf(out_message, size, "there can be at most %d software GPUs", SOFT_MAX_DEVICES);
            return false;
        }
        list += length;
    }
    return true;
}

bool names_check_kernel(const char *name, char *out_message, size_t size)
{
    if (kernel_profile_find(name))
        return true;
    explain(name, kernel_name_at, out_message, size);
    return false;
}
