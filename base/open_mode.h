/* SPDX-License-Identifier: MIT
 *
 * For functions that stand in front of libc's open(): its third argument.
 */
#ifndef ROCWELD_BASE_OPEN_MODE_H
#define ROCWELD_BASE_OPEN_MODE_H

#include <fcntl.h>
#include <stdarg.h>

/* Takes the mode that follows `flags`, the caller's last named parameter, into `mode`, which stays
 * as it is where `flags` make no file: then there is none. */
#define OPEN_MODE_TAKE(flags, mode)                                                                \
    do {                                                                                           \
        if ((flags) & (O_CREAT | __O_TMPFILE)) {                                                   \
            va_list args;                                                                          \
            va_start(args, flags);                                                                 \
            (mode) = va_arg(args, mode_t);                                                         \
            va_end(args);                                                                          \
        }                                                                                          \
    } while (0)

#endif
