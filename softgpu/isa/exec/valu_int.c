/* SPDX-License-Identifier: MIT
 *
 * Vector integer operations of 16 and 32 bits. Expanded from valu.def for one x86-64 level.
 */
#include "softgpu/isa/exec/sem_int.h"
#include "softgpu/isa/exec/sem_pk.h"

#define VALU_IF_int(...) __VA_ARGS__
#define VALU_NEEDS_MODE  0
#define VALU_ROUND       VALU_ROUND_NONE
#define VALU_HAS_FAST    1
#include "softgpu/isa/exec/valu_expand.h"
