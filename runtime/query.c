/* SPDX-License-Identifier: MIT
 *
 * Questions about the shared VM: the shim's answers in the terms of HSA. What only compute knows is
 * answered without the shim, too.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <hsa/hsa_ext_amd.h>

#include "runtime/agent.h"
#include "runtime/bridge.h"
#include "runtime/shim.h"

#define EXPORT __attribute__((visibility("default")))

static rw_status not_shared(void)
{
    return RW_FAIL(ENOTSUP, "the VM is not shared: librocweld-kmt-shim.so is not loaded "
                            "(`rocweld run` does), or ROCWELD_SHARE=off");
}

/* The shim has said why on its own. */
static rw_status shim_status(int result)
{
    return result == -ENOSYS ? not_shared() : rw_status_quiet(-result);
}

static rw_status vm_of_agent(hsa_agent_t agent, struct rocweld_vm *out_vm)
{
    struct kmt_shim_vm vm = {0};
    struct topology_gpu gpu;

    RW_TRY(agent_gpu_find(agent, &gpu));
    *out_vm = (struct rocweld_vm){.gpu_id = gpu.gpu_id, .render_minor = gpu.render_minor};
    if (SHIM_CALL(vm_query, gpu.render_minor, &vm) == 0)
        out_vm->shared = vm.acquired && vm.source != KMT_SHIM_NONE;
    return RW_OK;
}

EXPORT int rocweld_vm_of_agent(hsa_agent_t agent, struct rocweld_vm *out_vm)
{
    return -vm_of_agent(agent, out_vm).err; /* untold: so one finds the GPUs among agents */
}

EXPORT int rocweld_import_drm_fd(hsa_agent_t agent, int drm_fd)
{
    struct topology_gpu gpu;
    rw_status status;

    rw_status_clear();
    status = agent_gpu_find(agent, &gpu);
    if (rw_ok(status))
        status = shim_status(SHIM_CALL(import_drm_fd, gpu.gpu_id, drm_fd));
    return bridge_result(__func__, status);
}

EXPORT int rocweld_vm_open(hsa_agent_t agent, int *out_fd)
{
    struct topology_gpu gpu;
    rw_status status;
    int result;

    rw_status_clear();
    status = agent_gpu_find(agent, &gpu);
    if (rw_ok(status)) {
        result = SHIM_CALL(vm_open, gpu.render_minor, out_fd);
        status = result == -ENOENT ? not_shared() : shim_status(result);
    }
    return bridge_result(__func__, status);
}

static void describe_range(const struct kmt_shim_range *range, struct rocweld_address *out_info)
{
    bool is_gem = range->api == KMT_SHIM_GEM || range->api == KMT_SHIM_GEM_USERPTR;
    uint32_t stays = KMT_SHIM_BO_RESIDENT | KMT_SHIM_BO_ALWAYS_VALID;

    *out_info = (struct rocweld_address){
        .start = range->start,
        .size = range->size,
        .bo_offset = range->bo_offset,
        .owner = is_gem ? ROCWELD_OWNER_GRAPHICS : ROCWELD_OWNER_COMPUTE,
        .render_minor = range->render_minor,
        .resident = !is_gem || (range->flags & stays) != 0,
        .host_memory = range->api == KMT_SHIM_GEM_USERPTR || range->api == KMT_SHIM_KFD_USERPTR ||
                       range->api == KMT_SHIM_SVM,
    };
}

/* What the HSA runtime knows by itself. Its own buffers always stay. */
static rw_status describe_pointer(const void *address, struct rocweld_address *out_info)
{
    hsa_amd_pointer_info_t info = {.size = sizeof info};
    struct topology_gpu gpu = {0};

    if (hsa_amd_pointer_info((void *)(uintptr_t)address, &info, NULL, NULL, NULL) !=
            HSA_STATUS_SUCCESS ||
        info.type == HSA_EXT_POINTER_TYPE_UNKNOWN)
        return rw_status_quiet(ENOENT);
    if (!rw_ok(agent_gpu_find(info.agentOwner, &gpu)))
        gpu.render_minor = 0; /* the CPU's memory, for all GPUs */
    *out_info = (struct rocweld_address){
        .start = (uintptr_t)info.agentBaseAddress,
        .size = info.sizeInBytes,
        .owner = ROCWELD_OWNER_COMPUTE,
        .render_minor = gpu.render_minor,
        .resident = 1,
        .host_memory = info.type == HSA_EXT_POINTER_TYPE_LOCKED,
    };
    return RW_OK;
}

EXPORT int rocweld_address_info(const void *address, struct rocweld_address *out_info)
{
    struct kmt_shim_range range;
    rw_status status = RW_OK;

    rw_status_clear();
    if (SHIM_CALL(lookup, 0, (uintptr_t)address, &range) == 0)
        describe_range(&range, out_info);
    else
        status = describe_pointer(address, out_info);
    return bridge_result(__func__, status);
}

EXPORT int rocweld_address_make_resident(const void *address)
{
    struct kmt_shim_range range;
    rw_status status;

    rw_status_clear();
    status = shim_status(SHIM_CALL(lookup, 0, (uintptr_t)address, &range));
    if (rw_ok(status) && range.handle)
        status = shim_status(SHIM_CALL(bo_make_resident, range.handle));
    return bridge_result(__func__, status);
}

EXPORT size_t rocweld_address_explain(const void *address, char *text, size_t size)
{
    if (kmt_shim_explain)
        return kmt_shim_explain(0, (uintptr_t)address, text, size);
    return (size_t)snprintf(text, size, "%p: the VM is not shared", address);
}
