/* SPDX-License-Identifier: MIT */
#include "tools/trace/line.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { ARRAY_SHOWN = 16, STRING_SHOWN = 64 };

void line_add(struct line *line, const char *format, ...)
{
    size_t room = sizeof line->text - line->length;
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(line->text + line->length, room, format, args);
    va_end(args);
    if (n < 0)
        return;
    if ((size_t)n < room) {
        line->length += (size_t)n;
        return;
    }
    line->length = sizeof line->text - 1;
    memcpy(line->text + line->length - 3, "...", 3);
}

void line_name(struct line *line, const char *name)
{
    line_add(line, "%s%s=", line->has_field ? ", " : "", name);
    line->has_field = true;
}

void line_number(struct line *line, enum line_format format, uint64_t value)
{
    switch (format) {
    case LINE_INT:
        line_add(line, "%" PRId64, (int64_t)value);
        break;
    case LINE_UINT:
        line_add(line, "%" PRIu64, value);
        break;
    case LINE_HEX:
        line_add(line, "%#" PRIx64, value);
        break;
    case LINE_VA:
        if (value)
            line_add(line, "%#" PRIx64, value);
        else
            line_add(line, "NULL");
        break;
    case LINE_GPU:
        line_add(line, "0x%04" PRIx64, value);
        break;
    case LINE_KHANDLE:
        line_add(line, "0x%04" PRIx64 ":%" PRIu64, value >> 32, value & UINT32_MAX);
        break;
    }
}

void line_enum(struct line *line, const struct line_names *names, uint64_t value)
{
    for (; names->name; names++)
        if (names->value == value) {
            line_add(line, "%s", names->name);
            return;
        }
    line_add(line, "%" PRIu64, value);
}

void line_flags(struct line *line, const struct line_names *names, uint64_t value)
{
    const char *separator = "";

    if (value == 0)
        line_add(line, "0");
    for (; names->name; names++)
        if (names->value && (value & names->value) == names->value) {
            line_add(line, "%s%s", separator, names->name);
            separator = "|";
            value &= ~names->value;
        }
    if (value)
        line_add(line, "%s%#" PRIx64, separator, value);
}

uint64_t line_load(enum line_format format, const void *field, size_t size)
{
    uint64_t value = 0;

    memcpy(&value, field, size < sizeof value ? size : sizeof value);
    if (format == LINE_INT && size < sizeof value) {
        unsigned shift = 64 - 8 * (unsigned)size;
        value = (uint64_t)((int64_t)(value << shift) >> shift);
    }
    return value;
}

bool line_peek(void *to, uint64_t address, size_t size)
{
    struct iovec local = {to, size}, remote = {(void *)(uintptr_t)address, size};

    return process_vm_readv((pid_t)syscall(SYS_getpid), &local, 1, &remote, 1, 0) == (ssize_t)size;
}

void line_array(struct line *line, enum line_format format, uint64_t address, uint64_t count,
                size_t size)
{
    unsigned char items[ARRAY_SHOWN * sizeof(uint64_t)];
    size_t shown = count < ARRAY_SHOWN ? (size_t)count : ARRAY_SHOWN;

    if (!line_peek(items, address, shown * size)) {
        line_number(line, LINE_VA, address);
        return;
    }
    line_add(line, "[");
    for (size_t i = 0; i < shown; i++) {
        line_add(line, "%s", i ? ", " : "");
        line_number(line, format, line_load(format, items + i * size, size));
    }
    if (count > shown)
        line_add(line, ", ... %" PRIu64 " in all", count);
    line_add(line, "]");
}

void line_string(struct line *line, uint64_t address, uint64_t length)
{
    char text[STRING_SHOWN];
    size_t shown = length < sizeof text ? (size_t)length : sizeof text;

    if (address && line_peek(text, address, shown))
        line_add(line, "\"%.*s\"%s", (int)strnlen(text, shown), text, length > shown ? "..." : "");
    else
        line_number(line, LINE_VA, address);
}
