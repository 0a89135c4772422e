/* SPDX-License-Identifier: MIT */
#include "base/user_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/log.h"

enum { PAGE_BYTES = 4096, KERNEL_SIGNAL_SET = 8 };

enum copy_way { COPY_IN, COPY_OUT };

/* Set when the sandbox forbids process_vm_readv/writev (a seccomp filter). */
static atomic_bool vm_calls_forbidden;

/* One transfer by the kernel's own checked copy. Returns bytes, or -1 with errno. */
static ssize_t vm_transfer(enum copy_way way, void *ours, uint64_t theirs, size_t size)
{
    struct iovec local = {ours, size}, remote = {(void *)(uintptr_t)theirs, size};

    if (way == COPY_IN)
        return process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
    return process_vm_writev(getpid(), &local, 1, &remote, 1, 0);
}

/* A pipe's buffer, which the kernel fills from and empties into user memory with the same checks.
 */
#define PIPE_CHUNK 4096

static ssize_t pipe_transfer_chunk(const int pipe_fds[2], enum copy_way way, void *ours,
                                   void *theirs, size_t size)
{
    void *from = way == COPY_IN ? theirs : ours, *to = way == COPY_IN ? ours : theirs;
    ssize_t written = write(pipe_fds[1], from, size);

    if (written <= 0)
        return -1;
    ssize_t got = read(pipe_fds[0], to, (size_t)written);
    if (got < 0) {
        char drain[PIPE_CHUNK];
        int err = errno;
        if (read(pipe_fds[0], drain, (size_t)written) != written)
            rw_debug(base, "bounce pipe not drained");
        errno = err;
    }
    return got;
}

static ssize_t pipe_transfer(enum copy_way way, void *ours, uint64_t theirs, size_t size)
{
    int pipe_fds[2];
    size_t done = 0;
    ssize_t n = 0;

    if (pipe2(pipe_fds, O_CLOEXEC) < 0)
        return -1;
    while (done < size) {
        size_t chunk = size - done < PIPE_CHUNK ? size - done : PIPE_CHUNK;
        n = pipe_transfer_chunk(pipe_fds, way, (char *)ours + done,
                                (void *)(uintptr_t)(theirs + done), chunk);
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    int err = errno;
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    errno = err;
    return done ? (ssize_t)done : n;
}

static bool forbids_vm_calls(int err)
{
    return err == EPERM || err == ENOSYS || err == EACCES;
}

static int copy_all(enum copy_way way, void *ours, uint64_t theirs, size_t size)
{
    int before = errno, err;
    size_t done = 0;

    while (done < size) {
        bool forbidden = atomic_load_explicit(&vm_calls_forbidden, memory_order_relaxed);
        void *at = (char *)ours + done;
        ssize_t n = forbidden ? pipe_transfer(way, at, theirs + done, size - done)
                              : vm_transfer(way, at, theirs + done, size - done);
        if (n > 0) {
            done += (size_t)n;
        } else if (!forbidden && n < 0 && forbids_vm_calls(errno)) {
            atomic_store(&vm_calls_forbidden, true);
            rw_info(base, "process_vm_readv is forbidden here; copying ioctl arguments by pipe");
        } else {
            err = n < 0 && errno != EFAULT ? errno : EFAULT;
            errno = before;
            return err;
        }
    }
    errno = before;
    return 0;
}

int user_memory_copy_in(void *to, uint64_t from, size_t size)
{
    return copy_all(COPY_IN, to, from, size);
}

int user_memory_copy_out(uint64_t to, const void *from, size_t size)
{
    return copy_all(COPY_OUT, (void *)from, to, size);
}

/* The kernel reads the set before it refuses the operation, and changes nothing. No set at all is a
 * pointer that it does not follow. */
static bool word_is_readable(uintptr_t word)
{
    const int no_operation = -1;

    if (!word)
        return false;
    return syscall(SYS_rt_sigprocmask, no_operation, word, NULL, (long)KERNEL_SIGNAL_SET) == 0 ||
           errno != EFAULT;
}

/* Most arguments are locals of our callers, and most of these lie on the page that we are on: from
 * our frame upwards it is somebody's stack. */
static bool is_on_this_page_of_stack(uintptr_t first, uintptr_t last)
{
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0);

    return first >= frame && last <= (frame | (PAGE_BYTES - 1));
}

bool user_memory_is_readable(const void *at, size_t size)
{
    uintptr_t first = (uintptr_t)at & ~(uintptr_t)(KERNEL_SIGNAL_SET - 1), last;
    int before = errno;
    bool readable = true;

    if (size == 0)
        return true;
    if (__builtin_add_overflow((uintptr_t)at, size - 1, &last))
        return false;
    if (is_on_this_page_of_stack((uintptr_t)at, last))
        return true;
    for (uintptr_t word = first; readable && word <= last;) {
        readable = word_is_readable(word);
        if (__builtin_add_overflow(word | (PAGE_BYTES - 1), 1, &word))
            break;
    }
    errno = before;
    return readable;
}
