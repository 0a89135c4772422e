/* SPDX-License-Identifier: MIT
 *
 * kmt-shim: one GPU virtual memory (VM) for graphics and compute of a process.
 *
 * librocweld-kmt-shim.so stands between a process and the kernel's user API, by LD_PRELOAD or by
 * linking in front of libc. It makes the KFD acquire the VM of a DRM file that graphics uses:
 *
 *   1. the file that the program imported with kmt_shim_import_drm_fd(), else
 *   2. the file of the GPU's render node that this process has open when the ROCm thunk opens the
 *      node (one on which amdgpu ioctls were made comes before one that is only open), else
 *   3. the file that the thunk opens.
 *
 * Once settled, the choice holds until the process ends: every later open(O_RDWR) of that render
 * node by path, by the thunk or by a graphics client, returns a descriptor of the same file.
 *
 * Environment:
 *   ROCWELD_SHARE=auto     share where it is sound, else run with two VMs and say so (the default)
 *   ROCWELD_SHARE=require  share even on a KFD older than 1.15; what cannot be shared is an error
 *   ROCWELD_SHARE=off      do nothing
 *
 * Errors are returned as negative errno numbers; each is explained by one line on stderr (see
 * ROCWELD_LOG, area "shim"). Thread safety: every function from any thread, not from signal
 * handlers. A child made by fork() starts afresh: a VM belongs to the process that acquired it.
 */
#ifndef KMT_SHIM_H
#define KMT_SHIM_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum kmt_shim_policy { KMT_SHIM_AUTO, KMT_SHIM_REQUIRE, KMT_SHIM_OFF };

/* Whose file a shared VM is. */
enum kmt_shim_source {
    KMT_SHIM_NONE,     /* not settled yet, or not shared */
    KMT_SHIM_IMPORTED, /* the program's, handed in */
    KMT_SHIM_GRAPHICS, /* a graphics client's, found open */
    KMT_SHIM_THUNK,    /* the thunk's own */
};

struct kmt_shim_vm {
    enum kmt_shim_source source;
    uint32_t gpu_id; /* the KFD's; 0 until the VM has been acquired */
    int acquired;    /* 1 once the KFD uses it */
};

/* Since the process began (a forked child counts from its fork). */
struct kmt_shim_counters {
    uint64_t acquires;       /* ACQUIRE_VM ioctls that the kernel granted */
    uint64_t shared_opens;   /* opens answered by a descriptor of the shared file */
    uint64_t separate_opens; /* opens of render nodes that made a file, hence a VM, of their own */
    uint64_t refusals;       /* imports, acquires and uses that were refused */
    uint64_t fallbacks;      /* times two VMs were left to be */
};

/* Makes the VM of `drm_fd` (render or primary node of an amdgpu GPU) the VM of its GPU. The shim
 * takes a reference of its own: the caller keeps its descriptor and may close it at once. `gpu_id`:
 * the KFD's id of the GPU that the caller means, or 0 for whichever it is.
 *
 *   -EBADF    drm_fd is not open
 *   -EINVAL   it is not a file of an amdgpu GPU, or that of another GPU than gpu_id
 *   -EBUSY    this GPU's VM is that of another file already
 *   -ENOTSUP  sharing is off, or the KFD is too old (see ROCWELD_SHARE)
 *   -EMFILE   no descriptor is left
 *
 * Importing the same file again returns 0. */
int kmt_shim_import_drm_fd(uint32_t gpu_id, int drm_fd);

/* What is known of the VM of the GPU with this render node (128 = /dev/dri/renderD128).
 * -EINVAL: there is no render node of such a number. */
int kmt_shim_vm_query(unsigned render_minor, struct kmt_shim_vm *out_vm);

/* A new close-on-exec descriptor of the shared file; the caller closes it. -ENOENT: nothing is
 * settled for this GPU. */
int kmt_shim_vm_open(unsigned render_minor, int *out_fd);

enum kmt_shim_policy kmt_shim_policy_get(void);
void kmt_shim_counters_read(struct kmt_shim_counters *out_counters);

#ifdef __cplusplus
}
#endif
#endif
