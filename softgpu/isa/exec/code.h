/* SPDX-License-Identifier: MIT
 *
 * The code cache: decoded instructions with their handlers, found by address.
 *
 * A page holds the instructions that begin in one 4 KiB of code, one entry per dword, decoded when
 * first reached from a copy of the bytes that was taken when the page was first used. Pages are
 * found through a three-level table that only grows, so lookups take no lock.
 *
 * Revalidation is lazy: isa_code_revalidate() opens a new generation, and a page compares its copy
 * with memory when it is first used in it. A dispatch pays for the pages that it executes.
 *
 * Thread safety: as wave.h says. An entry is filled under the code's lock and published by its
 * handler; a page is made valid for a generation under the lock and published by `generation`.
 */
#ifndef SOFTGPU_ISA_EXEC_CODE_H
#define SOFTGPU_ISA_EXEC_CODE_H

#include <stdatomic.h>

#include "softgpu/isa/wave.h"

enum {
    ISA_CODE_PAGE_BYTES = 4096,
    ISA_CODE_PAGE_SLOTS = ISA_CODE_PAGE_BYTES / 4,
    ISA_CODE_MAX_DWORDS = 8, /* no instruction is longer */
};

struct isa_code_entry {
    _Atomic(isa_handler *) handler; /* NULL: not decoded yet */
    struct isa_inst inst;
};

struct isa_code_page {
    uint64_t va;                 /* of the first byte, sign-extended from 48 bits */
    _Atomic uint64_t generation; /* that it was compared with memory in */
    unsigned dwords;             /* readable, of `words` */
    /* The code, and the start of the next page for an instruction that reaches into it. */
    uint32_t words[ISA_CODE_PAGE_SLOTS + ISA_CODE_MAX_DWORDS];
    struct isa_code_entry entries[ISA_CODE_PAGE_SLOTS];
};

/* The page that `pc` lies in, good for the current generation; NULL when the byte at `pc` cannot
 * be fetched or there is no memory left for the page. */
struct isa_code_page *isa_code_page_get(struct isa_code *code, uint64_t pc);

/* Decodes the entry at `pc` and returns its handler. NULL when the instruction is cut short by
 * memory that cannot be fetched; `out_va` is its first byte. Words that are no instruction decode
 * to a handler that raises the fault. */
isa_handler *isa_code_decode(struct isa_code *code, struct isa_code_page *page, uint64_t pc,
                             uint64_t *out_va);

/* The first two dwords at `pc` as the cache knows them; 0 for what it does not. */
void isa_code_words(struct isa_code *code, uint64_t pc, uint32_t out_words[2]);

#endif
