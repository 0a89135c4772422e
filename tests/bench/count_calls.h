/* SPDX-License-Identifier: MIT
 *
 * librocweld-count.so counts what a thread asks the kernel: the calls of libc's system call
 * functions that reach it. Preloaded behind the shim and in front of whatever serves the devices
 * (softgpu or the kernel), it sees what the program, its libraries and the shim ask, and nothing
 * of what a software device does inside. What libc asks for itself (memory for malloc, futexes) is
 * not counted.
 *
 * A measuring program finds count_calls_read() by dlsym(). Thread safety: the numbers are those of
 * the calling thread.
 */
#ifndef ROCWELD_TESTS_BENCH_COUNT_CALLS_H
#define ROCWELD_TESTS_BENCH_COUNT_CALLS_H

#include <stdint.h>
#include <sys/ioctl.h>

/* KFD 1.12; newer than Debian 12's header. */
struct count_export_dmabuf {
    uint64_t handle;
    uint32_t flags, dmabuf_fd;
};
#define COUNT_EXPORT_DMABUF _IOWR('K', 0x24, struct count_export_dmabuf)

struct call_counts {
    uint64_t calls; /* all */
    uint64_t ioctls;
    uint64_t fds_made;     /* descriptors that calls returned */
    int64_t gem_objects;   /* handles given out less handles closed */
    int64_t kfd_objects;   /* likewise */
    uint64_t mapped_bytes; /* GPU addresses, by GEM_VA and by importing a DMABuf into the KFD */
    uint64_t kfd_handle;   /* of the newest KFD buffer */
};

void count_calls_read(struct call_counts *out_counts);
typedef void count_calls_read_fn(struct call_counts *out_counts);

#endif
