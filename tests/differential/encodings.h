/* SPDX-License-Identifier: MIT
 *
 * Where an encoding's fields lie, so that a test can vary them one by one. Written from the ISA
 * guide, not from the decoder: the two must not share a mistake.
 */
#ifndef TESTS_DIFFERENTIAL_ENCODINGS_H
#define TESTS_DIFFERENTIAL_ENCODINGS_H

#include <stdint.h>

enum field_kind {
    FIELD_SOURCE,   /* 8 or 9 bits: every value means something else */
    FIELD_REGISTER, /* 7 bits: SGPR, VCC, TTMP, M0, EXEC */
    FIELD_VGPR,     /* 8 bits */
    FIELD_CONSTANT, /* a number */
    FIELD_BITS,     /* few bits: all combinations */
};

struct field {
    uint8_t word, low, count;
    enum field_kind kind;
    uint32_t usual; /* value with which most instructions are valid */
};

enum { MAX_FIELDS = 24, MAX_WORDS = 5 };

struct encoding {
    const char *name;
    uint32_t base[2];                 /* fixed bits */
    struct field opcode, opcode_high; /* opcode_high.count: 0 if the opcode is in one piece */
    unsigned opcodes;                 /* opcode numbers to try: 0..opcodes-1 */
    struct field fields[MAX_FIELDS];  /* ends with count 0 */
};

extern const struct encoding encodings[];
extern const unsigned encoding_count;

#endif
