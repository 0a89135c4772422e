/* SPDX-License-Identifier: MIT
 *
 * A descriptor over a Unix socket, with one byte. No errors but the system's: 0, or -1 and errno.
 */
#ifndef ROCWELD_TESTS_SEND_FD_H
#define ROCWELD_TESTS_SEND_FD_H

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

union send_fd_control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
};

static inline int send_fd(int channel, int fd)
{
    union send_fd_control control = {0};
    char byte = 'x';
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);

    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    return sendmsg(channel, &message, 0) == 1 ? 0 : -1;
}

/* The descriptor is the caller's. */
static inline int receive_fd(int channel, int *out_fd)
{
    union send_fd_control control = {0};
    char byte;
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};

    if (recvmsg(channel, &message, 0) != 1)
        return -1;
    if (!CMSG_FIRSTHDR(&message)) {
        errno = ENOMSG;
        return -1;
    }
    memcpy(out_fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof *out_fd);
    return 0;
}

#endif
