/* SPDX-License-Identifier: MIT */
#include "softgpu/cp/access.h"

#include <string.h>

#include "softgpu/device/guard.h"
#include "softgpu/isa/exec/host.h"

void cp_access_init(struct cp_access *access, struct gpu_vm *vm)
{
    memset(access, 0, sizeof(*access));
    access->vm = vm;
    access->memory = gpu_vm_memory(vm);
    access->epoch = UINT64_MAX;
}

static bool fault_note(struct cp_access *access, enum isa_fault_kind kind, uint64_t va,
                       unsigned rights)
{
    access->fault = (struct isa_fault){.kind = kind, .va = va, .access = rights};
    return false;
}

/* ---- windows ---- */

static struct isa_window *window_cached(struct cp_access *access, uint64_t va, unsigned rights)
{
    uint64_t epoch = atomic_load_explicit(&access->memory->epoch, memory_order_acquire);

    if (access->epoch != epoch) {
        memset(access->windows, 0, sizeof(access->windows));
        access->epoch = epoch;
    }
    for (unsigned i = 0; i < CP_ACCESS_WINDOWS; i++) {
        struct isa_window *w = &access->windows[i];

        if (va - w->va < w->size && (w->access & rights) == rights)
            return w;
    }
    return NULL;
}

static struct isa_window *window_get(struct cp_access *access, uint64_t va, unsigned rights)
{
    struct isa_window *w = window_cached(access, va, rights);
    bool mapped = false;

    if (w)
        return w;
    w = &access->windows[access->next];
    if (!access->memory->find(access->memory, va, rights, w, &mapped)) {
        memset(w, 0, sizeof(*w));
        fault_note(access, mapped ? ISA_FAULT_PROTECTION : ISA_FAULT_UNMAPPED, va, rights);
        return NULL;
    }
    access->next = (access->next + 1) % CP_ACCESS_WINDOWS;
    return w;
}

/* Host address of `va`; *out_size is how far it goes from there. */
static uint8_t *reach(struct cp_access *access, uint64_t va, unsigned rights, uint64_t *out_size)
{
    struct isa_window *w = window_get(access, va, rights);

    if (!w)
        return NULL;
    *out_size = w->size - (va - w->va);
    return w->host + (va - w->va);
}

void *cp_access_host(struct cp_access *access, uint64_t va, uint64_t size, unsigned rights)
{
    uint64_t here = 0;
    uint8_t *host = reach(access, va, rights, &here);

    if (!host || here >= size)
        return host;
    fault_note(access, ISA_FAULT_NONE, va, rights);
    return NULL;
}

/* ---- surviving memory that the program takes away while it is used ---- */

/* The host fault at `address` becomes the page fault that the engine would have had. */
static __attribute__((noinline)) bool fault_on_host(struct cp_access *access, uintptr_t address,
                                                    uint64_t va, unsigned rights)
{
    for (unsigned i = 0; i < CP_ACCESS_WINDOWS; i++) {
        const struct isa_window *w = &access->windows[i];

        if (address - (uintptr_t)w->host < w->size)
            va = w->va + (address - (uintptr_t)w->host);
    }
    return fault_note(access, ISA_FAULT_UNMAPPED, va, rights);
}

typedef void guarded_action(void *argument);

static __attribute__((noinline)) bool guarded(struct cp_access *access, uint64_t va,
                                              unsigned rights, guarded_action *action,
                                              void *argument)
{
    struct guard guard;

    if (guard_try(&guard))
        return fault_on_host(access, guard.address, va, rights);
    action(argument);
    guard_end(&guard);
    return true;
}

struct move {
    void *to;
    const void *from;
    uint64_t size;
};

/* Programs use this memory at the same time without locks of ours, which ThreadSanitizer would
 * report through memmove(). */
static void move_bytes(void *argument)
{
    const struct move *m = argument;
#if defined(__SANITIZE_THREAD__)
    const uint8_t *from = m->from;
    uint8_t *to = m->to;

    if (to + m->size <= from || from + m->size <= to) {
        isa_host_copy_dwords(to, from, m->size / 4);
        isa_host_copy(to + m->size / 4 * 4, from + m->size / 4 * 4, m->size % 4);
        return;
    }
#endif
    memmove(m->to, m->from, m->size);
}

static bool guarded_move(struct cp_access *access, void *to, const void *from, uint64_t size,
                         uint64_t va, unsigned rights)
{
    struct move m = {to, from, size};

    return guarded(access, va, rights, move_bytes, &m);
}

/* ---- ranges ---- */

