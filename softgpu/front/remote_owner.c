/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <utlist.h>

#include "base/log.h"
#include "base/private_fd.h"
#include "softgpu/front/node_watch.h"
#include "softgpu/front/remote.h"
#include "softgpu/front/remote_name.h"
#include "softgpu/front/remote_wire.h"

/* One call of another process, and the thread that executes it. */
struct service {
    struct node *node; /* reference */
    int channel;
    pid_t caller;
    struct remote_packet packet; /* received last */
    size_t size;                 /* of its data */
    int fd;                      /* that came with it, or -1 */
    struct service *prev, *next;
};

/* A process that has mapped pages of ours: they stay until it ends. */
struct sharer {
    struct node_watch watch; /* of its pidfd */
    pid_t pid;
    int pidfd;
    struct shared_pages *pages;
    struct sharer *next;
};

struct shared_pages {
    struct node_pages pages;
    struct shared_pages *next;
};

/* Fork-safe: a child has neither the threads nor the callers. */
static struct {
    pthread_mutex_t lock;
    struct service *services;
    unsigned service_count;
    struct sharer *sharers;
    struct service *inherited_services; /* a child's: the parent's, never used */
    struct sharer *inherited_sharers;
} owner = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Thread_local struct service *serving;

/* ---- fork ---- */

static void fork_prepare(void)
{
    pthread_mutex_lock(&owner.lock);
}

static void fork_parent(void)
{
    pthread_mutex_unlock(&owner.lock);
}

/* Copies of our ends would hide the owner's death from its callers. What is behind them is the
 * parent's. */
static void fork_child(void)
{
    struct service *service;
    struct sharer *sharer;

    DL_FOREACH(owner.services, service)
    close(service->channel);
    LL_FOREACH(owner.sharers, sharer)
    close(sharer->pidfd);
    owner.inherited_services = owner.services;
    owner.inherited_sharers = owner.sharers;
    owner.services = NULL;
    owner.sharers = NULL;
    owner.service_count = 0;
    pthread_mutex_init(&owner.lock, NULL);
}

static void register_fork_handlers(void)
{
    pthread_atfork(fork_prepare, fork_parent, fork_child);
}

/* ---- requests to the caller ---- */

bool remote_is_serving(void)
{
    return serving != NULL;
}

/* Asks, and waits for the answer in serving->packet. */
static rw_status ask(const struct remote_message *request, const void *data, size_t size, int fd)
{
    int err = remote_send(serving->channel, request, data, size, fd);

    if (!err)
        err = remote_receive(serving->channel, &serving->packet, &serving->size, &serving->fd);
    if (!err && serving->packet.head.kind != REMOTE_REPLY)
        err = EPROTO;
    if (err)
        rw_info(preload, "process %d does not answer any more: %s", (int)serving->caller,
                strerror(err));
    return rw_status_quiet(err ? err : serving->packet.head.err);
}

static size_t chunk_of(size_t left)
{
    return left < REMOTE_CHUNK ? left : REMOTE_CHUNK;
}

rw_status remote_copy_in(void *to, uint64_t from, size_t size)
{
    for (size_t done = 0, chunk; done < size; done += chunk) {
        chunk = chunk_of(size - done);
        const struct remote_message request = {.kind = REMOTE_COPY_IN,
                                               .word = {from + done, chunk}};
        if (!rw_ok(ask(&request, NULL, 0, -1)) || serving->size != chunk)
            return rw_status_quiet(EFAULT);
        memcpy((char *)to + done, serving->packet.data, chunk);
    }
    return RW_OK;
}

rw_status remote_copy_out(uint64_t to, const void *from, size_t size)
{
    for (size_t done = 0, chunk; done < size; done += chunk) {
        chunk = chunk_of(size - done);
        const struct remote_message request = {.kind = REMOTE_COPY_OUT, .word = {to + done}};
        if (!rw_ok(ask(&request, (const char *)from + done, chunk, -1)))
            return rw_status_quiet(EFAULT);
    }
    return RW_OK;
}

rw_status remote_fd_give(int fd, int flags, int *out_fd)
{
    const struct remote_message request = {.kind = REMOTE_FD_GIVE, .word = {(uint64_t)flags}};

    RW_TRY(ask(&request, NULL, 0, fd));
    *out_fd = (int)serving->packet.head.word[0];
    return RW_OK;
}

void remote_fd_take_back(int number)
{
    const struct remote_message request = {.kind = REMOTE_FD_TAKE_BACK, .word = {(uint64_t)number}};
    rw_status s = ask(&request, NULL, 0, -1);

    if (!rw_ok(s)) /* a caller that has died has closed it */
        rw_debug(preload, "descriptor %d of a caller is not taken back", number);
}

