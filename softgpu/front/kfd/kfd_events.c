/* SPDX-License-Identifier: MIT */
#include "softgpu/front/kfd/kfd_events.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <utlist.h>

#include "base/log.h"
#include "base/private_fd.h"
#include "softgpu/front/ioctl.h"
#include "softgpu/vm/gpu_va.h"

#define SLOTS_OF_OLD_PROGRAMS 256u /* what they map without saying so */

#define TIMEOUT_POLL          0u
#define TIMEOUT_FOREVER       UINT32_MAX

/* One call of WAIT_EVENTS. */
struct sleeper {
    atomic_uint wakeups; /* futex word */
};

/* One event that a call waits for. */
struct waiter {
    struct kfd_event *event; /* NULL once it was destroyed */
    struct sleeper *sleeper; /* borrowed */
    bool activated;
    bool wants_age;
    bool listed; /* in event->waiters */
    struct waiter *prev, *next;
};

struct kfd_event {
    uint32_t id;
    uint32_t type;
    bool auto_reset;
    bool signaled;
    uint64_t age; /* counts signals; 0 and 1 mean "never" */
    struct waiter *waiters;
    union {
        struct kfd_hsa_memory_exception_data memory;
        struct kfd_hsa_hw_exception_data hw;
    } data;
};

/* ---- futex ---- */

