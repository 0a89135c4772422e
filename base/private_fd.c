/* SPDX-License-Identifier: MIT */
#include "base/private_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
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

rw_status private_fd_fail(int err, const char *what)
{
    struct rlimit limit;

    if (err != EMFILE || getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return RW_FAIL(err, "no descriptor for %s: %s", what, strerror(err));
    return RW_FAIL(
        EMFILE,
        "no descriptor for %s: the process has all of the %llu that it may have (EMFILE); "
        "raise the limit, for example with 'ulimit -n 1024'",
        what, (unsigned long long)limit.rlim_cur);
}
