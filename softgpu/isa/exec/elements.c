/* SPDX-License-Identifier: MIT
 *
 * Elements of a wave's lanes: see elements.h.
 */
#include "softgpu/isa/exec/elements.h"

#include <string.h>

/* ---- memory ---- */

static enum isa_mem_kind element_kind(const struct isa_format *format)
{
    switch (format->bytes) {
    case 1:
        return ISA_MEM_U8;
    case 2:
        return ISA_MEM_U16;
    default:
        return (enum isa_mem_kind)(ISA_MEM_B32 + format->bytes / 4 - 1);
    }
}

bool isa_elements_load(struct isa_wave *w, const struct isa_inst *inst,
                       const struct isa_lanes *lanes, const struct isa_format *format,
                       uint32_t out_value[ISA_FORMAT_ROWS])
{
    const enum isa_mem_kind kind = element_kind(format);
    _Alignas(64) uint32_t raw[ISA_FORMAT_ROWS];

    if (lanes->mask != isa_lanes_all(w))
        memset(raw, 0, isa_mem_kind_dwords(kind) * w->lanes * sizeof(raw[0]));
    if (!isa_lanes_load_rows(w, inst, lanes, kind, raw))
        return false;
    isa_format_lanes.unpack(format, raw, w->lanes, out_value);
    return true;
}

void isa_elements_store(struct isa_wave *w, const struct isa_inst *inst,
                        const struct isa_lanes *lanes, const struct isa_format *format,
                        const uint32_t value[ISA_FORMAT_ROWS])
{
    _Alignas(64) uint32_t raw[ISA_FORMAT_ROWS];

    isa_format_lanes.pack(format, value, w->lanes, raw);
    isa_lanes_store_rows(w, inst, lanes, element_kind(format), raw);
}

/* ---- selection ---- */

enum { SELECT_ONE = 1, SELECT_X = 4 };

static unsigned selector(uint16_t dst_sel, unsigned i)
{
    return dst_sel >> (3 * i) & 7;
}

const uint32_t *isa_elements_select(const struct isa_format *format, uint16_t dst_sel,
                                    const uint32_t value[ISA_FORMAT_ROWS], unsigned i, size_t lanes,
                                    uint32_t buffer[ISA_FORMAT_LANES])
{
    unsigned sel = selector(dst_sel, i);
    uint32_t constant;

    if (sel >= SELECT_X)
        return value + (sel - SELECT_X) * lanes;
    constant = sel == SELECT_ONE ? isa_format_one(format) : 0;
    for (size_t lane = 0; lane < lanes; lane++)
        buffer[lane] = constant;
    return buffer;
}

int isa_elements_unselect(uint16_t dst_sel, unsigned i)
{
    for (unsigned from = 0; from < 4; from++) {
        if (selector(dst_sel, from) == SELECT_X + i)
            return (int)from;
    }
    return -1;
}

/* ---- registers ---- */

void isa_component_write(const struct isa_wave *w, uint32_t *row, enum isa_component_part part,
                         const struct isa_format *format, const uint32_t *component, uint64_t mask)
{
    const unsigned shift = part == ISA_PART_HIGH ? 16 : 0;
    const uint32_t keep = part == ISA_PART_WHOLE ? 0 : ~(0xffffu << shift);
    uint32_t half[ISA_FORMAT_LANES];

    if (mask == 0)
        return;
    if (part == ISA_PART_WHOLE && mask == isa_lanes_all(w)) {
        memcpy(row, component, w->lanes * sizeof(*row));
        return;
    }
    if (part != ISA_PART_WHOLE) {
        isa_format_lanes.to_d16(format && isa_format_is_integer(format), component, w->lanes, half);
        component = half;
    }
    ISA_FOR_LANES(lane, mask)
    row[lane] = (row[lane] & keep) | component[lane] << shift;
}

void isa_component_read(const struct isa_wave *w, const uint32_t *row, enum isa_component_part part,
                        const struct isa_format *format, uint32_t *out_component)
{
    if (part == ISA_PART_WHOLE)
        memcpy(out_component, row, w->lanes * sizeof(*row));
    else
        isa_format_lanes.from_d16(isa_format_is_integer(format), format->numeric == ISA_FORMAT_SINT,
                                  row, part == ISA_PART_HIGH ? 16 : 0, w->lanes, out_component);
}
