/* SPDX-License-Identifier: MIT
 *
 * The thread that sleeps until graphics is ready to hand over. From Linux 6.6 on the kernel writes
 * an eventfd for each timeline (SYNCOBJ_EVENTFD) and the thread sleeps on them together; before, it
 * sleeps in SYNCOBJ_TIMELINE_WAIT on the lowest points of all timelines, and on a timeline of its
 * own by which it is woken when they change.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utlist.h>

#include "base/log.h"
#include "base/private_fd.h"
#include "runtime/bridge.h"
#include "runtime/syncobj.h"
#include "runtime/thread.h"

enum { WAKE_ID = 0, EVENTS = 16 };

/* ---- with eventfds ---- */

static rw_status epoll_add(struct rocweld_bridge *bridge, uint64_t id, int *out_eventfd)
{
    /* By edges: each count is an event, and nobody need read the eventfd. */
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = id};
    int fd = private_fd_move(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), err;

    if (fd < 0)
        return RW_FAIL(errno, "no eventfd: %s", strerror(errno));
    if (epoll_ctl(bridge->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
        err = errno;
        close(fd);
        return RW_FAIL(err, "epoll: %s", strerror(err));
    }
    *out_eventfd = fd;
    return RW_OK;
}

static void epoll_remove(struct rocweld_bridge *bridge, int fd)
{
    /* Not by closing alone: a forked child may have the eventfd, too. */
    epoll_ctl(bridge->epoll, EPOLL_CTL_DEL, fd, NULL);
    close(fd);
}

/* That the eventfd has counted says which point was reached: who waits for it goes on before the
 * kernel is asked anything. */
static void event_handle_locked(struct rocweld_bridge *bridge, uint64_t id)
{
    struct rocweld_timeline *timeline;

    DL_SEARCH_SCALAR(bridge->timelines, timeline, id, id);
    if (!timeline) /* destroyed meanwhile, or it is time to look at `stopping` */
        return;
    if (!timeline->armed_apart)
        timeline_reach_locked(timeline, timeline->armed);
    timeline->armed = 0;
    timeline_advance_locked(timeline);
}

static void *epoll_main(void *argument)
{
    struct rocweld_bridge *bridge = argument;
    struct epoll_event events[EVENTS];

    pthread_mutex_lock(&bridge->lock);
    while (!bridge->stopping) {
        int count;

        pthread_mutex_unlock(&bridge->lock);
        count = epoll_wait(bridge->epoll, events, EVENTS, -1);
        pthread_mutex_lock(&bridge->lock);
        bridge->counters.wakeups++;
        for (int i = 0; i < count; i++)
            event_handle_locked(bridge, events[i].data.u64);
    }
    pthread_mutex_unlock(&bridge->lock);
    return NULL;
}

static rw_status epoll_start_locked(struct rocweld_bridge *bridge)
{
    rw_status status;

    bridge->epoll = private_fd_move(epoll_create1(EPOLL_CLOEXEC));
    if (bridge->epoll < 0)
        return RW_FAIL(errno, "epoll: %s", strerror(errno));
    status = epoll_add(bridge, WAKE_ID, &bridge->graphics_wake);
    if (!rw_ok(status)) {
        close(bridge->epoll);
        bridge->epoll = -1;
    }
    return status;
}

static rw_status eventfd_arm_locked(struct rocweld_timeline *timeline)
{
    struct rocweld_bridge *bridge = timeline->bridge;
    uint64_t point = timeline->to_compute->point;

    if (timeline->eventfd < 0)
        RW_TRY(epoll_add(bridge, timeline->id, &timeline->eventfd));
    if (timeline->armed && timeline->armed <= point)
        return RW_OK;
    timeline->armed_apart |= timeline->armed != 0; /* nothing takes that back */
    RW_TRY(syncobj_arm(bridge->device, timeline->handle, point, timeline->eventfd));
    bridge->counters.drm_calls++;
    timeline->armed = point;
    return RW_OK;
}

/* ---- without ---- */

struct points {
    uint32_t count, capacity;
    uint32_t *handles;
    uint64_t *points;
};

static bool points_add(struct points *set, uint32_t handle, uint64_t point)
{
    if (set->count == set->capacity) {
        uint32_t capacity = set->capacity + 16;
        void *handles = realloc(set->handles, capacity * sizeof *set->handles), *points;

        if (handles)
            set->handles = handles;
        if ((points = realloc(set->points, capacity * sizeof *set->points)))
            set->points = points;
        if (!handles || !points)
            return false;
        set->capacity = capacity;
    }
    set->handles[set->count] = handle;
    set->points[set->count++] = point;
    return true;
}

