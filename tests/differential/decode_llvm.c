/* SPDX-License-Identifier: MIT
 *
 * Our decoder and disassembler against LLVM's, on every opcode of every encoding. Each field is
 * varied alone over all its interesting values, then fields are combined at random, then bits.
 * The two must agree in what is an instruction, how long it is and how it reads. What is known to
 * differ is listed in exclusions[] with the reason, and counted.
 *
 *   decode_llvm [-v] [-s seed] [encoding]     -v: show every difference, not only the first few
 */
#include <llvm-c/Disassembler.h>
#include <llvm-c/Target.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "softgpu/isa/inst.h"
#include "tests/differential/encodings.h"
#include "tests/differential/exclusions.h"

enum { RANDOM_FIELDS = 400, RANDOM_BITS = 60, SHOWN = 8 };

struct tally {
    unsigned long agreed, rejected, excluded, differing;
};

struct run {
    LLVMDisasmContextRef llvm; /* owned */
    unsigned lanes;
    const struct encoding *encoding;
    struct tally tally;
    unsigned long shown, show_limit;
    uint64_t seed, random;
    bool reached[ISA_OP_COUNT];
    unsigned long excluded_by[EXCLUSIONS];
};

static uint32_t next_random(struct run *run)
{
    run->random = run->random * 6364136223846793005u + 1442695040888963407u;
    return run->random >> 32;
}

/* Single spaces, no comment, nothing at the ends. */
static void normalize(const char *text, char *out, size_t size)
{
    size_t length = 0;

    for (; *text && *text != ';' && length + 1 < size; text++) {
        bool space = *text == ' ' || *text == '\t' || *text == '\n';

        if (!space)
            out[length++] = *text;
        else if (length && out[length - 1] != ' ')
            out[length++] = ' ';
    }
    while (length && out[length - 1] == ' ')
        length--;
    out[length] = 0;
}

/* LLVM takes some reserved values for impossible and does not return: SDWA selectors ... */
static bool llvm_survives_sdwa(const uint32_t *words)
{
    uint32_t sdwa = words[1];
    bool is_vopc = words[0] >> 25 == 0x3e,
         is_sdwa = words[0] >> 31 == 0 && (words[0] & 0x1ff) == 0xf9;

    if (!is_sdwa)
        return true;
    return (sdwa >> 16 & 7) != 7 && (sdwa >> 24 & 7) != 7 &&
           (is_vopc || ((sdwa >> 8 & 7) != 7 && (sdwa >> 11 & 3) != 3));
}

/* ... and 128-bit and wider SMEM operands by the numbers of VCC, M0, NULL and EXEC. */
static bool llvm_survives_smem(const uint32_t *words)
{
    unsigned opcode = words[0] >> 18 & 0xff, sdata = words[0] >> 6 & 0x7f;
    unsigned sbase = (words[0] & 0x3f) * 2;
    bool wide_data = opcode >= 2 && opcode != 8 && opcode != 9;
    bool wide_base = opcode >= 8;

    if (words[0] >> 26 != 0x3d || opcode > 0xc + 0x20)
        return true;
    return !(wide_data && (sdata >> 1 == 53 || sdata >= 124)) &&
           !(wide_base && (sbase == 106 || sbase >= 124));
}

/* LLVM marks some words that are no instruction only by a comment in the text. */
static unsigned disassemble_llvm(struct run *run, const uint32_t *words, char *out, size_t size)
{
    char text[512];
    size_t bytes =
        LLVMDisasmInstruction(run->llvm, (uint8_t *)words, 4 * MAX_WORDS, 0, text, sizeof(text));

    out[0] = 0;
    if (bytes == 0)
        return 0;
    normalize(text, out, size);
    return strstr(out, "/*") ? 0 : bytes / 4;
}

static unsigned disassemble_ours(struct run *run, const uint32_t *words, struct isa_inst *inst,
                                 char *out, size_t size)
{
    char text[512];
    unsigned dwords = isa_decode(ISA_GEN_GFX10_3, words, MAX_WORDS, inst);

    out[0] = 0;
    if (dwords == 0)
        return 0;
    isa_disassemble(ISA_GEN_GFX10_3, inst, run->lanes, 0, text, sizeof(text));
    normalize(text, out, size);
    return dwords;
}

