/* SPDX-License-Identifier: MIT
 *
 * Global wave sync: see gws.h.
 */
#include "softgpu/isa/gws.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct resource {
    uint32_t counter;
    unsigned phase;  /* of the barrier: 0 and 1 in turn */
    uint32_t queued; /* waves that wait in the semaphore */
};

struct isa_gws {
    pthread_mutex_t lock;
    struct resource resources[ISA_GWS_RESOURCES]; /* under lock */
};

rw_status isa_gws_create(struct isa_gws **out_gws)
{
    struct isa_gws *gws = calloc(1, sizeof(*gws));

    if (!gws)
        return RW_FAIL(ENOMEM, "no memory for global wave sync");
    pthread_mutex_init(&gws->lock, NULL);
    *out_gws = gws;
    return RW_OK;
}

void isa_gws_destroy(struct isa_gws *gws)
{
    if (!gws)
        return;
    pthread_mutex_destroy(&gws->lock);
    free(gws);
}

static struct resource *resource_lock(struct isa_gws *gws, unsigned resource)
{
    pthread_mutex_lock(&gws->lock);
    return &gws->resources[resource % ISA_GWS_RESOURCES];
}

static void resource_unlock(struct isa_gws *gws)
{
    pthread_mutex_unlock(&gws->lock);
}

void isa_gws_init(struct isa_gws *gws, unsigned resource, uint32_t value)
{
    struct resource *r = resource_lock(gws, resource);

    *r = (struct resource){.counter = value};
    resource_unlock(gws);
}

bool isa_gws_barrier_arrive(struct isa_gws *gws, unsigned resource, uint32_t value,
                            unsigned *out_phase)
{
    struct resource *r = resource_lock(gws, resource);
    bool last = r->counter == 0;

    *out_phase = r->phase;
    if (last) {
        r->phase ^= 1;
        r->counter = value;
    } else {
        r->counter--;
    }
    resource_unlock(gws);
    return last;
}

bool isa_gws_barrier_passed(struct isa_gws *gws, unsigned resource, unsigned phase)
{
    bool passed = resource_lock(gws, resource)->phase != phase;

    resource_unlock(gws);
    return passed;
}

bool isa_gws_sema_p(struct isa_gws *gws, unsigned resource, bool queued)
{
    struct resource *r = resource_lock(gws, resource);
    bool taken = r->counter > 0;

    if (taken)
        r->counter--;
    if (taken && queued)
        r->queued--;
    else if (!taken && !queued)
        r->queued++;
    resource_unlock(gws);
    return taken;
}

void isa_gws_sema_v(struct isa_gws *gws, unsigned resource, uint32_t count)
{
    resource_lock(gws, resource)->counter += count;
    resource_unlock(gws);
}

void isa_gws_sema_release_all(struct isa_gws *gws, unsigned resource)
{
    struct resource *r = resource_lock(gws, resource);

    r->counter = r->queued;
    resource_unlock(gws);
}
