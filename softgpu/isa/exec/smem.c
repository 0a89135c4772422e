/* SPDX-License-Identifier: MIT
 *
 * Scalar memory (SMEM): loads into SGPRs, clocks, cache control.
 *
 * Addresses: the base register's and the offset's two low bits are ignored; the SGPR offset is
 * unsigned, the 21-bit immediate signed. A buffer load outside its descriptor's range reads 0,
 * dword by dword. Source: RDNA 2 ISA guide, "Scalar Memory Operations". GFX10.3 has no scalar
 * stores.
 */
#include "softgpu/isa/exec/handlers.h"
#include "softgpu/isa/exec/host.h"
#include "softgpu/isa/exec/reg.h"
#include "softgpu/isa/exec/trap.h"
#include "softgpu/isa/exec/window.h"

enum { SMEM_DWORDS_MAX = 16 };

static void smem_write(struct isa_wave *w, const struct isa_inst *inst, const uint32_t *data,
                       unsigned dwords)
{
    for (unsigned i = 0; i < dwords; i++)
        isa_sgpr_write_b32(w, inst->dst + i, data[i]);
}

static bool smem_read(struct isa_wave *w, const struct isa_inst *inst, uint64_t va, uint32_t *data,
                      unsigned dwords)
{
    struct isa_mem_fault fault;
    const uint8_t *host;

    isa_windows_sync(w);
    host = isa_window_host(w, va, 4ull * dwords, ISA_ACCESS_READ);
    if (__builtin_expect(host != NULL, 1)) {
        isa_host_copy_dwords(data, host, dwords);
        return true;
    }
    if (isa_mem_read(w, va, data, 4ull * dwords, &fault))
        return true;
    isa_fault_raise(w, inst, fault.kind, fault.va, ISA_ACCESS_READ, 0);
    return false;
}

static inline void smem_load(struct isa_wave *w, const struct isa_inst *inst, unsigned dwords)
{
    uint32_t data[SMEM_DWORDS_MAX];
    uint64_t va = isa_reg_address(w, inst, inst->src[0]) + (uint64_t)(int64_t)inst->imm +
                  isa_reg_scalar32(w, inst, inst->mem.saddr);

    if (smem_read(w, inst, va & ~3ull, data, dwords))
        smem_write(w, inst, data, dwords);
}

static inline void smem_buffer_load(struct isa_wave *w, const struct isa_inst *inst,
                                    unsigned dwords)
{
    uint32_t data[SMEM_DWORDS_MAX] = {0};
    uint32_t srd[4];

    isa_reg_descriptor(w, inst->src[0], srd);

    uint64_t base = srd[0] | (uint64_t)(srd[1] & 0xffff) << 32;
    uint64_t stride = srd[1] >> 16 & 0x3fff;
    uint64_t range = stride ? stride * srd[2] : srd[2];
    /* The sum is unsigned: a negative offset is out of range. */
    uint64_t offset =
        ((uint64_t)isa_reg_scalar32(w, inst, inst->mem.saddr) + (uint64_t)(int64_t)inst->imm) &
        ~3ull;
    uint64_t inside = offset < range ? (range - offset) / 4 : 0;

    if (inside > dwords)
        inside = dwords;
    base = (uint64_t)((int64_t)(base << 16) >> 16);
    if (inside == 0 || smem_read(w, inst, (base & ~3ull) + offset, data, (unsigned)inside))
        smem_write(w, inst, data, dwords);
}

/* X(suffix, dwords) */
#define SMEM_LOADS(X)                                                                              \
    X(dword, 1)                                                                                    \
    X(dwordx2, 2)                                                                                  \
    X(dwordx4, 4)                                                                                  \
    X(dwordx8, 8)                                                                                  \
    X(dwordx16, 16)

#define SMEM_DEFINE_LOAD(suffix, dwords)                                                           \
    static void smem_load_##suffix(struct isa_wave *w, const struct isa_inst *inst)                \
    {                                                                                              \
        smem_load(w, inst, dwords);                                                                \
    }                                                                                              \
    static void smem_buffer_load_##suffix(struct isa_wave *w, const struct isa_inst *inst)         \
    {                                                                                              \
        smem_buffer_load(w, inst, dwords);                                                         \
    }
SMEM_LOADS(SMEM_DEFINE_LOAD)

static void smem_clock(struct isa_wave *w, const struct isa_inst *inst,
                       uint64_t (*clock)(void *context))
{
    uint64_t now = clock ? clock(w->group->host->context) : 0;
    uint32_t data[2] = {(uint32_t)now, (uint32_t)(now >> 32)};

    smem_write(w, inst, data, 2);
}

static void smem_memtime(struct isa_wave *w, const struct isa_inst *inst)
{
    smem_clock(w, inst, w->group->host->cycles);
}

static void smem_memrealtime(struct isa_wave *w, const struct isa_inst *inst)
{
    smem_clock(w, inst, w->group->host->realtime);
}

/* There are no caches to invalidate; what follows must still see what others wrote before. */
static void smem_invalidate(struct isa_wave *w, const struct isa_inst *inst)
{
    (void)w;
    (void)inst;
    isa_host_fence();
}

/* A prefetch: no result, no fault. */
static void smem_probe(struct isa_wave *w, const struct isa_inst *inst)
{
    (void)w;
    (void)inst;
}

#define SMEM_LOAD_ROWS(suffix, dwords)                                                             \
    [ISA_OP_s_load_##suffix] = smem_load_##suffix,                                                 \
    [ISA_OP_s_buffer_load_##suffix] = smem_buffer_load_##suffix,

isa_handler *const isa_smem_handlers[ISA_OP_COUNT] = {
    SMEM_LOADS(SMEM_LOAD_ROWS)[ISA_OP_s_memtime] = smem_memtime,
    [ISA_OP_s_memrealtime] = smem_memrealtime,
    [ISA_OP_s_dcache_inv] = smem_invalidate,
    [ISA_OP_s_gl1_inv] = smem_invalidate,
    [ISA_OP_s_atc_probe] = smem_probe,
    [ISA_OP_s_atc_probe_buffer] = smem_probe,
};
