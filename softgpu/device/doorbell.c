/* SPDX-License-Identifier: MIT
 *
 * Doorbell slices and the one thread that watches all of them: see doorbell.h for the protocol.
 *
 * Lock order: watcher.life, watcher.lock, slice.lock. `ring` is called with neither.
 */
#include "softgpu/device/doorbell.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <utlist.h>

#include "base/log.h"
#include "base/private_fd.h"

enum { FALLBACK_POLL_US = 1000, PAGE_BYTES = 4096, TIMER_SLACK_NS = 10000 };

/* A mapping that is write-protected with its slice. The program may unmap it at any time and is
 * not heard of then: protecting it fails and the entry goes. */
struct mapping {
    uint8_t *address;
    size_t length;
    struct mapping *next;
};

struct doorbell_slice {
    doorbell_ring *ring;
    void *context;
    int fd;        /* memfd */
    uint8_t *host; /* never protected */
    uint8_t *gpu;  /* protected like the user's; made when first asked for */
    bool ringing;  /* under watcher.lock */
    pthread_mutex_t lock;
    struct mapping *mappings; /* under lock */
    bool armed;               /* under lock */
    uint64_t noticed_ns;      /* under lock: when a store was last noticed */
    struct doorbell_slice *prev, *next;
};

/* The watcher lives from the first slice to the last. */
static struct watcher {
    pthread_mutex_t life; /* held while the thread is started or stopped; taken before `lock` */
    pthread_mutex_t lock;
    pthread_cond_t rung;
    pid_t pid; /* of the process it works for; a forked child starts afresh */
    pthread_t thread;
    int uffd;    /* -1: polling */
    int wake_fd; /* eventfd: something changed, or stop */
    bool stop;
    struct doorbell_slice *slices;
} watcher = {.life = PTHREAD_MUTEX_INITIALIZER,
             .lock = PTHREAD_MUTEX_INITIALIZER,
             .rung = PTHREAD_COND_INITIALIZER,
             .uffd = -1,
             .wake_fd = -1};

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- userfaultfd ---- */

static int uffd_open(void)
{
    struct uffdio_api api = {.api = UFFD_API,
                             .features =
                                 UFFD_FEATURE_PAGEFAULT_FLAG_WP | UFFD_FEATURE_WP_HUGETLBFS_SHMEM};
    int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY);

    if (fd >= 0 && ioctl(fd, UFFDIO_API, &api) != 0) {
        close(fd);
        fd = -1;
    }
    return private_fd_move(fd);
}

static bool range_protect(int uffd, void *address, size_t length, bool on)
{
    struct uffdio_writeprotect wp = {
        .range = {.start = (uintptr_t)address, .len = length},
        .mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
    };
    int r;

    do {
        r = ioctl(uffd, UFFDIO_WRITEPROTECT, &wp);
    } while (r != 0 && (errno == EAGAIN || errno == EINTR));
    return r == 0;
}

/* Write protection of shared memory wants the pages to be there. */
static void range_populate(uint8_t *address, size_t length)
{
#ifdef MADV_POPULATE_WRITE
    if (madvise(address, length, MADV_POPULATE_WRITE) == 0)
        return;
#endif
    for (size_t at = 0; at < length; at += PAGE_BYTES)
        __atomic_fetch_or((uint64_t *)(void *)(address + at), 0, __ATOMIC_RELAXED);
}

static bool range_register(int uffd, uint8_t *address, size_t length)
{
    struct uffdio_register reg = {
        .range = {.start = (uintptr_t)address, .len = length},
        .mode = UFFDIO_REGISTER_MODE_WP,
    };

    range_populate(address, length);
    return ioctl(uffd, UFFDIO_REGISTER, &reg) == 0;
}

static void range_unregister(int uffd, uint8_t *address, size_t length)
{
    struct uffdio_range range = {.start = (uintptr_t)address, .len = length};

    /* Fails when the program has unmapped the range, which is as good. */
    ioctl(uffd, UFFDIO_UNREGISTER, &range);
}

/* ---- mappings of a slice, under its lock ---- */

static rw_status mapping_add_locked(struct doorbell_slice *slice, uint8_t *address, size_t length)
{
    struct mapping *m = calloc(1, sizeof(*m));

    if (!m)
        return RW_FAIL(ENOMEM, "no memory to watch a doorbell mapping");
    m->address = address;
    m->length = length;
    LL_PREPEND(slice->mappings, m);
    return RW_OK;
}

/* Protects page by page, for a mapping that is no longer one: the program has unmapped a part of it
 * or split it. Keeps what is left; false when nothing is. */
