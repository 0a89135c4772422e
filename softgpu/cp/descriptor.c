/* SPDX-License-Identifier: MIT
 *
 * From an AQL dispatch packet and the kernel descriptor it names to a launch.
 *
 * Sources: LLVM AMDGPUUsage, "Kernel Descriptor" and "Initial Kernel Execution State"; ROCr's
 * AqlQueue for which check is reported how.
 */
#include <inttypes.h>
#include <string.h>

#include "softgpu/cp/aql.h"
#include "softgpu/cp/dispatch.h"

/* ---- the packet ---- */

static enum cp_step grid_check(struct cp_queue *queue, const struct aql_dispatch *p)
{
    unsigned dimensions = p->setup & 3;
    uint64_t items = 1;

    if (dimensions == 0)
        return cp_fail(queue, CP_ERROR_PACKET_DIM, "dispatch packet with 0 dimensions");
    for (unsigned i = 0; i < 3; i++) {
        /* Dimensions beyond those in use must be 1 (HSA), so a 0 is wrong anywhere. */
        if (p->workgroup_size[i] == 0 || p->grid_size[i] == 0 ||
            (i >= dimensions && (p->workgroup_size[i] != 1 || p->grid_size[i] != 1)))
            return cp_fail(queue, CP_ERROR_PACKET_DIM,
                           "dispatch packet of %u dimensions with workgroup %u,%u,%u and grid "
                           "%u,%u,%u",
                           dimensions, p->workgroup_size[0], p->workgroup_size[1],
                           p->workgroup_size[2], p->grid_size[0], p->grid_size[1], p->grid_size[2]);
        items *= p->workgroup_size[i];
    }
    if (items > CP_MAX_WORKGROUP)
        return cp_fail(queue, CP_ERROR_PACKET_WORKGROUP_SIZE,
                       "workgroup of %" PRIu64 " work-items; the limit is %u", items,
                       CP_MAX_WORKGROUP);
    return CP_DONE;
}

static void grid_fill(const struct aql_dispatch *p, struct cp_launch *out)
{
    for (unsigned i = 0; i < 3; i++) {
        uint32_t size = p->workgroup_size[i], rest = p->grid_size[i] % size;

        out->workgroup_size[i] = size;
        out->groups[i] = p->grid_size[i] / size + (rest != 0);
        out->partial_size[i] = rest ? rest : size;
        out->first_group[i] = 0;
    }
}

/* ---- the descriptor ---- */

static enum cp_step descriptor_read(struct cp_queue *queue, uint64_t va,
                                    struct kernel_descriptor *out)
{
    if (va == 0 || va % 64 != 0)
        return cp_fail(queue, CP_ERROR_PACKET_CODE,
                       "kernel object 0x%" PRIx64 " is no kernel descriptor", va);
    if (!cp_access_read(&queue->access, va, out, sizeof(*out))) {
        cp_fail_access(queue);
        queue->fault.kernel_object = va;
        return CP_FAULT;
    }
    return CP_DONE;
}

/* ---- user SGPRs ---- */

/* Appends in the order of the ABI; what does not fit is counted, so that it can be refused. */
struct sgpr_list {
    uint32_t *sgpr;
    unsigned count;
};

static void sgpr_put(struct sgpr_list *list, const void *data, unsigned dwords)
{
    if (list->count + dwords <= CP_USER_SGPRS)
        memcpy(&list->sgpr[list->count], data, dwords * sizeof(uint32_t));
    list->count += dwords;
}

static void sgpr_put64(struct sgpr_list *list, uint64_t value)
{
    sgpr_put(list, &value, 2);
}

/* The scratch V#, with the index stride that firmware adds: log2(lanes) - 3. */
static void sgpr_put_scratch_buffer(struct sgpr_list *list, const struct amd_queue *amd,
                                    unsigned lanes)
{
    enum { INDEX_STRIDE_SHIFT = 21, INDEX_STRIDE_MASK = 3 };
    uint32_t v[4];
    uint32_t stride = lanes == 64 ? 3 : 2;

    memcpy(v, amd->scratch_resource_descriptor, sizeof(v));
    v[3] = (v[3] & ~(uint32_t)(INDEX_STRIDE_MASK << INDEX_STRIDE_SHIFT)) |
           stride << INDEX_STRIDE_SHIFT;
    sgpr_put(list, v, 4);
}

