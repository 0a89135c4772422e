/* SPDX-License-Identifier: MIT */
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"

static _Thread_local struct {
    int err;
    char site[96];
    char message[400];
} last_failure;

rw_status rw_status_fail(int err, const char *file, int line, const char *format, ...)
{
    va_list args;

    last_failure.err = err;
    snprintf(last_failure.site, sizeof last_failure.site, "%s:%d", file, line);
    va_start(args, format);
    vsnprintf(last_failure.message, sizeof last_failure.message, format, args);
    va_end(args);
    rw_debug(base, "errno %d at %s: %s", err, last_failure.site, last_failure.message);
    return (rw_status){err};
}

const char *rw_status_message(rw_status s, const char **out_site)
{
    bool known = s.err != 0 && s.err == last_failure.err;

    if (out_site)
        *out_site = known ? last_failure.site : "";
    return known ? last_failure.message : "";
}

void rw_status_clear(void)
{
    last_failure.err = 0;
}
