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
 * Within the shared VM an address means one thing. The shim knows every buffer of both sides by
 * address, keeps the two sides' addresses apart, keeps graphics buffers where queues can find
 * them, and explains what it refuses. The rules (W1..W14) are those of docs/contract.md.
 *
 * Environment:
 *   ROCWELD_SHARE=auto         share where it is sound, else run with two VMs and say so (default)
 *   ROCWELD_SHARE=require      share even on a KFD older than 1.15, which needs compute's VM to be
 *                              acquired when a node is opened; what cannot be shared is an error
 *   ROCWELD_SHARE=off          do nothing
 *   ROCWELD_VA=guard           keep graphics and compute addresses apart (default)
 *   ROCWELD_VA=off             leave addresses to the kernel's own checks
 *   ROCWELD_RESIDENCY=auto     every private graphics buffer that is mapped in the shared VM stays
 *                              where running queues find it, from the first queue on (default)
 *   ROCWELD_RESIDENCY=explicit only what kmt_shim_bo_make_resident() names
 *   ROCWELD_RESIDENCY=off      none: the kernel may move graphics buffers under running queues
 *   ROCWELD_VM_MAP=FILE        at the process's end, draw who had which addresses when, as SVG
 *
 * Errors are returned as negative errno numbers; each is explained by one line on stderr (see
 * ROCWELD_LOG, area "shim"). Thread safety: every function from any thread, not from signal
 * handlers. A child made by fork() starts afresh: a VM belongs to the process that acquired it.
 *
 * GPUs are named by the minor number of their render node (128 = /dev/dri/renderD128). Sizes,
 * offsets and addresses are in bytes. GPU addresses are those that ioctls take: canonical, with
 * the high range of graphics sign-extended from bit 47.
 */
#ifndef KMT_SHIM_H
#define KMT_SHIM_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum kmt_shim_policy { KMT_SHIM_AUTO, KMT_SHIM_REQUIRE, KMT_SHIM_OFF };

/* ---- The VM ---- */

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

/* What is known of the VM of the GPU with this render node. -EINVAL: there is no render node of
 * such a number. */
int kmt_shim_vm_query(unsigned render_minor, struct kmt_shim_vm *out_vm);

/* A new close-on-exec descriptor of the shared file; the caller closes it. -ENOENT: nothing is
 * settled for this GPU. */
int kmt_shim_vm_open(unsigned render_minor, int *out_fd);

/* A new close-on-exec file of the node with a VM of its own, shared with nobody: for clients that
 * want isolation within a sharing process. The caller closes it. Errors are open(2)'s. */
int kmt_shim_vm_open_separate(unsigned render_minor, int *out_fd);

/* ---- Buffers by address (W5) ---- */

/* Which interface a buffer was made by. */
enum kmt_shim_api {
    KMT_SHIM_GEM,         /* DRM: GEM_CREATE, or an import into the DRM file */
    KMT_SHIM_GEM_USERPTR, /* DRM: host memory; queues must not touch it (W8) */
    KMT_SHIM_KFD,         /* KFD: VRAM or GTT */
    KMT_SHIM_KFD_USERPTR, /* KFD: host memory */
    KMT_SHIM_KFD_DEVICE,  /* KFD: doorbells, remapped registers */
    KMT_SHIM_SVM,         /* host memory shared at its own address */
};

enum kmt_shim_bo_flags {
    KMT_SHIM_BO_VRAM = 1 << 0,         /* may be placed in VRAM */
    KMT_SHIM_BO_GTT = 1 << 1,          /* may be placed in system memory */
    KMT_SHIM_BO_ALWAYS_VALID = 1 << 2, /* AMDGPU_GEM_CREATE_VM_ALWAYS_VALID */
    KMT_SHIM_BO_RESIDENT = 1 << 3,     /* counted by the KFD: evicted only with queues stopped */
    KMT_SHIM_BO_IMPORTED = 1 << 4,     /* came by a DMABuf */
    KMT_SHIM_BO_READ = 1 << 5,         /* rights of this mapping */
    KMT_SHIM_BO_WRITE = 1 << 6,
    KMT_SHIM_BO_EXECUTE = 1 << 7,
};