rw_status remote_fd_fetch(int number, int *out_fd)
{
    const struct remote_message request = {.kind = REMOTE_FD_FETCH, .word = {(uint64_t)number}};

    if (!rw_ok(ask(&request, NULL, 0, -1)) || serving->fd < 0)
        return rw_status_quiet(EBADF);
    *out_fd = serving->fd;
    serving->fd = -1;
    return RW_OK;
}

/* ---- mappings ---- */

static void pages_release(struct shared_pages *list)
{
    struct shared_pages *entry, *next;

    LL_FOREACH_SAFE(list, entry, next)
    {
        entry->pages.release(&entry->pages);
        free(entry);
    }
}

/* The process has ended, and its mappings with it. */
static void sharer_ended(struct node_watch *watch, uint32_t events)
{
    struct sharer *sharer = (struct sharer *)watch;

    (void)events;
    pthread_mutex_lock(&owner.lock);
    LL_DELETE(owner.sharers, sharer);
    pthread_mutex_unlock(&owner.lock);
    node_watch_stop(sharer->pidfd);
    close(sharer->pidfd);
    pages_release(sharer->pages);
    free(sharer);
}

static rw_status sharer_create_locked(pid_t pid, struct sharer **out_sharer)
{
    struct sharer *sharer = calloc(1, sizeof *sharer);
    rw_status status;

    if (!sharer)
        return RW_FAIL(ENOMEM, "no memory to remember process %d", (int)pid);
    sharer->watch.ready = sharer_ended;
    sharer->pid = pid;
    sharer->pidfd = private_fd_move((int)syscall(SYS_pidfd_open, pid, 0));
    status = sharer->pidfd < 0 ? RW_FAIL(errno, "cannot watch process %d", (int)pid)
                               : node_watch_start(sharer->pidfd, &sharer->watch);
    if (!rw_ok(status)) {
        if (sharer->pidfd >= 0)
            close(sharer->pidfd);
        free(sharer);
        return status;
    }
    LL_PREPEND(owner.sharers, sharer);
    *out_sharer = sharer;
    return RW_OK;
}

/* The caller is alive, for it waits for us: its process is the one with that number. */
static rw_status sharer_keep(pid_t pid, struct shared_pages *entry)
{
    struct sharer *sharer;
    rw_status status = RW_OK;

    pthread_mutex_lock(&owner.lock);
    LL_SEARCH_SCALAR(owner.sharers, sharer, pid, pid);
    if (!sharer)
        status = sharer_create_locked(pid, &sharer);
    if (rw_ok(status))
        LL_PREPEND(sharer->pages, entry);
    pthread_mutex_unlock(&owner.lock);
    return status;
}

static rw_status serve_mmap(struct service *service, const uint64_t word[5], uint64_t *out_address)
{
    int prot = (int)word[2], flags = (int)word[3];
    struct shared_pages *entry = calloc(1, sizeof *entry);
    rw_status status;

    if (!entry)
        return rw_status_quiet(ENOMEM);
    status = node_share(service->node, word[1], prot, flags, word[4], &entry->pages);
    if (!rw_ok(status)) {
        free(entry);
        return status;
    }
    const struct remote_message request = {.kind = REMOTE_MAP,
                                           .word = {word[0], word[1], word[2],
                                                    (uint64_t)((flags & ~MAP_TYPE) | MAP_SHARED),
                                                    entry->pages.offset}};
    status = ask(&request, NULL, 0, entry->pages.fd);
    if (rw_ok(status)) {
        *out_address = service->packet.head.word[0];
        status = sharer_keep(service->caller, entry);
    }
    if (!rw_ok(status)) {
        entry->pages.release(&entry->pages);
        free(entry);
    }
    return status;
}

/* ---- the calls ---- */

static rw_status serve_seek(struct service *service, const uint64_t word[5], uint64_t *out_result)
{
    int64_t position = 0;
    rw_status status = node_call_seek(service->node, (int64_t)word[0], (int)word[1], &position);

    *out_result = (uint64_t)position;
    return status;
}

static rw_status serve_ioctl(struct service *service, const uint64_t word[5], uint64_t *out_result)
{
    int result = 0;
    rw_status status = node_call_ioctl(service->node, word[0], (void *)(uintptr_t)word[1], &result);

    *out_result = (uint64_t)result;
    return status;
}

