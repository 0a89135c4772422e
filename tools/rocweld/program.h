/* SPDX-License-Identifier: MIT
 *
 * What kind of file a program is, as far as it decides whether the dynamic loader will put
 * rocweld's libraries into it. Looks at the file only; never executes it.
 *
 * Thread safety: any thread.
 */
#ifndef ROCWELD_TOOLS_PROGRAM_H
#define ROCWELD_TOOLS_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>

enum program_kind {
    PROGRAM_DYNAMIC, /* 64-bit ELF with a loader */
    PROGRAM_STATIC,  /* ... without one */
    PROGRAM_32_BIT,  /* ELF of the same processor, for its 32-bit modes */
    PROGRAM_FOREIGN, /* ELF of another processor, or broken */
    PROGRAM_OTHER,   /* a script, or not known */
};

/* Where execvp(3) finds `name`; false when it does not. */
bool program_find(const char *name, char *out_path, size_t size);

enum program_kind program_kind_of(const char *path);

/* Whether the kernel will start it in secure-execution mode for this user (setuid, setgid, file
 * capabilities), in which the loader ignores LD_PRELOAD. */
bool program_is_privileged(const char *path);

#endif
