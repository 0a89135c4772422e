/* SPDX-License-Identifier: MIT
 *
 * The command processors of one device: what its queues share.
 */
#include <errno.h>
#include <stdlib.h>

#include "softgpu/cp/queue.h"

rw_status cp_device_create(struct soft_device *device, unsigned threads, struct cp_device **out_cp)
{
    struct cp_device *cp = calloc(1, sizeof(*cp));

    if (!cp)
        return RW_FAIL(ENOMEM, "no memory for the command processors");
    cp->device = device;
    rw_status status = cp_scheduler_start(&cp->scheduler, threads);

    if (!rw_ok(status)) {
        free(cp);
        return status;
    }
    *out_cp = cp;
    return RW_OK;
}

void cp_device_destroy(struct cp_device *cp)
{
    if (!cp)
        return;
    cp_scheduler_stop(&cp->scheduler);
    free(cp);
}

void cp_device_stats(struct cp_device *cp, struct cp_stats *out_stats)
{
    const struct cp_counters *c = &cp->counters;

    *out_stats = (struct cp_stats){
        .packets = atomic_load(&c->packets),
        .dispatches = atomic_load(&c->dispatches),
        .workgroups = atomic_load(&c->workgroups),
        .waves = atomic_load(&c->waves),
        .instructions = atomic_load(&c->instructions),
        .bytes_copied = atomic_load(&c->bytes_copied),
    };
}
