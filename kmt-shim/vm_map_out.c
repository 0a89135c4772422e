/* SPDX-License-Identifier: MIT */
#include "kmt-shim/vm_map_out.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void put_flush(struct vm_map_out *out)
{
    for (size_t at = 0; at < out->used && !out->failed;) {
        ssize_t n = write(out->fd, out->buffer + at, out->used - at);

        out->failed = n <= 0;
        at += n > 0 ? (size_t)n : 0;
    }
    out->used = 0;
}

void put(struct vm_map_out *out, const char *format, ...)
{
    va_list args;
    int written;

    if (sizeof out->buffer - out->used < PUT_MAX)
        put_flush(out);
    va_start(args, format);
    written = vsnprintf(out->buffer + out->used, PUT_MAX, format, args);
    va_end(args);
    if (written < 0 || written >= PUT_MAX)
        out->failed = true;
    else
        out->used += (size_t)written;
}

void put_text(struct vm_map_out *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("<>&\"'", *text))
            put(out, "&#%d;", *text);
        else
            put(out, "%c", *text >= ' ' && *text <= '~' ? *text : '?');
    }
}

void put_size(struct vm_map_out *out, uint64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    unsigned unit = 0, tenths = 0;

    for (; bytes >= 1024 && unit < 6; unit++, bytes /= 1024)
        tenths = (unsigned)(bytes % 1024 * 10 / 1024);
    if (tenths && bytes < 100)
        put(out, "%u.%u %s", (unsigned)bytes, tenths, units[unit]);
    else
        put(out, "%u %s", (unsigned)bytes, units[unit]);
}

void put_time(struct vm_map_out *out, uint64_t ns)
{
    if (ns < 10000)
        put(out, "%u.%02u us", (unsigned)(ns / 1000), (unsigned)(ns % 1000 / 10));
    else if (ns < 10000000)
        put(out, "%u.%02u ms", (unsigned)(ns / 1000000), (unsigned)(ns % 1000000 / 10000));
    else if (ns < UINT64_C(10000000000))
        put(out, "%u ms", (unsigned)(ns / 1000000));
    else
        put(out, "%u.%u s", (unsigned)(ns / 1000000000), (unsigned)(ns % 1000000000 / 100000000));
}
