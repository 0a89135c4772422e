/* SPDX-License-Identifier: MIT
 *
 * What two processes say to each other about one call on a node (front/remote.h): messages of a
 * fixed head, up to REMOTE_CHUNK bytes of data, and at most one descriptor. The caller opens with a
 * call and then answers requests until REMOTE_DONE comes.
 */
#ifndef SOFTGPU_FRONT_REMOTE_WIRE_H
#define SOFTGPU_FRONT_REMOTE_WIRE_H

#include <stddef.h>
#include <stdint.h>

#define REMOTE_CHUNK 32768u

enum remote_kind {
    /* Calls, from the caller. */
    REMOTE_IOCTL = 1, /* request, argument */
    REMOTE_MMAP,      /* address, length, prot, flags, offset */
    REMOTE_STAT,
    REMOTE_SEEK, /* offset, whence */
    /* Requests, from the owner, each answered with REMOTE_REPLY. */
    REMOTE_COPY_IN,      /* address, size: the reply has the data */
    REMOTE_COPY_OUT,     /* address; data */
    REMOTE_FD_GIVE,      /* flags; descriptor. The reply has its number */
    REMOTE_FD_TAKE_BACK, /* number: of one that was given in this call */
    REMOTE_FD_FETCH,     /* number: the reply has the descriptor */
    REMOTE_MAP,          /* address, length, prot, flags, offset; descriptor. The reply: address */
    REMOTE_REPLY,        /* err; see above */
    /* The end, from the owner. */
    REMOTE_DONE, /* err, result; for REMOTE_STAT a struct stat as data */
};

struct remote_message {
    uint32_t kind;
    int32_t err; /* a positive errno number */
    uint64_t word[5];
};

/* One message with its data; too large for a stack that may be the program's. */
struct remote_packet {
    struct remote_message head;
    unsigned char data[REMOTE_CHUNK];
};

/* 0 or an errno number; ENODEV when the other side is gone. `fd` -1: none. */
int remote_send(int channel, const struct remote_message *head, const void *data, size_t size,
                int fd);
/* A message that is longer than a packet, or shorter than its head, is EPROTO. `*out_fd` is the
 * caller's to close, -1 if there was none. */
int remote_receive(int channel, struct remote_packet *out_packet, size_t *out_size, int *out_fd);

#endif
