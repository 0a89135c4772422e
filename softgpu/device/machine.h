/* SPDX-License-Identifier: MIT
 *
 * The machine that this process sees: its software GPUs and the kernel they pretend to run under.
 * Built once, on first use, from the environment:
 *
 *     ROCWELD_GPU=soft[:gfx1030[,gfx1030...]]   (default soft:gfx1030)
 *     ROCWELD_VRAM=SIZE   bytes with K/M/G suffix, per GPU (default: the profile's)
 *     ROCWELD_CUS=N       active compute units of each GPU, even (default: the profile's)
 *     ROCWELD_KERNEL=5.10|6.1|6.12|7.2   (default 6.12)
 *     ROCWELD_THREADS=N   worker threads (default: the CPUs this process may run on)
 *
 * Every process that reads sysfs gets a description; memory (`heaps`) is made only for those
 * that open a device node.
 *
 * After fork() the child's first use builds a machine of its own; descriptors of the parent's
 * nodes do not reach it (kernel contract: EBADF on /dev/kfd).
 *
 * Thread safety: all functions from any thread; the result is immutable, but for `heaps`, which
 * soft_machine() fills in before it returns, and `cp`, which its owner guards.
 */
#ifndef SOFTGPU_DEVICE_MACHINE_H
#define SOFTGPU_DEVICE_MACHINE_H

#include <stdint.h>
#include <sys/types.h>

#include "base/status.h"
#include "softgpu/device/profile.h"
#include "softgpu/mem/heaps.h"

#define SOFT_MAX_DEVICES 8

/* Character device numbers. The KFD's major is a dynamic one on real systems. */
#define SOFT_DRM_MAJOR          226
#define SOFT_KFD_MAJOR          511
#define SOFT_RENDER_MINOR_FIRST 128

struct soft_device {
    unsigned index;
    const struct gpu_profile *profile; /* `own_profile` of this device, or a model's */
    struct gpu_profile own_profile;    /* a model's, less the compute units that are switched off */
    uint32_t gpu_id;                   /* KFD: 16-bit hash, never 0 */
    uint64_t unique_id;                /* as a board's serial number */
    uint32_t kfd_node;                 /* topology node number; CPU nodes come first */
    unsigned card_minor;               /* card0: 226:0 */
    unsigned render_minor;             /* renderD128: 226:128 */
    uint32_t pci_domain, pci_bus, pci_device, pci_function;
    uint32_t pci_root_bus; /* of the host bridge above it */
    uint64_t vram_bytes, gtt_bytes;
    struct mem_heaps *heaps; /* NULL in a mere description */
    void *cp;                /* struct cp_device, made by the front when first used */
    /* Resets the whole GPU, as the kernel's amdgpu_gpu_recover. NULL until a node is opened. */
    void (*_Atomic recover)(struct soft_device *device);
};

struct soft_machine {
    const struct kernel_profile *kernel;
    unsigned device_count;
    struct soft_device devices[SOFT_MAX_DEVICES];
    unsigned threads;
    pid_t pid; /* of the process that built it */
};

/* The process's machine; NULL when it cannot be built (the reason has been logged), and errno is
 * what an open of its nodes is to say: EMFILE, ENFILE, else ENODEV. */
struct soft_machine *soft_machine(void);

/* The same object without the promise that it has memory: cheap, for sysfs and the like. */
const struct soft_machine *soft_machine_describe(void);

/* Whether the environment describes a machine; if not, which variable is wrong and how. */
rw_status soft_machine_check(void) RW_MUST_USE;

/* The value of ROCWELD_VRAM as bytes: a size, and one that a GPU can have. */
rw_status soft_vram_parse(const char *text, uint64_t *out_bytes) RW_MUST_USE;

/* The value of ROCWELD_CUS as a number of compute units that some GPU may have. */
rw_status soft_cus_parse(const char *text, unsigned *out_cus) RW_MUST_USE;

struct soft_device *soft_device_by_gpu_id(struct soft_machine *machine, uint32_t gpu_id);

/* GPU constant clock: CLOCK_MONOTONIC_RAW scaled to the profile's rate, in ticks. */
uint64_t soft_device_clock(const struct soft_device *device);

#endif
