/* SPDX-License-Identifier: MIT
 *
 * Keeping the record, and when it is drawn.
 */
#include "kmt-shim/vm_map.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "kmt-shim/events.h"

/* Living mappings are found by GPU and address: a table of item numbers + 1 with open addressing.
 * Ended ones stay in until their place is wanted anew, so that nothing is ever moved. */
enum { PLACES = 2 * VM_MAP_ITEMS };

static struct {
    pthread_mutex_t lock;
    struct vm_map map;
    uint32_t *places;
    char path[PATH_MAX];
    pid_t main_pid; /* 0: any */
    atomic_flag drawn;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER, .drawn = ATOMIC_FLAG_INIT};

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* ---- Recording ---- */

static size_t place_of(unsigned minor, uint64_t start)
{
    return (size_t)(((start >> 12) + minor) * UINT64_C(0x9e3779b97f4a7c15) >> 32) % PLACES;
}

static struct vm_map_item *item_of(uint32_t number)
{
    return &state.map.items[number - 1];
}

/* The living mapping that begins there; NULL: none. */
static struct vm_map_item *item_find(unsigned minor, uint64_t start)
{
    for (size_t i = place_of(minor, start); state.places[i]; i = (i + 1) % PLACES) {
        struct vm_map_item *item = item_of(state.places[i]);

        if (item->end == VM_MAP_MAPPED && item->range.render_minor == minor &&
            item->range.start == start)
            return item;
    }
    return NULL;
}

static void item_add(const struct kmt_shim_range *range)
{
    size_t i = place_of(range->render_minor, range->start);

    if (state.map.count == VM_MAP_ITEMS) {
        state.map.dropped++;
        return;
    }
    while (state.places[i] && item_of(state.places[i])->end == VM_MAP_MAPPED)
        i = (i + 1) % PLACES;
    state.map.items[state.map.count] = (struct vm_map_item){*range, now_ns(), VM_MAP_MAPPED};
    state.places[i] = (uint32_t)++state.map.count;
}

static void mark_add(const struct kmt_shim_event *event)
{
    struct vm_map_mark *mark = &state.map.marks[state.map.mark_count];

    if (state.map.mark_count == VM_MAP_MARKS)
        return;
    state.map.mark_count++;
    mark->kind = event->kind;
    mark->minor = event->render_minor;
    mark->at = now_ns();
    mark->address = event->address;
    snprintf(mark->text, sizeof mark->text, "%s", event->text ? event->text : "");
}

static void gpu_id_learn(unsigned minor)
{
    struct kmt_shim_vm vm;

    if (gpu_is_minor(minor) && !state.map.gpu_id[minor - GPU_FIRST_MINOR] &&
        kmt_shim_vm_query(minor, &vm) == 0)
        state.map.gpu_id[minor - GPU_FIRST_MINOR] = vm.gpu_id;
}

/* What graphics had mapped before the VM was shared. */
static int range_add(void *context, const struct kmt_shim_range *range)
{
    (void)context;
    pthread_mutex_lock(&state.lock);
    if (!item_find(range->render_minor, range->start))
        item_add(range);
    pthread_mutex_unlock(&state.lock);
    return 0;
}

static void record(void *context, const struct kmt_shim_event *event)
{
    struct vm_map_item *item;

    (void)context;
    /* What asks the shim comes before the lock. */
    if (event->kind == KMT_SHIM_EVENT_MAPPED)
        gpu_id_learn(event->range->render_minor);
    else if (event->kind == KMT_SHIM_EVENT_SETTLED || event->kind == KMT_SHIM_EVENT_ACQUIRED)
        kmt_shim_for_each_range(event->render_minor, range_add, NULL);
    pthread_mutex_lock(&state.lock);
    switch (event->kind) {
    case KMT_SHIM_EVENT_MAPPED:
        item_add(event->range);
        break;
    case KMT_SHIM_EVENT_UNMAPPED:
        if ((item = item_find(event->range->render_minor, event->range->start)))
            item->end = now_ns();
        break;
    case KMT_SHIM_EVENT_RESIDENT:
        for (size_t i = 0; i < state.map.count; i++)
            if (state.map.items[i].range.handle == event->range->handle)
                state.map.items[i].range.flags |= KMT_SHIM_BO_RESIDENT;
        break;
    default:
        mark_add(event);
        break;
    }
    pthread_mutex_unlock(&state.lock);
}

