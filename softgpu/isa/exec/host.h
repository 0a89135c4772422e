/* SPDX-License-Identifier: MIT
 *
 * Loads, stores and atomics on host memory that a GPU program shares with the CPU and with waves
 * on other threads. A data race there is the GPU program's business and not an error of this one,
 * so these accesses are hidden from ThreadSanitizer - here and nowhere else.
 *
 * Guarantees: an access of 1, 2, 4 or 8 bytes is one access of the host, for any alignment that
 * lies inside a cache line, and never torn when aligned; accesses happen in program order as the
 * compiler goes. x86-64 adds that loads acquire and stores release, which is all that glc, dlc and
 * the s_waitcnt family ask for, except that a store may still wait in the store buffer while a
 * later load completes: isa_host_fence() ends that.
 */
#ifndef SOFTGPU_ISA_EXEC_HOST_H
#define SOFTGPU_ISA_EXEC_HOST_H

#include <stddef.h>
#include <stdint.h>

#ifndef __x86_64__
#error "the accesses below rely on x86-64's memory ordering and unaligned accesses"
#endif

#if defined(__SANITIZE_THREAD__)
#define ISA_HOST_ACCESS static __attribute__((no_sanitize("thread"), noinline, unused))
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define ISA_HOST_ACCESS static __attribute__((no_sanitize("thread"), noinline, unused))
#endif
#endif
#ifndef ISA_HOST_ACCESS
#define ISA_HOST_ACCESS static inline __attribute__((always_inline, unused))
#endif

typedef uint16_t __attribute__((aligned(1), may_alias)) isa_host_u16;
typedef uint32_t __attribute__((aligned(1), may_alias)) isa_host_u32;
typedef uint64_t __attribute__((aligned(1), may_alias)) isa_host_u64;

ISA_HOST_ACCESS uint8_t isa_host_load8(const uint8_t *p)
{
    return *(const volatile uint8_t *)p;
}

ISA_HOST_ACCESS uint16_t isa_host_load16(const uint8_t *p)
{
    return *(const volatile isa_host_u16 *)p;
}

ISA_HOST_ACCESS uint32_t isa_host_load32(const uint8_t *p)
{
    return *(const volatile isa_host_u32 *)p;
}

ISA_HOST_ACCESS uint64_t isa_host_load64(const uint8_t *p)
{
    return *(const volatile isa_host_u64 *)p;
}

ISA_HOST_ACCESS void isa_host_store8(uint8_t *p, uint8_t value)
{
    *(volatile uint8_t *)p = value;
}

ISA_HOST_ACCESS void isa_host_store16(uint8_t *p, uint16_t value)
{
    *(volatile isa_host_u16 *)p = value;
}

ISA_HOST_ACCESS void isa_host_store32(uint8_t *p, uint32_t value)
{
    *(volatile isa_host_u32 *)p = value;
}

ISA_HOST_ACCESS void isa_host_store64(uint8_t *p, uint64_t value)
{
    *(volatile isa_host_u64 *)p = value;
}

/* Copies `dwords` dwords, each with single accesses, vectors of them where the compiler can. */
typedef uint32_t __attribute__((vector_size(16), aligned(1), may_alias)) isa_host_u32x4;

ISA_HOST_ACCESS void isa_host_copy_dwords(void *to, const void *from, size_t dwords)
{
    uint8_t *t = to;
    const uint8_t *f = from;

    for (; dwords >= 4; dwords -= 4, t += 16, f += 16)
        *(volatile isa_host_u32x4 *)t = *(const volatile isa_host_u32x4 *)f;
    for (; dwords; dwords--, t += 4, f += 4)
        *(volatile isa_host_u32 *)t = *(const volatile isa_host_u32 *)f;
}

/* Copies bytes, one by one. */
ISA_HOST_ACCESS void isa_host_copy(uint8_t *to, const uint8_t *from, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((volatile uint8_t *)to)[i] = ((const volatile uint8_t *)from)[i];
}

/* Orders earlier stores before later loads. (An instruction and not __atomic_thread_fence(), which
 * ThreadSanitizer does not know.) */
static inline void isa_host_fence(void)
{
    __asm__ volatile("lock; orl $0, (%%rsp)" ::: "memory", "cc");
}

#endif
