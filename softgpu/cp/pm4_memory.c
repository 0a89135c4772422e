/* SPDX-License-Identifier: MIT
 *
 * PM4 packets that read and write memory.
 */
#include "softgpu/cp/pm4_run.h"

static uint32_t *registers_of(struct pm4_run *run, uint64_t number, uint32_t count)
{
    return gfx_registers_at(&run->queue->gfx.registers, (uint32_t)number & 0x3ffff, count);
}

/* ---- WRITE_DATA ---- */

static enum cp_step write_registers(struct pm4_run *run, bool one_address)
{
    unsigned count = run->dwords - 3;

    for (unsigned i = 0; i < count; i++) {
        uint32_t *reg = registers_of(run, pm4_pair(&run->p[1]) + (one_address ? 0 : i), 1);

        if (!reg)
            return pm4_refuse(run, "WRITE_DATA to a register that is the kernel's");
        *reg = run->p[3 + i];
    }
    return CP_DONE;
}

enum cp_step pm4_write_data(struct pm4_run *run)
{
    enum {
        ONE_ADDRESS = 1 << 16,
        DST_REGISTER = 0,
        DST_MEMORY_GRBM = 1,
        DST_L2 = 2,
        DST_MEMORY = 5
    };
    struct cp_access *access = &run->queue->access;
    unsigned destination = run->p[0] >> 8 & 0xf, count = run->dwords - 3;
    uint64_t va = pm4_pair(&run->p[1]) & ~UINT64_C(3);
    bool ok = true;

    if (destination == DST_REGISTER)
        return write_registers(run, run->p[0] & ONE_ADDRESS);
    if (destination != DST_MEMORY_GRBM && destination != DST_L2 && destination != DST_MEMORY)
        return pm4_refuse(run, "WRITE_DATA to something other than memory and registers");
    if (!(run->p[0] & ONE_ADDRESS))
        return pm4_stored(run, cp_access_write(access, va, &run->p[3], (uint64_t)count * 4));
    for (unsigned i = 0; ok && i < count; i++)
        ok = cp_access_store32(access, va, run->p[3 + i]);
    return pm4_stored(run, ok);
}

/* ---- COPY_DATA ---- */

/* One dword or two. Two need not be aligned as a quadword. */
static enum cp_step read_memory(struct pm4_run *run, uint64_t va, bool wide, uint64_t *out_value)
{
    struct cp_access *access = &run->queue->access;
    uint32_t low;
    bool ok;

    *out_value = 0;
    if (wide)
        return va % 8 == 0 ? (cp_access_load64(access, va, out_value) ? CP_DONE
                                                                      : cp_fail_access(run->queue))
               : cp_access_read(access, va, out_value, sizeof(*out_value))
                   ? CP_DONE
                   : cp_fail_access(run->queue);
    ok = cp_access_load32(access, va, &low);
    *out_value = low;
    return ok ? CP_DONE : cp_fail_access(run->queue);
}

static enum cp_step write_memory(struct pm4_run *run, uint64_t va, bool wide, uint64_t value)
{
    struct cp_access *access = &run->queue->access;

    if (!wide)
        return pm4_stored(run, cp_access_store32(access, va, (uint32_t)value));
    return pm4_stored(run, va % 8 == 0 ? cp_access_store64(access, va, value)
                                       : cp_access_write(access, va, &value, sizeof(value)));
}

static enum cp_step copy_data_read(struct pm4_run *run, bool wide, uint64_t *out_value)
{
    enum {
        SRC_REGISTER = 0,
        SRC_MEMORY = 1,
        SRC_L2 = 2,
        SRC_GDS = 3,
        SRC_IMMEDIATE = 5,
        SRC_CLOCK = 9
    };
    uint64_t from = pm4_pair(&run->p[1]);
    const uint32_t *registers;

    switch (run->p[0] & 0xf) {
    case SRC_REGISTER:
        registers = registers_of(run, from, wide ? 2 : 1);
        if (!registers)
            return pm4_refuse(run, "COPY_DATA from a register that is the kernel's");
        *out_value = wide ? pm4_pair(registers) : registers[0];
        return CP_DONE;
    case SRC_MEMORY:
    case SRC_L2:
        return read_memory(run, from & ~UINT64_C(3), wide, out_value);
    case SRC_GDS: /* zeros: every packet and instruction that would change it is refused */
        *out_value = 0;
        return CP_DONE;
    case SRC_IMMEDIATE:
        *out_value = from;
        return CP_DONE;
    case SRC_CLOCK:
        *out_value = cp_queue_clock(run->queue);
        return CP_DONE;
    default:
        return pm4_refuse(run, "COPY_DATA from a source that is not modelled");
    }
}

