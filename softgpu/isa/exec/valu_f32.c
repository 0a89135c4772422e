/* SPDX-License-Identifier: MIT
 *
 * Vector operations whose results are rounded as f32. Expanded from valu.def for one x86-64 level.
 */
#include "softgpu/isa/exec/sem_cvt.h"
#include "softgpu/isa/exec/sem_div.h"
#include "softgpu/isa/exec/sem_f32.h"
#include "softgpu/isa/exec/sem_pk.h"

#define VALU_IF_f32(...) __VA_ARGS__
#define VALU_NEEDS_MODE  1
#define VALU_ROUND       VALU_ROUND_F32
#define VALU_HAS_FAST    1
#include "softgpu/isa/exec/valu_expand.h"