/* ---- Drawing, once ---- */

static void path_compose(char *out_path, size_t size)
{
    const char *slash = strrchr(state.path, '/'), *dot = strrchr(state.path, '.');

    if (!state.main_pid || state.main_pid == getpid())
        snprintf(out_path, size, "%s", state.path);
    else if (dot && (!slash || dot > slash + 1))
        snprintf(out_path, size, "%.*s.%d%s", (int)(dot - state.path), state.path, (int)getpid(),
                 dot);
    else
        snprintf(out_path, size, "%s.%d", state.path, (int)getpid());
}

static void draw(void)
{
    char path[PATH_MAX + 16];
    int fd;

    if (atomic_flag_test_and_set(&state.drawn) || state.map.count == 0)
        return;
    path_compose(path, sizeof path);
    state.map.end = now_ns();
    state.map.pid = getpid();
    state.map.program = program_invocation_short_name;
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0 || !vm_map_draw(&state.map, fd))
        rw_warn(shim, "the map of the VM cannot be written to %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
}

/* The process exits: other threads may still map, and do so unrecorded from now on. */
__attribute__((destructor)) static void draw_at_exit(void)
{
    if (!state.map.items)
        return;
    pthread_mutex_lock(&state.lock);
    draw();
    pthread_mutex_unlock(&state.lock);
}

/* abort(), of whichever thread: the lock may be held by one that will never go on, so the record
 * is drawn as it is, at worst with one mapping half written. Then the process ends as it would
 * have without us. */
static void draw_at_abort(int signal)
{
    draw();
    sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    raise(signal);
}

static void abort_watch(void)
{
    struct sigaction old;

    /* A handler that was inherited or is set later is the program's business. */
    if (sigaction(SIGABRT, NULL, &old) == 0 && old.sa_handler == SIG_DFL)
        sigaction(SIGABRT, &(struct sigaction){.sa_handler = draw_at_abort, .sa_flags = SA_NODEFER},
                  NULL);
}

static void fork_prepare(void)
{
    pthread_mutex_lock(&state.lock);
}

static void fork_in_parent(void)
{
    pthread_mutex_unlock(&state.lock);
}

/* The child has no VM yet. */
static void fork_in_child(void)
{
    memset(state.places, 0, PLACES * sizeof *state.places);
    state.map.count = state.map.dropped = state.map.mark_count = 0;
    memset(state.map.gpu_id, 0, sizeof state.map.gpu_id);
    atomic_flag_clear(&state.drawn);
    pthread_mutex_unlock(&state.lock);
}

static void *pages_take(size_t size)
{
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return pages == MAP_FAILED ? NULL : pages;
}

__attribute__((constructor)) static void start(void)
{
    const char *path = getenv("ROCWELD_VM_MAP"), *pid = getenv("ROCWELD_VM_MAP_PID");
    struct vm_map_item *items;
    int subscription;

    if (!path || !*path)
        return;
    snprintf(state.path, sizeof state.path, "%s", path);
    state.main_pid = pid ? (pid_t)strtol(pid, NULL, 10) : 0;
    items = pages_take(VM_MAP_ITEMS * sizeof *items);
    state.map.marks = pages_take(VM_MAP_MARKS * sizeof *state.map.marks);
    state.places = pages_take(PLACES * sizeof *state.places);
    if (!items || !state.map.marks || !state.places ||
        !rw_ok(events_subscribe(record, NULL, &subscription))) {
        rw_warn(shim, "no memory to record the map of the VM; %s will not be written", path);
        return;
    }
    state.map.items = items;
    pthread_atfork(fork_prepare, fork_in_parent, fork_in_child);
    abort_watch();
}
