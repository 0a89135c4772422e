/* SPDX-License-Identifier: MIT
 *
 * The code cache: see code.h.
 */
#include "softgpu/isa/exec/code.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "softgpu/isa/exec/handlers.h"
#include "softgpu/isa/exec/host.h"
#include "softgpu/isa/exec/valu_level.h"

/* 48-bit addresses: 12 bits of page offset and three levels of 12 bits. */
enum { LEVEL_BITS = 12, LEVEL_SIZE = 1 << LEVEL_BITS, LEVELS = 3, PAGE_SHIFT = 12 };

/* A page is some 70 KiB. Beyond this many, revalidation starts from an empty cache. */
enum { PAGES_MAX = 2048 };

struct level {
    _Atomic(void *) slot[LEVEL_SIZE]; /* struct level, on the last level struct isa_code_page */
};

struct isa_code {
    enum isa_gen gen;
    struct isa_memory *memory; /* borrowed */
    pthread_mutex_t lock;
    _Atomic uint64_t generation;
    unsigned page_count; /* under lock */
    struct level root;
};

rw_status isa_code_create(enum isa_gen gen, struct isa_memory *memory, struct isa_code **out_code)
{
    struct isa_code *code = calloc(1, sizeof(*code));

    if (!code)
        return RW_FAIL(ENOMEM, "no memory for a code cache");
    code->gen = gen;
    code->memory = memory;
    pthread_mutex_init(&code->lock, NULL);
    atomic_init(&code->generation, 1);
    *out_code = code;
    return RW_OK;
}

static void level_clear(struct level *level, unsigned depth)
{
    for (unsigned i = 0; i < LEVEL_SIZE; i++) {
        void *child = atomic_exchange_explicit(&level->slot[i], NULL, memory_order_relaxed);

        if (!child)
            continue;
        if (depth + 1 < LEVELS)
            level_clear(child, depth + 1);
        free(child);
    }
}

void isa_code_destroy(struct isa_code *code)
{
    if (!code)
        return;
    level_clear(&code->root, 0);
    pthread_mutex_destroy(&code->lock);
    free(code);
}

void isa_code_revalidate(struct isa_code *code)
{
    pthread_mutex_lock(&code->lock);
    if (code->page_count > PAGES_MAX) {
        level_clear(&code->root, 0);
        code->page_count = 0;
    }
    atomic_fetch_add(&code->generation, 1);
    pthread_mutex_unlock(&code->lock);
}

static unsigned level_index(uint64_t pc, unsigned depth)
{
    return (unsigned)(pc >> (PAGE_SHIFT + LEVEL_BITS * (LEVELS - 1 - depth))) & (LEVEL_SIZE - 1);
}

static uint64_t sign_extend_va(uint64_t pc)
{
    return (uint64_t)((int64_t)(pc << 16) >> 16);
}

static struct isa_code_page *page_find(struct isa_code *code, uint64_t pc)
{
    struct level *level = &code->root;

    for (unsigned depth = 0; depth < LEVELS - 1 && level; depth++)
        level = atomic_load_explicit(&level->slot[level_index(pc, depth)], memory_order_acquire);
    if (!level)
        return NULL;
    return atomic_load_explicit(&level->slot[level_index(pc, LEVELS - 1)], memory_order_acquire);
}

/* Copies executable dwords from `va` on; returns how many there are, up to `count`. */
static unsigned memory_fetch(struct isa_memory *memory, uint64_t va, uint32_t *words,
                             unsigned count)
{
    unsigned done = 0;

    while (done < count) {
        struct isa_window window;
        bool mapped;
        uint64_t at = va + 4ull * done;

        if (!memory->find(memory, at, ISA_ACCESS_EXECUTE, &window, &mapped))
            break;

        uint64_t offset = at - window.va;
        uint64_t here = (window.size - offset) / 4;
        unsigned n = here < count - done ? (unsigned)here : count - done;

        if (n == 0) /* a window that ends inside a dword */
            break;
        isa_host_copy_dwords(&words[done], window.host + offset, n);
        done += n;
    }
    return done;
}

/* What a page's memory holds now. */
struct page_bytes {
    unsigned dwords;
    uint32_t words[ISA_CODE_PAGE_SLOTS + ISA_CODE_MAX_DWORDS];
};

