/* SPDX-License-Identifier: MIT
 *
 * Addresses that a kernel refuses, for the suites that pass them in every place. Include cmocka.h
 * before.
 */
#ifndef TESTS_CONTRACT_BAD_MEMORY_H
#define TESTS_CONTRACT_BAD_MEMORY_H

#include <stdint.h>
#include <sys/mman.h>

#define BAD_PAGE ((uint64_t)4096)

struct bad_memory {
    uint64_t none;      /* a page without access */
    uint64_t unmapped;  /* one that is not there */
    uint64_t edge;      /* four bytes before the end of what can be read and written */
    uint64_t read_only; /* zeros */
};

static inline uint64_t pages_map(unsigned pages, int prot)
{
    void *at = mmap(NULL, pages * BAD_PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(at, MAP_FAILED);
    return (uintptr_t)at;
}

static inline struct bad_memory bad_memory_make(void)
{
    struct bad_memory bad = {
        .none = pages_map(1, PROT_NONE),
        .unmapped = (uint64_t)1 << 46 | 0x123456000, /* beyond what libraries and stacks grow to */
        .read_only = pages_map(4, PROT_READ),
    };
    uint64_t pair = pages_map(2, PROT_READ | PROT_WRITE);

    assert_int_equal(mprotect((void *)(uintptr_t)(pair + BAD_PAGE), BAD_PAGE, PROT_NONE), 0);
    bad.edge = pair + BAD_PAGE - 4;
    return bad;
}

static inline void bad_memory_free(const struct bad_memory *bad)
{
    munmap((void *)(uintptr_t)bad->none, BAD_PAGE);
    munmap((void *)(uintptr_t)bad->read_only, 4 * BAD_PAGE);
    munmap((void *)(uintptr_t)(bad->edge + 4 - BAD_PAGE), 2 * BAD_PAGE);
}

/* The suite's; between its group's set-up and teardown. */
static struct bad_memory bad;

static inline int bad_memory_setup(void **state)
{
    (void)state;
    bad = bad_memory_make();
    return 0;
}

static inline int bad_memory_teardown(void **state)
{
    (void)state;
    bad_memory_free(&bad);
    return 0;
}

static inline void *pointer(uint64_t at)
{
    return (void *)(uintptr_t)at;
}

/* Those that nothing can be read from, nor written to. For (uint64_t at, all...). */
enum { BAD_READS = 6 };
static inline uint64_t bad_memory_at(unsigned i)
{
    const uint64_t at[BAD_READS] = {
        bad.none, bad.unmapped, 1, UINT64_MAX - 8, (uint64_t)1 << 63, UINT64_C(0xffff800000000000),
    };

    return at[i];
}

#endif
