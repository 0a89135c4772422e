/* SPDX-License-Identifier: MIT
 *
 * Where this program's companions are: beside it in a build tree, or where they were installed.
 */
#ifndef ROCWELD_TOOLS_PATHS_H
#define ROCWELD_TOOLS_PATHS_H

#include <stdbool.h>
#include <stddef.h>

/* What all of them begin with. */
#define PATHS_LIBRARY_PREFIX "librocweld-"
#define PATHS_SOFTGPU_LIBRARY "librocweld-softgpu.so"
#define PATHS_SHIM_LIBRARY    "librocweld-kmt-shim.so"
#define PATHS_TRACE_LIBRARY   "librocweld-trace.so"
#define PATHS_HSA_LIBRARY     "librocweld-hsa.so"

/* Absolute path of a library / helper program / data file; false when there is none (the path is
 * then where it was expected first). `size` bytes of `out_path`; PATH_MAX is enough. */
bool paths_library(const char *name, char *out_path, size_t size);
bool paths_helper(const char *name, char *out_path, size_t size);
bool paths_data(const char *name, char *out_path, size_t size);

/* This program's own file. */
bool paths_self(char *out_path, size_t size);

#endif
