/* SPDX-License-Identifier: MIT
 *
 * Images with metadata (DCC, HTILE, CMASK), as image instructions see them. Nothing is ever
 * compressed here; what metadata can say is that a block has been cleared by writing its key alone.
 * Such a block is filled when an instruction first touches it, and its key then says that it is as
 * it is in memory. Programs cannot tell that from a decompression on the fly.
 *
 * Source: RADV (radv_meta_clear.c) for what keys stand for; see softgpu/surface/surface_metadata.h.
 *
 * Thread safety: many waves may touch a block at once; the first one fills it.
 */
#ifndef SOFTGPU_ISA_EXEC_IMAGE_METADATA_H
#define SOFTGPU_ISA_EXEC_IMAGE_METADATA_H

#include "softgpu/isa/exec/image.h"

/* From words 6 and 7 of a descriptor; out_image->layout is there already. */
void isa_image_metadata_decode(const uint32_t word[8], struct isa_image *out_image);

/* Makes the texel, which exists and lies at `va`, readable and writable as if there were no
 * metadata. False: a fault was raised, or the key is one that is not modelled, which has been said.
 * *out_zero: it reads as 0, whatever is in memory (FMASK alone). */
bool isa_image_open_texel(struct isa_wave *w, const struct isa_inst *inst,
                          const struct isa_image *image, const struct isa_texel *texel, uint64_t va,
                          unsigned lane, bool *out_zero);

/* The same for the lanes in `mask`, whose texels lie at `va`. */
bool isa_image_open_lanes(struct isa_wave *w, const struct isa_inst *inst,
                          const struct isa_image *image, const struct isa_image_texels *t,
                          uint64_t mask, const uint64_t va[64], uint64_t *out_zeros);

#endif
