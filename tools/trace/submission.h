/* SPDX-License-Identifier: MIT
 *
 * What a DRM_AMDGPU_CS submits: a line for each chunk and, when there is a source of their
 * contents, its command buffers' packets.
 */
#ifndef ROCWELD_TRACE_SUBMISSION_H
#define ROCWELD_TRACE_SUBMISSION_H

#include <stdio.h>

#include "tools/trace/packets.h"

union drm_amdgpu_cs;

/* `source` may be NULL: no packets. To be called before the submission: afterwards the program may
 * write the next one to the same place. */
void submission_print(const union drm_amdgpu_cs *cs, const struct packet_source *source, FILE *out);

#endif
