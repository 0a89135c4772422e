/* SPDX-License-Identifier: MIT */
#include "softgpu/front/kfd/kfd_host_watch.h"

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
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "base/private_fd.h"

/* Notes at first; doubled when full. Whole pages, since they are mapped and not allocated. */
#define NOTES_AT_FIRST 4096u

struct note {
    uint64_t start, end;
};

struct kfd_host_watch {
    int uffd;
    int stop; /* eventfd */
    pthread_t thread;
    pthread_mutex_t lock; /* under it nothing of the program's is allocated or freed */
    struct note *notes;   /* mapped; a queue from `first` on */
    size_t first, count, room;
};

/* ---- notes ---- */

static struct note *notes_map(size_t room)
{
    void *at = mmap(NULL, room * sizeof(struct note), PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return at == MAP_FAILED ? NULL : at;
}

static bool notes_grow_locked(struct kfd_host_watch *watch)
{
    struct note *wider = notes_map(watch->room * 2);

    if (!wider)
        return false;
    for (size_t i = 0; i < watch->count; i++)
        wider[i] = watch->notes[(watch->first + i) % watch->room];
    munmap(watch->notes, watch->room * sizeof *watch->notes); /* is not watched itself */
    watch->notes = wider;
    watch->room *= 2;
    watch->first = 0;
    return true;
}

static void notes_add_locked(struct kfd_host_watch *watch, uint64_t start, uint64_t end)
{
    if (watch->count == watch->room && !notes_grow_locked(watch)) {
        rw_error(kfd, "no memory to note what was unmapped; SVM may keep dead addresses");
        return;
    }
    watch->notes[(watch->first + watch->count) % watch->room] = (struct note){start, end};
    watch->count++;
}

bool kfd_host_watch_take(struct kfd_host_watch *watch, uint64_t *out_start, uint64_t *out_end)
{
    pthread_mutex_lock(&watch->lock);
    bool any = watch->count > 0;
    if (any) {
        *out_start = watch->notes[watch->first].start;
        *out_end = watch->notes[watch->first].end;
        watch->first = (watch->first + 1) % watch->room;
        watch->count--;
    }
    pthread_mutex_unlock(&watch->lock);
    return any;
}

/* ---- the thread ---- */

static void note_event_locked(struct kfd_host_watch *watch, const struct uffd_msg *message)
{
    switch (message->event) {
    case UFFD_EVENT_UNMAP:
        notes_add_locked(watch, message->arg.remove.start, message->arg.remove.end);
        break;
    case UFFD_EVENT_REMAP:
        notes_add_locked(watch, message->arg.remap.from,
                         message->arg.remap.from + message->arg.remap.len);
        break;
    default:
        break;
    }
}

/* munmap() goes on as soon as its event is read; under the lock nobody finds the note missing. */
static void events_note(struct kfd_host_watch *watch)
{
    struct uffd_msg message;

    pthread_mutex_lock(&watch->lock);
    while (syscall(SYS_read, watch->uffd, &message, sizeof message) == sizeof message)
        note_event_locked(watch, &message);
    pthread_mutex_unlock(&watch->lock);
}

static void *watch_thread(void *argument)
{
    struct kfd_host_watch *watch = argument;
    struct pollfd ready[2] = {{.fd = watch->uffd, .events = POLLIN},
                              {.fd = watch->stop, .events = POLLIN}};

    pthread_setname_np(pthread_self(), "rocweld-unmap");
    while (poll(ready, 2, -1) >= 0 || errno == EINTR) {
        if (ready[1].revents)
            break;
        events_note(watch);
    }
    return NULL;
}

static int thread_start(struct kfd_host_watch *watch)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* the program's signals are not for us */
    int err = pthread_create(&watch->thread, NULL, watch_thread, watch);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return err;
}

/* ---- life ---- */

static int uffd_open(void)
{
    struct uffdio_api api = {.api = UFFD_API,
                             .features = UFFD_FEATURE_EVENT_UNMAP | UFFD_FEATURE_EVENT_REMAP};
    int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY);

    if (fd >= 0 && ioctl(fd, UFFDIO_API, &api) != 0) {
        close(fd);
        fd = -1;
    }
    return private_fd_move(fd);
}

/* What was not opened is -1 or NULL. */
static void watch_free(struct kfd_host_watch *watch)
{
    if (watch->uffd >= 0)
        close(watch->uffd);
    if (watch->stop >= 0)
        close(watch->stop);
    if (watch->notes)
        munmap(watch->notes, watch->room * sizeof *watch->notes);
    pthread_mutex_destroy(&watch->lock);
    free(watch);
}

rw_status kfd_host_watch_create(struct kfd_host_watch **out_watch)
{
    struct kfd_host_watch *watch = calloc(1, sizeof *watch);

    if (!watch)
        return RW_FAIL(ENOMEM, "no memory to watch for unmapped memory");
    pthread_mutex_init(&watch->lock, NULL);
    watch->uffd = uffd_open();
    watch->stop = private_fd_move(eventfd(0, EFD_CLOEXEC));
    watch->room = NOTES_AT_FIRST;
    watch->notes = notes_map(watch->room);
    if (watch->uffd < 0 || watch->stop < 0 || !watch->notes || thread_start(watch) != 0) {
        watch_free(watch);
        return rw_status_quiet(ENOTSUP);
    }
    *out_watch = watch;
    return RW_OK;
}

void kfd_host_watch_destroy(struct kfd_host_watch *watch)
{
    uint64_t one = 1;

    if (!watch)
        return;
    if (syscall(SYS_write, watch->stop, &one, sizeof one) != sizeof one)
        rw_error(kfd, "cannot stop watching for unmapped memory");
    pthread_join(watch->thread, NULL);
    watch_free(watch);
}

/* Registered for write protection, of which no use is made: that mode alone costs nothing. */
bool kfd_host_watch_add(struct kfd_host_watch *watch, uint64_t start, uint64_t size)
{
    struct uffdio_register registration = {
        .range = {.start = start, .len = size},
        .mode = UFFDIO_REGISTER_MODE_WP,
    };

    return ioctl(watch->uffd, UFFDIO_REGISTER, &registration) == 0;
}