static void sleeper_wake(struct sleeper *sleeper)
{
    atomic_fetch_add(&sleeper->wakeups, 1);
    syscall(SYS_futex, &sleeper->wakeups, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}

/* Sleeps while `wakeups` is `seen`. Returns 0, or the futex's errno. */
static int sleeper_sleep(struct sleeper *sleeper, unsigned seen, const struct timespec *deadline)
{
    long r = syscall(SYS_futex, &sleeper->wakeups, FUTEX_WAIT_BITSET_PRIVATE, seen, deadline, NULL,
                     FUTEX_BITSET_MATCH_ANY);

    return r < 0 ? errno : 0;
}

/* ---- events ---- */

static bool type_has_slot(uint32_t type)
{
    return type == KFD_IOC_EVENT_SIGNAL || type == KFD_IOC_EVENT_DEBUG_EVENT;
}

void kfd_events_init(struct kfd_events *events)
{
    memset(events, 0, sizeof *events);
    pthread_mutex_init(&events->lock, NULL);
    handle_table_init(&events->signals, 1, KFD_SIGNAL_EVENT_LIMIT - 1);
    handle_table_init(&events->others, KFD_FIRST_NONSIGNAL_EVENT_ID, KFD_NONSIGNAL_EVENT_COUNT);
    events->page.fd = -1;
    events->signal_count = 1;
}

static void table_free_events(struct handle_table *table)
{
    struct kfd_event *event;

    for (uint32_t id = 0; (event = handle_table_at_or_above(table, &id)); id++)
        free(event);
    handle_table_finish(table);
}

void kfd_events_finish(struct kfd_events *events)
{
    table_free_events(&events->signals);
    table_free_events(&events->others);
    if (events->page.fd >= 0) {
        munmap((void *)events->page.slots, KFD_SIGNAL_PAGE_BYTES);
        close(events->page.fd);
    }
    mem_bo_put(events->page.bo);
    pthread_mutex_destroy(&events->lock);
}

static struct handle_table *table_of_id(struct kfd_events *events, uint32_t id)
{
    return id < KFD_FIRST_NONSIGNAL_EVENT_ID ? &events->signals : &events->others;
}

static struct kfd_event *event_find_locked(struct kfd_events *events, uint32_t id)
{
    return handle_table_find(table_of_id(events, id), id);
}

static rw_status unknown_event(const char *operation, uint32_t id)
{
    return RW_FAIL(EINVAL, "%s: event %u does not exist", operation, id);
}

static bool event_is_awaited(const struct kfd_event *event)
{
    const struct waiter *waiter;

    DL_FOREACH(event->waiters, waiter)
    if (!waiter->activated)
        return true;
    return false;
}

static void event_signal_locked(struct kfd_event *event)
{
    struct waiter *waiter;

    event->signaled = !event->auto_reset || !event_is_awaited(event);
    if (++event->age == 0)
        event->age = 2;
    DL_FOREACH(event->waiters, waiter)
    {
        waiter->activated = true;
        sleeper_wake(waiter->sleeper);
    }
}

/* ---- the signal page ---- */

static void page_clear(_Atomic uint64_t *slots)
{
    memset((void *)slots, 0xff, KFD_SIGNAL_PAGE_BYTES);
}

/* A page of our own, for programs that bring none. */
static rw_status page_create_locked(struct kfd_events *events)
{
    int fd = private_fd_move(memfd_create("kfd-signal-page", MFD_CLOEXEC));

    if (fd < 0)
        return RW_FAIL(ENOMEM, "cannot make a signal page: %s", strerror(errno));
    if (ftruncate(fd, KFD_SIGNAL_PAGE_BYTES) < 0)
        goto no_memory;
    void *slots = mmap(NULL, KFD_SIGNAL_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (slots == MAP_FAILED)
        goto no_memory;
    events->page = (struct kfd_signal_page){.slots = slots, .fd = fd};
    events->mapped_slots = SLOTS_OF_OLD_PROGRAMS;
    page_clear(slots);
    return RW_OK;

no_memory:
    close(fd);
    return RW_FAIL(ENOMEM, "no memory for a signal page");
}

rw_status kfd_events_set_page(struct kfd_events *events, struct mem_bo *bo, uint64_t handle)
{
    rw_status status = RW_OK;

    mem_bo_pin(bo); /* for good, as in the kernel */
    pthread_mutex_lock(&events->lock);
    if (events->page.slots) {
        status = RW_FAIL(EBUSY, "the process has a signal page already");
    } else if (bo->size < KFD_SIGNAL_PAGE_BYTES) {
        status = RW_FAIL(EINVAL, "a signal page takes %u bytes, buffer %#llx has %llu",
                         KFD_SIGNAL_PAGE_BYTES, (unsigned long long)handle,
                         (unsigned long long)bo->size);
    } else {
        _Atomic uint64_t *slots = (_Atomic uint64_t *)(void *)bo->host;

        page_clear(slots);
        events->page =
            (struct kfd_signal_page){.slots = slots, .bo = bo, .handle = handle, .fd = -1};
        events->mapped_slots = (uint32_t)(bo->size / sizeof *slots);
    }
    pthread_mutex_unlock(&events->lock);
    if (!rw_ok(status))
        mem_bo_unpin(bo);
    return status;
}

bool kfd_events_has_page(struct kfd_events *events)
{
    pthread_mutex_lock(&events->lock);
    bool has = events->page.slots != NULL;
    pthread_mutex_unlock(&events->lock);
    return has;
}

uint64_t kfd_events_page_handle(struct kfd_events *events)
{
    pthread_mutex_lock(&events->lock);
    uint64_t handle = events->page.handle;
    pthread_mutex_unlock(&events->lock);
    return handle;
}

static unsigned page_order(size_t bytes)
{
    unsigned order = 0;

    while ((size_t)GPU_PAGE_SIZE << order < bytes)
        order++;
    return order;
}

rw_status kfd_events_mmap(struct kfd_events *events, void *address, size_t length, int prot,
                          int flags, void **out_address)
{
    struct kfd_signal_page page;

    if (page_order(length) > page_order(KFD_SIGNAL_PAGE_BYTES))
        return RW_FAIL(EINVAL, "mmap of %zu bytes of the signal page, which has %u", length,
                       KFD_SIGNAL_PAGE_BYTES);
    pthread_mutex_lock(&events->lock);
    page = events->page;
    pthread_mutex_unlock(&events->lock);
    if (!page.slots)
        return RW_FAIL(EINVAL, "mmap of the signal page before the first signal event");
    if (page.bo)
        return mem_bo_mmap(page.bo, address, length, prot, flags, 0, out_address);
    void *at = mmap(address, length, prot, flags, page.fd, 0);
    if (at == MAP_FAILED)
        return rw_status_quiet(errno);
    pthread_mutex_lock(&events->lock);
    events->mapped_slots = (uint32_t)(length / sizeof *page.slots);
    pthread_mutex_unlock(&events->lock);
    *out_address = at;
    return RW_OK;
}

/* ---- create, destroy, set, reset ---- */

static rw_status signal_event_register_locked(struct kfd_events *events, struct kfd_event *event)
{
    rw_status status;

    if (events->mapped_slots && events->signal_count == events->mapped_slots)
        return RW_FAIL(ENOSPC, "all %u signal slots are in use", events->mapped_slots);
    if (!events->page.slots)
        RW_TRY(page_create_locked(events));
    status = handle_table_take(&events->signals, event, &event->id);
    if (!rw_ok(status))
        return status;
    events->signal_count++;
    events->page.slots[event->id] = KFD_UNSIGNALED_SLOT;
    return RW_OK;
}

rw_status kfd_event_create(struct kfd_events *events, uint32_t type, bool auto_reset,
                           struct kfd_event_ids *out_ids)
{
    struct kfd_event *event = calloc(1, sizeof *event);
    rw_status status;

    if (!event)
        return RW_FAIL(ENOMEM, "no memory for an event");
    event->type = type;
    event->auto_reset = auto_reset;
    event->age = 1;
    pthread_mutex_lock(&events->lock);
    if (type_has_slot(type))
        status = signal_event_register_locked(events, event);
    else
        status = handle_table_take(&events->others, event, &event->id);
    *out_ids = (struct kfd_event_ids){.id = event->id, .has_slot = type_has_slot(type)};
    pthread_mutex_unlock(&events->lock);
    if (!rw_ok(status))
        free(event);
    return status;
}

static void event_forget_waiters_locked(struct kfd_event *event)
{
    struct waiter *waiter, *next;

    DL_FOREACH_SAFE(event->waiters, waiter, next)
    {
        DL_DELETE(event->waiters, waiter);
        waiter->listed = false;
        waiter->event = NULL;
        sleeper_wake(waiter->sleeper);
    }
}

rw_status kfd_event_destroy(struct kfd_events *events, uint32_t id)
{
    pthread_mutex_lock(&events->lock);
    struct kfd_event *event = handle_table_give_back(table_of_id(events, id), id);
    if (event) {
        event_forget_waiters_locked(event);
        if (type_has_slot(event->type))
            events->signal_count--;
    }
    pthread_mutex_unlock(&events->lock);
    if (!event)
        return unknown_event("DESTROY_EVENT", id);
    free(event);
    return RW_OK;
}

/* SET_EVENT and RESET_EVENT differ in one line. */
static rw_status event_change(struct kfd_events *events, uint32_t id, bool set)
{
    const char *operation = set ? "SET_EVENT" : "RESET_EVENT";
    rw_status status = RW_OK;

    pthread_mutex_lock(&events->lock);
    struct kfd_event *event = event_find_locked(events, id);
    if (!event)
        status = unknown_event(operation, id);
    else if (event->type != KFD_IOC_EVENT_SIGNAL)
        status = RW_FAIL(EINVAL, "%s: event %u has type %u; the CPU may only do this to signals",
                         operation, id, event->type);
    else if (set)
        event_signal_locked(event);
    else
        event->signaled = false;
    pthread_mutex_unlock(&events->lock);
    return status;
}

rw_status kfd_event_set(struct kfd_events *events, uint32_t id)
{
    return event_change(events, id, true);
}

rw_status kfd_event_reset(struct kfd_events *events, uint32_t id)
{
    return event_change(events, id, false);
}

/* ---- from the GPU ---- */

static bool slot_is_signaled(const _Atomic uint64_t *slots, uint32_t id)
{
    return atomic_load_explicit(&slots[id], memory_order_acquire) != KFD_UNSIGNALED_SLOT;
}

static void slot_serve_locked(struct kfd_events *events, uint32_t id)
{
    struct kfd_event *event = handle_table_find(&events->signals, id);

    if (!event)
        return;
    events->page.slots[id] = KFD_UNSIGNALED_SLOT;
    event_signal_locked(event);
}

void kfd_events_interrupt(struct kfd_events *events, uint32_t id)
{
    pthread_mutex_lock(&events->lock);
    _Atomic uint64_t *slots = events->page.slots;
    if (!slots) {
        rw_debug(kfd, "interrupt for event %u, but the process has no signal page", id);
    } else if (id < KFD_SIGNAL_EVENT_LIMIT && slot_is_signaled(slots, id) &&
               handle_table_find(&events->signals, id)) {
        slot_serve_locked(events, id);
    } else {
        /* The id says nothing; look at all events, as the kernel does. */
        for (uint32_t at = 1; handle_table_at_or_above(&events->signals, &at); at++)
            if (slot_is_signaled(slots, at))
                slot_serve_locked(events, at);
    }
    pthread_mutex_unlock(&events->lock);
}

void kfd_events_memory_exception(struct kfd_events *events,
                                 const struct kfd_hsa_memory_exception_data *data)
{
    struct kfd_event *event;

    pthread_mutex_lock(&events->lock);
    for (uint32_t id = 0; (event = handle_table_at_or_above(&events->others, &id)); id++) {
        if (event->type != KFD_IOC_EVENT_MEMORY)
            continue;
        event->data.memory = *data;
        event_signal_locked(event);
    }
    pthread_mutex_unlock(&events->lock);
}

void kfd_events_hw_exception(struct kfd_events *events,
                             const struct kfd_hsa_hw_exception_data *data)
{
    struct kfd_event *event;

    pthread_mutex_lock(&events->lock);
    for (uint32_t id = 0; (event = handle_table_at_or_above(&events->others, &id)); id++) {
        if (event->type != KFD_IOC_EVENT_HW_EXCEPTION)
            continue;
        event->data.hw = *data;
        event_signal_locked(event);
    }
    pthread_mutex_unlock(&events->lock);
}

/* ---- waiting ---- */

/* kmalloc's limit over the size of the kernel's own waiter. */
#define WAITERS_MAX ((4u << 20) / 56)

struct wait_call {
    struct kfd_events *events;
    const struct kfd_wait_request *request;
    struct kfd_wait_event_data *data; /* owned copy of the caller's array */
    struct waiter *waiters;           /* owned */
    struct sleeper sleeper;
    struct timespec deadline; /* CLOCK_MONOTONIC */
    bool endless;
};

static rw_status waiter_start_locked(struct wait_call *call, struct waiter *waiter,
                                     const struct kfd_wait_event_data *data)
{
    struct kfd_event *event = event_find_locked(call->events, data->event_id);
    uint64_t age = data->signal_event_data.last_event_age;

    if (!event)
        return unknown_event("WAIT_EVENTS", data->event_id);
    waiter->event = event;
    waiter->sleeper = &call->sleeper;
    waiter->activated = event->signaled;
    event->signaled = event->signaled && !event->auto_reset;
    if (call->request->ages && event->type == KFD_IOC_EVENT_SIGNAL && age) {
        waiter->wants_age = true;
        if (event->age != age)
            waiter->activated = true;
    }
    DL_APPEND(event->waiters, waiter);
    waiter->listed = true;
    return RW_OK;
}

static rw_status waiters_start_locked(struct wait_call *call)
{
    for (uint32_t i = 0; i < call->request->count; i++)
        RW_TRY(waiter_start_locked(call, &call->waiters[i], &call->data[i]));
    return RW_OK;
}

/* `undo`: the call is going to be repeated, so signals that it has used up come back. */
static void waiters_stop_locked(struct wait_call *call, bool undo)
{
    for (uint32_t i = 0; i < call->request->count; i++) {
        struct waiter *waiter = &call->waiters[i];

        if (!waiter->listed)
            continue;
        DL_DELETE(waiter->event->waiters, waiter);
        if (undo && waiter->activated && waiter->event->auto_reset)
            event_signal_locked(waiter->event);
    }
}

static uint32_t waiters_result_locked(const struct wait_call *call)
{
    uint32_t activated = 0;

    for (uint32_t i = 0; i < call->request->count; i++) {
        if (!call->waiters[i].event)
            return KFD_IOC_WAIT_RESULT_FAIL;
        if (!call->waiters[i].activated)
            continue;
        if (!call->request->all)
            return KFD_IOC_WAIT_RESULT_COMPLETE;
        activated++;
    }
    return activated == call->request->count ? KFD_IOC_WAIT_RESULT_COMPLETE
                                             : KFD_IOC_WAIT_RESULT_TIMEOUT;
}

/* Takes the data of an event that has happened. Returns its size; most events have none. */
static size_t waiter_take_data_locked(const struct waiter *waiter, struct kfd_wait_event_data *out)
{
    const struct kfd_event *event = waiter->event;

    if (!waiter->activated)
        return 0;
    if (event->type == KFD_IOC_EVENT_MEMORY) {
        out->memory_exception_data = event->data.memory;
        return sizeof out->memory_exception_data;
    }
    if (event->type == KFD_IOC_EVENT_HW_EXCEPTION) {
        out->hw_exception_data = event->data.hw;
        return sizeof out->hw_exception_data;
    }
    if (!waiter->wants_age)
        return 0;
    out->signal_event_data.last_event_age = event->age;
    return sizeof out->signal_event_data;
}

/* The union of all data is the first member of the caller's array elements. */
static rw_status wait_copy_data_locked(struct wait_call *call)
{
    uint64_t user = call->request->events_user;

    for (uint32_t i = 0; i < call->request->count; i++, user += sizeof *call->data) {
        size_t size = waiter_take_data_locked(&call->waiters[i], &call->data[i]);

        if (size)
            RW_TRY(front_copy_out(user, &call->data[i], size));
    }
    return RW_OK;
}

static void wait_set_deadline(struct wait_call *call, uint32_t timeout_ms)
{
    uint32_t ms = timeout_ms > INT32_MAX ? INT32_MAX : timeout_ms;

    call->endless = timeout_ms == TIMEOUT_FOREVER;
    clock_gettime(CLOCK_MONOTONIC, &call->deadline);
    call->deadline.tv_sec += ms / 1000;
    call->deadline.tv_nsec += (long)(ms % 1000) * 1000000;
    if (call->deadline.tv_nsec >= 1000000000) {
        call->deadline.tv_nsec -= 1000000000;
        call->deadline.tv_sec++;
    }
}

static uint32_t wait_remaining_ms(const struct wait_call *call)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t ms = (call->deadline.tv_sec - now.tv_sec) * 1000 +
                 (call->deadline.tv_nsec - now.tv_nsec) / 1000000;
    return ms > 0 ? (uint32_t)ms : 0;
}

/* Waits with the lock released while it sleeps; EINTR (quiet) when a signal handler ran. */
static rw_status wait_sleep_locked(struct wait_call *call, uint32_t *timeout_ms,
                                   uint32_t *out_result)
{
    const struct timespec *deadline = call->endless ? NULL : &call->deadline;
    int err = *timeout_ms == TIMEOUT_POLL ? ETIMEDOUT : 0;

    for (;;) {
        unsigned seen = atomic_load(&call->sleeper.wakeups);

        *out_result = waiters_result_locked(call);
        if (*out_result != KFD_IOC_WAIT_RESULT_TIMEOUT || err == ETIMEDOUT)
            return RW_OK;
        if (err == EINTR) {
            if (!call->endless)
                *timeout_ms = wait_remaining_ms(call);
            return rw_status_quiet(EINTR);
        }
        pthread_mutex_unlock(&call->events->lock);
        err = sleeper_sleep(&call->sleeper, seen, deadline);
        pthread_mutex_lock(&call->events->lock);
    }
}

static rw_status wait_run(struct wait_call *call, uint32_t *timeout_ms, uint32_t *out_result)
{
    pthread_mutex_lock(&call->events->lock);
    rw_status status = waiters_start_locked(call);
    if (rw_ok(status))
        status = wait_sleep_locked(call, timeout_ms, out_result);
    if (rw_ok(status) && *out_result == KFD_IOC_WAIT_RESULT_COMPLETE)
        status = wait_copy_data_locked(call);
    waiters_stop_locked(call, status.err == EINTR);
    pthread_mutex_unlock(&call->events->lock);
    return status;
}

rw_status kfd_events_wait(struct kfd_events *events, const struct kfd_wait_request *request,
                          uint32_t *timeout_ms, uint32_t *out_result)
{
    struct wait_call call = {.events = events, .request = request};
    rw_status status = RW_OK;

    *out_result = KFD_IOC_WAIT_RESULT_FAIL;
    if (request->count > WAITERS_MAX)
        return RW_FAIL(ENOMEM, "WAIT_EVENTS for %u events at once", request->count);
    call.waiters = calloc(request->count ? request->count : 1, sizeof *call.waiters);
    if (!call.waiters)
        return RW_FAIL(ENOMEM, "no memory to wait for %u events", request->count);
    status = front_copy_in_array(request->events_user, request->count, sizeof *call.data, SIZE_MAX,
                                 (void **)&call.data);
    if (rw_ok(status)) {
        wait_set_deadline(&call, *timeout_ms);
        status = wait_run(&call, timeout_ms, out_result);
    }
    free(call.data);
    free(call.waiters);
    if (!rw_ok(status))
        *out_result = KFD_IOC_WAIT_RESULT_FAIL;
    else if (*out_result == KFD_IOC_WAIT_RESULT_FAIL)
        status = RW_FAIL(EIO, "WAIT_EVENTS: an event was destroyed while it was waited for");
    return status;
}
