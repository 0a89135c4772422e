/* SPDX-License-Identifier: MIT
 * libdrm: a command buffer of NOPs on the compute ring, from submission to the end of its fence.
 */
#include "measure.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>

#include <amdgpu.h>
#include <amdgpu_drm.h>

enum { IB_BYTES = 4096, IB_DWORDS = 16 };
static const uint32_t NOP = 0xffff1000; /* type 3, of one dword */

#define DRM(call) check((call), #call)

static void check(int result, const char *call)
{
    if (result == 0)
        return;
    fprintf(stderr, "%s: %s\n", call, strerror(-result));
    exit(1);
}

static amdgpu_bo_handle create_ib(amdgpu_device_handle device, uint64_t *out_va)
{
    struct amdgpu_bo_alloc_request request = {.alloc_size = IB_BYTES,
                                              .phys_alignment = IB_BYTES,
                                              .preferred_heap = AMDGPU_GEM_DOMAIN_GTT};
    amdgpu_va_handle range;
    amdgpu_bo_handle bo;
    void *words;

    DRM(amdgpu_bo_alloc(device, &request, &bo));
    DRM(amdgpu_va_range_alloc(device, amdgpu_gpu_va_range_general, IB_BYTES, IB_BYTES, 0, out_va,
                              &range, 0));
    DRM(amdgpu_bo_va_op(bo, 0, IB_BYTES, *out_va, 0, AMDGPU_VA_OP_MAP));
    DRM(amdgpu_bo_cpu_map(bo, &words));
    for (int i = 0; i < IB_DWORDS; i++)
        memcpy((char *)words + i * sizeof NOP, &NOP, sizeof NOP);
    return bo;
}

static void submit_and_wait(amdgpu_context_handle context, struct amdgpu_cs_request *request)
{
    struct amdgpu_cs_fence fence = {.context = context, .ip_type = request->ip_type};
    uint32_t expired = 0;

    DRM(amdgpu_cs_submit(context, 0, request, 1));
    fence.fence = request->seq_no;
    DRM(amdgpu_cs_query_fence_status(&fence, AMDGPU_TIMEOUT_INFINITE, 0, &expired));
    if (!expired)
        exit(1);
}

int main(void)
{
    static double seconds[MEASURE_LAUNCHES];
    struct amdgpu_cs_ib_info ib = {.size = IB_DWORDS};
    struct amdgpu_cs_request request = {
        .ip_type = AMDGPU_HW_IP_COMPUTE, .number_of_ibs = 1, .ibs = &ib};
    amdgpu_context_handle context;
    amdgpu_device_handle device;
    amdgpu_bo_handle bo;
    uint32_t major, minor;
    int fd = open("/dev/dri/renderD128", O_RDWR | O_CLOEXEC);

    if (fd < 0) {
        perror("/dev/dri/renderD128");
        return 1;
    }
    DRM(amdgpu_device_initialize(fd, &major, &minor, &device));
    DRM(amdgpu_cs_ctx_create(device, &context));
    bo = create_ib(device, &ib.ib_mc_address);
    DRM(amdgpu_bo_list_create(device, 1, &bo, NULL, &request.resources));
    for (int i = -MEASURE_WARM_UP; i < MEASURE_LAUNCHES; i++) {
        double begin = measure_now();

        submit_and_wait(context, &request);
        if (i >= 0)
            seconds[i] = measure_now() - begin;
    }
    printf("{");
    measure_print_launches(seconds, MEASURE_LAUNCHES);
    printf("}\n");
    return 0;
}
