/* SPDX-License-Identifier: MIT */
#include "softgpu/front/remote_wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union fd_control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
};

static void attach_fd(struct msghdr *message, union fd_control *control, int fd)
{
    struct cmsghdr *header;

    memset(control, 0, sizeof *control);
    message->msg_control = control->bytes;
    message->msg_controllen = sizeof control->bytes;
    header = CMSG_FIRSTHDR(message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
}

int remote_send(int channel, const struct remote_message *head, const void *data, size_t size,
                int fd)
{
    struct iovec parts[] = {{(void *)head, sizeof *head}, {(void *)data, size}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = size ? 2 : 1};
    union fd_control control;
    ssize_t n;

    if (fd >= 0)
        attach_fd(&message, &control, fd);
    do
        n = sendmsg(channel, &message, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n >= 0)
        return 0;
    return errno == EPIPE || errno == ECONNRESET ? ENODEV : errno;
}

static int received_fd(struct msghdr *message)
{
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    int fd = -1;

    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
        header->cmsg_len == CMSG_LEN(sizeof fd))
        memcpy(&fd, CMSG_DATA(header), sizeof fd);
    return fd;
}

int remote_receive(int channel, struct remote_packet *out_packet, size_t *out_size, int *out_fd)
{
    struct iovec part = {out_packet, sizeof *out_packet};
    union fd_control control;
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    ssize_t n;

    *out_fd = -1;
    *out_size = 0;
    do
        n = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n <= 0) /* hung up; or silent for longer than the channel allows */
        return n < 0 && errno != ECONNRESET && errno != EAGAIN ? errno : ENODEV;
    *out_fd = received_fd(&message);
    if ((size_t)n >= sizeof out_packet->head && !(message.msg_flags & MSG_TRUNC)) {
        *out_size = (size_t)n - sizeof out_packet->head;
        return 0;
    }
    if (*out_fd >= 0)
        close(*out_fd);
    *out_fd = -1;
    return EPROTO;
}
