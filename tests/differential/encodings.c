/* SPDX-License-Identifier: MIT
 *
 * Source: "RDNA 2" ISA reference guide, chapter 13.
 */
#include "tests/differential/encodings.h"

/* One encoding a paragraph, several fields a line. */
/* clang-format off */

#define SOURCE8(word, low)       {word, low, 8, FIELD_SOURCE, 4}
#define SOURCE9(low)             {1, low, 9, FIELD_SOURCE, 0}
#define SRC0                     {0, 0, 9, FIELD_SOURCE, 0x101}
#define SGPR(word, low)          {word, low, 7, FIELD_REGISTER, 4}
#define RESOURCE(word, low)      {word, low, 5, FIELD_REGISTER, 2}
#define VGPR(word, low)          {word, low, 8, FIELD_VGPR, 0}
#define BITS(word, low, count)   {word, low, count, FIELD_BITS, 0}
#define NUMBER(word, low, count) {word, low, count, FIELD_CONSTANT, 0}
#define USUAL(word, low, count, kind, usual) {word, low, count, FIELD_##kind, usual}

#define SDWA_SOURCE0 VGPR(1, 0), USUAL(1, 16, 3, BITS, 6), BITS(1, 19, 1), BITS(1, 20, 2), \
                     BITS(1, 22, 1), BITS(1, 23, 1)
#define SDWA_SOURCE1 USUAL(1, 24, 3, BITS, 6), BITS(1, 27, 1), BITS(1, 28, 2), BITS(1, 30, 1), \
                     BITS(1, 31, 1)
#define SDWA_RESULT  USUAL(1, 8, 3, BITS, 6), BITS(1, 11, 2), BITS(1, 13, 1), BITS(1, 14, 2)
#define DPP16        VGPR(1, 0), NUMBER(1, 8, 9), BITS(1, 17, 1), BITS(1, 18, 2), BITS(1, 20, 4), \
                     BITS(1, 24, 4), BITS(1, 28, 4)
#define DPP8         VGPR(1, 0), NUMBER(1, 8, 24)
#define VOP3_FIRST   VGPR(0, 0), BITS(0, 8, 3), BITS(0, 11, 4), BITS(0, 15, 1)
#define VOP3_LAST    SOURCE9(18), BITS(1, 27, 2), BITS(1, 29, 3)
#define ADDRESS      NUMBER(0, 0, 12), BITS(0, 12, 2), BITS(0, 16, 2), BITS(0, 25, 1), VGPR(1, 0), \
                     VGPR(1, 8), USUAL(1, 16, 7, REGISTER, 0x7d), BITS(1, 23, 1), VGPR(1, 24)
#define BUFFER       NUMBER(0, 0, 12), BITS(0, 12, 2), BITS(0, 14, 2), VGPR(1, 0), VGPR(1, 8), \
                     RESOURCE(1, 16), BITS(1, 22, 2), USUAL(1, 24, 8, SOURCE, 0x80)

