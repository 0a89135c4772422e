/* SPDX-License-Identifier: MIT */
#include "softgpu/front/node.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bsd/sys/tree.h>
#include <utlist.h>

#include "base/log.h"
#include "base/private_fd.h"
#include "softgpu/front/node_watch.h"
#include "softgpu/front/remote.h"

struct node {
    struct node_watch watch; /* of `peer` */
    const struct node_ops *ops;
    void *private_data;
    int flags;
    uint64_t inode;      /* of the user's end; the key */
    uint64_t device;     /* st_dev of the user's end: the socket file system */
    uint64_t peer_inode; /* of our end: proves that `peer` still is ours */
    int peer;            /* our end of the pair; -1 once hung up */
    uint32_t generation; /* the process that opened it, see `registry.generation` */
    atomic_int refs;     /* the user's descriptors together count one */
    bool listed;         /* in `registry.nodes` */
    RB_ENTRY(node) entry;
    struct node *next; /* in `registry.dying` */
};

static int node_compare(const struct node *a, const struct node *b)
{
    return a->inode < b->inode ? -1 : a->inode > b->inode;
}

RB_HEAD(node_tree, node);
RB_GENERATE_INTERNAL(node_tree, node, entry, node_compare, static __attribute__((unused)))

/* Fork-safe: the child starts with a new generation and no node thread. */
static struct {
    pthread_mutex_t lock;
    atomic_uint live;    /* nodes in `nodes`; read without the lock to answer "none" quickly */
    uint64_t device;     /* st_dev of sockets */
    uint32_t generation; /* counts forks */
    struct node_tree nodes;
    struct node *dying;         /* last reference gone, release not yet called */
    struct node_tree inherited; /* a child's: the parent's nodes, never used */
    int epoll, wakeup;          /* -1 while there is no node thread */
    pthread_t thread;
    uint64_t passes_wanted, passes_done; /* node_settle() */
    pthread_cond_t pass_done;
} registry = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .nodes = RB_INITIALIZER(&registry.nodes),
    .epoll = -1,
    .wakeup = -1,
    .pass_done = PTHREAD_COND_INITIALIZER,
};

/* The system call: inside the preload library fstat() is interposed, and asks us. */
static int kernel_fstat(int fd, struct stat *out_stat)
{
    return (int)syscall(SYS_fstat, fd, out_stat);
}

static uint64_t inode_of(int fd)
{
    struct stat st;

    return kernel_fstat(fd, &st) == 0 ? st.st_ino : 0;
}

/* Closes our end, unless the program closed it behind our back and the number is another's now. */
static void peer_close(struct node *node)
{
    if (node->peer >= 0 && inode_of(node->peer) == node->peer_inode)
        close(node->peer);
    node->peer = -1;
}

/* Said explicitly, because a child between vfork() and exec() may still hold a copy of the
 * descriptor, and with it the registration. */
static void peer_unwatch(struct node *node)
{
    if (inode_of(node->peer) == node->peer_inode)
        epoll_ctl(registry.epoll, EPOLL_CTL_DEL, node->peer, NULL);
}

static void node_thread_wake(void)
{
    uint64_t one = 1;

    if (write(registry.wakeup, &one, sizeof one) < 0)
        rw_debug(preload, "node thread: eventfd %d is gone", registry.wakeup);
}

/* The user's last descriptor is closed: no descriptor can name the node any more. */
static void node_hang_up(struct node *node)
{
    pthread_mutex_lock(&registry.lock);
    bool listed = node->listed;
    if (listed) {
        RB_REMOVE(node_tree, &registry.nodes, node);
        node->listed = false;
        atomic_fetch_sub(&registry.live, 1);
    }
    peer_unwatch(node);
    peer_close(node);
    pthread_mutex_unlock(&registry.lock);
    if (listed)
        node_put(node);
}

static void dying_release(void)
{
    for (;;) {
        pthread_mutex_lock(&registry.lock);
        struct node *node = registry.dying;
        if (node)
            LL_DELETE(registry.dying, node);
        pthread_mutex_unlock(&registry.lock);
        if (!node)
            return;
        if (node->ops->release)
            node->ops->release(node);
        free(node);
    }
}

/* Calls of other processes, or the end. */
static void node_peer_ready(struct node_watch *watch, uint32_t events)
{
    struct node *node = (struct node *)watch;

    if (events & EPOLLIN)
        remote_accept(node, node->peer);
    if (events & (EPOLLHUP | EPOLLERR))
        node_hang_up(node);
}

static void wakeup_ready(struct node_watch *watch, uint32_t events)
{
    uint64_t count;

    (void)watch, (void)events;
    if (read(registry.wakeup, &count, sizeof count) < 0)
        rw_debug(preload, "node thread: spurious wake-up");
}

