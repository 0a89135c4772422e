/* SPDX-License-Identifier: MIT
 *
 * A drm_file: one open of a card or render node, with the GPU VM that every open creates. The
 * reference count stands for the kernel's `struct file`: one for the user's descriptors together
 * (dup, fork and SCM_RIGHTS copies share it), one for KFD after ACQUIRE_VM.
 *
 * Thread safety: all functions from any thread.
 */
#ifndef SOFTGPU_VM_FILE_H
#define SOFTGPU_VM_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "softgpu/vm/vm.h"

struct drm_file;
struct vm_process_info;

/* What the front adds to a file (syncobjs, contexts, BO lists); destroyed with the file. */
struct drm_file_front {
    void (*destroy)(struct drm_file_front *front);
};

/* `device`, `heaps`: the GPU whose node was opened; `render`: renderD* (not card*). */
rw_status drm_file_create(unsigned device, struct mem_heaps *heaps,
                          const struct gpu_vm_limits *limits, bool render,
                          struct drm_file **out_file) RW_MUST_USE;
struct drm_file *drm_file_get(struct drm_file *file);
void drm_file_put(struct drm_file *file);

unsigned drm_file_device(const struct drm_file *file);
bool drm_file_is_render(const struct drm_file *file);
struct gpu_vm *drm_file_vm(struct drm_file *file);
struct drm_file_front *drm_file_front(struct drm_file *file);
void drm_file_set_front(struct drm_file *file, struct drm_file_front *front);

/* GEM handles: u32 from 1 on, lowest free number first. A handle holds a BO reference, and a
 * BO has at most one handle per file when it comes from a dma-buf (drm_prime). */
rw_status drm_file_handle_create(struct drm_file *file, struct mem_bo *bo,
                                 uint32_t *out_handle) RW_MUST_USE;
rw_status drm_file_handle_find_or_create(struct drm_file *file, struct mem_bo *bo,
                                         uint32_t *out_handle) RW_MUST_USE;
/* Has the BO, or an import of it into this file's device, a handle here already? */
bool drm_file_handle_find(struct drm_file *file, const struct mem_bo *bo, uint32_t *out_handle);
/* New BO reference, or NULL when unknown. */
struct mem_bo *drm_file_handle_lookup(struct drm_file *file, uint32_t handle);
/* Calls `visit` for each handle in ascending order, with the file's lock held; stops when it
 * returns false. */
void drm_file_handle_each(struct drm_file *file,
                          bool (*visit)(void *context, uint32_t handle, const struct mem_bo *bo),
                          void *context);
/* Drops the handle and, with the last one, the GEM mappings of the BO: their translations behind
 * `ticket` (gpu_vm_unmap_behind). EINVAL when unknown. */
rw_status drm_file_handle_close_behind(struct drm_file *file, uint32_t handle,
                                       uint64_t ticket) RW_MUST_USE;
rw_status drm_file_handle_close(struct drm_file *file, uint32_t handle) RW_MUST_USE;

/* mmap permission per file: handle holders, and BOs that KFD allocated in the acquired VM. */
void drm_file_mmap_allow(struct drm_file *file, struct mem_bo *bo);
void drm_file_mmap_revoke(struct drm_file *file, struct mem_bo *bo);
bool drm_file_mmap_allowed(struct drm_file *file, struct mem_bo *bo);

/* ---- compute: what ACQUIRE_VM does to a VM (amdgpu_amdkfd_gpuvm_acquire_process_vm) ---- */

/* Makes the file's VM a compute VM of `*info`; creates *info for the process's first VM. EINVAL
 * when the VM already belongs to a process_info, whosever. Takes no file reference: the caller
 * keeps the one it got with the fd. `require_empty`: kernels before 6.5 refuse used VMs. */
rw_status gpu_vm_acquire_compute(struct drm_file *file, struct vm_process_info **info,
                                 bool require_empty) RW_MUST_USE;
/* Leaves the process_info; the last VM to leave destroys it and sets *info to NULL. */
void gpu_vm_release_compute(struct drm_file *file, struct vm_process_info **info);
bool gpu_vm_is_compute(const struct gpu_vm *vm);

#endif