static uint64_t min64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

bool cp_access_read(struct cp_access *access, uint64_t va, void *data, uint64_t size)
{
    for (uint64_t done = 0; done < size;) {
        uint64_t here;
        uint8_t *host = reach(access, va + done, ISA_ACCESS_READ, &here);

        if (!host)
            return false;
        here = min64(here, size - done);
        if (!guarded_move(access, (uint8_t *)data + done, host, here, va + done, ISA_ACCESS_READ))
            return false;
        done += here;
    }
    return true;
}

bool cp_access_write(struct cp_access *access, uint64_t va, const void *data, uint64_t size)
{
    uint32_t word;

    if (size == sizeof(word) && va % sizeof(word) == 0) { /* others may be polling it */
        memcpy(&word, data, sizeof(word));
        return cp_access_store32(access, va, word);
    }
    for (uint64_t done = 0; done < size;) {
        uint64_t here;
        uint8_t *host = reach(access, va + done, ISA_ACCESS_WRITE, &here);

        if (!host)
            return false;
        here = min64(here, size - done);
        if (!guarded_move(access, host, (const uint8_t *)data + done, here, va + done,
                          ISA_ACCESS_WRITE))
            return false;
        done += here;
    }
    return true;
}

bool cp_access_copy(struct cp_access *access, uint64_t to, uint64_t from, uint64_t size)
{
    for (uint64_t done = 0; done < size;) {
        uint64_t in, out;
        uint8_t *source = reach(access, from + done, ISA_ACCESS_READ, &in);
        uint8_t *target = source ? reach(access, to + done, ISA_ACCESS_WRITE, &out) : NULL;

        if (!target)
            return false;
        uint64_t here = min64(min64(in, out), size - done);

        if (!guarded_move(access, target, source, here, to + done, ISA_ACCESS_WRITE))
            return false;
        done += here;
    }
    return true;
}

/* The first `unit` bytes are there; doubles them until `size` is full. */
static void fill_double(uint8_t *data, uint64_t have, uint64_t size)
{
    while (have < size) {
        uint64_t more = min64(have, size - have);

        memcpy(data + have, data, more);
        have += more;
    }
}

bool cp_access_fill(struct cp_access *access, uint64_t va, uint32_t pattern, unsigned unit,
                    uint64_t size)
{
    uint8_t block[4096];

    memcpy(block, &pattern, unit); /* little-endian */
    fill_double(block, unit, sizeof(block));
    for (uint64_t done = 0; done < size; done += min64(sizeof(block), size - done))
        if (!cp_access_write(access, va + done, block, min64(sizeof(block), size - done)))
            return false;
    return true;
}

/* ---- words ---- */

static void *word(struct cp_access *access, uint64_t va, unsigned size, unsigned rights)
{
    if (va % size != 0) {
        fault_note(access, ISA_FAULT_MISALIGNED, va, rights);
        return NULL;
    }
    return cp_access_host(access, va, size, rights);
}

struct word_access {
    void *host;
    uint64_t value;
};

static void word_load32(void *argument)
{
    struct word_access *w = argument;

    w->value = __atomic_load_n((uint32_t *)w->host, __ATOMIC_ACQUIRE);
}

static void word_load64(void *argument)
{
    struct word_access *w = argument;

    w->value = __atomic_load_n((uint64_t *)w->host, __ATOMIC_ACQUIRE);
}

static void word_store32(void *argument)
{
    const struct word_access *w = argument;

    __atomic_store_n((uint32_t *)w->host, (uint32_t)w->value, __ATOMIC_SEQ_CST);
}

static void word_store64(void *argument)
{
    const struct word_access *w = argument;

    __atomic_store_n((uint64_t *)w->host, w->value, __ATOMIC_SEQ_CST);
}

bool cp_access_load32(struct cp_access *access, uint64_t va, uint32_t *out_value)
{
    struct word_access w = {.host = word(access, va, 4, ISA_ACCESS_READ)};

    if (!w.host || !guarded(access, va, ISA_ACCESS_READ, word_load32, &w))
        return false;
    *out_value = (uint32_t)w.value;
    return true;
}

bool cp_access_load64(struct cp_access *access, uint64_t va, uint64_t *out_value)
{
    struct word_access w = {.host = word(access, va, 8, ISA_ACCESS_READ)};

    if (!w.host || !guarded(access, va, ISA_ACCESS_READ, word_load64, &w))
        return false;
    *out_value = w.value;
    return true;
}

