/* SPDX-License-Identifier: MIT
 *
 * Vector reciprocals, roots, logarithms and trigonometry. Expanded from valu.def for one x86-64
 * level.
 */
#include "softgpu/isa/exec/sem_trans.h"

#define VALU_IF_trans(...) __VA_ARGS__
#define VALU_NEEDS_MODE    1
#define VALU_ROUND         VALU_ROUND_NONE
#include "softgpu/isa/exec/valu_expand.h"
