/* SPDX-License-Identifier: MIT
 *
 * The public functions: statuses become negative errno numbers and one line each.
 */
#include <stddef.h>

#include "base/log.h"
#include "kmt-shim/policy.h"
#include "kmt-shim/share.h"

#define EXPORT __attribute__((visibility("default")))

static int result_of(const char *function, rw_status status)
{
    const char *message = rw_status_message(status, NULL);

    if (!rw_ok(status) && *message)
        rw_warn(shim, "%s: %s", function, message);
    return -status.err;
}

EXPORT int kmt_shim_import_drm_fd(uint32_t gpu_id, int drm_fd)
{
    return result_of(__func__, share_import(gpu_id, drm_fd));
}

EXPORT int kmt_shim_vm_query(unsigned render_minor, struct kmt_shim_vm *out_vm)
{
    return result_of(__func__, share_query(render_minor, out_vm));
}

EXPORT int kmt_shim_vm_open(unsigned render_minor, int *out_fd)
{
    return result_of(__func__, share_dup(render_minor, out_fd));
}

EXPORT enum kmt_shim_policy kmt_shim_policy_get(void)
{
    return policy_wish();
}

EXPORT void kmt_shim_counters_read(struct kmt_shim_counters *out_counters)
{
    share_counters(out_counters);
}
