/* SPDX-License-Identifier: MIT
 *
 * EXP: hands registers to the stage that runs the wave (isa/graphics.h).
 *
 * The pixels that live are those of the last export with VM; lanes that EXEC leaves out then are
 * dead for good. A wave without a stage has nowhere to export to.
 *
 * Sources: RDNA 2 ISA guide, "Exporting: Position, Color/MRT and Parameters"; LLVM's exp targets.
 */
#include "softgpu/isa/exec/handlers.h"

#include "softgpu/isa/graphics.h"

static const uint32_t *export_row(const struct isa_wave *w, unsigned reg)
{
    return reg == ISA_REG_NONE ? NULL : &w->vgpr[(size_t)(reg - ISA_REG_VGPR0) * w->lanes];
}

/* Compressed: components 0 and 1 share a register, and so do 2 and 3. */
static void export_rows(const struct isa_wave *w, const struct isa_inst *inst,
                        struct isa_export *out)
{
    for (unsigned i = 0; i < 4; i++) {
        unsigned to = inst->exp.compr ? i / 2 : i;

        if (inst->exp.en >> i & 1)
            out->row[to] = export_row(w, inst->src[i]);
    }
}

static void export_exp(struct isa_wave *w, const struct isa_inst *inst)
{
    struct isa_graphics *graphics = w->graphics;
    struct isa_export export = {.target = inst->exp.target,
                                .enable = inst->exp.en,
                                .compressed = inst->exp.compr,
                                .done = inst->exp.done,
                                .valid_mask = inst->exp.vm,
                                .exec = isa_wave_exec(w)};

    if (!graphics || !graphics->export) {
        isa_handler_unsupported(w, inst);
        return;
    }
    export_rows(w, inst, &export);
    if (export.valid_mask)
        graphics->live = export.exec;
    graphics->export(graphics, w, &export);
}

isa_handler *const isa_export_handlers[ISA_OP_COUNT] = {
    [ISA_OP_exp] = export_exp,
};
