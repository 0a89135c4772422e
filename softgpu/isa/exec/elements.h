/* SPDX-License-Identifier: MIT
 *
 * Elements of a wave's lanes between memory and registers: what formatted buffer instructions and
 * image instructions have in common once each lane's address is known.
 *
 * A value is four components, component i of lane l at [i * w->lanes + l], in memory's order; a
 * descriptor's selection (DST_SEL) stands between these and the instruction's.
 *
 * Thread safety: a wave is used by one thread at a time.
 */
#ifndef SOFTGPU_ISA_EXEC_ELEMENTS_H
#define SOFTGPU_ISA_EXEC_ELEMENTS_H

#include "softgpu/isa/exec/format_lanes.h"
#include "softgpu/isa/exec/lanes.h"

/* DST_SEL that changes nothing. */
enum { ISA_SELECT_XYZW = 4 | 5 << 3 | 6 << 6 | 7 << 9 };

/* The value of each lane of lanes->mask, from memory; others' are undefined. False when a fault was
 * raised. */
bool isa_elements_load(struct isa_wave *w, const struct isa_inst *inst,
                       const struct isa_lanes *lanes, const struct isa_format *format,
                       uint32_t out_value[ISA_FORMAT_ROWS]);
/* To memory. Every lane's value is initialised, whatever the mask. */
void isa_elements_store(struct isa_wave *w, const struct isa_inst *inst,
                        const struct isa_lanes *lanes, const struct isa_format *format,
                        const uint32_t value[ISA_FORMAT_ROWS]);

/* Component `i` as `dst_sel` says: a row of `value`, or a constant in `buffer`. `format` may be
 * NULL. */
const uint32_t *isa_elements_select(const struct isa_format *format, uint16_t dst_sel,
                                    const uint32_t value[ISA_FORMAT_ROWS], unsigned i, size_t lanes,
                                    uint32_t buffer[ISA_FORMAT_LANES]);
/* The other way round: which of the instruction's components memory's `i` is stored from; -1: none,
 * it is 0. */
int isa_elements_unselect(uint16_t dst_sel, unsigned i);

/* What of a register a component takes up: all of it, or a half (D16). */
enum isa_component_part { ISA_PART_WHOLE, ISA_PART_LOW, ISA_PART_HIGH };

/* To the register `row` of the lanes in `mask`. */
void isa_component_write(const struct isa_wave *w, uint32_t *row, enum isa_component_part part,
                         const struct isa_format *format, const uint32_t *component, uint64_t mask);
void isa_component_read(const struct isa_wave *w, const uint32_t *row, enum isa_component_part part,
                        const struct isa_format *format, uint32_t *out_component);

#endif
