/* SPDX-License-Identifier: MIT
 *
 * Buffers that move: what stops queues, what starts them again, and what moves under them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/contract/kernel/cases.h"
#include "tests/contract/kernel/sdma.h"

/* How long the kernel takes to restore an evicted process, and somewhat more. */
enum { RESTORE_MS = 300 };

/* Moves all that can move out of the GPU's VRAM, as other programs' needs would. */
static void evict_vram(const struct gpu *gpu)
{
    char path[96], text[64];
    FILE *file;

    snprintf(path, sizeof path, "/sys/kernel/debug/dri/%u/amdgpu_evict_vram", gpu->render_minor);
    file = fopen(path, "re");
    if (!file)
        skip("%s: %s", path, strerror(errno));
    EXPECT_TRUE(fgets(text, sizeof text, file));
    fclose(file);
}

void case_eviction_keeps_contents(void)
{
    struct session s = session_open(0);
    struct sdma_queue queue = sdma_open(&s, va_at(0));
    struct buffer vram = buffer_make(&s, va_at(1), MIB(1), VRAM);
    struct buffer result = buffer_make(&s, va_at(2), MIB(1), GTT);
    volatile uint32_t *view = buffer_mmap(s.drm, &result);

    for (uint32_t i = 0; i < 64; i++)
        sdma_store(&queue, vram.va + i * 4096, i + 1);
    sdma_store(&queue, result.va, 1);
    sdma_submit(&queue);
    EXPECT_TRUE(word_becomes(view, 1));
    evict_vram(s.gpu);
    sdma_copy(&queue, result.va + 4096, vram.va, 64 * 4096);
    sdma_store(&queue, result.va, 2);
    sdma_submit(&queue);
    EXPECT_TRUE(word_becomes(view, 2)); /* the queue goes on by itself */
    for (uint32_t i = 0; i < 64; i++)
        EXPECT(view[1024 + i * 1024], i + 1);
}

static uint32_t read_by_queue(struct sdma_queue *queue, uint64_t from, uint64_t scratch,
                              volatile uint32_t *view, uint32_t round)
{
    sdma_copy(queue, scratch, from, 4);
    sdma_store(queue, scratch + 4, round);
    sdma_submit(queue);
    EXPECT_TRUE(word_becomes(&view[1], round));
    return view[0];
}

/* An ordinary GEM buffer carries no eviction fence: nobody stops the queue, and nobody tells the
 * page tables. */
void case_a_private_buffer_moves_under_a_queue(void)
{
    struct session s = session_open(0);
    struct sdma_queue queue = sdma_open(&s, va_at(0));
    struct buffer scratch = buffer_make(&s, va_at(1), PAGE, GTT);
    volatile uint32_t *view = buffer_mmap(s.drm, &scratch), *private_view;
    uint32_t gem;

    EXPECT(gem_create(s.drm, MIB(1), AMDGPU_GEM_DOMAIN_VRAM, AMDGPU_GEM_CREATE_CPU_ACCESS_REQUIRED,
                      &gem),
           0);
    EXPECT(gem_va(s.drm, AMDGPU_VA_OP_MAP, gem, va_at(2), MIB(1)), 0);
    private_view = gem_mmap(s.drm, gem, MIB(1));
    private_view[0] = 1;
    EXPECT(read_by_queue(&queue, va_at(2), scratch.va, view, 1), 1);

    evict_vram(s.gpu); /* nothing of the KFD's is in VRAM */
    EXPECT(private_view[0], 1);
    private_view[0] = 2;
    EXPECT_TRUE(read_by_queue(&queue, va_at(2), scratch.va, view, 2) != 2);

    /* An eviction that concerns the process ends with a restore. */
    buffer_make(&s, va_at(3), MIB(1), VRAM);
    evict_vram(s.gpu);
    wait_ms(RESTORE_MS);
    EXPECT(read_by_queue(&queue, va_at(2), scratch.va, view, 3) == 2,
           KERNEL(restore_updates_gem_mappings));
}

/* ---- a job of the graphics side ---- */

struct job {
    int drm;
    uint32_t context, list;
    uint64_t ib_va, sequence;
};

