/* SPDX-License-Identifier: MIT
 *
 * Expands kfd.def and drm.def: each CALL becomes one function that writes the fields of the phase,
 * and one row. Arguments that are lists or unions have functions of their own here.
 */
#include "tools/trace/decode.h"

#include <stdint.h>
#include <string.h>

#include <amdgpu_drm.h>
#include <drm.h>

#include "softgpu/front/kfd/kfd_uapi.h"

/* ---- lists in KFD arguments ---- */

enum { LIST_SHOWN = 8 };

static void decode_wait_events(const struct kfd_ioctl_wait_events_args *a, struct line *line)
{
    line_name(line, "events");
    line_add(line, "[");
    for (uint32_t i = 0; i < a->num_events && i < LIST_SHOWN; i++) {
        struct kfd_event_data event;
        if (!line_peek(&event, a->events_ptr + i * sizeof event, sizeof event)) {
            line_number(line, LINE_VA, a->events_ptr);
            break;
        }
        line_add(line, "%s%#x", i ? ", " : "", event.event_id);
    }
    line_add(line, a->num_events > LIST_SHOWN ? ", ...]" : "]");
}

static void decode_apertures(const struct kfd_ioctl_get_process_apertures_new_args *a,
                             struct line *line)
{
    for (uint32_t i = 0; i < a->num_of_nodes && i < LIST_SHOWN; i++) {
        struct kfd_process_device_apertures node;
        uint64_t address = a->kfd_process_device_apertures_ptr + i * sizeof node;
        if (!address || !line_peek(&node, address, sizeof node))
            return;
        line_name(line, "node");
        line_add(line, "{gpu_id=0x%04x, gpuvm=%#llx..%#llx, lds=%#llx, scratch=%#llx}", node.gpu_id,
                 node.gpuvm_base, node.gpuvm_limit, node.lds_base, node.scratch_base);
    }
}

static void decode_cu_mask(const struct kfd_ioctl_set_cu_mask_args *a, struct line *line)
{
    line_name(line, "cu_mask");
    line_array(line, LINE_HEX, a->cu_mask_ptr, a->num_cu_mask / 32, sizeof(uint32_t));
}

static void svm_attribute(const struct kfd_ioctl_svm_attribute *attribute, struct line *line)
{
    line_enum(line, trace_names_kfd_svm_attribute, attribute->type);
    line_add(line, "=");
    switch (attribute->type) {
    case KFD_IOCTL_SVM_ATTR_SET_FLAGS:
    case KFD_IOCTL_SVM_ATTR_CLR_FLAGS:
        line_flags(line, trace_names_kfd_svm_flags, attribute->value);
        break;
    case KFD_IOCTL_SVM_ATTR_GRANULARITY:
        line_number(line, LINE_UINT, attribute->value);
        break;
    default:
        line_number(line, LINE_GPU, attribute->value);
    }
}

/* The attributes follow the struct: they are as long as the request says. */
static void decode_svm_attributes(const struct kfd_ioctl_svm_args *a, struct line *line)
{
    size_t room = line->valid > sizeof *a ? (line->valid - sizeof *a) / sizeof a->attrs[0] : 0;

    line_name(line, "attrs");
    line_add(line, "[");
    for (size_t i = 0; i < a->nattr && i < room; i++) {
        line_add(line, "%s", i ? ", " : "");
        svm_attribute(&a->attrs[i], line);
    }
    line_add(line, "]");
}

static void decode_svm_results(const struct kfd_ioctl_svm_args *a, struct line *line)
{
    if (a->op == KFD_IOCTL_SVM_OP_GET_ATTR)
        decode_svm_attributes(a, line);
}

/* ---- unions and lists in amdgpu arguments ---- */

static void decode_ctx_results(const union drm_amdgpu_ctx *a, struct line *line)
{
    const union drm_amdgpu_ctx *before = line->before;

    switch (before->in.op) {
    case AMDGPU_CTX_OP_ALLOC_CTX:
        line_name(line, "ctx_id");
        line_number(line, LINE_UINT, a->out.alloc.ctx_id);
        break;
    case AMDGPU_CTX_OP_QUERY_STATE:
    case AMDGPU_CTX_OP_QUERY_STATE2:
        line_name(line, "flags");
        line_number(line, LINE_HEX, a->out.state.flags);
        line_name(line, "hangs");
        line_number(line, LINE_UINT, a->out.state.hangs);
        line_name(line, "reset_status");
        line_number(line, LINE_UINT, a->out.state.reset_status);
        break;
    }
}

static void decode_info_query(const struct drm_amdgpu_info *a, struct line *line)
{
    switch (a->query) {
    case AMDGPU_INFO_HW_IP_INFO:
    case AMDGPU_INFO_HW_IP_COUNT:
        line_name(line, "type");
        line_enum(line, trace_names_ip_type, a->query_hw_ip.type);
        line_name(line, "ip_instance");
        line_number(line, LINE_UINT, a->query_hw_ip.ip_instance);
        break;
    case AMDGPU_INFO_READ_MMR_REG:
        line_name(line, "dword_offset");
        line_number(line, LINE_HEX, a->read_mmr_reg.dword_offset);
        line_name(line, "count");
        line_number(line, LINE_UINT, a->read_mmr_reg.count);
        break;
    case AMDGPU_INFO_FW_VERSION:
        line_name(line, "fw_type");
        line_number(line, LINE_UINT, a->query_fw.fw_type);
        break;
    case AMDGPU_INFO_SENSOR:
        line_name(line, "sensor");
        line_number(line, LINE_UINT, a->sensor_info.type);
        break;
    }
}

