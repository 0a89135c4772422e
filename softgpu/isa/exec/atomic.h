/* SPDX-License-Identifier: MIT
 *
 * What the read-modify-write operations of LDS, FLAT, GLOBAL and buffer memory do, once: the new
 * value as an expression of the old one (`old`), the data operand (`data`) and, for those that
 * have one, the value compared with or subtracted (`cmp`). From the list come
 *
 *   isa_atomic_lds_<op>_<type>   on LDS: the waves of a workgroup run on one thread
 *   isa_atomic_host_<op>_<type>  on memory that other threads and the CPU use at the same time
 *
 * with one signature each. The host forms are sequentially consistent and need aligned addresses.
 *
 * Float comparisons are the ISA's: `data < old`, false with a NaN, so that a NaN in memory stays
 * and a NaN operand changes nothing; denormals are kept.
 *
 * Source: RDNA 2 ISA guide, pseudocode of DS_* and FLAT_ATOMIC_*.
 */
#ifndef SOFTGPU_ISA_EXEC_ATOMIC_H
#define SOFTGPU_ISA_EXEC_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "softgpu/isa/exec/host.h"

/* IEEE comparisons on bit patterns: independent of the host's floating-point modes. What is above
 * the pattern of infinity is a NaN. */
#define ISA_FLOAT_COMPARE(U, S, BITS, INFINITY_BITS)                                               \
    static inline bool isa_float_ordered_##U(U a, U b)                                             \
    {                                                                                              \
        const U magnitude = ~(U)0 >> 1;                                                            \
                                                                                                   \
        return (a & magnitude) <= INFINITY_BITS && (b & magnitude) <= INFINITY_BITS;               \
    }                                                                                              \
    /* Maps to integers that compare like the floats; both zeros to 0. */                          \
    static inline S isa_float_key_##U(U a)                                                         \
    {                                                                                              \
        const U magnitude = a & ~(U)0 >> 1;                                                        \
                                                                                                   \
        return a >> (BITS - 1) ? -(S)magnitude : (S)magnitude;                                     \
    }                                                                                              \
    static inline bool isa_float_less_##U(U a, U b)                                                \
    {                                                                                              \
        return isa_float_ordered_##U(a, b) && isa_float_key_##U(a) < isa_float_key_##U(b);         \
    }                                                                                              \
    static inline bool isa_float_equal_##U(U a, U b)                                               \
    {                                                                                              \
        return isa_float_ordered_##U(a, b) && isa_float_key_##U(a) == isa_float_key_##U(b);        \
    }

ISA_FLOAT_COMPARE(uint32_t, int32_t, 32, 0x7f800000u)
ISA_FLOAT_COMPARE(uint64_t, int64_t, 64, 0x7ff0000000000000ull)

/* X(op, U, new value): U and S are the unsigned and signed types. */
#define ISA_ATOMIC_OPS(X, U, S)                                                                    \
    X(swap, U, data)                                                                               \
    X(add, U, old + data)                                                                          \
    X(sub, U, old - data)                                                                          \
    X(rsub, U, data - old)                                                                         \
    X(csub, U, old < data ? 0 : old - data)                                                        \
    X(smin, U, (S)data < (S)old ? data : old)                                                      \
    X(smax, U, (S)data > (S)old ? data : old)                                                      \
    X(umin, U, data < old ? data : old)                                                            \
    X(umax, U, data > old ? data : old)                                                            \
    X(and, U, old &data)                                                                           \
    X(or, U, old | data)                                                                           \
    X(xor, U, old ^ data)                                                                          \
    X(inc, U, old >= data ? 0 : old + 1)                                                           \
    X(dec, U, old == 0 || old > data ? data : old - 1)                                             \
    X(fmin, U, isa_float_less_##U(data, old) ? data : old)                                         \
    X(fmax, U, isa_float_less_##U(old, data) ? data : old)                                         \
    X(cmpswap, U, old == cmp ? data : old)                                                         \
    X(fcmpswap, U, isa_float_equal_##U(old, cmp) ? data : old)                                     \
    X(mskor, U, (old & ~cmp) | data)                                                               \
    X(wrap, U, old >= cmp ? old - cmp : old + data)

#define ISA_ATOMIC_DEFINE(op, U, value)                                                            \
    static inline U isa_atomic_new_##op##_##U(U old, U data, U cmp)                                \
    {                                                                                              \
        (void)old, (void)data, (void)cmp;                                                          \
        return value;                                                                              \
    }                                                                                              \
    __attribute__((unused)) static U isa_atomic_lds_##op##_##U(uint8_t *p, U data, U cmp)          \
    {                                                                                              \
        U old;                                                                                     \
                                                                                                   \
        memcpy(&old, p, sizeof(old));                                                              \
        data = isa_atomic_new_##op##_##U(old, data, cmp);                                          \
        memcpy(p, &data, sizeof(data));                                                            \
        return old;                                                                                \
    }                                                                                              \
    __attribute__((unused)) static U isa_atomic_host_##op##_##U(uint8_t *p, U data, U cmp)         \
    {                                                                                              \
        U *at = (U *)(void *)p;                                                                    \
        U old = __atomic_load_n(at, __ATOMIC_RELAXED);                                             \
                                                                                                   \
        while (!__atomic_compare_exchange_n(at, &old, isa_atomic_new_##op##_##U(old, data, cmp),   \
                                            true, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))             \
            ;                                                                                      \
        return old;                                                                                \
    }

ISA_ATOMIC_OPS(ISA_ATOMIC_DEFINE, uint32_t, int32_t)
ISA_ATOMIC_OPS(ISA_ATOMIC_DEFINE, uint64_t, int64_t)

typedef uint32_t isa_atomic_fn32(uint8_t *p, uint32_t data, uint32_t cmp);
typedef uint64_t isa_atomic_fn64(uint8_t *p, uint64_t data, uint64_t cmp);

#endif
