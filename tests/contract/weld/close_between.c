/* SPDX-License-Identifier: MIT
 *
 * A client's thread that closes a descriptor just when the shim has chosen it: preloaded between
 * the shim and the GPU, it closes descriptor weld_close_between when somebody is about to duplicate
 * it.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

__attribute__((visibility("default"))) int weld_close_between = -1;

#define DEFINE_FCNTL(name)                                                                         \
    __attribute__((visibility("default"))) int name(int fd, int command, ...)                      \
    {                                                                                              \
        __typeof__(&fcntl) next = (__typeof__(&fcntl))dlsym(RTLD_NEXT, #name);                     \
        va_list args;                                                                              \
        va_start(args, command);                                                                   \
        void *argument = va_arg(args, void *);                                                     \
        va_end(args);                                                                              \
        if (fd == weld_close_between && command == F_DUPFD_CLOEXEC) {                              \
            weld_close_between = -1;                                                               \
            close(fd);                                                                             \
        }                                                                                          \
        return next(fd, command, argument);                                                        \
    }

DEFINE_FCNTL(fcntl)
DEFINE_FCNTL(fcntl64)