static unsigned user_sgprs_fill(const struct kernel_descriptor *kd, const struct aql_dispatch *p,
                                const struct cp_amd_queue *amd, uint64_t packet_va, uint64_t index,
                                struct cp_launch *out)
{
    struct sgpr_list list = {out->user_sgpr, 0};
    uint32_t properties = kd->kernel_code_properties;
    uint32_t private_size = (p->private_segment_size + 3) & ~3u;

    if (properties & KERNEL_PRIVATE_SEGMENT_BUFFER)
        sgpr_put_scratch_buffer(&list, &amd->fields, out->lanes);
    if (properties & KERNEL_DISPATCH_PTR)
        sgpr_put64(&list, packet_va);
    if (properties & KERNEL_QUEUE_PTR)
        sgpr_put64(&list, amd->va);
    if (properties & KERNEL_KERNARG_SEGMENT_PTR)
        sgpr_put64(&list, p->kernarg_address);
    if (properties & KERNEL_DISPATCH_ID)
        sgpr_put64(&list, index);
    if (properties & KERNEL_FLAT_SCRATCH_INIT)
        sgpr_put64(&list, amd->fields.scratch_backing_memory_location);
    if (properties & KERNEL_PRIVATE_SEGMENT_SIZE)
        sgpr_put(&list, &private_size, 1);
    return list.count;
}

static void scratch_fill(const struct aql_dispatch *p, const struct amd_queue *amd,
                         struct cp_launch *out)
{
    if (p->private_segment_size == 0)
        return;
    out->scratch_base = amd->scratch_backing_memory_location;
    out->scratch_wave_bytes = CP_TMPRING_WAVE_BYTES(amd->compute_tmpring_size);
    out->scratch_waves = CP_TMPRING_WAVES(amd->compute_tmpring_size);
}

enum cp_step cp_launch_from_packet(struct cp_queue *queue, const struct aql_dispatch *packet,
                                   uint64_t packet_va, uint64_t index, struct cp_launch *out)
{
    struct kernel_descriptor kd;
    struct cp_amd_queue amd;
    enum cp_step step = grid_check(queue, packet);

    memset(out, 0, sizeof(*out));
    if (step == CP_DONE)
        step = descriptor_read(queue, packet->kernel_object, &kd);
    if (step == CP_DONE)
        step = cp_amd_queue_read(queue, &amd);
    if (step != CP_DONE)
        return step;
    out->lanes = kd.kernel_code_properties & KERNEL_WAVEFRONT_SIZE32 ? 32 : 64;
    step = cp_scratch_prepare(queue, packet, out->lanes, &amd);
    if (step != CP_DONE)
        return step;
    out->kernel_object = packet->kernel_object;
    out->packet = packet_va;
    out->code = packet->kernel_object + (uint64_t)kd.kernel_code_entry_byte_offset;
    out->rsrc1 = kd.compute_pgm_rsrc1;
    out->rsrc2 = kd.compute_pgm_rsrc2;
    out->rsrc3 = kd.compute_pgm_rsrc3;
    out->lds_bytes = packet->group_segment_size;
    grid_fill(packet, out);
    scratch_fill(packet, &amd.fields, out);
    if (out->code % 256 != 0)
        return cp_fail(queue, CP_ERROR_PACKET_CODE,
                       "kernel descriptor 0x%" PRIx64 " leads to code at 0x%" PRIx64
                       ", which is not 256-byte aligned",
                       packet->kernel_object, out->code);
    unsigned used = user_sgprs_fill(&kd, packet, &amd, packet_va, index, out);

    if (used > CP_USER_SGPRS || used > CP_RSRC2_USER_SGPRS(out->rsrc2))
        return cp_fail(queue, CP_ERROR_PACKET_CODE,
                       "kernel descriptor 0x%" PRIx64 " enables %u user SGPRs and reserves %u",
                       packet->kernel_object, used, CP_RSRC2_USER_SGPRS(out->rsrc2));
    return CP_DONE;
}
