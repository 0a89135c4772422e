/* SPDX-License-Identifier: MIT
 *
 * Bridges and timelines: their lives.
 */
#include "runtime/bridge.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>
#include <utlist.h>

#include "base/log.h"
#include "runtime/agent.h"
#include "runtime/syncobj.h"

#define EXPORT __attribute__((visibility("default")))

static atomic_uint fork_generation;

static void fork_in_child(void)
{
    atomic_fetch_add(&fork_generation, 1);
}

static __attribute__((constructor)) void bridge_load(void)
{
    pthread_atfork(NULL, NULL, fork_in_child);
}

rw_status bridge_check(const struct rocweld_bridge *bridge)
{
    rw_status_clear();
    if (bridge->generation == atomic_load(&fork_generation))
        return RW_OK;
    return RW_FAIL(EBADF, "the bridge belongs to the parent process; make one of your own after "
                          "exec");
}

int bridge_result(const char *function, rw_status status)
{
    const char *message = rw_status_message(status, NULL);

    if (!rw_ok(status) && *message)
        rw_warn(runtime, "%s: %s", function, message);
    return -status.err;
}

/* ---- bridges ---- */

struct rocweld_bridge *bridge_get(struct rocweld_bridge *bridge)
{
    __atomic_fetch_add(&bridge->refs, 1, __ATOMIC_RELAXED);
    return bridge;
}

void bridge_put(struct rocweld_bridge *bridge)
{
    if (__atomic_fetch_sub(&bridge->refs, 1, __ATOMIC_ACQ_REL) != 1)
        return;
    pthread_cond_destroy(&bridge->ended);
    pthread_cond_destroy(&bridge->compute_woke);
    pthread_mutex_destroy(&bridge->lock);
    free(bridge);
}

static struct rocweld_bridge *bridge_allocate(void)
{
    struct rocweld_bridge *bridge = calloc(1, sizeof *bridge);
    pthread_condattr_t monotonic;

    if (!bridge)
        return NULL;
    bridge->refs = 1;
    bridge->generation = atomic_load(&fork_generation);
    bridge->device = bridge->epoll = bridge->graphics_wake = -1;
    pthread_mutex_init(&bridge->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&bridge->ended, &monotonic);
    pthread_cond_init(&bridge->compute_woke, NULL);
    pthread_condattr_destroy(&monotonic);
    return bridge;
}

static rw_status bridge_create(hsa_agent_t agent, struct rocweld_bridge **out_bridge)
{
    struct rocweld_bridge *bridge;
    struct topology_gpu gpu;
    rw_status status;

    RW_TRY(agent_gpu_find(agent, &gpu));
    bridge = bridge_allocate();
    if (!bridge)
        return RW_FAIL(ENOMEM, "no memory for a bridge");
    bridge->render_minor = gpu.render_minor;
    status = syncobj_device_open(gpu.render_minor, &bridge->device);
    if (rw_ok(status) && hsa_init() != HSA_STATUS_SUCCESS) {
        status = RW_FAIL(EINVAL, "the HSA runtime gives no further reference of itself");
        close(bridge->device);
    }
    if (!rw_ok(status)) {
        bridge_put(bridge);
        return status;
    }
    bridge->has_eventfd = syncobj_has_eventfd(bridge->device);
    *out_bridge = bridge;
    return RW_OK;
}

EXPORT int rocweld_bridge_create(hsa_agent_t agent, rocweld_bridge **out_bridge)
{
    return bridge_result(__func__, bridge_create(agent, out_bridge));
}

static void timeline_end_locked(struct rocweld_timeline *timeline)
{
    struct rocweld_bridge *bridge = timeline->bridge;

    timeline_cancel_locked(timeline, ECANCELED);
    wait_graphics_forget_locked(timeline);
    DL_DELETE(bridge->timelines, timeline);
    syncobj_destroy(bridge->device, timeline->handle);
}

static void timeline_free(struct rocweld_timeline *timeline)
{
    hip_word_destroy(timeline->hip);
    free(timeline);
}

