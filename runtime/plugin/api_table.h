/* SPDX-License-Identifier: MIT
 *
 * The HSA runtime's tables of functions, as far as the plugin touches them, for C: the header that
 * comes with ROCm (hsa/hsa_api_trace.h) is C++. The version's `minor` is a table's size in bytes.
 *
 * Where the functions are in the table of AMD extensions, by ROCm version (hsa_api_trace.h of
 * each):
 *
 *   ROCm          major   functions   interop map, unmap, pointer info
 *   5.0 - 5.4     1       48          23, 24, 26
 *   5.5           1       51          23, 24, 26
 *   5.6, 5.7      1       55          25, 26, 28
 *   6.0 - 6.2     2       67 - 70     25, 26, 28
 *
 * Within major version 2 functions are added at the end only.
 */
#ifndef RUNTIME_PLUGIN_API_TABLE_H
#define RUNTIME_PLUGIN_API_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct api_version {
    uint32_t major, minor, step, reserved;
};

typedef void api_function(void);

struct api_table {
    struct api_version version;
    api_function *functions[];
};

struct api_root {
    struct api_version version;
    struct api_table *core, *amd_ext;
};

/* Indices into the table of AMD extensions. */
struct api_layout {
    uint32_t interop_map, interop_unmap, pointer_info;
};

/* False for a table that is not known. */
static inline bool api_layout_find(const struct api_version *version, struct api_layout *out_layout)
{
    uint32_t count = (uint32_t)((version->minor - sizeof *version) / sizeof(api_function *));
    bool is_early = version->major == 1 && (count == 48 || count == 51);
    bool is_late = (version->major == 1 && count == 55) || (version->major == 2 && count >= 67);

    *out_layout = is_early ? (struct api_layout){23, 24, 26} : (struct api_layout){25, 26, 28};
    return is_early || is_late;
}

#endif