bool cp_access_store32(struct cp_access *access, uint64_t va, uint32_t value)
{
    struct word_access w = {word(access, va, 4, ISA_ACCESS_WRITE), value};

    return w.host && guarded(access, va, ISA_ACCESS_WRITE, word_store32, &w);
}

bool cp_access_store64(struct cp_access *access, uint64_t va, uint64_t value)
{
    struct word_access w = {word(access, va, 8, ISA_ACCESS_WRITE), value};

    return w.host && guarded(access, va, ISA_ACCESS_WRITE, word_store64, &w);
}

/* ---- atomics ---- */

/* The new value, from: old `o`, operand `v`, comparand `c` (unsigned; S() is the signed view). The
 * numbers are those of the 32-bit operations that return; bit 5 makes it 64 bits wide, bit 6 is
 * "without return". Float operations exist only inside shaders here. */
#define CP_ATOMICS(X)                                                                              \
    X(0x07, swap, v)                                                                               \
    X(0x08, cmpswap, o == c ? v : o)                                                               \
    X(0x0f, add, o + v)                                                                            \
    X(0x10, sub, o - v)                                                                            \
    X(0x11, smin, S(o) < S(v) ? o : v)                                                             \
    X(0x12, umin, o < v ? o : v)                                                                   \
    X(0x13, smax, S(o) > S(v) ? o : v)                                                             \
    X(0x14, umax, o > v ? o : v)                                                                   \
    X(0x15, and, o &v)                                                                             \
    X(0x16, or, o | v)                                                                             \
    X(0x17, xor, o ^ v)                                                                            \
    X(0x18, inc, o >= v ? 0 : o + 1)                                                               \
    X(0x19, dec, o == 0 || o > v ? v : o - 1)

enum { ATOMIC_OP_MASK = 0x1f, ATOMIC_64 = 0x20, ATOMIC_CMPSWAP = 0x08 };

bool cp_atomic_compares(unsigned operation)
{
    return (operation & ATOMIC_OP_MASK) == ATOMIC_CMPSWAP;
}

static bool atomic_next32(unsigned operation, uint32_t o, uint32_t v, uint32_t c, uint32_t *out)
{
#define S(x) ((int32_t)(x))
#define CASE(number, name, value)                                                                  \
    case number:                                                                                   \
        *out = (value);                                                                            \
        return true;
    switch (operation & ATOMIC_OP_MASK) {
        CP_ATOMICS(CASE)
    default:
        return false;
    }
#undef S
}

static bool atomic_next64(unsigned operation, uint64_t o, uint64_t v, uint64_t c, uint64_t *out)
{
#define S(x) ((int64_t)(x))
    switch (operation & ATOMIC_OP_MASK) {
        CP_ATOMICS(CASE)
    default:
        return false;
    }
#undef CASE
#undef S
}

struct atomic_access {
    void *host;
    unsigned operation;
    uint64_t operand, compare, before;
    bool known;
};

static void atomic_run32(void *argument)
{
    struct atomic_access *a = argument;
    uint32_t before = __atomic_load_n((uint32_t *)a->host, __ATOMIC_RELAXED), next;

    do {
        a->known =
            atomic_next32(a->operation, before, (uint32_t)a->operand, (uint32_t)a->compare, &next);
    } while (a->known && !__atomic_compare_exchange_n((uint32_t *)a->host, &before, next, true,
                                                      __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    a->before = before;
}

static void atomic_run64(void *argument)
{
    struct atomic_access *a = argument;
    uint64_t before = __atomic_load_n((uint64_t *)a->host, __ATOMIC_RELAXED), next;

    do {
        a->known = atomic_next64(a->operation, before, a->operand, a->compare, &next);
    } while (a->known && !__atomic_compare_exchange_n((uint64_t *)a->host, &before, next, true,
                                                      __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    a->before = before;
}

enum cp_atomic_status cp_access_atomic(struct cp_access *access, unsigned operation, uint64_t va,
                                       uint64_t operand, uint64_t compare, uint64_t *out_before)
{
    const unsigned rights = ISA_ACCESS_READ | ISA_ACCESS_WRITE;
    bool wide = operation & ATOMIC_64;
    struct atomic_access a = {.host = word(access, va, wide ? 8 : 4, rights),
                              .operation = operation,
                              .operand = operand,
                              .compare = compare};

    if (!a.host || !guarded(access, va, rights, wide ? atomic_run64 : atomic_run32, &a))
        return CP_ATOMIC_FAULT;
    *out_before = a.before;
    return a.known ? CP_ATOMIC_OK : CP_ATOMIC_UNKNOWN;
}
