/* SPDX-License-Identifier: MIT
 *
 * What a wave of a graphics stage has beyond a compute wave's: somewhere to export to, and a
 * primitive's parameters to interpolate. isa_wave.graphics points to it; NULL in compute waves,
 * whose exports and interpolations fault as unsupported.
 *
 * Ownership: the stage's that runs the wave (softgpu/gfx). Thread safety: as the wave's.
 * Sources: RDNA 2 ISA guide, "Exporting" and "Parameter Interpolation"; LLVM's AMDGPU exp targets.
 */
#ifndef SOFTGPU_ISA_GRAPHICS_H
#define SOFTGPU_ISA_GRAPHICS_H

#include <stdbool.h>
#include <stdint.h>

struct isa_wave;

enum isa_export_target {
    ISA_EXPORT_MRT0 = 0, /* .. 7 */
    ISA_EXPORT_MRTZ = 8,
    ISA_EXPORT_NULL = 9,
    ISA_EXPORT_POS0 = 12, /* .. 16 */
    ISA_EXPORT_PRIM = 20,
    ISA_EXPORT_PARAM0 = 32, /* .. 63 */
};

struct isa_export {
    unsigned target;        /* enum isa_export_target */
    unsigned enable;        /* EN: component c is written when bit c is set; 3s when compressed */
    bool compressed;        /* row[0] and row[1] hold two 16-bit components each */
    bool done;              /* the last one of its kind */
    bool valid_mask;        /* VM: EXEC says which pixels live */
    uint64_t exec;          /* lanes that export */
    const uint32_t *row[4]; /* component c of lane l is row[c][l] */
};

enum { ISA_PARAMETERS = 32, ISA_QUADS = 16 };

/* One parameter of one primitive, by component: P0, P1 - P0 and P2 - P0, as f32 patterns, or for
 * flat ones whatever the vertex shader exported. */
struct isa_parameter {
    uint32_t p0[4], p10[4], p20[4];
};

struct isa_graphics {
    void (*export)(struct isa_graphics *graphics, struct isa_wave *w,
                   const struct isa_export *export);
    /* s_sendmsg of graphics' messages (GS_ALLOC_REQ and older stages' GS, GS_DONE). NULL: the wave
     * has none to send. */
    void (*message)(struct isa_graphics *graphics, struct isa_wave *w, uint32_t message,
                    uint32_t m0);
    /* v_interp_*: ISA_PARAMETERS of them for the primitive that quad q (lanes 4q .. 4q + 3) is of.
     * NULL in stages that do not interpolate. */
    const struct isa_parameter *parameters[ISA_QUADS];
    uint64_t live; /* pixels that the last export with VM said live; all at first */
};

#endif
