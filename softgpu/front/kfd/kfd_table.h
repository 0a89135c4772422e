/* SPDX-License-Identifier: MIT
 *
 * The table of /dev/kfd's ioctls: one row each, and the handlers behind them. A handler gets the
 * call as its context and a copy of the argument, which goes back to the program even when the
 * handler fails.
 */
#ifndef SOFTGPU_FRONT_KFD_TABLE_H
#define SOFTGPU_FRONT_KFD_TABLE_H

#include "base/status.h"
#include "softgpu/front/ioctl.h"
#include "softgpu/front/kfd/kfd_process.h"

struct kfd_call {
    struct kfd_file *file;       /* that it came on */
    struct kfd_process *process; /* of the open file, and the caller's own */
    unsigned long request;       /* as the program gave it; its size field bounds arrays */
};

/* Number, name, request, handler, flags (enum kfd_row_flag). The handler is declared for each. */
#define KFD_IOCTLS(X)                                                                              \
    X(0x01, GET_VERSION, AMDKFD_IOC_GET_VERSION, kfd_ioctl_get_version, IOCTL_ROW_ASKS)            \
    X(0x02, CREATE_QUEUE, KFD_IOC_CREATE_QUEUE, kfd_ioctl_create_queue, 0)                         \
    X(0x03, DESTROY_QUEUE, AMDKFD_IOC_DESTROY_QUEUE, kfd_ioctl_destroy_queue, 0)                   \
    X(0x04, SET_MEMORY_POLICY, AMDKFD_IOC_SET_MEMORY_POLICY, kfd_ioctl_set_memory_policy, 0)       \
    X(0x05, GET_CLOCK_COUNTERS, AMDKFD_IOC_GET_CLOCK_COUNTERS, kfd_ioctl_get_clock_counters,       \
      IOCTL_ROW_ASKS)                                                                              \
    X(0x06, GET_PROCESS_APERTURES, AMDKFD_IOC_GET_PROCESS_APERTURES,                               \
      kfd_ioctl_get_process_apertures, IOCTL_ROW_ASKS)                                             \
    X(0x07, UPDATE_QUEUE, AMDKFD_IOC_UPDATE_QUEUE, kfd_ioctl_update_queue, 0)                      \
    X(0x08, CREATE_EVENT, AMDKFD_IOC_CREATE_EVENT, kfd_ioctl_create_event, 0)                      \
    X(0x09, DESTROY_EVENT, AMDKFD_IOC_DESTROY_EVENT, kfd_ioctl_destroy_event, 0)                   \
    X(0x0A, SET_EVENT, AMDKFD_IOC_SET_EVENT, kfd_ioctl_set_event, 0)                               \
    X(0x0B, RESET_EVENT, AMDKFD_IOC_RESET_EVENT, kfd_ioctl_reset_event, 0)                         \
    X(0x0C, WAIT_EVENTS, AMDKFD_IOC_WAIT_EVENTS, kfd_ioctl_wait_events, 0)                         \
    X(0x0D, DBG_REGISTER, AMDKFD_IOC_DBG_REGISTER_DEPRECATED, kfd_ioctl_dbg_register, 0)           \
    X(0x0E, DBG_UNREGISTER, AMDKFD_IOC_DBG_UNREGISTER_DEPRECATED, kfd_ioctl_dbg_unregister, 0)     \
    X(0x0F, DBG_ADDRESS_WATCH, AMDKFD_IOC_DBG_ADDRESS_WATCH_DEPRECATED,                            \
      kfd_ioctl_dbg_address_watch, 0)                                                              \
    X(0x10, DBG_WAVE_CONTROL, AMDKFD_IOC_DBG_WAVE_CONTROL_DEPRECATED, kfd_ioctl_dbg_wave_control,  \
      0)                                                                                           \
    X(0x11, SET_SCRATCH_BACKING_VA, AMDKFD_IOC_SET_SCRATCH_BACKING_VA,                             \
      kfd_ioctl_set_scratch_backing_va, 0)                                                         \
    X(0x12, GET_TILE_CONFIG, AMDKFD_IOC_GET_TILE_CONFIG, kfd_ioctl_get_tile_config,                \
      IOCTL_ROW_ASKS)                                                                              \
    X(0x13, SET_TRAP_HANDLER, AMDKFD_IOC_SET_TRAP_HANDLER, kfd_ioctl_set_trap_handler, 0)          \
    X(0x14, GET_PROCESS_APERTURES_NEW, AMDKFD_IOC_GET_PROCESS_APERTURES_NEW,                       \
      kfd_ioctl_get_process_apertures_new, IOCTL_ROW_ASKS)                                         \
    X(0x15, ACQUIRE_VM, AMDKFD_IOC_ACQUIRE_VM, kfd_ioctl_acquire_vm, 0)                            \
    X(0x16, ALLOC_MEMORY_OF_GPU, AMDKFD_IOC_ALLOC_MEMORY_OF_GPU, kfd_ioctl_alloc_memory_of_gpu, 0) \
    X(0x17, FREE_MEMORY_OF_GPU, AMDKFD_IOC_FREE_MEMORY_OF_GPU, kfd_ioctl_free_memory_of_gpu, 0)    \
    X(0x18, MAP_MEMORY_TO_GPU, AMDKFD_IOC_MAP_MEMORY_TO_GPU, kfd_ioctl_map_memory_to_gpu, 0)       \
    X(0x19, UNMAP_MEMORY_FROM_GPU, AMDKFD_IOC_UNMAP_MEMORY_FROM_GPU,                               \
      kfd_ioctl_unmap_memory_from_gpu, 0)                                                          \
    X(0x1A, SET_CU_MASK, AMDKFD_IOC_SET_CU_MASK, kfd_ioctl_set_cu_mask, 0)                         \
    X(0x1B, GET_QUEUE_WAVE_STATE, AMDKFD_IOC_GET_QUEUE_WAVE_STATE, kfd_ioctl_get_queue_wave_state, \
      IOCTL_ROW_ASKS)                                                                              \
    X(0x1C, GET_DMABUF_INFO, AMDKFD_IOC_GET_DMABUF_INFO, kfd_ioctl_get_dmabuf_info,                \
      IOCTL_ROW_ASKS)                                                                              \
    X(0x1D, IMPORT_DMABUF, AMDKFD_IOC_IMPORT_DMABUF, kfd_ioctl_import_dmabuf, 0)                   \
    X(0x1E, ALLOC_QUEUE_GWS, AMDKFD_IOC_ALLOC_QUEUE_GWS, kfd_ioctl_alloc_queue_gws, 0)             \
    X(0x1F, SMI_EVENTS, AMDKFD_IOC_SMI_EVENTS, kfd_ioctl_smi_events, 0)                            \
    X(0x20, SVM, AMDKFD_IOC_SVM, kfd_ioctl_svm, 0)                                                 \
    X(0x21, SET_XNACK_MODE, AMDKFD_IOC_SET_XNACK_MODE, kfd_ioctl_set_xnack_mode, 0)                \
    X(0x22, CRIU_OP, AMDKFD_IOC_CRIU_OP, kfd_ioctl_criu, KFD_ROW_CHECKPOINT)                       \
    X(0x23, AVAILABLE_MEMORY, AMDKFD_IOC_AVAILABLE_MEMORY, kfd_ioctl_available_memory,             \
      IOCTL_ROW_ASKS)                                                                              \
    X(0x24, EXPORT_DMABUF, KFD_IOC_EXPORT_DMABUF, kfd_ioctl_export_dmabuf, 0)                      \
    X(0x25, RUNTIME_ENABLE, KFD_IOC_RUNTIME_ENABLE, kfd_ioctl_runtime_enable, 0)                   \
    X(0x26, DBG_TRAP, KFD_IOC_DBG_TRAP, kfd_ioctl_dbg_trap, 0)                                     \
    X(0x27, CREATE_PROCESS, KFD_IOC_CREATE_PROCESS, kfd_ioctl_create_process, 0)                   \
    X(0x28, PROFILER, KFD_IOC_PROFILER, kfd_ioctl_profiler, 0)

enum kfd_row_flag {
    KFD_ROW_CHECKPOINT = 1 << 0, /* needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN */
};

#define KFD_DECLARE_HANDLER(nr, name, request, handler, flags)                                     \
    rw_status handler(void *context, void *argument);
KFD_IOCTLS(KFD_DECLARE_HANDLER)
#undef KFD_DECLARE_HANDLER

/* Runs one ioctl on an open file; ENOTTY, EINVAL and EACCES as the kernel's. */
rw_status kfd_ioctl(struct kfd_file *file, unsigned long request, void *argument) RW_MUST_USE;

/* Has the calling thread this one (CAP_*)? */
bool kfd_have_capability(unsigned capability);

#endif
