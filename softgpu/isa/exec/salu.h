/* SPDX-License-Identifier: MIT
 *
 * Scalar handlers that are not expanded from a semantic function, for the table in salu.c.
 */
#ifndef SOFTGPU_ISA_EXEC_SALU_H
#define SOFTGPU_ISA_EXEC_SALU_H

#include "softgpu/isa/wave.h"

#define SALU_1(op)
#define SALU_2(op)
#define SALU_MODIFY(op)
#define SALU_CMP(op)
#define SALU_CMPK_I(condition)
#define SALU_CMPK_U(condition)
#define SALU_SAVEEXEC(op)
#define SALU_WREXEC(op)
#define SALU_OTHER(op) isa_handler salu_##op;
#include "softgpu/isa/exec/salu.def"

#endif
