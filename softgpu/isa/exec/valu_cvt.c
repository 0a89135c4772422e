/* SPDX-License-Identifier: MIT
 *
 * Vector conversions, and operations that only round. Expanded from valu.def for one x86-64 level.
 */
#include "softgpu/isa/exec/sem_cvt.h"

#define VALU_IF_cvt(...) __VA_ARGS__
#define VALU_NEEDS_MODE  1
#define VALU_ROUND       VALU_ROUND_NONE
#include "softgpu/isa/exec/valu_expand.h"
