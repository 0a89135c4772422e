/* SPDX-License-Identifier: MIT
 *
 * Whatever the words are: nothing outside them is read, nothing outside the text is written, and
 * what comes out is consistent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "softgpu/isa/inst.h"
#include "tests/unit/random.h"

enum { MAX_DWORDS = 5, RANDOM_WORDS = 300000 };

/* The last dwords of a page behind which there is nothing. */
struct fence {
    uint32_t *page;
    size_t bytes;
};

static int set_up_fence(void **state)
{
    struct fence *fence = calloc(1, sizeof(*fence));

    fence->bytes = sysconf(_SC_PAGESIZE);
    fence->page =
        mmap(NULL, 2 * fence->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(fence->page, MAP_FAILED);
    assert_int_equal(mprotect((char *)fence->page + fence->bytes, fence->bytes, PROT_NONE), 0);
    *state = fence;
    return 0;
}

static int tear_down_fence(void **state)
{
    struct fence *fence = *state;

    munmap(fence->page, 2 * fence->bytes);
    free(fence);
    return 0;
}

static const uint32_t *put_at_fence(struct fence *fence, const uint32_t *words, unsigned count)
{
    uint32_t *end = fence->page + fence->bytes / 4;

    memcpy(end - count, words, 4 * count);
    return end - count;
}

/* Random words that are often an instruction: few modifier bits, plain registers. */
static void make_words(uint64_t *random, uint32_t *words)
{
    for (unsigned i = 0; i < MAX_DWORDS; i++)
        words[i] = random_next(random) & random_next(random);
    words[0] |= random_next(random) << 24; /* any encoding */
    if (random_below(random, 4) == 0)
        words[0] = (words[0] & ~0x1ffu) | (random_below(random, 2) ? 0xf9 : 0xfa);
    if (random_below(random, 2))
        words[1] &= 0x8f02ffff;
}

static void cut_short_is_no_instruction(void **state)
{
    struct fence *fence = *state;
    uint64_t random = 1;
    unsigned decoded = 0;

    for (unsigned i = 0; i < RANDOM_WORDS; i++) {
        uint32_t words[MAX_DWORDS];
        struct isa_inst inst;
        unsigned dwords;

        make_words(&random, words);
        dwords =
            isa_decode(ISA_GEN_GFX10_3, put_at_fence(fence, words, MAX_DWORDS), MAX_DWORDS, &inst);
        decoded += dwords != 0;
        for (unsigned count = 0; count <= MAX_DWORDS; count++) {
            unsigned got =
                isa_decode(ISA_GEN_GFX10_3, put_at_fence(fence, words, count), count, &inst);

            assert_int_equal(got, dwords && count >= dwords ? dwords : 0);
            assert_int_equal(inst.op == ISA_OP_invalid, got == 0);
        }
    }
    assert_true(decoded > RANDOM_WORDS / 20); /* the words were worth the effort */
}

static bool register_exists(uint16_t reg, unsigned dwords)
{
    if (reg == ISA_REG_NONE)
        return true;
    if (reg >= ISA_REG_VGPR0)
        return reg - ISA_REG_VGPR0 + dwords <= 256;
    if (reg < ISA_REG_VCC_LO)
        return reg + dwords <= ISA_REG_VCC_LO;
    return reg < ISA_REG_VGPR0;
}

static void operands_are_inside_the_register_files(void **state)
{
    uint64_t random = 2;

    (void)state;
    for (unsigned i = 0; i < RANDOM_WORDS; i++) {
        uint32_t words[MAX_DWORDS];
        struct isa_inst inst;
        const struct isa_op_info *info;

        make_words(&random, words);
        if (!isa_decode(ISA_GEN_GFX10_3, words, MAX_DWORDS, &inst))
            continue;
        assert_in_range(inst.op, 1, ISA_OP_COUNT - 1);
        assert_in_range(inst.enc, 0, ISA_ENC_COUNT - 1);
        info = &isa_ops[inst.op];
        assert_true(register_exists(inst.dst, isa_type_dwords(info->dst, 32)));
        assert_true(register_exists(inst.dst2, isa_type_dwords(info->dst2, 32)));
        for (unsigned s = 0; s < 4; s++)
            assert_true(register_exists(inst.src[s], isa_type_dwords(info->src[s], 32)));
    }
}

static void text_stays_inside_its_buffer(void **state)
{
    uint64_t random = 3;

    (void)state;
    for (unsigned i = 0; i < RANDOM_WORDS / 10; i++) {
        uint32_t words[MAX_DWORDS];
        char whole[512], part[512];
        struct isa_inst inst;
        unsigned lanes = random_below(&random, 2) ? 64 : 32;
        size_t size = random_below(&random, 80), length;

        make_words(&random, words);
        isa_decode(ISA_GEN_GFX10_3, words, MAX_DWORDS, &inst);
        length = isa_disassemble(ISA_GEN_GFX10_3, &inst, lanes, 0, whole, sizeof(whole));
        assert_in_range(length, 1, sizeof(whole) - 1);
        assert_int_equal(strlen(whole), length);

        memset(part, '#', sizeof(part));
        assert_int_equal(isa_disassemble(ISA_GEN_GFX10_3, &inst, lanes, 0, part, size), length);
        if (size) {
            size_t kept = length < size ? length : size - 1;

            assert_memory_equal(part, whole, kept);
            assert_int_equal(part[kept], 0);
        }
        assert_int_equal(part[size], '#');
    }
}

static void unknown_generation_is_refused(void **state)
{
    const uint32_t nop = 0xbf800000;
    struct isa_inst inst;
    char text[32];

    (void)state;
    assert_int_equal(isa_decode(ISA_GEN_COUNT, &nop, 1, &inst), 0);
    assert_int_equal(inst.op, ISA_OP_invalid);
    isa_disassemble(ISA_GEN_GFX10_3, &inst, 32, 0, text, sizeof(text));
    assert_string_equal(text, "<invalid>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(cut_short_is_no_instruction, set_up_fence, tear_down_fence),
        cmocka_unit_test(operands_are_inside_the_register_files),
        cmocka_unit_test(text_stays_inside_its_buffer),
        cmocka_unit_test(unknown_generation_is_refused),
    };

    cmocka_set_message_output(CM_OUTPUT_STDOUT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
