/* SPDX-License-Identifier: MIT
 *
 * rocweld's runtime: what a program of ROCm (HIP, OpenCL, HSA) that shares a GPU virtual memory
 * (VM) with graphics can ask and do. Library: librocweld.so. It links the HSA runtime and libdrm,
 * never HIP or Mesa.
 *
 *   1. Order between the two sides (bridge): HSA signals and HIP streams on one side, points of
 *      DRM timeline syncobjs (Vulkan timeline semaphores) on the other.
 *   2. Questions about the shared VM, answered by librocweld-kmt-shim.so. Without the shim, or with
 *      ROCWELD_SHARE=off, they answer "not shared"; the bridge works all the same.
 *
 * Errors are returned as negative errno numbers; each unexpected one is explained by one line on
 * stderr (see ROCWELD_LOG, area "runtime"). -ENOMEM, -EMFILE may come from everything that makes
 * something and are not listed again.
 *
 * Thread safety: every function from any thread, but not from signal handlers; an object must not
 * be in use by one thread while another destroys it. A callback of HIP or HSA counts as any thread.
 *
 * fork: objects belong to the process that made them. In a child every function that takes one
 * returns -EBADF, and destroying does nothing; descriptors are close-on-exec.
 */
#ifndef ROCWELD_H
#define ROCWELD_H

#include <stddef.h>
#include <stdint.h>

#include <hsa/hsa.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ================ The bridge ================
 *
 * A hand-over makes one side's work wait for the other's:
 *
 *   compute -> graphics   when an HSA signal (or a HIP stream) gets there, a timeline's point is
 *                         signalled
 *   graphics -> compute   when a timeline's point is signalled, an HSA signal (or a word of memory
 *                         that a HIP stream waits for) is written
 *
 * The bridge sleeps in the kernel on both sides; it copies no data and does not poll (the HSA
 * runtime itself looks at a signal for some 200 us before it sleeps).
 *
 * A graphics ring must never wait for a compute queue: while the kernel restores evicted queues it
 * waits for all graphics jobs of the VM, and a job that waits for such a queue would never end.
 * Nothing here can make it: a point has no fence at all until compute is done, and then a signalled
 * one. So a submission that waits for it is held back by user space (a Vulkan driver does this for
 * timeline semaphores) or refused by the kernel; it never sits in a ring. Compute queues may wait
 * for graphics.
 *
 * Memory: what compute wrote before it released at system scope is visible to graphics work that
 * waits for the point, and what graphics work wrote before its point was signalled is visible to
 * kernels that acquire at system scope (HIP's and HSA's defaults) after the signal.
 */

typedef struct rocweld_bridge rocweld_bridge;
typedef struct rocweld_timeline rocweld_timeline;
typedef struct rocweld_handover rocweld_handover;

/* A bridge for the GPU of `agent`. Holds a reference of the HSA runtime (hsa_init) and a descriptor
 * of the GPU's render node; starts at most two threads, when first needed.
 *
 *   -EINVAL   not a GPU agent, or the HSA runtime is not initialised
 *   others    as opening the render node fails */
int rocweld_bridge_create(hsa_agent_t agent, rocweld_bridge **out_bridge);

/* Ends the bridge and all of its timelines. Hand-overs that are pending end with -ECANCELED. NULL
 * is allowed. Not from a callback of HIP or HSA. */
void rocweld_bridge_destroy(rocweld_bridge *bridge);

struct rocweld_bridge_counters {
    uint64_t to_graphics; /* hand-overs done, compute -> graphics */
    uint64_t to_compute;  /* done, graphics -> compute */
    uint64_t failed;      /* ended otherwise, cancelled ones included */
    uint64_t pending;     /* not ended yet */
    uint64_t drm_calls;   /* system calls on the render node for hand-overs */
    uint64_t wakeups;     /* times that a thread of the bridge woke up */
};
int rocweld_bridge_counters_read(rocweld_bridge *bridge,
                                 struct rocweld_bridge_counters *out_counters);

/* ---- Timelines ---- */

/* A new timeline, a DRM syncobj, at point 0. */
int rocweld_timeline_create(rocweld_bridge *bridge, rocweld_timeline **out_timeline);

