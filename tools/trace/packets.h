/* SPDX-License-Identifier: MIT
 *
 * Command buffers as text: PM4 and SDMA packets, one line each, by the tables that softgpu
 * executes them by (softgpu/cp, softgpu/gfx). Indirect buffers are followed.
 *
 * Thread safety: any thread, as far as the source of contents allows.
 */
#ifndef ROCWELD_TRACE_PACKETS_H
#define ROCWELD_TRACE_PACKETS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum packet_language { PACKETS_PM4, PACKETS_SDMA };

/* Where contents come from. */
struct packet_source {
    /* Copies GPU memory; NULL, or why that cannot be (borrowed). */
    const char *(*read)(void *context, uint64_t va, void *to, size_t size);
    void *context;
};

/* Appends to `out` what `dwords` of commands at `va` say. */
void packets_print(enum packet_language language, const struct packet_source *source, uint64_t va,
                   uint64_t dwords, FILE *out);

#endif