static struct node_watch wakeup_watch = {.ready = wakeup_ready};

/* One look at all that is pending. Returns false when there was nothing. */
static bool events_collect(int timeout_ms)
{
    struct epoll_event events[64];
    int n = epoll_wait(registry.epoll, events, 64, timeout_ms);

    /* Whoever started a watch held the lock: it is complete. */
    pthread_mutex_lock(&registry.lock);
    pthread_mutex_unlock(&registry.lock);
    for (int i = 0; i < n; i++) {
        struct node_watch *watch = events[i].data.ptr;

        watch->ready(watch, events[i].events);
    }
    return n > 0;
}

rw_status node_watch_start(int fd, struct node_watch *watch)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = watch};

    pthread_mutex_lock(&registry.lock);
    int err = epoll_ctl(registry.epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? errno : 0;
    pthread_mutex_unlock(&registry.lock);
    return err ? RW_FAIL(err, "cannot watch a descriptor") : RW_OK;
}

void node_watch_stop(int fd)
{
    epoll_ctl(registry.epoll, EPOLL_CTL_DEL, fd, NULL);
}

/* Everything that is pending now. Returns false when more was asked for meanwhile, the wake-up
 * for which may have been taken already. */
static bool node_thread_pass(void)
{
    pthread_mutex_lock(&registry.lock);
    uint64_t wanted = registry.passes_wanted;
    pthread_mutex_unlock(&registry.lock);
    while (events_collect(0))
        ;
    dying_release();
    pthread_mutex_lock(&registry.lock);
    registry.passes_done = wanted;
    bool all = registry.passes_wanted == wanted && !registry.dying;
    pthread_cond_broadcast(&registry.pass_done);
    pthread_mutex_unlock(&registry.lock);
    return all;
}

static void *node_thread(void *unused)
{
    (void)unused;
    pthread_setname_np(pthread_self(), "rocweld-nodes");
    for (;;) {
        events_collect(-1);
        while (!node_thread_pass())
            ;
    }
    return NULL;
}

static void fork_prepare(void)
{
    pthread_mutex_lock(&registry.lock);
}

static void fork_parent(void)
{
    pthread_mutex_unlock(&registry.lock);
}

/* The child keeps the user's descriptors, as after any fork, but our ends are the parent's: kept
 * open here they would hide the parent's death. So the nodes are another process's from now on. */
static void fork_child(void)
{
    struct node *node;

    RB_FOREACH(node, node_tree, &registry.nodes)
    peer_close(node);
    registry.inherited = registry.nodes; /* what still refers to them keeps its pointers */
    RB_INIT(&registry.nodes);
    atomic_store(&registry.live, 0);
    if (registry.epoll >= 0) {
        close(registry.epoll);
        close(registry.wakeup);
    }
    registry.epoll = registry.wakeup = -1;
    registry.dying = NULL;
    registry.generation++;
    registry.passes_wanted = registry.passes_done = 0;
    pthread_cond_init(&registry.pass_done, NULL);
    pthread_mutex_init(&registry.lock, NULL);
}

static void register_fork_handlers(void)
{
    pthread_atfork(fork_prepare, fork_parent, fork_child);
}

static rw_status node_thread_create(void)
{
    pthread_attr_t attr;
    sigset_t all, before;

    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* the program's signals are not for us */
    int err = pthread_create(&registry.thread, &attr, node_thread, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return err ? RW_FAIL(err, "cannot start the node thread") : RW_OK;
}

/* Makes the epoll set and its thread when the first node of this process is opened. */
static rw_status node_thread_start_locked(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &wakeup_watch};

    if (registry.epoll >= 0)
        return RW_OK;
    pthread_once(&once, register_fork_handlers);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0)
        return private_fd_fail(errno, "the device nodes' epoll set");
    int wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wakeup < 0) {
        int err = errno;
        close(epoll);
        return private_fd_fail(err, "the device nodes' eventfd");
    }
    registry.wakeup = private_fd_move(wakeup);
    registry.epoll = private_fd_move(epoll);
    epoll_ctl(registry.epoll, EPOLL_CTL_ADD, registry.wakeup, &event);
    rw_status status = node_thread_create();
    if (!rw_ok(status)) {
        close(registry.epoll);
        close(registry.wakeup);
        registry.epoll = registry.wakeup = -1;
    }
    return status;
}

/* What other processes may call. The rest has bytes to read and write, for which the socket pair
 * itself reaches everywhere. */
static bool node_takes_calls(const struct node *node)
{
    return node->ops->ioctl || node->ops->mmap;
}

