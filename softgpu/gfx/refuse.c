/* SPDX-License-Identifier: MIT
 *
 * What every stage says when it meets something that is not modelled: see pipeline.h.
 */
#include <stdarg.h>
#include <stdio.h>

#include "softgpu/gfx/pipeline.h"

enum gfx_result gfx_refuse(struct gfx_pipeline *pipeline, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(pipeline->obstacle, sizeof(pipeline->obstacle), format, arguments);
    va_end(arguments);
    pipeline->fault.kind = ISA_FAULT_NONE;
    return GFX_FAULT;
}
