/* SPDX-License-Identifier: MIT
 *
 * Decodes and disassembles a stream of words of any length and content.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "softgpu/isa/inst.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Decoding must advance by whole instructions and stay inside the words. */
static void decode_stream(const uint32_t *words, size_t count)
{
    size_t at = 0;

    while (at < count) {
        struct isa_inst inst;
        char text[64];
        unsigned dwords = isa_decode(ISA_GEN_GFX10_3, words + at, count - at, &inst);

        if (dwords > count - at || (dwords == 0) != (inst.op == ISA_OP_invalid))
            abort();
        isa_disassemble(ISA_GEN_GFX10_3, &inst, at & 1 ? 64 : 32, 4 * at, text, sizeof(text));
        at += dwords ? dwords : 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t count = size / 4;
    uint32_t *words = malloc(4 * count + 1); /* exactly as long: the sanitizer sees overreads */

    if (!words)
        return 0;
    memcpy(words, data, 4 * count);
    decode_stream(words, count);
    free(words);
    return 0;
}
