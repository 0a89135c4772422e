/* SPDX-License-Identifier: MIT
 *
 * The name of a node's own end of its socket pair, which its descriptors show as their peer's, in
 * whatever process they are: "\0rocweld-node/INODE/ERROR/KIND". Abstract, so nothing is left
 * behind.
 */
#ifndef SOFTGPU_FRONT_REMOTE_NAME_H
#define SOFTGPU_FRONT_REMOTE_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

struct remote_identity {
    int foreign_error; /* what every call of another process gets; 0 = calls travel */
};

static inline socklen_t remote_name_format(struct sockaddr_un *out_name, const char *kind,
                                           int foreign_error, uint64_t inode)
{
    int n;

    memset(out_name, 0, sizeof *out_name);
    out_name->sun_family = AF_UNIX;
    n = snprintf(out_name->sun_path + 1, sizeof out_name->sun_path - 1, "rocweld-node/%llx/%d/%s",
                 (unsigned long long)inode, foreign_error, kind);
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n);
}

static inline bool remote_name_parse(const struct sockaddr_un *name, socklen_t length,
                                     struct remote_identity *out_identity)
{
    size_t head = offsetof(struct sockaddr_un, sun_path) + 1;
    char text[sizeof name->sun_path] = "";
    unsigned long long inode;

    if (length <= head || length > sizeof *name || name->sun_family != AF_UNIX ||
        name->sun_path[0] != '\0')
        return false;
    memcpy(text, name->sun_path + 1, length - head);
    return sscanf(text, "rocweld-node/%llx/%d/", &inode, &out_identity->foreign_error) == 2;
}

#endif
