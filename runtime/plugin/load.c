/* SPDX-License-Identifier: MIT
 *
 * librocweld-hsa.so: the HSA runtime loads it by HSA_TOOLS_LIB within hsa_init() and calls
 * OnLoad(). That is after it has acquired its VM, which is kmt-shim's business, and before the
 * program's first call.
 *
 * GPU faults are explained by kmt-shim, which sees the KFD's report: a handler here would only say
 * it again (hsa_amd_register_system_event_handler).
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "runtime/plugin/api_table.h"
#include "runtime/plugin/hooks.h"
#include "runtime/shim.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT bool OnLoad(struct api_root *root, uint64_t runtime_version, uint64_t failed_count,
                   const char *const *failed_names);

struct runtime_functions runtime_own;

static void put_in_front(struct api_table *table, uint32_t index, api_function *hook,
                         api_function **out_own)
{
    if (table->functions[index] == hook)
        return; /* loaded again without having been taken out */
    *out_own = table->functions[index];
    table->functions[index] = hook;
}

static void install(struct api_table *table, const struct api_layout *layout)
{
    put_in_front(table, layout->interop_map, (api_function *)interop_map,
                 (api_function **)&runtime_own.interop_map);
    put_in_front(table, layout->interop_unmap, (api_function *)interop_unmap,
                 (api_function **)&runtime_own.interop_unmap);
    put_in_front(table, layout->pointer_info, (api_function *)pointer_info,
                 (api_function **)&runtime_own.pointer_info);
}

/* ROCWELD_INTEROP=mapped: imports are mapped a second time, as without the plugin. */
static bool wants_second_mappings(void)
{
    const char *word = getenv("ROCWELD_INTEROP");

    if (!word || !*word || strcmp(word, "shared") == 0)
        return false;
    if (strcmp(word, "mapped") != 0)
        rw_warn(runtime, "ROCWELD_INTEROP=%s is unknown (shared, mapped): shared is used", word);
    return strcmp(word, "mapped") == 0;
}

/* Always succeeds: the program goes on as without the plugin. */
EXPORT bool OnLoad(struct api_root *root, uint64_t runtime_version, uint64_t failed_count,
                   const char *const *failed_names)
{
    struct api_layout layout;

    (void)runtime_version;
    (void)failed_count;
    (void)failed_names;
    if (!shim_is_active() || wants_second_mappings())
        return true;
    if (root->version.minor < sizeof *root || !root->amd_ext ||
        !api_layout_find(&root->amd_ext->version, &layout)) {
        rw_warn(
            runtime,
            "this HSA runtime's table (version %u, %u bytes) is not known: imported buffers are "
            "mapped a second time",
            root->amd_ext ? root->amd_ext->version.major : 0,
            root->amd_ext ? root->amd_ext->version.minor : 0);
        return true;
    }
    pointer_info_forget();
    install(root->amd_ext, &layout);
    return true;
}
