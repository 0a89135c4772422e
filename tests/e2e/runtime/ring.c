/* SPDX-License-Identifier: MIT
 *
 * A ring that takes graphics' turns: for each one job, which waits for its point and signals the
 * next. Like a Vulkan driver it is put into the ring once the point has a fence, and not before.
 */
#include "ring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <amdgpu_drm.h>
#include <xf86drm.h>

/* Places in graphics' buffer, behind the board. */
enum { SEEN_AT = 4096, IB_AT = 8192 };

/* PM4: nvd.h of the kernel */
#define PACKET3(op, count)   (3u << 30 | (uint32_t)(count) << 16 | (op) << 8)
#define PACKET3_NOP          0x10
#define PACKET3_ATOMIC_MEM   0x1e
#define PACKET3_COPY_DATA    0x40
#define COPY_DATA_MEM_TO_MEM (1 | 5 << 8 | 1 << 16 | 1 << 20) /* 64 bits, confirmed */
#define ATOMIC_ADD64         0x2f

struct ring {
    struct graphics *graphics;
    amdgpu_context_handle context;
    uint32_t buffers; /* list of the one that jobs use */
    uint32_t ip;
    uint32_t ib_bytes;
};

static void check(int result, const char *call)
{
    if (result == 0)
        return;
    fprintf(stderr, "%s: %s\n", call, strerror(-result));
    exit(2);
}
#define DRM(call) check((call), #call)

static uint64_t address_of(const struct ring *ring, uint64_t offset)
{
    return (uintptr_t)ring->graphics->board_address + offset;
}

/* What a turn is: note the word, then add one. It is the same each time. */
static void write_ib(struct ring *ring)
{
    uint64_t word = address_of(ring, 0), seen = address_of(ring, SEEN_AT);
    const uint32_t ib[] = {
        PACKET3(PACKET3_COPY_DATA, 4),
        COPY_DATA_MEM_TO_MEM,
        (uint32_t)word,
        (uint32_t)(word >> 32),
        (uint32_t)seen,
        (uint32_t)(seen >> 32),
        PACKET3(PACKET3_ATOMIC_MEM, 7),
        ATOMIC_ADD64,
        (uint32_t)word,
        (uint32_t)(word >> 32),
        1,
        0,
        0,
        0,
        0,
        PACKET3(PACKET3_NOP, 0x3fff), /* one dword */
    };

    memcpy((char *)ring->graphics->board + IB_AT, ib, sizeof ib);
    ring->ib_bytes = sizeof ib;
}

static void ring_open(struct ring *ring)
{
    struct drm_amdgpu_bo_list_entry entry = {0};

    DRM(amdgpu_bo_export(ring->graphics->bo, amdgpu_bo_handle_type_kms, &entry.bo_handle));
    DRM(amdgpu_bo_list_create_raw(ring->graphics->device, 1, &entry, &ring->buffers));
    DRM(amdgpu_cs_ctx_create(ring->graphics->device, &ring->context));
    write_ib(ring);
}

static void ring_close(struct ring *ring)
{
    DRM(amdgpu_cs_ctx_free(ring->context));
    DRM(amdgpu_bo_list_destroy_raw(ring->graphics->device, ring->buffers));
}

/* A job that waits for `point` and signals the one after it. */
static void submit(struct ring *ring, uint64_t point)
{
    struct drm_amdgpu_cs_chunk_ib ib = {
        .va_start = address_of(ring, IB_AT),
        .ib_bytes = ring->ib_bytes,
        .ip_type = ring->ip,
    };
    struct drm_amdgpu_cs_chunk_syncobj wait = {.handle = ring->graphics->timeline, .point = point};
    struct drm_amdgpu_cs_chunk_syncobj signal = {.handle = ring->graphics->timeline,
                                                 .point = point + 1};
    struct drm_amdgpu_cs_chunk chunks[] = {
        {AMDGPU_CHUNK_ID_IB, sizeof ib / 4, (uintptr_t)&ib},
        {AMDGPU_CHUNK_ID_SYNCOBJ_TIMELINE_WAIT, sizeof wait / 4, (uintptr_t)&wait},
        {AMDGPU_CHUNK_ID_SYNCOBJ_TIMELINE_SIGNAL, sizeof signal / 4, (uintptr_t)&signal},
    };
    uint64_t sequence;

    DRM(amdgpu_cs_submit_raw2(ring->graphics->device, ring->context, ring->buffers, 3, chunks,
                              &sequence));
}

static void check_seen(struct ring *ring, uint64_t want)
{
    const uint64_t *seen = (const uint64_t *)((char *)ring->graphics->board + SEEN_AT);

    if (*seen != want)
        ring->graphics->board->errors++;
}

static void *play(struct graphics *graphics, uint32_t ip)
{
    struct ring ring = {.graphics = graphics, .ip = ip};

    ring_open(&ring);
    for (uint64_t i = 0; i < graphics_turns; i++) {
        graphics_await(graphics, 2 * i + 1); /* after which the ring's turn before is over */
        if (i > 0)
            check_seen(&ring, 2 * i - 1);
        submit(&ring, 2 * i + 1);
    }
    graphics_await(graphics, 2 * graphics_turns);
    check_seen(&ring, 2 * graphics_turns - 1);
    ring_close(&ring);
    return NULL;
}

void *ring_play_gfx(void *graphics)
{
    return play(graphics, AMDGPU_HW_IP_GFX);
}

void *ring_play_compute(void *graphics)
{
    return play(graphics, AMDGPU_HW_IP_COMPUTE);
}