static void report(struct run *run, const uint32_t *words, const struct comparison *c)
{
    run->tally.differing++;
    if (run->shown++ >= run->show_limit)
        return;
    printf("  %s wave%u %08x %08x %08x\n    llvm %u: %s\n    ours %u: %s\n", run->encoding->name,
           run->lanes, words[0], words[1], words[2], c->llvm_dwords, c->llvm_text, c->our_dwords,
           c->our_text);
}

static void compare(struct run *run, const uint32_t *words)
{
    struct comparison c = {.words = words, .lanes = run->lanes};
    int excluded;

    if (!llvm_survives_smem(words) || !llvm_survives_sdwa(words))
        return;
    c.llvm_dwords = disassemble_llvm(run, words, c.llvm_text, sizeof(c.llvm_text));
    c.our_dwords = disassemble_ours(run, words, &c.inst, c.our_text, sizeof(c.our_text));
    if (c.llvm_dwords == c.our_dwords && (!c.our_dwords || !strcmp(c.llvm_text, c.our_text))) {
        if (c.our_dwords)
            run->tally.agreed++, run->reached[c.inst.op] = true;
        else
            run->tally.rejected++;
        return;
    }
    excluded = exclusion_find(&c);
    if (excluded >= 0) {
        run->tally.excluded++;
        run->excluded_by[excluded]++;
        return;
    }
    report(run, words, &c);
}

static void set_field(uint32_t *words, const struct field *field, uint32_t value)
{
    uint32_t mask = (uint32_t)((1ull << field->count) - 1);

    words[field->word] = (words[field->word] & ~(mask << field->low)) | (value & mask)
                                                                            << field->low;
}

static void set_opcode(const struct encoding *e, uint32_t *words, unsigned opcode)
{
    set_field(words, &e->opcode, opcode);
    if (e->opcode_high.count)
        set_field(words, &e->opcode_high, opcode >> e->opcode.count);
}

static void start_case(const struct encoding *e, unsigned opcode, uint32_t *words)
{
    /* Behind the fields: a literal that is none of the inline constants, NSA addresses. */
    static const uint32_t rest[MAX_WORDS] = {0, 0, 0x0a0b0c0d, 0x0e0f1011, 0x12131415};

    memcpy(words, rest, sizeof(rest));
    words[0] = e->base[0];
    words[1] = e->base[1];
    for (const struct field *f = e->fields; f->count; f++) {
        if (f->usual)
            set_field(words, f, f->usual);
    }
    set_opcode(e, words, opcode);
}

static uint32_t random_value(struct run *run, const struct field *field)
{
    uint32_t value = next_random(run);

    switch (field->kind) {
    case FIELD_VGPR: /* mostly far from the end, so that wide operands fit */
        return value & 0x700 ? value & 0x7f : value;
    case FIELD_CONSTANT: /* few bits set, all bits set, any */
        return value & 0x30000000   ? value
               : value & 0x40000000 ? ~0u
                                    : value & next_random(run) & next_random(run);
    default:
        return value;
    }
}

/* Each field over its values while the others keep theirs. */
static void vary_fields(struct run *run, unsigned opcode)
{
    const struct encoding *e = run->encoding;
    uint32_t words[MAX_WORDS];

    for (const struct field *f = e->fields; f->count; f++) {
        bool every_value = f->kind != FIELD_CONSTANT && f->count <= 9;
        unsigned values = every_value ? 1u << f->count : 48;

        for (unsigned i = 0; i < values; i++) {
            uint32_t value = every_value ? i : i < 32 ? 1u << i : random_value(run, f);

            start_case(e, opcode, words);
            set_field(words, f, value);
            compare(run, words);
        }
    }
}

/* A random half of the fields at random values. */
static void combine_fields(struct run *run, unsigned opcode)
{
    const struct encoding *e = run->encoding;
    uint32_t words[MAX_WORDS];

    for (unsigned i = 0; i < RANDOM_FIELDS; i++) {
        uint32_t chosen = next_random(run);

        if (i & 1) /* fewer: operands that do not exist must be zero */
            chosen &= next_random(run);
        start_case(e, opcode, words);
        for (const struct field *f = e->fields; f->count; f++, chosen >>= 1) {
            if (chosen & 1)
                set_field(words, f, random_value(run, f));
        }
        if (i % 8 == 0) /* a literal that an inline constant could spell */
            words[e->base[0] >= 0xc0000000 ? 2 : 1] = next_random(run) % 96 - 32;
        compare(run, words);
    }
}

