/* SPDX-License-Identifier: MIT
 *
 * Which handler executes an operation: see handlers.h.
 */
#include "softgpu/isa/exec/handlers.h"

#include "softgpu/isa/exec/trap.h"

isa_handler *isa_handler_find(enum isa_op op)
{
    static isa_handler *const *const tables[] = {
        isa_flow_handlers, isa_salu_handlers, isa_valu_handlers,   isa_smem_handlers,
        isa_lds_handlers,  isa_flat_handlers, isa_buffer_handlers, isa_image_handlers,
        isa_export_handlers, isa_interp_handlers,
    };

    for (unsigned i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        if (tables[i][op])
            return tables[i][op];
    }
    return NULL;
}

void isa_handler_illegal(struct isa_wave *w, const struct isa_inst *inst)
{
    isa_fault_raise(w, inst, ISA_FAULT_ILLEGAL, 0, 0, 0);
}

void isa_handler_unsupported(struct isa_wave *w, const struct isa_inst *inst)
{
    isa_fault_raise(w, inst, ISA_FAULT_UNSUPPORTED, 0, 0, 0);
}
