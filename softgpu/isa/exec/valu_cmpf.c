/* SPDX-License-Identifier: MIT
 *
 * Vector comparisons of floats. Expanded from valu.def for one x86-64 level.
 */
#include "softgpu/isa/exec/sem_cmp.h"

#define VALU_IF_cmpf(...) __VA_ARGS__
#define VALU_NEEDS_MODE   1
#define VALU_ROUND        VALU_ROUND_NONE
#include "softgpu/isa/exec/valu_expand.h"
