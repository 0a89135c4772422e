/* SPDX-License-Identifier: MIT
 *
 * Workgroups: their memory, and the loops that run their waves.
 *
 * The waves of a workgroup take turns on one thread. A turn ends when the wave ends, faults, waits
 * in s_barrier, sleeps, or has executed TURN_INSTRUCTIONS. When all waves that have not ended wait
 * in the barrier it opens. isa_workgroup_run() yields when a whole round of turns got nowhere:
 * every wave sleeps, waits for one that sleeps, or has used up its budget. So
 *   - s_sleep always ends the turn, and ends the run when no other wave can do anything: what the
 *     program waits for is then another workgroup, the CPU or time, and the caller knows best what
 *     to run meanwhile;
 *   - a wave that spins without s_sleep costs its workgroup the budget, and the others their turn.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "softgpu/isa/exec/code.h"
#include "softgpu/isa/exec/fpenv.h"
#include "softgpu/isa/exec/shared_vgpr.h"
#include "softgpu/isa/exec/status.h"
#include "softgpu/isa/exec/trap.h"
#include "softgpu/isa/exec/window.h"

/* Long enough to keep caches warm, short enough for waves that spin on each other's LDS words. */
enum { TURN_INSTRUCTIONS = 16384 };

/* VGPR files always have room for every register number an instruction can name, and the dwords
 * behind it, so that handlers need no bounds checks. Rows beyond vgpr_count cost address space
 * only: programs do not touch them. */
enum { VGPR_ROWS = 256 + 16, LINE = 64 };

/* ---- memory ---- */

static size_t vgpr_bytes(unsigned lanes, unsigned rows)
{
    return (size_t)rows * lanes * sizeof(uint32_t);
}

static size_t round_up(size_t size, size_t unit)
{
    return (size + unit - 1) / unit * unit;
}

static rw_status group_allocate(struct isa_workgroup *group, unsigned lanes)
{
    size_t file = vgpr_bytes(lanes, VGPR_ROWS);
    uint8_t *registers;

    group->waves = calloc(group->wave_count, sizeof(*group->waves));
    if (!group->waves)
        return RW_FAIL(ENOMEM, "no memory for %u waves", group->wave_count);

    /* One block: LDS, with a line of slack so that 0 bytes work too, then the VGPR files. */
    size_t lds = round_up(group->lds_size, LINE) + LINE;

    group->lds = aligned_alloc(LINE, lds + file * group->wave_count);
    if (!group->lds)
        return RW_FAIL(ENOMEM, "no memory for the registers of %u waves", group->wave_count);
    registers = group->lds + lds;
    for (unsigned i = 0; i < group->wave_count; i++)
        group->waves[i].vgpr = (uint32_t *)(void *)(registers + i * file);
    return RW_OK;
}

rw_status isa_workgroup_create(unsigned wave_count, unsigned lanes, unsigned vgpr_count,
                               uint32_t lds_size, struct isa_workgroup **out_group)
{
    if (wave_count == 0 || (lanes != 32 && lanes != 64) || vgpr_count > 256)
        return RW_FAIL(EINVAL, "no such workgroup: %u waves of %u lanes, %u VGPRs", wave_count,
                       lanes, vgpr_count);

    struct isa_workgroup *group = calloc(1, sizeof(*group));

    if (!group)
        return RW_FAIL(ENOMEM, "no memory for a workgroup");
    group->wave_count = wave_count;
    group->lds_size = lds_size;

    rw_status status = group_allocate(group, lanes);

    if (!rw_ok(status)) {
        isa_workgroup_destroy(group);
        return status;
    }
    for (unsigned i = 0; i < wave_count; i++) {
        group->waves[i].lanes = lanes;
        group->waves[i].vgpr_count = vgpr_count;
    }
    isa_workgroup_reset(group);
    *out_group = group;
    return RW_OK;
}

static void wave_reset(struct isa_workgroup *group, unsigned index)
{
    struct isa_wave *w = &group->waves[index];
    uint32_t *vgpr = w->vgpr;
    uint32_t lanes = w->lanes, vgpr_count = w->vgpr_count;

    memset(w, 0, sizeof(*w));
    memset(vgpr, 0, vgpr_bytes(lanes, vgpr_count));
    w->vgpr = vgpr;
    w->lanes = lanes;
    w->vgpr_count = vgpr_count;
    w->lds = group->lds;
    w->lds_size = group->lds_size;
    w->group = group;
    w->index = index;
    /* No memory is at this epoch, so the first access looks its windows up. */
    w->windows_epoch = UINT64_MAX;
}

void isa_workgroup_reset(struct isa_workgroup *group)
{
    memset(group->lds, 0, group->lds_size);
    memset(&group->fault, 0, sizeof(group->fault));
    for (unsigned i = 0; i < group->wave_count; i++)
        wave_reset(group, i);
}

