/* SPDX-License-Identifier: MIT
 *
 * The graphics side of the tests: libdrm and a timeline syncobj, as a graphics driver has them. Who
 * takes graphics' turns is a table row, so that a ring can take them as well as a thread. What
 * fails ends the program with status 2 and a line.
 */
#ifndef ROCWELD_TESTS_E2E_RUNTIME_GRAPHICS_H
#define ROCWELD_TESTS_E2E_RUNTIME_GRAPHICS_H

#include <stdint.h>

#include <amdgpu.h>

#include "compute.h"

enum { GRAPHICS_BOARD_BYTES = 64 * 1024 };

struct graphics {
    int fd; /* owned */
    amdgpu_device_handle device;
    uint32_t timeline;           /* syncobj */
    struct board *board;         /* as the CPU and, ... */
    struct board *board_address; /* ... if the VM is shared, the GPU sees it */
    amdgpu_bo_handle bo;
};

/* Opens the first render node as a graphics client does. The board is a buffer of libdrm, mapped in
 * this file's VM in the high range. */
void graphics_open(struct graphics *out_graphics);
void graphics_close(struct graphics *graphics);

/* A descriptor of the timeline; the caller closes it. */
int graphics_timeline_fd(struct graphics *graphics);
void graphics_signal(struct graphics *graphics, uint64_t point);
/* False after a second. */
int graphics_wait(struct graphics *graphics, uint64_t point);
/* Ends the program when the point does not come. */
void graphics_await(struct graphics *graphics, uint64_t point);

struct graphics_peer {
    const char *name;
    int ordered; /* 0: for comparison, nobody waits for anybody */
    /* Takes `turns` turns: waits for point 2 i + 1, the word must be that, makes it one more,
     * signals that. `context`: struct graphics. Returns NULL. */
    void *(*play)(void *context);
};
extern uint64_t graphics_turns;
const struct graphics_peer *graphics_peer_find(const char *name);

#endif
