/* SPDX-License-Identifier: MIT
 *
 * GPU faults, as the program's runtime gets to know them: a memory exception in the answer of
 * WAIT_EVENTS. They are explained before the runtime sees them, as most then end the program.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/kfd_ioctl.h>

#include "base/log.h"
#include "base/user_memory.h"
#include "kmt-shim/events.h"
#include "kmt-shim/gpu.h"
#include "kmt-shim/lookup.h"
#include "kmt-shim/next.h"
#include "kmt-shim/observe.h"

/* Events that report memory exceptions: number + 1. A runtime has one. */
enum { MEMORY_EVENT_COUNT = 16 };
static _Atomic uint32_t memory_events[MEMORY_EVENT_COUNT];

static void replace(uint32_t from, uint32_t to)
{
    for (int i = 0; i < MEMORY_EVENT_COUNT; i++) {
        uint32_t expected = from;

        if (atomic_compare_exchange_strong(&memory_events[i], &expected, to))
            return;
    }
}

int observe_kfd_create_event(const struct observed_call *call)
{
    const struct kfd_ioctl_create_event_args *args = call->argument;
    int result = next_ioctl(call->fd, call->request, call->argument);

    if (result == 0 && args->event_type == KFD_IOC_EVENT_MEMORY)
        replace(0, args->event_id + 1);
    return result;
}

int observe_kfd_destroy_event(const struct observed_call *call)
{
    uint32_t id = ((struct kfd_ioctl_destroy_event_args *)call->argument)->event_id;
    int result = next_ioctl(call->fd, call->request, call->argument);

    if (result == 0)
        replace(id + 1, 0);
    return result;
}

static struct kfd_event_data *find_memory_event(const struct kfd_ioctl_wait_events_args *args)
{
    struct kfd_event_data *events = (struct kfd_event_data *)(uintptr_t)args->events_ptr;
    uint32_t id = atomic_load_explicit(&memory_events[0], memory_order_relaxed);

    if (!id || !user_memory_is_readable(events, (size_t)args->num_events * sizeof *events))
        return NULL;
    for (uint32_t i = 0; i < args->num_events; i++) {
        for (int k = 0; k < MEMORY_EVENT_COUNT; k++) {
            if (atomic_load_explicit(&memory_events[k], memory_order_relaxed) ==
                events[i].event_id + 1)
                return &events[i];
        }
    }
    return NULL;
}

static void report(const struct kfd_hsa_memory_exception_data *fault)
{
    const struct kfd_memory_exception_failure *failure = &fault->failure;
    char place[256], text[384];
    unsigned minor = 0;

    (void)gpu_minor_of_gpu_id(fault->gpu_id, &minor);
    lookup_explain(minor, fault->va, place, sizeof place);
    snprintf(text, sizeof text, "GPU fault (%s%s%s): %s",
             failure->ReadOnly ? "write to read-only memory" : "",
             failure->NoExecute ? "execution of data" : "",
             failure->ReadOnly || failure->NoExecute ? "" : "nothing mapped", place);
    rw_warn(shim, "%s", text);
    events_tell(KMT_SHIM_EVENT_FAULT, minor, fault->va, text);
}

/* The data are those of an earlier fault until the event is signalled again. */
int observe_kfd_wait_events(const struct observed_call *call)
{
    const struct kfd_ioctl_wait_events_args *args = call->argument;
    struct kfd_event_data *event = find_memory_event(args);
    struct kfd_hsa_memory_exception_data before, *after;
    int result, err;

    if (!event)
        return next_ioctl(call->fd, call->request, call->argument);
    after = &event->memory_exception_data;
    before = *after;
    result = next_ioctl(call->fd, call->request, call->argument);
    err = errno;
    if (result == 0 && args->wait_result == KFD_IOC_WAIT_RESULT_COMPLETE && after->gpu_id &&
        memcmp(&before, after, sizeof before) != 0)
        report(after);
    errno = err;
    return result;
}
