/* SPDX-License-Identifier: MIT
 *
 * The program of a graphics stage as its registers describe it, and how its waves start. What a
 * stage puts into registers besides user data is the stage's business.
 *
 * Thread safety: none; the ring's thread only.
 * Sources: Mesa's register database (gfx103.json: SPI_SHADER_PGM_*, SPI_TMPRING_SIZE); RDNA 2 ISA
 * guide (MODE, STATUS).
 */
#ifndef SOFTGPU_GFX_PROGRAM_H
#define SOFTGPU_GFX_PROGRAM_H

#include "softgpu/gfx/pipeline.h"

/* Whose user data and resources: those of the merged geometry stage are GS's, its code is ES's. */
enum gfx_stage { GFX_STAGE_PS, GFX_STAGE_VS, GFX_STAGE_GS, GFX_STAGE_COUNT };

enum { GFX_USER_SGPRS = 32 };

struct gfx_program {
    uint64_t code;
    unsigned lanes, vgprs;     /* a wave's */
    unsigned shared_vgprs;     /* of those, wave64 only */
    unsigned user_sgprs;       /* that the stage has, before what the hardware adds */
    const uint32_t *user_sgpr; /* borrowed: the registers */
    uint32_t rsrc1, rsrc2, mode;
    bool scratch;                /* its waves are told the offset of their scratch */
    uint32_t scratch_wave_bytes; /* 0 = none */
};

/* GFX_FAULT when the program asks for something that is not modelled. */
enum gfx_result gfx_program_read(struct gfx_pipeline *pipeline, enum gfx_stage stage,
                                 unsigned lanes, struct gfx_program *out_program);

/* A workgroup that is kept for the next one of its shape. All zero at first; the caller destroys
 * `group`. */
struct gfx_group_cache {
    struct isa_workgroup *group;
    unsigned waves; /* that it has room for */
};

/* A workgroup of `waves` waves of this program with nothing in its registers but zeros. NULL with
 * the pipeline's obstacle set without memory. */
struct isa_workgroup *gfx_program_group(struct gfx_pipeline *pipeline,
                                        const struct gfx_program *program, unsigned waves,
                                        uint32_t lds_bytes, struct gfx_group_cache *cache);

/* Sets all that is the same for every stage: program counter, modes, scratch. EXEC, SGPRs and VGPRs
 * are the caller's. */
void gfx_program_wave(const struct gfx_pipeline *pipeline, const struct gfx_program *program,
                      struct isa_wave *w);

/* The offset of a wave's scratch, for its SGPR. */
static inline uint32_t gfx_program_scratch(const struct gfx_program *program, unsigned wave)
{
    return wave * program->scratch_wave_bytes;
}

/* Lanes 0 .. count - 1 execute. */
static inline void gfx_program_exec(struct isa_wave *w, unsigned count)
{
    uint64_t mask = count >= 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1;

    w->sgpr[ISA_REG_EXEC_LO] = (uint32_t)mask;
    w->sgpr[ISA_REG_EXEC_HI] = w->lanes == 64 ? (uint32_t)(mask >> 32) : 0;
}

/* Runs a workgroup to its end; asks the machine in between whether to go on. */
enum gfx_result gfx_program_run(struct gfx_pipeline *pipeline, struct isa_workgroup *group);

#endif
