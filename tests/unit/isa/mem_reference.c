/* SPDX-License-Identifier: MIT
 *
 * What memory instructions do, a second time: see mem_reference.h.
 */
#include "mem_reference.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct ref_data ref_data_parse(const char *suffix)
{
    struct ref_data data = {.bytes = 4};
    const char *x = strstr(suffix, "dwordx");

    if (x)
        data.bytes = 4 * (unsigned)atoi(x + 6);
    else if (strstr(suffix, "b64"))
        data.bytes = 8;
    else if (strstr(suffix, "b96"))
        data.bytes = 12;
    else if (strstr(suffix, "b128"))
        data.bytes = 16;
    else if (strstr(suffix, "byte") || strstr(suffix, "u8") || strstr(suffix, "i8") ||
             strstr(suffix, "b8"))
        data.bytes = 1;
    else if (strstr(suffix, "short") || strstr(suffix, "u16") || strstr(suffix, "i16") ||
             strstr(suffix, "b16"))
        data.bytes = 2;
    data.sign = suffix[0] == 'i' || strncmp(suffix, "sb", 2) == 0 || strncmp(suffix, "ss", 2) == 0;
    data.d16 = strstr(suffix, "_d16") != NULL;
    data.hi = strstr(suffix, "_hi") != NULL;
    return data;
}

void ref_load(struct ref_data data, const uint8_t *bytes, uint32_t *registers)
{
    if (data.bytes >= 4) {
        for (unsigned i = 0; i < data.bytes; i++) {
            unsigned shift = 8 * (i % 4);

            registers[i / 4] &= ~(0xffu << shift);
            registers[i / 4] |= (uint32_t)bytes[i] << shift;
        }
        return;
    }

    uint32_t value = bytes[0];

    if (data.bytes == 2)
        value += 256u * bytes[1];
    if (data.sign && value >= 1u << (8 * data.bytes - 1))
        value -= 1u << (8 * data.bytes);
    if (!data.d16)
        registers[0] = value;
    else if (data.hi)
        registers[0] = registers[0] % 65536 + value % 65536 * 65536;
    else
        registers[0] = registers[0] / 65536 * 65536 + value % 65536;
}

void ref_store(struct ref_data data, const uint32_t *registers, uint8_t *out_bytes)
{
    for (unsigned i = 0; i < data.bytes; i++)
        out_bytes[i] = (uint8_t)(registers[i / 4] >> (8 * (i % 4) + (data.hi ? 16 : 0)));
}

static double ref_float(unsigned bits, uint64_t value)
{
    uint32_t low = (uint32_t)value;
    float f;
    double d;

    memcpy(&f, &low, sizeof(f));
    memcpy(&d, &value, sizeof(d));
    return bits == 32 ? (double)f : d;
}

static int64_t ref_signed(unsigned bits, uint64_t value)
{
    return bits == 32 ? (int64_t)(int32_t)(uint32_t)value : (int64_t)value;
}

static uint64_t ref_atomic_wide(const char *name, unsigned bits, uint64_t old, uint64_t data,
                                uint64_t cmp)
{
    const int64_t s_old = ref_signed(bits, old), s_data = ref_signed(bits, data);

#define IS(op) (strcmp(name, op) == 0)
    if (IS("swap"))
        return data;
    if (IS("add"))
        return old + data;
    if (IS("sub"))
        return old - data;
    if (IS("rsub"))
        return data - old;
    if (IS("csub"))
        return data > old ? 0 : old - data;
    if (IS("smin"))
        return s_old <= s_data ? old : data;
    if (IS("smax"))
        return s_old >= s_data ? old : data;
    if (IS("umin"))
        return old <= data ? old : data;
    if (IS("umax"))
        return old >= data ? old : data;
    if (IS("and"))
        return ~(~old | ~data);
    if (IS("or"))
        return ~(~old & ~data);
    if (IS("xor"))
        return (old | data) - (old & data);
    if (IS("inc"))
        return old < data ? old + 1 : 0;
    if (IS("dec"))
        return old != 0 && old <= data ? old - 1 : data;
    if (IS("fmin"))
        return ref_float(bits, data) < ref_float(bits, old) ? data : old;
    if (IS("fmax"))
        return ref_float(bits, data) > ref_float(bits, old) ? data : old;
    if (IS("cmpswap"))
        return old != cmp ? old : data;
    if (IS("fcmpswap"))
        return ref_float(bits, old) == ref_float(bits, cmp) ? data : old;
    if (IS("mskor"))
        return (old & ~cmp) | data;
    if (IS("wrap"))
        return old < cmp ? old + data : old - cmp;
#undef IS
    fail_msg("the reference does not know the atomic %s", name);
    return 0;
}

uint64_t ref_atomic(const char *name, unsigned bits, uint64_t old, uint64_t data, uint64_t cmp)
{
    uint64_t value = ref_atomic_wide(name, bits, old, data, cmp);

    return bits == 32 ? (uint32_t)value : value;
}