void isa_workgroup_destroy(struct isa_workgroup *group)
{
    if (!group)
        return;
    free(group->lds); /* and the VGPR files */
    free(group->waves);
    free(group);
}

/* ---- execution ---- */

/* The entry at w->pc with its handler, decoded if need be; raises the fault when it cannot be. */
static isa_handler *wave_fetch_slow(struct isa_wave *w, struct isa_code_page **page)
{
    struct isa_code *code = w->group->code;
    uint64_t fault_va = w->pc;

    *page = isa_code_page_get(code, w->pc);
    if (*page) {
        isa_handler *handler = isa_code_decode(code, *page, w->pc, &fault_va);

        if (handler)
            return handler;
    }
    isa_fault_raise_fetch(w, fault_va);
    return NULL;
}

/* Executes up to `count` instructions; returns how many were. `shared` is a constant: only the loop
 * for waves with shared VGPRs looks at what instructions write. */
static inline __attribute__((always_inline)) uint64_t wave_run_turn(struct isa_wave *w,
                                                                    uint64_t count, bool shared)
{
    struct isa_code_page *page = NULL;
    uint64_t page_pc = w->pc + ISA_CODE_PAGE_BYTES; /* in no page yet */
    uint64_t left = count;

    while (left && w->stop == ISA_STOP_NONE) {
        uint64_t offset = w->pc - page_pc;
        isa_handler *handler = NULL;

        if (__builtin_expect(offset < ISA_CODE_PAGE_BYTES, 1))
            handler =
                atomic_load_explicit(&page->entries[offset / 4].handler, memory_order_acquire);
        left--;
        if (__builtin_expect(!handler, 0)) {
            handler = wave_fetch_slow(w, &page);
            page_pc = w->pc & ~(uint64_t)(ISA_CODE_PAGE_BYTES - 1);
            if (!handler) { /* went to the trap handler, or stopped */
                page_pc = w->pc + ISA_CODE_PAGE_BYTES;
                continue;
            }
            offset = w->pc - page_pc;
        }

        const struct isa_inst *inst = &page->entries[offset / 4].inst;
        uint64_t exec = shared ? isa_wave_exec(w) : 0;

        w->pc += 4u * inst->dwords;
        handler(w, inst);
        if (shared)
            isa_shared_vgprs_join(w, inst, exec);
    }
    return count - left;
}

enum turn { TURN_OVER, TURN_NOT_LIVE, TURN_AT_BARRIER, TURN_IDLE };

static enum turn wave_take_turn(struct isa_wave *w)
{
    if (w->stop == ISA_STOP_END)
        return TURN_NOT_LIVE;
    if (w->stop == ISA_STOP_BARRIER)
        return TURN_AT_BARRIER;
    if (w->budget == 0)
        return TURN_IDLE;

    w->stop = ISA_STOP_NONE;

    uint64_t count = w->budget < TURN_INSTRUCTIONS ? w->budget : TURN_INSTRUCTIONS;
    uint64_t done =
        w->shared_vgprs ? wave_run_turn(w, count, true) : wave_run_turn(w, count, false);

    w->budget -= done;
    w->executed += done;
    return w->stop == ISA_STOP_YIELD ? TURN_IDLE : TURN_OVER;
}

static void barrier_open(struct isa_workgroup *group)
{
    for (unsigned i = 0; i < group->wave_count; i++) {
        struct isa_wave *w = &group->waves[i];

        if (w->stop == ISA_STOP_BARRIER) {
            w->stop = ISA_STOP_NONE;
            w->status &= ~(uint32_t)ISA_STATUS_IN_BARRIER;
        }
    }
}

static enum isa_stop group_take_turns(struct isa_workgroup *group)
{
    for (;;) {
        unsigned live = 0, at_barrier = 0, over = 0;

        for (unsigned i = 0; i < group->wave_count; i++) {
            enum turn turn = wave_take_turn(&group->waves[i]);

            if (group->fault.kind != ISA_FAULT_NONE)
                return ISA_STOP_FAULT;
            live += turn != TURN_NOT_LIVE;
            at_barrier += turn == TURN_AT_BARRIER;
            over += turn == TURN_OVER;
        }
        if (live == 0)
            return ISA_STOP_END;
        if (at_barrier == live)
            barrier_open(group);
        else if (over == 0)
            return ISA_STOP_YIELD;
    }
}

enum isa_stop isa_workgroup_run(struct isa_workgroup *group, uint64_t budget)
{
    if (group->fault.kind != ISA_FAULT_NONE)
        return ISA_STOP_FAULT;
    for (unsigned i = 0; i < group->wave_count; i++)
        group->waves[i].budget = budget;

    unsigned host = isa_fpenv_enter();
    enum isa_stop stop = group_take_turns(group);

    isa_fpenv_leave(host);
    return stop;
}
