/* SPDX-License-Identifier: MIT
 *
 * What the cases of weld_case share: a graphics client and a thunk in a few lines each, on the bare
 * ioctls. Whatever goes wrong in here ends the program with a line that says what.
 *
 * Two GPUs, /dev/dri/renderD128 and renderD129, are `0` and `1`.
 */
#ifndef ROCWELD_TESTS_CONTRACT_WELD_H
#define ROCWELD_TESTS_CONTRACT_WELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <amdgpu.h>
#include <amdgpu_drm.h>
#include <linux/kfd_ioctl.h>

#include "kmt-shim.h"

#define NODE_A "/dev/dri/renderD128"
#define NODE_B "/dev/dri/renderD129"
#define PAGE   ((uint64_t)4096)
#define KIB    ((uint64_t)1024)
#define MIB    (1024 * KIB)

#define RW     (AMDGPU_VM_PAGE_READABLE | AMDGPU_VM_PAGE_WRITEABLE)
/* WRITABLE, whose shift in the header overflows an int, is 1 << 31. */
#define VRAM (KFD_IOC_ALLOC_MEM_FLAGS_VRAM | UINT32_C(1) << 31)
#define GTT  (KFD_IOC_ALLOC_MEM_FLAGS_GTT | UINT32_C(1) << 31)

void expect_at(const char *file, int line, const char *what, long got, long want);
#define EXPECT(got, want) expect_at(__FILE__, __LINE__, #got, (long)(got), (long)(want))

/* One rule each. */
struct weld_case {
    const char *name;
    void (*run)(void);
};
extern const struct weld_case vm_cases[], table_cases[], address_cases[], resident_cases[],
    pointer_cases[], soak_cases[];

/* ---- nodes ---- */

int node_open(const char *path);
bool same_file(int fd, int other);
uint32_t gpu_id_of(unsigned gpu);
unsigned open_descriptors(void);
/* A number of /proc/self/status: "Threads:", "VmRSS:" (KiB). */
long status_of(const char *field);
/* Are there at most so many descriptors and threads, within ten seconds? Closed descriptors are
 * noticed by a software device a moment later; a busy machine makes it a long one. */
bool settles_at(unsigned descriptors, long threads);
/* Is the shim asked to do nothing? Then a case shows what happens without it. */
bool is_off(const char *variable);

/* ---- graphics; 0 or an errno number where a result is returned ---- */

amdgpu_device_handle graphics_start(int fd);
int gem_create(int fd, uint64_t size, uint64_t domains, uint64_t flags, uint32_t *out_gem);
uint32_t gem_make(int fd, uint64_t size); /* in system memory */
int gem_va(int fd, uint32_t operation, uint32_t gem, uint64_t va, uint64_t size, uint64_t offset);
int gem_close(int fd, uint32_t gem);
int gem_export(int fd, uint32_t gem, int *out_dmabuf);
int gem_import(int fd, int dmabuf, uint32_t *out_gem);
void *gem_host(int fd, uint32_t gem, uint64_t size);
/* An address that nobody uses, in the high range. */
uint64_t high_address(unsigned n);

/* ---- compute; likewise ---- */

struct compute {
    int kfd, drm;
    unsigned gpu;
    uint32_t gpu_id;
};

int acquire(int kfd, int drm_fd, uint32_t gpu_id);
/* What the thunk does first: opens /dev/kfd and the node by path, acquires the VM. */
void compute_start(struct compute *compute, unsigned gpu);
/* The same with a file that is open already. */
void compute_start_with(struct compute *compute, unsigned gpu, int drm);
int kfd_alloc(const struct compute *compute, uint64_t va, uint64_t size, uint32_t flags,
              uint64_t *out_handle);
int kfd_map(const struct compute *compute, uint64_t handle);
int kfd_unmap(const struct compute *compute, uint64_t handle);
int kfd_map_many(const struct compute *compute, uint64_t handle, const uint32_t *gpu_ids,
                 uint32_t count, uint32_t *n_success);
int kfd_free(const struct compute *compute, uint64_t handle);
int kfd_export(const struct compute *compute, uint64_t handle, int *out_dmabuf);
int kfd_import(const struct compute *compute, int dmabuf, uint64_t va, uint64_t *out_handle);
/* Registers host memory at its own address, with access for the GPU. */
int kfd_svm(const struct compute *compute, void *memory, uint64_t size);
/* Host addresses that are reserved, as the thunk reserves what it hands out. */
uint64_t reserve(uint64_t size);
/* Allocated, mapped, and visible to the CPU at its own address. */
uint64_t compute_buffer(const struct compute *compute, uint64_t size, uint32_t flags,
                        uint64_t *out_handle);

/* ---- an SDMA queue, which copies for us ---- */

struct queue {
    uint32_t id;
    uint32_t *ring;
    volatile uint64_t *write, *read, *doorbell;
    uint64_t position; /* bytes */
};

int queue_create(const struct compute *compute, struct queue *out_queue);
/* Does not wait. */
void queue_post(struct queue *queue, uint64_t to, uint64_t from, uint32_t bytes);
/* False: the copy did not happen within ten seconds (the queue stopped at a fault). */
bool queue_copy(struct queue *queue, uint64_t to, uint64_t from, uint32_t bytes);

#endif