static bool mapping_protect_pages(struct mapping *m, bool on)
{
    uint8_t *first = NULL, *end = NULL;

    for (uint8_t *page = m->address; page < m->address + m->length; page += PAGE_BYTES) {
        if (!range_protect(watcher.uffd, page, PAGE_BYTES, on))
            continue;
        first = first ? first : page;
        end = page + PAGE_BYTES;
    }
    m->address = first;
    m->length = (size_t)(end - first);
    return first != NULL;
}

static void slice_protect_locked(struct doorbell_slice *slice, bool on)
{
    struct mapping *m, *next;

    if (watcher.uffd < 0)
        return;
    LL_FOREACH_SAFE(slice->mappings, m, next)
    {
        if (range_protect(watcher.uffd, m->address, m->length, on) || mapping_protect_pages(m, on))
            continue;
        LL_DELETE(slice->mappings, m);
        free(m);
    }
}

static bool slice_covers_locked(const struct doorbell_slice *slice, uint64_t address)
{
    const struct mapping *m;

    LL_FOREACH(slice->mappings, m)
    if (address - (uintptr_t)m->address < m->length)
        return true;
    return false;
}

/* From now on `address` belongs to this slice's mapping; a new mapping at an old place replaces the
 * entry of one that the program has unmapped meanwhile. */
static rw_status slice_watch(struct doorbell_slice *slice, uint8_t *address, size_t length)
{
    rw_status status = RW_OK;

    pthread_mutex_lock(&slice->lock);
    if (!slice_covers_locked(slice, (uintptr_t)address))
        status = mapping_add_locked(slice, address, length);
    if (rw_ok(status) && watcher.uffd >= 0) {
        if (!range_register(watcher.uffd, address, length))
            status = RW_FAIL(errno, "userfaultfd does not take the doorbell mapping at %p",
                             (void *)address);
        else if (slice->armed)
            range_protect(watcher.uffd, address, length, true);
    }
    pthread_mutex_unlock(&slice->lock);
    return status;
}

/* ---- the watcher thread ---- */