/* The timeline behind a descriptor of a syncobj: from rocweld_timeline_export_fd(),
 * drmSyncobjHandleToFD(), or vkGetSemaphoreFdKHR() of a timeline semaphore with
 * VK_EXTERNAL_SEMAPHORE_HANDLE_TYPE_OPAQUE_FD_BIT on Mesa's drivers. The caller keeps the
 * descriptor and may close it at once.
 *
 *   -EINVAL   no descriptor of a syncobj */
int rocweld_timeline_import_fd(rocweld_bridge *bridge, int syncobj_fd,
                               rocweld_timeline **out_timeline);

/* A new close-on-exec descriptor of the syncobj; the caller closes it, or gives it away:
 * vkImportSemaphoreFdKHR() takes it over. */
int rocweld_timeline_export_fd(rocweld_timeline *timeline, int *out_fd);

/* The last point that was signalled. */
int rocweld_timeline_query(rocweld_timeline *timeline, uint64_t *out_point);

/* Sleeps until the point is signalled, submitted or not yet. `timeout_ns` from now; UINT64_MAX:
 * for ever. -ETIME: it was not. */
int rocweld_timeline_wait(rocweld_timeline *timeline, uint64_t point, uint64_t timeout_ns);

/* Pending hand-overs end with -ECANCELED. Those that hold the syncobj by other ways keep it. NULL
 * is allowed. */
void rocweld_timeline_destroy(rocweld_timeline *timeline);

/* ---- Hand-overs ----
 *
 * `out_handover` may be NULL: the bridge then owns the hand-over, and says on stderr if it fails.
 * Else the caller owns a handle and gives it back with rocweld_handover_release(), before or after
 * the hand-over, its timeline or its bridge has ended.
 */

/* Compute -> graphics: `point` is signalled once `signal` meets `condition` with `value`, and all
 * hand-overs to this timeline that came before have been made: points are signalled in order, and
 * several that are ready together by one call. The signal must live, and having met the condition
 * must go on meeting it, until the hand-over has ended (a dispatch's completion signal that counts
 * down to 0 does). Do not wait for the signal by hsa_signal_wait_*() meanwhile: of two waiters the
 * HSA runtime lets one sleep; wait for the hand-over.
 *
 *   -EINVAL   `point` is not above those handed over before, or not above 0; a wrong condition
 *   -ENOTSUP  the signal raises no event, so that one would have to poll: made with
 *             HSA_AMD_SIGNAL_AMD_GPU_ONLY, or HSA_ENABLE_INTERRUPT=0 */
int rocweld_handover_from_signal(rocweld_timeline *timeline, uint64_t point, hsa_signal_t signal,
                                 hsa_signal_condition_t condition, hsa_signal_value_t value,
                                 rocweld_handover **out_handover);

/* Compute -> graphics, by a call: `point` is signalled, in order as above, once
 * rocweld_handover_complete() is called. `out_handover` is not NULL.
 *
 *   -EINVAL   as above */
int rocweld_handover_from_call(rocweld_timeline *timeline, uint64_t point,
                               rocweld_handover **out_handover);
/* `handover`: from rocweld_handover_from_call(); gives the handle back. A hipHostFn_t, for
 * hipLaunchHostFunc(). Does nothing when the hand-over has been cancelled. */
void rocweld_handover_complete(void *handover);

/* Graphics -> compute: once `point` is signalled, by whatever means and whether submitted yet or
 * not, `value` is stored to `signal` (release). The signal must live until the hand-over has ended.
 * Hand-overs of one timeline are made in the order of their points.
 *
 *   -EINVAL   `point` is 0 */
int rocweld_handover_to_signal(rocweld_timeline *timeline, uint64_t point, hsa_signal_t signal,
                               hsa_signal_value_t value, rocweld_handover **out_handover);
/* The same into an aligned word of memory that the CPU can write: one atomic store, a release. */
int rocweld_handover_to_memory(rocweld_timeline *timeline, uint64_t point, uint64_t *word,
                               uint64_t value, rocweld_handover **out_handover);

/* Sleeps until the hand-over has ended. 0: it has been made. -ETIME: not within `timeout_ns`
 * (UINT64_MAX: for ever). -ECANCELED: cancelled. Others: as the kernel refused it. */