/* A 64-bit name of a buffer, unique in the process (W6): 0 is none. The device's KFD gpu_id is in
 * bits 32..61, the device's own handle in the lower half; bits 62 and 63 tell the two handle
 * spaces apart, so a GEM handle never passes for a KFD handle. */
typedef uint64_t kmt_shim_handle;

/* One mapping in a shared VM, and the buffer behind it. */
struct kmt_shim_range {
    uint64_t start;         /* GPU address */
    uint64_t size;          /* of the mapping */
    uint64_t bo_offset;     /* where in the buffer the mapping begins */
    uint64_t bo_size;       /* of the buffer */
    kmt_shim_handle handle; /* 0 for SVM */
    enum kmt_shim_api api;
    uint32_t flags;        /* enum kmt_shim_bo_flags */
    unsigned render_minor; /* the GPU in whose VM it is mapped */
    uint32_t owner_gpu_id; /* the GPU whose memory it is; another one for peer mappings */
};

/* The mapping that covers `address` in the VM of this GPU; `render_minor` 0: of any GPU, lowest
 * minor first. O(log n), takes no lock, whatever other threads map and unmap: the answer is the
 * whole of one mapping as it was at one moment during the call. -ENOENT: nothing is mapped there,
 * or the VM is not shared. */
int kmt_shim_lookup(unsigned render_minor, uint64_t address, struct kmt_shim_range *out_range);

/* One line on an address, for people: what is there, or what is nearest and how far away. At most
 * `size` bytes, always terminated; returns the length that a large enough buffer would need. */
size_t kmt_shim_explain(unsigned render_minor, uint64_t address, char *text, size_t size);

/* Calls `visit` for every mapping of this GPU's VM (0: of all GPUs) in address order until it
 * returns nonzero, which is then the result. `visit` may call the shim; it sees mappings that were
 * there throughout the walk, and of those that come and go meanwhile some. */
int kmt_shim_for_each_range(unsigned render_minor,
                            int (*visit)(void *context, const struct kmt_shim_range *range),
                            void *context);

/* ---- Handles (W6) ---- */

/* The process-wide handle of a GEM handle of the shared file. -ENOENT: no such buffer. */
int kmt_shim_handle_of_gem(unsigned render_minor, uint32_t gem_handle, kmt_shim_handle *out_handle);
/* Of a handle that the KFD gave out (its own 64 bits). -ENOENT: no such buffer. */
int kmt_shim_handle_of_kfd(uint64_t kfd_handle, kmt_shim_handle *out_handle);

struct kmt_shim_bo {
    enum kmt_shim_api api;
    uint32_t flags;        /* enum kmt_shim_bo_flags; rights are a mapping's */
    unsigned render_minor; /* the device whose object it is */
    uint32_t gem_handle;   /* 0 for KFD buffers */
    uint64_t kfd_handle;   /* as the KFD has it; meaningful for KFD buffers only */
    uint64_t size;
    unsigned mappings; /* in shared VMs */
};

/* What a handle names now. -EINVAL: it can be nobody's handle (wrong space, no such GPU); -ENOENT:
 * it names no living buffer. A number may be given out anew after its buffer is freed, as the
 * kernel does it. */
int kmt_shim_bo_query(kmt_shim_handle handle, struct kmt_shim_bo *out_bo);

/* ---- Residency (W8, W9) and several GPUs (W12) ---- */

/* Makes the KFD count a graphics buffer into compute's working set, so that the kernel moves it
 * only with queues stopped and their page tables brought up to date: one DMABuf import without an
 * address, kept until the buffer's last GEM handle is closed. Nothing to do, and 0, for what
 * needs none (KFD buffers, always-valid ones, those done before). All that is resident in VRAM is
 * there at once; a buffer that no longer fits is placed in system memory.
 *
 *   -EPERM    a GEM userptr: its pages may go without queues being stopped; register the memory
 *             with the KFD instead (hipHostRegister, hsa_amd_memory_lock)
 *   -ENOENT   no such buffer
 *   -ENODEV   the VM is not shared, or compute has not started
 *   -ENOTSUP  ROCWELD_RESIDENCY=off
 *   others    as PRIME_HANDLE_TO_FD and IMPORT_DMABUF fail */