/* Short answers are numbers; long ones have layouts of their own and are not shown. */
static void decode_info_results(const struct drm_amdgpu_info *a, struct line *line)
{
    uint64_t value = 0;

    if (a->return_size <= sizeof value && line_peek(&value, a->return_pointer, a->return_size)) {
        line_name(line, "value");
        line_number(line, LINE_HEX, value);
    }
}

/* ---- the tables as functions ---- */

/* Whether the caller's struct, which may be older and shorter, has the field. */
#define HAS(member)                                                                                \
    ((size_t)((const char *)&a->member - (const char *)a) + sizeof a->member <= line->valid)
#define CHANGED(member)                                                                            \
    (memcmp(&a->member, (const char *)line->before + ((const char *)&a->member - (const char *)a), \
            sizeof a->member) != 0)
#define SHOW(in_phase, member, show)                                                               \
    if (line->phase == (in_phase) && HAS(member)) {                                                \
        line_name(line, #member);                                                                  \
        show;                                                                                      \
    }
#define NUMBER(format, member)                                                                     \
    line_number(line, LINE_##format, line_load(LINE_##format, &a->member, sizeof a->member))
#define SET_OF(set)         trace_names_##set

#define IN(format, member)  SHOW(LINE_ARGUMENTS, member, NUMBER(format, member))
#define OUT(format, member) SHOW(LINE_RESULTS, member, NUMBER(format, member))
/* Shown again only where the call has changed it. */
#define INOUT(format, member)                                                                      \
    IN(format, member)                                                                             \
    if (CHANGED(member))                                                                           \
    OUT(format, member)
#define IN_ENUM(member, set)   SHOW(LINE_ARGUMENTS, member, line_enum(line, SET_OF(set), a->member))
#define OUT_ENUM(member, set)  SHOW(LINE_RESULTS, member, line_enum(line, SET_OF(set), a->member))
#define IN_FLAGS(member, set)  SHOW(LINE_ARGUMENTS, member, line_flags(line, SET_OF(set), a->member))
#define OUT_FLAGS(member, set) SHOW(LINE_RESULTS, member, line_flags(line, SET_OF(set), a->member))
#define ARRAY(format, member, count, type)                                                         \
    line_array(line, LINE_##format, a->member, a->count, sizeof(type))
#define IN_ARRAY(format, member, count, type)                                                      \
    SHOW(LINE_ARGUMENTS, member, ARRAY(format, member, count, type))
#define OUT_ARRAY(format, member, count, type)                                                     \
    SHOW(LINE_RESULTS, member, ARRAY(format, member, count, type))
#define OUT_STRING(member, length)                                                                 \
    SHOW(LINE_RESULTS, member, line_string(line, (uint64_t)(uintptr_t)a->member, a->length))
#define IN_WITH(function)                                                                          \
    if (line->phase == LINE_ARGUMENTS)                                                             \
        function(a, line);
#define OUT_WITH(function)                                                                         \
    if (line->phase == LINE_RESULTS)                                                               \
        function(a, line);

#define CALL_OPAQUE(name, number)
#define CALL(name, number, type)                                                                   \
    static void DECODE_NAME(name)(const void *argument, struct line *line)                         \
    {                                                                                              \
        const type *a = argument;
#define END_CALL          }

#define DECODE_NAME(name) decode_kfd_##name
#include "tools/trace/kfd.def"
#undef DECODE_NAME
#define DECODE_NAME(name) decode_drm_##name
#include "tools/trace/drm.def"

/* ---- the tables as rows ---- */

#undef IN
#undef OUT
#undef INOUT
#undef IN_ENUM
#undef OUT_ENUM
#undef IN_FLAGS
#undef OUT_FLAGS
#undef IN_ARRAY
#undef OUT_ARRAY
#undef OUT_STRING
#undef IN_WITH
#undef OUT_WITH
#undef CALL_OPAQUE
#undef CALL
#undef END_CALL
#undef DECODE_NAME
#define IN(...)
#define OUT(...)
#define INOUT(...)
#define IN_ENUM(...)
#define OUT_ENUM(...)
#define IN_FLAGS(...)
#define OUT_FLAGS(...)
#define IN_ARRAY(...)
#define OUT_ARRAY(...)
#define OUT_STRING(...)
#define IN_WITH(...)
#define OUT_WITH(...)
#define END_CALL
#define CALL_OPAQUE(name, number) [number] = {#name, NULL, 0},
#define CALL(name, number, type)  [number] = {#name, DECODE_NAME(name), sizeof(type)},

static const struct trace_call calls[TRACE_DEVICE_COUNT][TRACE_CALLS_MAX] = {
    [TRACE_KFD] =
        {
#define DECODE_NAME(name) decode_kfd_##name
#include "tools/trace/kfd.def"
#undef DECODE_NAME
        },
    [TRACE_DRM] =
        {
#define DECODE_NAME(name) decode_drm_##name
#include "tools/trace/drm.def"
#undef DECODE_NAME
        },
};

const struct trace_call *trace_call_find(enum trace_device device, unsigned number)
{
    return &calls[device][number % TRACE_CALLS_MAX];
}