/* Gives the page its bytes; forgets what was decoded from others. */
static void page_refresh_locked(struct isa_code_page *page, const struct page_bytes *bytes)
{
    if (bytes->dwords == page->dwords &&
        memcmp(bytes->words, page->words, 4ull * bytes->dwords) == 0)
        return;
    memcpy(page->words, bytes->words, 4ull * bytes->dwords);
    page->dwords = bytes->dwords;
    for (unsigned i = 0; i < ISA_CODE_PAGE_SLOTS; i++)
        atomic_store_explicit(&page->entries[i].handler, NULL, memory_order_relaxed);
}

static uint64_t page_va(uint64_t pc)
{
    return sign_extend_va(pc) & ~(uint64_t)(ISA_CODE_PAGE_BYTES - 1);
}

static struct isa_code_page *page_insert_locked(struct isa_code *code, uint64_t pc)
{
    struct level *level = &code->root;

    for (unsigned depth = 0; depth < LEVELS - 1; depth++) {
        _Atomic(void *) *slot = &level->slot[level_index(pc, depth)];
        struct level *child = atomic_load_explicit(slot, memory_order_relaxed);

        if (!child) {
            child = calloc(1, sizeof(*child));
            if (!child)
                return NULL;
            atomic_store_explicit(slot, child, memory_order_release);
        }
        level = child;
    }

    struct isa_code_page *page = calloc(1, sizeof(*page));

    if (!page)
        return NULL;
    page->va = page_va(pc);
    atomic_store_explicit(&level->slot[level_index(pc, LEVELS - 1)], page, memory_order_release);
    code->page_count++;
    return page;
}

static struct isa_code_page *page_get_slow(struct isa_code *code, uint64_t pc)
{
    uint64_t generation = atomic_load_explicit(&code->generation, memory_order_relaxed);
    struct page_bytes bytes;

    /* Without the lock: when the program has unmapped the memory behind the GPU's back, a guard
     * around the wave may leave this copy by a jump. */
    bytes.dwords = memory_fetch(code->memory, page_va(pc), bytes.words,
                                sizeof(bytes.words) / sizeof(bytes.words[0]));
    pthread_mutex_lock(&code->lock);

    struct isa_code_page *page = page_find(code, pc);

    if (!page)
        page = page_insert_locked(code, pc);
    if (page && atomic_load_explicit(&page->generation, memory_order_relaxed) != generation) {
        page_refresh_locked(page, &bytes);
        atomic_store_explicit(&page->generation, generation, memory_order_release);
    }
    pthread_mutex_unlock(&code->lock);
    return page;
}

struct isa_code_page *isa_code_page_get(struct isa_code *code, uint64_t pc)
{
    struct isa_code_page *page = page_find(code, pc);

    if (!page || atomic_load_explicit(&page->generation, memory_order_acquire) !=
                     atomic_load_explicit(&code->generation, memory_order_relaxed))
        page = page_get_slow(code, pc);
    if (page && (pc & (ISA_CODE_PAGE_BYTES - 1)) / 4 >= page->dwords)
        return NULL;
    return page;
}

isa_handler *isa_code_decode(struct isa_code *code, struct isa_code_page *page, uint64_t pc,
                             uint64_t *out_va)
{
    unsigned slot = (unsigned)(pc & (ISA_CODE_PAGE_BYTES - 1)) / 4;
    struct isa_code_entry *entry = &page->entries[slot];
    isa_handler *handler;

    pthread_mutex_lock(&code->lock);
    handler = atomic_load_explicit(&entry->handler, memory_order_relaxed);
    if (!handler) {
        unsigned left = slot < page->dwords ? page->dwords - slot : 0;
        unsigned count = left < ISA_CODE_MAX_DWORDS ? left : ISA_CODE_MAX_DWORDS;

        if (isa_decode(code->gen, &page->words[slot], count, &entry->inst) != 0) {
            handler = isa_valu_fast_find(&entry->inst);
            if (!handler)
                handler = isa_handler_find((enum isa_op)entry->inst.op);
            if (!handler)
                handler = isa_handler_unsupported;
        } else if (count == ISA_CODE_MAX_DWORDS) {
            entry->inst.dwords = 1;
            handler = isa_handler_illegal;
        } else {
            *out_va = page->va + 4ull * page->dwords;
        }
        atomic_store_explicit(&entry->handler, handler, memory_order_release);
    }
    pthread_mutex_unlock(&code->lock);
    return handler;
}

void isa_code_words(struct isa_code *code, uint64_t pc, uint32_t out_words[2])
{
    const struct isa_code_page *page = page_find(code, pc);
    unsigned slot = (unsigned)(pc & (ISA_CODE_PAGE_BYTES - 1)) / 4;

    for (unsigned i = 0; i < 2; i++)
        out_words[i] = page && slot + i < page->dwords ? page->words[slot + i] : 0;
}
