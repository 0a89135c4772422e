/* SPDX-License-Identifier: MIT */
#include "tools/trace/submission.h"

#include <amdgpu_drm.h>
#include <drm.h>

#include "tools/trace/decode.h"

enum { CHUNKS_SHOWN = 64, ITEMS_SHOWN = 64 };

/* An element of a chunk that is a list; `data` is the program's copy. */
typedef void item_print(const void *data, struct line *line);

static void dependency_print(const void *data, struct line *line)
{
    const struct drm_amdgpu_cs_chunk_dep *dep = data;

    line_add(line, "ctx %u ", dep->ctx_id);
    line_enum(line, trace_names_ip_type, dep->ip_type);
    line_add(line, " ring %u job %llu", dep->ring, dep->handle);
}

static void syncobj_print(const void *data, struct line *line)
{
    line_add(line, "%u", ((const struct drm_amdgpu_cs_chunk_sem *)data)->handle);
}

static void point_print(const void *data, struct line *line)
{
    const struct drm_amdgpu_cs_chunk_syncobj *syncobj = data;

    line_add(line, "%u point %llu", syncobj->handle, syncobj->point);
    if (syncobj->flags) {
        line_add(line, " ");
        line_flags(line, trace_names_syncobj_wait, syncobj->flags);
    }
}

static void fence_print(const void *data, struct line *line)
{
    const struct drm_amdgpu_cs_chunk_fence *fence = data;

    line_add(line, "bo %u, offset %#x", fence->handle, fence->offset);
}

static void buffer_print(const void *data, struct line *line)
{
    const struct drm_amdgpu_bo_list_entry *entry = data;

    line_add(line, "%u", entry->bo_handle);
    if (entry->bo_priority)
        line_add(line, " (priority %u)", entry->bo_priority);
}

static void items_print(uint64_t data, uint64_t count, size_t size, item_print *print,
                        struct line *line)
{
    uint64_t item[8];

    for (uint64_t i = 0; i < count; i++) {
        line_add(line, "%s", i ? ", " : ": ");
        if (i == ITEMS_SHOWN) {
            line_add(line, "... %llu in all", (unsigned long long)count);
            return;
        }
        if (!line_peek(item, data + i * size, size)) {
            line_number(line, LINE_VA, data + i * size);
            return;
        }
        print(item, line);
    }
}

static void buffers_print(uint64_t data, struct line *line)
{
    struct drm_amdgpu_bo_list_in list;

    if (line_peek(&list, data, sizeof list) && list.bo_info_size == sizeof(uint32_t) * 2)
        items_print(list.bo_info_ptr, list.bo_number, list.bo_info_size, buffer_print, line);
}

/* Chunks that are lists: id, element, how it is shown. */
#define LIST_CHUNKS(X)                                                                             \
    X(FENCE, struct drm_amdgpu_cs_chunk_fence, fence_print)                                        \
    X(DEPENDENCIES, struct drm_amdgpu_cs_chunk_dep, dependency_print)                              \
    X(SCHEDULED_DEPENDENCIES, struct drm_amdgpu_cs_chunk_dep, dependency_print)                    \
    X(SYNCOBJ_IN, struct drm_amdgpu_cs_chunk_sem, syncobj_print)                                   \
    X(SYNCOBJ_OUT, struct drm_amdgpu_cs_chunk_sem, syncobj_print)                                  \
    X(SYNCOBJ_TIMELINE_WAIT, struct drm_amdgpu_cs_chunk_syncobj, point_print)                      \
    X(SYNCOBJ_TIMELINE_SIGNAL, struct drm_amdgpu_cs_chunk_syncobj, point_print)

static void chunk_describe(const struct drm_amdgpu_cs_chunk *chunk, struct line *line)
{
    line_enum(line, trace_names_chunk_id, chunk->chunk_id);
    switch (chunk->chunk_id) {
#define LIST_CASE(id, type, print)                                                                 \
    case AMDGPU_CHUNK_ID_##id:                                                                     \
        items_print(chunk->chunk_data, chunk->length_dw *UINT64_C(4) / sizeof(type), sizeof(type), \
                    print, line);                                                                  \
        break;
        LIST_CHUNKS(LIST_CASE)
#undef LIST_CASE
    case AMDGPU_CHUNK_ID_BO_HANDLES:
        buffers_print(chunk->chunk_data, line);
        break;
    default:
        line_add(line, ": %u dwords", chunk->length_dw);
    }
}

static void ib_describe(const struct drm_amdgpu_cs_chunk_ib *ib, struct line *line)
{
    line_add(line, "IB ");
    line_enum(line, trace_names_ip_type, ib->ip_type);
    line_add(line, " ring %u: va %#llx, %u bytes, flags ", ib->ring, ib->va_start, ib->ib_bytes);
    line_flags(line, trace_names_ib_flags, ib->flags);
}

static void ib_packets(const struct drm_amdgpu_cs_chunk_ib *ib, const struct packet_source *source,
                       FILE *out)
{
    switch (ib->ip_type) {
    case AMDGPU_HW_IP_GFX:
    case AMDGPU_HW_IP_COMPUTE:
        packets_print(PACKETS_PM4, source, ib->va_start, ib->ib_bytes / 4, out);
        break;
    case AMDGPU_HW_IP_DMA:
        packets_print(PACKETS_SDMA, source, ib->va_start, ib->ib_bytes / 4, out);
        break;
    default:
        fprintf(out, "        packets of this engine are not known\n");
    }
}

static void chunk_print(uint64_t pointer, const struct packet_source *source, FILE *out)
{
    struct drm_amdgpu_cs_chunk chunk;
    struct drm_amdgpu_cs_chunk_ib ib;
    struct line line = {0};
    bool is_ib;

    if (!line_peek(&chunk, pointer, sizeof chunk)) {
        fprintf(out, "    chunk at %#llx cannot be read\n", (unsigned long long)pointer);
        return;
    }
    is_ib = chunk.chunk_id == AMDGPU_CHUNK_ID_IB && chunk.length_dw * 4 >= sizeof ib &&
            line_peek(&ib, chunk.chunk_data, sizeof ib);
    if (is_ib)
        ib_describe(&ib, &line);
    else
        chunk_describe(&chunk, &line);
    fprintf(out, "    %s\n", line.text);
    if (is_ib && source)
        ib_packets(&ib, source, out);
}

void submission_print(const union drm_amdgpu_cs *cs, const struct packet_source *source, FILE *out)
{
    for (uint32_t i = 0; i < cs->in.num_chunks && i < CHUNKS_SHOWN; i++) {
        uint64_t pointer;

        if (line_peek(&pointer, cs->in.chunks + i * sizeof pointer, sizeof pointer))
            chunk_print(pointer, source, out);
    }
    if (cs->in.num_chunks > CHUNKS_SHOWN)
        fprintf(out, "    ... %u chunks in all\n", cs->in.num_chunks);
}