/* The user's end gets the lowest free number because socketpair() fills its first slot first. */
static rw_status node_make_pair(struct node *node, int flags, int *out_fd)
{
    int type = SOCK_STREAM | (flags & O_CLOEXEC ? SOCK_CLOEXEC : 0);
    int pair[2];
    struct stat st;

    if (socketpair(AF_UNIX, type, 0, pair) < 0)
        return private_fd_fail(errno, node->ops->name);
    if (flags & O_NONBLOCK)
        fcntl(pair[0], F_SETFL, O_NONBLOCK);
    node->peer = private_fd_move(pair[1]);
    fcntl(node->peer, F_SETFL, O_NONBLOCK);
    node->peer_inode = inode_of(node->peer);
    kernel_fstat(pair[0], &st);
    node->inode = st.st_ino;
    node->device = st.st_dev;
    if (node_takes_calls(node))
        remote_name(node->peer, node->ops->name, node->ops->foreign_error, node->inode);
    *out_fd = pair[0];
    return RW_OK;
}

static rw_status node_register(struct node *node)
{
    struct epoll_event event = {.data.ptr = &node->watch}; /* EPOLLHUP is always reported */
    rw_status status;

    if (node_takes_calls(node) && !node->ops->foreign_error)
        event.events = EPOLLIN;

    pthread_mutex_lock(&registry.lock);
    status = node_thread_start_locked();
    if (rw_ok(status) && epoll_ctl(registry.epoll, EPOLL_CTL_ADD, node->peer, &event) < 0)
        status = RW_FAIL(errno, "cannot watch the descriptor of %s", node->ops->name);
    if (rw_ok(status)) {
        node->generation = registry.generation;
        node->listed = true;
        RB_INSERT(node_tree, &registry.nodes, node);
        if (registry.device != node->device)
            registry.device = node->device;
        atomic_fetch_add(&registry.live, 1);
    }
    pthread_mutex_unlock(&registry.lock);
    return status;
}

static rw_status node_open_here(const struct node_ops *ops, void *private_data, int flags,
                                int *out_fd)
{
    struct node *node = calloc(1, sizeof *node);
    rw_status status;
    int fd = -1;

    if (!node)
        return RW_FAIL(ENOMEM, "no memory for a %s node", ops->name);
    node->watch.ready = node_peer_ready;
    node->ops = ops;
    node->private_data = private_data;
    node->flags = flags;
    atomic_init(&node->refs, 1);
    status = node_make_pair(node, flags, &fd);
    if (!rw_ok(status)) {
        free(node);
        return status;
    }
    status = node_register(node);
    if (!rw_ok(status)) {
        close(fd);
        peer_close(node);
        free(node);
        return status;
    }
    *out_fd = fd;
    return RW_OK;
}

static struct node *node_get_by_own_fd(int fd)
{
    struct stat st;
    struct node *node, key;

    if (fd < 0 || atomic_load_explicit(&registry.live, memory_order_acquire) == 0)
        return NULL;
    if (kernel_fstat(fd, &st) < 0 || !S_ISSOCK(st.st_mode) || st.st_dev != registry.device)
        return NULL;
    key.inode = st.st_ino;
    pthread_mutex_lock(&registry.lock);
    node = RB_FIND(node_tree, &registry.nodes, &key);
    if (node)
        atomic_fetch_add(&node->refs, 1);
    pthread_mutex_unlock(&registry.lock);
    return node;
}

/* What is left of a node whose descriptor could not be delivered: `private_data` is its maker's. */
static const struct node_ops undelivered_ops = {.name = "undelivered"};

static rw_status node_open_there(const struct node_ops *ops, void *private_data, int flags,
                                 int *out_fd)
{
    int fd;

    RW_TRY(node_open_here(ops, private_data, flags | O_CLOEXEC, &fd));
    rw_status status = remote_fd_give(fd, flags, out_fd);
    if (!rw_ok(status)) {
        struct node *node = node_get_by_own_fd(fd);
        node->ops = &undelivered_ops;
        node_put(node);
    }
    close(fd);
    return status;
}

rw_status node_open(const struct node_ops *ops, void *private_data, int flags, int *out_fd)
{
    return remote_is_serving() ? node_open_there(ops, private_data, flags, out_fd)
                               : node_open_here(ops, private_data, flags, out_fd);
}

struct node *node_get_by_fd(int fd)
{
    int copy;

    if (!remote_is_serving())
        return node_get_by_own_fd(fd);
    if (!rw_ok(remote_fd_fetch(fd, &copy)))
        return NULL;
    struct node *node = node_get_by_own_fd(copy);
    close(copy);
    return node;
}

rw_status node_fd_copy(int fd, int *out_fd)
{
    if (remote_is_serving())
        RW_TRY(remote_fd_fetch(fd, out_fd));
    else
        *out_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    *out_fd = private_fd_move(*out_fd);
    return *out_fd < 0 ? rw_status_quiet(EBADF) : RW_OK;
}