int rocweld_handover_wait(rocweld_handover *handover, uint64_t timeout_ns);

/* Takes a pending hand-over back: once this returns it will not be made, and its signal or memory
 * may go. -EALREADY: it has ended. A point that was to be signalled is then left out; it counts as
 * signalled once a later one is. */
int rocweld_handover_cancel(rocweld_handover *handover);

/* Gives the handle back; the hand-over goes on. NULL is allowed. */
void rocweld_handover_release(rocweld_handover *handover);

/* ---- HIP streams ----
 *
 * `stream` is a hipStream_t of the bridge's GPU. HIP is found in the process, not linked.
 *
 *   -ENOSYS   no HIP library is loaded, or it lacks the function (the log says which)
 *   -EIO      HIP refused (the log has its error) */

/* Compute -> graphics: `point` is signalled when all that was put into the stream before is done.
 * By hipLaunchHostFunc(), or hipStreamAddCallback() where HIP has no such function: later work of
 * the stream waits for that short call. -EINVAL as rocweld_handover_from_call(). */
int rocweld_hip_signal_point(rocweld_timeline *timeline, uint64_t point, void *stream);

/* Graphics -> compute: what is put into the stream after this waits until `point` is signalled; the
 * calling thread does not. By hipStreamWaitValue64() on signal memory of HIP that belongs to the
 * timeline: destroy a timeline only when the streams that wait have gone on. Points below 2^63. */
int rocweld_hip_wait_point(rocweld_timeline *timeline, uint64_t point, void *stream);

/* ================ The shared VM ================ */

struct rocweld_vm {
    uint32_t gpu_id;       /* the KFD's */
    unsigned render_minor; /* 128 = /dev/dri/renderD128 */
    int shared;            /* 1: graphics clients of this process use compute's VM */
};

/* -EINVAL, without a line: not a GPU agent, or the HSA runtime is not initialised. */
int rocweld_vm_of_agent(hsa_agent_t agent, struct rocweld_vm *out_vm);

/* Says that graphics uses this DRM file, whose VM must be that of the agent's GPU; see
 * kmt_shim_import_drm_fd(). The HSA runtime has acquired a VM before there are agents: so this
 * succeeds for that VM's file, and tells a program early that its file is another one (-EBUSY). To
 * choose the file, call kmt_shim_import_drm_fd() before hsa_init(). -ENOTSUP: not shared. */
int rocweld_import_drm_fd(hsa_agent_t agent, int drm_fd);

/* A new close-on-exec descriptor of the DRM file that has the agent's VM; the caller closes it.
 * -ENOTSUP: not shared. */
int rocweld_vm_open(hsa_agent_t agent, int *out_fd);

enum rocweld_owner {
    ROCWELD_OWNER_GRAPHICS, /* Vulkan, OpenGL, libdrm */
    ROCWELD_OWNER_COMPUTE,  /* HIP, OpenCL, HSA */
};

struct rocweld_address {
    uint64_t start, size; /* of the mapping */
    uint64_t bo_offset;   /* where in its buffer the mapping begins */
    enum rocweld_owner owner;
    unsigned render_minor; /* the GPU in whose VM it is; 0: not known */
    int resident;          /* 1: stays where running kernels find it */
    int host_memory;       /* 1: the CPU's memory, brought in by its address */
};

/* What a GPU sees at an address, whichever side put it there. Without the shim: compute's side
 * only. -ENOENT: nothing. */
int rocweld_address_info(const void *address, struct rocweld_address *out_info);

/* Makes a graphics buffer, named by any address in it, part of what the kernel keeps in place while
 * compute queues run; once for each buffer, see kmt_shim_bo_make_resident() for errors. Buffers of
 * compute: nothing to do, 0. -ENOTSUP: not shared. -ENOENT: nothing there. */
int rocweld_address_make_resident(const void *address);

/* One line on an address, for people; see kmt_shim_explain(). Returns the length that a large
 * enough buffer would need. */
size_t rocweld_address_explain(const void *address, char *text, size_t size);

#ifdef __cplusplus
}
#endif
#endif
