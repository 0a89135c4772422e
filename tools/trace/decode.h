/* SPDX-License-Identifier: MIT
 *
 * The tables: which ioctl a request is, and what its argument says.
 */
#ifndef ROCWELD_TRACE_DECODE_H
#define ROCWELD_TRACE_DECODE_H

#include <stddef.h>

#include "tools/trace/line.h"

enum trace_device { TRACE_KFD, TRACE_DRM, TRACE_DEVICE_COUNT };

struct trace_call {
    const char *name; /* NULL = a number that no table knows */
    /* Writes the fields of the line's phase; NULL = the argument is not decoded. */
    void (*decode)(const void *argument, struct line *line);
    size_t size; /* bytes of the argument that decode() looks at */
};

enum { TRACE_CALLS_MAX = 256 };

/* The row of a request (by _IOC_NR); never NULL. */
const struct trace_call *trace_call_find(enum trace_device device, unsigned number);

#define TRACE_NAMES(set) extern const struct line_names trace_names_##set[];
#define NAMES(set)       TRACE_NAMES(set)
#define NAME(value, name)
#define END_NAMES
#include "tools/trace/names.def"
#undef NAMES
#undef NAME
#undef END_NAMES

#endif
