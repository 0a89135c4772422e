/* SPDX-License-Identifier: MIT
 *
 * The command processors of one device: user-mode queues (AQL, SDMA, PM4) that read packets from
 * the program's ring through the GPU VM, and the engine that runs dispatches on worker threads.
 *
 * Ownership: the caller owns queues and destroys them before their VM and their doorbell slice.
 * Thread safety: all functions from any thread, but destroy and suspend not from an owner callback.
 * Owner callbacks run on device threads without locks held; they must not destroy or suspend
 * queues, nor wait for a lock under which somebody does so.
 */
#ifndef SOFTGPU_CP_CP_H
#define SOFTGPU_CP_CP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "softgpu/isa/wave.h"
#include "softgpu/vm/vm.h"

struct cp_device;
struct cp_queue;
struct soft_device;

enum cp_queue_type { CP_QUEUE_AQL, CP_QUEUE_SDMA, CP_QUEUE_PM4 };

/* What went wrong, as the KFD numbers it (kfd_ioctl.h, enum kfd_dbg_trap_exception_code). */
enum cp_error {
    CP_ERROR_NONE = 0,
    CP_ERROR_WAVE_ABORT = 1, /* s_trap 2: llvm.trap, assert */
    CP_ERROR_WAVE_TRAP = 2,  /* any other trap, and a wave that halted itself */
    CP_ERROR_WAVE_MATH = 3,
    CP_ERROR_WAVE_ILLEGAL_INSTRUCTION = 4,
    CP_ERROR_MEMORY_VIOLATION = 5, /* page fault: comes through memory_fault() */
    CP_ERROR_APERTURE_VIOLATION = 6,
    CP_ERROR_PACKET_DIM = 16,
    CP_ERROR_PACKET_GROUP_SEGMENT = 17,
    CP_ERROR_PACKET_CODE = 18,
    CP_ERROR_PACKET_UNSUPPORTED = 20,
    CP_ERROR_PACKET_WORKGROUP_SIZE = 21,
    CP_ERROR_PACKET_REGISTERS = 22,
    CP_ERROR_PACKET_VENDOR = 23,
};

/* A GPU fault as the owner hears of it. It has been logged (area `fault`). */
struct cp_fault {
    struct isa_fault isa;   /* kind, va, access, pc, workgroup; kind NONE for a bad packet. With
                             * isa.reported the program's trap handler has told of it */
    struct cp_queue *queue; /* borrowed */
    uint64_t kernel_object; /* VA of the kernel descriptor, 0 when not in a dispatch */
    const char *engine;     /* "aql", "sdma", "pm4", "shader" */
    enum cp_error error;
    uint64_t position; /* of the packet: AQL index, SDMA byte offset, PM4 dword offset */
};

/* What a queue's owner (a KFD process or a DRM file) provides. */
struct cp_owner_ops {
    /* An interrupt with a context id: an HSA event id, as a signal's event_id or s_sendmsg's M0
     * (its low 23 bits) names it. */
    void (*interrupt)(void *owner, uint32_t event_id);
    /* A memory fault: KFD turns it into a memory exception event. The queue has stopped. */
    void (*memory_fault)(void *owner, const struct cp_fault *fault);
    /* Any other fault that stops the queue (illegal opcode, hang, bad packet). */
    void (*queue_fault)(void *owner, const struct cp_fault *fault);
    /* The program's trap handler reports exceptions of a wave: s_sendmsg(MSG_INTERRUPT) in
     * privileged mode, M0 = errors << 10 | doorbell id. Bit n-1 of `errors` is enum cp_error n.
     * May be NULL. */
    void (*exception)(void *owner, struct cp_queue *queue, uint32_t errors);
    /* A queue has run out of work and is about to sleep: the moment to arm its doorbell slice
     * (device/doorbell.h shows how). Must not block for long. May be NULL. */
    void (*idle)(void *owner);
    /* For the line that logs a fault: names the code at `pc`, or the kernel if only its descriptor
     * is known. Leaves `text` empty when it knows nothing. May be NULL. */
    void (*describe_code)(void *owner, uint64_t kernel_object, uint64_t pc, char *text,
                          size_t size);
};

struct cp_queue_desc {
    enum cp_queue_type type;
    uint32_t id; /* the owner's queue id, for logs and for traps (doorbell id) */
    struct gpu_vm *vm;
    gpu_va ring;
    uint64_t ring_bytes;
    gpu_va read_pointer, write_pointer; /* where the program's copies live */
    volatile uint64_t *doorbell;        /* device view of the queue's doorbell; NULL: wptr only.
                                         * SDMA and PM4 read it, AQL has its index in memory */
    uint32_t doorbell_id;               /* index of the doorbell in its slice */
    gpu_va eop;
    uint64_t eop_bytes;
    gpu_va cwsr;
    uint32_t priority, percent; /* percent 0 = not running */
    uint32_t engine;            /* SDMA engine */
    gpu_va tba, tma;            /* trap handler, 0 = none */
    const struct cp_owner_ops *ops;
    void *owner;
};

rw_status cp_device_create(struct soft_device *device, unsigned threads,
                           struct cp_device **out_cp) RW_MUST_USE;
void cp_device_destroy(struct cp_device *cp);

rw_status cp_queue_create(struct cp_device *cp, const struct cp_queue_desc *desc,
                          struct cp_queue **out_queue) RW_MUST_USE;
/* Stops at a packet or workgroup boundary, then frees. Work in flight is abandoned. */
void cp_queue_destroy(struct cp_queue *queue);

/* New ring, percent, priority (UPDATE_QUEUE). */
rw_status cp_queue_update(struct cp_queue *queue, gpu_va ring, uint64_t ring_bytes,
                          uint32_t percent, uint32_t priority) RW_MUST_USE;
/* `mask` holds `bits` bits, copied. */
void cp_queue_set_cu_mask(struct cp_queue *queue, const uint32_t *mask, uint32_t bits);
void cp_queue_set_trap_handler(struct cp_queue *queue, gpu_va tba, gpu_va tma);

/* Something was written to the queue's doorbell, or may have been. Cheap; never blocks. */
void cp_queue_ring(struct cp_queue *queue);
/* Has the queue nothing to do, and noticed so? (Then its doorbell slice may be armed.) A queue
 * that is suspended, has percent 0 or has stopped on a fault counts as idle. Never blocks. */
bool cp_queue_is_idle(struct cp_queue *queue);
/* Attaches the global wave sync resource (ALLOC_QUEUE_GWS): ds_gws_* work on this queue. */
rw_status cp_queue_set_gws(struct cp_queue *queue, bool attached) RW_MUST_USE;

/* Eviction and debugger: stop fetching and executing / go on. Nestable. suspend returns when the
 * queue executes nothing any more. */
void cp_queue_suspend(struct cp_queue *queue);
void cp_queue_resume(struct cp_queue *queue);
/* The same as suspend, but does not wait: what executes now stops at its next boundary. The one way
 * to stop a queue that owner callbacks may use. */
void cp_queue_hold(struct cp_queue *queue);

/* Counts since the device was created. `instructions` counts those of waves that have ended. */
struct cp_stats {
    uint64_t packets, dispatches, workgroups, waves, instructions, bytes_copied;
};
void cp_device_stats(struct cp_device *cp, struct cp_stats *out_stats);

#endif
