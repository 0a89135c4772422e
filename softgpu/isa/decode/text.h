/* SPDX-License-Identifier: MIT
 *
 * The disassembler's text buffer and what its files share. Nothing here is seen outside decode/.
 */
#ifndef SOFTGPU_ISA_DECODE_TEXT_H
#define SOFTGPU_ISA_DECODE_TEXT_H

#include "softgpu/isa/decode/decoder.h"

struct isa_text {
    char *buffer;  /* borrowed; NULL only if size is 0 */
    size_t size;   /* bytes, terminator included */
    size_t length; /* bytes needed so far, terminator not included */
    const struct isa_gen_table *table;
    const struct isa_inst *inst;
    const struct isa_op_info *info;
    unsigned lanes;
    uint64_t pc;
    bool started; /* an operand has been written: the next needs a comma */
};

void isa_text_put(struct isa_text *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes ", " between operands and " " in front of the first. */
void isa_text_separate(struct isa_text *t);

/* `dwords` registers from `reg` on, or a special register or inline constant. */
void isa_text_register(struct isa_text *t, uint16_t reg, unsigned dwords);

/* Operands with their separator; sources without neg, abs and the like. */
void isa_text_operand(struct isa_text *t, uint16_t reg, enum isa_type type);
void isa_text_source(struct isa_text *t, unsigned index);

/* The value of source `index` without separator: a register or a constant in its type. */
void isa_text_value(struct isa_text *t, unsigned index);

static inline void isa_text_flag(struct isa_text *t, bool set, const char *name)
{
    if (set)
        isa_text_put(t, " %s", name);
}

/* By unit. */
void isa_text_scalar(struct isa_text *t); /* SOP1, SOP2, SOPC, SOPK, SOPP, SMEM */
void isa_text_sopk_operands(struct isa_text *t);
void isa_text_sopp_operands(struct isa_text *t);
void isa_text_vector(struct isa_text *t); /* VOP*, VINTRP */
void isa_text_memory(struct isa_text *t); /* DS, FLAT family, MUBUF, MTBUF */
void isa_text_image(struct isa_text *t);  /* MIMG, EXP */

#endif
