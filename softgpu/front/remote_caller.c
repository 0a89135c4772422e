/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/private_fd.h"
#include "softgpu/front/ioctl.h"
#include "softgpu/front/remote.h"
#include "softgpu/front/remote_name.h"
#include "softgpu/front/remote_wire.h"

/* A call under way. */
struct call {
    int channel;
    struct remote_packet packet;      /* received last */
    size_t size;                      /* of its data */
    int fd;                           /* that came with it, or -1 */
    unsigned char data[REMOTE_CHUNK]; /* to be sent */
};

/* ---- whose is it ---- */

/* Of the process that made the node's descriptors. */
static bool peer_of(int fd, struct ucred *out_peer)
{
    socklen_t length = sizeof *out_peer;

    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, out_peer, &length) == 0;
}

static bool remote_find(int fd, struct remote_identity *out_identity)
{
    struct sockaddr_un name;
    socklen_t length = sizeof name;

    if (fd < 0 || getpeername(fd, (struct sockaddr *)&name, &length) != 0)
        return false;
    return remote_name_parse(&name, length, out_identity);
}

pid_t remote_owner(int fd)
{
    struct remote_identity identity;
    struct ucred peer;

    return remote_find(fd, &identity) && peer_of(fd, &peer) ? peer.pid : 0;
}

/* ---- serving the owner's requests ---- */

static int map_here(const uint64_t word[5], int fd, uint64_t *out_address)
{
    void *at =
        mmap((void *)(uintptr_t)word[0], word[1], (int)word[2], (int)word[3], fd, (off_t)word[4]);

    *out_address = (uint64_t)(uintptr_t)at;
    return at == MAP_FAILED ? errno : 0;
}

static int fd_take(struct call *call, uint64_t flags, uint64_t *out_number)
{
    if (call->fd < 0)
        return EMFILE; /* the kernel had no number for it */
    if (!(flags & O_CLOEXEC))
        fcntl(call->fd, F_SETFD, 0);
    *out_number = (uint64_t)call->fd;
    call->fd = -1;
    return 0;
}

static int request_serve(struct call *call)
{
    const struct remote_message *request = &call->packet.head;
    struct remote_message reply = {.kind = REMOTE_REPLY};
    size_t size = 0;
    int fd = -1;

    switch (request->kind) {
    case REMOTE_COPY_IN:
        size = request->word[1] < sizeof call->data ? request->word[1] : sizeof call->data;
        reply.err = front_copy_in(call->data, request->word[0], size).err;
        break;
    case REMOTE_COPY_OUT:
        reply.err = front_copy_out(request->word[0], call->packet.data, call->size).err;
        break;
    case REMOTE_FD_GIVE:
        reply.err = fd_take(call, request->word[0], &reply.word[0]);
        break;
    case REMOTE_FD_TAKE_BACK:
        close((int)request->word[0]);
        break;
    case REMOTE_FD_FETCH:
        fd = (int)request->word[0];
        reply.err = fcntl(fd, F_GETFD) < 0 ? EBADF : 0;
        fd = reply.err ? -1 : fd;
        break;
    case REMOTE_MAP:
        reply.err = map_here(request->word, call->fd, &reply.word[0]);
        break;
    default:
        return EPROTO;
    }
    return remote_send(call->channel, &reply, call->data, reply.err ? 0 : size, fd);
}

/* ---- calls ---- */

/* Sends the owner one end of a new channel. Returns the other, or -1 and errno. */
static int channel_open(int fd)
{
    const struct remote_message hello = {0};
    struct ucred peer;
    int pair[2], err;

    if (!peer_of(fd, &peer) || peer.uid != geteuid()) {
        errno = ENODEV;
        return -1;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return -1;
    pair[0] = private_fd_move(pair[0]);
    err = remote_send(fd, &hello, NULL, 0, pair[1]);
    close(pair[1]);
    if (!err)
        return pair[0];
    close(pair[0]);
    errno = err;
    return -1;
}

/* Until the owner is done. 0, or why the call did not come to its end. */
static int call_converse(struct call *call, const struct remote_message *head)
{
    int err = remote_send(call->channel, head, NULL, 0, -1);

    while (!err) {
        err = remote_receive(call->channel, &call->packet, &call->size, &call->fd);
        if (err || call->packet.head.kind == REMOTE_DONE)
            return err;
        err = request_serve(call);
        if (call->fd >= 0)
            close(call->fd);
        call->fd = -1;
    }
    return err;
}

/* A call on a node of another process: its errno, with the answer in `*out_call` (the caller's to
 * free, NULL when there is none). */
static int remote_call(int fd, const struct remote_identity *identity,
                       const struct remote_message *head, struct call **out_call)
{
    struct call *call;
    int err;

    *out_call = NULL;
    if (identity->foreign_error && head->kind != REMOTE_STAT)
        return identity->foreign_error;
    call = malloc(sizeof *call);
    if (!call)
        return ENOMEM;
    call->channel = channel_open(fd);
    err = call->channel < 0 ? errno : call_converse(call, head);
    if (call->channel >= 0)
        close(call->channel);
    if (err) {
        rw_warn(preload, "the process that opened descriptor %d does not answer (%s): ENODEV", fd,
                strerror(err));
        free(call);
        return ENODEV;
    }
    *out_call = call;
    return call->packet.head.err;
}

bool remote_ioctl(int fd, unsigned long request, void *argument, rw_status *out_status,
                  int *out_result)
{
    const struct remote_message head = {.kind = REMOTE_IOCTL,
                                        .word = {request, (uint64_t)(uintptr_t)argument}};
    struct remote_identity identity;
    struct call *call;

    if (!remote_find(fd, &identity))
        return false;
    *out_status = rw_status_quiet(remote_call(fd, &identity, &head, &call));
    *out_result = call ? (int)call->packet.head.word[0] : -1;
    free(call);
    return true;
}

bool remote_mmap(int fd, void *address, size_t length, int prot, int flags, uint64_t offset,
                 rw_status *out_status, void **out_address)
{
    const struct remote_message head = {
        .kind = REMOTE_MMAP,
        .word = {(uint64_t)(uintptr_t)address, length, (uint64_t)prot, (uint64_t)flags, offset}};
    struct remote_identity identity;
    struct call *call;

    if (!remote_find(fd, &identity))
        return false;
    *out_status = rw_status_quiet(remote_call(fd, &identity, &head, &call));
    *out_address = rw_ok(*out_status) ? (void *)(uintptr_t)call->packet.head.word[0] : MAP_FAILED;
    free(call);
    return true;
}

bool remote_stat(int fd, struct stat *out_stat)
{
    const struct remote_message head = {.kind = REMOTE_STAT};
    struct remote_identity identity;
    struct call *call;

    if (!remote_find(fd, &identity) || remote_call(fd, &identity, &head, &call) != 0)
        return false;
    bool whole = call->size == sizeof *out_stat;
    if (whole)
        memcpy(out_stat, call->packet.data, sizeof *out_stat);
    free(call);
    return whole;
}

bool remote_seek(int fd, int64_t offset, int whence, rw_status *out_status, int64_t *out_position)
{
    const struct remote_message head = {.kind = REMOTE_SEEK,
                                        .word = {(uint64_t)offset, (uint64_t)whence}};
    struct remote_identity identity;
    struct call *call;

    if (!remote_find(fd, &identity))
        return false;
    *out_status = rw_status_quiet(remote_call(fd, &identity, &head, &call));
    *out_position = call ? (int64_t)call->packet.head.word[0] : -1;
    free(call);
    return true;
}
