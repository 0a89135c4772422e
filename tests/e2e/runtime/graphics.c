/* SPDX-License-Identifier: MIT */
#include "graphics.h"
#include "ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <amdgpu_drm.h>
#include <xf86drm.h>

enum { WAIT_SECONDS = 20 };

uint64_t graphics_turns;

#define DRM(call) check((call), #call)

static void check(int result, const char *call)
{
    if (result == 0)
        return;
    fprintf(stderr, "%s: %s\n", call, strerror(result < -1 ? -result : errno));
    exit(2);
}

static void board_create(struct graphics *graphics)
{
    struct amdgpu_bo_alloc_request request = {
        .alloc_size = GRAPHICS_BOARD_BYTES,
        .phys_alignment = 4096,
        .preferred_heap = AMDGPU_GEM_DOMAIN_GTT,
        .flags = AMDGPU_GEM_CREATE_CPU_ACCESS_REQUIRED,
    };
    amdgpu_va_handle va;
    uint64_t address;
    void *host;

    DRM(amdgpu_bo_alloc(graphics->device, &request, &graphics->bo));
    DRM(amdgpu_va_range_alloc(graphics->device, amdgpu_gpu_va_range_general, GRAPHICS_BOARD_BYTES,
                              4096, 0, &address, &va, AMDGPU_VA_RANGE_HIGH));
    DRM(amdgpu_bo_va_op(graphics->bo, 0, GRAPHICS_BOARD_BYTES, address, 0, AMDGPU_VA_OP_MAP));
    DRM(amdgpu_bo_cpu_map(graphics->bo, &host));
    memset(host, 0, GRAPHICS_BOARD_BYTES);
    graphics->board = host;
    graphics->board_address = (struct board *)(uintptr_t)address;
}

void graphics_open(struct graphics *out_graphics)
{
    uint32_t major, minor;

    out_graphics->fd = open("/dev/dri/renderD128", O_RDWR | O_CLOEXEC);
    if (out_graphics->fd < 0) {
        perror("/dev/dri/renderD128");
        exit(2);
    }
    DRM(amdgpu_device_initialize(out_graphics->fd, &major, &minor, &out_graphics->device));
    DRM(drmSyncobjCreate(out_graphics->fd, 0, &out_graphics->timeline));
    board_create(out_graphics);
}

void graphics_close(struct graphics *graphics)
{
    DRM(amdgpu_bo_cpu_unmap(graphics->bo));
    DRM(amdgpu_bo_free(graphics->bo));
    DRM(drmSyncobjDestroy(graphics->fd, graphics->timeline));
    DRM(amdgpu_device_deinitialize(graphics->device));
    close(graphics->fd);
}

int graphics_timeline_fd(struct graphics *graphics)
{
    int fd;

    DRM(drmSyncobjHandleToFD(graphics->fd, graphics->timeline, &fd));
    return fd;
}

void graphics_signal(struct graphics *graphics, uint64_t point)
{
    DRM(drmSyncobjTimelineSignal(graphics->fd, &graphics->timeline, &point, 1));
}

static int64_t seconds_from_now(int seconds)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec + seconds) * INT64_C(1000000000) + now.tv_nsec;
}

static int wait_seconds(struct graphics *graphics, uint64_t point, int seconds)
{
    int result = drmSyncobjTimelineWait(graphics->fd, &graphics->timeline, &point, 1,
                                        seconds_from_now(seconds),
                                        DRM_SYNCOBJ_WAIT_FLAGS_WAIT_FOR_SUBMIT, NULL);

    if (result == -ETIME)
        return 0;
    DRM(result);
    return 1;
}

int graphics_wait(struct graphics *graphics, uint64_t point)
{
    return wait_seconds(graphics, point, 1);
}

void graphics_await(struct graphics *graphics, uint64_t point)
{
    if (wait_seconds(graphics, point, WAIT_SECONDS))
        return;
    fprintf(stderr, "graphics waited %d s for point %llu\n", WAIT_SECONDS,
            (unsigned long long)point);
    exit(2);
}

/* ---- who takes graphics' turns ---- */

static void turn_take(volatile struct board *board, uint64_t expected)
{
    if (board->word != expected)
        board->errors++;
    board->word = expected + 1;
}

static void *thread_play(void *context)
{
    struct graphics *graphics = context;
    struct board *board = graphics->board;

    for (uint64_t i = 0; i < graphics_turns; i++) {
        uint64_t point = 2 * i + 1;

        graphics_await(graphics, point);
        turn_take(board, point);
        graphics_signal(graphics, point + 1);
    }
    return NULL;
}

static void *unordered_play(void *context)
{
    struct board *board = ((struct graphics *)context)->board;

    for (uint64_t i = 0; i < graphics_turns; i++)
        turn_take(board, 2 * i + 1);
    return NULL;
}

static const struct graphics_peer peers[] = {
    {"thread", 1, thread_play},
    {"gfx", 1, ring_play_gfx},
    {"compute", 1, ring_play_compute},
    {"unordered", 0, unordered_play},
};

const struct graphics_peer *graphics_peer_find(const char *name)
{
    for (size_t i = 0; i < sizeof peers / sizeof peers[0]; i++)
        if (strcmp(peers[i].name, name) == 0)
            return &peers[i];
    fprintf(stderr, "nobody called '%s' takes graphics' turns\n", name);
    exit(2);
}