void node_fd_take_back(int fd)
{
    if (remote_is_serving())
        remote_fd_take_back(fd);
    else
        close(fd);
}

struct node *node_get(struct node *node)
{
    atomic_fetch_add_explicit(&node->refs, 1, memory_order_relaxed);
    return node;
}

void node_put(struct node *node)
{
    if (!node || atomic_fetch_sub(&node->refs, 1) != 1)
        return;
    if (node->generation != registry.generation)
        return; /* what is behind it is the parent's; the child's copy goes with the child */
    pthread_mutex_lock(&registry.lock);
    LL_PREPEND(registry.dying, node);
    node_thread_wake();
    pthread_mutex_unlock(&registry.lock);
}

void node_file_get(struct node *node)
{
    node_get(node);
}

void node_file_put(struct node *node)
{
    node_put(node);
}

const struct node_ops *node_ops(const struct node *node)
{
    return node->ops;
}

void *node_private(const struct node *node)
{
    return node->private_data;
}

int node_flags(const struct node *node)
{
    return node->flags;
}

rw_status node_call_ioctl(struct node *node, unsigned long request, void *argument, int *out_result)
{
    *out_result = 0;
    if (!node->ops->ioctl)
        return rw_status_quiet(ENOTTY);
    return node->ops->ioctl(node, request, argument, out_result);
}

/* What mmap(2) asks of any file before the file's own answer. */
static bool node_mode_allows(const struct node *node, int prot, int flags)
{
    int mode = node_flags(node) & O_ACCMODE;
    bool shared_write = (flags & MAP_TYPE) != MAP_PRIVATE && (prot & PROT_WRITE);

    return mode == O_RDWR || (mode == O_RDONLY && !shared_write);
}

rw_status node_call_mmap(struct node *node, void *address, size_t length, int prot, int flags,
                         uint64_t offset, void **out_address)
{
    if (!node_mode_allows(node, prot, flags))
        return rw_status_quiet(EACCES);
    if (!node->ops->mmap)
        return rw_status_quiet(ENODEV);
    return node->ops->mmap(node, address, length, prot, flags, offset, out_address);
}

rw_status node_share(struct node *node, size_t length, int prot, int flags, uint64_t offset,
                     struct node_pages *out_pages)
{
    if (!node_mode_allows(node, prot, flags))
        return rw_status_quiet(EACCES);
    if (!node->ops->share)
        return rw_status_quiet(ENODEV);
    return node->ops->share(node, length, prot, flags, offset, out_pages);
}

/* Without `stat` a node looks like an anonymous inode: mode 0600, no type, as fstat() shows. */
void node_call_stat(struct node *node, struct stat *out_stat)
{
    memset(out_stat, 0, sizeof *out_stat);
    out_stat->st_ino = node->inode;
    out_stat->st_dev = node->device;
    out_stat->st_mode = 0600;
    out_stat->st_nlink = 1;
    out_stat->st_blksize = 4096;
    if (node->ops->stat)
        node->ops->stat(node, out_stat);
}

rw_status node_call_seek(struct node *node, int64_t offset, int whence, int64_t *out_position)
{
    if (!node->ops->size)
        return rw_status_quiet(ESPIPE);
    /* A dma-buf knows SEEK_SET and SEEK_END with offset 0 only (dma_buf_llseek). */
    if (offset != 0 || (whence != SEEK_SET && whence != SEEK_END))
        return rw_status_quiet(EINVAL);
    *out_position = whence == SEEK_END ? (int64_t)node->ops->size(node) : 0;
    return RW_OK;
}

rw_status node_send(struct node *node, const void *data, size_t length)
{
    /* Under the lock, since a hang-up closes the peer; it does not block. */
    pthread_mutex_lock(&registry.lock);
    ssize_t n = send(node->peer, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    int err = n == (ssize_t)length ? 0 : n >= 0 ? EAGAIN : node->peer < 0 ? EPIPE : errno;
    pthread_mutex_unlock(&registry.lock);
    return rw_status_quiet(err);
}

size_t node_receive(struct node *node, void *data, size_t room)
{
    pthread_mutex_lock(&registry.lock);
    ssize_t n = recv(node->peer, data, room, MSG_DONTWAIT);
    pthread_mutex_unlock(&registry.lock);
    return n > 0 ? (size_t)n : 0;
}

void node_settle(void)
{
    pthread_mutex_lock(&registry.lock);
    if (registry.epoll >= 0) {
        uint64_t pass = ++registry.passes_wanted;
        node_thread_wake();
        while (registry.passes_done < pass)
            pthread_cond_wait(&registry.pass_done, &registry.lock);
    }
    pthread_mutex_unlock(&registry.lock);
}