/* A job on the kernel's SDMA ring that ends when the word at `at` is 1. */
static struct job job_submit(const struct session *s, uint64_t ib_va, uint32_t word_gem,
                             uint64_t at)
{
    struct job job = {.drm = s->drm, .ib_va = ib_va};
    uint32_t ib_gem, *ib;
    union drm_amdgpu_ctx ctx = {.in = {.op = AMDGPU_CTX_OP_ALLOC_CTX}};
    const uint32_t poll[] = {8 | 3u << 28 | 1u << 31,
                             (uint32_t)at,
                             (uint32_t)(at >> 32),
                             1,
                             UINT32_MAX,
                             0xfff << 16 | 4,
                             0,
                             0};

    EXPECT(gem_create(s->drm, PAGE, AMDGPU_GEM_DOMAIN_GTT, 0, &ib_gem), 0);
    EXPECT(gem_va(s->drm, AMDGPU_VA_OP_MAP, ib_gem, ib_va, PAGE), 0);
    ib = gem_mmap(s->drm, ib_gem, PAGE);
    memcpy(ib, poll, sizeof poll);
    EXPECT(call(s->drm, DRM_IOCTL_AMDGPU_CTX, &ctx), 0);
    job.context = ctx.out.alloc.ctx_id;

    struct drm_amdgpu_bo_list_entry entries[] = {{.bo_handle = ib_gem}, {.bo_handle = word_gem}};
    union drm_amdgpu_bo_list list = {.in = {.operation = AMDGPU_BO_LIST_OP_CREATE,
                                            .bo_number = 2,
                                            .bo_info_size = sizeof entries[0],
                                            .bo_info_ptr = (uintptr_t)entries}};
    EXPECT(call(s->drm, DRM_IOCTL_AMDGPU_BO_LIST, &list), 0);
    job.list = list.out.list_handle;

    struct drm_amdgpu_cs_chunk_ib ib_data = {
        .va_start = ib_va, .ib_bytes = sizeof poll, .ip_type = AMDGPU_HW_IP_DMA};
    struct drm_amdgpu_cs_chunk chunk = {.chunk_id = AMDGPU_CHUNK_ID_IB,
                                        .length_dw = sizeof ib_data / 4,
                                        .chunk_data = (uintptr_t)&ib_data};
    uint64_t chunks = (uintptr_t)&chunk;
    union drm_amdgpu_cs cs = {.in = {.ctx_id = job.context,
                                     .bo_list_handle = job.list,
                                     .num_chunks = 1,
                                     .chunks = (uintptr_t)&chunks}};
    EXPECT(call(s->drm, DRM_IOCTL_AMDGPU_CS, &cs), 0);
    job.sequence = cs.out.handle;
    return job;
}

static bool job_is_done(const struct job *job, uint64_t timeout_ns)
{
    union drm_amdgpu_wait_cs wait = {.in = {.handle = job->sequence,
                                            .timeout = timeout_ns,
                                            .ip_type = AMDGPU_HW_IP_DMA,
                                            .ctx_id = job->context}};

    EXPECT(call(job->drm, DRM_IOCTL_AMDGPU_WAIT_CS, &wait), 0);
    return wait.out.status == 0;
}

/* So a job that waits for an evicted queue would wait for ever: graphics must not wait for compute
 * by polling memory. */
void case_restore_waits_for_graphics_jobs(void)
{
    struct session s = session_open(0);
    struct sdma_queue queue = sdma_open(&s, va_at(0));
    struct buffer result = buffer_make(&s, va_at(1), PAGE, GTT);
    volatile uint32_t *view = buffer_mmap(s.drm, &result), *gate;
    uint32_t gate_gem;

    buffer_make(&s, va_at(2), MIB(1), VRAM); /* makes the process one that is evicted */
    EXPECT(gem_create(s.drm, PAGE, AMDGPU_GEM_DOMAIN_GTT, 0, &gate_gem), 0);
    EXPECT(gem_va(s.drm, AMDGPU_VA_OP_MAP, gate_gem, va_at(3), PAGE), 0);
    gate = gem_mmap(s.drm, gate_gem, PAGE);
    struct job job = job_submit(&s, va_at(4), gate_gem, va_at(3));
    EXPECT(job_is_done(&job, 0), false);

    evict_vram(s.gpu);
    sdma_store(&queue, result.va, 1);
    sdma_submit(&queue);
    wait_ms(RESTORE_MS);
    EXPECT(job_is_done(&job, 0), false);
    EXPECT(*view, 0);
    *gate = 1;
    EXPECT(job_is_done(&job, UINT64_MAX >> 1), true);
    EXPECT_TRUE(word_becomes(view, 1));
}
