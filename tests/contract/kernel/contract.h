/* SPDX-License-Identifier: MIT
 *
 * What the cases of the kernel contract share. A case speaks to device nodes with system calls
 * alone, so that the same program runs on softgpu and on a GPU. It runs in a process of its own,
 * since a VM once acquired stays, and ends it at the first thing that is not as it should be.
 */
#ifndef TESTS_CONTRACT_KERNEL_CONTRACT_H
#define TESTS_CONTRACT_KERNEL_CONTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <amdgpu_drm.h>
#include <drm.h>
#include <linux/kfd_ioctl.h>

/* KFD_IOC_ALLOC_MEM_FLAGS_WRITABLE, which shifts a one into the sign. */
#define MEMORY_WRITABLE (1u << 31)

#define KIB(n)          ((uint64_t)(n) << 10)
#define MIB(n)          ((uint64_t)(n) << 20)
#define GIB(n)          ((uint64_t)(n) << 30)
#define PAGE            KIB(4)
#define NOBODY          0xdeadu /* no GPU has this id */

/* ---- judging ---- */

/* Ends the case: failed. */
void expect_at(const char *file, int line, const char *what, int64_t got, int64_t want);
#define EXPECT(got, want) expect_at(__FILE__, __LINE__, #got, (int64_t)(got), (int64_t)(want))
#define EXPECT_TRUE(got)  EXPECT((got) != 0, 1)

/* Ends the case: it does not apply here. */
_Noreturn void skip(const char *reason, ...) __attribute__((format(printf, 1, 2)));

enum kernel { KERNEL_5_10, KERNEL_6_1, KERNEL_6_12, KERNEL_7_2, KERNEL_COUNT };

/* Of the kernel under test: the newest one known that is not newer than it, by its KFD. */
enum kernel kernel_version(void);

enum expectation {
#define EXPECTATION(name, ...) EXPECT_##name,
#include "tests/contract/kernel/expect.def"
#undef EXPECTATION
    EXPECTATION_COUNT
};

/* expect.def's value for the kernel under test. */
int64_t kernel_value(enum expectation expectation);
#define KERNEL(name) kernel_value(EXPECT_##name)

/* ---- GPUs ---- */

struct gpu {
    unsigned node; /* of KFD's topology */
    uint32_t id;
    unsigned render_minor;
};

const struct gpu *gpu_at(unsigned index); /* skips the case when there are not so many */
unsigned gpu_count(void);
/* False when the GPU's topology node has no such property. */
bool gpu_property(const struct gpu *gpu, const char *name, uint64_t *out_value);
/* Likewise of cache `index` in its node's folder. */
bool gpu_cache_property(const struct gpu *gpu, unsigned index, const char *name,
                        uint64_t *out_value);

/* ---- device nodes ---- */

/* Any ioctl: 0, or the errno number. Repeats what a signal has interrupted. */
int call(int fd, unsigned long request, void *argument);

int kfd_open(void);
int render_open(unsigned index);
/* ACQUIRE_VM. */
int acquire(int kfd, int drm_fd, uint32_t gpu_id);

/* Both nodes of a GPU, its VM acquired. */
struct session {
    const struct gpu *gpu;
    int kfd, drm;
};
struct session session_open(unsigned index);
/* For a process that has /dev/kfd open already. */
struct session session_add(int kfd, unsigned index);

/* ---- KFD memory ---- */

#define VRAM (KFD_IOC_ALLOC_MEM_FLAGS_VRAM | KFD_IOC_ALLOC_MEM_FLAGS_EXECUTABLE)
#define GTT  (KFD_IOC_ALLOC_MEM_FLAGS_GTT | KFD_IOC_ALLOC_MEM_FLAGS_COHERENT)

struct buffer {
    uint64_t handle, va, size, mmap_offset;
};

/* Addresses of buffers for a case, 256 MiB apart, where nothing else is. */
uint64_t va_at(unsigned n);

/* Writable memory of the type at `va`; not mapped. */
int buffer_alloc(int kfd, uint32_t gpu_id, uint64_t va, uint64_t size, uint32_t flags,
                 struct buffer *out_buffer);
int buffer_map(int kfd, uint64_t handle, uint32_t gpu_id);
int buffer_unmap(int kfd, uint64_t handle, uint32_t gpu_id);
int buffer_free(int kfd, uint64_t handle);
/* Allocated and mapped, or the case fails. */
struct buffer buffer_make(const struct session *session, uint64_t va, uint64_t size,
                          uint32_t flags);
/* The buffer in the program's address space, or the case fails. */
void *buffer_mmap(int drm_fd, const struct buffer *buffer);
/* mmap(2) alone: 0 or the errno number. */
int mmap_try(int fd, uint64_t offset, size_t size, void **out_address);

/* EXPORT_DMABUF; the descriptor is the caller's. */
int buffer_export(int kfd, uint64_t handle, int *out_fd);

/* ---- GEM ---- */

int gem_create(int drm_fd, uint64_t size, uint64_t domains, uint64_t flags, uint32_t *out_handle);
int gem_close(int drm_fd, uint32_t handle);
int gem_va(int drm_fd, uint32_t operation, uint32_t handle, uint64_t va, uint64_t size);
int gem_export(int drm_fd, uint32_t handle, int *out_fd);
int gem_import(int drm_fd, int dmabuf_fd, uint32_t *out_handle);
/* The buffer object in the program's address space, or the case fails. */
void *gem_mmap(int drm_fd, uint32_t handle, uint64_t size);

/* ---- events ---- */

int event_create(int kfd, uint32_t type, uint32_t *out_id);
/* WAIT_EVENTS for one; returns its wait_result. */
uint32_t event_wait(int kfd, uint32_t id, uint32_t timeout_ms, struct kfd_event_data *out_data);

/* ---- processes ---- */

/* Runs `body` in a child and gives back its exit status. EXPECT() in it ends the child with 1. */
int in_child(void (*body)(void *context), void *context);

/* Waits until `*word` is `value`, for at most ten seconds. */
bool word_becomes(volatile uint32_t *word, uint32_t value);
/* Gives others time for what should not happen. */
void wait_ms(unsigned ms);

/* ---- the cases ---- */

struct kernel_case {
    const char *name;
    void (*run)(void);
    const char *not_on_hw; /* why not; NULL = it runs there too */
};

extern const struct kernel_case kernel_cases[];
extern const size_t kernel_case_count;

#endif
