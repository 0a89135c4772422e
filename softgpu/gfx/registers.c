/* SPDX-License-Identifier: MIT */
#include "softgpu/gfx/registers.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct space_info {
    const char *name;
    uint32_t first, count;
    size_t offset; /* in struct gfx_registers */
};

static const struct space_info spaces[GFX_SPACE_COUNT] = {
#define GFX_SPACE(NAME, field, first, count)                                                       \
    [GFX_SPACE_##NAME] = {#NAME, first, count, offsetof(struct gfx_registers, field)},
    GFX_SPACES(GFX_SPACE)
#undef GFX_SPACE
};

uint32_t *gfx_registers_in(struct gfx_registers *registers, enum gfx_space space, uint32_t offset,
                           uint32_t count)
{
    const struct space_info *info = &spaces[space];

    if (offset >= info->count || count > info->count - offset)
        return NULL;
    return (uint32_t *)(void *)((uint8_t *)registers + info->offset) + offset;
}

uint32_t *gfx_registers_at(struct gfx_registers *registers, uint32_t number, uint32_t count)
{
    for (unsigned i = 0; i < GFX_SPACE_COUNT; i++)
        if (number >= spaces[i].first && number - spaces[i].first < spaces[i].count)
            return gfx_registers_in(registers, i, number - spaces[i].first, count);
    return NULL;
}

void gfx_registers_clear_context(struct gfx_registers *registers)
{
    static const struct {
        uint32_t number, value;
    } resets[] = {
#define GFX_REGISTER_RESET(number, name, value) {number, value},
#include "softgpu/gfx/registers.def"
    };

    memset(registers->context, 0, sizeof(registers->context));
    for (size_t i = 0; i < sizeof(resets) / sizeof(resets[0]); i++)
        *gfx_registers_at(registers, resets[i].number, 1) = resets[i].value;
}

const char *gfx_space_name(enum gfx_space space)
{
    return spaces[space].name;
}

/* ---- names; the table is in the order of numbers ---- */

struct named {
    uint32_t number;
    const char *name;
};

static int named_compare(const void *key, const void *element)
{
    uint32_t number = *(const uint32_t *)key;
    const struct named *named = element;

    return number < named->number ? -1 : number > named->number;
}

const char *gfx_register_name(uint32_t number)
{
    static const struct named table[] = {
#define GFX_REGISTER(number, name) {number, #name},
#include "softgpu/gfx/registers.def"
    };
    const struct named *found =
        bsearch(&number, table, sizeof(table) / sizeof(table[0]), sizeof(table[0]), named_compare);

    return found ? found->name : NULL;
}
