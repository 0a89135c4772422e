/* SPDX-License-Identifier: MIT */
#include "base/private_fd.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#define HIGHEST_BASE 65536

/* The upper quarter of the numbers that the program may have, where nothing counts up to. */
static int high_base(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 768;
    if (limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur / 4 * 3 > HIGHEST_BASE)
        return HIGHEST_BASE;
    return (int)(limit.rlim_cur / 4 * 3);
}

int private_fd_move(int fd)
{
    int high;

    if (fd < 0)
        return -1;
    high = fcntl(fd, F_DUPFD_CLOEXEC, high_base());
    if (high < 0) {
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        return fd;
    }
    close(fd);
    return high;
}
