/* SPDX-License-Identifier: MIT
 *
 * Vector integer operations of 64 bits. Expanded from valu.def for one x86-64 level.
 */
#include "softgpu/isa/exec/sem_int.h"

#define VALU_IF_int64(...) __VA_ARGS__
#define VALU_NEEDS_MODE    0
#define VALU_ROUND         VALU_ROUND_NONE
#include "softgpu/isa/exec/valu_expand.h"
