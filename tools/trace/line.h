/* SPDX-License-Identifier: MIT
 *
 * One line of the trace, built piece by piece. A line that is longer than its buffer ends in
 * "...". Values of the program's memory are read with line_peek(), which answers false for
 * addresses that the program could not read either.
 *
 * Thread safety: a line belongs to one thread.
 */
#ifndef ROCWELD_TRACE_LINE_H
#define ROCWELD_TRACE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a number is written. */
enum line_format {
    LINE_INT,     /* signed decimal */
    LINE_UINT,    /* unsigned decimal */
    LINE_HEX,     /* 0x... */
    LINE_VA,      /* an address: 0x..., NULL */
    LINE_GPU,     /* a gpu_id: 0x%04x */
    LINE_KHANDLE, /* KFD handle: gpu_id:number */
};

/* Names of an enumeration's values or of flag bits; ends with a NULL name. */
struct line_names {
    uint64_t value;
    const char *name;
};

enum line_phase { LINE_ARGUMENTS, LINE_RESULTS };

struct line {
    char text[2048];
    size_t length;
    enum line_phase phase;
    bool has_field;     /* a separator is due */
    const void *before; /* the argument as the call found it (borrowed) */
    size_t valid;       /* bytes of the argument that the caller's struct has */
};

void line_add(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Starts a field: ", name=". */
void line_name(struct line *line, const char *name);
void line_number(struct line *line, enum line_format format, uint64_t value);
void line_enum(struct line *line, const struct line_names *names, uint64_t value);
void line_flags(struct line *line, const struct line_names *names, uint64_t value);
/* "[a, b, c]" of `count` elements of `size` bytes each in the program's memory. */
void line_array(struct line *line, enum line_format format, uint64_t address, uint64_t count,
                size_t size);
void line_string(struct line *line, uint64_t address, uint64_t length);

/* The unsigned (or, for LINE_INT, sign-extended) value of a field of 1, 2, 4 or 8 bytes. */
uint64_t line_load(enum line_format format, const void *field, size_t size);

bool line_peek(void *to, uint64_t address, size_t size);

#endif
