/* SPDX-License-Identifier: MIT
 *
 * Vector operations on f16. Expanded from valu.def for one x86-64 level.
 */
#include "softgpu/isa/exec/sem_div.h"
#include "softgpu/isa/exec/sem_f16.h"
#include "softgpu/isa/exec/sem_pk.h"
#include "softgpu/isa/exec/valu_halves.h"

#define VALU_IF_f16(...) __VA_ARGS__
#define VALU_NEEDS_MODE  1
#define VALU_ROUND       VALU_ROUND_NONE
#include "softgpu/isa/exec/valu_expand.h"
