/* SPDX-License-Identifier: MIT
 * One list whose nodes lie in a libdrm buffer and in hipMalloc memory by turns, walked by a HIP
 * kernel that writes its result into the libdrm buffer; then the graphics driver's copy engine
 * reads the hipMalloc half of it. Nothing is exported or imported: both sides have one GPU VM, so
 * an address is all that either needs.
 *
 *   interop_libdrm [drm-first | hip-first | together]     who starts first, or each in a thread
 */
#include "graphics.h"
#include "sample.h"
#include "sides.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAIRS = 500, RESULT_AT = 64 * 1024, COPY_AT = 96 * 1024, BUFFER_BYTES = 128 * 1024 };

struct sides {
    struct graphics graphics;
    struct graphics_buffer buffer;
    struct node *device; /* hipMalloc's */
};

static void start_graphics(void *context)
{
    struct sides *sides = context;

    graphics_open(&sides->graphics);
    graphics_buffer_create(&sides->graphics, BUFFER_BYTES, &sides->buffer);
}

static void start_hip(void *context)
{
    struct sides *sides = context;

    SAMPLE_CHECK(hipInit(0));
    sides->device = sample_zeroed(PAIRS * sizeof *sides->device);
}

/* Buffer, device, buffer, device, ...: payloads 1, 2, 3, ... */
static void build_list(struct sides *sides)
{
    struct node *in_buffer = sides->buffer.host, in_device[PAIRS];

    for (unsigned i = 0; i < PAIRS; i++) {
        uint64_t after = sides->buffer.address + (i + 1) * sizeof(struct node);
        in_buffer[i] = (struct node){(uintptr_t)&sides->device[i], 2 * i + 1};
        in_device[i] = (struct node){i + 1 < PAIRS ? after : 0, 2 * i + 2};
    }
    SAMPLE_CHECK(hipMemcpy(sides->device, in_device, sizeof in_device, hipMemcpyHostToDevice));
}

static void walk_list(struct sides *sides)
{
    uint64_t head = sides->buffer.address;
    struct {
        void *heads;
        uint64_t walks;
        unsigned lists, limit;
    } args = {sample_upload(&head, sizeof head), sides->buffer.address + RESULT_AT, 1, 10 * PAIRS};

    sample_launch(sample_kernel("pointer_chase"), 1, 1, 64, 1, &args, sizeof args);
    SAMPLE_CHECK(hipFree(args.heads));
}

/* The nodes that HIP allocated, as graphics finds them at HIP's addresses. */
static double sum_by_graphics(struct sides *sides)
{
    const struct node *copy = (const struct node *)((char *)sides->buffer.host + COPY_AT);
    double sum = 0;

    graphics_copy(&sides->graphics, &sides->buffer, sides->buffer.address + COPY_AT,
                  (uintptr_t)sides->device, PAIRS * sizeof *copy);
    for (unsigned i = 0; i < PAIRS; i++)
        sum += (double)copy[i].payload;
    return sum;
}

int main(int argc, char **argv)
{
    const char *order = argc > 1 ? argv[1] : "drm-first";
    static struct sides sides;
    const struct walk *walk;

    sides_start(&(struct sides_start){"drm", start_hip, start_graphics, &sides}, order);
    printf("hipMalloc's address is %s in libdrm's VM\n",
           graphics_address_is_taken(&sides.buffer, sides.device) ? "taken" : "free");
    fflush(stdout);
    build_list(&sides);
    walk_list(&sides);
    walk = (const struct walk *)((char *)sides.buffer.host + RESULT_AT);
    sample_expect_near("length", 0, (double)walk->length, 2 * PAIRS, 0);
    sample_expect_near("sum", 0, (double)walk->sum, (double)PAIRS * (2 * PAIRS + 1), 0);
    sample_expect_near("sum of HIP's half, by graphics", 0, sum_by_graphics(&sides),
                       (double)PAIRS * (PAIRS + 1), 0);
    printf("interop_libdrm: a kernel walked %llu nodes of both sides, %s\n",
           (unsigned long long)walk->length, order);
    SAMPLE_CHECK(hipFree(sides.device));
    graphics_buffer_destroy(&sides.buffer);
    graphics_close(&sides.graphics);
    return 0;
}