EXPORT void rocweld_bridge_destroy(rocweld_bridge *bridge)
{
    if (!bridge || !rw_ok(bridge_check(bridge)))
        return;
    pthread_mutex_lock(&bridge->lock);
    bridge->stopping = true;
    pthread_mutex_unlock(&bridge->lock);
    wait_compute_stop(bridge);
    wait_graphics_stop(bridge);
    while (bridge->timelines) {
        struct rocweld_timeline *timeline = bridge->timelines;

        pthread_mutex_lock(&bridge->lock);
        timeline_end_locked(timeline);
        pthread_mutex_unlock(&bridge->lock);
        timeline_free(timeline);
    }
    close(bridge->device);
    hsa_shut_down();
    bridge_put(bridge);
}

EXPORT int rocweld_bridge_counters_read(rocweld_bridge *bridge,
                                        struct rocweld_bridge_counters *out_counters)
{
    rw_status status = bridge_check(bridge);

    if (rw_ok(status)) {
        pthread_mutex_lock(&bridge->lock);
        *out_counters = bridge->counters;
        pthread_mutex_unlock(&bridge->lock);
    }
    return bridge_result(__func__, status);
}

/* ---- timelines ---- */

/* Takes over the handle, also when it fails. */
static rw_status timeline_add(struct rocweld_bridge *bridge, uint32_t handle,
                              struct rocweld_timeline **out_timeline)
{
    struct rocweld_timeline *timeline = calloc(1, sizeof *timeline);

    if (!timeline) {
        syncobj_destroy(bridge->device, handle);
        return RW_FAIL(ENOMEM, "no memory for a timeline");
    }
    timeline->bridge = bridge;
    timeline->handle = handle;
    timeline->eventfd = -1;
    pthread_mutex_lock(&bridge->lock);
    timeline->id = ++bridge->last_timeline_id;
    DL_APPEND(bridge->timelines, timeline);
    pthread_mutex_unlock(&bridge->lock);
    *out_timeline = timeline;
    return RW_OK;
}

EXPORT int rocweld_timeline_create(rocweld_bridge *bridge, rocweld_timeline **out_timeline)
{
    rw_status status = bridge_check(bridge);
    uint32_t handle;

    if (rw_ok(status))
        status = syncobj_create(bridge->device, &handle);
    if (rw_ok(status))
        status = timeline_add(bridge, handle, out_timeline);
    return bridge_result(__func__, status);
}

EXPORT int rocweld_timeline_import_fd(rocweld_bridge *bridge, int syncobj_fd,
                                      rocweld_timeline **out_timeline)
{
    rw_status status = bridge_check(bridge);
    uint32_t handle;

    if (rw_ok(status))
        status = syncobj_import(bridge->device, syncobj_fd, &handle);
    if (rw_ok(status))
        status = timeline_add(bridge, handle, out_timeline);
    return bridge_result(__func__, status);
}

EXPORT int rocweld_timeline_export_fd(rocweld_timeline *timeline, int *out_fd)
{
    rw_status status = bridge_check(timeline->bridge);

    if (rw_ok(status))
        status = syncobj_export(timeline->bridge->device, timeline->handle, out_fd);
    return bridge_result(__func__, status);
}

EXPORT int rocweld_timeline_query(rocweld_timeline *timeline, uint64_t *out_point)
{
    rw_status status = bridge_check(timeline->bridge);

    if (rw_ok(status))
        status = syncobj_query(timeline->bridge->device, timeline->handle, out_point);
    return bridge_result(__func__, status);
}

EXPORT int rocweld_timeline_wait(rocweld_timeline *timeline, uint64_t point, uint64_t timeout_ns)
{
    rw_status status = bridge_check(timeline->bridge);

    if (rw_ok(status) && point == 0)
        return 0;
    if (rw_ok(status))
        status = syncobj_wait_any(timeline->bridge->device, &timeline->handle, &point, 1,
                                  syncobj_deadline(timeout_ns));
    return bridge_result(__func__, status);
}

EXPORT void rocweld_timeline_destroy(rocweld_timeline *timeline)
{
    struct rocweld_bridge *bridge;

    if (!timeline || !rw_ok(bridge_check(timeline->bridge)))
        return;
    bridge = timeline->bridge;
    pthread_mutex_lock(&bridge->lock);
    timeline_end_locked(timeline);
    pthread_mutex_unlock(&bridge->lock);
    timeline_free(timeline);
}
