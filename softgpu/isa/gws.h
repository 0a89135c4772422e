/* SPDX-License-Identifier: MIT
 *
 * Global wave sync: the barriers and semaphores that the waves of a whole grid share (ds_gws_*),
 * which HIP's cooperative groups wait in. A queue that has been given GWS (the KFD's
 * ALLOC_QUEUE_GWS) points isa_host.gws at one.
 *
 * A wave that has to wait yields, and tries again when its workgroup runs next. The dispatcher must
 * therefore keep all workgroups of a cooperative dispatch resident and run them in turn.
 *
 * Source: RDNA 2 ISA guide, pseudocode of DS_GWS_*.
 * Thread safety: all functions from any thread; create and destroy while no wave uses it.
 */
#ifndef SOFTGPU_ISA_GWS_H
#define SOFTGPU_ISA_GWS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

struct isa_gws;

enum { ISA_GWS_RESOURCES = 64 };

rw_status isa_gws_create(struct isa_gws **out_gws) RW_MUST_USE;
void isa_gws_destroy(struct isa_gws *gws); /* NULL is fine */

/* `value`: how many more waves than the calling one will come. */
void isa_gws_init(struct isa_gws *gws, unsigned resource, uint32_t value);

/* A wave arrives; the last one opens the barrier and sets it up for `value` more of the next
 * round. True: go on. False: wait until isa_gws_barrier_passed(out_phase). */
bool isa_gws_barrier_arrive(struct isa_gws *gws, unsigned resource, uint32_t value,
                            unsigned *out_phase);
bool isa_gws_barrier_passed(struct isa_gws *gws, unsigned resource, unsigned phase);

/* P: takes one; false when there is none: `queued` says whether this wave has waited before. */
bool isa_gws_sema_p(struct isa_gws *gws, unsigned resource, bool queued);
/* V (1) and bulk release (any number). */
void isa_gws_sema_v(struct isa_gws *gws, unsigned resource, uint32_t count);
void isa_gws_sema_release_all(struct isa_gws *gws, unsigned resource);

#endif