static bool points_collect_locked(struct rocweld_bridge *bridge, struct points *set)
{
    struct rocweld_timeline *timeline;

    set->count = 0;
    if (!points_add(set, bridge->wake_handle, bridge->wake_point))
        return false;
    DL_FOREACH(bridge->timelines, timeline)
    {
        timeline_advance_locked(timeline);
        if (timeline->to_compute && !points_add(set, timeline->handle, timeline->to_compute->point))
            return false;
    }
    return true;
}

/* The set names timelines by handle: one that is destroyed before the kernel looks is ENOENT. */
static bool points_sleep(struct rocweld_bridge *bridge, struct points *set)
{
    rw_status status =
        syncobj_wait_any(bridge->device, set->handles, set->points, set->count, INT64_MAX);

    return rw_ok(status) || status.err == ENOENT || status.err == ETIME;
}

static void *points_main(void *argument)
{
    struct rocweld_bridge *bridge = argument;
    struct rocweld_timeline *timeline;
    struct points set = {0};
    bool works = true;

    pthread_mutex_lock(&bridge->lock);
    while (!bridge->stopping && (works = works && points_collect_locked(bridge, &set))) {
        bridge->counters.drm_calls++;
        pthread_mutex_unlock(&bridge->lock);
        works = points_sleep(bridge, &set);
        pthread_mutex_lock(&bridge->lock);
        bridge->counters.wakeups++;
    }
    if (!works) {
        rw_error(runtime, "cannot wait for timelines: nothing more is handed over to compute");
        bridge->graphics_err = EIO;
        DL_FOREACH(bridge->timelines, timeline)
        timeline_fail_locked(timeline, EIO);
    }
    pthread_mutex_unlock(&bridge->lock);
    free(set.handles);
    free(set.points);
    return NULL;
}

/* Signals the point that the thread sleeps on; it will see the next one. */
static rw_status points_wake_locked(struct rocweld_bridge *bridge)
{
    bridge->counters.drm_calls++;
    return syncobj_signal(bridge->device, bridge->wake_handle, bridge->wake_point++);
}

/* ---- either ---- */

static void wake_close(struct rocweld_bridge *bridge)
{
    if (bridge->has_eventfd) {
        epoll_remove(bridge, bridge->graphics_wake);
        close(bridge->epoll);
        bridge->graphics_wake = bridge->epoll = -1;
    } else {
        syncobj_destroy(bridge->device, bridge->wake_handle);
    }
}

rw_status wait_graphics_start_locked(struct rocweld_bridge *bridge)
{
    rw_status status;

    if (bridge->graphics_err)
        return RW_FAIL(bridge->graphics_err, "the bridge has lost its timelines");
    if (bridge->graphics_runs)
        return RW_OK;
    if (bridge->has_eventfd)
        RW_TRY(epoll_start_locked(bridge));
    else
        RW_TRY(syncobj_create(bridge->device, &bridge->wake_handle));
    bridge->wake_point = 1;
    status = thread_start("rocweld-drm", bridge->has_eventfd ? epoll_main : points_main, bridge,
                          &bridge->graphics_thread);
    if (!rw_ok(status))
        wake_close(bridge);
    bridge->graphics_runs = rw_ok(status);
    return status;
}

rw_status wait_graphics_arm_locked(struct rocweld_timeline *timeline)
{
    if (timeline->bridge->has_eventfd)
        return eventfd_arm_locked(timeline);
    if (pthread_equal(pthread_self(), timeline->bridge->graphics_thread))
        return RW_OK; /* it is collecting points */
    return points_wake_locked(timeline->bridge);
}

void wait_graphics_forget_locked(struct rocweld_timeline *timeline)
{
    if (timeline->eventfd < 0)
        return;
    epoll_remove(timeline->bridge, timeline->eventfd);
    timeline->eventfd = -1;
}

void wait_graphics_stop(struct rocweld_bridge *bridge)
{
    struct rocweld_timeline *timeline;

    if (!bridge->graphics_runs)
        return;
    pthread_mutex_lock(&bridge->lock);
    if (bridge->has_eventfd)
        eventfd_write(bridge->graphics_wake, 1);
    else
        while (!rw_ok(points_wake_locked(bridge)))
            usleep(1000); /* until the kernel has memory for a fence */
    pthread_mutex_unlock(&bridge->lock);
    pthread_join(bridge->graphics_thread, NULL);
    bridge->graphics_runs = false;
    DL_FOREACH(bridge->timelines, timeline)
    wait_graphics_forget_locked(timeline);
    wake_close(bridge);
}