/* Drops the service's reference on the node. */
static void serve_call(struct service *service)
{
    struct remote_message done = {.kind = REMOTE_DONE};
    const struct remote_message call = service->packet.head;
    struct stat st = {0};
    rw_status status = RW_OK;

    switch (call.kind) {
    case REMOTE_IOCTL:
        status = serve_ioctl(service, call.word, &done.word[0]);
        break;
    case REMOTE_MMAP:
        status = serve_mmap(service, call.word, &done.word[0]);
        break;
    case REMOTE_STAT:
        node_call_stat(service->node, &st);
        break;
    case REMOTE_SEEK:
        status = serve_seek(service, call.word, &done.word[0]);
        break;
    default:
        status = rw_status_quiet(EPROTO);
    }
    done.err = status.err;
    node_put(service->node); /* before the caller goes on, and closes what it has, perhaps */
    int err =
        remote_send(service->channel, &done, &st, call.kind == REMOTE_STAT ? sizeof st : 0, -1);
    if (err)
        rw_info(preload, "process %d does not hear that its call has ended: %s",
                (int)service->caller, strerror(err));
}

static void service_end(struct service *service)
{
    pthread_mutex_lock(&owner.lock);
    DL_DELETE(owner.services, service);
    owner.service_count--;
    close(service->channel);
    pthread_mutex_unlock(&owner.lock);
    free(service);
}

static void *service_main(void *argument)
{
    struct service *service = argument;

    pthread_setname_np(pthread_self(), "rocweld-remote");
    serving = service;
    int err = remote_receive(service->channel, &service->packet, &service->size, &service->fd);
    if (!err) {
        if (service->fd >= 0)
            close(service->fd);
        serve_call(service);
    } else {
        rw_warn(preload, "process %d opened a call and did not make it: %s", (int)service->caller,
                strerror(err));
        node_put(service->node);
    }
    serving = NULL;
    service_end(service);
    return NULL;
}

/* ---- accepting ---- */

static int thread_start(struct service *service)
{
    pthread_attr_t attr;
    sigset_t all, before;
    pthread_t thread;

    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* the program's signals are not for us */
    int err = pthread_create(&thread, &attr, service_main, service);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return err;
}

static bool caller_is_trusted(int channel, struct ucred *out_caller)
{
    socklen_t length = sizeof *out_caller;

    if (getsockopt(channel, SOL_SOCKET, SO_PEERCRED, out_caller, &length) != 0)
        return false;
    if (out_caller->uid == geteuid())
        return true;
    rw_warn(preload, "process %d of user %u may not call into this process's device; run it as %u",
            (int)out_caller->pid, (unsigned)out_caller->uid, (unsigned)geteuid());
    return false;
}

/* Takes the channel over. */
static void service_start(struct node *node, int channel)
{
    const struct timeval patience = {.tv_sec = REMOTE_PATIENCE_S};
    struct service *service = NULL;
    struct ucred caller = {0};

    setsockopt(channel, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(channel, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (caller_is_trusted(channel, &caller))
        service = calloc(1, sizeof *service);
    pthread_mutex_lock(&owner.lock);
    bool room = owner.service_count < REMOTE_CALLS_MAX;
    if (service && room) {
        service->node = node_get(node);
        service->channel = channel;
        service->caller = caller.pid;
        service->fd = -1;
        DL_APPEND(owner.services, service);
        owner.service_count++;
    }
    pthread_mutex_unlock(&owner.lock);
    if (service && room) {
        int err = thread_start(service);

        if (err) {
            rw_warn(preload, "no thread for a call of process %d: %s", (int)caller.pid,
                    strerror(err));
            node_put(node);
            service_end(service);
        }
        return;
    }
    if (!room)
        rw_warn(preload, "%u calls of other processes at once; one of process %d is refused",
                REMOTE_CALLS_MAX, (int)caller.pid);
    free(service);
    close(channel); /* ENODEV to the caller */
}

/* What is written to a node otherwise means nothing and is thrown away. */
void remote_accept(struct node *node, int peer)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct remote_packet *packet = malloc(sizeof *packet);
    size_t size;
    int fd;

    pthread_once(&once, register_fork_handlers);
    while (packet) {
        int err = remote_receive(peer, packet, &size, &fd);

        if (fd >= 0)
            service_start(node, private_fd_move(fd));
        else if (!err || err == EPROTO)
            rw_warn(preload,
                    "what was written to a %s is no call, or there was no descriptor left for it",
                    node_ops(node)->name);
        if (err && err != EPROTO)
            break;
    }
    free(packet);
}

void remote_name(int peer, const char *kind, int foreign_error, uint64_t inode)
{
    struct sockaddr_un name;
    socklen_t length = remote_name_format(&name, kind, foreign_error, inode);

    if (bind(peer, (const struct sockaddr *)&name, length) != 0)
        rw_debug(preload, "a %s has no name, other processes cannot use it: %s", kind,
                 strerror(errno));
}