const struct encoding encodings[] = {
    {"SOP2", {0x80000000}, {0, 23, 7}, {0}, 96, {SGPR(0, 16), SOURCE8(0, 0), SOURCE8(0, 8)}},
    {"SOP1", {0xbe800000}, {0, 8, 8}, {0}, 256, {SGPR(0, 16), SOURCE8(0, 0)}},
    {"SOPC", {0xbf000000}, {0, 16, 7}, {0}, 128, {SOURCE8(0, 0), SOURCE8(0, 8)}},
    {"SOPK", {0xb0000000}, {0, 23, 5}, {0}, 29, {SGPR(0, 16), NUMBER(0, 0, 16)}},
    {"SOPP", {0xbf800000}, {0, 16, 7}, {0}, 128, {NUMBER(0, 0, 16)}},
    {"SMEM", {0xf4000000}, {0, 18, 8}, {0}, 256,
     {USUAL(0, 0, 6, REGISTER, 2), SGPR(0, 6), BITS(0, 13, 2), BITS(0, 15, 3), NUMBER(1, 0, 21),
      BITS(1, 21, 4), USUAL(1, 25, 7, REGISTER, 0x7d)}},

    {"VOP2", {0}, {0, 25, 6}, {0}, 62, {SRC0, VGPR(0, 9), VGPR(0, 17)}},
    {"VOP2 SDWA", {0xf9}, {0, 25, 6}, {0}, 62,
     {VGPR(0, 9), VGPR(0, 17), SDWA_SOURCE0, SDWA_SOURCE1, SDWA_RESULT}},
    {"VOP2 DPP16", {0xfa}, {0, 25, 6}, {0}, 62, {VGPR(0, 9), VGPR(0, 17), DPP16}},
    {"VOP2 DPP8", {0xe9}, {0, 25, 6}, {0}, 62, {BITS(0, 0, 2), VGPR(0, 9), VGPR(0, 17), DPP8}},

    {"VOP1", {0x7e000000}, {0, 9, 8}, {0}, 256, {SRC0, VGPR(0, 17)}},
    {"VOP1 SDWA", {0x7e0000f9}, {0, 9, 8}, {0}, 256,
     {VGPR(0, 17), SDWA_SOURCE0, NUMBER(1, 24, 8), SDWA_RESULT}},
    {"VOP1 DPP16", {0x7e0000fa}, {0, 9, 8}, {0}, 256, {VGPR(0, 17), DPP16}},
    {"VOP1 DPP8", {0x7e0000e9}, {0, 9, 8}, {0}, 256, {BITS(0, 0, 2), VGPR(0, 17), DPP8}},

    {"VOPC", {0x7c000000}, {0, 17, 8}, {0}, 256, {SRC0, VGPR(0, 9)}},
    {"VOPC SDWA", {0x7c0000f9}, {0, 17, 8}, {0}, 256,
     {VGPR(0, 9), SDWA_SOURCE0, SDWA_SOURCE1, USUAL(1, 8, 7, REGISTER, 0), BITS(1, 15, 1)}},
    {"VOPC DPP", {0x7c0000fa}, {0, 17, 8}, {0}, 256, {VGPR(0, 9), DPP16}},

    {"VOP3", {0xd4000000}, {0, 16, 10}, {0}, 1024, {VOP3_FIRST, SOURCE9(0), SOURCE9(9), VOP3_LAST}},
    {"VOP3 VGPR", {0xd4000000, 0x00020100}, {0, 16, 10}, {0}, 1024,
     {VOP3_FIRST, VGPR(1, 0), VGPR(1, 9), VOP3_LAST}},
    {"VOP3P", {0xcc000000}, {0, 16, 7}, {0}, 128,
     {VOP3_FIRST, BITS(0, 23, 3), SOURCE9(0), SOURCE9(9), VOP3_LAST}},
    {"VINTRP", {0xc8000000}, {0, 16, 2}, {0}, 4,
     {VGPR(0, 0), BITS(0, 8, 2), BITS(0, 10, 6), VGPR(0, 18)}},

    {"DS", {0xd8000000}, {0, 18, 8}, {0}, 256,
     {NUMBER(0, 0, 16), BITS(0, 16, 2), VGPR(1, 0), VGPR(1, 8), VGPR(1, 16), VGPR(1, 24)}},
    {"FLAT", {0xdc000000}, {0, 18, 7}, {0}, 128, {ADDRESS}},
    {"SCRATCH", {0xdc004000}, {0, 18, 7}, {0}, 128, {ADDRESS}},
    {"GLOBAL", {0xdc008000}, {0, 18, 7}, {0}, 128, {ADDRESS}},
    {"MUBUF", {0xe0000000}, {0, 18, 8}, {0}, 256, {BUFFER, BITS(0, 16, 2), BITS(1, 21, 1)}},
    {"MTBUF", {0xe8000000}, {0, 16, 3}, {1, 21, 1}, 16, {BUFFER, BITS(0, 19, 7)}},

    {"MIMG", {0xf0000000}, {0, 18, 7}, {0, 0, 1}, 256,
     {BITS(0, 1, 2), BITS(0, 3, 3), BITS(0, 6, 1), BITS(0, 7, 1), USUAL(0, 8, 4, BITS, 15),
      BITS(0, 12, 1), BITS(0, 13, 1), BITS(0, 14, 1), BITS(0, 15, 1), BITS(0, 16, 2),
      BITS(0, 25, 1), VGPR(1, 0), VGPR(1, 8), RESOURCE(1, 16), USUAL(1, 21, 5, REGISTER, 0),
      BITS(1, 26, 4), BITS(1, 30, 2), VGPR(2, 0), VGPR(2, 8), VGPR(3, 8)}},
    {"MIMG BVH", {0xf1989f01}, {0, 18, 1}, {0}, 2,
     {USUAL(0, 1, 2, BITS, 3), BITS(0, 16, 2), BITS(1, 30, 2), VGPR(1, 0), VGPR(1, 8),
      RESOURCE(1, 16), VGPR(2, 0), VGPR(3, 8), VGPR(4, 16)}},
    {"EXP", {0xf8000000}, {0, 25, 1}, {0}, 1,
     {BITS(0, 0, 4), BITS(0, 4, 6), BITS(0, 10, 3), NUMBER(0, 13, 13), VGPR(1, 0), VGPR(1, 8),
      VGPR(1, 16), VGPR(1, 24)}},
};
/* clang-format on */

const unsigned encoding_count = sizeof(encodings) / sizeof(encodings[0]);
