/* SPDX-License-Identifier: MIT
 *
 * What the KFD contract tests share: a process with /dev/kfd and render nodes open, and ioctls on
 * them that answer 0 or a negative errno, as the kernel's handlers do.
 *
 * Every test runs between kfd_setup() and kfd_teardown(); the latter plays the end of the process,
 * so that leaks of one test show in it.
 */
#ifndef TESTS_CONTRACT_KFD_SUPPORT_H
#define TESTS_CONTRACT_KFD_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "softgpu/device/machine.h"
#include "softgpu/front/kfd/kfd_uapi.h"
#include "softgpu/front/nodes.h"
#include "tests/contract/kfd/fake_cp.h"

#define PAGE 4096u

/* cmocka's shape: int fn(void **state). */
int kfd_setup(void **state);
int kfd_teardown(void **state);

#define kfd_test(name) cmocka_unit_test_setup_teardown(name, kfd_setup, kfd_teardown)

/* Valid between setup and teardown. */
extern int kfd_fd;
extern struct soft_machine *machine;

/* Is the kernel profile under test at least this one? */
bool kernel_at_least(const char *name);

uint32_t gpu(unsigned index); /* gpu_id */

/* On any descriptor of ours. */
int call(int fd, unsigned long request, void *argument);
int kfd(unsigned long request, void *argument); /* on kfd_fd */

/* A fresh open file of a GPU's render node; closed by the test or at teardown. */
int render_open(unsigned index);
struct drm_file *render_file(int fd);
/* ACQUIRE_VM. */
int acquire(int fd, uint32_t gpu_id);
/* Opens a render node of the GPU and acquires its VM; returns the descriptor. */
int acquire_fresh(unsigned index);
/* The VM behind a descriptor. */
struct gpu_vm *vm_of(int fd);

#define READ_WRITE (KFD_ALLOC_FLAG_WRITABLE | KFD_IOC_ALLOC_MEM_FLAGS_EXECUTABLE)

int alloc(uint32_t gpu_id, uint64_t va, uint64_t size, uint32_t flags, uint64_t *out_handle);
int free_bo(uint64_t handle);
int map_to(uint64_t handle, uint32_t gpu_id);
int unmap_from(uint64_t handle, uint32_t gpu_id);
/* VRAM at `va`, mapped on `gpu_id`; fails the test when that does not work. */
uint64_t alloc_and_map(uint32_t gpu_id, uint64_t va, uint64_t size, uint32_t flags);

/* A VA for the nth buffer of a test: 1 GiB apart, from 64 GiB on. */
uint64_t va_at(unsigned n);

/* Anonymous host memory, readable and writable; given back by the test. */
void *host_alloc(size_t size);

int create_event(uint32_t type, bool auto_reset, uint32_t *out_id);

/* A queue's buffers, allocated and mapped on `index`, and the arguments that name them. */
struct kfd_create_queue_args queue_args(unsigned index, uint32_t type, unsigned slot);
int create_queue(struct kfd_create_queue_args *args);
/* Bytes of a queue's context save area with the debugger's room behind it, in whole pages. */
uint64_t save_area_bytes(unsigned index);

#endif