static void watcher_wake(void)
{
    uint64_t one = 1;

    while (write(watcher.wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
        ;
}

/* Calls `ring` without the lock; the slice cannot go meanwhile. */
static void slice_ring_locked(struct doorbell_slice *slice)
{
    slice->ringing = true;
    pthread_mutex_unlock(&watcher.lock);
    slice->ring(slice->context);
    pthread_mutex_lock(&watcher.lock);
    slice->ringing = false;
    pthread_cond_broadcast(&watcher.rung);
}

static void fault_handle_locked(uint64_t address)
{
    struct doorbell_slice *slice;

    DL_FOREACH(watcher.slices, slice)
    {
        pthread_mutex_lock(&slice->lock);
        bool mine = slice_covers_locked(slice, address);

        if (mine) {
            slice->armed = false;
            slice->noticed_ns = now_ns();
            slice_protect_locked(slice, false);
        }
        pthread_mutex_unlock(&slice->lock);
        if (mine) {
            slice_ring_locked(slice);
            return;
        }
    }
    /* A slice that is being destroyed: let the program's thread go on. */
    range_protect(watcher.uffd, (void *)(uintptr_t)(address & ~(uint64_t)(PAGE_BYTES - 1)),
                  PAGE_BYTES, false);
}

static void faults_read_locked(void)
{
    struct uffd_msg message;

    while (read(watcher.uffd, &message, sizeof(message)) == (ssize_t)sizeof(message))
        if (message.event == UFFD_EVENT_PAGEFAULT)
            fault_handle_locked(message.arg.pagefault.address);
}

enum { POLL_NEVER = INT32_MAX };

/* How long the slice may go without being looked at, in microseconds. */
static int slice_poll_us(struct doorbell_slice *slice)
{
    int interval = POLL_NEVER;

    pthread_mutex_lock(&slice->lock);
    if (slice->mappings && !slice->armed)
        interval = DOORBELL_POLL_US;
    else if (slice->mappings && watcher.uffd < 0)
        interval = FALLBACK_POLL_US;
    pthread_mutex_unlock(&slice->lock);
    return interval;
}

static int poll_interval_us_locked(void)
{
    struct doorbell_slice *slice;
    int shortest = POLL_NEVER;

    DL_FOREACH(watcher.slices, slice)
    {
        int interval = slice_poll_us(slice);

        if (interval < shortest)
            shortest = interval;
    }
    return shortest;
}

/* A slice may go while another is being rung, so the walk starts anew after each. */
static void slices_poll_locked(void)
{
    struct doorbell_slice *slice = watcher.slices;

    for (unsigned skip = 0; slice; skip++) {
        if (slice_poll_us(slice) != POLL_NEVER)
            slice_ring_locked(slice);
        slice = watcher.slices;
        for (unsigned i = 0; slice && i <= skip; i++)
            slice = slice->next;
    }
}

/* Until a store faults, somebody wakes the watcher, or the time is over. */
static void watcher_sleep(uint64_t ns)
{
    struct pollfd fds[2] = {{.fd = watcher.wake_fd, .events = POLLIN},
                            {.fd = watcher.uffd, .events = POLLIN}}; /* -1 is ignored */
    struct timespec timeout = {.tv_sec = (time_t)(ns / 1000000000u),
                               .tv_nsec = (long)(ns % 1000000000u)};
    uint64_t drained;

    if (ppoll(fds, 2, ns == UINT64_MAX ? NULL : &timeout, NULL) > 0 && (fds[0].revents & POLLIN))
        while (read(watcher.wake_fd, &drained, sizeof(drained)) < 0 && errno == EINTR)
            ;
}

static void *watcher_main(void *unused)
{
    uint64_t due_ns = 0;

    (void)unused;
    prctl(PR_SET_NAME, "rw-doorbell");
    prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS);
    pthread_mutex_lock(&watcher.lock);
    while (!watcher.stop) {
        int interval_us = poll_interval_us_locked();
        uint64_t now = now_ns();

        if (interval_us != POLL_NEVER && now >= due_ns) {
            slices_poll_locked();
            due_ns = now_ns() + (uint64_t)interval_us * 1000;
        } else {
            pthread_mutex_unlock(&watcher.lock);
            watcher_sleep(interval_us == POLL_NEVER ? UINT64_MAX : due_ns - now);
            pthread_mutex_lock(&watcher.lock);
        }
        if (watcher.uffd >= 0)
            faults_read_locked();
    }
    pthread_mutex_unlock(&watcher.lock);
    return NULL;
}

static int thread_start(pthread_t *thread)
{
    sigset_t all, before;

    /* The program's signal handlers must not run on our threads; a crash stays a crash. */
    sigfillset(&all);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int err = pthread_create(thread, NULL, watcher_main, NULL);

    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return err;
}

static rw_status watcher_start_locked(void)
{
    static bool told;

    watcher.stop = false;
    watcher.uffd = uffd_open();
    if (watcher.uffd < 0 && errno == EMFILE)
        return private_fd_fail(EMFILE, "the doorbell watcher");
    if (watcher.uffd < 0 && !told) {
        told = true;
        rw_warn(device,
                "userfaultfd is not available (%s): doorbells are polled every %d us, which "
                "costs some CPU while queues are open; allow it with "
                "'sysctl vm.unprivileged_userfaultfd=1' or a seccomp profile that permits "
                "userfaultfd(2)",
                strerror(errno), FALLBACK_POLL_US);
    }
    watcher.wake_fd = private_fd_move(eventfd(0, EFD_CLOEXEC));
    if (watcher.wake_fd < 0)
        return private_fd_fail(errno, "the doorbell watcher");
    int err = thread_start(&watcher.thread);

    if (err != 0) {
        close(watcher.wake_fd);
        return RW_FAIL(err, "cannot start the doorbell watcher: %s", strerror(err));
    }
    watcher.pid = getpid();
    return RW_OK;
}

static void watcher_stop(void)
{
    watcher_wake();
    pthread_join(watcher.thread, NULL);
    if (watcher.uffd >= 0)
        close(watcher.uffd);
    close(watcher.wake_fd);
    watcher.uffd = watcher.wake_fd = -1;
}

/* A forked child has the parent's slices but no watcher thread: it forgets them. */
static void watcher_forget_parent(void)
{
    if (!watcher.slices || watcher.pid == getpid())
        return;
    pthread_mutex_init(&watcher.life, NULL);
    pthread_mutex_init(&watcher.lock, NULL);
    pthread_cond_init(&watcher.rung, NULL);
    watcher.slices = NULL;
    watcher.uffd = watcher.wake_fd = -1;
}

/* ---- slices ---- */

static rw_status slice_memory_create(struct doorbell_slice *slice)
{
    slice->fd = private_fd_move(memfd_create("rocweld-doorbells", MFD_CLOEXEC));
    if (slice->fd < 0)
        return private_fd_fail(errno, "doorbells");
    if (ftruncate(slice->fd, DOORBELL_SLICE_BYTES) != 0)
        return RW_FAIL(errno, "ftruncate of the doorbells' memory");
    slice->host =
        mmap(NULL, DOORBELL_SLICE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, slice->fd, 0);
    if (slice->host == MAP_FAILED) {
        slice->host = NULL;
        return RW_FAIL(errno, "mmap of the doorbells");
    }
    return RW_OK;
}

static void slice_free(struct doorbell_slice *slice)
{
    struct mapping *m, *next;

    LL_FOREACH_SAFE(slice->mappings, m, next)
    free(m);
    if (slice->gpu)
        munmap(slice->gpu, DOORBELL_SLICE_BYTES);
    if (slice->host)
        munmap(slice->host, DOORBELL_SLICE_BYTES);
    if (slice->fd >= 0)
        close(slice->fd);
    pthread_mutex_destroy(&slice->lock);
    free(slice);
}

static rw_status watcher_add(struct doorbell_slice *slice)
{
    rw_status status = RW_OK;

    watcher_forget_parent();
    pthread_mutex_lock(&watcher.life);
    pthread_mutex_lock(&watcher.lock);
    if (!watcher.slices)
        status = watcher_start_locked();
    if (rw_ok(status))
        DL_APPEND(watcher.slices, slice);
    pthread_mutex_unlock(&watcher.lock);
    pthread_mutex_unlock(&watcher.life);
    return status;
}

rw_status doorbell_slice_create(doorbell_ring *ring, void *context,
                                struct doorbell_slice **out_slice)
{
    struct doorbell_slice *slice = calloc(1, sizeof(*slice));

    if (!slice)
        return RW_FAIL(ENOMEM, "no memory for a doorbell slice");
    slice->ring = ring;
    slice->context = context;
    slice->fd = -1;
    slice->armed = true; /* there is no mapping yet that could be written to */
    pthread_mutex_init(&slice->lock, NULL);

    rw_status status = slice_memory_create(slice);

    if (rw_ok(status))
        status = watcher_add(slice);
    if (!rw_ok(status)) {
        slice_free(slice);
        return status;
    }
    *out_slice = slice;
    return RW_OK;
}

void doorbell_slice_destroy(struct doorbell_slice *slice)
{
    struct mapping *m;

    if (!slice)
        return;
    pthread_mutex_lock(&watcher.life);
    pthread_mutex_lock(&watcher.lock);
    while (slice->ringing)
        pthread_cond_wait(&watcher.rung, &watcher.lock);
    DL_DELETE(watcher.slices, slice);
    if (watcher.uffd >= 0)
        LL_FOREACH(slice->mappings, m)
    range_unregister(watcher.uffd, m->address, m->length);
    watcher.stop = !watcher.slices;
    pthread_mutex_unlock(&watcher.lock);
    if (watcher.stop)
        watcher_stop();
    pthread_mutex_unlock(&watcher.life);
    slice_free(slice);
}

rw_status doorbell_slice_mmap(struct doorbell_slice *slice, void *address, size_t length, int prot,
                              int flags, void **out_address)
{
    /* Kernel: kfd_doorbell_mmap() wants exactly the slice. */
    if (length != DOORBELL_SLICE_BYTES || !(flags & MAP_SHARED))
        return RW_FAIL(EINVAL, "doorbells are mapped shared and %u bytes long, not %zu",
                       DOORBELL_SLICE_BYTES, length);
    void *mapped = mmap(address, length, prot, flags, slice->fd, 0);

    if (mapped == MAP_FAILED)
        return RW_FAIL(errno, "mmap of doorbells at %p", address);
    if (prot & PROT_WRITE) {
        rw_status status = slice_watch(slice, mapped, length);

        if (!rw_ok(status)) {
            munmap(mapped, length);
            return status;
        }
        watcher_wake();
    }
    *out_address = mapped;
    return RW_OK;
}

volatile uint64_t *doorbell_slice_host(struct doorbell_slice *slice)
{
    return (volatile uint64_t *)(void *)slice->host;
}

uint8_t *doorbell_slice_gpu(struct doorbell_slice *slice)
{
    pthread_mutex_lock(&watcher.life);
    if (!slice->gpu) {
        void *view;
        rw_status status = doorbell_slice_mmap(slice, NULL, DOORBELL_SLICE_BYTES,
                                               PROT_READ | PROT_WRITE, MAP_SHARED, &view);

        if (rw_ok(status))
            slice->gpu = view;
        else
            rw_warn(device, "GPU stores to doorbells will not be noticed: %s",
                    rw_status_message(status, NULL));
    }
    pthread_mutex_unlock(&watcher.life);
    return slice->gpu ? slice->gpu : slice->host;
}

int doorbell_slice_fd(const struct doorbell_slice *slice)
{
    return slice->fd;
}

void doorbell_slice_arm(struct doorbell_slice *slice)
{
    pthread_mutex_lock(&slice->lock);
    if (!slice->armed && now_ns() - slice->noticed_ns >= DOORBELL_GRACE_US * 1000u) {
        slice_protect_locked(slice, true);
        slice->armed = true;
    }
    pthread_mutex_unlock(&slice->lock);
}

bool doorbell_uses_faults(void)
{
    int fd = uffd_open();

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}
