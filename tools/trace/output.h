/* SPDX-License-Identifier: MIT
 *
 * Where the trace goes and what is in it. Read from the environment at load time, as `rocweld
 * trace` sets it:
 *
 *     ROCWELD_TRACE_FILE=PATH      append there instead of stderr
 *     ROCWELD_TRACE_FILTER=LIST    which calls (tools/trace/filter.h)
 *     ROCWELD_TRACE_SUMMARY=1      counts at the end instead of lines
 *     ROCWELD_TRACE_PACKETS=1      with the packets of command buffers
 *
 * Thread safety: any thread; a line is written with one write(2). Processes append to one file.
 */
#ifndef ROCWELD_TRACE_OUTPUT_H
#define ROCWELD_TRACE_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/trace/decode.h"

bool output_wants(const char *device, const char *call);
bool output_is_summary(void);
bool output_has_packets(void);
/* The line and what belongs below it (whole lines; NULL = nothing). */
void output_write(const struct line *line, const char *details);

/* One call for the summary. */
void output_count(enum trace_device device, unsigned number, bool failed, uint64_t nanoseconds);

#endif
