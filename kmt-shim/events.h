/* SPDX-License-Identifier: MIT
 *
 * What happened, for whoever subscribed. Thread safety: any thread, with no lock of the shim held.
 */
#ifndef KMT_SHIM_EVENTS_H
#define KMT_SHIM_EVENTS_H

#include <stdbool.h>

#include "base/status.h"
#include "kmt-shim/include/kmt-shim.h"

rw_status events_subscribe(void (*notify)(void *context, const struct kmt_shim_event *event),
                           void *context, int *out_subscription) RW_MUST_USE;
rw_status events_unsubscribe(int subscription) RW_MUST_USE;

/* Has anybody subscribed? One load, as are the next two when nobody has. */
bool events_are_wanted(void);
void events_tell_range(enum kmt_shim_event_kind kind, const struct kmt_shim_range *range);
void events_tell(enum kmt_shim_event_kind kind, unsigned minor, uint64_t address, const char *text);

/* A refusal that is not an API function's own: counted, one line, an event. */
void events_refuse(unsigned minor, const char *format, ...) __attribute__((format(printf, 2, 3)));

void events_fork_in_child(void);

#endif
