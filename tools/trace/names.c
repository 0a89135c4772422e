/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <sys/mman.h>

#include <amdgpu_drm.h>
#include <drm.h>
#include <linux/kfd_ioctl.h>

#include "tools/trace/decode.h"

#define NAMES(set)        const struct line_names trace_names_##set[] = {
#define NAME(value, name) {value, name},
#define END_NAMES                                                                                  \
    {                                                                                              \
        0, NULL                                                                                    \
    }                                                                                              \
    }                                                                                              \
    ;
#include "tools/trace/names.def"
