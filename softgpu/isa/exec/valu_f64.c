/* SPDX-License-Identifier: MIT
 *
 * Vector operations whose results are rounded by the f64 mode. Expanded from valu.def for one
 * x86-64 level.
 */
#include "softgpu/isa/exec/sem_cvt.h"
#include "softgpu/isa/exec/sem_div.h"
#include "softgpu/isa/exec/sem_f64.h"

#define VALU_IF_f64(...) __VA_ARGS__
#define VALU_NEEDS_MODE  1
#define VALU_ROUND       VALU_ROUND_F64
#define VALU_HAS_FAST    1
#include "softgpu/isa/exec/valu_expand.h"
