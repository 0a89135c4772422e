/* SPDX-License-Identifier: MIT
 *
 * Vector comparisons of integers. Expanded from valu.def for one x86-64 level.
 */
#include "softgpu/isa/exec/sem_cmp.h"

#define VALU_IF_cmpi(...) __VA_ARGS__
#define VALU_NEEDS_MODE   0
#define VALU_ROUND        VALU_ROUND_NONE
#include "softgpu/isa/exec/valu_expand.h"