static void randomize_bits(struct run *run, unsigned opcode)
{
    const struct encoding *e = run->encoding;
    uint32_t words[MAX_WORDS];

    for (unsigned i = 0; i < RANDOM_BITS; i++) {
        start_case(e, opcode, words);
        for (unsigned w = 1; w < MAX_WORDS; w++)
            words[w] = next_random(run) & next_random(run);
        words[0] ^= next_random(run) & next_random(run) & next_random(run) & 0x03ffffff;
        compare(run, words);
    }
}

static void run_encoding(struct run *run, const struct encoding *encoding)
{
    run->encoding = encoding;
    run->random = run->seed;
    run->shown = 0;
    memset(&run->tally, 0, sizeof(run->tally));
    for (unsigned opcode = 0; opcode < encoding->opcodes; opcode++) {
        vary_fields(run, opcode);
        combine_fields(run, opcode);
        randomize_bits(run, opcode);
    }
}

static bool open_llvm(struct run *run, unsigned lanes)
{
    run->lanes = lanes;
    run->llvm = LLVMCreateDisasmCPUFeatures("amdgcn--", "gfx1030",
                                            lanes == 64 ? "+wavefrontsize64,-wavefrontsize32"
                                                        : "+wavefrontsize32,-wavefrontsize64",
                                            NULL, 0, NULL, NULL);
    return run->llvm != NULL;
}

static unsigned long run_encodings(struct run *runs, const char *only)
{
    unsigned long differing = 0;

    printf("%-12s %10s %10s %10s %10s\n", "encoding", "agree", "reject", "excluded", "differ");
    for (unsigned i = 0; i < encoding_count; i++) {
        struct tally sum = {0};

        if (only && strcmp(only, encodings[i].name))
            continue;
        for (unsigned w = 0; w < 2; w++) {
            run_encoding(&runs[w], &encodings[i]);
            sum.agreed += runs[w].tally.agreed;
            sum.rejected += runs[w].tally.rejected;
            sum.excluded += runs[w].tally.excluded;
            sum.differing += runs[w].tally.differing;
        }
        printf("%-12s %10lu %10lu %10lu %10lu\n", encodings[i].name, sum.agreed, sum.rejected,
               sum.excluded, sum.differing);
        differing += sum.differing;
    }
    return differing;
}

/* Every operation must have been seen to agree with LLVM at least once. */
static unsigned count_unreached(const struct run *runs)
{
    unsigned unreached = 0;

    for (unsigned op = ISA_OP_invalid + 1; op < ISA_OP_COUNT; op++) {
        if (runs[0].reached[op] || runs[1].reached[op])
            continue;
        unreached++;
        printf("never reached: %s\n", isa_ops[op].name);
    }
    return unreached;
}

static void print_exclusions(const struct run *runs)
{
    for (unsigned i = 0; i < EXCLUSIONS; i++)
        printf("excluded %8lu: %s\n", runs[0].excluded_by[i] + runs[1].excluded_by[i],
               exclusion_reason(i));
}

int main(int argc, char **argv)
{
    static struct run runs[2];
    const char *only = NULL;
    unsigned long differing;
    unsigned unreached = 0;

    LLVMInitializeAMDGPUTargetInfo();
    LLVMInitializeAMDGPUTargetMC();
    LLVMInitializeAMDGPUDisassembler();
    for (unsigned w = 0; w < 2; w++) {
        runs[w].show_limit = SHOWN;
        runs[w].seed = 1;
        if (!open_llvm(&runs[w], w ? 64 : 32)) {
            fprintf(stderr, "decode_llvm: this LLVM has no AMDGPU disassembler\n");
            return EXIT_FAILURE;
        }
    }
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "-v"))
            runs[0].show_limit = runs[1].show_limit = ~0ul;
        else if (!strcmp(argv[i], "-s") && i + 1 < argc)
            runs[0].seed = runs[1].seed = strtoull(argv[++i], NULL, 0);
        else
            only = argv[i];
    }
    differing = run_encodings(runs, only);
    print_exclusions(runs);
    if (!only)
        unreached = count_unreached(runs);
    for (unsigned w = 0; w < 2; w++)
        LLVMDisasmDispose(runs[w].llvm);
    if (differing || unreached)
        printf("%lu differences, %u operations never reached\n", differing, unreached);
    return differing || unreached ? EXIT_FAILURE : EXIT_SUCCESS;
}