enum cp_step pm4_copy_data(struct pm4_run *run)
{
    enum { WIDE = 1 << 16, DST_REGISTER = 0, DST_MEMORY_GRBM = 1, DST_L2 = 2, DST_MEMORY = 5 };
    bool wide = run->p[0] & WIDE;
    uint64_t to = pm4_pair(&run->p[3]), value;
    enum cp_step step = copy_data_read(run, wide, &value);
    uint32_t *registers;

    if (step != CP_DONE)
        return step;
    switch (run->p[0] >> 8 & 0xf) {
    case DST_REGISTER:
        registers = registers_of(run, to, wide ? 2 : 1);
        if (!registers)
            return pm4_refuse(run, "COPY_DATA to a register that is the kernel's");
        registers[0] = (uint32_t)value;
        if (wide)
            registers[1] = (uint32_t)(value >> 32);
        return CP_DONE;
    case DST_MEMORY_GRBM:
    case DST_L2:
    case DST_MEMORY:
        return write_memory(run, to & ~UINT64_C(3), wide, value);
    default:
        return pm4_refuse(run, "COPY_DATA to a destination that is not modelled");
    }
}

/* ---- DMA_DATA ---- */

/* A destination of nowhere brings the source into L2: of use to real caches only. */
enum cp_step pm4_dma_data(struct pm4_run *run)
{
    enum {
        SRC_ADDRESS = 0,
        SRC_DATA = 2,
        SRC_L2 = 3,
        DST_ADDRESS = 0,
        DST_NOWHERE = 2,
        DST_L2 = 3
    };
    enum { REGISTER = 3 << 26, NO_INCREMENT = 3 << 28 };
    unsigned source = run->p[0] >> 29 & 3, destination = run->p[0] >> 20 & 3;
    uint64_t from = pm4_pair(&run->p[1]), to = pm4_pair(&run->p[3]), size = run->p[5] & 0x3ffffff;

    if (run->p[5] & (REGISTER | NO_INCREMENT))
        return pm4_refuse(run, "DMA_DATA with registers or a fixed address");
    if (destination == DST_NOWHERE)
        return CP_DONE;
    if (destination != DST_ADDRESS && destination != DST_L2)
        return pm4_refuse(run, "DMA_DATA to something other than memory");
    if (source == SRC_DATA)
        return pm4_stored(run, cp_access_fill(&run->queue->access, to, run->p[1], 4, size & ~3ull));
    if (source != SRC_ADDRESS && source != SRC_L2)
        return pm4_refuse(run, "DMA_DATA from something other than memory");
    enum cp_step step = cp_copy(run->queue, to, from, size);

    cp_memory_changed();
    return step;
}

/* ---- atomics ---- */

enum cp_step pm4_atomic_mem(struct pm4_run *run)
{
    enum { COMMAND_LOOP = 1 };

    return cp_atomic_execute(run->queue, run->p[0] & 0x7f, pm4_pair(&run->p[1]),
                             pm4_pair(&run->p[3]), pm4_pair(&run->p[5]),
                             (run->p[0] >> 8 & 0xf) == COMMAND_LOOP);
}

/* ---- COND_WRITE: looks once, and writes if the comparison holds ---- */

enum cp_step pm4_cond_write(struct pm4_run *run)
{
    enum { POLL_REGISTER = 0, POLL_MEMORY = 1, WRITE_REGISTER = 0, WRITE_MEMORY = 1 };
    unsigned poll_space = run->p[0] >> 4 & 1, write_space = run->p[0] >> 8 & 3;
    uint64_t poll = pm4_pair(&run->p[1]), to = pm4_pair(&run->p[5]);
    uint32_t *reg;
    uint32_t value;

    if (poll_space == POLL_MEMORY) {
        if (!cp_access_load32(&run->queue->access, poll & ~UINT64_C(3), &value))
            return cp_fail_access(run->queue);
    } else {
        reg = registers_of(run, poll, 1);
        if (!reg)
            return pm4_refuse(run, "COND_WRITE looks at a register that is the kernel's");
        value = *reg;
    }
    if (!cp_poll_holds(run->p[0] & 7, value & run->p[4], run->p[3]))
        return CP_DONE;
    if (write_space == WRITE_MEMORY)
        return pm4_stored(run,
                          cp_access_store32(&run->queue->access, to & ~UINT64_C(3), run->p[7]));
    reg = write_space == WRITE_REGISTER ? registers_of(run, to, 1) : NULL;
    if (!reg)
        return pm4_refuse(run, "COND_WRITE to something other than memory and registers");
    *reg = run->p[7];
    return CP_DONE;
}
