/* SPDX-License-Identifier: MIT
 *
 * The register file that a program's packets write: four spaces, each with its own SET packet.
 * A register has a number, its byte offset divided by four; packets give it relative to its space.
 *
 * What a register means is its reader's business; the file only remembers.
 *
 * Ownership: plain memory of whoever embeds it. Thread safety: none; it belongs to one queue.
 * Sources: registers.def; the spaces' bounds are Mesa's (sid.h: SI_CONFIG_REG_OFFSET ...).
 */
#ifndef SOFTGPU_GFX_REGISTERS_H
#define SOFTGPU_GFX_REGISTERS_H

#include <stdbool.h>
#include <stdint.h>

/* GFX_SPACE(NAME, field, first number, registers) */
#define GFX_SPACES(GFX_SPACE)                                                                      \
    GFX_SPACE(CONFIG, config, 0x2000, 0xc00)                                                       \
    GFX_SPACE(SH, sh, 0x2c00, 0x400)           /* shaders; not banked, not cleared */              \
    GFX_SPACE(CONTEXT, context, 0xa000, 0x400) /* of draws; CLEAR_STATE resets them */             \
    GFX_SPACE(UCONFIG, uconfig, 0xc000, 0x4000)

enum gfx_space {
#define GFX_SPACE(NAME, field, first, count) GFX_SPACE_##NAME,
    GFX_SPACES(GFX_SPACE)
#undef GFX_SPACE
        GFX_SPACE_COUNT
};

enum gfx_register {
#define GFX_REGISTER(number, name) GFX_##name = number,
#include "softgpu/gfx/registers.def"
};

struct gfx_registers {
#define GFX_SPACE(NAME, field, first, count) uint32_t field[count];
    GFX_SPACES(GFX_SPACE)
#undef GFX_SPACE
};

/* `count` registers of a space from the `offset`th on; NULL when the space ends before. */
uint32_t *gfx_registers_in(struct gfx_registers *registers, enum gfx_space space, uint32_t offset,
                           uint32_t count);
/* The same by number, whatever space they lie in; NULL when they lie in none. */
uint32_t *gfx_registers_at(struct gfx_registers *registers, uint32_t number, uint32_t count);

/* CLEAR_STATE: context registers as the kernel's clear-state buffer has them. */
void gfx_registers_clear_context(struct gfx_registers *registers);

/* Shader registers, the ones that compute needs at hand. */
static inline uint32_t gfx_sh(const struct gfx_registers *registers, enum gfx_register number)
{
    return registers->sh[number - 0x2c00];
}

/* The same of context registers, what draws are made of. */
static inline uint32_t gfx_context(const struct gfx_registers *registers, enum gfx_register number)
{
    return registers->context[number - 0xa000];
}

/* What registers give without its lowest 8 bits: the next 32 in one, 8 more in another's low byte.
 * Addresses are signed, of 48 bits. */
static inline uint64_t gfx_address(uint32_t low, uint32_t high)
{
    const uint64_t bits = low | (uint64_t)(high & 0xff) << 32;

    return (uint64_t)((int64_t)(bits << 24) >> 16);
}

/* The address in context registers `low` and `high`. */
static inline uint64_t gfx_context_address(const struct gfx_registers *registers,
                                           enum gfx_register low, enum gfx_register high)
{
    return gfx_address(gfx_context(registers, low), gfx_context(registers, high));
}

/* "SH", "CONTEXT" ... */
const char *gfx_space_name(enum gfx_space space);
/* "COMPUTE_PGM_LO"; NULL for a register without a name. */
const char *gfx_register_name(uint32_t number);

#endif
