/* SPDX-License-Identifier: MIT
 *
 * `rocweld bench`: measuring programs (tests/bench/) run side by side, and what their numbers say
 * together. Ratios count; machines are noisy.
 */
#ifndef ROCWELD_TOOLS_BENCH_H
#define ROCWELD_TOOLS_BENCH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct gpu_target;

/* A measuring program of tests/bench/ and how to run it. */
struct bench_program {
    const char *program, *title;
    const char *argument; /* NULL = none */
    bool on_target;
    /* Finds the folder of kernels that it is told as its last argument; NULL = none. */
    bool (*find_kernels)(const char *name, char *out_path, size_t size);
    /* Put the library that counts system calls between the shim and the devices. */
    bool counts_calls;
    /* ROCWELD_SHARE, ROCWELD_RESIDENCY, ROCWELD_INTEROP; NULL = as they are */
    const char *share, *residency, *interop;
};

/* The JSON object that the program prints (a new reference); NULL, after a message, when it
 * fails. */
json_t *bench_measure(const struct bench_program *job, const struct gpu_target *target,
                      const char *command);

/* ---- The topic "stack" ---- */

/* Who measured. Each source's numbers are one JSON object. */
enum bench_source {
    BENCH_NO_GPU, /* HSA on this machine as it is */
    BENCH_HSA,    /* HSA on the target */
    BENCH_HIP,    /* HIP on the target */
    BENCH_OPENCL, /* OpenCL on the CPU: the peer */
    BENCH_SOURCE_COUNT,
};

extern const char *const bench_source_names[BENCH_SOURCE_COUNT];

struct bench_numbers {
    json_t *of[BENCH_SOURCE_COUNT]; /* owned; NULL = that program did not run */
};

void bench_print_table(const struct bench_numbers *numbers);
/* What bench_print_table() prints and the raw numbers, as JSON (a new reference). */
json_t *bench_to_json(const struct bench_numbers *numbers);

/* ---- The topic "share": what tests/bench/measure_share.c printed, both ways; NULL = missing ----
 */

struct bench_share {
    json_t *weld, *dmabuf; /* owned */
};

void bench_share_print(const struct bench_share *share);
json_t *bench_share_to_json(const struct bench_share *share);

/* ---- The topic "graphics" ---- */

enum bench_graphics_source {
    BENCH_CS,         /* libdrm on the target */
    BENCH_VULKAN,     /* Vulkan on the target */
    BENCH_VULKAN_CPU, /* Vulkan by a driver that is a CPU: the peer */
    BENCH_ONE_VM,     /* HIP and Vulkan by turns in one VM */
    BENCH_EXTERNAL,   /* the same by external memory: the peer */
    BENCH_GRAPHICS_SOURCES,
};

struct bench_graphics {
    json_t *of[BENCH_GRAPHICS_SOURCES]; /* owned; NULL = that program did not run */
};

void bench_graphics_print(const struct bench_graphics *graphics);
json_t *bench_graphics_to_json(const struct bench_graphics *graphics);

/* ---- The topic "lookup": what tests/bench/measure_lookup.c printed ---- */

void bench_lookup_print(const json_t *numbers);
/* A new reference; `numbers` may be NULL. */
json_t *bench_lookup_to_json(json_t *numbers);

#endif