int kmt_shim_bo_make_resident(kmt_shim_handle handle);
/* The same for many at fewer system calls; stops at the first that fails. `out_done` may be NULL.
 */
int kmt_shim_bos_make_resident(const kmt_shim_handle *handles, size_t count, size_t *out_done);

/* A second object for the buffer on another GPU's shared file, as GPUs share memory but not
 * objects: its GEM handle there, to be closed by the caller as GEM handles are. -EPERM: always
 * valid or userptr. -ENODEV: nothing is settled for that GPU. */
int kmt_shim_bo_share(kmt_shim_handle handle, unsigned to_render_minor,
                      kmt_shim_handle *out_handle);

/* ---- DMABufs (W7) ---- */

/* Where the buffer behind a DMABuf is mapped already in the VM of this GPU, if it is, so that an
 * importer need not map it again. -ENOENT: it is not. -EBADF, -EINVAL: no DMABuf. */
int kmt_shim_lookup_dmabuf(unsigned render_minor, int dmabuf_fd, struct kmt_shim_range *out_range);

/* ---- Events ---- */

enum kmt_shim_event_kind {
    KMT_SHIM_EVENT_SETTLED,  /* which file's VM it is has been decided */
    KMT_SHIM_EVENT_ACQUIRED, /* the KFD uses the VM */
    KMT_SHIM_EVENT_MAPPED,   /* `range` */
    KMT_SHIM_EVENT_UNMAPPED, /* `range`, as it was */
    KMT_SHIM_EVENT_RESIDENT, /* `range`: any one mapping of the buffer */
    KMT_SHIM_EVENT_REFUSED,  /* `text` */
    KMT_SHIM_EVENT_FALLBACK, /* two VMs: `text` */
    KMT_SHIM_EVENT_FAULT,    /* a GPU fault at `address`: `text` explains it */
};

struct kmt_shim_event {
    enum kmt_shim_event_kind kind;
    unsigned render_minor;              /* 0 where no single GPU is meant */
    uint64_t address;                   /* of FAULT */
    const struct kmt_shim_range *range; /* NULL for other kinds; valid during the call */
    const char *text;                   /* likewise */
};

/* `notify` is called on the thread that caused the event, after it took effect and with no lock
 * held; it may call the shim, and must not block. Mapping events of one VM come in the order of
 * the mappings only if the program orders its calls. -ENOMEM. */
int kmt_shim_subscribe(void (*notify)(void *context, const struct kmt_shim_event *event),
                       void *context, int *out_subscription);
/* When it returns, `notify` is not running on another thread and will not be called again.
 * -ENOENT: no such subscription. */
int kmt_shim_unsubscribe(int subscription);

/* ---- Policy and counters ---- */

enum kmt_shim_policy kmt_shim_policy_get(void);
/* As ROCWELD_SHARE. -EBUSY: a VM is settled already. */
int kmt_shim_policy_set(enum kmt_shim_policy policy);

/* Since the process began (a forked child counts from its fork). */
struct kmt_shim_counters {
    uint64_t acquires;       /* ACQUIRE_VM ioctls that the kernel granted */
    uint64_t shared_opens;   /* opens answered by a descriptor of the shared file */
    uint64_t separate_opens; /* opens of render nodes that made a file, hence a VM, of their own */
    uint64_t refusals;       /* imports, acquires, mappings and uses that were refused */
    uint64_t fallbacks;      /* times two VMs were left to be */
    uint64_t kfd_ioctls;     /* that the program and its libraries made */
    uint64_t drm_ioctls;     /* likewise, on amdgpu nodes */
    uint64_t shim_calls;     /* system calls that the shim added to them */
    uint64_t shim_fds;       /* descriptors that the shim holds now */
    uint64_t shim_objects;   /* KFD objects that the shim holds now, for residency */
    uint64_t gem_objects;    /* living, of the shared files */
    uint64_t kfd_objects;    /* living, the shim's own not counted */
    uint64_t ranges;         /* living mappings in shared VMs */
    uint64_t bytes;          /* mapped in shared VMs */
};
void kmt_shim_counters_read(struct kmt_shim_counters *out_counters);

#ifdef __cplusplus
}
#endif
#endif
